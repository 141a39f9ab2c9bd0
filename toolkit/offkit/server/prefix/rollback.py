"""Going back: another generation becomes the current one, by one rename."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges.exclusive import exclusive
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.finding import ERROR, Finding
from offkit.model.requirement import normalize
from offkit.server.prefix import generations, inventory
from offkit.server.prefix.generations import Generation, Receipt

_SHORTEST_DIGEST = 4  # characters: fewer would find something by chance


class Change(NamedTuple):
    """A package (or Python itself) whose version differs; "" where it is absent."""

    name: str
    old: str
    new: str


class Plan(NamedTuple):
    prefix: str
    left: Optional[str]  # what is current now
    chosen: Generation
    changes: Tuple[Change, ...]

    @property
    def nothing(self) -> bool:
        """Whether the chosen one is current already."""
        return self.left == self.chosen.id


def plan(prefix: str, word: Optional[str]) -> Plan:
    """What going back to ``word`` means, or, without one, to the generation before the current.

    Raises EnvironmentProblem for a prefix that is none (ENV040) and for a generation that would
    not start (ENV041), RequestError when there is no such generation.
    """
    inventory.require(prefix)
    existing = generations.found(prefix)
    current = next((one for one in existing if one.current), None)
    chosen = before(existing) if word is None else select(existing, word)
    left = current.id if current else None
    if left != chosen.id:
        problems = inventory.problems(chosen)
        if problems:
            raise EnvironmentProblem(
                "{} cannot become current: its Python would not start".format(chosen.id), problems
            )
    old = current.receipt if current else None
    return Plan(prefix, left, chosen, changes(old, chosen.receipt))


def apply(made: Plan) -> None:
    """Switch. Raises EnvironmentProblem, and everything is then as it was."""
    with exclusive(made.prefix, "the rollback failed"):
        there = [one.id for one in generations.found(made.prefix)]
        if generations.current_id(made.prefix) != made.left or made.chosen.id not in there:
            message = "another offkit has just changed {}".format(made.prefix)
            raise EnvironmentProblem(message, fix="run the command again")
        generations.switch(made.prefix, made.chosen.id)


def before(existing: Sequence[Generation]) -> Generation:
    """The one with the next lower number than the current. RequestError when there is none."""
    current = next((one for one in existing if one.current), None)
    if current is None:
        raise _none("no generation is current: choose one", existing)
    older = [one for one in existing if generations.number(one.id) < generations.number(current.id)]
    if not older:
        raise _none("there is no generation before {}".format(current.id), existing)
    return max(older, key=lambda one: generations.number(one.id))


def select(existing: Sequence[Generation], word: str) -> Generation:
    """The generation meant by a number (``1``, ``0001``), an identity (``0001-26c22752``), or
    the first characters, four at least, of its bundle's digest.

    A number goes before a digest that begins like it. Raises RequestError when there is no
    such generation, or more than one.
    """
    found = [one for one in existing if one.id == word]
    if not found and _is_number(word):
        found = [one for one in existing if generations.number(one.id) == int(word)]
    if not found and len(word) >= _SHORTEST_DIGEST:
        found = [one for one in existing if _digest(one).startswith(word.lower())]
    if not found:
        raise _none("no such generation: {}".format(word), existing)
    if len(found) > 1:
        raise _none("{} matches several generations".format(word), found)
    return found[0]


def changes(old: Optional[Receipt], new: Optional[Receipt]) -> Tuple[Change, ...]:
    """What differs between two receipts, Python first, then packages by name."""
    if old is None or new is None:
        return ()
    found: List[Change] = []
    if old.python_version != new.python_version:
        found.append(Change("Python", old.python_version, new.python_version))
    was_there, after = ({normalize(one.name): one for one in side.packages} for side in (old, new))
    for key in sorted(set(was_there) | set(after)):
        was = was_there[key].version if key in was_there else ""
        will = after[key].version if key in after else ""
        if was != will:
            found.append(Change((after.get(key) or was_there[key]).name, was, will))
    return tuple(found)


def _is_number(word: str) -> bool:
    return bool(word) and all(char in "0123456789" for char in word)


def _digest(one: Generation) -> str:
    """Of its bundle's manifest: all of it, or without a receipt what its identity has of it."""
    return one.receipt.manifest if one.receipt else one.id.rpartition("-")[2]


def _none(message: str, existing: Sequence[Generation]) -> RequestError:
    lines = ["{}{}".format(one.id, "  (current)" if one.current else "") for one in existing]
    fix = (
        "\n".join(["choose one of these:"] + ["  " + line for line in lines]) if lines else "install a bundle"
    )
    return RequestError(message, [Finding("ENV044", ERROR, "generation", message, (), fix)])
