"""Modules that are imported in the place of others: the user's own packages (ENV017), the directory where a
program starts (PKG017), and what .pth files reach, or keep from starting (PKG018).

Sources: Lib/site.py of CPython (``main`` and ``venv`` give the order, ``check_enableusersite`` says when the
user's packages count), and its manual for sys.path: the directory of the script comes first.
"""

import posixpath
from typing import Collection, Dict, List, Mapping, Tuple

from offkit.edges.tree import Tree
from offkit.model import words
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.doctor.distribution import versions
from offkit.server.doctor.owners import Recorded
from offkit.server.environment import modules, pth
from offkit.server.environment.environment import Environment

_NAMED = 5
_BY_LOCALE = ((3, 6), (3, 11), (3, 12))  # in the C locale these decode .pth files as ASCII
_KINDS = ("dist-info", "egg-info")


def user_site(tree: Tree, env: Environment, variables: Mapping[str, str]) -> List[Finding]:
    """ENV017: packages that are also in this user's own site-packages. A virtual environment has none of the
    user's unless it has the system's too, and then its own come first, the system's last."""
    base = variables.get("PYTHONUSERBASE") or (variables.get("HOME") and variables["HOME"] + "/.local") or ""
    if not ((env.own or env.system) and base.startswith("/")) or variables.get("PYTHONNOUSERSITE"):
        return []
    place = posixpath.join(base, "lib", "python{}.{}".format(*env.series), "site-packages")
    theirs = versions(tree, [place], *_KINDS)
    ahead = [] if env.own else list(env.site_packages)
    behind = list(env.site_packages) if env.own else list(env.outside)
    found = []
    for tops, first in ((behind, True), (ahead, False)):
        others = [top for top in tops if tree.real(top) != modules.real(tree, place)]
        here = versions(tree, others, *_KINDS)
        both = sorted(name for name in theirs if name in here)
        if not both:
            continue
        pairs = ["{} {} {} {}".format(n, theirs[n], "before" if first else "behind", here[n]) for n in both]
        message = "has {}: this user imports {}, others do not" if first else "has {}: it is never imported"
        message = message.format(words.listed(pairs, _NAMED), "that one" if len(both) == 1 else "those")
        fix = "as this user: {} -m pip uninstall {}; or export PYTHONNOUSERSITE=1".format(
            env.interpreter or "python3", " ".join(both)
        )
        found.append(
            Finding("ENV017", WARNING if first else INFO, place, message, tuple(tops), fix if first else "")
        )
    return found


def misplaced(tree: Tree, env: Environment, start: str = "") -> List[Finding]:
    """PKG017. ``start`` is the working directory, of ``python -c`` and ``python -m``; "" for none."""
    stdlib = modules.stdlib(tree, env)
    installed = modules.installed(tree, env)
    commands = posixpath.join(env.where, "bin")
    rules = [
        (commands, "each command in it", stdlib, "Python's own", WARNING),
        (commands, "each command in it", installed, "what is installed", WARNING),
        (start, "'python -m' started there", stdlib, "Python's own", WARNING),
        (start, "'python -m' started there", installed, "what is installed", INFO),
    ]
    found = []
    for place, who, wanted, whose, severity in rules:
        counts = place and modules.real(tree, place) not in _counted(tree, env)
        hides = modules.named(tree, place, wanted) if counts else []
        if hides:
            names = words.listed([modules.called(path) for path in hides], _NAMED)
            message = "{} imports {} from there, not {}".format(who, names, whose)
            fix = "rename or remove " + words.listed([posixpath.basename(path) for path in hides], _NAMED)
            found.append(Finding("PKG017", severity, place, message, tuple(hides), fix))
    return found + _never(tree, env, stdlib)


def _never(tree: Tree, env: Environment, stdlib: Collection[str]) -> List[Finding]:
    """Modules in site-packages that Python itself has: its own come first."""
    hidden = [path for top in env.site_packages for path in modules.named(tree, top, stdlib)]
    if not hidden:
        return []
    owners = Recorded(tree, env)
    of: Dict[str, List[str]] = {}
    for path in hidden:
        file = path + "/__init__.py" if tree.is_dir(path) else path
        of.setdefault(owners.owner(file) or posixpath.basename(path), []).append(path)
    message = "brings {}, which Python {}.{} has itself and imports, unless PYTHONPATH names this directory"
    fix = "bundle again without it: it is for an older Python"
    return [
        Finding(
            "PKG017",
            INFO,
            owner,
            message.format(words.listed([modules.called(path) for path in paths], _NAMED), *env.series),
            tuple(paths),
            fix,
        )
        for owner, paths in sorted(of.items())
    ]


def _counted(tree: Tree, env: Environment) -> Tuple[str, ...]:
    """Directories that Python searches anyway."""
    places = (*env.site_packages, *env.outside, modules.stdlib_directory(tree, env), env.dynload)
    return tuple(modules.real(tree, path) for path in places if path)


def elsewhere(tree: Tree, env: Environment) -> List[Finding]:
    """PKG018: directories that .pth files name, outside the environment or not there at all; and files at
    which Python does not start."""
    found = []
    for top in env.site_packages:
        undecoded = [each for file, text in pth.texts(tree, top) for each in _undecoded(env, file, text)]
        fatal = {each.looked_in[0] for each in undecoded if each.severity == ERROR}
        found += undecoded
        for file, path in pth.named(tree, top):
            if file in fatal:
                continue
            there = tree.is_dir(path) or tree.is_file(path)
            inside = any(
                (modules.real(tree, path) + "/").startswith(modules.real(tree, one).rstrip("/") + "/")
                for one in (env.where, env.base_prefix)
                if one
            )
            if inside:
                continue
            if there:
                message = "adds {}: what is imported from there is compared with nothing"
                severity, fix = INFO, ""
            else:
                message = "names {}, which is not there: what was to be imported from it is missing"
                severity, fix = WARNING, "install the package itself, not as editable (pip install -e)"
            found.append(
                Finding("PKG018", severity, posixpath.basename(file), message.format(path), (file,), fix)
            )
    return found


def _undecoded(env: Environment, file: str, text: str) -> List[Finding]:
    version = "{}.{}".format(*env.series)
    if not pth.is_utf8(text):
        message = "is not UTF-8: Python {} does not start, but where the locale has its encoding"
        fix = "write it in UTF-8 (iconv -f GB18030 -t UTF-8), or remove it and install the package itself"
        return [Finding("PKG018", ERROR, posixpath.basename(file), message.format(version), (file,), fix)]
    if env.series not in _BY_LOCALE or all(ord(letter) < 128 for letter in text):
        return []
    old = env.series == _BY_LOCALE[0]
    message = "is not ASCII: Python {} does not start with {}".format(
        version, "LC_ALL=C, nor without a locale, as by cron" if old else "LC_ALL=C"
    )
    fix = "keep what it names in a directory with an ASCII name, or start Python in a locale with UTF-8"
    return [Finding("PKG018", WARNING if old else INFO, posixpath.basename(file), message, (file,), fix)]
