"""This server as a document (offkit/target-2): by the script that describes one without a Python as well.

The script is a part of install.sh, ``bootstrap/probe.sh``; here it stands alone.
"""

import json
import pkgutil
from typing import Any, Callable, Dict, Sequence

from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem, OffkitError

Runner = Callable[[Sequence[str]], Result]

_PART = "server/bootstrap/probe.sh"
_HEAD = """\
#!/bin/sh
# Describes a server for 'offkit bundle --target FILE':
#     sh probe.sh >server.json
# It needs no Python, changes nothing and opens no connection. What it wrote can be read before it is carried.

# Options that the tools below take out of the environment (grep(1) of EL 7).
unset -v IFS GREP_OPTIONS POSIXLY_CORRECT

newline='
'

"""
_TAIL = '\nset -u\nprobe_server "$@"\n'


def script() -> str:
    """The script. Raises OffkitError when this offkit is incomplete."""
    try:
        part = pkgutil.get_data("offkit", _PART)
    except OSError:
        part = None
    if part is None:
        raise OffkitError("this offkit is incomplete: {} is missing".format(_PART))
    return _HEAD + part.decode("ascii").replace("\r\n", "\n") + _TAIL


def describe(run: Runner, python: str) -> Dict[str, Any]:
    """What the script says of this server; ``python`` is the one that it is about. Raises
    EnvironmentProblem where it says nothing that can be read."""
    done = run(["sh", "-c", script(), "probe", "--python", python])
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = None
    if not done.ok or not isinstance(found, dict):
        words = (done.stderr.strip() or "exit {}".format(done.returncode)).splitlines()
        raise EnvironmentProblem(
            "this server cannot be described: {}".format(words[-1]),
            fix="the script needs sh, awk, sed, sort and tr: 'offkit probe --script' shows it",
        )
    return found
