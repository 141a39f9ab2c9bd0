"""What the indexes list of a project, and which of it fits a target: every file, not only the best."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name
from packaging.version import InvalidVersion, Version

from offkit.edges import releases
from offkit.model import legacy
from offkit.model.target import Target
from offkit.online.index import pages, release, sdists
from offkit.online.index.lots import Lot, Offered
from offkit.online.index.upstream import reach

# Of a marker that cannot be decided: what is wrong, and what to do.
MEANINGLESS = "its marker ({}) means nothing: what it compares cannot be compared so"
MARKERS = "correct it, as PEP 508 has it: python_version < '3.7', os_name == 'posix'"


class Listed(NamedTuple):
    """One file an index lists for a project."""

    version: Version
    filename: str
    tags: frozenset[Tag]  # of a wheel; none of a source distribution
    requires_python: str
    yanked: str | None  # why; "" when nobody says
    year: int | None  # of the upload, where the index tells (PEP 700)

    @property
    def is_wheel(self) -> bool:
        return bool(self.tags)


class Status(NamedTuple):
    """What an index says of a whole project (PEP 792): archived, quarantined, deprecated."""

    status: str
    reason: str


class Listing:
    """All that a finder of pip has seen: it is asked once for a project, by the resolver or by us.

    It also keeps pre-releases from a project that has final ones, in whatever form: pip would take
    a pre-release where only that one is a wheel.
    """

    def __init__(
        self,
        finder: Any,
        target: Target,
        pre: bool = False,
        hidden: Iterable[str] = (),
        known: dict[Any, pages.Page] | None = None,
        pythons: Mapping[release.Release, str] | None = None,
    ) -> None:
        """``pre``: pre-releases are wanted; ``hidden`` are file names that are no index's: stand-ins.
        ``known``: what others read for this target, and will. ``pythons``: what METADATA of releases has
        said of Python, and will, as ``Seen`` has it: that counts as if the page said it."""
        self.target, self.pre = target, pre
        self._finder = finder
        self._hidden = hidden
        self._links: dict[str, dict[str, Any]] = {}
        self._read: dict[str, tuple[int, list[Listed]]] = {}  # of how many links, and what they are
        self._supported = frozenset(Tag(*tag.split("-")) for tag in target.tags())
        self._known = known if known is not None else {}
        self._pythons = pythons if pythons is not None else {}
        self._offered: dict[str, Offered] = {}
        self.statuses: dict[str, Status] = {}
        self.meant: Mapping[str, Collection[str]] = {}  # by project: no file but with these SHA-256
        self._watch()

    def of(self, project: str) -> list[Listed]:
        """In the order of their versions."""
        name = canonicalize_name(project)
        links = self._all(name)
        number, files = self._read.get(name, (-1, []))
        if number != len(links):
            files = _sorted(name, links.values())
            self._read[name] = len(links), files
        return self._as_metadata_says(name, files)

    def since(self, project: str, filename: str) -> list[Listed]:
        """The same of the version that a file has, and of newer ones."""
        name = canonicalize_name(project)
        links, oldest = self._all(name), version_of(filename)
        if oldest is None:
            return self.of(project)

        texts = list(map(_version_text, links))
        read = {text: _read_version(text) for text in set(texts)}
        newer = {text for text, version in read.items() if version is None or version >= oldest}
        found = (link for text, link in zip(texts, links.values(), strict=True) if text in newer)
        return self._as_metadata_says(name, _sorted(name, found))

    def _as_metadata_says(self, name: str, files: list[Listed]) -> list[Listed]:
        """With what is known of Python, where a page has not said it: of a directory, or an old index."""
        said = self._said(name)
        if not said:
            return files
        return [
            one if one.requires_python else one._replace(requires_python=said.get(str(one.version), ""))
            for one in files
        ]

    def _said(self, name: str) -> dict[str, str]:
        return {
            release.normal(version): text
            for (project, version), text in self._pythons.items()
            if project == name and text
        }

    @property
    def projects(self) -> list[str]:
        """Those that were asked for."""
        return sorted(self._links)

    def fitting(
        self, project: str, matters: Callable[[str], bool], filename: str = "", sources: bool = False
    ) -> list[Listed]:
        """Whose Requires-Python was looked at and ``matters``: wheels with a tag of the target, and perhaps
        ``sources``; with a ``filename`` those of its version and of newer ones."""
        name = canonicalize_name(project)
        oldest = version_of(filename) if filename else None

        @functools.cache  # of tens of thousands of files, most of which then need not be read
        def decides(requires_python: str | None) -> bool:
            return matters(legacy.specifier(requires_python or "").text)

        files = _sorted(name, (link for link in self._all(name).values() if decides(link.requires_python)))
        return [
            one
            for one in files
            if (oldest is None or one.version >= oldest)
            and (not one.tags.isdisjoint(self._supported) or (sources and not one.is_wheel))
        ]

    def file(self, project: str, filename: str) -> Listed | None:
        """One of them."""
        name = canonicalize_name(project)
        link = self._all(name).get(filename)
        return _read(name, link) if link is not None else None

    def link(self, project: str, filename: str) -> Any:
        """pip's own, of a file that was listed and is a candidate."""
        found = self._all(canonicalize_name(project))[filename]
        if not isinstance(found, pages.Row):
            return found
        links = (one.link for one in self._finder.find_all_candidates(canonicalize_name(project)))
        return next(link for link in links if link.filename == filename and not link.is_file)

    def has_finals(self, project: str) -> bool:
        name = canonicalize_name(project)
        links = self._all(name)
        # The newest come last on most pages.
        for filename in reversed(links):
            version = version_of(filename)
            if version is not None and version.is_prerelease:
                continue
            one = _read(name, links[filename])
            if one is not None and not one.version.is_prerelease:
                return True
        return False

    def _all(self, name: str) -> dict[str, Any]:
        if name not in self._links:
            self._links.setdefault(name, {})
            self._finder.find_all_candidates(name)
        return self._links[name]

    def read(self, project: str, response: Any) -> pages.Page:
        """A page that an index has answered with; once, whoever asked."""
        name = canonicalize_name(project)
        allowed = self._finder.format_control.get_allowed_formats(name)
        # Whoever wants files by their time of upload is told by pip of those that have none.
        sources = "source" in allowed or getattr(self._finder, "_uploaded_prior_to", None) is not None
        meant = self.meant.get(name)
        told = frozenset(meant) if meant is not None else None
        key = name, sources, response.url, response.content_type, hash(response.content), told
        page = self._known.get(key)
        if page is None:
            link_of = reach("pip._internal.models.link", "Link").from_json
            fits = pages.fitting(self._supported, sources)
            page = pages.read(response, fits, link_of, _versions(name), meant)
            if page is None:
                page = pages.of_links(reach("pip._internal.index.collector", "parse_links")(response))
            self._known[key] = page
        return page

    def pages_of(self, project: str) -> list[pages.Page]:
        """Those that have been read."""
        name = canonicalize_name(project)
        return [page for key, page in list(self._known.items()) if key[0] == name]

    def _watch(self) -> None:
        finder, collector = self._finder, self._finder._link_collector
        evaluate, evaluator, fetch, find = (
            finder.evaluate_links,
            finder.make_candidate_evaluator,
            collector.fetch_response,
            finder.find_all_candidates,
        )
        named = "package_name" in inspect.signature(fetch).parameters
        to_path = reach("pip._internal.utils.urls", "url_to_path")
        nothing = reach("pip._vendor.packaging.specifiers", "SpecifierSet")

        def evaluate_links(link_evaluator: Any, links: Iterable[Any]) -> Any:
            kept = [link for link in links if pages.can_be(link.filename)]
            name = canonicalize_name(link_evaluator.project_name)
            seen, said = self._links.setdefault(name, {}), self._said(name)
            for link in kept:
                if link.requires_python:
                    link.requires_python = legacy.specifier(link.requires_python).text
                elif said:
                    link.requires_python = said.get(str(version_of(link.filename)))
                if not (link.is_file and Path(to_path(link.url)).name in self._hidden):
                    seen.setdefault(link.filename, link)
            return evaluate(link_evaluator, kept)

        def make_candidate_evaluator(project_name: str, specifier: Any = None, hashes: Any = None) -> Any:
            wanted = specifier if specifier is not None else nothing()
            if not wanted.prereleases and self.has_finals(project_name):
                wanted = _Finals(wanted)
            made = evaluator(project_name=project_name, specifier=wanted, hashes=hashes)
            compute = made.compute_best_candidate

            def compute_best_candidate(candidates: Any) -> Any:
                # Hashes are of files, and === is about how a file spells its version.
                by_version = isinstance(candidates, Offered) and not hashes and "===" not in str(specifier)
                chosen = candidates.chosen(made) if by_version else None
                return chosen or compute(list(candidates))

            made.compute_best_candidate = compute_best_candidate
            return made

        def find_all_candidates(project_name: str) -> Any:
            found = find(project_name)
            if not any(isinstance(one, Lot) for one in found):
                return found
            offered = self._offered.get(project_name)
            if offered is None or offered.found is not found:
                offered = self._offered[project_name] = Offered(found)
            return offered

        def fetch_response(location: Any, *more: Any, **named: Any) -> Any:
            response = fetch(location, *more, **named)
            if response is not None and b"project-status" in response.content:
                self._note_status(response.content)
            return response

        def process_project_url(project_url: Any, link_evaluator: Any) -> Any:
            project = link_evaluator.project_name
            more = {"package_name": project} if named else {}
            response = collector.fetch_response(project_url, **more)
            if response is None:
                return []
            page = self.read(project, response)
            seen = self._links.setdefault(canonicalize_name(project), {})
            if seen:
                seen.update((filename, row) for filename, row in page.rows.items() if filename not in seen)
            else:
                seen.update(page.rows)
            rest = finder.evaluate_links(link_evaluator, page.rest)
            if rest and page.wheels:
                return finder.evaluate_links(link_evaluator, page.links)

            def make(rows: Iterable[Any]) -> Any:
                return finder.evaluate_links(link_evaluator, map(page.link, rows))

            return rest or [Lot(*one, make) for one in page.wheels]

        finder.find_all_candidates = find_all_candidates
        finder.process_project_url = process_project_url
        finder.evaluate_links = evaluate_links
        finder.make_candidate_evaluator = make_candidate_evaluator
        collector.fetch_response = fetch_response

    def _note_status(self, content: bytes) -> None:
        try:
            page = json.loads(content)
            said = page["project-status"]
            status = Status(str(said.get("status") or "active"), str(said.get("reason") or ""))
            if status.status != "active":
                self.statuses[canonicalize_name(str(page["name"]))] = status
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # a page in HTML, or of an index with ideas of its own


class _Finals:
    """A list of version clauses that means final releases only, unless all are wanted."""

    def __init__(self, specifier: Any) -> None:
        self._specifier = specifier

    def filter(self, iterable: Iterable[Any], prereleases: bool | None = None, **more: Any) -> Iterable[Any]:
        found: Iterable[Any] = self._specifier.filter(iterable, prereleases=bool(prereleases), **more)
        return found


def _sorted(project: str, links: Iterable[Any]) -> list[Listed]:
    read = (_read(project, link) for link in links)
    return sorted((one for one in read if one is not None), key=lambda one: one.version)


def _read(project: str, link: Any) -> Listed | None:
    """Of a link of pip's, or of a row of a page."""
    if isinstance(link, pages.Row):
        filename, requires = link.filename, legacy.specifier(link.requires_python).text
        yanked = (
            link.yanked if isinstance(link.yanked, str) and link.yanked else ("" if link.yanked else None)
        )
        year = int(link.uploaded[:4]) if link.uploaded else None
    else:
        filename, requires, yanked = link.filename, link.requires_python or "", link.yanked_reason
        uploaded = getattr(link, "upload_time", None)
        year = uploaded.year if uploaded else None
    try:
        if filename.endswith(".whl"):
            name, version, tags = _parts(filename)
        else:
            name, version, tags = project, _version(sdists.version(filename, project)), frozenset()
    except (InvalidWheelFilename, InvalidVersion):
        return None  # eggs, installers, signatures: nobody can install those here
    if name != project:
        return None
    return Listed(version, filename, tags, requires, yanked, year)


def of_link(link: Any) -> Listed | None:
    """One that pip has of a file that was given by its place; None where its name says nothing."""
    return _read(canonicalize_name(link.filename.partition("-")[0]), link)


def version_of(filename: str) -> Version | None:
    """What the name of a file says, if it is easily read."""
    return _read_version(_version_text(filename))


def _version_text(filename: str) -> str:
    if filename.endswith(".whl"):
        return filename.split("-", 2)[1] if "-" in filename else ""
    return sdists.stem(filename).rpartition("-")[2]


def _read_version(text: str) -> Version | None:
    try:
        return _version(text)
    except InvalidVersion:
        return None


def _parts(filename: str) -> tuple[str, Version, frozenset[Tag]]:
    """As parse_wheel_filename, for tens of thousands of names that have few versions and tags among them."""
    parts = filename[: -len(".whl")].split("-")
    if len(parts) not in (5, 6) or not all(parts[0:2]) or (len(parts) == 6 and not parts[2][:1].isdigit()):
        raise InvalidWheelFilename(filename)
    try:
        return canonicalize_name(parts[0]), _version(parts[1]), pages.tags("-".join(parts[-3:]))
    except ValueError as error:  # InvalidVersion, InvalidTag
        raise InvalidWheelFilename(filename) from error


_version = functools.lru_cache(maxsize=4096)(Version)


def _versions(project: str) -> Callable[[str], Any]:
    """What gives pip's version of a wheel's file name; None for one of another project, or one that is not
    as all versions of pip read it."""
    make = reach("pip._vendor.packaging.version", "Version")

    @functools.cache
    def of(name: str, text: str) -> Any:
        try:
            return make(text) if canonicalize_name(name) == project and "_" not in text else None
        except ValueError:
            return None

    def version(filename: str) -> Any:
        parts = filename.split("-", 2)
        return of(parts[0], parts[1]) if filename.endswith(".whl") and len(parts) == 3 else None

    return version


def versions(files: Iterable[Listed], specifier: SpecifierSet, pre: bool) -> set[Version]:
    """Those that ``specifier`` means, pre-releases as the finder takes them; ``pre``: all of them."""
    every = {file.version for file in files}
    finals = any(not version.is_prerelease for version in every)
    return set(
        specifier.filter(
            every, prereleases=True if pre else (None if _named(specifier) or not finals else False)
        )
    )


def _named(specifier: SpecifierSet) -> bool:
    """Whether it has a pre-release in it, which PEP 440 takes for a wish to have some."""
    return bool(specifier.prereleases)


def markers(target: Target) -> dict[str, str]:
    """The PEP 508 environment of a server, with the kernel that its release has."""
    return target.markers(releases.of(target.el, target.name).kernel)


def admits(file: Listed, target: Target) -> bool:
    """Whether Requires-Python does."""
    return admitted(file.requires_python, target)


def admitted(requires_python: str, target: Target) -> bool:
    """The same of its text; pip takes one that nobody can read for none."""
    try:
        return not requires_python or target.python in SpecifierSet(requires_python)
    except InvalidSpecifier:
        return True


def usable(
    files: Iterable[Listed], specifier: SpecifierSet, target: Target, pre: bool = False
) -> list[Listed]:
    """The wheels that can be installed there, a yanked one only where it is asked for by its version."""
    files, tags = list(files), set(target.tags())
    wanted = versions(files, specifier, pre)
    pinned = any(part.operator in ("==", "===") and "*" not in part.version for part in specifier)
    return [
        file
        for file in files
        if file.version in wanted
        and (pinned or file.yanked is None)
        and not tags.isdisjoint(map(str, file.tags))
        and admits(file, target)
    ]
