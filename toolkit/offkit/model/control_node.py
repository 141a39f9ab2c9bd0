"""What makes a bundle one for a control node: the machine that ansible-playbook runs on."""

from typing import Any, Dict, List, NamedTuple, Sequence

# The manifest's option; its value is what the bundle has of Ansible: {"ansible-core": "2.16.14"}.
OPTION = "control_node"
# The package of Enterprise Linux with the programs that ansible-playbook starts to reach a host.
CLIENTS = "openssh-clients"
PROGRAMS = ("ssh", "sftp")


class Command(NamedTuple):
    """What to type next."""

    program: str  # in the environment's bin
    words: Sequence[str]


def to_options(ansible: str) -> Dict[str, Any]:
    """For a manifest. ``ansible`` is the version of ansible-core in the bundle."""
    return {OPTION: {"ansible-core": ansible}}


def meant(options: Dict[str, Any]) -> bool:
    """Whether a manifest with these options is a control node's."""
    return isinstance(options.get(OPTION), dict)


def following() -> List[Command]:
    """From the installed control node to a deployed fleet, in order."""
    playbook = "ansible-playbook"
    return [
        Command(playbook, ("-i", "inventory", "offkit.fleet.deploy", "-e", "offkit_bundle=bundle.tar")),
        Command(playbook, ("-i", "inventory", "offkit.fleet.doctor")),
    ]
