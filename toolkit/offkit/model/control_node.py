"""What makes a bundle one for a control node: the machine that ansible-playbook runs on."""

from typing import Any, Dict, List, NamedTuple, Sequence

# The manifest's option; its value is what the bundle has of Ansible: {"ansible-core": "2.16.14"}.
OPTION = "control_node"
# The package of Enterprise Linux with the programs that ansible-playbook starts to reach a host.
CLIENTS = "openssh-clients"
PROGRAMS = ("ssh", "sftp")


class Collection(NamedTuple):
    """A collection of Ansible beside offkit's own."""

    namespace: str
    name: str
    version: str
    sha256: str  # of its tar.gz, in hex
    origin: str  # a URL without secrets, or what was given: the name of a file

    def describe(self) -> str:
        return "{}.{} {} from {}".format(self.namespace, self.name, self.version, self.origin)


class Command(NamedTuple):
    """What to type next."""

    program: str  # in the environment's bin
    words: Sequence[str]


def to_options(ansible: str, collections: Sequence[Collection] = ()) -> Dict[str, Any]:
    """For a manifest. ``ansible`` is the version of ansible-core in the bundle."""
    listed = [dict(one._asdict()) for one in collections]
    return {OPTION: dict({"ansible-core": ansible}, **({"collections": listed} if listed else {}))}


def collections(options: Dict[str, Any]) -> List[Collection]:
    """Those that a manifest lists; only what has the right form counts."""
    listed = options[OPTION].get("collections") if meant(options) else None
    rows = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    found = [[one.get(key) for key in Collection._fields] for one in rows]
    return [Collection(*map(str, values)) for values in found if all(isinstance(one, str) for one in values)]


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
