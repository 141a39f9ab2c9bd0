"""Which of some packages rpm has installed, in which versions, and what these provide."""

from typing import Collection, Dict, Set, Tuple

from offkit.edges import run as programs
from offkit.edges.tree import Tree
from offkit.media.answers import Asked, Installed
from offkit.media.rpm import compare_evr
from offkit.server.system import ledger, rpm_files
from offkit.server.system.rpm_files import Run

_FIELDS = ("%{=NAME}", "%{=ARCH}", "%{=EPOCHNUM}", "%{=VERSION}", "%{=RELEASE}", "%{PROVIDENAME}")
_FORMAT = "[" + r"\t".join(_FIELDS) + r"\n]"


def asked(tree: Tree) -> Asked:
    """Each of them once."""
    run = ledger.english(programs.run)
    known: Dict[Tuple[str, str], Installed] = {}
    told: Set[str] = set()

    def ask(names: Collection[str]) -> Dict[Tuple[str, str], Installed]:
        known.update(of(tree, set(names) - told, run))
        told.update(names)
        return {key: one for key, one in known.items() if key[0] in names}

    return ask


def of(tree: Tree, names: Collection[str], run: Run) -> Dict[Tuple[str, str], Installed]:
    """The newest of each of them, by name and architecture; nothing where rpm does not answer. ``run`` speaks
    English (server.system.ledger.english)."""
    found: Dict[Tuple[str, str], Installed] = {}
    provided: Dict[Installed, Set[str]] = {}
    if not names:
        return found
    with rpm_files.database(tree, run) as command:
        said = run([*command, "-q", "--qf", _FORMAT, *sorted(names)]).stdout if command else ""
    for line in said.splitlines():
        fields = line.split("\t")
        if len(fields) != len(_FIELDS):
            continue  # "package x is not installed"
        name, arch, epoch, version, release, capability = fields
        one = Installed("{}-{}-{}.{}".format(name, version, release, arch), (epoch, version, release))
        provided.setdefault(one, set()).add(capability)
        known = found.setdefault((name, arch), one)
        if compare_evr(one.evr, known.evr) > 0:
            found[name, arch] = one
    return {key: one._replace(provides=frozenset(provided[one])) for key, one in found.items()}
