"""What pip raises and prints, in our words."""

from __future__ import annotations

import errno
import logging
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.model.url import without_secrets
from offkit.model.words import several
from offkit.online.index import indexes, network, upstream

# pip's exceptions by name: some have moved between its modules.
_ASKED_WRONGLY = (
    "InstallationError",
    "RequirementsFileParseError",
    "InvalidRequirement",
    "BadCommand",
    "CommandError",
    "InvalidWheelFilename",
    "InvalidURL",
    "MissingSchema",
    "InvalidSchema",
    "LocationParseError",
)
_TOO_DEEP = ("ResolutionTooDeepError", "ResolutionTooDeep")  # the latter until pip 25.0
_ANSWERED_WRONGLY = (
    "MetadataInvalid",
    "MetadataInconsistent",
    "InvalidWheel",
    "UnsupportedWheel",
)
# Of zipfile; RuntimeError is another version, a way of compressing that it does not know, or a password.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)
_NO_METADATA = ("BadMetadata", "InvalidVersion", "NoneMetadataError")
_UNHASHED = ("HashMissing", "HashUnpinned", "VcsHashUnsupported", "DirectoryUrlHashUnsupported")
_NETWORK = ("Network", "Connection", "Timeout", "HTTP", "Retry", "SSL", "Proxy", "Chunked", "Incomplete")
_HTTP = ("pip._vendor.requests", "pip._vendor.urllib3")  # of an answer that is none
_QUERY = re.compile(r"(: /[^\s?]*)\?\S+$")  # of a path as urllib3 has it at the end of a line
# A place of --find-links, or a directory that is to be an index: of that, pip says it of each project's page.
_IGNORED = re.compile(r"(?:Url|Location) '(?:(.*/)[^/']+/|[^']*)' is ignored")
_FIXES = {
    "Could not open constraint": "name a constraints file that is there, or delete what names it",
    "Could not open": "give -r a file with one requirement per line",
    "recursively references": "delete the line in which it does",
    "is not installable": "give the directory that has pyproject.toml or setup.py",
}
SYNTAX = "write it as for pip: name, name==1.2, name>=1,<2, name[extra], or a path to a wheel"


class TooDeep(RequestError):
    """A resolution was given up: what could be had was not found in so many rounds, and may be there."""

    why = "there were too many combinations to try"


class TooManyBuilds(TooDeep):
    """The same, where that would have built more sources than is worth it."""

    why = "there were too many sources to build"


def of(error: Exception) -> OffkitError:
    """One of ours for an exception of pip; re-raises what is none of pip's."""
    name = type(error).__name__
    if "No space left on device" in str(error):
        return EnvironmentProblem(
            "no space for temporary files", fix="set TMPDIR to a directory with free space"
        )
    if name in ("HashMismatch", "HashErrors"):
        ireq = getattr(error, "req", None) or next((one.req for one in getattr(error, "errors", ())), None)
        subject = getattr(ireq, "name", None) or "the lock"
        looked = tuple(line.strip() for line in str(error).splitlines()[1:])
        link = getattr(ireq, "original_link", None)  # of the request, not one that an index has for it
        if link is not None:
            text = (
                f"{without_secrets(link.url_without_fragment)}: it is not the file that the requirement means"
            )
            return IntegrityError(
                network.OTHER_FILE, [Finding("REQ006", ERROR, subject, text, looked[1:], network.CORRECT)]
            )
        text = "its file on the index has a hash that the lock does not allow"
        headline = "files on the index do not match the lock"
        return IntegrityError(headline, [Finding("REQ006", ERROR, subject, text, looked, network.OTHER_HASH)])
    text = without_secrets(str(error))
    if name in _UNHASHED:
        return RequestError(text, fix="delete --require-hashes from the requirements: a lock has all hashes")
    if isinstance(error, AssertionError) and text.endswith(" for wheel"):  # of pip's LinkCandidate
        return RequestError(f"a package needs a wheel by a URL that is one of another project: {text}")
    unheard = error.__cause__ or error.__context__
    if isinstance(unheard, Exception) and type(unheard).__name__ == "NetworkConnectionError":
        return indexes.unheard(unheard)  # of a file that is named by its URL
    if name in _ASKED_WRONGLY:
        fix = next((fix for said, fix in _FIXES.items() if said in text), SYNTAX)
        return UsageError(text.split("\noffkit: error")[0].strip(), fix=fix)
    if name == "InvalidEggFragment":
        what = "what follows #egg= in a URL is no project's name"
        return UsageError(what, fix="write it as name @ URL, or name[extra] @ URL")
    if isinstance(error, UnicodeDecodeError):
        return RequestError(f"the metadata of a package is not UTF-8: {error.reason}, byte {error.start}")
    if name in _TOO_DEEP:
        return TooDeep(
            "pip's resolver gave up: there are too many combinations of versions to try",
            fix="pin or bound what has many versions: name==1.2, name>=1.2",
        )
    if name in _ANSWERED_WRONGLY:
        return RequestError(text)
    if name in upstream.UNDEFINED:  # those of the request have been looked at
        return RequestError(f"the metadata of a package has a marker that means nothing: {text}")
    if name in _NO_METADATA or "integer string conver" in text:
        return RequestError(f"the metadata of a package on the index cannot be read: {text}")
    if any(word in name for word in _NETWORK) or type(error).__module__.startswith(_HTTP):
        return indexes.unheard(error)
    if isinstance(error, OSError) and error.filename:
        return UsageError(f"{error.filename}: {error.strerror}", fix="check the path")
    if isinstance(error, (AttributeError, TypeError)):
        return upstream.moved(f"{name}: {error}")
    raise error


def damage(error: BaseException) -> str:
    """Why a wheel cannot be read, for what pip raises then; "" for an error about something else."""
    name, text = type(error).__name__, without_secrets(str(error))
    if isinstance(error, OffkitError):
        return ""
    if isinstance(error, _UNREADABLE):
        # Of the system, only a place before the beginning of the file is its own fault.
        own = not isinstance(error, OSError) or error.errno == errno.EINVAL
        return str(error) or name if own else ""
    if isinstance(error, UnicodeDecodeError):
        return f"its metadata is not UTF-8: {error.reason}, byte {error.start}"
    if name in ("InvalidWheel", "UnsupportedWheel"):
        if text.startswith("Error decoding metadata"):
            return "its metadata is not UTF-8"
        cause = error.__cause__
        return damage(cause) or without_secrets(str(cause)) if cause is not None else text
    if name in upstream.UNDEFINED:
        return f"a marker in its metadata means nothing: {text}"
    if name in _NO_METADATA:
        said = re.search(r"\((invalid metadata.*)\)$", text)
        return f"its metadata cannot be read: {said[1] if said else text}"
    return ""


@contextmanager
def pip_speaks_through(reporter: Reporter, who: str = "the index") -> Iterator[None]:
    """What pip would print goes to the reporter, warnings of the network visibly. ``who`` is asked, where pip
    does not name the host."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = without_secrets(record.getMessage().strip())
            retry = re.search(r"Retrying \(Retry\(total=(\d+)", text)
            if retry:
                left = int(retry[1])
                host = re.search(r"host='([^']+)'", text)
                whom = host[1] if host else who
                after = f", {several(left, 'more time')} after that" if left else " for the last time"
                warn(f"{whom} does not answer; trying again{after}", f"{whom} {bool(left)}")
                reporter.note(_QUERY.sub(r"\1?...", text))
            elif record.name.startswith("pip._vendor.urllib3"):
                warn(text, text)
            elif text:
                place = _IGNORED.match(text)
                key = place[1] or place[0] if place else ""
                if key not in told:
                    reporter.note("pip: " + text)
                told.update([key] if key else [])

    told: set[str] = set()

    def warn(text: str, key: str) -> None:
        """Once: of many attempts, and of many pages, the first and the last."""
        if key not in told:
            reporter.warn(text)
        told.add(key)

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    handler = Handler(logging.INFO)
    try:
        root.handlers = [handler]
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
