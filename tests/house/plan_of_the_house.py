"""The folders of offkit and their arrows, read from the imports of its modules.

    python tests/house/plan_of_the_house.py

A folder stands on the floor above the highest one it imports from. Its arrows go to folders; a
module's own folder is none. What ``make map`` prints, the tests of the house hold to.
"""

import ast
import os
import sys
from collections import defaultdict
from functools import cache
from typing import Iterator, NamedTuple

ROOT = os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "toolkit", "offkit")
)


# {folder: {folder it imports from: the imports, as (module, module)}}
Arrows = dict[str, dict[str, list[tuple[str, str]]]]


class Module(NamedTuple):
    name: str  # dotted, below offkit: "edges.run"
    short: str  # its path below offkit/: "edges/run.py"
    lines: int
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    @property
    def folder(self) -> str:
        return os.path.dirname(self.short)


def read(root: str = ROOT) -> dict[str, Module]:
    """Every module of every room, by its name; a package is the module __init__."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders.sort()
        for file in sorted(names):
            short = os.path.relpath(os.path.join(folder, file), root)
            if not file.endswith(".py") or os.sep not in short:
                continue
            with open(os.path.join(root, short), encoding="utf-8") as source:
                text = source.read()
            name = short[: -len(".py")].replace(os.sep, ".")
            name = name[: -len(".__init__")] if name.endswith(".__init__") else name
            found[name] = Module(name, short, text.count("\n"), ast.parse(text))
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of every import, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            for alias in node.names:
                yield "{}.{}".format(node.module, alias.name)


def graph(modules: dict[str, Module]) -> dict[str, set[str]]:
    """{module: modules it imports}, all of them offkit's."""
    arrows = {}
    for name, module in modules.items():
        ours = {one[len("offkit.") :] for one in imported(module.tree) if one.startswith("offkit.")}
        # "from a.b import c": the module a.b.c where there is one, else something of a.b
        arrows[name] = {one if one in modules else one.rpartition(".")[0] for one in ours}
        arrows[name] = (arrows[name] & set(modules)) - {name}
    return arrows


def folders(modules: dict[str, Module]) -> Arrows:
    """What each folder imports from others."""
    found: Arrows = {each.folder: {} for each in modules.values()}
    for name, below in sorted(graph(modules).items()):
        for other in sorted(below):
            here, there = modules[name].folder, modules[other].folder
            if here != there:
                found[here].setdefault(there, []).append((name, other))
    return found


def knots(arrows: Arrows) -> list[list[str]]:
    """Folders that can be reached from themselves, those of one knot together."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            for one in set(arrows[waiting.pop()]) - found:
                found.add(one)
                waiting.append(one)
        return found

    reach = {one: reached(one) for one in arrows}
    tied = defaultdict(list)
    for one in sorted(arrows):
        if one in reach[one]:
            tied[frozenset(other for other in reach[one] if one in reach[other])].append(one)
    return list(tied.values())


def two_way(arrows: Arrows) -> list[tuple[str, str]]:
    """Pairs of folders that import each other."""
    return [
        (one, other)
        for one in sorted(arrows)
        for other in sorted(arrows[one])
        if one < other and one in arrows[other]
    ]


def floors(arrows: Arrows) -> dict[str, int]:
    """{folder: 0 where it imports from no other, else one above the highest}; a knot is on one floor."""
    knot_of = {one: frozenset(each) for each in knots(arrows) for one in each}

    @cache
    def floor(group: frozenset) -> int:
        below = {knot_of.get(other, frozenset([other])) for one in group for other in arrows[one]} - {group}
        return max((floor(each) + 1 for each in below), default=0)

    return {one: floor(knot_of.get(one, frozenset([one]))) for one in arrows}


def longest_chain(modules: dict[str, Module]) -> list[str]:
    """Modules of which each imports the next, as many as there are."""
    arrows = graph(modules)

    @cache
    def chain(name: str) -> tuple[str, ...]:
        return (name, *max((chain(other) for other in sorted(arrows[name])), key=len, default=()))

    return list(max((chain(name) for name in sorted(arrows)), key=len))


def main() -> None:
    modules = read()
    arrows = folders(modules)
    level = floors(arrows)
    print("floor  folder                   modules  lines  imports from")
    for folder in sorted(arrows, key=lambda one: (-level[one], one)):
        here = [each for each in modules.values() if each.folder == folder]
        lines = sum(each.lines for each in here)
        print(
            "{:5}  {:24} {:7} {:6}  {}".format(
                level[folder], folder, len(here), lines, ", ".join(sorted(arrows[folder]))
            )
        )
    rooms = sorted({each.room for each in modules.values()})
    print(
        "\nlines by room: "
        + ", ".join(
            "{} {}".format(room, sum(each.lines for each in modules.values() if each.room == room))
            for room in rooms
        )
    )
    print("in all: {} lines in {} modules".format(sum(each.lines for each in modules.values()), len(modules)))
    pairs = two_way(arrows)
    print("folders that import each other: {}".format(len(pairs)))
    for one, other in pairs:
        for here, there in ((one, other), (other, one)):
            print(
                "    {} -> {}: {}".format(
                    here, there, ", ".join("{} -> {}".format(*each) for each in arrows[here][there])
                )
            )
    for knot in knots(arrows):
        print("knot: " + ", ".join(knot))
    chain = longest_chain(modules)
    print("longest chain of imports: {}\n    {}".format(len(chain), " > ".join(chain)))


if __name__ == "__main__":
    sys.exit(main())
