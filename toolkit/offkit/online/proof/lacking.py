"""What of the libraries that a bundle's ELF files want has to be installed on the server, as far as that is
known on this side of the gap.

What such a package requires in turn yum installs with it.
"""

from __future__ import annotations

from typing import NamedTuple

from offkit.edges import needs as table
from offkit.edges import releases
from offkit.media import rpm
from offkit.model.checklist import Checklist
from offkit.model.release import GLIBC
from offkit.model.target import Target
from offkit.online.rpms.server import Server


class Lacking(NamedTuple):
    rpms: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()  # sonames of no known package, and what to do
    sure: bool = True  # else nobody knows what is installed there


def of(wanted: Checklist, target: Target, server: Server | None) -> Lacking:
    """By the target's probe where there is one, else by what every server of its release has. Of a driver's
    libraries NEED007 tells."""
    release = releases.of(target.el, target.name)
    installed = server.packages if server else {}
    provided = {each for given in installed.values() for each in given}
    minimal = set(release.minimal)
    rpms, others = set(), []
    for each in wanted.libraries:
        soname = each.soname
        if each.in_bundle or each.rpm == GLIBC or table.known().driver(soname):
            continue
        if rpm.capability(soname) in provided or (not installed and each.rpm in minimal):
            continue
        if each.rpm:
            rpms.add(each.rpm)
        else:
            others.append(
                (soname, _otherwise(soname, release.elsewhere.get(soname), soname in release.sonames))
            )
    return Lacking(tuple(sorted(rpms)), tuple(others), bool(installed or minimal))


def _otherwise(soname: str, elsewhere: str | None, listed: bool) -> str:
    known = elsewhere or releases.on_no_disc(soname)
    if known:
        return known
    if listed:
        return "no package of that release has it"
    return f"which package has it is not known here; there: yum provides '{rpm.capability(soname)}'"
