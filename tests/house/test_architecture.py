"""The house keeps its shape: imports go down only, and each effect has one door."""

import ast
import graphlib
import os

import pytest

import plan_of_the_house

# Each room may import from these, and from itself. No two folders import each other, in one room or two.
BELOW = {
    "model": set(),
    "elf": {"model"},
    "edges": {"model"},
    "media": {"model", "edges"},
    "online": {"model", "elf", "edges", "media"},
    "server": {"model", "elf", "edges", "media"},
    "badapple": {"model", "edges"},
    "theatre": {"model", "edges", "badapple"},
    "fleet": {"model"},
    "cli": {"model", "edges", "media", "online", "server", "badapple", "theatre", "fleet"},
}
DEEPEST = 9  # modules, each of which imports the next
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
# Who changes files, and which; nobody else does, neither directly nor by edges/files.
WRITERS = {
    "edges/exclusive": "the directory that has the lock",
    "edges/files": "for others: new files, whole replacements, removal without following links",
    "edges/leftovers": "scratch directories, files that take a place when they are whole, and what dead runs left of both",
    "edges/mounts": "mount points in TMPDIR",
    "edges/run": "a link that a child was told to follow",
    "media/loose": "repodata for RPMs that have none, in a scratch directory",
    "media/primary_db": "a temporary copy of primary.sqlite",
    "media/rpm_keys": "keys of rpm's, in the directory of a key ring",
    "media/rpm_payload": "a temporary payload",
    "media/supply": "one RPM at a time in its scratch directory",
    "media/web": "what curl fetches, in its scratch directory",
    "online/bundle": "the lock, for pip, in a temporary directory",
    "online/carry/parting": "the parts of a bundle, in its place",
    "online/carry/stand_ins": "stand-ins, and what they are to be, in the cache",
    "online/proof/forecast": "a large library, while it is read",
    "online/proof/rehearsal": "a bundle's own files, in a temporary directory",
    "online/reasons/stubs": "stand-in wheels, in a scratch directory",
    "online/resolve/remembered": "which files the pins of a lock meant",
    "online/rpms/metadata": "metadata of repositories, unpacked in a scratch directory",
    "online/rpms/mirror": "the cache of what servers called a small file",
    "online/rpms/signatures": "what gpg and rpm look at, in a scratch directory",
    "online/sources/archive": "an archive in memory",
    "online/wheels/fetch": "a lock, where -o says so",
    "online/wheels/memo": "the cache of what follows from wheels",
    "online/wheels/store": "the cache of wheels",
    "server/bundle/bundled": "RPMs of the bundle, unpacked into a scratch directory",
    "server/install/build": "the environment while it is built",
    "server/install/compilation": "sources, and what builds them, below the environment while it is built",
    "server/install/fetching": "directories for what yum fetches, in a scratch directory",
    "server/install/install": "the prefix, and its lock",
    "server/install/supplies": "yum's scratch directory",
    "server/libraries/vendor": "libraries inside the environment while it is built",
    "server/prefix/generations": "the link current, and generations that go",
    "server/prefix/uninstall": "the prefix, when it goes",
    "server/python/adopt": "the receipt of a Python that install.sh brought",
    "server/repo/change": "what 'offkit repo' undoes",
    "server/repo/machine": "/etc/yum.repos.d, /etc/fstab, mount points",
    "server/repo/state": "/var/lib/offkit/repo.json",
    "server/smoke/room": "the checks, in a scratch directory",
    "server/system/ledger": "what yum was asked to do for a prefix",
    "server/system/rpm_files": "a temporary copy of another system's rpm database",
    "server/system/takeback": "files of modular streams that an installation enabled",
    "server/system/verified": "what yum fetches, in a scratch directory",
    "badapple/bench/measure": "a processor's lock, and the disk's speed",
    "badapple/bench/run": "what it measured with",
    "badapple/convert": "the film, each worker at its own place",
    "badapple/parts": "pieces of a film, beside the result",
    "badapple/shadowplay/clip": "the cache of the film",
    "badapple/verify/codecs": "a film that is encoded in order to be decoded",
    "badapple/verify/processors": "a processor's lock",
    "badapple/workload": "the film",
    "cli/app": "the log of an internal error",
    "cli/bench_badapple": "what was measured with",
    "cli/lock": "requirements.lock",
    "cli/probe": "the probe, where --output says so",
    "cli/report": "the page, where --html says so",
    "cli/streams": "/dev/null, in the place of a stream whose reader has gone",
    "theatre/player/terminal": "the terminal",
}
_CHANGES = {
    "os": "chmod chown ftruncate link makedirs mkdir mkfifo remove removedirs rename renames replace rmdir symlink "
    "truncate unlink utime write",
    "files": "lock remove_tree replace write_below write_new",
    "shutil": "copy copy2 copyfile copytree move rmtree",
    "tempfile": "NamedTemporaryFile TemporaryDirectory TemporaryFile mkdtemp mkstemp",
}
ALLOWED_LIBRARIES = {
    "cli": {"typer"},
    "badapple": {"numpy", "cv2"},
    "theatre": {"numpy"},
    "online": {"packaging", "platformdirs", "build"},  # pip and piptools only through upstream.reach
}


PLAN = plan_of_the_house.read()
MODULES = [(each.room, each.short, each.tree) for each in PLAN.values()]
imported = plan_of_the_house.imported


def problems_of(check):
    return [
        "{}: {}".format(short, text) for room, short, tree in MODULES for text in check(room, short, tree)
    ]


def test_every_room_exists():
    """The rooms of the journey are all there, and no other."""
    assert {room for room, _, _ in MODULES} == set(BELOW)


def test_imports_go_down_only():
    """Down by the floors; siblings do not know each other."""

    def check(room, short, tree):
        for name in imported(tree):
            parts = name.split(".")
            if parts[0] == "offkit" and parts[1] in BELOW and parts[1] not in BELOW[room] | {room}:
                yield "imports " + name

    assert problems_of(check) == []


def test_names_in_strings_go_down_only():
    """What importlib is given is an import too; a name that is put together stays in its folder."""
    for each in PLAN.values():
        for name in plan_of_the_house.reached(each, PLAN):
            assert PLAN[name].room in BELOW[each.room] | {each.room}, (each.short, name)
        for name in plan_of_the_house.written(each.tree):
            if name.endswith("."):
                assert name == "offkit.{}.".format(each.folder.replace(os.sep, ".")), (each.short, name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("importlib.import_module('offkit.theatre.page_reader')", ["theatre.page_reader"]),
        ("ALL = (('html', 'offkit.theatre.page_reader.HtmlReader'),)", ["theatre.page_reader"]),
        ("pkgutil.get_data('offkit.fleet', 'page.html')", ["fleet"]),
        ("a = 'offkit.fleet.deploy', 'offkit.pyz'", []),  # of the collection, and a file
    ],
)
def test_what_names_in_strings_are_seen(text, names):
    """Modules, and what is in one; nothing else that begins like it."""
    module = plan_of_the_house.Module("model.example", "model/example.py", 1, ast.parse(text))
    assert list(plan_of_the_house.reached(module, PLAN)) == names


def test_no_knots():
    """No folder imports from one that imports from it, however far around; nor does a module."""
    try:
        plan_of_the_house.floors(plan_of_the_house.folders(PLAN))
        plan_of_the_house.floors(plan_of_the_house.graph(PLAN))
    except graphlib.CycleError as error:
        pytest.fail("a knot: " + " -> ".join(reversed(error.args[1])))


def test_no_deep_chain():
    """Who reads a module need not open many more."""
    assert len(plan_of_the_house.longest_chain(PLAN)) <= DEEPEST


def test_only_the_printer_prints():
    """print(), questions and writes to the standard streams live in cli/render.py. (The player draws
    on a terminal that it opens itself: theatre/player/terminal.py.)"""

    def check(room, short, tree):
        if short == os.path.join("cli", "render.py"):
            return
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("print", "input")
            ):
                yield "prints in line {}".format(node.lineno)
            if isinstance(node, ast.Attribute) and node.attr in ("confirm", "prompt", "echo", "secho"):
                yield "prints or asks by typer in line {}".format(node.lineno)
            if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr"):
                if (
                    isinstance(node.value, ast.Name)
                    and node.value.id == "sys"
                    and short != os.path.join("cli", "app.py")
                ):
                    yield "touches sys.{} in line {}".format(node.attr, node.lineno)

    assert problems_of(check) == []


def test_who_changes_files():
    """Those that are known for it, each for what it says; the doctor, for one, is not among them."""
    found = {os.path.splitext(short)[0] for _, short, tree in MODULES if any(map(_changes, ast.walk(tree)))}
    assert sorted(found) == sorted(WRITERS)


def _changes(node):
    """Whether a call changes the file system, by its name or its mode."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "open" and _is_writing(node)
    if not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
    if owner in _CHANGES:
        flags = ast.dump(node) if (owner, node.func.attr) == ("os", "open") else ""
        writing = any(each in flags for each in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"))
        return writing or node.func.attr in _CHANGES[owner].split()
    return node.func.attr in ("write_text", "write_bytes", "mkdir", "touch", "symlink_to") or (
        node.func.attr == "open" and _is_writing(node)
    )


def _is_writing(node):
    modes = [each.value for each in [*node.args, *(more.value for more in node.keywords)] if _is_mode(each)]
    return any(set("wax+").intersection(mode) for mode in modes)


def _is_mode(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 3


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
        "build",
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


def test_commands_are_short():
    """A command reads its options, makes one call, shows what came of it and gives the exit code."""

    def check(room, short, tree):
        for node in tree.body if room == "cli" else []:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                body = [
                    each for each in node.body if not isinstance(each, ast.Expr) or each is not node.body[0]
                ]
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                if lines > 60:
                    yield "{} has {} lines".format(node.name, lines)

    assert problems_of(check) == []


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
