"""The story offkit grew from, told on a target: each step with its output and how long it took.

python tests/lab/story.py BUNDLE [el7|el8|el9]     tells it and prints the times
"""

import re
import sys
import time
from typing import NamedTuple

import disc
import targets

REQUIREMENTS = {
    7: ["opencv-python==4.2.0.34", "numpy==1.18.2"],
    8: ["opencv-python==4.2.0.34", "numpy==1.18.2"],
    9: ["opencv-python==4.5.5.64", "numpy==1.21.6"],
}
CURRENT = "/opt/offkit/current"
OFFKIT = CURRENT + "/bin/offkit"
PYTHON = CURRENT + "/bin/python"
YES = "y\n" * 4  # to the packages, and to the key the first time


class Step(NamedTuple):
    seconds: float
    code: int
    out: str
    err: str


def tell(target, bundle):
    """{name: Step} in order, on a fresh target; goes on whatever the steps' exit codes are."""
    steps = {}

    def step(name, argv, **how):
        start = time.monotonic()
        done = target.run(argv, **how)
        steps[name] = Step(time.monotonic() - start, done.returncode, done.stdout, done.stderr)
        return steps[name]

    def line(name, text, arguments=()):
        """As pasted into a shell."""
        return step(name, ["sh", "-c", text, "sh", *arguments], typed=YES)

    el = target.flavour.el
    target.put(bundle, "/root/bundle.tar")
    line("network", "sed 1,2d /proc/net/dev; cat /proc/net/route")
    line("unpack", "cd && tar -xf bundle.tar install.sh")
    advice = advised(line("without Python", "cd && sh install.sh bundle.tar").err)
    target.insert(disc.iso(el))
    line("repository file", "cd && " + advice["tar"])
    if el != 7:  # its disc has no key: the advice is to write the path of the server's own into the file
        name = "/etc/yum.repos.d/offkit.repo"
        key = "file:///etc/pki/rpm-gpg/" + target.flavour.key
        line("key", 'sed -i "s|{gpgkey}|$1|" "$2"', arguments=(key, name))
    line("install Python", advice["yum"])
    line("install", "cd && sh install.sh bundle.tar")
    step("import fails", [PYTHON, "-c", "import cv2"])
    line("repository", "cp {}/offkit/repo-config/*.repo /etc/yum.repos.d/offkit.repo".format(CURRENT))
    step("doctor as JSON", [OFFKIT, "doctor", "--json"])
    sick = step("doctor", [OFFKIT, "doctor"])
    line("cure", printed_line(sick.out))
    step("import", [PYTHON, "-c", "import cv2; print(cv2.__version__)"])
    step("doctor is quiet", [OFFKIT, "doctor", "-q"])
    step("doctor as JSON after", [OFFKIT, "doctor", "--json"])
    step("lacking", ["python3", "-c", "import _hashlib"])
    line("undo", "yum -y --disablerepo='*' remove libSM")
    return steps


def printed_line(text):
    """The one yum line below 'to install everything at once', as a user copies it; "false" without one."""
    found = re.search(r"everything at once:\n +(yum .*)\n?\Z", text)
    return found.group(1) if found else "echo no line was printed; false"


def advised(text):
    """The commands that install.sh advises to run, as printed, by their first word."""
    found = {}
    for line in text.splitlines():
        word = re.match(r" +(mkdir|tar|yum) ", line)
        if word:
            found.setdefault(word.group(1), line.strip())
    missing = {word: "echo install.sh printed no {} line; false".format(word) for word in ("tar", "yum")}
    return {**missing, **found}


def main(bundle, name="el7"):
    with targets.target(int(name[2:])) as target:
        steps = tell(target, bundle)
    for name, step in steps.items():
        print("{:5.1f} s  exit {:<3} {}".format(step.seconds, step.code, name))
    print("{:5.1f} s".format(sum(step.seconds for step in steps.values())))


if __name__ == "__main__":
    main(*sys.argv[1:])
