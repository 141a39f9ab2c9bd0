"""The house keeps its shape: imports go down only, and each effect has one door."""

import ast
import os

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "toolkit", "offkit")

# Each room may import from these, and from itself.
BELOW = {
    "model": set(),
    "elf": {"model"},
    "edges": {"model"},
    "online": {"model", "elf", "edges"},
    "target": {"model", "elf", "edges"},
    "badapple": {"model", "elf", "edges"},
    "fleet": {"model", "elf", "edges"},
    "cli": {"model", "elf", "edges", "online", "target", "badapple", "fleet"},
}
SOCKETS = {
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "ftplib",
    "smtplib",
    "asyncio",
    "socketserver",
    "xmlrpc",
}
SPAWNERS = {"subprocess", "pty"}
OS_SPAWN = {"system", "popen", "fork", "forkpty"} | {
    name for name in dir(os) if name.startswith(("spawn", "exec", "posix_spawn"))
}
ALLOWED_LIBRARIES = {
    "cli": {"typer"},
    "badapple": {"numpy", "cv2"},
    "online": {"packaging", "platformdirs"},  # pip and piptools only through foreign._reach
}


def sources():
    """(room, module path below offkit/, syntax tree) of every module."""
    found = []
    for folder, _, names in sorted(os.walk(ROOT)):
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                short = os.path.relpath(path, ROOT)
                with open(path, encoding="utf-8") as source:
                    found.append((short.split(os.sep)[0], short, ast.parse(source.read())))
    return [entry for entry in found if entry[0] in BELOW]


MODULES = sources()


def imported(tree):
    """Dotted names of every import, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            for alias in node.names:
                yield "{}.{}".format(node.module, alias.name)


def problems_of(check):
    return [
        "{}: {}".format(short, text) for room, short, tree in MODULES for text in check(room, short, tree)
    ]


def test_every_room_exists():
    """The eight rooms of the journey are all there."""
    assert {room for room, _, _ in MODULES} == set(BELOW)


def test_imports_go_down_only():
    """cli → online, target, badapple, fleet → edges, elf → model; siblings do not know each other."""

    def check(room, short, tree):
        for name in imported(tree):
            parts = name.split(".")
            if parts[0] == "offkit" and parts[1] in BELOW and parts[1] not in BELOW[room] | {room}:
                yield "imports " + name

    assert problems_of(check) == []


def _dotted(short):
    name = "offkit." + short[:-3].replace(os.sep, ".")
    return name[: -len(".__init__")] if name.endswith(".__init__") else name


def test_no_import_cycle_and_no_deep_chain():
    """Modules form a graph without cycles."""
    names = {_dotted(short): tree for _, short, tree in MODULES}
    graph = {}
    for name, tree in names.items():
        # "from a.b import c": the module a.b.c where there is one, else something of a.b
        found = {target if target in names else target.rpartition(".")[0] for target in imported(tree)}
        graph[name] = found.intersection(names)
    done, path = set(), []

    def visit(name):
        assert name not in path, "cycle: " + " -> ".join([*path, name])
        if name in done or name not in graph:
            return
        path.append(name)
        for target in sorted(graph[name] - {name}):
            visit(target)
        path.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)
    assert done == set(graph)


def test_only_the_printer_prints():
    """print() and writes to the standard streams live in cli/render.py. (The player draws on a
    terminal that it opens itself: badapple/player/terminal.py.)"""

    def check(room, short, tree):
        if short == os.path.join("cli", "render.py"):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield "prints in line {}".format(node.lineno)
            if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr"):
                if (
                    isinstance(node.value, ast.Name)
                    and node.value.id == "sys"
                    and short != os.path.join("cli", "app.py")
                ):
                    yield "touches sys.{} in line {}".format(node.attr, node.lineno)

    assert problems_of(check) == []


def test_only_one_door_to_other_programs():
    """subprocess and its relatives are used by edges/run.py alone, and never with a shell."""

    def check(room, short, tree):
        for name in imported(tree):
            if name.split(".")[0] in SPAWNERS and short != os.path.join("edges", "run.py"):
                yield "imports " + name
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
                if node.attr in OS_SPAWN:
                    yield "uses os.{} in line {}".format(node.attr, node.lineno)
            if isinstance(node, ast.keyword) and node.arg == "shell":
                yield "passes shell= in line {}".format(node.value.lineno)

    assert problems_of(check) == []


def test_nobody_opens_a_socket():
    """Not on the server, and before the gap only through pip's session."""

    def check(room, short, tree):
        for name in imported(tree):
            if SOCKETS.intersection({name.split(".")[0], ".".join(name.split(".")[:2])}):
                yield "imports " + name

    assert problems_of(check) == []


def test_libraries_stay_in_their_rooms():
    """Beyond the standard library each room has a short list."""
    outside = {
        "typer",
        "click",
        "numpy",
        "cv2",
        "pip",
        "piptools",
        "packaging",
        "platformdirs",
        "requests",
        "yaml",
    }

    def check(room, short, tree):
        for name in imported(tree):
            top = name.split(".")[0]
            if top in outside and top not in ALLOWED_LIBRARIES.get(room, set()):
                yield "imports " + name

    assert problems_of(check) == []


def test_every_public_function_is_described():
    """A docstring on every module, public class and public function (commands show theirs as help)."""

    def check(room, short, tree):
        if not ast.get_docstring(tree) and len(tree.body):
            yield "module"
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                obvious = isinstance(node, ast.FunctionDef) and len(node.body) <= 3
                if not ast.get_docstring(node) and not obvious and not _is_plain_value(node):
                    yield node.name

    assert problems_of(check) == []


def _is_plain_value(node):
    """A NamedTuple whose fields say everything."""
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases
    )


@pytest.mark.parametrize("room", ["model", "elf"])
def test_pure_rooms_do_no_io(room):
    """model and elf get values and open files; they open nothing themselves."""
    found = []
    for where, short, tree in MODULES:
        if where != room:
            continue
        for name in imported(tree):
            if name.split(".")[0] in {"os", "pathlib", "shutil", "tempfile", "glob", "subprocess"}:
                found.append("{}: imports {}".format(short, name))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                found.append("{}: opens a file in line {}".format(short, node.lineno))
    assert found == []
