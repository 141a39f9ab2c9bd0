"""pip's configuration (pip.conf, PIP_*): what is wrong with it is said with the file and the line.

pip itself passes over a file that it cannot read, and ends the process at a value that it does not know.
"""

from __future__ import annotations

import configparser
import contextlib
import io
import locale
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import WARNING, Finding
from offkit.model.report import Reporter
from offkit.online.index.upstream import reach

_SECTIONS = ("global", "install")  # that 'pip install' reads
_TRUE = ("y", "yes", "t", "true", "on", "1")  # pip._internal.utils.misc.strtobool
_CORRECT = "correct it there; 'pip config debug' shows all that pip reads"


class Setting(NamedTuple):
    """One value, and where it stands: ``/etc/pip.conf, line 3`` or ``PIP_TIMEOUT``."""

    where: str
    key: str  # as an option has it: "extra-index-url"
    value: str


class _Kept(Reporter):
    """What is told, for later."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)

    warn = note


@contextlib.contextmanager
def read_by_pip(reporter: Reporter) -> Iterator[Reporter]:
    """While pip reads its configuration, with a reporter for what it says meanwhile.

    Raises UsageError where pip would end the process or cannot parse a file, EnvironmentProblem for a file
    that may not be read.
    """
    known, said, kept = settings(), io.StringIO(), _Kept()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):  # either, by pip's version
            yield kept
    except SystemExit:
        raise _refused(said.getvalue().strip() or "\n".join(kept.told), known) from None
    except (ValueError, reach("pip._internal.exceptions", "PipError")) as error:
        raise _refused(f"pip does not take its options: {error}", known) from error
    for text in [*kept.told, *said.getvalue().splitlines()]:
        reporter.note(text)


def settings() -> list[Setting]:
    """All that pip reads, what counts more later. Raises as ``read_by_pip`` does."""
    found = [one for path in _files() for one in _read(path)]
    environment = [(name, value) for name, value in os.environ.items() if name.startswith("PIP_")]
    return found + [Setting(name, _option(name[len("PIP_") :]), value) for name, value in environment]


def named(key: str) -> list[Setting]:
    """Those of one option."""
    return [one for one in settings() if one.key == key]


def says_no_index() -> str:
    """Where it says that no index is to be asked; "" where it does not."""
    for one in named("no-index")[-1:]:
        if one.value.lower() in _TRUE:
            return one.where
    return ""


def without_effect(build: Collection[str]) -> list[Finding]:
    """Where it asks for sources of projects that are not among those to ``build``."""
    for one in named("no-binary")[-1:]:  # the others do not count
        return no_binary(one.where, "no-binary = ", re.split(r"[\s,]+", one.value), build)
    return []


def no_binary(where: str, words: str, names: Iterable[str], build: Collection[str]) -> list[Finding]:
    """REQ018 for what asks for sources of these projects, where it stands ``where`` in these words."""
    asked = [name for name in names if name and name != ":none:"]
    rest = [name for name in asked if ":all:" not in build and canonicalize_name(name) not in build]
    if not rest:
        return []
    message = f"{words}{' '.join(rest)} has no effect: sources are built only for --build"
    fix = " ".join(f"--build {name}" for name in rest) + ", if that is meant"
    return [Finding("REQ018", WARNING, where, message, (), fix)]


def unknown(options: Any) -> Iterator[str]:
    """What stands in a file and is no option of 'pip install' (``options``, a parser): pip passes over it."""
    for one in settings():
        if not one.where.startswith("PIP_") and options.get_option("--" + one.key) is None:
            yield f"{one.where}: 'pip install' has no option {one.key}"


def _files() -> list[str]:
    """pip.conf in all its places, those that are there; in the order in which pip reads them."""
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    if named and not os.path.exists(named):
        fix = "correct or unset the variable PIP_CONFIG_FILE"
        raise UsageError(f"PIP_CONFIG_FILE: {named} does not exist", fix=fix)
    kinds = reach("pip._internal.configuration", "Configuration")(isolated=False).iter_config_files()
    return [path for _, paths in kinds for path in paths if os.path.exists(path)]


def _read(path: str) -> Iterator[Setting]:
    encoding = "utf-8" if sys.flags.utf8_mode else locale.getpreferredencoding(False)
    parser = configparser.RawConfigParser()
    parser.optionxform = _option  # type: ignore[assignment,method-assign]
    try:
        with open(path, "rb") as source:
            content = source.read()
        text = content.decode(encoding)
        parser.read_string(text)
    except OSError as error:
        denied = isinstance(error, PermissionError)
        fix = "let this user read it" if denied else "put a file there, or nothing"
        raise EnvironmentProblem(
            f"{path}: {error.strerror}", fix=f"{fix}: pip would go on without it"
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: this is not {encoding}", fix=_CORRECT) from error
    except configparser.Error as error:
        lines = [number for number, _ in getattr(error, "errors", ())] or [getattr(error, "lineno", 1)]
        what = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__.replace("Error", "")).lower()
        raise UsageError(f"{path}, line {lines[0]}: {what}", fix=_CORRECT) from error
    places = _lines(text)
    for section in parser.sections():
        if section in _SECTIONS:
            for key, value in parser.items(section):
                yield Setting(f"{path}, line {places.get((section, key), 1)}", key, value)


def _lines(text: str) -> dict[tuple[str, str], int]:
    """Where a key of a section stands; without those of which that cannot be seen."""
    section = ""
    found: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            section = line[1:].partition("]")[0]
        elif not line[:1].isspace():
            found.setdefault((section, _option(re.split("[=:]", line)[0].strip())), number)
    return found


def _option(name: str) -> str:
    """As pip makes one of a key (pip._internal.configuration._normalize_name)."""
    return name.lower().replace("_", "-").removeprefix("--")


def _refused(said: str, known: list[Setting]) -> UsageError:
    """The error for what pip said before it would have ended; the setting it is about comes first."""
    reason = said.splitlines()[-1] if said else "pip does not take its configuration"
    reason = reason.partition("An error occurred during configuration: ")[2] or reason
    reason = reason.partition(". Check your pip configuration")[0].rstrip(".")
    named = re.search(r"option (?:--)?([\w-]+): |value for ([\w-]+) option|--([\w-]+)", reason)
    key = _option(named[named.lastindex or 0]) if named else ""
    about = [one for one in known if not key or one.key == key]
    there = [one for one in about if any(shown in reason for shown in _shown(one.value))]
    there = there or (about if key else [])
    return UsageError(f"{there[-1].where}: {reason}" if there else reason, fix=_CORRECT)


def _shown(value: str) -> list[str]:
    """As pip shows one that it does not take; where it takes several, each for itself."""
    return [f"{value} is not a valid value", *(repr(one) for one in (value, *value.split()))]
