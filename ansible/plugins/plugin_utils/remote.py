"""Commands on a server through Ansible's connection alone: sh, and nothing of Ansible's own there."""

import os
import re
import shlex

_HERE = os.path.dirname(os.path.abspath(__file__))
_FAREWELL = re.compile(r"^(Shared connection|Connection) to .* closed\.$")  # ssh's own, with a terminal


class Said:
    """How a command ended: ``rc``, ``stdout`` and ``stderr`` as text."""

    def __init__(self, answer):
        self.rc = int(answer.get("rc") or 0)
        self.stdout = answer.get("stdout") or ""
        rows = (answer.get("stderr") or "").splitlines(True)
        self.stderr = "".join(row for row in rows if not _FAREWELL.match(row.strip()))

    def last(self, lines=3):
        """The last lines of what it said, stderr first, as one line; on a terminal all is stdout."""
        rows = [row.strip() for text in (self.stdout, self.stderr) for row in text.splitlines()]
        rows = [row for row in rows if row]
        mine = [row.strip() for row in self.stderr.splitlines() if row.strip() in rows]
        return " / ".join((mine or rows)[-lines:]) or "no output"


def script(name):
    """The text of NAME.sh that stands beside this module, without its comments."""
    with open(os.path.join(_HERE, name + ".sh"), encoding="utf-8") as source:
        lines = source.read().splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))


def sh(action, text, *words, **how):
    """Run ``text`` with ``words`` as $1, $2 … in the server's sh; answers Said.

    ``become=False`` runs it as the user who logs in, otherwise become is as the task says. A lost
    connection raises Ansible's own AnsibleConnectionFailure.
    """
    become = how.pop("become", True)
    assert not how, how
    command = " ".join(["sh", "-c", shlex.quote(text), "offkit", *(shlex.quote(str(word)) for word in words)])
    return Said(action._low_level_execute_command(command, sudoable=become))


def fields(text, mark):
    """{name: value} from the lines ``MARK name value`` of a script's answer; other lines are noise
    of a login shell."""
    found = {}
    for line in text.splitlines():
        if line.startswith(mark + " "):
            name, _, value = line[len(mark) + 1 :].partition(" ")
            found[name] = value.strip()
    return found
