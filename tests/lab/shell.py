"""A shell in a fresh yum target without a network, its disc inserted. Everything goes at its end.

python tests/lab/shell.py [el7|el8|amazon2023|...] [FILE ...]     files are carried to /root
"""

import os
import signal
import subprocess
import sys

import disc
import flavours
import prepare
import targets

PROMPT = r"[\u@{} \W]\$ "


def main(name="el7", *files):
    """The shell's exit code."""
    absent = [path for path in files if not os.path.isfile(path)]
    if absent or flavours.key(name) not in flavours.FLAVOURS:
        print(__doc__, *("there is no file {}".format(path) for path in absent), sep="\n", file=sys.stderr)
        return 2
    code = prepare.main([name])
    if code or prepare.needs.reason():
        return code or 1
    with targets.target(flavours.key(name)) as target:
        target.insert(disc.iso(target.flavour.el))
        if disc.repository(target.flavour.el):
            target.write("/etc/yum.repos.d/offkit.repo", disc.repository(target.flavour.el))
        for path in files:
            target.put(path, "/root/" + os.path.basename(path))
        print("{}; the disc is in {}; exit ends it".format(target.flavour.redhat_release, targets.DISC))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the shell
        variables = dict(targets.VARIABLES, TERM=os.environ.get("TERM", "dumb"), PS1=PROMPT.format(name))
        shell = ["sh", "-c", "cd && exec bash --norc -i"]
        return subprocess.call(target.command(shell), env=dict(variables, PATH=targets.enter.PATH))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
