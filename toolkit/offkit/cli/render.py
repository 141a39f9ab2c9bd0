"""The only printer: text for people, JSON for programs, progress for whoever watches.

Results go to stdout; progress, warnings and errors to stderr. With ``--json`` one document,
and nothing else, is written to stdout. Glyphs are ASCII where the stream's encoding is, and
colour is for terminals without NO_COLOR.
"""

import codecs
import contextlib
import importlib.util
import io
import json
import os
import sys
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, TextIO, Type

from offkit.cli import film_bar
from offkit.model import words
from offkit.model.errors import (
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    EnvironmentProblem,
    OffkitError,
)
from offkit.model.finding import ERROR, INFO, WARNING, Finding, by_weight
from offkit.model.report import Bar, Reporter
from offkit.model.url import without_secrets

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}
_GLYPHS = {"ok": ("✓", "+"), "bad": ("✗", "x"), "warn": ("!", "!"), "info": ("·", "-"), "step": ("→", "->")}
_SEVERITY = {ERROR: ("bad", "red"), WARNING: ("warn", "yellow"), INFO: ("info", "dim")}


class _Mode(NamedTuple):
    json: bool = False
    quiet: bool = False
    verbose: bool = False


_mode = _Mode()


def prepare(args: Sequence[str]) -> None:
    """Before anything is parsed: make the streams unable to fail on a character, and learn
    whether even a usage error has to be JSON."""
    global _mode
    codecs.register_error("offkit", _encode_anything)
    sys.stdout = _tolerant(sys.stdout, _Result)
    sys.stderr = _tolerant(sys.stderr, _Remark)
    own = args[: args.index("--")] if "--" in args else args
    _mode = _Mode(json="--json" in own)


def _encode_anything(error: UnicodeError) -> Any:
    """Undecodable bytes of a file name go out as they came in; what the locale lacks is escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    out = b""
    for char in error.object[error.start : error.end]:
        if "\udc80" <= char <= "\udcff":
            out += bytes([ord(char) - 0xDC00])
        else:
            out += char.encode("ascii", "backslashreplace")
    return out, error.end


class OutputLost(EnvironmentProblem):
    """What a command had to say could not be written; its exit code must not look like success."""


class _Result(io.TextIOWrapper):
    """stdout: a full disk behind it is an error of its own, not a traceback."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            abandon_stdout()
            raise OutputLost(
                "the output cannot be written: {}".format(error.strerror), fix="free some space there"
            )


class _Remark(io.TextIOWrapper):
    """stderr: when nobody can be told, there is nobody to tell."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):  # the terminal hung up
            super().flush()


def abandon_stdout() -> None:
    """Let what is still buffered go nowhere, so that leaving does not fail on it once more."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass


def _tolerant(stream: Optional[TextIO], kind: Type[io.TextIOWrapper]) -> TextIO:
    """``stream`` as one that can say anything; a closed one (``>&-``) as one that nobody reads."""
    if stream is None:
        return kind(open(os.devnull, "wb"), encoding="utf-8", errors="offkit")
    if getattr(stream, "errors", None) == "offkit" or not hasattr(stream, "detach"):
        return stream
    encoding = stream.encoding
    raw: Any = stream.detach()
    return kind(raw, encoding=encoding, errors="offkit", line_buffering=True)


def has_online_zone() -> bool:
    """Whether this installation can bundle: offkit.pyz carries only what a server needs."""
    return importlib.util.find_spec("offkit.online") is not None and sys.version_info >= (3, 10)


class Console(Reporter):
    """What a command talks to. Make one with ``console()``."""

    def step(self, text: str) -> None:
        if not _mode.quiet:
            _err("{} {}".format(_paint(_glyph("step", sys.stderr), "dim", sys.stderr), visible(text)))

    def note(self, text: str) -> None:
        if _mode.verbose and not _mode.quiet:
            _err("  " + _paint(visible(text), "dim", sys.stderr))

    def warn(self, text: str) -> None:
        _err("{} {}".format(_paint(_glyph("warn", sys.stderr), "yellow", sys.stderr), visible(text)))

    def bar(self, label: str, total: int, unit: str = "") -> Bar:
        if _mode.quiet or not sys.stderr.isatty():
            return Bar()
        return _TerminalBar(label, total, unit)

    def watch(self, label: str, total: int, rows: Callable[[int], List[str]]) -> Bar:
        if _mode.quiet or _mode.json or not film_bar.fits(sys.stderr):
            return self.bar(label, total)
        return film_bar.FilmBar(label, total, rows, sys.stderr, _is_ascii(sys.stderr))


class _TerminalBar(Bar):
    """A progress bar that also knows bytes."""

    def __init__(self, label: str, total: int, unit: str) -> None:
        import typer

        plain = _is_ascii(sys.stderr)
        self._unit, self._total, self._done = unit, total, 0
        self._bar: Any = typer.progressbar(
            length=total,
            label="  " + label,
            file=sys.stderr,
            fill_char="#" if plain else "━",
            empty_char="-" if plain else "─",
            width=30,
            bar_template="%(label)s  %(bar)s  %(info)s",
            show_pos=False,
            item_show_func=self._position if unit == "B" else None,
        )

    def _position(self, item: Any) -> str:
        return "{} of {}".format(words.size(self._done), words.size(self._total))

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        self._bar.update(amount)

    def __enter__(self) -> "Bar":
        self._bar.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._bar.__exit__(*exc)


def console(json: bool = False, quiet: bool = False, verbose: bool = False) -> Console:
    """The console of a command, from its ``--json``, ``-q`` and ``-v``."""
    global _mode
    _mode = _Mode(json, quiet, verbose)
    return Console()


def verbose() -> bool:
    return _mode.verbose


def line(text: str = "") -> None:
    """One line of result. Silent with --json, where the document is the result."""
    if not _mode.json:
        _say(text, sys.stdout)


def good(text: str) -> None:
    """A result line with a tick."""
    line("{} {}".format(_paint(_glyph("ok", sys.stdout), "green", sys.stdout), text))


def bad(text: str) -> None:
    """A result line with a cross."""
    line("{} {}".format(_paint(_glyph("bad", sys.stdout), "red", sys.stdout), text))


def title(text: str) -> None:
    line(_paint(text, "bold", sys.stdout))


class Cell(str):
    """A cell of a table in a colour; its width is that of its text."""

    colour = ""


def cell(text: str, colour: str) -> Cell:
    made = Cell(text)
    made.colour = colour
    return made


def mark(name: str, text: str = "", colour: str = "") -> Cell:
    """A cell that begins with one of the glyphs: ok, bad, warn, info."""
    return cell(_glyph(name, sys.stdout) + text, colour)


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> None:
    """Left-aligned columns, the last one ragged."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [_padded(text, width) for text, width in zip(row, widths)]
        line((indent + "  ".join(cells)).rstrip())


def _padded(text: str, width: int) -> str:
    painted = _paint(str(text), text.colour, sys.stdout) if isinstance(text, Cell) and text.colour else text
    return painted + " " * (width - len(text))


def width() -> int:
    """Columns of the terminal that reads stdout; 0 where it is none."""
    if not sys.stdout.isatty():
        return 0
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 0


def encoding() -> str:
    """What stdout's text is encoded with."""
    return sys.stdout.encoding or "ascii"


def can_ask() -> bool:
    """Whether somebody sits there who can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """A question on stderr; True for y or yes, False for everything else and for no answer."""
    sys.stderr.write("{} [y/N] ".format(question))
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def document(schema: str, **content: Any) -> None:
    """The one JSON document of a command run with --json; nothing otherwise."""
    if not _mode.json:
        return
    data: Dict[str, Any] = {"schema": schema}
    data.update(content)
    sys.stdout.write(json.dumps(_shown(data), indent=2, sort_keys=False) + "\n")


def _shown(value: Any) -> Any:
    """What json.dumps takes, without secrets in any text."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, (list, tuple)) else value


def findings(found: Iterable[Finding], aside: bool = False) -> None:
    """Each finding with its code, where was looked and the cure; errors first. ``aside``: to stderr,
    where stdout is the result."""
    if _mode.json:
        return
    out = sys.stderr if aside else sys.stdout
    for finding in by_weight(found):
        glyph, colour = _SEVERITY[finding.severity]
        head = "{} {}  {}: {}".format(
            _paint(_glyph(glyph, out), colour, out),
            _paint(finding.code, "dim", out),
            _paint(visible(finding.subject), "bold", out),
            visible(finding.message),
        )
        _say(head, out)
        looked = list(finding.looked_in)
        shown = looked if _mode.verbose or len(looked) <= 6 else looked[:5]
        for place in shown:
            _say("      looked in  {}".format(visible(place)), out)
        if len(shown) < len(looked):
            _say("      looked in  … {} more (-v shows them)".format(len(looked) - len(shown)), out)
        for number, fix in enumerate(finding.fix.splitlines()):
            _say("      {}  {}".format("fix      " if not number else "         ", visible(fix)), out)


def error(problem: OffkitError) -> None:
    """An expected error: headline, findings, what to do."""
    if _mode.json and not isinstance(problem, OutputLost):
        document(
            "offkit/error-1",
            error=problem.message,
            exit_code=problem.exit_code,
            findings=[finding.to_json() for finding in problem.findings],
            fix=problem.fix,
        )
        return
    alone = len(problem.findings) == 1 and problem.findings[0].message == problem.message
    if not alone:
        _err("{} {}".format(_paint("error:", "red", sys.stderr), _visible_lines(problem.message)))
    findings(problem.findings, aside=True)
    if problem.fix:
        _err("{} {}".format(_paint("fix:", "bold", sys.stderr), problem.fix))


def usage(problem: Any, command: str = "offkit") -> None:
    """A usage error: what is wrong and where the help is.

    ``command`` is for errors that do not say where they come from (an option without its value).
    """
    context = getattr(problem, "ctx", None)
    where = context.command_path if context is not None else command
    fix = "see '{} --help'".format(where)
    if _mode.json:
        document("offkit/error-1", error=problem.format_message(), exit_code=EXIT_USAGE, findings=[], fix=fix)
        return
    _err("{} {}".format(_paint("error:", "red", sys.stderr), problem.format_message()))
    _err("{} {}".format(_paint("fix:", "bold", sys.stderr), fix))


def internal(log: str, what: str) -> None:
    """A bug of ours: ``what`` in a line; the traceback is in ``log``, not on the screen."""
    text = "internal error; this is a bug in offkit: " + what
    fix = "report it with the log: " + log if log else "report it; no log could be written to TMPDIR"
    document("offkit/error-1", error=text, exit_code=EXIT_INTERNAL, findings=[], fix=fix, log=log)
    if not _mode.json:
        _err("{} {}".format(_paint("error:", "red", sys.stderr), text))
        _err("{} {}".format(_paint("fix:", "bold", sys.stderr), fix))


def interrupted() -> None:
    try:
        document("offkit/error-1", error="interrupted", exit_code=EXIT_INTERRUPTED, findings=[], fix="")
        sys.stdout.flush()
    except (OSError, OutputLost):  # whoever read it has gone, and that may be why
        abandon_stdout()
    _err("interrupted")


def visible(text: str) -> str:
    """Without control characters: a file's name must not colour a terminal or forge a line."""
    return "".join(
        char if char.isprintable() or "\udc80" <= char <= "\udcff" else repr(char)[1:-1] for char in text
    )


def _visible_lines(text: str) -> str:
    return "\n".join(visible(row) for row in text.split("\n"))


def _err(text: str) -> None:
    _say(text, sys.stderr)


def _say(text: str, stream: TextIO) -> None:
    """The way out of every line; no password and no token passes."""
    stream.write(without_secrets(text) + "\n")


def is_ascii() -> bool:
    """Whether results have to do with ASCII."""
    return _is_ascii(sys.stdout)


def _is_ascii(stream: TextIO) -> bool:
    try:
        "→✓━".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def _glyph(name: str, stream: TextIO) -> str:
    return _GLYPHS[name][1 if _is_ascii(stream) else 0]


def _paint(text: str, colour: str, stream: TextIO) -> str:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return "\033[{}m{}\033[0m".format(_COLOURS[colour], text)
