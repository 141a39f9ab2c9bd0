"""The loader's search: glibc's rules, one by one, over files that are a dictionary."""

import posixpath

import pytest

from elf_maker import build
from offkit.elf import search
from offkit.elf.cache import CacheEntry
from offkit.elf.reader import BadElf, NotElf, read
from offkit.elf.resolution import Opened, View
from offkit.elf.search import Loader, lib_token, system_dirs

LDSO = "/lib64/ld-linux-x86-64.so.2"
PYTHON = "/usr/bin/python3"
CV2 = "/env/cv2/cv2.so"


class Fake(View):
    """Paths to contents; a value that begins with "->" is another name of the same file."""

    def __init__(self, files):
        self.files = {
            LDSO: build(soname="ld-linux-x86-64.so.2"),
            "/lib64/libc.so.6": build(soname="libc.so.6"),
        }
        self.files.update(files)
        self.opened = []

    def open(self, path):
        path = posixpath.normpath(path)
        self.opened.append(path)
        value = self.files.get(path)
        if isinstance(value, str):
            path = value[2:]
            value = self.files.get(path)
        if value is None:
            return Opened(problem="no such file", absent=True)
        try:
            return Opened(read(value), path)
        except (NotElf, BadElf) as error:
            return Opened(None, path, str(error))


def python(**fields):
    return build(needed=["libc.so.6"], interpreter=LDSO, kind=2, **fields)


def opened(files, module=CV2, **options):
    """The report of ``import`` in a python that may be among ``files``."""
    view = Fake(dict({PYTHON: python()}, **files))
    return Loader(view, **options).program(PYTHON).dlopen(module)


def found(report):
    """{name: (how, path)}, paths without .."""
    return {each.name: (each.how, posixpath.normpath(each.path or "-")) for each in report.resolutions}


def missing(report):
    return [each.name for each in report.resolutions if not each.found]


def test_the_story():
    """cv2 finds its vendored Qt by its own RPATH, Qt finds others by cv2's, and everything that
    the server lacks is named at once, however deep."""
    report = opened(
        {
            CV2: build(needed=["libQtGui-9.so", "libavcodec-4.so"], rpath="$ORIGIN/.libs"),
            "/env/cv2/.libs/libQtGui-9.so": build(needed=["libSM.so.6", "libQtCore-1.so", "libXext.so.6"]),
            "/env/cv2/.libs/libQtCore-1.so": build(needed=["libgthread-2.0.so.0"]),
            "/env/cv2/.libs/libavcodec-4.so": build(needed=["libz.so.1"]),
            "/usr/lib64/libz.so.1": build(soname="libz.so.1", needed=["libc.so.6"]),
        }
    )
    assert missing(report) == ["libSM.so.6", "libXext.so.6", "libgthread-2.0.so.0"]
    assert found(report)["libQtCore-1.so"] == (search.RPATH, "/env/cv2/.libs/libQtCore-1.so")
    assert found(report)["libz.so.1"] == (search.DEFAULT, "/usr/lib64/libz.so.1")
    assert found(report)["libc.so.6"] == (search.LOADED, "/lib64/libc.so.6")
    assert [each.name for each in report.resolutions[:3]] == [
        "libQtGui-9.so",
        "libavcodec-4.so",
        "libSM.so.6",
    ]


def test_runpath_is_not_inherited():
    """What the module's RUNPATH gives it does not serve the libraries it loads."""
    report = opened(
        {
            CV2: build(needed=["liba.so"], runpath="$ORIGIN/libs"),
            "/env/cv2/libs/liba.so": build(needed=["libb.so"]),
            "/env/cv2/libs/libb.so": build(),
        }
    )
    assert found(report)["liba.so"] == (search.RUNPATH, "/env/cv2/libs/liba.so")
    assert missing(report) == ["libb.so"]


def test_a_runpath_silences_the_rpath_of_the_same_file():
    """With DT_RUNPATH there the file's own DT_RPATH is dropped, and its parents' not asked."""
    files = {
        CV2: build(needed=["liba.so"], rpath="/parent"),
        "/parent/liba.so": build(needed=["libb.so"], rpath="/own", runpath="/run"),
        "/own/libb.so": build(),
        "/parent/libb.so": build(),
    }
    assert missing(opened(files)) == ["libb.so"]
    files["/run/libb.so"] = build()
    assert found(opened(files))["libb.so"] == (search.RUNPATH, "/run/libb.so")


def test_an_rpath_beside_a_runpath_is_dropped_for_children_too():
    """The chain goes through such a parent without taking anything from it."""
    files = {
        CV2: build(needed=["liba.so"], rpath="/dropped", runpath="/run"),
        "/run/liba.so": build(needed=["libb.so"]),
        "/dropped/libb.so": build(),
    }
    assert missing(opened(files)) == ["libb.so"]


@pytest.mark.parametrize(
    ("fields", "how"),
    [({"rpath": "/opt/ssl"}, search.EXECUTABLE_RPATH), ({"runpath": "/opt/ssl"}, search.MISSING)],
)
def test_what_the_executable_gives_to_a_module(fields, how):
    """Its DT_RPATH serves dlopen'ed modules, its DT_RUNPATH never."""
    report = opened(
        {
            PYTHON: python(**fields),
            "/lib/_ssl.so": build(needed=["libssl.so.3"]),
            "/opt/ssl/libssl.so.3": build(),
        },
        module="/lib/_ssl.so",
    )
    assert found(report)["libssl.so.3"][0] == how


def test_a_runpath_of_the_module_hides_the_executables_rpath():
    """_ssl with a RUNPATH of its own is not helped by the executable."""
    report = opened(
        {
            PYTHON: python(rpath="/opt/ssl"),
            "/lib/_ssl.so": build(needed=["libssl.so.3"], runpath="/elsewhere"),
            "/opt/ssl/libssl.so.3": build(),
        },
        module="/lib/_ssl.so",
    )
    assert missing(report) == ["libssl.so.3"]


def test_an_executables_rpath_beside_a_runpath_is_dropped():
    """New dtags with an old one left over: only the RUNPATH counts, and that not for modules."""
    report = opened(
        {
            PYTHON: python(rpath="/opt/ssl", runpath="/other"),
            "/lib/_ssl.so": build(needed=["libssl.so.3"]),
            "/opt/ssl/libssl.so.3": build(),
        },
        module="/lib/_ssl.so",
    )
    assert missing(report) == ["libssl.so.3"]


def test_libpythons_rpath_does_not_serve_modules():
    """The calling library is not the loader of what dlopen opens."""
    report = opened(
        {
            PYTHON: build(needed=["libpython3.6m.so.1.0"], interpreter=LDSO),
            "/lib64/libpython3.6m.so.1.0": build(rpath="/opt/ssl", soname="libpython3.6m.so.1.0"),
            "/lib/_ssl.so": build(needed=["libssl.so.3", "libpython3.6m.so.1.0"]),
            "/opt/ssl/libssl.so.3": build(),
        },
        module="/lib/_ssl.so",
    )
    assert missing(report) == ["libssl.so.3"]
    assert found(report)["libpython3.6m.so.1.0"][0] == search.LOADED


def test_the_order_of_places():
    """RPATH, LD_LIBRARY_PATH, RUNPATH, ld.so.cache, default directories: the first that has it."""
    cache = [CacheEntry("liba.so", "/cached/liba.so", 0x0303, 0, 0)]
    everywhere = ["/rpath", "/variable", "/runpath", "/cached", "/lib64", "/usr/lib64"]
    hows = []
    for gone in range(len(everywhere) + 1):
        files = {posixpath.join(place, "liba.so"): build() for place in everywhere[gone:]}
        for fields in ({"rpath": "/rpath"}, {"runpath": "/runpath"}):
            files[CV2] = build(needed=["liba.so"], **fields)
            report = opened(files, cache=cache, library_path=["/variable"])
            hows.append((gone, report.resolutions[0].how))
    assert hows == [
        (0, search.RPATH),
        (0, search.LIBRARY_PATH),
        (1, search.LIBRARY_PATH),
        (1, search.LIBRARY_PATH),
        (2, search.CACHE),
        (2, search.RUNPATH),
        (3, search.CACHE),
        (3, search.CACHE),
        (4, search.DEFAULT),
        (4, search.DEFAULT),
        (5, search.DEFAULT),
        (5, search.DEFAULT),
        (6, search.MISSING),
        (6, search.MISSING),
    ]


def test_a_failure_says_where_it_looked_in_order():
    """Each place with the rule that led there and the reason."""
    report = opened(
        {
            CV2: build(needed=["libSM.so.6"], rpath="$ORIGIN/.libs:relative"),
            "/usr/lib64/libSM.so.6": build(bits=32, machine=3),
        },
        cache=[CacheEntry("libSM.so.6", "/lib/libSM.so.6", 3, 0, 0)],
    )
    (resolution,) = report.resolutions
    assert resolution.how == search.MISSING
    assert [(look.place, look.how, look.reason) for look in resolution.looked] == [
        ("/env/cv2/.libs", "RPATH", "no such file"),
        ("relative", "RPATH", "relative to the working directory of the program"),
        ("/lib/libSM.so.6", "ld.so.cache", "for another architecture"),
        ("/lib64", "default directory", "no such file"),
        ("/usr/lib64/libSM.so.6", "default directory", "wrong ELF class: 32-bit i386"),
    ]


def test_a_wrong_class_is_passed_over():
    """The search goes on behind a 32-bit library of the same name."""
    report = opened(
        {
            CV2: build(needed=["liba.so"], rpath="/first:/second"),
            "/first/liba.so": build(bits=32, machine=3),
            "/second/liba.so": build(),
        }
    )
    assert found(report)["liba.so"] == (search.RPATH, "/second/liba.so")


def test_a_file_that_is_no_elf_file_ends_the_search():
    """As open_verify does: invalid ELF header is fatal, although a good file would follow."""
    report = opened(
        {
            CV2: build(needed=["liba.so"], rpath="/first:/second"),
            "/first/liba.so": b"text",
            "/second/liba.so": build(),
        }
    )
    assert missing(report) == ["liba.so"]
    assert report.resolutions[0].looked[-1] == search.Look("/first/liba.so", "RPATH", "no ELF header")


def test_loaded_by_soname_or_by_an_earlier_name():
    """Both names of one library satisfy whoever asks later; one file is loaded once."""
    report = opened(
        {
            CV2: build(needed=["liba-1.2.so", "liba.so.1", "liba-1.2.so", "other.so"], rpath="/l"),
            "/l/liba-1.2.so": build(soname="liba.so.1"),
            "/l/other.so": "->/l/liba-1.2.so",
        }
    )
    assert [each.how for each in report.resolutions] == ["RPATH", "already loaded", "already loaded", "RPATH"]
    assert report.loaded == (CV2, "/l/liba-1.2.so")


def test_origin_is_where_a_library_was_opened_but_where_an_executable_is():
    """Symbolic links count for a library's $ORIGIN, and not for an executable's."""
    report = opened(
        {
            PYTHON: "->/opt/python/bin/python3",
            "/opt/python/bin/python3": python(rpath="$ORIGIN/../lib"),
            "/opt/python/lib/libpy.so": build(),
            CV2: "->/store/cv2.so",
            "/store/cv2.so": build(needed=["liba.so", "libpy.so"], rpath="${ORIGIN}/libs"),
            "/env/cv2/libs/liba.so": build(),
        }
    )
    assert found(report) == {
        "liba.so": (search.RPATH, "/env/cv2/libs/liba.so"),
        "libpy.so": (search.EXECUTABLE_RPATH, "/opt/python/lib/libpy.so"),
    }


def test_tokens_lib_and_platform():
    """$LIB is lib64 on Enterprise Linux; $LIBRARY is not a token."""
    report = opened(
        {
            CV2: build(needed=["liba.so", "libb.so"], rpath="/opt/$LIB:/opt/${PLATFORM}:/opt/$LIBRARY"),
            "/opt/lib64/liba.so": build(),
            "/opt/x86_64/libb.so": build(),
        }
    )
    assert [path for _, path in found(report).values()] == ["/opt/lib64/liba.so", "/opt/x86_64/libb.so"]


def test_tokens_in_the_variable_are_the_executables():
    """LD_LIBRARY_PATH: $ORIGIN is the program's directory, not that of the file that asks."""
    files = {CV2: build(needed=["liba.so"]), "/usr/lib/liba.so": build(), "/env/lib/liba.so": build()}
    report = opened(files, library_path=["$ORIGIN/../lib"])
    assert found(report)["liba.so"] == (search.LIBRARY_PATH, "/usr/lib/liba.so")


def test_names_with_a_slash_are_paths():
    """They are opened directly and searched nowhere."""
    report = opened(
        {
            CV2: build(needed=["/opt/liba.so", "$ORIGIN/libb.so", "sub/libc.so"]),
            "/opt/liba.so": build(),
            "/env/cv2/libb.so": build(),
        }
    )
    assert [each.how for each in report.resolutions] == [search.PATH, search.PATH, search.MISSING]


def test_nodeflib_skips_system_directories():
    """DF_1_NODEFLIB: no default directories, and no cache entries that lie in them."""
    cache = [
        CacheEntry("liba.so", "/usr/lib64/liba.so", 0x0303, 0, 0),
        CacheEntry("libb.so", "/opt/libb.so", 0x0303, 0, 0),
    ]
    report = opened(
        {
            CV2: build(needed=["liba.so", "libb.so"], nodeflib=True),
            "/usr/lib64/liba.so": build(),
            "/opt/libb.so": build(),
        },
        cache=cache,
    )
    assert missing(report) == ["liba.so"]


def test_an_empty_name():
    """The executable's name is empty, so nothing is searched (glibc 2.36 loads such a file)."""
    report = opened({CV2: build(needed=["", "libc.so.6"])})
    assert [each.name for each in report.resolutions] == ["libc.so.6"]


def test_a_stale_cache_entry_is_not_the_end():
    """ldconfig has not run since the file went: the default directories are still asked."""
    cache = [CacheEntry("liba.so", "/gone/liba.so", 0x0303, 0, 0)]
    report = opened({CV2: build(needed=["liba.so"]), "/lib64/liba.so": build()}, cache=cache)
    assert found(report)["liba.so"] == (search.DEFAULT, "/lib64/liba.so")


def test_missing_versions():
    """glibc too old; weak wants, libraries without versions and those that are missing are no problem."""
    report = opened(
        {
            "/lib64/libc.so.6": build(soname="libc.so.6", defines=["GLIBC_2.2.5", "GLIBC_2.17"]),
            "/lib64/libplain.so": build(),
            CV2: build(
                needed=["libc.so.6", "libplain.so", "libgone.so"],
                needs={
                    "libplain.so": ["ANY_1"],
                    "libgone.so": ["ANY_1"],
                    "libc.so.6": ["GLIBC_2.17", "GLIBC_2.28"],
                },
                weak={"libc.so.6": ["GLIBC_2.35"]},
            ),
        }
    )
    assert [(each.needed_by, each.name, each.path, each.version) for each in report.versions] == [
        (CV2, "libc.so.6", "/lib64/libc.so.6", "GLIBC_2.28")
    ]


def test_each_module_is_judged_alone():
    """What one module loads does not help another; what the executable loads helps all."""
    view = Fake(
        {
            PYTHON: python(),
            "/env/a.so": build(needed=["libx.so"], rpath="/x"),
            "/env/b.so": build(needed=["libx.so", "libc.so.6"]),
            "/x/libx.so": build(),
        }
    )
    program = Loader(view).program(PYTHON)
    assert missing(program.dlopen("/env/a.so")) == []
    assert missing(program.dlopen("/env/b.so")) == ["libx.so"]
    assert found(program.dlopen("/env/b.so"))["libc.so.6"][0] == search.LOADED


def test_roots_that_cannot_be_opened():
    """A missing, broken or foreign root is a problem in the report, never an exception."""
    files = {"/broken.so": b"\x7fELF", "/arm.so": build(machine=183)}
    assert opened(files, "/gone.so").problem == "no such file"
    assert opened(files, "/broken.so").problem == "unknown ELF class or byte order"
    assert opened(files, "/arm.so").problem == "wrong ELF class: 64-bit aarch64"
    assert Loader(Fake({})).program("/nowhere").report.problem == "no such file"


def test_a_cycle_ends():
    """Two libraries that need each other are loaded once each."""
    files = {
        CV2: build(needed=["liba.so"], rpath="/l"),
        "/l/liba.so": build(needed=["libb.so"]),
        "/l/libb.so": build(needed=["liba.so"]),
    }
    assert opened(files).loaded == (CV2, "/l/liba.so", "/l/libb.so")


@pytest.mark.parametrize(
    ("loader", "directories", "lib"),
    [
        (b"..\0/lib64/\0/usr/lib64/\0..", ("/lib64", "/usr/lib64"), "lib64"),
        (
            b"/etc/ld.so.cache\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0x",
            ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"),
            "lib/x86_64-linux-gnu",
        ),
        (b"", ("/lib64", "/usr/lib64"), "lib64"),
    ],
)
def test_default_directories_come_from_the_loader_itself(loader, directories, lib):
    """Enterprise Linux, Debian, and one that does not say."""
    assert system_dirs(loader) == directories
    assert lib_token(directories) == lib


def test_a_program_that_is_not_there():
    """It has no report but that; what is opened in its place is judged without one."""
    view = Fake({"/x/liba.so.1": build(soname="liba.so.1"), "/text": b"text"})
    started = Loader(view).program("/none")
    assert (started.report.root, started.report.problem) == ("/none", "no such file")
    assert started.report[2:] == ((), (), (), ())
    assert started.dlopen("/x/liba.so.1").problem == ""
    assert Loader(view).program("/text").report.problem == "no ELF header"
    assert started.dlopen("/text").problem == "no ELF header"


def test_the_loader_itself_is_there_from_the_start():
    """Also where it lies in no directory that is searched; so is its soname, which may be another name."""
    elsewhere = "/opt/ld-2.17.so"
    files = {
        PYTHON: build(needed=["libc.so.6"], interpreter=elsewhere, kind=2),
        elsewhere: build(soname="ld-own.so.2"),
        CV2: build(needed=["ld-own.so.2"]),
    }
    report = opened(files)
    assert found(report)["ld-own.so.2"] == (search.LOADED, elsewhere)
    assert missing(report) == []


def test_an_executable_is_asked_once():
    """What it needs itself is searched by its RPATH as a user of the library, and not again as the executable."""
    files = {PYTHON: build(needed=["libgone.so"], interpreter=LDSO, kind=2, rpath="/opt/x")}
    report = Loader(Fake(files)).program(PYTHON).report
    (gone,) = [each for each in report.resolutions if not each.found]
    assert [each.how for each in gone.looked if each.place == "/opt/x"] == [search.RPATH]


def test_what_is_loaded_already_is_not_loaded_again():
    """By its file, whatever it is called; for good only when it is preloaded."""
    view = Fake({
        PYTHON: python(),
        "/x/liba.so.1": build(soname="liba.so.1"),
        "/y/liba.so": "->/x/liba.so.1",
        CV2: build(needed=["liba.so.1"]),
    })  # fmt: skip
    program = Loader(view).program(PYTHON)
    assert program.report.problem == ""
    assert missing(program.dlopen(CV2)) == ["liba.so.1"]
    first = program.dlopen("/x/liba.so.1")
    assert first.loaded == ("/x/liba.so.1",)
    assert missing(program.dlopen(CV2)) == ["liba.so.1"]
    assert program.preload("/x/liba.so.1").loaded == ("/x/liba.so.1",)
    again = program.preload("/y/liba.so")
    assert again == ("/y/liba.so", "", (), (), ("/x/liba.so.1",), ())
    assert found(program.dlopen(CV2)) == {"liba.so.1": ("already loaded", "/x/liba.so.1")}


def test_a_root_of_another_architecture():
    """The loader would not map it."""
    view = Fake({PYTHON: python(), "/x.so": build(bits=32, machine=3), "/y.so": build(machine=183)})
    program = Loader(view).program(PYTHON)
    assert program.dlopen("/x.so").problem == "wrong ELF class: 32-bit i386"
    assert program.dlopen("/y.so").problem == "wrong ELF class: 64-bit aarch64"


def test_directories_of_a_path():
    """None of an empty one; an empty element is the current directory; tokens are replaced."""
    loader = Loader(Fake({}), default_dirs=("/lib64", "/usr/lib64"), platform="haswell")
    assert loader.paths("", "/o") == loader.paths(None, "/o") == []
    assert loader.paths("/a::$ORIGIN/b:${ORIGIN}x", "/o") == ["/a", ".", "/o/b", "/ox"]
    assert loader.expand("$LIB ${PLATFORM} $OTHER $ORIGIN", "/o") == "lib64 haswell $OTHER /o"
    assert lib_token(["/opt/lib", "/usr/lib64"]) == "lib64"
    assert lib_token(["/usr/lib", "/lib/x86_64-linux-gnu"]) == "lib/x86_64-linux-gnu"
    assert lib_token([]) == "lib64"
    assert system_dirs(b"nothing") == ("/lib64", "/usr/lib64")


def test_where_the_system_has_a_library():
    """ld.so.cache, then the default directories; only what fits."""
    arch = (64, True, 62)
    view = Fake({
        "/lib64/liba.so.1": build(bits=32, machine=3),
        "/usr/lib64/liba.so.1": build(),
        "/usr/lib64/libb.so.1": b"text",
    })  # fmt: skip
    loader = Loader(view)
    assert loader.system("liba.so.1", arch) == "/usr/lib64/liba.so.1"
    assert loader.system("liba.so.1", (32, True, 3)) == "/lib64/liba.so.1"
    assert loader.system("libb.so.1", arch) == ""
    assert loader.system("none", arch) == ""


def test_judging_a_file_that_is_nowhere():
    """As if it were at that path: its origin is there."""
    view = Fake({"/app/lib/liba.so.1": build(soname="liba.so.1")})
    elf = read(build(needed=["liba.so.1", "libc.so.6"], runpath="$ORIGIN/lib"))
    report = Loader(view).judge(elf, "/app/tool")
    assert found(report) == {
        "liba.so.1": ("RUNPATH", "/app/lib/liba.so.1"),
        "libc.so.6": ("default directory", "/lib64/libc.so.6"),
    }
    assert report.root == "/app/tool"


def test_every_place_in_vain():
    """With its kind and the reason, in the order of the search."""
    files = {
        PYTHON: python(rpath="/exe:rel"),
        CV2: build(needed=["liba.so.1", "sub/libb.so.1", "/abs/libc.so.1"], rpath="/own"),
        "/own/liba.so.1": build(bits=32, machine=3),
    }
    report = opened(files, library_path=["/var", "here"])
    looked = {each.name: [tuple(look) for look in each.looked] for each in report.resolutions}
    relative = "relative to the working directory of the program"
    assert looked["liba.so.1"] == [
        ("/own/liba.so.1", "RPATH", "wrong ELF class: 32-bit i386"),
        ("/exe", "RPATH of the executable", "no such file"),
        ("rel", "RPATH of the executable", relative),
        ("/var", "LD_LIBRARY_PATH", "no such file"),
        ("here", "LD_LIBRARY_PATH", relative),
        ("/etc/ld.so.cache", "ld.so.cache", "no entry"),
        ("/lib64", "default directory", "no such file"),
        ("/usr/lib64", "default directory", "no such file"),
    ]
    assert looked["sub/libb.so.1"] == [("sub/libb.so.1", "by its path", relative)]
    assert looked["/abs/libc.so.1"] == [("/abs/libc.so.1", "by its path", "no such file")]
    assert [each.needed_by for each in report.resolutions] == [CV2] * 3


def test_versions_that_lack():
    """Who wants which of whom, and what is there; weak ones and libraries without versions count for nothing."""
    files = {
        CV2: build(
            needed=["liba.so.1", "libb.so.1"],
            needs={"liba.so.1": ["A_1", "A_2"], "libb.so.1": ["B_1"], "libnone.so": ["N"]},
            weak={"liba.so.1": ["A_3"]},
        ),
        "/lib64/liba.so.1": build(soname="liba.so.1", defines=["A_1"]),
        "/lib64/libb.so.1": build(soname="libb.so.1"),
    }
    report = opened(files)
    assert [tuple(each) for each in report.versions] == [
        (CV2, "liba.so.1", "/lib64/liba.so.1", "A_2", ("A_1",))
    ]
