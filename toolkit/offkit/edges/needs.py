"""What this offkit knows that packages want at run time: repo-config/needs.json, read once."""

from functools import lru_cache

from offkit.edges import data
from offkit.model import things
from offkit.model.things import Table


@lru_cache(maxsize=None)
def known() -> Table:
    return things.parse(data.read_text(things.TABLE))
