"""Why a package cannot be had for a target, what exists instead, and what to do."""

from __future__ import annotations

import bisect
import contextlib
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from offkit.model import legacy
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target
from offkit.model.url import shown, without_secrets
from offkit.model.words import several
from offkit.online.index import configuration, indexes, listing, metadata, named, platforms
from offkit.online.index.listing import Listed, Listing
from offkit.online.index.metadata import Damaged, Seen
from offkit.online.reasons import one_system, unbuilt
from offkit.online.reasons.causes import Cause, Problem, Source
from offkit.online.reasons.stubs import Stubs
from offkit.online.sources.stated import Stated

_NEAREST = 6  # versions that are named in the place of one


class Asked(NamedTuple):
    """Who is asked when something cannot be had."""

    repo: Any  # for the indexes
    listing: Listing
    seen: Seen
    stubs: Stubs
    builder: Any = None  # a Builder, where sources may be built
    carried: Mapping[str, str] = {}  # as sources, and the place of --find-links that nobody has given
    stated: Callable[[str, str], Stated | None] = lambda project, filename: None  # of a source


def explain(causes: Sequence[Cause], asked: Asked, gone: Collection[str] = ()) -> list[Problem]:
    """Problems for the causes of a failed resolution, but for projects that are known to be ``gone``.

    A requirement that no usable wheel meets is a problem of its own, and gets stand-ins; when
    every requirement could be met alone, they conflict: one problem for all.
    """
    absent: dict[str, Problem] = {}
    known = False
    # There, and no index is asked for them.
    given = {cause.project for cause in causes if cause.given}.union(asked.carried)
    for cause in causes:
        if cause.project in gone:
            known = True
            for version in _stand_in_versions([], SpecifierSet(cause.specifier)):
                asked.stubs.add(cause.project, version)
            continue
        if cause.project in given:
            continue
        if not cause.project:
            if asked.listing.target.python in SpecifierSet(cause.specifier):
                continue  # a word among others; pip names all that were said of the same thing
            indexes.check_reachable(asked.repo, cause.parent.split(" ")[0])
            absent["Python " + cause.text] = _wrong_python(cause, asked.listing.target)
            continue
        specifier = SpecifierSet(cause.specifier)
        if asked.stubs.stand_in(cause.project, specifier):
            known = True
            continue  # explained in an earlier round; what is wrong now is something else
        # pip goes on without an index that does not answer; a verdict must not.
        indexes.check_reachable(asked.repo, cause.project)
        files = asked.listing.of(cause.project)
        good = listing.usable(files, specifier, asked.listing.target, asked.listing.pre)
        unread = [one for one in good if (cause.project, str(one.version)) in asked.seen.unreadable]
        buildable = _buildable(cause.project, files, specifier, asked)
        if len(good) > len(unread) or (buildable and cause.project not in asked.builder.refused):
            continue
        if buildable:
            refused, source = asked.builder.refused[cause.project], buildable[-1]
            build = platforms.build_it({cause.project: buildable[-1].version}, asked.listing.target)
            elsewhere = f"{platforms.carry_it(cause.project)}\nor {build}"
            why = unbuilt.of_index(cause.project, _asked(cause), refused, elsewhere)
            wheels = platforms.minors(file for file in files if specifier.contains(file.version, True))
            absent.setdefault(cause.project, why._replace(parent=cause.wanting, minors=wheels))
            if refused.lacking:  # of what it says it requires; that is told of itself
                _stand_in(cause.project, source.version, source.filename, asked)
                continue
        elif cause.project not in absent:
            if unread:
                why = _unreadable(cause, unread[-1], asked)
            else:
                why = _absent(cause, files, specifier, asked)
                no_sources = all(file.is_wheel for file in files)
                wanted = listing.versions(files, specifier, asked.listing.pre)
                near = platforms.one_system(file for file in files if file.version in wanted)
                why = why._replace(wheels_for=near[0] if near else "")
                why = one_system.told(why, cause, platforms.one_system(files), no_sources)
            why = absent[cause.project] = why._replace(parent=cause.wanting)
            if why.source is not None:
                said = _stand_in(cause.project, why.source.version, why.source.filename, asked)
                if said is not None:
                    compiled = why.source.compiled or bool(said.compiles)
                    source_ = why.source._replace(compiled=compiled, read=said.told)
                    absent[cause.project] = why._replace(source=source_)
                    continue
        for version in _stand_in_versions(files, specifier):
            asked.stubs.add(cause.project, version)
    if not (absent or known):
        known = _heeded_no_more(causes, asked)
    if absent or known:  # what only follows from a stand-in is no conflict
        return list(absent.values())
    return [_conflict(causes, asked.listing.target)]


def _stand_in(project: str, version: Version, filename: str, asked: Asked) -> Stated | None:
    """Stands in for sources with what they say that they require: what of that cannot be had is met next.
    None, and nothing, where that cannot be read."""
    said = asked.stated(project, filename)
    if said is not None:
        read = (legacy.requirement(line).text for line in said.requires)
        asked.stubs.add(project, str(version), [line for line in read if metadata.is_readable(line)])
    return said


def _heeded_no_more(causes: Sequence[Cause], asked: Asked) -> bool:
    """Whether what stands in for sources has part in a conflict. Other sources of it may not: so that the
    rest is met, others stand beside it that require nothing."""
    own = {name for cause in causes for name in (cause.project, cause.wanting) if asked.stubs.has(name)}
    for name in own:
        asked.stubs.doubtful = True
        for version in _stand_in_versions(asked.listing.of(name), SpecifierSet()):
            asked.stubs.add(name, version)
    return bool(own)


def also(wanted: Iterable[Cause], asked: Asked) -> list[Problem]:
    """Problems for what else cannot be had, whatever the rest is: told at once, where each would end a
    resolution of its own. Nothing where an index does not answer, which the next round may not ask."""
    unmet = []
    for cause in wanted:
        specifier = SpecifierSet(cause.specifier)
        try:
            files = asked.listing.of(cause.project)
        except EnvironmentProblem:
            return []
        if not (
            asked.stubs.stand_in(cause.project, specifier)
            or listing.usable(files, specifier, asked.listing.target, asked.listing.pre)
            or _buildable(cause.project, files, specifier, asked)
        ):
            unmet.append(cause)
    return explain(unmet, asked) if unmet else []


def siblings(causes: Iterable[Cause], asked: Asked) -> Iterator[Cause]:
    """All that the packages require, by their metadata, which these causes come from."""
    where = {**listing.markers(asked.listing.target), "extra": ""}
    for parent in dict.fromkeys(cause.parent for cause in causes if cause.wanting):
        name, _, version = parent.partition(" ")
        for line in asked.seen.requires.get((canonicalize_name(name), version), ()):
            with contextlib.suppress(ValueError):  # what nobody can read, or compare
                one = metadata.requirement(line)
                if one.url is None and (one.marker is None or one.marker.evaluate(where)):
                    text = line.partition(";")[0].strip()
                    yield Cause(canonicalize_name(one.name), str(one.specifier), text, parent)


def unmet(lines: Iterable[str], asked: Asked) -> str:
    """The first of these requirements that no file of any index meets, and no source that may be built; ""
    where an index does not answer, which the resolver will meet."""
    where = {**listing.markers(asked.listing.target), "extra": ""}
    for line in lines:
        with contextlib.suppress(ValueError, EnvironmentProblem):
            one = metadata.requirement(legacy.requirement(line).text)
            if one.url is not None or (one.marker is not None and not one.marker.evaluate(where)):
                continue
            files = asked.listing.of(one.name)
            if not (
                listing.usable(files, one.specifier, asked.listing.target, asked.listing.pre)
                or _buildable(canonicalize_name(one.name), files, one.specifier, asked)
            ):
                return line.partition(";")[0].strip()
    return ""


def _buildable(project: str, files: list[Listed], specifier: SpecifierSet, asked: Asked) -> list[Listed]:
    """The sources that may be built, of versions that would do."""
    if asked.builder is None or not asked.builder.wants(project):
        return []
    wanted = listing.versions(files, specifier, asked.listing.pre)
    return [
        file
        for file in files
        if not file.is_wheel and file.version in wanted and listing.admits(file, asked.listing.target)
    ]


def of_sources(constraints: Iterable[Any]) -> list[Problem]:
    """Constraints of pip that say which sources a package is to be built from."""
    return [
        Problem(
            Finding(
                "REQ007",
                ERROR,
                ireq.name,
                f"the constraint means {_form(ireq)}, and sources are built only for a requirement",
                (),
                "delete the constraint, and ask for it: "
                f"'{ireq.name} @ {shown(ireq.link.url_without_fragment)}'",
            ),
            canonicalize_name(ireq.name),
            hopeless=True,
        )
        for ireq in constraints
    ]


def of_damaged(damaged: Mapping[str, Damaged]) -> list[Problem]:
    """Wheels that cannot be read, by the names of their files."""
    return [
        Problem(
            Finding(
                "REQ012",
                ERROR,
                one.project,
                f"{filename} is no wheel that can be read: {one.reason}",
                (),
                "fetch or copy it again, if that damaged it; ask for another version, if it was made so",
            ),
            one.project,
            one.parent,
            hopeless=True,
        )
        for filename, one in damaged.items()
    ]


def _form(ireq: Any) -> str:
    if ireq.link.is_vcs:
        return f"a repository of {ireq.link.scheme.partition('+')[0]}"
    return "a source tree or archive"


def _stand_in_versions(files: list[Listed], specifier: SpecifierSet) -> list[str]:
    listed = [str(v) for v in specifier.filter(sorted({f.version for f in files}, reverse=True))]
    named = [
        part.version for part in specifier if "*" not in part.version and part.contains(part.version, True)
    ]
    return listed[:20] or _versions(named)[:1] or ["0"]


def _versions(texts: Iterable[str]) -> list[str]:
    """Those that PEP 440 knows (=== takes anything), as it writes them."""
    found = []
    for text in texts:
        with contextlib.suppress(InvalidVersion):
            found.append(str(Version(text)))
    return found


def _asked(cause: Cause) -> str:
    return f"{cause.text}, needed by {cause.parent}" if cause.parent else cause.text


def _absent(cause: Cause, files: list[Listed], specifier: SpecifierSet, asked: Asked) -> Problem:
    project, text, target = cause.project, _asked(cause), asked.listing.target
    looked = (f"{several(len(files), 'file')} of {project} on the index",)
    if not files:
        where = asked.repo.named.origin(project)
        found = _no_project(project, text, where)
        if not where and not asked.repo.finder.index_urls:
            found = _no_file(found, text, asked)
        home = "" if where else named.having(asked.repo, project)
        if home:
            fix = f"take it from {home} too, which has it: --from {home}={project}"
            return Problem(found._replace(fix=fix), project, hopeless=True, home=home)
        return Problem(found, project, hopeless=True)
    matching = listing.versions(files, specifier, asked.listing.pre)
    wanted = [file for file in files if file.version in matching]
    if not wanted:
        return _no_version(cause, files, specifier, asked, looked)
    admitted = [file for file in wanted if listing.admits(file, target)]
    if not admitted:
        message = f"{text}: {_pythons(wanted)}; {target.owner} has {target.python}"
        if not any(file.is_wheel for file in wanted):
            message += f", and only source distributions exist ({wanted[-1].filename})"
        return Problem(
            Finding("REQ008", ERROR, project, message, looked), project, minors=platforms.minors(wanted)
        )
    wheels = [file for file in admitted if file.is_wheel]
    sources = [file for file in admitted if not file.is_wheel][-1:]
    pre = bool(listing.usable(files, specifier, target, True)) and not asked.listing.pre
    if not wheels:
        others = any(file.is_wheel for file in wanted)
        where = f" for Python {target.python_minor}" if others else ""
        message = f"{text}: only source distributions exist{where} ({admitted[-1].filename})"
        message += "; of its pre-releases there are wheels" if pre else ""
        compiled = platforms.all_compiled(wanted if others else files)
        source = Source(admitted[-1].version, compiled, admitted[-1].filename)
        finding = Finding("REQ002", ERROR, project, message, looked)
        return Problem(finding, project, minors=platforms.minors(wanted), pre=pre, source=source)
    if listing.usable([file._replace(yanked=None) for file in wheels], specifier, target, asked.listing.pre):
        why = next((f": {file.yanked}" for file in reversed(wheels) if file.yanked), "")
        message = f"{text}: every version that fits was yanked by its authors{why}"
        return Problem(Finding("REQ010", ERROR, project, message, looked), project)
    unfit = platforms.unfit(wheels, target)
    message = f"{text}: {unfit.text}" + "".join(f"; there is its source ({one.filename})" for one in sources)
    there = None
    if sources:
        there = Source(sources[0].version, platforms.all_compiled(wheels), sources[0].filename)
    return Problem(
        Finding("REQ001", ERROR, project, message, looked),
        project,
        minors=unfit.minors,
        system=unfit.newer_glibc,
        pre=pre,
        source=there,
    )


def _pythons(files: Sequence[Listed]) -> str:
    """What files of several versions say of Python, in the order of the versions."""
    first, last = files[0], files[-1]
    if first.requires_python == last.requires_python:
        return f"needs Python {last.requires_python}"
    return f"{first.version} needs Python {first.requires_python}, {last.version} {last.requires_python}"


def _no_project(project: str, text: str, index: str = "") -> Finding:
    if index:
        message = f"{text}: no such project there; it is to come from no other index"
        return Finding("REQ003", ERROR, project, message, (index,), "check the spelling, or what --from says")
    where = ("the index and --find-links",)
    why = _known(project)
    if why:
        return Finding(
            "REQ003",
            ERROR,
            project,
            f"{text}: no such project; this is {why}",
            where,
            "delete this requirement",
        )
    return Finding(
        "REQ003", ERROR, project, f"{text}: no such project", where,
        "check the spelling; a private package needs --extra-index-url URL or --find-links DIR",
    )  # fmt: skip


def _known(project: str) -> str:
    """What a name is that is no project's anywhere; "" for any other."""
    if project.replace("-", "_") in sys.stdlib_module_names:
        return "a module of Python itself"
    return _NO_PROJECTS.get(project, "")


def _no_file(found: Finding, text: str, asked: Asked) -> Finding:
    """The same where no index is asked (--no-index of the command, of a requirements file or of pip's
    configuration), and only places of --find-links can have it."""
    hidden = {*asked.carried.values(), *(map(str, asked.stubs.directories) if asked.stubs else ())}
    found_in = dict.fromkeys(one for one in asked.repo.finder.find_links if one not in hidden)
    places = [without_secrets(one) for one in found_in]
    where = configuration.says_no_index()
    who = where or "--no-index"
    ask = "drop --no-index"
    if where:
        ask = f"unset {where}" if where.startswith("PIP_") else f"delete no-index there ({where})"
    if _known(found.subject):
        return found._replace(looked_in=tuple(places))
    if not places:
        return found._replace(
            message=f"{text}: no index was asked ({who}), and no --find-links names a place",
            looked_in=(),
            fix=f"--find-links DIR, with a wheel of {found.subject} in DIR; or ask an index: {ask}",
        )
    return found._replace(
        message=f"{text}: no file of {found.subject} in {', '.join(places)}; no index was asked ({who})",
        looked_in=tuple(places),
        fix=f"put a wheel of {found.subject} into {' or '.join(places)}; or ask an index: {ask}",
    )


# Names that 'pip freeze' writes and no index has.
_NO_PROJECTS = {
    "pkg-resources": "a part of setuptools, which pip freeze lists on Debian and Ubuntu",
}


def _no_version(
    cause: Cause, files: list[Listed], specifier: SpecifierSet, asked: Asked, looked: tuple[str, ...]
) -> Problem:
    target = asked.listing.target
    only_pre = bool(listing.versions(files, specifier, True))
    fitting = listing.usable(files, SpecifierSet(), target, only_pre or asked.listing.pre)
    admitted = [file for file in files if listing.admits(file, target)]
    near = _nearest({file.version for file in fitting or admitted or files}, specifier)
    some = f"{'is' if len(near) == 1 else 'are'} {', '.join(map(str, near))}"
    if fitting:
        some = f"the nearest for Python {target.python_minor} there {some}"
    else:
        some = f"{_none_fits(admitted, target)}; the nearest {some}"
    local = ", ".join(
        sorted({"+" + part.version.partition("+")[2] for part in specifier if "+" in part.version})
    )
    elsewhere = f"; {local} is of another index than was asked" if local else ""
    fix = f"name the index that has {local}: --extra-index-url URL" if local else ""
    builds = asked.builder is not None and asked.builder.wants(cause.project)
    if admitted and not (fix or builds or any(file.is_wheel for file in admitted)):
        fix = f"ask for a version that there is; {platforms.as_source(cause.project)}"
    message = f"{_asked(cause)}: no such version{elsewhere}; {some}"
    pre = bool(listing.usable(files, specifier, target, True)) and not asked.listing.pre
    if only_pre:
        message = f"{_asked(cause)}: only pre-releases meet it; {some}"
    finding = Finding("REQ004", ERROR, cause.project, message, looked, fix)
    return Problem(finding, cause.project, pre=pre, local=bool(local))


def _none_fits(admitted: Sequence[Listed], target: Target) -> str:
    """Why no wheel of any version can be installed there, by the files that are for its Python."""
    wheels = [file for file in admitted if file.is_wheel]
    if wheels:
        return platforms.unfit(wheels, target).text
    if admitted:
        return f"what there is of it for Python {target.python_minor} is source only"
    return f"nothing of it is for Python {target.python_minor} there"


def _nearest(versions: Iterable[Version], specifier: SpecifierSet) -> list[Version]:
    """Some, as many on either side of what a specifier names as there are; the latest where it names none."""
    known = sorted(versions)
    named = [Version(text) for text in _versions(part.version.removesuffix(".*") for part in specifier)]
    place = bisect.bisect(known, max(named)) if named else len(known)
    first = max(0, min(place - _NEAREST // 2, len(known) - _NEAREST))
    return known[first : first + _NEAREST]


def _unreadable(cause: Cause, file: Listed, asked: Asked) -> Problem:
    line = asked.seen.unreadable[cause.project, str(file.version)]
    message = f"{_asked(cause)}: the metadata of {file.filename} cannot be read"
    return Problem(Finding("REQ012", ERROR, cause.project, message, (line,)), cause.project)


def _wrong_python(cause: Cause, target: Target) -> Problem:
    name, _, version = cause.parent.partition(" ")
    message = f"{version or 'it'} needs Python {cause.specifier}; {target.owner} has {target.python}"
    finding = Finding("REQ008", ERROR, name or "the request", message)
    return Problem(finding, canonicalize_name(name), minors=platforms.admitted(cause.specifier))


def _conflict(causes: Sequence[Cause], target: Target) -> Problem:
    lines = [
        f"{cause.parent or 'you'} {'needs' if cause.parent else 'asked for'} {cause.text}" for cause in causes
    ]
    spelled = {  # each once, as the user does who comes last here
        cause.project: Requirement(cause.text).name if cause.project else "Python"
        for cause in sorted(causes, key=lambda cause: not cause.parent)
        if _parses(cause.text)
    }
    names = sorted(spelled.values())
    finding = Finding(
        "REQ005",
        ERROR,
        " / ".join(names) or "the request",
        "these requirements conflict for " + target.describe(),
        tuple(dict.fromkeys(lines)),
    )
    between = sorted({name for cause in causes for name in (cause.project, cause.wanting) if name})
    askers = sorted({cause.wanting or cause.project for cause in causes} - {""})
    return Problem(finding, among=tuple(between), askers=tuple(askers))


def _parses(text: str) -> bool:
    try:
        Requirement(text)
    except ValueError:
        return False
    return True
