"""What a terminal can show, from what its user's environment says of it."""

import contextlib
import locale
from typing import Mapping, NamedTuple, Optional

from offkit.model.errors import UsageError

TRUE_COLOUR = 1 << 24
ASCII, BLOCKS, ALL = range(3)  # glyphs: block elements are in the fonts of consoles, braille is not

_NO_CURSOR = ("", "dumb", "unknown", "emacs")
_COLOURLESS = ("vt", "mono", "-m", "cons25-m", "xterm-mono")


class Ability(NamedTuple):
    colours: int  # 0, 8, 16, 256 or TRUE_COLOUR
    glyphs: int


def ability(environ: Mapping[str, str], encoding: str, terminfo: Optional[int]) -> Ability:
    """What the terminal can show. ``encoding`` is what Python makes
    of the locale; ``terminfo`` the number of
    colours that the terminal's description knows, None where there is no description.

    Raises UsageError for a terminal whose cursor cannot be moved.
    """
    term = environ.get("TERM", "")
    if term in _NO_CURSOR:
        raise UsageError(
            "--play needs a terminal that can move its cursor, and TERM is {}".format(term or "not set"),
            fix="in a real terminal: TERM=xterm offkit run-badapple --play …; else 'cat' shows the file",
        )
    glyphs = ASCII if not _utf8(environ, encoding) else BLOCKS if term.startswith("linux") else ALL
    return Ability(_colours(environ, term, terminfo), glyphs)


def _utf8(environ: Mapping[str, str], encoding: str) -> bool:
    """By the locale that was asked for: newer Pythons take UTF-8 where that is C."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        said = environ.get(name, "")
        if said:
            said = said.lower().replace("-", "")
            return "utf8" in said or (said not in ("c", "posix") and encoding.lower().startswith("utf"))
    return encoding.lower().startswith("utf")


def _colours(environ: Mapping[str, str], term: str, terminfo: Optional[int]) -> int:
    if environ.get("NO_COLOR"):
        return 0
    known = terminfo
    if known is None:
        if term.startswith(_COLOURLESS[0]) or term.endswith(_COLOURLESS[1:]):
            known = 0
        else:
            known = 256 if "256color" in term else 16 if "16color" in term else 8
    if known < 8:
        return 0
    # GNU screen hands COLORTERM on and does not know what it promises; tmux, under its name, does.
    middleman = term.startswith("linux") or (term.startswith("screen") and not environ.get("TMUX"))
    promised = environ.get("COLORTERM", "") in ("truecolor", "24bit") and not middleman
    if promised or "direct" in term or known >= TRUE_COLOUR:
        return TRUE_COLOUR
    return 256 if known >= 256 else 16 if known >= 16 else 8


def terminfo_colours(screen: int) -> Optional[int]:
    """How many colours terminfo(5) knows for $TERM; None where Python or the system has none of it."""
    try:
        import curses
    except ImportError:  # a Python compiled without it
        return None
    with contextlib.suppress(curses.error):
        curses.setupterm(None, screen)
        return max(0, curses.tigetnum("colors"))
    return None


def of(screen: int, environ: Mapping[str, str]) -> Ability:
    """What the terminal at the descriptor ``screen`` can show. Raises UsageError as ``ability``."""
    encoding = locale.getpreferredencoding(False)
    if environ.get("TERM", "") in _NO_CURSOR:
        return ability(environ, encoding, None)
    return ability(environ, encoding, terminfo_colours(screen))
