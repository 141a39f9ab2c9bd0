"""Variables that are set for everybody who logs in, by the files that say so. They are read as text, not run:
what stands behind a condition counts, what only a shell could work out is left out.

Sources: pam_env(8) for /etc/environment; INVOCATION in bash(1), and /etc/profile of EL's setup package, which
reads /etc/profile.d/*.sh.
"""

import posixpath
import re
import shlex
from typing import Collection, Dict, List, NamedTuple, Set, Tuple

from offkit.edges.tree import Tree

_PAM = "/etc/environment"
_PROFILE = "/etc/profile"
_MORE = "/etc/profile.d"
_EXPORT = ("export", "declare", "typeset")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


class Setting(NamedTuple):
    name: str
    value: str  # without what it was before
    place: str  # FILE:LINE


def read(tree: Tree, names: Collection[str]) -> List[Setting]:
    """Those of ``names``, the last of each."""
    profiles = [_PROFILE] + [
        posixpath.join(_MORE, name) for name in tree.names(_MORE) if name.endswith(".sh")
    ]
    found: Dict[str, Setting] = {}
    for path in (_PAM, *profiles):
        try:
            text = tree.text(path)
        except OSError:
            continue
        if not any(name in text for name in names):
            continue
        local: Set[str] = set()
        for number, line in enumerate(text.splitlines(), 1):
            exports, unset, pairs = _line(line)
            for name in unset & set(found):
                del found[name]
            for name, value in pairs:
                if name in names:
                    found[name] = Setting(name, _alone(name, value), "{}:{}".format(path, number))
                    local.add(name)
                    local -= {name} if exports or path == _PAM else set()
            local -= {name for name in exports if name in found}
        for name in local:  # assigned, and never exported
            found.pop(name, None)
    return [found[name] for name in sorted(found) if found[name].value]


def _line(line: str) -> Tuple[Set[str], Set[str], List[Tuple[str, str]]]:
    """(names that it exports, names that it takes back, what it assigns for longer than one command)."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # a quotation that goes on in the next line
        return set(), set(), []
    exports: Set[str] = set()
    unset: Set[str] = set()
    pairs: List[Tuple[str, str]] = []
    command, fresh = "", []  # type: Tuple[str, List[Tuple[str, str]]]
    for word in [*words, ";"]:
        ends = word.endswith(";") or word in ("&&", "||", "then", "do", "else", "fi", "{", "}")
        word = word.rstrip(";") if ends else word
        assigned = _ASSIGNED.match(word)
        if command in _EXPORT and assigned:
            exports.add(assigned.group(1))
            pairs.append((assigned.group(1), assigned.group(2)))
        elif command in _EXPORT and word:
            exports.add(word)
        elif command == "unset" and word:
            unset.add(word)
        elif not command and assigned:
            fresh.append((assigned.group(1), assigned.group(2)))
        elif not command and not ends:
            command, fresh = word, []  # what stood before it was for this command alone
        if ends:
            pairs += fresh
            command, fresh = "", []
    return exports, unset, pairs


def _alone(name: str, value: str) -> str:
    """The value without itself: ``/a`` of ``/a:$PYTHONPATH`` and of ``/a${PYTHONPATH:+:$PYTHONPATH}``; and
    without the parts of a list that have another variable in them."""
    itself = r"\$\{%s(:?[-+][^{}]*)?\}|\$%s\b" % (name, name)
    parts = re.sub(itself, "", value).split(":")
    return ":".join(part for part in parts if part and "$" not in part and "`" not in part)
