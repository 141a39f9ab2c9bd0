"""The interpreter that will own an environment: what it says of itself, and whether that fits.

The question is put to the interpreter in a process of its own, isolated (-I) and without its
site-packages (-S); the answer is JSON, so everything after it is pure.
"""

import json
import os
import re
import sys
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target

Runner = Callable[[Sequence[str]], Result]

# What pip, venv and offkit import, found by withholding every extension module of 3.6 in turn.
# Not among them: ssl, bz2, lzma, ctypes, sqlite3, readline (those are for doctor to judge).
NEEDED = (
    "zlib",
    "hashlib",
    "venv",
    "pyexpat",
    "fcntl",
    "select",
    "_socket",
    "_posixsubprocess",
    "_multiprocessing",
    "_struct",
    "_random",
    "_csv",
    "array",
    "binascii",
    "math",
    "unicodedata",
)
# The -devel package whose absence makes CPython's setup.py skip the module.
_DEVEL = {"zlib": "zlib-devel", "pyexpat": "expat-devel", "hashlib": "openssl-devel"}

_QUESTION = """
import json, struct, sys, sysconfig
missing = []
for name in {needed!r}:
    try:
        __import__(name)
    except Exception:
        missing.append(name)
try:
    import hashlib
    hashlib.sha256(b"")
except Exception:
    missing.append("hashlib")
print(json.dumps({{
    "executable": sys.executable,
    "prefix": sys.base_prefix,
    "implementation": sys.implementation.name,
    "version": "{{}}.{{}}.{{}}".format(*sys.version_info[:3]),
    "soabi": sysconfig.get_config_var("SOABI") or "",
    "bits": struct.calcsize("P") * 8,
    "missing": sorted(set(missing)),
}}))
"""


class Interpreter(NamedTuple):
    """A Python that started and answered."""

    path: str  # absolute, not through a virtual environment; pythonX.Y where that names the same file
    version: str  # 3.6.8
    implementation: str
    abi: str  # cp36m
    bits: int  # of a pointer: 64 or 32
    missing: Tuple[str, ...]  # of NEEDED

    @property
    def release(self) -> Tuple[int, ...]:
        return _release(self.version)

    def same(self, path: str, version: str) -> bool:
        """Whether a receipt's interpreter is this one."""
        return version == self.version and os.path.realpath(path) == os.path.realpath(self.path)


def _release(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])


def base_of(executable: str) -> str:
    """The interpreter behind a virtual environment's ``bin/python``; itself when it is none.

    PEP 405: an environment has a pyvenv.cfg above ``bin``. Its ``home`` is where the
    interpreter lies that made it, which on 3.6 can be an environment again.
    """
    found = os.path.abspath(executable)
    for _ in range(8):
        directory = os.path.dirname(found)
        try:
            with open(os.path.join(os.path.dirname(directory), "pyvenv.cfg"), "rb") as source:
                settings = parse_settings(source.read())
        except OSError:
            return found
        names = [
            _name_outside(found),
            "python" + ".".join(settings.get("version", "").split(".")[:2]),
            "python3",
        ]
        candidates = [os.path.join(settings.get("home", directory), name) for name in names if name]
        existing = [path for path in candidates if os.path.exists(path)]
        if not existing or os.path.dirname(existing[0]) == directory:
            return found
        found = existing[0]
    return found


def _name_outside(path: str) -> str:
    """Name of the first file that ``path``'s chain of links meets in another directory; "" without."""
    here = os.path.dirname(path)
    for _ in range(8):
        if not os.path.islink(path):
            return ""
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
        if os.path.dirname(path) != here:
            return os.path.basename(path)
    return ""


def parse_settings(data: bytes) -> Dict[str, str]:
    """The ``name = value`` lines of a pyvenv.cfg (UTF-8), as paths of this interpreter."""
    found = {}
    for line in data.splitlines():
        name, equals, value = line.partition(b"=")
        if equals:
            found[os.fsdecode(name).strip().lower()] = os.fsdecode(value.strip())
    return found


def own(run: Runner) -> Interpreter:
    """The one that runs this; without a version where it is not for applications."""
    path = running()
    try:
        return probe(path, run)
    except EnvironmentProblem:
        return Interpreter(path, "", "", "", 0, ())


def running() -> str:
    """The path of the interpreter behind the one that runs this."""
    return base_of(sys.executable)


def probe(path: str, run: Runner) -> Interpreter:
    """Ask the interpreter at ``path``. EnvironmentProblem (PY011) when it gives no answer."""
    if of_system(path):
        raise _unusable(path, "belongs to the system (dnf runs on it) and is not for applications")
    command = [base_of(path) if os.sep in path else path, "-I", "-S", "-c", _QUESTION.format(needed=NEEDED)]
    result = run(command)
    if not result.ok:
        words = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise _unusable(
            path, "does not run: " + (words[-1] if words else "exit {}".format(result.returncode))
        )
    try:
        return read_answer(json.loads(result.stdout))
    except (ValueError, KeyError, TypeError):
        raise _unusable(path, "does not behave like a Python interpreter")


def of_system(path: str) -> bool:
    """Whether it is the platform-python of EL 8; package python36 gives the same file another name."""
    named = "/libexec/" in path or os.path.basename(path).startswith("platform-python")
    return named and os.path.basename(os.path.realpath(path)).startswith("platform-python")


def _unusable(path: str, why: str) -> EnvironmentProblem:
    fix = "use another with --python PATH, or install one: yum install python3"
    return EnvironmentProblem(
        "this Python cannot be used", [Finding("PY011", ERROR, path, "{} {}".format(path, why), (path,), fix)]
    )


def read_answer(data: Dict[str, Any]) -> Interpreter:
    """An Interpreter from the JSON that the question printed."""
    return Interpreter(
        path=_stable_name(_at_home(data["executable"], data["prefix"]), data["version"]),
        version=data["version"],
        implementation=data["implementation"],
        abi=abi_of(data["soabi"]),
        bits=data["bits"],
        missing=tuple(data["missing"]),
    )


def _at_home(executable: str, prefix: str) -> str:
    """The name below its own prefix, where ``executable`` is a link from another one's ``bin``.

    An environment's ``home`` is the directory of the name it is made with, and getpath looks for the
    standard library upwards from there: /usr/bin/python3.11, a link to a compiled Python, would get
    the library that lies in /usr.
    """
    for path in (executable, os.path.realpath(executable)):
        if os.path.realpath(os.path.dirname(os.path.dirname(path))) == os.path.realpath(prefix):
            return path
    return executable


def _stable_name(executable: str, version: str) -> str:
    """``python3`` may mean another version tomorrow; ``python3.6`` beside it cannot."""
    exact = os.path.join(os.path.dirname(executable), "python" + ".".join(version.split(".")[:2]))
    try:
        return exact if os.path.samefile(exact, executable) else executable
    except OSError:
        return executable


def abi_of(soabi: str) -> str:
    """``cpython-36m-x86_64-linux-gnu`` to ``cp36m`` (as packaging.tags reads it)."""
    found = re.match(r"^cpython-(\d+[a-z]*)", soabi)
    return "cp" + found.group(1) if found else soabi


def misfits(python: Interpreter, target: Target, any_patch: bool = False) -> List[Finding]:
    """Everything that keeps wheels for ``target`` from working on ``python``. ``any_patch``: an older patch
    level is for others to judge."""
    found: List[Finding] = []

    def wrong(code: str, message: str, fix: str) -> None:
        found.append(Finding(code, ERROR, python.path, message, (), fix))

    minor = target.python_minor
    again = "bundle again on the other side: offkit bundle --python {}".format(python.version)
    if python.implementation != "cpython":
        wrong("PY012", "is {}, the bundle is for CPython".format(python.implementation), _other(minor))
    elif ".".join(python.version.split(".")[:2]) != minor:
        wrong(
            "PY012",
            "is Python {}, the bundle is for {}".format(python.version, minor),
            _other(minor) + "; or " + again,
        )
    elif not any_patch and python.release < _release(target.python):
        wrong(
            "PY013",
            "is Python {}, older than the {} that packages were chosen for".format(
                python.version, target.python
            ),
            "update it, or " + again,
        )
    elif python.abi != target.abi:
        wrong(
            "PY014",
            "has the ABI {}, the wheels are for {}".format(python.abi or "(unknown)", target.abi),
            "use an ordinary build (not --with-pydebug, --without-pymalloc or --disable-gil)",
        )
    if python.bits != 64:
        wrong(
            "PY015",
            "is a {}-bit program, the wheels are for {}".format(python.bits, target.arch),
            "use a {} interpreter".format(target.arch),
        )
    if python.release < (3, 7) and any(ord(char) > 127 for char in python.path):
        # It reads the path in pyvenv.cfg as UTF-8 and looks for it in the locale's encoding (getpath.c).
        wrong(
            "ENV028",
            "has a path with non-ASCII characters: in the C locale (cron, for instance), an environment "
            "made with this CPython 3.6 does not start",
            "choose another place: --prefix DIR if offkit installed it there, else --python PATH",
        )
    for name in python.missing:
        wrong("PY016", "lacks the module {}, which the installation needs".format(name), _cure(name))
    return found


def _other(minor: str) -> str:
    return "use a Python {} with --python PATH, or install one".format(minor)


def _cure(module: str) -> str:
    devel = _DEVEL.get(module)
    if devel is None:
        return "this Python is incomplete: install it again, or yum install python3"
    return "yum install {}, then configure and compile this Python again; or yum install python3".format(
        devel
    )
