"""pip-tools' resolver, made to answer for another machine.

pip knows foreign wheel tags but evaluates environment markers, and the resolver's own idea
of Python, for the interpreter it runs on; packages whose marker is false there are silently
left out. This module reaches into the two (by upstream.reach), and these are the places:

* ``pip._internal.models.target_python.TargetPython`` (``get_sorted_tags``,
  ``get_unsorted_tags``), handed to the finder: which wheels fit, and Requires-Python of links;
* ``RequirementCommand.make_resolver(py_version_info=…)``: the resolver's Python, against
  which Requires-Python of metadata is checked;
* ``pip._vendor.packaging.markers.default_environment``: markers, for the length of a call;
* ``piptools.repositories.PyPIRepository._finder`` and ``piptools.resolver.BacktrackingResolver``;
* ``pip._internal.resolution.resolvelib.resolver.RLResolver``: how many rounds are tried;
* ``_InstallRequirementBackedCandidate._prepare`` of ``pip._internal.resolution.resolvelib.candidates``:
  which wheel cannot be read;
* ``pip._internal.req`` for requirement files, which ``req_file.get_file_content`` reads.

When one has moved, the caller gets an OffkitError that names it and the versions in use.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
import re
import tempfile
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from offkit.model import legacy
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.target import Target
from offkit.model.url import begin, is_address, is_url, without_secrets
from offkit.model.words import several
from offkit.online.index import configuration, indexes, listing, metadata, network, sdists, troubles
from offkit.online.index.metadata import Damaged, Seen
from offkit.online.index.troubles import SYNTAX
from offkit.online.index.upstream import UNDEFINED, moved, reach
from offkit.online.request import charset, frozen, tables
from offkit.online.request import lines as own_lines
from offkit.online.request.locked import Place
from offkit.online.resolve import dead_ends
from offkit.online.resolve.limit import Limit, Limited
from offkit.online.sources import offered

# Options of 'pip install' that are not about indexes: wheels only, and no word from pip itself.
_PIP_ARGS = ("--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--prefer-binary")
_SHOWN = 300  # characters of a marker, or of a line that is longer than
_LONG = 2000
_UNREAD = "a requirements file cannot be read from its server"
_SCP = re.compile(r"\bgit\+([\w.-]+@[\w.-]+):(?!//|\d+/)([^\s;]+)")  # git-clone(1), "GIT URLS"
# As Debian and Ubuntu count their own builds (deb-version(7)); pip freeze lists those that are installed.
_DISTRIBUTION = re.compile(
    r"\s*[\w.-]+(?:\[[^\]]*\])?\s*==\s*(\d[^\s;,]*?(?:build|ubuntu|deb|dfsg)\d[^\s;,]*)"
)
_NAME = re.compile(r"\s*[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*")  # that may stand before an @
_SCHEME = re.compile(r"([A-Za-z][\w+.-]*):")
_ARCHIVES = (".whl", *sdists.ENDS)
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*:/|[./]")  # of a file, with no name before it


def repository(target: Target, index_args: list[str], cache_dir: str) -> Any:
    """A PyPIRepository whose finder and resolver are those of ``target``.

    ``index_args`` are pip's own (``--index-url`` …); pip.conf, PIP_* and proxies of this side
    of the gap hold as usual.
    """
    repository_class = reach("piptools.repositories", "PyPIRepository")
    target_python = reach("pip._internal.models.target_python", "TargetPython")
    tag_class = reach("pip._vendor.packaging.tags", "Tag")
    tags = [tag_class(*tag.split("-")) for tag in target.tags()]
    version = tuple(int(part) for part in target.python.split("."))

    class ForeignPython(target_python):  # type: ignore[misc,valid-type]
        __slots__ = ()

        def get_sorted_tags(self) -> list[Any]:
            return tags

        def get_unsorted_tags(self) -> set[Any]:
            return tag_set

        get_tags = get_sorted_tags  # its name until pip 23.3

    tag_set = set(tags)
    repo = repository_class([*index_args, *_PIP_ARGS], cache_dir=cache_dir)
    repo.written = {}  # where a requirements file names an index or a place of --find-links, by what is shown
    try:
        repo._finder = repo.command._build_package_finder(
            options=repo.options,
            session=repo.session,
            target_python=ForeignPython(py_version_info=version),
        )
        repo.command.make_resolver = functools.partial(
            type(repo.command).make_resolver, py_version_info=version
        )
    except (AttributeError, TypeError) as error:
        raise moved(str(error)) from error
    return repo


@contextlib.contextmanager
def markers_of(target: Target) -> Iterator[None]:
    """For the length of the block, ``marker.evaluate()`` of pip's packaging answers for ``target``."""
    module = importlib.import_module("pip._vendor.packaging.markers")
    original = reach("pip._vendor.packaging.markers", "default_environment")
    environment = listing.markers(target)
    module.default_environment = lambda: dict(environment)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.default_environment = original  # type: ignore[attr-defined]


@contextlib.contextmanager
def temporary_files_in(directory: Path) -> Iterator[None]:
    """For the length of the block, those of pip are made there: it gives them no names to sweep them by."""
    original, tempfile.tempdir = tempfile.tempdir, str(directory)
    try:
        yield
    finally:
        tempfile.tempdir = original


@contextlib.contextmanager
def _search(finder: Any, limit: Limit | None) -> Iterator[None]:
    """For the length of the block, pip's resolver tries no dead end twice, and raises what it has for a
    resolution too deep at the limit; None: after its own number of rounds, which takes hours. ``finder``:
    its own."""
    module = importlib.import_module("pip._internal.resolution.resolvelib.resolver")
    original = reach("pip._internal.resolution.resolvelib.resolver", "RLResolver")

    class Search(original):  # type: ignore[misc,valid-type]
        def resolve(self, requirements: Any, max_rounds: int = 100) -> Any:
            own: Any = self
            if limit is not None:
                own.provider, max_rounds = Limited(own.provider, limit), min(max_rounds, limit.rounds)

            def ask(provider: Any, reporter: Any) -> Any:
                own.provider, own.reporter = provider, reporter
                return super(Search, self).resolve(requirements, max_rounds)

            unasked = functools.partial(dead_ends.unasked, own.provider, finder)
            return dead_ends.resolve(own.provider, own.reporter, requirements, unasked, ask)

    module.RLResolver = Search  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.RLResolver = original  # type: ignore[attr-defined]


@contextlib.contextmanager
def _damage_is_noted(seen: Seen) -> Iterator[None]:
    """For the length of the block, a wheel that cannot be read is noted in ``seen``; the resolver goes on
    with others."""
    candidate = reach("pip._internal.resolution.resolvelib.candidates", "_InstallRequirementBackedCandidate")
    original = candidate._prepare

    def prepare(self: Any) -> Any:
        link = self._link
        project = canonicalize_name(link.filename.partition("-")[0])
        try:
            return original(self)
        except Exception as error:
            reason = troubles.damage(error) if link.is_wheel else ""
            if not reason:
                if type(error).__name__ == "MetadataInconsistent":  # pip passes over it
                    version = listing.version_of(link.filename)
                    said = str(error).partition(" has inconsistent ")[2]
                    seen.unreadable.setdefault((project, str(version)), f"inconsistent {said}")
                raise
            parent = canonicalize_name(getattr(self._ireq.comes_from, "name", None) or "")
            seen.damaged.setdefault(link.filename, Damaged(project, reason, parent))
            raise offered.rejection(reason) from error

    candidate._prepare = prepare
    try:
        yield
    finally:
        candidate._prepare = original


def resolve(
    repo: Any, target: Target, requirements: list[Any], seen: Seen, limit: Limit | None = None
) -> list[Any]:
    """Pinned InstallRequirements, each with its ``link``; pip's exceptions pass through.

    What packages say of themselves on the way is noted in ``seen``.
    """
    resolver_class = reach("piptools.resolver", "BacktrackingResolver")
    with markers_of(target), metadata.watched(seen), _damage_is_noted(seen), _search(repo.finder, limit):
        resolver = resolver_class(
            constraints=requirements,
            existing_constraints={},
            repository=repo,
            allow_unsafe=True,
        )
        pinned = resolver.resolve(max_rounds=10)
    return sorted(pinned, key=lambda ireq: str(ireq.name))


def parse_requirements(
    repo: Any,
    lines: Sequence[str],
    files: Sequence[Place],
    constraints: Sequence[Place] | None = None,
    tell: Callable[[Finding], object] = lambda finding: None,
    build: Collection[str] = (),
    refused: list[UsageError] | None = None,
) -> list[Any]:
    """InstallRequirements of command-line words and requirements files, pip's own syntax.

    Index options inside a file act on ``repo``. Markers are the resolver's business. ``constraints``
    are files, and pip's configuration may name more; None means that there are none. ``tell`` is called
    for each line that is taken for something else, and for --no-binary but of what to ``build``.
    ``refused`` gets an error for each line that nobody can mean, and the others are read; without it, they
    are raised.
    """
    wrong: list[UsageError] = [] if refused is None else refused
    found = _possible(_parsed(repo, lines, files, constraints, tell, wrong), wrong)
    if refused is None:
        refuse(wrong)
    indexes.check_urls(repo)  # a file may have named some
    # And it may carry --no-binary or --pre of its own; wheels only stays.
    asked = sorted(repo.finder.format_control.no_binary)
    for one in configuration.no_binary("a requirements file", "--no-binary ", asked, build):
        tell(one)
    reach("pip._internal.models.format_control", "FormatControl").handle_mutual_excludes(
        ":all:", repo.finder.format_control.only_binary, repo.finder.format_control.no_binary
    )
    # pip's own way to read wheels by ranges: Kept's says which of them could not be had. In place, for what a
    # file asks for is in the default of every later session, too.
    features = repo.options.features_enabled
    features[:] = [one for one in features if one != "fast-deps"]
    return found


def refuse(wrong: Sequence[UsageError], also: Iterable[Finding] = ()) -> None:
    """Raises them as one, where there are any, with what ``also`` is wrong."""
    if wrong:
        fixes = dict.fromkeys(error.fix for error in wrong)
        raise UsageError("\n".join(error.message for error in wrong), list(also), "\n".join(fixes))


def _parsed(
    repo: Any,
    lines: Sequence[str],
    files: Sequence[Place],
    constraints: Sequence[Place] | None,
    tell: Callable[[Finding], object],
    refused: list[UsageError],
) -> list[Any]:
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    from_editable = reach("pip._internal.req.constructors", "install_req_from_editable")
    from_parsed = reach("pip._internal.req.constructors", "install_req_from_parsed_requirement")
    parse_file = reach("pip._internal.req", "parse_requirements")
    found: list[Any] = []
    for line in lines:
        words, *hashes = line.split(" --hash=sha256:")
        options = {"sha256": hashes} if hashes else None
        with _refusing("the request", words, refused):
            taken = _taken(words, "the request", tell)
            if words.startswith("-e "):
                _check_here(words[3:], "the request", editable=True)
                found.append(from_editable(words[3:]))
            else:
                _check_here(taken, "the request")
                found.append(from_line(taken, comes_from="the request", hash_options=options))
    limits = [] if constraints is None else [*repo.options.constraints, *map(str, constraints)]
    set_in = {path: one.where for one in configuration.named("constraint") for path in one.value.split()}
    opened: list[str] = []
    torn: set[str] = set()  # where a URL ends at a blank: what follows may be of its password
    for path, constraint in [*((str(path), False) for path in files), *((path, True) for path in limits)]:
        named_in = set_in.get(path, "") if constraint and path not in map(str, constraints or ()) else ""
        if named_in and named_in in torn:
            continue
        if named_in and is_url(path) and not is_address(path):
            torn.add(named_in)
        # optparse would print its own usage
        with (
            _refusing(named_in, "", refused),
            contextlib.redirect_stderr(io.StringIO()),
            _files_are_text(opened, tell),
            own_lines.told(opened, tell, refused, repo.written),
        ):
            for each in parse_file(
                path, session=repo.session, finder=repo.finder, options=repo.options, constraint=constraint
            ):
                comes_from = without_secrets(each.comes_from)
                where = comes_from.partition(" ")[2]  # after -r or -c
                with _refusing(where, each.requirement, refused):
                    words = _taken(each.requirement, where, tell)
                    _check_form(each, words, where)
                    _check_here(words, where, each.is_editable)
                    # Frozen in some versions of pip, in others not.
                    object.__setattr__(each, "requirement", words)
                    object.__setattr__(each, "comes_from", comes_from)
                    found.append(from_parsed(each))
    return found


@contextlib.contextmanager
def _refusing(where: str, line: str, refused: list[UsageError]) -> Iterator[None]:
    """What is wrong with a line, or with a whole file where there is no ``line``, goes into ``refused``."""
    try:
        yield
    except UsageError as error:
        refused.append(error)
    except (OffkitError, UnicodeError):
        raise
    except (ValueError, LookupError, AssertionError, RecursionError) as error:
        refused.append(UsageError(without_secrets(f"cannot be read as requirements: {error}"), fix=SYNTAX))
    except Exception as error:
        ours = troubles.of(error)
        if not isinstance(ours, UsageError):
            raise ours from error
        message, fix = ours.message, ours.fix
        if line and message.startswith("Invalid requirement: "):
            message, fix = message.partition("\n")[0], without_secrets(own_lines.cure(line) or SYNTAX)
        if len(message) > _LONG:
            message = message[:_SHOWN] + " ..."
        kind = Unopened if message.startswith("Could not open") else UsageError
        refused.append(kind(f"{where}: {message}" if where else message, fix=fix))


def _possible(requirements: Sequence[Any], refused: list[UsageError]) -> list[Any]:
    """Those of them that somebody may have; what is wrong with the others goes into ``refused``."""
    found, wrong = [], []
    for ireq in requirements:
        texts = [place_of(ireq) + text for text in _impossible(ireq)]
        found += [] if texts else [ireq]
        wrong += texts
    if wrong:
        fix = "correct or delete " + several(len(wrong), "requirement")
        refused.append(UsageError("\n".join(wrong), fix=fix))
    return found


def place_of(ireq: Any) -> str:
    """ "FILE (line 3): " of one that stands in a file, else ""."""
    option, _, place = str(ireq.comes_from or "").partition(" ")
    return f"{place}: " if option in ("-r", "-c") else ""


def _impossible(ireq: Any) -> Iterator[str]:
    """Why no index anywhere can have it; nothing for all that some may have."""
    if len(ireq.name or "") > metadata.LONGEST_NAME:
        yield f"{ireq.name[:40]}... is no name: it has {len(ireq.name)} characters"
    if ireq.link is not None and not ireq.link.scheme:
        yield f"{ireq.name or 'a requirement'}: {without_secrets(ireq.link.url)} is not a URL"
    elif ireq.link is not None and not ireq.link.is_vcs and ireq.link.scheme not in ("http", "https", "file"):
        place, scheme = without_secrets(ireq.link.url), ireq.link.scheme
        meant = f"; a repository is git+{place}" if scheme in ("ssh", "git") else ""
        yield f"{ireq.name or 'a requirement'}: {place}: pip knows no URL that begins with {scheme}:{meant}"
    for clause in ireq.specifier if ireq.req is not None else ():
        if clause.operator == "===" and not _is_version(clause.version):
            yield (
                f"{ireq.name}==={clause.version}: no index has a version that PEP 440 does not know; "
                "'pip freeze' lists such ones for a distribution's own packages"
            )
        elif len(clause.version) > metadata.LONGEST_VERSION:
            shown = f"{ireq.name}{clause.operator}{clause.version[:20]}..."
            yield f"{shown} is no version: it has {len(clause.version)} characters"
    if ireq.link is not None and "\0" in unquote(ireq.link.url):
        yield f"{ireq.name or 'a requirement'}: a path has no NUL byte"
    elif ireq.link is not None and ireq.link.is_wheel and ireq.name:
        project = canonicalize_name(ireq.link.filename.partition("-")[0])
        if project != canonicalize_name(ireq.name):
            yield f"{ireq.name}: {without_secrets(ireq.link.url_without_fragment)} is a wheel of {project}"
    web = ireq.link is not None and ireq.link.scheme.rsplit("+", 1)[-1] in ("http", "https")
    if web and not is_address(ireq.link.url):
        yield f"{ireq.name or 'a requirement'}: {without_secrets(ireq.link.url)} is not a URL"


def evaluable(requirements: Iterable[Any], refused: list[UsageError]) -> list[Any]:
    """Those whose markers can be evaluated; for the others ``refused`` gets an error; within
    ``markers_of``."""
    wrong, found = [], []
    for ireq in requirements:
        try:
            ireq.match_markers()
            found.append(ireq)
        except Exception as error:
            if type(error).__name__ not in UNDEFINED and not isinstance(error, (ValueError, RecursionError)):
                raise
            marker = textwrap.shorten(str(ireq.markers), _SHOWN, placeholder=" ...")
            wrong.append(f"{place_of(ireq)}{ireq.name or ireq.link}: {listing.MEANINGLESS.format(marker)}")
    if wrong:
        refused.append(UsageError(without_secrets("\n".join(wrong)), fix=listing.MARKERS))
    return found


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _taken(line: str, where: str, tell: Callable[[Finding], object]) -> str:
    scp = _SCP.search(line)
    if scp:
        message = f"{where}: {without_secrets(scp[0])} is how scp writes it, and no URL"
        raise UsageError(message, fix=f"write git+ssh://{scp[1]}/{scp[2].lstrip('/')}")
    if own_lines.is_python(line):
        message = f"{where}: {line.strip()} is about the interpreter, and no package of an index"
        raise UsageError(message, fix="delete the line: the server's Python is --python or --target")
    own = _DISTRIBUTION.match(line)
    if own and not _is_version(own[1]):
        message = (
            f"{where}: {own[0].strip()} is a package of a distribution's own, and no index has that version"
        )
        fix = "delete such a line; where the package is needed, ask for it by its name alone"
        raise UsageError(message, fix=fix)
    taken = frozen.read(legacy.requirement(line).text, where)
    if taken.finding is not None:
        tell(taken.finding)
    return taken.text


def _check_form(parsed: Any, words: str, where: str) -> None:
    """Raises UsageError for what pip would refuse without saying where it is."""
    if parsed.is_editable and begin(words) != without_secrets(words):
        raise UsageError(f"{where}: -e {begin(words)} is not a URL", fix="correct it" + network.QUOTE)
    if parsed.is_editable and frozen.is_gone(words):
        message = f"{where}: -e {words} is a source tree of another machine"
        raise Missing(message, _project(words), "delete the line, or copy the tree to here")
    if parsed.constraint and (parsed.is_editable or _ADDRESS.match(words)):
        fix = "a constraint is a name with versions, or with a URL: name==1.2, name @ URL"
        raise UsageError(f"{where}: {without_secrets(words)} is no constraint", fix=fix)


class Unopened(UsageError):
    """For a file of requirements or constraints: nobody knows what the request is."""


class Missing(UsageError):
    """For a requirement that is to be had of this machine, and is not there."""

    def __init__(self, message: str, project: str, fix: str) -> None:
        """``project``: that it seems to be, normalised."""
        super().__init__(message, fix=fix)
        self.project = project


def _project(path: str) -> str:
    """The project that a directory, an archive or a wheel seems to be, by its name."""
    return canonicalize_name(re.split(r"-\d|[\[#]", os.path.basename(path.rstrip("/")))[0])


def _check_here(words: str, where: str, editable: bool = False) -> None:
    """Raises Missing for a file or directory of this machine that is not there."""
    name, at, url = words.partition("@")
    given = (url if at and _NAME.fullmatch(name) else words).strip()
    scheme = _SCHEME.match(given)
    path = given = given.split("; " if scheme else ";")[0].rstrip()
    if scheme is not None:
        if scheme[1].lower() != "file":
            return
        try:
            path = reach("pip._internal.utils.urls", "url_to_path")(given.partition("#")[0])
        except ValueError:  # of another host
            return
    elif not (editable or os.sep in given or given.startswith(".") or given.endswith(_ARCHIVES)):
        return  # a name
    if "\0" in path or any(map(os.path.lexists, (path, path.partition("[")[0]))):
        return
    shown = ("-e " if editable else "") + without_secrets(given)
    message = f"{where}: {shown}: no such file or directory on this machine"
    fix = "check the path, or ask for the package by its name"
    if not os.path.isabs(path):
        message += f", where a path starts at {os.getcwd()}"
        fix += ", or run the command in the directory where its path starts"
    raise Missing(message, canonicalize_name(name.strip()) if given != words else _project(path), fix)


@contextlib.contextmanager
def _files_are_text(opened: list[str], tell: Callable[[Finding], object]) -> Iterator[None]:
    """For the length of the block, ``opened`` gets the name of each file that is read, and one that pip
    cannot read is named, whichever file has named it: one of this machine with the encoding that it seems
    to have, one of a server with what that answers. Lists of pip's are read as their
    rows, which ``tell`` hears."""
    module = importlib.import_module("pip._internal.req.req_file")
    original = reach("pip._internal.req.req_file", "get_file_content")

    def get_file_content(url: str, *more: Any, **named: Any) -> Any:
        if is_url(url) and not is_address(url):
            raise UsageError(f"{begin(url)} is not a URL", fix="correct it" + network.QUOTE)
        try:
            found = original(url, *more, **named)
        except OffkitError:
            raise  # of --offline
        except UnicodeDecodeError as error:
            raise charset.refusal(url, error.object, error.encoding) from error
        except LookupError as error:  # of a coding: line
            raise UsageError(f"{url}: {error}", fix="correct its line with 'coding:'") from error
        except Exception as error:
            if not is_url(url):
                raise
            raise indexes.unheard(error, _UNREAD, "check its URL and the proxy") from error
        if is_url(url) and found[1].lstrip().startswith("<"):
            shown, message = without_secrets(url), "answers with a page for people, and not with requirements"
            raise EnvironmentProblem(_UNREAD, [Finding("NET008", ERROR, shown, message)], "check its URL")
        if "\0" in found[1]:
            raise charset.refusal(url, found[1].encode())
        opened.append(without_secrets(url))
        table = tables.read(found[1])
        if table is None:
            return found
        rows = several(table.rows, "row")
        message = f"it is {table.what}, with {rows}: read as pip list --format=freeze would write it"
        tell(Finding("REQ018", INFO, opened[-1], message))
        return found[0], table.text

    module.get_file_content = get_file_content  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.get_file_content = original  # type: ignore[attr-defined]
