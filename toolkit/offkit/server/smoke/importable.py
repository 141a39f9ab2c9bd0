"""What there is to import in an environment, and what its own Python runs to tell and to try it."""

import re
from pathlib import PurePosixPath
from typing import Iterable, List, NamedTuple, Sequence

_NOBODYS = {"tests", "test", "testing", "docs", "doc", "examples", "example", "setup"}  # packed by mistake
_EXTENSION = re.compile(r"^([A-Za-z_]\w*)\.(?:cpython-\S+\.|abi3\.)?so$")

# Prints the version of Python, the C library (libc_ver() of 3.6 tells what the program needs of it), where
# packages are, and these with the files in their RECORD (PEP 376), their extras and requirements.
LIST = """\
import csv, email, glob, json, os, platform, sysconfig
packages, folders = [], sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
for folder in folders:
    for record in sorted(glob.glob(os.path.join(glob.escape(folder), "*.dist-info", "RECORD"))):
        with open(record, encoding="utf-8", newline="") as rows:
            files = [row[0] for row in csv.reader(rows) if row]
        about, told = os.path.dirname(record), email.message_from_string("")
        try:
            with open(os.path.join(about, "METADATA"), encoding="utf-8") as text:
                told = email.message_from_file(text)
        except OSError:
            pass
        extras, requires = told.get_all("Provides-Extra", []), told.get_all("Requires-Dist", [])
        packages.append([os.path.basename(about).partition("-")[0], files, extras, requires])
print(json.dumps([platform.python_version(), os.confstr("CS_GNU_LIBC_VERSION"), folders, packages]))
"""

# Imports the module argv[1]. On stdout it alone says that this is done and whether processes are left, or
# what was raised, and ends without waiting for threads that the module started; what else is printed goes to
# stderr. After argv[2] seconds it tells there where it still is.
TRY = """\
import faulthandler, importlib, json, os, sys
told, me = os.dup(1), os.getpid()
os.dup2(2, 1)
faulthandler.enable()
faulthandler.dump_traceback_later(float(sys.argv[2]), exit=True)
raised, left = [], False
try:
    importlib.import_module(sys.argv[1])
except BaseException as error:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        try:
            text = str(error)[:2000]
        except Exception:
            text = ""
        raised.append([type(error).__name__, text, []])
        step = error.__traceback__
        while step is not None:
            raised[-1][2].append([step.tb_frame.f_code.co_filename, step.tb_lineno])
            step = step.tb_next
        del raised[-1][2][:-100]
        error = error.__cause__
if os.getpid() == me:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        left = True
    except OSError:
        pass
    try:
        sys.stdout.flush()
    except Exception:
        pass
    os.write(told, json.dumps({"raised": raised[-20:], "left": left}).encode("ascii"))
os._exit(0)
"""


class Module(NamedTuple):
    name: str  # dotted
    package: str  # normalised
    part: bool = False  # of a package that cannot be imported as a whole


def of_package(package: str, files: Sequence[str]) -> List[Module]:
    """What there is to import of one, by its files below site-packages."""
    whole = [Module(name, package) for name in modules(files)]
    return whole or [Module(name, package, True) for name in parts(files)]


def modules(names: Iterable[str]) -> List[str]:
    """Among files below site-packages: top-level modules and packages, and those right below a namespace."""
    paths = [PurePosixPath(name) for name in names if name]
    packages = {path.parent for path in paths if _makes_package(path.name) and path.parent.parts}
    found = {path.parts for path in packages if packages.isdisjoint(path.parents)}
    for path in paths:
        if len(path.parts) == 1:
            extension = _EXTENSION.match(path.name)
            if extension:
                found.add((extension.group(1),))
            elif path.suffix == ".py":
                found.add((path.stem,))
    return sorted(".".join(parts) for parts in found if _is_name(parts))


def parts(names: Iterable[str]) -> List[str]:
    """Of a package that has none of those: the highest modules of its namespaces (PEP 420)."""
    paths = [PurePosixPath(name) for name in names]
    inside = [path.with_suffix("").parts for path in paths if path.suffix == ".py"]
    inside = [each for each in inside if _is_name(each)]
    return sorted(".".join(each) for each in inside if len(each) == min(map(len, inside)))


def _is_name(parts: Sequence[str]) -> bool:
    return parts[0] not in _NOBODYS and all(part.isidentifier() for part in parts)


def _makes_package(name: str) -> bool:
    return name == "__init__.py" or (name.startswith("__init__.") and name.endswith(".so"))
