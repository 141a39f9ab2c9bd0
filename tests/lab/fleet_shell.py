"""A shell on the control node of a fleet without a network: the hosts of the story, healthy and sick. Everything goes at its end.

python tests/lab/fleet_shell.py [BUNDLE.tar ...]     bundles are at hand as they are named; without one, small ones are made
"""

import os
import signal
import subprocess
import sys
import tempfile

import bundles
import fleet
import fleet_control
import fleet_hosts
import fleet_story
import prepare

PROMPT = r"[control \W]\$ "


def main(*files):
    """The shell's exit code."""
    absent = [path for path in files if not os.path.isfile(path)]
    if absent:
        print(__doc__, *("there is no file {}".format(path) for path in absent), sep="\n", file=sys.stderr)
        return 2
    code = prepare.main([])
    if code or prepare.needs.reason():
        return code or 1
    if fleet_control.obstacle():
        print("{}: make .venv-ansible/.ready makes it".format(fleet_control.obstacle()), file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        fleet_hosts.pythonic(7) as seven,
        fleet_hosts.pythonic(9) as nine,
    ):
        made_of = fleet_story.specs(seven, nine)
        with fleet.fleet(made_of) as made:
            return _open(made, files, folder)


def _open(made, files, folder):
    control = fleet_control.Control(made)
    for path in files:
        os.symlink(os.path.realpath(path), os.path.join(control.folder, os.path.basename(path)))
    if not files:
        print("lab: making a small bundle for each EL ...", file=sys.stderr)
        small = bundles.Bundles(folder)
        for el in (7, 8, 9):
            control.groups["el{}".format(el)] = {"offkit_bundle": small.get(bundles.SMALL, el)}
    control.inventory()
    print(_greeting(made, files))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the shell
    paths = [os.path.dirname(fleet_control.program("x")), os.path.dirname(bundles.OFFKIT)]
    environment = dict(
        control.environment,
        TERM=os.environ.get("TERM", "dumb"),
        PATH=":".join([*paths, control.environment["PATH"]]),
        PS1=PROMPT,
    )
    shell = control.command(["setsid", "-c", "-w", "bash", "--norc", "-i"])
    return subprocess.call(shell, env=environment)


def _greeting(made, files):
    lines = ["The fleet is up; nothing beyond it can be reached. exit ends it."]
    for host in made.hosts.values():
        spec = host.spec
        lines.append(
            "  {:<10} {:<11} {:<10} {}".format(
                host.name, host.address, spec.user, host.flavour.redhat_release
            )
        )
    given = " -e offkit_bundle={}".format(os.path.basename(files[0])) if files else ""
    lines.append("Try:  ansible-playbook offkit.fleet.deploy{}".format(given))
    lines.append("      ansible-playbook offkit.fleet.doctor")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
