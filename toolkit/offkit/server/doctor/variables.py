"""ENV014 to ENV016: variables that change which Python and which libraries are loaded, in the doctor's own
environment and where they are set for everybody.

Sources: Python's manual, "Command line and environment"; Modules/getpath.c, Modules/getpath.py (3.11) and
Lib/site.py of CPython; ld.so(8). What is said of another version's library was seen with 3.6 and 3.11.
"""

import posixpath
import re
from typing import Dict, Iterable, List, Mapping, NamedTuple, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.elf.resolution import CACHE, DEFAULT, RUNPATH, Resolution
from offkit.model import words
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.environment import modules, settings
from offkit.server.environment.environment import Environment

HOME, PATH, STARTUP = "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP"
LIBRARIES, PRELOAD, AUDIT = "LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT"
NAMES = (HOME, PATH, STARTUP, LIBRARIES, PRELOAD, AUDIT)
_OTHERS = re.compile(r"/python(\d\.\d+)/(?:site|dist)-packages$")
_NAMED = 5
_LATER = (RUNPATH, CACHE, DEFAULT)  # where the loader looks after LD_LIBRARY_PATH
_TOKENS = re.compile(r"\$\{?(LIB|PLATFORM|ORIGIN)\b")  # which ld.so itself replaces


class _Value(NamedTuple):
    """What a variable is, and who says so."""

    name: str
    text: str
    place: str  # FILE:LINE that sets it for everybody, "" where none is known
    seen: bool  # in the doctor's own environment

    def finding(self, code: str, severity: str, message: str, looked: Sequence[str] = ()) -> Finding:
        """What only stands in a file may stand behind a condition, so it is no error yet."""
        fix = "unset " + self.name
        if self.place:
            severity = WARNING if severity == ERROR and not self.seen else severity
            message = "{} (set in {})".format(message, self.place)
            fix = "take it out of {}; this shell: {}".format(self.place.rpartition(":")[0], fix)
            looked = (self.place, *looked)
        return Finding(code, severity, self.name, message, tuple(looked), fix)


def inspect(
    tree: Tree, env: Environment, variables: Mapping[str, str], resolutions: Iterable[Resolution] = ()
) -> List[Finding]:
    """What is to be said of them. ``variables`` is the process environment, empty for another root. What the
    doctor's own LD_LIBRARY_PATH and LD_PRELOAD do, the check of libraries says."""
    told = {each.name: each for each in settings.read(tree, NAMES)}
    found: List[Finding] = []
    for name in NAMES:
        text, setting = variables.get(name, ""), told.get(name)
        place = setting.place if setting and (not text or setting.value in text) else ""
        value = _Value(name, text or (setting.value if setting else ""), place, bool(text))
        if not value.text:
            continue
        if name == HOME:
            found += _home(tree, env, value)
        elif name == PATH:
            found += _path(tree, env, value)
        elif name == STARTUP:
            found += _startup(tree, value)
        elif name == LIBRARIES and not value.seen:
            found += _libraries(tree, value, resolutions)
        elif name == AUDIT or (name == PRELOAD and not value.seen):
            found += _objects(tree, value)
    return found


def _home(tree: Tree, env: Environment, value: _Value) -> List[Finding]:
    """The standard library is looked for there, and nowhere else."""
    prefix = value.text.split(":")[0]
    name = "python{}.{}".format(*env.series)
    looked = [posixpath.join(prefix, lib, name, "os.py") for lib in ("lib64", "lib")]
    if not any(tree.is_file(posixpath.join("/", path)) for path in looked):
        message = "is {}, where Python {}.{} has no standard library: it does not start".format(
            prefix, *env.series
        )
        return [value.finding("ENV014", ERROR, message, looked)]
    if env.base_prefix and tree.real(posixpath.join("/", prefix)) != tree.real(env.base_prefix):
        message = "is {}: the standard library is taken from there, not from {}".format(
            prefix, env.base_prefix
        )
        return [value.finding("ENV014", WARNING, message, looked)]
    message = "is set: every other Python that starts with it, yum's too, looks for its library in {}".format(
        prefix
    )
    return [value.finding("ENV014", INFO, message)]


def _path(tree: Tree, env: Environment, value: _Value) -> List[Finding]:
    """Each entry comes before the standard library, and before the packages of the environment."""
    stdlib = modules.real(tree, modules.stdlib_directory(tree, env))
    known = {
        modules.real(tree, path) for path in (*env.site_packages, *env.outside, stdlib, env.dynload) if path
    }
    theirs = modules.stdlib(tree, env)
    installed = modules.installed(tree, env)
    found, plain = [], []
    for entry in value.text.split(":"):
        if not entry.startswith("/"):
            message = (
                "has the entry {!r}: what lies in the directory where Python is started comes before all else"
            )
            found.append(value.finding("ENV015", INFO, message.format(entry)))
        elif not (tree.is_dir(entry) or tree.is_file(entry)):
            found.append(value.finding("ENV015", WARNING, "names {}, which is not there".format(entry)))
        elif tree.is_dir(entry) and modules.real(tree, entry) != stdlib:
            wrong = _entry(
                tree, env, value, entry, theirs, () if modules.real(tree, entry) in known else installed
            )
            found += wrong
            plain += [] if wrong or modules.real(tree, entry) in known else [entry]
    if plain:
        message = "{} before what is installed; a service does not have your shell's variables".format(
            "puts " + words.listed(plain, _NAMED)
        )
        found.append(value.finding("ENV015", INFO, message))
    return found


def _entry(
    tree: Tree, env: Environment, value: _Value, entry: str, stdlib: Iterable[str], installed: Iterable[str]
) -> List[Finding]:
    """What is wrong with one directory."""
    if tree.is_file(entry + "/os.py") and tree.is_file(entry + "/site.py"):
        message = "has {}, the standard library of another Python: Python {}.{} does not work with it"
        return [value.finding("ENV015", ERROR, message.format(entry, *env.series))]
    found = []
    hides = modules.named(tree, entry, frozenset(stdlib))
    if hides:
        message = "puts {} before Python's own: what imports {} gets another module".format(
            words.listed(hides, _NAMED), words.listed([modules.called(path) for path in hides], _NAMED)
        )
        found.append(value.finding("ENV015", WARNING, message, hides))
    of = _OTHERS.search(modules.real(tree, entry))
    if of and of.group(1) != "{}.{}".format(*env.series):
        message = "has {}, the packages of Python {}: its extension modules cannot be imported here"
        found.append(value.finding("ENV015", WARNING, message.format(entry, of.group(1))))
    hides = modules.named(tree, entry, frozenset(installed))
    if hides:
        message = "puts {} before what is installed in {}".format(words.listed(hides, _NAMED), env.where)
        found.append(value.finding("ENV015", WARNING, message, hides))
    return found


def _startup(tree: Tree, value: _Value) -> List[Finding]:
    if not value.text.startswith("/") or tree.is_file(value.text):
        return []
    message = "is {}, which is not there: Python says so each time that it is started to be typed into"
    return [value.finding("ENV016", INFO, message.format(value.text))]


def _libraries(tree: Tree, value: _Value, resolutions: Iterable[Resolution]) -> List[Finding]:
    """Libraries that it puts before those which the loader has found without it."""
    found: Dict[str, Tuple[str, str]] = {}
    entries = [entry for entry in re.split("[:;]", value.text) if entry.startswith("/")]
    names = {entry: frozenset(tree.names(entry)) for entry in entries}
    for each in resolutions:
        first = next((entry for entry in entries if each.name in names[entry]), "")
        if (
            first
            and each.how in _LATER
            and modules.real(tree, posixpath.join(first, each.name)) != modules.real(tree, each.path)
        ):
            found[each.name] = posixpath.join(first, each.name), each.path
    if not found:
        return []
    pairs = sorted(found.values())
    message = "puts {} before what is found here without it".format(
        words.listed([new for new, _ in pairs], _NAMED)
    )
    looked = ["{} instead of {}".format(new, old) for new, old in pairs]
    return [value.finding("ENV016", WARNING, message, looked)]


def _objects(tree: Tree, value: _Value) -> List[Finding]:
    """What the loader is told to load into every program, and cannot (it says so, and goes on)."""
    between = ":" if value.name == AUDIT else "[: ]"
    absent = [
        path
        for path in re.split(between, value.text)
        if path.startswith("/") and not _TOKENS.search(path) and not tree.is_file(path)
    ]
    if not absent:
        return []
    message = "names {}, which is not there: each program that starts says so on its standard error"
    return [value.finding("ENV016", WARNING, message.format(words.listed(absent, _NAMED)))]
