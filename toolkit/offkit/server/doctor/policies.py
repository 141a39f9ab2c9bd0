"""ENV018 to ENV020: what the server's security settings do to an environment.

Sources: hashlib in Python's manual and Lib/hashlib.py; crypto-policies(7); fapolicyd(8), fapolicyd.rules(5),
fapolicyd.trust(5) and fapolicyd-cli(8), and fapolicyd's own rules.d (README-rules says which are usual).
"""

import posixpath
import re
import shlex
from typing import Iterator, List, Optional, Set

from offkit.edges import data
from offkit.edges.tree import DIRECTORY, FILE, Tree
from offkit.model import surroundings, words
from offkit.model.finding import ERROR, INFO, Finding
from offkit.server.doctor.distribution import versions
from offkit.server.doctor.shared_objects import SHARED
from offkit.server.environment import modules
from offkit.server.environment.environment import Environment

_FIPS = "/proc/sys/crypto/fips_enabled"
_POLICY = "/etc/crypto-policies/state/current"
_DAEMON = "/usr/sbin/fapolicyd"
_SETTINGS = "/etc/fapolicyd/fapolicyd.conf"
# fagenrules(8) makes the first of what lies in rules.d; until 1.1 there was one file.
_RULES = ("/etc/fapolicyd/compiled.rules", "/etc/fapolicyd/fapolicyd.rules")
_TRUST, _TRUSTS = "/etc/fapolicyd/fapolicyd.trust", "/etc/fapolicyd/trust.d"
_TEXT = 64 * 1024 * 1024  # bytes of trusted files' names that are read
_NAMED = 5
_OPENS = re.compile(r"deny\w*\s.*\bperm=(?:open|any)\b.*:.*\bftype=\S*application/x-sharedlib")
_STARTS = re.compile(r"deny\w*\s+perm=(?:execute|any)\s+all\s*:\s*all\s*$")
_ALLOWS = re.compile(r"allow\w*\s.*\bperm=(\w+)\b[^:]*:(.*)")


def inspect(tree: Tree, env: Environment) -> List[Finding]:
    return _fips(tree, env) + _policy(tree) + _fapolicyd(tree, env)


def _fips(tree: Tree, env: Environment) -> List[Finding]:
    if _first(tree, _FIPS) != "1":
        return []
    libraries: List[str] = []
    for top in env.site_packages:
        for name in tree.names(top):
            if name.endswith(".libs") or "." not in name:
                place = name if name.endswith(".libs") else name + "/.libs"
                libraries += [place + "/" + each for each in tree.names(posixpath.join(top, place))]
    own = [path for path in libraries if surroundings.OWN_OPENSSL.fullmatch(path)]
    return surroundings.fips(_known(), sorted(versions(tree, env.site_packages, "dist-info")), own)


def _policy(tree: Tree) -> List[Finding]:
    current = _first(tree, _POLICY)
    return surroundings.policy(_known(), current) if current else []


def _fapolicyd(tree: Tree, env: Environment) -> List[Finding]:
    """ENV020: shared objects that it lets nobody open, and scripts that it lets nobody start. What came with
    RPMs is trusted as theirs."""
    where = modules.real(tree, env.where)
    if where == "/usr" or not tree.is_file(_DAEMON) or not _runs(tree) or _permissive(tree):
        return []
    rules, trusted = _rules(tree), _trusted(tree, where)
    add = "as root, for each new generation too: fapolicyd-cli --file add {} && fapolicyd-cli --update"
    add = add.format(shlex.quote(where + "/"))
    if trusted is None or rules is None:
        message = "is running, and this user may not read what it trusts: it may deny what is in " + where
        return [Finding("ENV020", INFO, surroundings.FAPOLICYD, message, (_TRUST, *_RULES), add)]
    commands = (posixpath.join(where, "bin", name) for name in tree.names(where + "/bin"))
    scripts = [
        path for path in commands if "python" in _first(tree, path) and modules.real(tree, path) == path
    ]
    found = []
    for rule, perm, files, what, denied in (
        (_OPENS, "open", list(_shared(tree, where)), "shared object", "nobody can load {}"),
        (_STARTS, "execute", scripts, "script", "nobody can start {}"),
    ):
        apart = [path for path in files if path not in trusted]
        number = next((number for number, each in enumerate(rules) if rule.match(each)), None)
        if apart and number is not None and not any(_covers(each, perm, where) for each in rules[:number]):
            names = words.listed([env.shorten(path) for path in apart], _NAMED)
            message = "does not trust {}: ".format(words.several(len(apart), what)) + denied.format(names)
            found.append(
                Finding("ENV020", ERROR, surroundings.FAPOLICYD, message, tuple(apart[:_NAMED]), add)
            )
    return found


def _runs(tree: Tree) -> bool:
    """By the processes of a running system, as the probe has it; of a mounted one by what systemd starts."""
    if any(
        _first(tree, "/proc/{}/comm".format(name)) == "fapolicyd"
        for name in tree.names("/proc")
        if name.isdigit()
    ):
        return True
    wants = "/etc/systemd/system/multi-user.target.wants"
    return tree.root != "" and "fapolicyd.service" in tree.names(wants)


def _permissive(tree: Tree) -> bool:
    try:
        return bool(re.search(r"^\s*permissive\s*=\s*1\s*$", tree.text(_SETTINGS), re.MULTILINE))
    except OSError:
        return False


def _rules(tree: Tree) -> Optional[List[str]]:
    for path in _RULES:
        try:
            lines = tree.text(path).splitlines()
        except OSError:
            continue
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return None


def _covers(rule: str, perm: str, where: str) -> bool:
    """Whether a rule gives at least somebody this permission for what lies there, trusted or not."""
    matched = _ALLOWS.match(rule)
    if not matched or "trust=1" in matched.group(2) or matched.group(1) not in (perm, "any"):
        return False
    place = re.search(r"\bdir=(/\S*)", matched.group(2))
    if place:
        return (where + "/").startswith(place.group(1).rstrip("/") + "/")
    return matched.group(2).strip() == "all" and bool(re.search(r"\sall\s*:|\bexe=\S*python", rule))


def _trusted(tree: Tree, where: str) -> Optional[Set[str]]:
    """The paths below ``where`` that somebody has added; None where that cannot be read."""
    found: Set[str] = set()
    names = [posixpath.join(_TRUSTS, name) for name in tree.names(_TRUSTS)]
    if tree.refuses(_TRUST) or tree.refuses(_TRUSTS):
        return None
    for path in (_TRUST, *names):
        try:
            text = tree.text(path, _TEXT)
        except OSError:
            continue
        lines = (line.rsplit(None, 2) for line in text.splitlines() if line.startswith(where))
        found.update(line[0] for line in lines if len(line) == 3)
    return found


def _shared(tree: Tree, directory: str) -> Iterator[str]:
    try:
        entries = tree.scan(directory, SHARED.search)
    except OSError:
        return
    for entry in entries:
        path = posixpath.join(directory, entry.name)
        if entry.kind == DIRECTORY:
            yield from _shared(tree, path)
        elif entry.kind == FILE:
            yield path


def _known() -> surroundings.Table:
    return surroundings.parse(data.read_text(surroundings.TABLE))


def _first(tree: Tree, path: str) -> str:
    """The first line of a small file, "" where there is none."""
    try:
        return tree.text(path).split("\n", 1)[0].strip()
    except OSError:
        return ""
