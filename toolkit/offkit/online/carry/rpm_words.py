"""What is said of RPMs that were chosen, or that could not be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from offkit.edges import needs, releases
from offkit.media.rpm import Package
from offkit.model.errors import OffkitError, RequestError
from offkit.model.finding import ERROR, INFO, WARNING, Finding, together
from offkit.model.target import Target
from offkit.online.rpms.choice import Choice
from offkit.online.rpms.server import Server

_BESIDE = "give a repository that has it as well: --rpm-repo URL"


class Said(NamedTuple):
    """How what was given is called."""

    isos: bool
    places: bool

    @property
    def whole(self) -> str:
        return "the repositories do" if self.places else "the ISO does"

    @property
    def one(self) -> str:
        return "repository" if self.places else "ISO"

    @property
    def none(self) -> str:
        return "in none of the repositories" if self.places else "on none of the ISOs"

    @property
    def cure(self) -> str:
        fuller = "use a fuller ISO of the same release (Everything, DVD), or several: --iso A --iso B"
        return _BESIDE if self.places else fuller

    @property
    def fuller(self) -> str:
        return _BESIDE if self.places else "use a fuller ISO (Everything, DVD)"


def unsolved(found: Choice, wanted: Mapping[str, str], said: Said, looked: tuple[str, ...]) -> OffkitError:
    """What is nowhere, or what contradicts itself: all of it."""
    rows = [
        Finding(
            "RPM004",
            ERROR,
            wanted.get(each, each),
            f"is {said.none}" + (f" but in what does not count: {'; '.join(out[:3])}" if out else ""),
            looked,
            _enable(found.idle.get(each, ())) or releases.on_no_disc(wanted.get(each, "")) or said.cure,
        )
        for each, out in found.lost.items()
    ]
    if rows:
        return RequestError(f"{said.whole} not have every library that the wheels need", together(rows))
    rows = [
        Finding(
            "RPM012",
            ERROR,
            wanted.get(one.subject, one.subject),
            "cannot be installed: " + "; ".join(one.sentences),
            looked,
            "use repositories that belong together: of one release, and of one day",
        )
        for one in found.problems
    ]
    return RequestError("RPMs that the wheels need contradict each other or what the server has", rows)


def _enable(streams: Sequence[str]) -> str:
    """What helps where packages are there, and their modules' streams do not count; "" for none."""
    if not streams:
        return ""
    one = " (or another of them)" if len(streams) > 1 else ""
    told = "then write the target's file again with 'offkit probe', and give it: --target FILE"
    return f"enable the stream on the server: dnf module enable {streams[-1]}{one}; {told}"


def processor(packages: Sequence[Package], target: Target, server: Server | None) -> list[Finding]:
    """RPM026, where the server's processor is older than those its release is built for: a distribution that
    runs on it has other packages."""
    needs = releases.of(target.el, target.name).cpu.get(target.arch, "")
    # The names of the psABI's levels are in the order of their age.
    if not server or not server.level or server.level >= needs:
        return []
    titles = tuple(one.title for one in packages if one.arch == target.arch)
    message = f"RPMs of {target.name} are built for {needs}, and the server's processor is {server.level}"
    fix = "give the repositories that the server's own packages are from"
    return [Finding("RPM026", WARNING, target.name, message, titles, fix)] if titles else []


def spare(
    lost: Iterable[str], wanted: Mapping[str, str], said: Said, looked: tuple[str, ...]
) -> list[Finding]:
    """Capabilities that are nowhere, and that only optional parts want; a driver's are told by NEED007."""
    message = f"is {said.none}; only optional parts want it, and the rest works without"
    rows = [(wanted[each], releases.on_no_disc(wanted[each]) or said.fuller) for each in lost]
    rows = [row for row in rows if not needs.known().driver(row[0])]
    return together(Finding("RPM004", WARNING, soname, message, looked, fix) for soname, fix in rows)


def findings(found: Choice, said: Said, looked: tuple[str, ...]) -> list[Finding]:
    """What should be known of those that are carried."""
    rows = [
        Finding(
            "RPM004",
            WARNING,
            title,
            f"requires {capability}, which no {said.one} has: yum installs nothing without that",
            looked,
            said.fuller,
        )
        for title, capability in found.unmet
    ]
    rows += [
        Finding(
            "RPM014",
            INFO,
            title,
            f"requires the file {file}, which no {said.one} has: it is taken to be on the server",
            looked,
            "",
        )
        for title, file in found.unknown
    ]
    rows += [
        Finding(
            "RPM015",
            WARNING,
            title,
            f"is needed, and excluded by {setting} in yum.conf or dnf.conf of the server",
            (),
            f"change {setting.partition('=')[0]}= there before the installation, or install with --no-root",
        )
        for title, setting in found.refused
    ]
    rows += [
        Finding(
            "RPM021",
            WARNING,
            title,
            f"is needed, and {why}",
            (),
            "take that out of the list on the server ('yum versionlock delete') before the installation",
        )
        for title, why in found.locked
    ]
    rows += [
        Finding(
            "RPM018",
            WARNING,
            title,
            f"is needed, and older than {newer}, which the server has: dnf replaces it, yum 3 does not",
            looked,
            "give repositories that are as new as the server",
        )
        for title, newer in found.older
    ]
    rows += [
        Finding(
            "RPM030",
            INFO,
            title,
            f"obsoletes {had}, which the server has: yum removes that when it installs this",
            looked,
            "",
        )
        for title, had in found.instead
    ]
    streams = [
        Finding(
            "RPM013",
            INFO,
            f"{stream.name}:{stream.stream}",
            "is the module stream that RPMs of the bundle are of; it is in their metadata",
            looked,
            "",
        )
        for stream in found.streams
    ]
    return [*together(rows), *streams]
