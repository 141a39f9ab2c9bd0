"""Every rule of the loader's search: compiled, really run, and compared with the search's answer.

Each case is a program like Python that opens modules, what lies where, and what is found. The
real loader has to agree with the case, and the search with both: the same files, or the same
first library missing.
"""

import os
import platform
import subprocess
from typing import NamedTuple, Optional

import pytest

import bare
import compiler
import enter
import pythons
from offkit.edges import host
from offkit.edges.tree import Tree
from offkit.elf import hwcaps
from offkit.elf.reader import MACHINES
from offkit.elf.search import lib_token, system_dirs
from offkit.server.loader.view import TreeView, make_loader

pytestmark = pytest.mark.skipif(bool(compiler.obstacle()), reason=compiler.obstacle() or "gcc works")


class Case(NamedTuple):
    """Paths are below a directory that is written {}; the module that is opened is m.so.

    ``files`` maps paths to (maker, fields), ``links`` to targets. Either ``finds`` is all that is
    mapped besides the program and glibc, or ``misses`` the first name that is not found, or
    ``lacks`` a symbol version.
    """

    rule: str
    files: dict
    finds: str = ""
    misses: str = ""
    lacks: str = ""
    python: Optional[dict] = None
    links: Optional[dict] = None
    library_path: str = ""
    conf: str = ""  # directories of ld.so.conf, before ldconfig runs
    late: Optional[dict] = None  # files that come after it
    gone: tuple = ()  # files that go after it


def lib(needed="", **fields):
    return compiler.library, dict(fields, needed=needed.split())


def decoy(needed=""):
    return compiler.decoy, {"needed": needed.split()}


CASES = [
    Case(
        "RPATH serves everything below, however deep",
        {
            "m.so": lib("liba.so", rpath="{}/l"),
            "l/liba.so": lib("libb.so"),
            "l/libb.so": lib("libd.so"),
            "l/libd.so": lib(),
        },
        finds="m.so l/liba.so l/libb.so l/libd.so",
    ),
    Case(
        "RUNPATH serves only its own file",
        {"m.so": lib("liba.so", runpath="{}/l"), "l/liba.so": lib("libb.so"), "l/libb.so": lib()},
        misses="libb.so",
    ),
    Case(
        "RUNPATH makes the loader forget the RPATH above it",
        {
            "m.so": lib("liba.so", rpath="{}/l"),
            "l/liba.so": lib("libb.so", runpath="{}/r"),
            "l/libb.so": lib(),
        },
        misses="libb.so",
    ),
    Case(
        "a child of a file with RUNPATH gets the RPATH of its grandparent",
        {
            "m.so": lib("liba.so", rpath="{}/l"),
            "l/liba.so": lib("libb.so", runpath="{}/r"),
            "r/libb.so": lib("libd.so"),
            "l/libd.so": lib(),
        },
        finds="m.so l/liba.so r/libb.so l/libd.so",
    ),
    Case(
        "DT_RPATH beside DT_RUNPATH does not count",
        {
            "m.so": (compiler.both_tags, {"needed": ["liba.so"], "rpath": "{}/l", "runpath": "{}/r"}),
            "l/liba.so": lib(),
        },
        misses="liba.so",
    ),
    Case(
        "DT_RPATH beside DT_RUNPATH does not count for children",
        {
            "m.so": (compiler.both_tags, {"needed": ["liba.so"], "rpath": "{}/l", "runpath": "{}/r"}),
            "r/liba.so": lib("libb.so"),
            "l/libb.so": lib(),
        },
        misses="libb.so",
    ),
    Case(
        "the executable's RPATH serves modules",
        {"m.so": lib("liba.so"), "l/liba.so": lib()},
        python={"rpath": "{}/l"},
        finds="m.so l/liba.so",
    ),
    Case(
        "the executable's RPATH comes after the module's own",
        {
            "m.so": lib("liba.so libb.so", rpath="{}/r"),
            "l/liba.so": lib(),
            "r/liba.so": lib(),
            "l/libb.so": lib(),
        },
        python={"rpath": "{}/l"},
        finds="m.so r/liba.so l/libb.so",
    ),
    Case(
        "the executable's RUNPATH does not serve modules",
        {"m.so": lib("liba.so"), "l/liba.so": lib()},
        python={"runpath": "{}/l"},
        misses="liba.so",
    ),
    Case(
        "a module with RUNPATH does not get the executable's RPATH",
        {"m.so": lib("liba.so", runpath="{}/r"), "l/liba.so": lib()},
        python={"rpath": "{}/l"},
        misses="liba.so",
    ),
    Case(
        "the RPATH of the library that calls dlopen does not serve modules",
        {"libcaller.so": (compiler.caller, {"rpath": "{}/l"}), "m.so": lib("liba.so"), "l/liba.so": lib()},
        python={"needed": ["libcaller.so"], "runpath": "{}"},
        misses="liba.so",
    ),
    Case(
        "the executable's RPATH serves modules that a library opens",
        {"libcaller.so": (compiler.caller, {}), "m.so": lib("liba.so"), "l/liba.so": lib()},
        python={"needed": ["libcaller.so"], "rpath": "{}:{}/l"},
        finds="libcaller.so m.so l/liba.so",
    ),
    Case(
        "LD_LIBRARY_PATH comes before RUNPATH",
        {"m.so": lib("liba.so", runpath="{}/r"), "r/liba.so": lib(), "v/liba.so": lib()},
        library_path="{}/v",
        finds="m.so v/liba.so",
    ),
    Case(
        "LD_LIBRARY_PATH comes after RPATH",
        {"m.so": lib("liba.so", rpath="{}/r"), "r/liba.so": lib(), "v/liba.so": lib()},
        library_path="{}/v",
        finds="m.so r/liba.so",
    ),
    Case(
        "LD_LIBRARY_PATH takes semicolons, and $ORIGIN of the program",
        {"m.so": lib("liba.so libb.so"), "v/liba.so": lib(), "w/libb.so": lib()},
        library_path="{}/nothing;$ORIGIN/v:{}/w",
        finds="m.so v/liba.so w/libb.so",
    ),
    Case(
        "$ORIGIN of a library is where it was opened, through links",
        {"store/m.so": lib("liba.so", rpath="$ORIGIN/l"), "l/liba.so": lib(), "store/l/liba.so": lib()},
        links={"m.so": "store/m.so"},
        finds="m.so l/liba.so",
    ),
    Case(
        "${ORIGIN} in RUNPATH, and .. behind it",
        {"m.so": lib("liba.so", runpath="${ORIGIN}/x/../l"), "l/liba.so": lib(), "x/nothing.so": lib()},
        finds="m.so l/liba.so",
    ),
    Case(
        "a child's inherited $ORIGIN is that of the file with the RPATH",
        {
            "m.so": lib("liba.so", rpath="$ORIGIN/l"),
            "l/liba.so": lib("libb.so"),
            "l/libb.so": lib(),
            "l/l/libb.so": lib(),
        },
        finds="m.so l/liba.so l/libb.so",
    ),
    Case(
        "$LIB",
        {"m.so": lib("liba.so", rpath="{}/$LIB"), "{LIB}/liba.so": lib()},
        finds="m.so {LIB}/liba.so",
    ),
    Case(
        "$PLATFORM",
        {
            "m.so": lib("liba.so", rpath="{}/$PLATFORM"),
            "x86_64/liba.so": lib(),
            "haswell/liba.so": lib(),
            "xeon_phi/liba.so": lib(),
        },
        finds="m.so {PLATFORM}/liba.so",
    ),
    Case(
        "$LIBRARY is no token",
        {"m.so": lib("liba.so", rpath="{}/$LIBRARY"), "$LIBRARY/liba.so": lib()},
        finds="m.so $LIBRARY/liba.so",
    ),
    Case(
        "a name with a slash is opened as it is",
        {"m.so": lib("{}/l/liba.so $ORIGIN/l/libb.so"), "l/liba.so": lib(), "l/libb.so": lib()},
        finds="m.so l/liba.so l/libb.so",
    ),
    Case(
        "a name with a slash is not searched for",
        {"m.so": lib("{}/x/liba.so", rpath="{}/l"), "l/liba.so": lib()},
        misses="{}/x/liba.so",
    ),
    Case(
        "a library that is there under its soname is not looked for again",
        {
            "m.so": lib("liba.so libb.so", rpath="{}/l"),
            "l/liba.so": lib(soname="libother.so.1"),
            "l/libb.so": lib("libother.so.1"),
        },
        finds="m.so l/liba.so l/libb.so",
    ),
    Case(
        "a library that the program has loaded serves modules by its soname",
        {"libcaller.so": (compiler.caller, {}), "m.so": lib("libcaller.so")},
        python={"needed": ["libcaller.so"], "runpath": "{}"},
        finds="libcaller.so m.so",
    ),
    Case(
        "two names of one file are one library",
        {"m.so": lib("liba.so libb.so", rpath="{}/l"), "l/liba.so": lib()},
        links={"l/libb.so": "liba.so"},
        finds="m.so l/liba.so",
    ),
    Case(
        "a library of the wrong class is passed over",
        {"m.so": lib("liba.so", rpath="{}/32:{}/64"), "32/liba.so": decoy(), "64/liba.so": lib()},
        finds="m.so 64/liba.so",
    ),
    Case(
        "a library of the wrong class alone is none",
        {"m.so": lib("liba.so", rpath="{}/32"), "32/liba.so": decoy()},
        misses="liba.so",
    ),
    Case(
        "a file that is no ELF file ends the search",
        {
            "m.so": lib("liba.so", rpath="{}/text:{}/l"),
            "text/liba.so": (compiler.text, {}),
            "l/liba.so": lib(),
        },
        misses="liba.so",
    ),
    Case(
        "a broken link is passed over",
        {"m.so": lib("liba.so", rpath="{}/x:{}/l"), "l/liba.so": lib(), "x/nothing.so": lib()},
        links={"x/liba.so": "liba.so.1"},
        finds="m.so l/liba.so",
    ),
    Case(
        "a directory of that name ends the search",
        {"m.so": lib("liba.so", rpath="{}/x:{}/l"), "l/liba.so": lib(), "x/liba.so/nothing.so": lib()},
        misses="liba.so",
    ),
    Case(
        "an empty or relative element is the current directory",
        {"m.so": lib("liba.so", rpath=":l"), "l/liba.so": lib()},
        misses="liba.so",
    ),
    Case(
        "a copy for this CPU goes first",
        {"m.so": lib("liba.so", rpath="{}/l"), "l/liba.so": lib(), "l/{LEVEL}/liba.so": lib()},
        finds="m.so l/{LEVEL}/liba.so",
    ),
    Case(
        "a copy for this CPU alone is enough, in every kind of directory",
        {
            "m.so": lib("liba.so libb.so", runpath="{}/r"),
            "r/{LEVEL}/liba.so": lib(),
            "v/{LEVEL}/libb.so": lib(),
        },
        library_path="{}/v",
        finds="m.so r/{LEVEL}/liba.so v/{LEVEL}/libb.so",
    ),
    Case(
        "a copy for another CPU is none",
        {
            "m.so": lib("liba.so", rpath="{}/l"),
            "l/glibc-hwcaps/x86-64-v9/liba.so": lib(),
            "l/glibc-hwcaps/z15/liba.so": lib(),
        },
        misses="liba.so",
    ),
    Case(
        "a symbol version that is there",
        {
            "l/liba.so": lib(versions=["V_1", "V_2"], soname="liba.so"),
            "m.so": lib(uses=("{}/l/liba.so", ["V_1"]), rpath="{}/l"),
        },
        finds="m.so l/liba.so",
    ),
    Case(
        "a symbol version that is not there",
        {
            "new/liba.so": lib(versions=["V_1", "V_2"], soname="liba.so"),
            "m.so": lib(uses=("{}/new/liba.so", ["V_1", "V_2"]), rpath="{}/old"),
            "old/liba.so": lib(versions=["V_1"], soname="liba.so"),
        },
        lacks="V_2",
    ),
    Case(
        "a weak symbol version that is not there",
        {
            "m.so": (compiler.weak, {"library": "liba.so", "versions": ["V_2"], "rpath": "{}/old"}),
            "old/liba.so": lib(versions=["V_1"], soname="liba.so"),
        },
        finds="m.so old/liba.so",
    ),
    Case(
        "a library that defines no versions satisfies all",
        {
            "new/liba.so": lib(versions=["V_1"], soname="liba.so"),
            "m.so": lib(uses=("{}/new/liba.so", ["V_1"]), rpath="{}/old"),
            # Like all that are linked with glibc it has versions for what it needs itself.
            "old/libb.so": lib(versions=["W_1"], soname="libb.so"),
            "old/liba.so": lib(plain=["V_1"], soname="liba.so", uses=("{}/old/libb.so", ["W_1"])),
        },
        finds="m.so old/liba.so old/libb.so",
    ),
]

# What needs an ld.so.cache and default directories of its own, so a root.
SYSTEM_CASES = [
    Case(
        "ld.so.cache",
        {"m.so": lib("liba.so"), "/opt/c/liba.so": lib()},
        conf="/opt/c",
        finds="m.so /opt/c/liba.so",
    ),
    Case(
        "a library that came after ldconfig is not in the cache",
        {"m.so": lib("liba.so")},
        late={"/opt/c/liba.so": lib()},
        conf="/opt/c",
        misses="liba.so",
    ),
    Case(
        "a library that came after ldconfig into a default directory",
        {"m.so": lib("liba.so")},
        late={"{DEFAULT}/liba.so": lib()},
        finds="m.so {DEFAULT}/liba.so",
    ),
    Case(
        "a cached library that has gone",
        {"m.so": lib("liba.so"), "/opt/c/liba.so": lib()},
        conf="/opt/c",
        gone=("/opt/c/liba.so",),
        misses="liba.so",
    ),
    Case(
        "a cached library that has gone, and another in a default directory",
        {"m.so": lib("liba.so"), "/opt/c/liba.so": lib()},
        conf="/opt/c",
        gone=("/opt/c/liba.so",),
        late={"{DEFAULT}/liba.so": lib()},
        finds="m.so {DEFAULT}/liba.so",
    ),
    Case(
        "the cache comes before the default directories",
        {"m.so": lib("liba.so"), "/opt/c/liba.so": lib()},
        conf="/opt/c",
        late={"{DEFAULT}/liba.so": lib()},
        finds="m.so /opt/c/liba.so",
    ),
    Case(
        "RUNPATH comes before the cache",
        {"m.so": lib("liba.so", runpath="{}/r"), "r/liba.so": lib(), "/opt/c/liba.so": lib()},
        conf="/opt/c",
        finds="m.so r/liba.so",
    ),
    Case(
        "a cached library of the wrong class",
        {"m.so": lib("liba.so"), "/opt/c/liba.so": decoy()},
        conf="/opt/c",
        misses="liba.so",
    ),
    Case(
        "a cached library that has been replaced by one of the wrong class",
        {"m.so": lib("liba.so"), "/opt/c/liba.so": lib()},
        conf="/opt/c",
        gone=("/opt/c/liba.so",),
        late={"/opt/c/liba.so": decoy(), "{DEFAULT}/liba.so": lib()},
        finds="m.so {DEFAULT}/liba.so",
    ),
    Case(
        "NODEFLIB: no default directories",
        {"m.so": lib("liba.so", nodeflib=True)},
        late={"{DEFAULT}/liba.so": lib()},
        misses="liba.so",
    ),
    Case(
        "NODEFLIB: no cached library that lies in one",
        {"m.so": lib("liba.so", nodeflib=True), "{DEFAULT}/liba.so": lib()},
        misses="liba.so",
    ),
    Case(
        "NODEFLIB: cached libraries elsewhere",
        {"m.so": lib("liba.so", nodeflib=True), "/opt/c/liba.so": lib()},
        conf="/opt/c",
        finds="m.so /opt/c/liba.so",
    ),
    Case(
        "NODEFLIB is not inherited",
        {
            "m.so": lib("liba.so", nodeflib=True, rpath="{}/l"),
            "l/liba.so": lib("libb.so"),
            "{DEFAULT}/libb.so": lib(),
        },
        finds="m.so l/liba.so {DEFAULT}/libb.so",
    ),
    Case(
        "a copy for this CPU in the cache",
        {"m.so": lib("liba.so"), "/opt/c/liba.so": lib(), "/opt/c/{LEVEL}/liba.so": lib()},
        conf="/opt/c",
        finds="m.so /opt/c/{LEVEL}/liba.so",
    ),
    Case(
        "a copy for this CPU alone, in the cache",
        {"m.so": lib("liba.so"), "/opt/c/{LEVEL}/liba.so": lib()},
        conf="/opt/c",
        finds="m.so /opt/c/{LEVEL}/liba.so",
    ),
    Case(
        "a copy for this CPU alone, in a default directory and in no cache",
        {"m.so": lib("liba.so")},
        late={"{DEFAULT}/{LEVEL}/liba.so": lib()},
        finds="m.so {DEFAULT}/{LEVEL}/liba.so",
    ),
    Case(
        "a copy for this CPU, in the cache's directory but not in the cache",
        {"m.so": lib("liba.so")},
        conf="/opt/c",
        late={"/opt/c/{LEVEL}/liba.so": lib()},
        misses="liba.so",
    ),
]


class World:
    """A directory (below a root or not) with a case's files, and both who are asked about it."""

    def __init__(self, case, here, root=""):
        self.case, self.here, self.root = case, str(here), root
        ldso = _interpreter()
        with open(ldso, "rb") as source:
            content = source.read()
        cpu = host.cpu()
        arch = platform.machine()
        special = [name for name in hwcaps.subdirectories(content, arch, cpu) if name.startswith("glibc-")]
        directories = system_dirs(content)
        self.words = {
            "{}": self.here,
            "{LIB}": lib_token(directories),
            "{PLATFORM}": hwcaps.platform(content, arch, cpu),
            "{LEVEL}": special[0] if special else "",
            "{DEFAULT}": directories[-1],
        }
        if "{LEVEL}" in repr(case) and not special:
            pytest.skip("this loader or CPU knows no glibc-hwcaps")

    def text(self, value):
        """A case's text, or texts, with the words replaced."""
        if isinstance(value, (list, tuple)):
            return [self.text(each) for each in value]
        if isinstance(value, str):
            for word, meaning in self.words.items():
                value = value.replace(word, meaning)
        return value

    def path(self, name):
        return os.path.join(self.here, self.text(name))

    def make(self):
        self._files(dict(self.case.files, python=(compiler.program, self.case.python or {})))
        for name, target in (self.case.links or {}).items():
            os.symlink(target, self.root + self.path(name))
        if self.root:
            bare.write(self.root, "etc/ld.so.conf", "/{}\n{}\n".format(bare.LIB, self.case.conf))
            bare.ldconfig(self.root)
        for name in self.case.gone:
            os.remove(self.root + self.path(name))
        self._files(self.case.late or {})

    def _files(self, files):
        for name, (maker, fields) in files.items():
            path = self.root + self.path(name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            maker(path, **{key: self.text(value) for key, value in fields.items()})

    def loader(self):
        """What really happens: (exit status, lines)."""
        argv = [self.path("python"), self.path("m.so")]
        variables = {"LD_LIBRARY_PATH": self.text(self.case.library_path)} if self.case.library_path else {}
        if self.root:
            done = enter.run(self.root, argv, variables=variables)
        else:
            done = subprocess.run(argv, env=variables, cwd="/", capture_output=True, check=False)
        return done.returncode, done.stdout.decode().splitlines()

    def search(self):
        """What the search says: the reports about the program and the module."""
        tree = Tree(self.root or "/")
        view = TreeView(tree)
        main = view.open(self.path("python")).elf
        variable = self.text(self.case.library_path).replace(";", ":")
        paths = tuple(variable.split(":")) if variable else ()
        loader, _ = make_loader(tree, view, main.interpreter, MACHINES[main.machine], paths)
        program = loader.program(self.path("python"))
        return program.report, program.dlopen(self.path("m.so"))

    def real(self, paths):
        """Files of the case without links, sorted; glibc's own are left out."""
        found = {Tree(self.root or "/").real(path) for path in paths}
        ours = [
            path
            for path in found
            if path.startswith((self.here, "/opt/")) or "liba.so" in path or "libb.so" in path
        ]
        return sorted(ours)


def _interpreter():
    """The ld.so that gcc's programs name on this machine."""
    for path in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"):
        if os.path.exists(path):
            return path
    pytest.skip("a glibc for x86-64 or AArch64 only")


def check(world):
    """The real loader against the case, then the search against both."""
    case = world.case
    world.make()
    status, said = world.loader()
    executable, module = world.search()
    first = [each.name for each in module.resolutions if not each.found][:1]
    assert executable.problem == module.problem == ""
    assert [each.name for each in executable.resolutions if not each.found] == []
    if case.finds:
        wanted = world.real(world.path(name) for name in case.finds.split())
        assert (status, world.real(said)) == (0, wanted)
        python = world.path("python")
        loaded = [
            path for path in executable.loaded + module.loaded if path != Tree(world.root or "/").real(python)
        ]
        assert first == []
        assert module.versions == ()
        assert world.real(loaded) == wanted
    elif case.misses:
        assert status == 1
        assert os.path.basename(world.text(case.misses)) in said[0]
        assert any(text in said[0] for text in ("cannot open shared object file", "ELF", "Is a directory"))
        assert first == [world.text(case.misses)]
    else:
        assert status == 1
        assert "version `{}' not found".format(case.lacks) in said[0]
        assert [each.version for each in module.versions] == [case.lacks]
        assert first == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule(case, tmp_path):
    """One rule of the search, as the loader of this machine follows it."""
    check(World(case, tmp_path.resolve()))


@pytest.fixture
def root(tmp_path):
    """A bare root; Python is not used in it."""
    made = bare.make(str(tmp_path.resolve() / "root"), pythons.newest()[1], stdlib="glibc")
    yield made
    bare.discard(made)


@pytest.mark.root
@pytest.mark.skipif(bool(enter.obstacle()), reason=enter.obstacle() or "roots can be entered")
@pytest.mark.parametrize("case", SYSTEM_CASES, ids=lambda case: case.rule)
def test_system_rule(case, root):
    """One rule about ld.so.cache and the default directories, in a root with its own."""
    check(World(case, "/probe", root))


def test_what_an_earlier_import_has_loaded(tmp_path):
    """Decided at run time: a module that misses a library alone gets it after another has it."""
    case = Case("", {"m.so": lib("liba.so"), "first.so": lib("liba.so", rpath="{}/l"), "l/liba.so": lib()})
    world = World(case, tmp_path.resolve())
    world.make()
    alone = world.loader()
    after = subprocess.run(
        [world.path("python"), world.path("first.so"), world.path("m.so")], capture_output=True, check=False
    )
    assert alone == (1, ["liba.so: cannot open shared object file: No such file or directory"])
    assert after.returncode == 0
    assert [each.how for each in world.search()[1].resolutions] == ["missing"]


def test_where_ldd_is_wrong(tmp_path):
    """ldd on a vendored library knows nothing of the RPATH above it; on a module, nothing of Python's."""
    case = Case(
        "",
        {
            "m.so": lib("liba.so", rpath="{}/l"),
            "l/liba.so": lib("libb.so"),
            "l/libb.so": lib(),
            "n.so": lib("libb.so"),
        },
        python={"rpath": "{}/l"},
    )
    world = World(case, tmp_path.resolve())
    world.make()
    assert world.loader()[0] == 0
    for name in ("l/liba.so", "n.so"):
        listed = subprocess.run(["ldd", world.path(name)], capture_output=True, check=False).stdout.decode()
        assert "libb.so => not found" in listed
    _, module = world.search()
    assert [each.found for each in module.resolutions] == [True, True]
