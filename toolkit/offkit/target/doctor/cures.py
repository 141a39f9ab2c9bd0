"""What to do about a finding on this server: RPM names and the yum line that installs them."""

from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from offkit.edges import data
from offkit.edges.host import el_major, parse_os_release
from offkit.edges.tree import Tree
from offkit.model import packages

INSTALL = "yum --disablerepo='*' --enablerepo='offkit-*' install"
_ASSUMED = 7  # on what is no Enterprise Linux: what the bundle was most probably made for


class Cures(NamedTuple):
    el: int  # 0: no Enterprise Linux
    system: str  # for people
    sonames: packages.SonameTable
    modules: List[packages.ModuleRow]

    @property
    def column(self) -> int:
        return self.el or _ASSUMED

    def install(self, rpms: Iterable[str]) -> str:
        """One line for the shell; where yum is not the tool, it says for which system it is."""
        line = "{} {}".format(INSTALL, " ".join(rpms))
        return line if self.el else "on el{}: {}".format(_ASSUMED, line)

    def for_soname(self, soname: str, bits: int) -> Tuple[str, str]:
        """(RPM or "", what to do)."""
        rpm = packages.rpm_for_soname(self.sonames, soname, self.column)
        if rpm:
            name = rpm if bits == 64 else rpm + ".i686"
            return name, self.install([name])
        note = packages.note_for_soname(self.sonames, soname, self.column)
        if note:
            return "", note
        capability = soname + ("()(64bit)" if bits == 64 else "")
        if soname in self.sonames:
            return "", "no package of el{} has it: take a build made for el{}".format(
                self.column, self.column
            )
        return "", "ask the ISO which package has it: {} '{}'".format(
            INSTALL.replace("install", "provides"), capability
        )


def read(tree: Tree) -> Cures:
    """For the server below ``tree``, by its os-release(5)."""
    facts: Dict[str, str] = {}
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            facts = parse_os_release(tree.text(path))
            break
        except OSError:
            continue
    return Cures(
        el_major(facts),
        facts.get("PRETTY_NAME") or facts.get("NAME") or "an unknown system",
        packages.parse_sonames(data.read_text(packages.SONAMES)),
        packages.parse_modules(data.read_text(packages.MODULES)),
    )


def combined(cures: Cures, rpms: Sequence[str]) -> str:
    """Everything in one go, or "" when nothing has to be installed."""
    return cures.install(sorted(set(rpms))) if rpms else ""
