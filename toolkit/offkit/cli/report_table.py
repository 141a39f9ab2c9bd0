"""The table of hosts that offkit report prints, and words about many hosts."""

from typing import TYPE_CHECKING, Iterable, List, Sequence, Tuple

from offkit.cli import render
from offkit.model import words

if TYPE_CHECKING:
    from offkit.fleet.health import Cell, Health
    from offkit.fleet.overview import Fleet

_FEW = 30  # hosts that are all shown; of more, the healthy ones are counted
MOST = 60  # hosts with problems that are shown without -v
_NAMES = 6  # hosts named in one line
_LONGEST = 160  # letters of a line from elsewhere
_HEAD = ("", "host", "EL", "Python", "generation", "inst", "libs", "pkgs", "server", "mods", "fps")
_OTHERS, _MODULES = 63, 6  # columns of the table without the host's name


def table(fleet: "Fleet", verbose: bool) -> None:
    """A row for each host; of a large fleet only those that need somebody."""
    from offkit.fleet.health import HEALTHY, MODULES, PROBLEMS, shown

    rows = list(fleet.hosts)
    if not verbose and len(rows) > _FEW:
        rows = [one for one in rows if one.state == PROBLEMS][:MOST]
    if rows:
        room = render.width()
        asked = MODULES in shown(fleet.hosts)
        longest = max(room - _OTHERS - _MODULES * asked, 10) if room else 0
        cells: List[Tuple[str, ...]] = [_HEAD, *(_row(one, longest) for one in rows)]
        if not asked:
            cells = [(*row[:-2], row[-1]) for row in cells]
        render.table(cells, indent="")
    others = fleet.hosts[len(rows) :]
    counts = [(PROBLEMS, "with problems"), (HEALTHY, "healthy")]
    found = [(sum(1 for one in others if one.state == state), what) for state, what in counts]
    left = ["{} {}".format(count, what) for count, what in found if count]
    if left:
        render.line("   and {} (-v shows all)".format(", ".join(left)))
    stale = [one for one in fleet.hosts if one.stale]
    if stale:
        render.line("*  {}".format(_staleness(stale)))
    if fleet.hosts:
        render.line()


def _row(one: "Health", longest: int) -> Tuple[str, ...]:
    from offkit.fleet import health

    host, cells, server = one.host, one.cells, one.host.server
    glyph = {
        health.PROBLEMS: render.mark("bad", colour="red"),
        health.UNREACHED: render.cell("?", "yellow"),
        health.HEALTHY: render.mark("ok", colour="green"),
    }[one.state]
    rest = health.worst([cells[name] for name in ("interpreter", "machine", "repositories")])
    film = cells[health.FILM]
    rate = _cell(film)
    if one.rate is not None and film.state in (health.FINE, health.DOUBT):
        rate = render.cell("{:.0f}{}".format(one.rate, "*" * film.stale), rate.colour)
    return (
        glyph,
        _short(words.shown(host.name), longest),
        str(server.el) if server and server.el else "-",
        words.shown(server.python)[:8] if server and server.python else "-",
        words.shown(host.generation)[:16] or "-",
        *(_cell(cells[name]) for name in (health.INSTALLED, "libraries", "packages")),
        _cell(rest),
        _cell(cells[health.MODULES]),
        rate,
    )


def _short(name: str, longest: int) -> str:
    """A name that would break the table loses its middle: both ends tell hosts apart."""
    if not longest or len(name) <= longest:
        return name
    dots = "..." if render.is_ascii() else "…"
    head = (longest - len(dots)) // 2
    return name[:head] + dots + name[len(name) - (longest - len(dots) - head) :]


def _cell(cell: "Cell") -> render.Cell:
    from offkit.fleet import health

    old = "*" if cell.stale else ""
    if cell.state == health.BAD:
        return render.mark("bad", " {}{}".format(cell.errors, old), "red")
    if cell.state == health.DOUBT:
        return render.mark("warn", " {}{}".format(cell.warnings, old), "yellow")
    if cell.state == health.FINE:
        return render.mark("ok", old, "green")
    return render.cell("?" + old, "yellow") if cell.state == health.UNKNOWN else render.cell("-", "dim")


def _staleness(stale: Sequence["Health"]) -> str:
    """What the stars in the table mean."""
    names = some([one.host.name for one in stale], False)
    whys = sorted({why for one in stale for why in one.stale.values()})
    reason = clipped(whys[0]) if len(whys) == 1 else "results are old, or from before a change"
    return "{}: {}".format(names, reason)


def some(names: Iterable[str], verbose: bool) -> str:
    """Some of them, and how many more there are."""
    listed = [clipped(name) for name in names]
    if verbose or len(listed) <= _NAMES:
        return ", ".join(listed)
    return words.listed(listed, _NAMES - 1)


def clipped(text: str) -> str:
    """The first line, on one line, of a length that leaves the others visible."""
    line = words.shown(text.strip().partition("\n")[0])
    dots = "..." if render.is_ascii() else "…"
    return line if len(line) <= _LONGEST else line[: _LONGEST - len(dots)] + dots
