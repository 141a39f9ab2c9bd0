"""Modules whose state on this server hides packages from dnf (/etc/dnf/modules.d, as dnf writes it)."""

import posixpath
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.media import rpmfile
from offkit.media.rpmfile import BadRpm
from offkit.model import words
from offkit.model.finding import ERROR, Finding
from offkit.server.system import filters

_DIRECTORY = "/etc/dnf/modules.d"
_LABEL = 5096  # RPMTAG_MODULARITYLABEL: NAME:STREAM:VERSION:CONTEXT
_NAMED = 4


class State(NamedTuple):
    file: str
    state: str  # enabled, disabled; "" where nobody has said anything
    stream: str

    @property
    def hides(self) -> bool:
        return self.state in ("enabled", "disabled")


def label(path: str) -> str:
    """NAME:STREAM of the module that an RPM file says it is of; "" for none."""
    try:
        with open(path, "rb") as source:
            said = rpmfile.header(source).texts(_LABEL)
    except (BadRpm, OSError):
        return ""  # rpm will say what is wrong with it
    return ":".join(said[0].split(":")[:2]) if said else ""


def state(tree: Tree, module: str) -> State:
    """What somebody has said of that module here."""
    file = posixpath.join(_DIRECTORY, module + ".module")
    options = filters.section(tree, file, module)
    if options is None:
        return State(file, "", "")
    return State(file, (options.get("state") or "").strip(), (options.get("stream") or "").strip())


def refused(packages: Iterable[Tuple[str, str]], tree: Tree, otherwise: str) -> List[Finding]:
    """RPM029 for each module: ``packages`` are (title, NAME:STREAM), which dnf takes where modules are not
    filtered, and not otherwise. ``otherwise`` is said of what else can be done."""
    titles: Dict[str, List[str]] = {}
    for title, stream in packages:
        titles.setdefault(stream, []).append(title)
    return [_refused(stream, found, tree, otherwise) for stream, found in sorted(titles.items()) if stream]


def _refused(stream: str, titles: Sequence[str], tree: Tree, otherwise: str) -> Finding:
    module, _, wanted = stream.partition(":")
    known = state(tree, module)
    why = "which is neither the default here nor enabled"
    fix = "dnf module enable {}".format(stream)
    if known.state == "disabled":
        why = "and that module is disabled on this server"
        fix = "dnf module reset {}, after which its default stream counts, or dnf module enable {}".format(
            module, stream
        )
    elif known.state == "enabled" and known.stream != wanted:
        why = "and this server has {}:{} enabled".format(module, known.stream)
        fix = "if nothing needs that any more: dnf module reset {}, then dnf module enable {}".format(
            module, stream
        )
    message = "{} of the module {}, {}: dnf hides {}".format(
        *(("is", stream, why, "it") if len(titles) == 1 else ("are", stream, why, "them"))
    )
    looked = (known.file,) if known.hides else (_DIRECTORY,)
    return Finding("RPM029", ERROR, words.listed(titles, _NAMED), message, looked, fix + otherwise)
