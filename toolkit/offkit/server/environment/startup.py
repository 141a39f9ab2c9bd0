"""What Python needs to start in an environment, and to find its packages: PY003, PY005 to PY007."""

import posixpath
import stat
from typing import List, Tuple

from offkit.edges import tree as files
from offkit.edges.tree import Tree
from offkit.model import words
from offkit.model.finding import ERROR, Finding

# What every start of CPython imports (Python/pylifecycle.c, Lib/site.py), but for os.py, by which
# the library is found. From 3.11 on the first kind is frozen into the interpreter (Python/frozen.c).
_FROZEN = (
    "_collections_abc.py",
    "_sitebuiltins.py",
    "abc.py",
    "codecs.py",
    "genericpath.py",
    "io.py",
    "posixpath.py",
    "site.py",
    "stat.py",
)
_AT_START = ("encodings/__init__.py", "encodings/aliases.py", "encodings/utf_8.py")
_NAMED = 5


def exists(tree: Tree, path: str) -> bool:
    """Anything at all, a FIFO or a directory too."""
    try:
        tree.stat(path)
    except OSError:
        return False
    return True


def allow(refusing: str) -> str:
    """The cure where permission is wanting."""
    return "run as a user who may read {}, or permit this user to (chmod, chown, setfacl)".format(refusing)


def config(tree: Tree, where: str, interpreter: str) -> List[Finding]:
    """What keeps Python from reading pyvenv.cfg. Without it (PEP 405) the link in bin/ starts the
    base interpreter with its own packages; site.py decodes it as UTF-8, and fails where it is not."""
    path = where + "/pyvenv.cfg"
    if tree.is_file(path):
        try:
            tree.text(path).encode("utf-8")
        except UnicodeEncodeError:
            message = "pyvenv.cfg is damaged: it is not UTF-8, so bin/python does not start"
        except OSError as error:
            message = "pyvenv.cfg cannot be read: {}".format(error.strerror or error)
        else:
            return []
    elif exists(tree, path):
        message = "pyvenv.cfg is {}, not a file: bin/python finds none of the installed packages".format(
            files.kind(tree.stat(path).st_mode)
        )
    elif interpreter:
        message = "pyvenv.cfg is missing: bin/python is then {} and finds none of the installed packages"
        message = message.format(interpreter)
    else:
        return []
    fix = "install the bundle again, or recreate the environment"
    return [Finding("PY005", ERROR, "pyvenv.cfg", message, (path,), fix)]


def no_site_packages(tree: Tree, where: str, name: str) -> Finding:
    """PY007, with the first part of the way that is not there or no directory."""
    below = posixpath.join("lib", name, "site-packages")
    why = ""
    path = where
    for part in below.split("/"):
        path = posixpath.join(path, part)
        try:
            mode = tree.stat(path).st_mode
        except OSError as error:
            why = "{}: {}".format(path, error.strerror)
            break
        if not stat.S_ISDIR(mode):
            there = "a file" if stat.S_ISREG(mode) else files.kind(mode)
            why = "{} is {}".format(path, there)
            break
    message = "the environment has no directory {}, so it has no packages ({})".format(below, why)
    looked = tuple(posixpath.join(where, lib, name, "site-packages") for lib in ("lib", "lib64"))
    fix = "install the bundle again, or recreate the environment"
    return Finding("PY007", ERROR, "site-packages", message, looked, fix)


def no_stdlib(tree: Tree, home: str, series: Tuple[int, int]) -> Finding:
    """PY003 where not even os.py, CPython's landmark (getpath), was found; PY006 where one may not look."""
    refused = tree.refuses(home)
    if refused:
        message = "this user cannot reach the standard library: {} denies access".format(refused)
        return Finding("PY006", ERROR, "standard library", message, (home,), allow(refused))
    return Finding(
        "PY003",
        ERROR,
        "standard library",
        "lib/python{}.{}/os.py was not found in {} or above".format(*series, home),
        (home + " and its parents",),
        "install Python {}.{} again at the same place".format(*series),
    )


def stdlib(tree: Tree, base: str, series: Tuple[int, int]) -> List[Finding]:
    """Modules without which Python ends before the first line of a program."""
    name = "python{}.{}".format(*series)
    zipped = "python{}{}.zip".format(*series)
    if any(tree.is_file(posixpath.join(base, lib, zipped)) for lib in ("lib64", "lib")):
        return []
    tops = [posixpath.join(base, lib, name) for lib in ("lib64", "lib")]
    found = next(top for top in tops if tree.is_file(top + "/os.py"))
    absent, refusing = [], ""
    for module in _AT_START if series >= (3, 11) else _AT_START + _FROZEN:
        path = posixpath.join(found, module)
        if not tree.is_file(path) and not tree.is_file(path + "c"):
            refusing = refusing or tree.refuses(path)
            absent.append(module)
    if not absent:
        return []
    if refusing:
        message = "this user cannot read the standard library: {} denies access".format(refusing)
        return [Finding("PY006", ERROR, "standard library", message, (found,), allow(refusing))]
    message = "Python does not start: {} not found in {}".format(words.listed(absent, _NAMED), found)
    fix = "install Python {}.{} again at the same place".format(*series)
    looked = tuple(posixpath.join(found, module) for module in absent)
    return [Finding("PY003", ERROR, "standard library", message, looked, fix)]
