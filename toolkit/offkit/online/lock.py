"""The lock: exact wheels, with their hashes, for one target."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from offkit import __version__
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.words import several
from offkit.online import absence, foreign, indexes, upstream

MAX_ROUNDS = 40
# pip's exceptions by name: some have moved between its modules.
_ASKED_WRONGLY = (
    "InstallationError",
    "RequirementsFileParseError",
    "InvalidRequirement",
    "BadCommand",
    "CommandError",
)
_ANSWERED_WRONGLY = (
    "ResolutionTooDeepError",
    "MetadataInvalid",
    "MetadataInconsistent",
    "InvalidWheel",
    "UnsupportedWheel",
)
_NETWORK = ("Network", "Connection", "Timeout", "HTTP", "Retry", "SSL", "Proxy", "Chunked", "Incomplete")
_REQUIREMENT_SYNTAX = "write it as for pip: name, name==1.2, name>=1,<2, name[extra], or a path to a wheel"
_OTHER_HASH = "lock again for this target with 'offkit lock', or find out who changed the file"


class LockedWheel(NamedTuple):
    """One wheel of a lock. ``sha256`` is empty when the index does not tell: fetching fills it."""

    name: str
    version: str
    filename: str
    url: str
    sha256: str
    via: tuple[str, ...]


class Request(NamedTuple):
    """What a user asks to be locked: requirement lines, files of them, and pip's index options."""

    requirements: tuple[str, ...]
    files: tuple[Path, ...]
    index_args: tuple[str, ...] = ()


class Lock(NamedTuple):
    target: Target
    wheels: tuple[LockedWheel, ...]

    def text(self, why: bool = False) -> str:
        """A requirements file pip accepts with ``--require-hashes``.

        ``why`` adds who needs what; without it the text depends on the pins alone.
        """
        lines = [f"# locked by offkit {__version__} for {self.target.describe()}"]
        for wheel in self.wheels:
            lines.append(f"{wheel.name}=={wheel.version} \\")
            lines.append(f"    --hash=sha256:{wheel.sha256}")
            if why:
                lines.append("    # via " + ", ".join(wheel.via))
        return "\n".join(lines) + "\n"


class Session:
    """One target, one set of indexes: requirements in, wheels out."""

    def __init__(self, target: Target, index_args: Sequence[str], reporter: Reporter) -> None:
        self.target = target
        self.reporter = reporter
        self._index_args = list(index_args)
        self._directory = tempfile.TemporaryDirectory(prefix="offkit-lock-")
        self._stubs = absence.Stubs(Path(self._directory.name) / "stubs")
        self.repository = self._open()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.repository.session.close()
        self._directory.cleanup()

    def _open(self) -> Any:
        with _pip_speaks_through(self.reporter):
            repository = foreign.repository(self.target, self._index_args, self._directory.name)
        indexes.check_urls(repository)
        repository.finder.find_links.extend(str(directory) for directory in self._stubs.directories)
        return repository

    def lock(self, request: Request) -> Lock:
        """Resolve. Raises RequestError naming every package that cannot be had, IntegrityError
        when a given hash fits no file, EnvironmentProblem when no index answers."""
        with _pip_speaks_through(self.reporter):
            return self._lock(request)

    def _lock(self, request: Request) -> Lock:
        problems: list[Finding] = []
        for _ in range(MAX_ROUNDS):
            try:
                requirements = foreign.parse_requirements(
                    self.repository, request.requirements, request.files
                )
                refused = absence.not_wheels(requirements)
                if refused:
                    problems += refused
                    break
                pinned = foreign.resolve(self.repository, self.target, requirements)
                break
            except Exception as error:
                new = self._explain(error)
                problems += new
                if not self._stubs.grew():
                    break
                # Stand-ins take the place of what is missing, so that the next round
                # meets the next problem: all of them in one run.
                self.repository.session.close()
                self.repository = self._open()
        if problems:
            names = ", ".join(dict.fromkeys(p.subject for p in problems))
            raise RequestError(f"cannot be resolved for {self.target.describe()}: {names}", problems)
        wheels = tuple(_locked(ireq) for ireq in pinned)
        if not wheels:
            raise _nothing_applies(requirements, self.target)
        _check_hashes(pinned, wheels)
        return Lock(self.target, wheels)

    def _explain(self, error: Exception) -> list[Finding]:
        """Findings for a failed resolution; re-raises what is not about requirements."""
        if isinstance(error, OffkitError):
            raise error
        causes = foreign.causes(error)
        if causes is None:
            raise _index_trouble(error) from error
        return absence.explain(causes, self.repository, self.target, self._stubs)


def _nothing_applies(requirements: list[Any], target: Target) -> OffkitError:
    if not requirements:
        return UsageError("no requirements: the requirements file is empty", fix="add requirements to it")
    findings = [
        Finding("REQ009", ERROR, ireq.name or str(ireq), f"is only required where {ireq.markers}")
        for ireq in requirements
        if ireq.markers
    ]
    where = target.describe()
    return RequestError(
        f"none of the requirements applies to {where}", findings, "drop the marker, or choose another target"
    )


def _locked(ireq: Any) -> LockedWheel:
    link = ireq.link
    sources = {str(source.comes_from) for source in getattr(ireq, "_source_ireqs", ()) if source.comes_from}
    # A file's own name would be a path of this machine; what asked for it is enough.
    via = sorted(ireq._required_by) + (["the request"] if sources or not ireq._required_by else [])
    version = next(iter(ireq.req.specifier)).version
    url = link.url_without_fragment
    return LockedWheel(ireq.name, version, link.filename, url, link_sha256(link), tuple(via))


def link_sha256(link: Any) -> str:
    """What the index says about a file; empty when it says nothing or names a weaker hash."""
    return str(link.hash) if link.hash_name == "sha256" and link.hash else ""


def _check_hashes(pinned: list[Any], wheels: Sequence[LockedWheel]) -> None:
    """Hashes given with a requirement (a lock taken as input) must allow the wheel chosen."""
    wrong = []
    for ireq, wheel in zip(pinned, wheels, strict=True):
        allowed = set()
        for source in getattr(ireq, "_source_ireqs", ()):
            allowed.update(source.hash_options.get("sha256", ()))
        if allowed and wheel.sha256 and wheel.sha256 not in allowed:
            wrong.append(
                Finding(
                    "REQ006",
                    ERROR,
                    wheel.name,
                    f"{wheel.filename} has sha256 {wheel.sha256}, which the lock does not allow",
                    tuple(f"sha256:{value}" for value in sorted(allowed)),
                    _OTHER_HASH,
                )
            )
    if wrong:
        raise IntegrityError("files on the index do not match the lock", wrong)


def _index_trouble(error: Exception) -> OffkitError:
    """One of ours for an exception of pip; re-raises what is none of pip's."""
    name = type(error).__name__
    if "No space left on device" in str(error):
        return EnvironmentProblem(
            "no space for temporary files", fix="set TMPDIR to a directory with free space"
        )
    if name in ("HashMismatch", "HashErrors"):
        subject = getattr(getattr(error, "req", None), "name", None) or "the lock"
        text = "its file on the index has a hash that the lock does not allow"
        looked = tuple(line.strip() for line in str(error).splitlines()[1:])
        headline = "files on the index do not match the lock"
        return IntegrityError(headline, [Finding("REQ006", ERROR, subject, text, looked, _OTHER_HASH)])
    if name in _ASKED_WRONGLY:
        return UsageError(str(error).split("\noffkit: error")[0].strip(), fix=_REQUIREMENT_SYNTAX)
    if name in _ANSWERED_WRONGLY:
        return RequestError(str(error))
    if any(word in name for word in _NETWORK):
        return EnvironmentProblem(f"the package index does not answer: {error}", fix=indexes.CHECK_INDEX)
    if isinstance(error, OSError) and error.filename:
        return UsageError(f"{error.filename}: {error.strerror}", fix="check the path")
    if isinstance(error, UnicodeDecodeError):
        return UsageError(
            "a requirements file is not text", fix="give -r a file with one requirement per line"
        )
    if isinstance(error, (AttributeError, TypeError)):
        return upstream.moved(f"{name}: {error}")
    raise error


@contextmanager
def _pip_speaks_through(reporter: Reporter) -> Iterator[None]:
    """What pip would print goes to the reporter, warnings of the network visibly."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage().strip()
            retry = re.search(r"Retrying \(Retry\(total=(\d+)", text)
            if retry:
                more = several(int(retry[1]), "more time")
                reporter.warn(f"the index does not answer; trying again, {more} after that")
                reporter.note(text)
            elif record.name.startswith("pip._vendor.urllib3"):
                reporter.warn(text)
            elif text:
                reporter.note("pip: " + text)

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    handler = Handler(logging.INFO)
    try:
        root.handlers = [handler]
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
