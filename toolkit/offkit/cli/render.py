"""The only printer: text for people, JSON for programs, progress for whoever watches.

Results go to stdout; progress, warnings and errors to stderr. With ``--json`` one document,
and nothing else, is written to stdout. Glyphs are ASCII where the stream's encoding is, and
colour is for terminals without NO_COLOR.
"""

import contextlib
import importlib.util
import json
import sys
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Sequence, TextIO

from offkit.cli import film_bar, finding_lines, glyphs, live_line, streams
from offkit.cli.glyphs import glyph, paint, visible
from offkit.model.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE, OffkitError
from offkit.model.finding import Finding
from offkit.model.report import Bar, Reporter
from offkit.model.url import without_secrets


class _Mode(NamedTuple):
    json: bool = False
    quiet: bool = False
    verbose: bool = False


_mode = _Mode()


def prepare(args: Sequence[str]) -> None:
    """Before anything is parsed: make the streams unable to fail on a character, and learn
    whether even a usage error has to be JSON."""
    global _mode
    sys.stdout = streams.tolerant(sys.stdout, streams.Result)
    sys.stderr = streams.tolerant(sys.stderr, streams.Remark)
    own = args[: args.index("--")] if "--" in args else args
    _mode = _Mode(json="--json" in own)


def abandon_stdout() -> None:
    """Whoever read it has gone: what is still buffered goes nowhere."""
    streams.abandon(sys.stdout)


def flush() -> None:
    """Everything that was written is out."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, streams.OutputLost):
            stream.flush()


def has_online_zone() -> bool:
    """Whether this installation can bundle: offkit.pyz carries only what a server needs."""
    return importlib.util.find_spec("offkit.online") is not None and sys.version_info >= (3, 10)


class Console(Reporter):
    """What a command talks to. Make one with ``console()``."""

    def step(self, text: str) -> None:
        if not _mode.quiet:
            _err("{} {}".format(paint(glyph("step", sys.stderr), "dim", sys.stderr), visible(text)))

    def note(self, text: str) -> None:
        if _mode.verbose and not _mode.quiet:
            _err("  " + paint(visible(text), "dim", sys.stderr))

    def warn(self, text: str) -> None:
        _err("{} {}".format(paint(glyph("warn", sys.stderr), "yellow", sys.stderr), visible(text)))

    def bar(self, label: str, total: int, unit: str = "") -> Bar:
        if _mode.quiet or _mode.json or not glyphs.moves(sys.stderr):
            return Bar()
        return live_line.LiveLine(label, total, unit, sys.stderr)

    def watch(self, label: str, total: int, rows: Callable[[int], List[str]]) -> Bar:
        if _mode.quiet or _mode.json or not film_bar.fits(sys.stderr):
            return self.bar(label, total)
        return film_bar.FilmBar(label, total, rows, sys.stderr, glyphs.is_ascii(sys.stderr))


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


def sentence(text: str) -> None:
    """A line of words, broken between them where the terminal is narrow."""
    for row in finding_lines.broken(text, "", sys.stdout):
        line(row)


def good(text: str) -> None:
    """A result line with a tick."""
    line("{} {}".format(paint(glyph("ok", sys.stdout), "green", sys.stdout), text))


def bad(text: str) -> None:
    """A result line with a cross."""
    line("{} {}".format(paint(glyph("bad", sys.stdout), "red", sys.stdout), text))


def title(text: str) -> None:
    line(paint(text, "bold", sys.stdout))


class Cell(str):
    """A cell of a table in a colour; its width is that of its text."""

    colour = ""


def cell(text: str, colour: str) -> Cell:
    made = Cell(text)
    made.colour = colour
    return made


def mark(name: str, text: str = "", colour: str = "") -> Cell:
    """A cell that begins with one of the glyphs: ok, bad, warn, info."""
    return cell(glyph(name, sys.stdout) + text, colour)


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> None:
    """Left-aligned columns, the last one ragged."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [_padded(text, width) for text, width in zip(row, widths)]
        line((indent + "  ".join(cells)).rstrip())


def _padded(text: str, width: int) -> str:
    painted = paint(str(text), text.colour, sys.stdout) if isinstance(text, Cell) and text.colour else text
    return painted + " " * (width - len(text))


def width() -> int:
    """Columns of the terminal that reads stdout; 0 where it is none."""
    return streams.width(sys.stdout)


def encoding() -> str:
    """What stdout's text is encoded with."""
    return sys.stdout.encoding or "ascii"


def can_ask() -> bool:
    """Whether somebody sits there who can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """A question on stderr; True for y or yes, False for everything else and for no answer."""
    with live_line.aside():
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


def findings(found: Iterable[Finding], aside: bool = False, last: str = "") -> None:
    """Each finding with its code and the cure, equal ones in one line; errors first. ``aside``: to stderr,
    where stdout is the result. ``last``: the command that will stand below them."""
    if _mode.json:
        return
    out = sys.stderr if aside else sys.stdout
    for text in finding_lines.lines(found, out, _mode.verbose, last):
        _say(text, out)


def error(problem: OffkitError) -> None:
    """An expected error: headline, findings, what to do."""
    if _mode.json and not isinstance(problem, streams.OutputLost):
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
        _err("{} {}".format(paint("error:", "red", sys.stderr), _visible_lines(problem.message)))
    for text in finding_lines.lines(problem.findings, sys.stderr, _mode.verbose, end=True):
        _err(text)
    if problem.fix:
        _err("{} {}".format(paint("fix:", "bold", sys.stderr), problem.fix))


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
    _err("{} {}".format(paint("error:", "red", sys.stderr), problem.format_message()))
    _err("{} {}".format(paint("fix:", "bold", sys.stderr), fix))


def internal(log: str, what: str) -> None:
    """A bug of ours: ``what`` in a line; the traceback is in ``log``, not on the screen."""
    text = "internal error; this is a bug in offkit: " + what
    fix = "report it with the log: " + log if log else "report it; no log could be written to TMPDIR"
    document("offkit/error-1", error=text, exit_code=EXIT_INTERNAL, findings=[], fix=fix, log=log)
    if not _mode.json:
        _err("{} {}".format(paint("error:", "red", sys.stderr), text))
        _err("{} {}".format(paint("fix:", "bold", sys.stderr), fix))


def interrupted() -> None:
    try:
        document("offkit/error-1", error="interrupted", exit_code=EXIT_INTERRUPTED, findings=[], fix="")
        sys.stdout.flush()
    except (OSError, streams.OutputLost):  # whoever read it has gone, and that may be why
        abandon_stdout()
    _err("interrupted")


def _visible_lines(text: str) -> str:
    return "\n".join(visible(row) for row in text.split("\n"))


def _err(text: str) -> None:
    _say(text, sys.stderr)


def _say(text: str, stream: TextIO) -> None:
    """The way out of every line; no password and no token passes."""
    with live_line.aside():
        stream.write(without_secrets(text) + "\n")


def is_ascii() -> bool:
    """Whether results have to do with ASCII."""
    return glyphs.is_ascii(sys.stdout)
