"""What there is to import in an environment, and the programs that its own Python runs to tell and to try it.

They run on CPython 3.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

_NOBODYS = {"tests", "test", "testing", "docs", "doc", "examples", "example", "setup"}  # packed by mistake
_EXTENSION = re.compile(r"^([A-Za-z_]\w*)\.(?:cpython-\S+\.|abi3\.)?so$")

# Prints the version of Python, the C library (libc_ver() of 3.6 tells what the program needs of it), and
# the packages with the files in their RECORD (PEP 376).
LIST = """\
import csv, glob, json, os, platform, sysconfig
packages = []
for folder in sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}):
    for record in sorted(glob.glob(os.path.join(glob.escape(folder), "*.dist-info", "RECORD"))):
        with open(record, encoding="utf-8", newline="") as rows:
            name = os.path.basename(os.path.dirname(record)).partition("-")[0]
            packages.append([name, [row[0] for row in csv.reader(rows) if row]])
print(json.dumps([platform.python_version(), os.confstr("CS_GNU_LIBC_VERSION"), packages]))
"""

# Imports the module argv[1]. On stdout it alone says that this is done, or what was raised, and ends without
# waiting for threads that the module started; after argv[2] seconds it tells on stderr where it still is.
TRY = """\
import faulthandler, importlib, json, os, sys
told, me = os.dup(1), os.getpid()
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
faulthandler.enable()
faulthandler.dump_traceback_later(float(sys.argv[2]), exit=True)
raised = []
try:
    importlib.import_module(sys.argv[1])
except BaseException as error:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        try:
            text = str(error)
        except Exception:
            text = ""
        raised.append([type(error).__name__, text, []])
        step = error.__traceback__
        while step is not None:
            raised[-1][2].append([step.tb_frame.f_code.co_filename, step.tb_lineno])
            step = step.tb_next
        error = error.__cause__
if os.getpid() == me:
    os.write(told, json.dumps({"raised": raised}).encode("ascii"))
os._exit(0)
"""


def modules(names: Iterable[str]) -> list[str]:
    """Among files below site-packages: top-level modules and packages, and those right below a namespace."""
    paths = [PurePosixPath(name) for name in names if name]
    packages = {path.parent for path in paths if _makes_package(path.name) and path.parent.parts}
    found = {path.parts for path in packages if packages.isdisjoint(path.parents)}
    for path in paths:
        if len(path.parts) == 1:
            extension = _EXTENSION.match(path.name)
            found.update([(extension[1],)] if extension else [(path.stem,)] if path.suffix == ".py" else [])
    return sorted(".".join(parts) for parts in found if _is_name(parts))


def parts(names: Iterable[str]) -> list[str]:
    """Of a package that has none of those: the highest modules of its namespaces (PEP 420)."""
    paths = [PurePosixPath(name) for name in names]
    inside = [path.with_suffix("").parts for path in paths if path.suffix == ".py"]
    inside = [each for each in inside if _is_name(each)]
    return sorted(".".join(each) for each in inside if len(each) == min(map(len, inside)))


def _is_name(parts: Sequence[str]) -> bool:
    return parts[0] not in _NOBODYS and all(part.isidentifier() for part in parts)


def _makes_package(name: str) -> bool:
    return name == "__init__.py" or (name.startswith("__init__.") and name.endswith(".so"))
