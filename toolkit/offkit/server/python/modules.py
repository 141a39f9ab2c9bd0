"""PY023: modules that a Python which offkit brought has to do without, said before pip is ever run.

``make`` succeeds when headers are missing, and leaves modules out. Reading the log does not tell
for sure; importing them does. Only an interpreter with offkit's own receipt is asked (it was
compiled here, or came ready-made): what others lack is the doctor's business.
"""

import json
import os
from typing import Any, Callable, Dict, List, Optional, Sequence

from offkit.edges import data, releases
from offkit.edges.run import Result
from offkit.model import layout, packages
from offkit.model.finding import Finding
from offkit.model.packages import ModuleRow
from offkit.model.release import Release
from offkit.server.python.interpreter import Interpreter

_MAX_RECEIPT = 1024 * 1024

_ASK = """
import importlib, json, sys
missing = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        missing[name] = str(error) or type(error).__name__
sys.stdout.write("\\n" + json.dumps(missing) + "\\n")
"""

Runner = Callable[[Sequence[str]], Result]


def receipt(python: str) -> Optional[Dict[str, Any]]:
    """What install.sh wrote about the interpreter at ``python`` (…/bin/pythonX.Y); None without one."""
    path = os.path.join(os.path.dirname(os.path.dirname(python)), layout.PYTHON_RECEIPT)
    try:
        with open(path, "rb") as source:
            found = json.loads(source.read(_MAX_RECEIPT).decode("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == layout.PYTHON_SCHEMA else None


def examine(python: Interpreter, el: int, run: Runner) -> List[Finding]:
    """PY023 for each row of repo-config/modules.csv whose modules cannot be imported there.

    ``el`` says which release's -devel packages are named. Nothing where offkit has not brought it.
    """
    brought = receipt(python.path)
    if brought is None:
        return []
    series = (python.release[0], python.release[1])
    rows = [row for row in packages.parse_modules(data.read_text(packages.MODULES)) if row.exists_in(series)]
    missing = _missing(python.path, [name for row in rows for name in row.modules], run)
    return [
        _finding(
            python,
            row,
            releases.of(el),
            brought,
            {name: missing[name] for name in row.modules if name in missing},
        )
        for row in rows
        if any(name in missing for name in row.modules)
    ]


def _missing(path: str, names: Sequence[str], run: Runner) -> Dict[str, str]:
    """Module → why it cannot be imported. One that kills the interpreter is found by asking singly."""
    done = run([path, "-I", "-S", "-c", _ASK] + list(names))
    if done.ok:
        # readline may greet a terminal on stdout
        found = json.loads(done.stdout.strip().splitlines()[-1])
        return {str(name): str(why) for name, why in found.items()}
    if len(names) == 1:
        return {names[0]: "importing it ends Python with exit {}".format(done.returncode)}
    missing: Dict[str, str] = {}
    for name in names:
        missing.update(_missing(path, [name], run))
    return missing


def _finding(
    python: Interpreter, row: ModuleRow, release: Release, brought: Dict[str, Any], missing: Dict[str, str]
) -> Finding:
    devel = " ".join(release.module(row.name).devel)
    names = " ".join(missing)
    home = os.path.dirname(os.path.dirname(python.path))
    message = "Python {} in {} lacks {} (for {})".format(python.version, home, names, row.needed_for)
    if brought.get("origin") == "source":
        message += ": {} was not there when it was compiled".format(devel or "what has its headers")
        fix = (
            "if it is needed: {}, remove {}, and run install.sh again (as root, "
            "install.sh --iso FILE gets what the ISO has)".format(
                "yum install " + devel if devel else "install its headers (in which package is not known)",
                home,
            )
        )
    else:
        fix = "if it is needed: bundle another build, or its source (offkit bundle --python-source)"
    why = tuple("{}: {}".format(name, reason) for name, reason in missing.items())
    return Finding("PY023", row.severity, names, message, why, fix)
