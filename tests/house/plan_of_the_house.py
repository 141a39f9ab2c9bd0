"""The folders of offkit and their arrows, read from the imports of its modules and
from the modules that it names in strings.

    python tests/house/plan_of_the_house.py

A folder stands on the floor above the highest one it imports from. Its arrows go to folders; a
module's own folder is none. What ``make map`` prints, the tests of the house hold to.
"""

import ast
import gc
import graphlib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

ROOT = os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "toolkit", "offkit")
)
_DOTTED = re.compile(r"offkit(\.[A-Za-z_]\w*)+\.?$")


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
            found[name] = Module(name, short, text.count("\n"), parsed(text))
    return found


def parsed(text: str) -> ast.Module:
    """The tree of a source, made while no garbage is collected.

    Until 3.11 the parser counts its depth in one place for all: where a finalizer fails while a tree is
    being made, printing that traceback parses as well, and the first ends with "SystemError: AST
    constructor recursion depth mismatch" (python/cpython#106905).
    """
    was = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        if was:
            gc.enable()


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


def written(tree: ast.AST) -> Iterator[str]:
    """Dotted names of offkit that stand in strings, as importlib and pkgutil take them; one that ends with
    a dot is the beginning of a name that is put together."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.match(node.value):
            yield node.value


def reached(module: Module, modules: dict[str, Module]) -> Iterator[str]:
    """Modules that ``module`` needs by a name in a string: "offkit.a.b", or "offkit.a.b.NAME"."""
    for name in written(module.tree):
        one = name[len("offkit.") :]
        above = one.rpartition(".")[0]
        if one in modules:
            yield one
        elif above in modules and not modules[above].short.endswith("__init__.py"):
            yield above


def graph(modules: dict[str, Module]) -> dict[str, set[str]]:
    """{module: modules it imports, by a statement or by a name in a string}, all of them offkit's."""
    arrows = {}
    for name, module in modules.items():
        ours = {one[len("offkit.") :] for one in imported(module.tree) if one.startswith("offkit.")}
        # "from a.b import c": the module a.b.c where there is one, else something of a.b
        arrows[name] = {one if one in modules else one.rpartition(".")[0] for one in ours}
        arrows[name] |= set(reached(module, modules))
        arrows[name] = (arrows[name] & set(modules)) - {name}
    return arrows


def folders(modules: dict[str, Module]) -> dict[str, set[str]]:
    """{folder: folders it imports from}."""
    found: dict[str, set[str]] = {each.folder: set() for each in modules.values()}
    for name, below in graph(modules).items():
        found[modules[name].folder] |= {modules[other].folder for other in below}
    return {one: below - {one} for one, below in found.items()}


def floors(arrows: dict[str, set[str]]) -> dict[str, int]:
    """{folder: 0 where it imports from no other, else one above the highest}.

    Raises graphlib.CycleError where one imports from itself, however far around; its second argument
    is the way.
    """
    sorter = graphlib.TopologicalSorter(arrows)
    sorter.prepare()
    found: dict[str, int] = {}
    floor = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        found.update(dict.fromkeys(ready, floor))
        sorter.done(*ready)
        floor += 1
    return found


def longest_chain(modules: dict[str, Module]) -> list[str]:
    """Modules of which each imports the next, as many as there are. Raises graphlib.CycleError."""
    arrows = graph(modules)
    chains: dict[str, list[str]] = {}
    for name in graphlib.TopologicalSorter(arrows).static_order():
        below = [chains[other] for other in sorted(arrows[name])]
        chains[name] = [name, *max(below, key=len, default=[])]
    return max((chains[name] for name in sorted(chains)), key=len)


def main() -> str:
    modules = read()
    arrows = folders(modules)
    try:
        level, chain = floors(arrows), longest_chain(modules)
    except graphlib.CycleError as error:
        return "a knot: " + " -> ".join(reversed(error.args[1]))
    lines: Counter[str] = Counter()
    for each in modules.values():
        lines.update({each.folder: each.lines, each.room + "/*": each.lines, "*": each.lines})
    print("floor  folder                  lines  imports from")
    for one in sorted(arrows, key=lambda one: (-level[one], one)):
        print(f"{level[one]:5}  {one:22} {lines[one]:6}  {', '.join(sorted(arrows[one]))}")
    rooms = sorted({each.room for each in modules.values()})
    print("\nlines by room: " + ", ".join(f"{room} {lines[room + '/*']}" for room in rooms))
    print(f"in all: {lines['*']} lines in {len(modules)} modules; no knots")
    print(f"longest chain of imports: {len(chain)}\n    {' > '.join(chain)}")
    return ""


if __name__ == "__main__":
    sys.exit(main() or None)  # an empty word would be a failure
