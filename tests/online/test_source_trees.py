"""Sources and their backends: what they say of themselves, what is built of them, and why not."""

import hashlib
import os
import platform
import sys
import zipfile

import pytest

import bundle_maker
import project_maker
from offkit.model.built import Pin
from offkit.online.sources import archive, backend, interpreters, metadata, refusal
from offkit.online.sources.environment import Provided
from offkit.online.sources.interpreters import Interpreter
from offkit.online.sources.refusal import Refused
from target_maker import preset

HERE = Interpreter(sys.executable, platform.python_version())
TARGET = preset("{}.{}".format(*sys.version_info[:2]))


def nothing(requirements):
    raise AssertionError("no build requirements were expected: {}".format(requirements))


@pytest.fixture
def provide(tmp_path):
    """Gives a wheel 'tool' for whatever is wanted, and notes that."""
    asked = []

    def make(requirements):
        asked.append(list(requirements))
        found = []
        for filename, body in (bundle_maker.wheel("tool"), bundle_maker.pip_wheel()):
            path = tmp_path / "wheels" / filename
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(body)
            found.append(path)
        return Provided((Pin("tool", "1.0", "0" * 64),), (found[0],), found[1])

    make.asked = asked
    return make


def refused(tree, provide=nothing):
    with pytest.raises(Refused) as caught:
        with backend.opened(tree, HERE, provide) as project:
            project.wheel(tree / "out")
    return caught.value


def test_a_tree_tells_its_metadata(tmp_path):
    """Asked of its backend in an interpreter of the target's series."""
    tree = project_maker.tree(tmp_path / "a b é", requires=["six>=1", "pytz; python_version < '3'"])
    found = backend.prepare(tree, HERE, nothing)
    assert found.metadata == ("app", "1.0", ("six>=1", "pytz; python_version < '3'"), "")
    assert (found.static, found.requires) == (False, ())
    assert found.python == HERE == interpreters.to_build(TARGET)
    assert interpreters.is_like(HERE, TARGET)


def test_build_requirements_are_installed_and_told(tmp_path, provide):
    """Those of pyproject.toml, and those that the backend adds; a wheel has nothing of this user's modes."""
    tree = project_maker.tree(
        tmp_path / "app", build_requires=["tool"], more=["tool>=0.5"], first="import tool"
    )
    before = os.umask(0o077)
    try:
        with backend.opened(tree, HERE, provide) as project:
            wheel = project.wheel(tmp_path / "out")
            assert [pin[:2] for pin in project.pins] == [("tool", "1.0")]
            assert project.requires == ("tool", "tool>=0.5")
    finally:
        os.umask(before)
    assert wheel.name == "app-1.0-py3-none-any.whl"
    assert provide.asked == [["tool"], ["tool", "tool>=0.5"]]


def test_what_a_build_leaves_is_swept(tmp_path, provide, monkeypatch):
    """Temporary files of programs that are killed, as Ctrl-C does, or that forget them: pip's, the backend's."""
    there = tmp_path / "temporary"
    there.mkdir()
    forgets = "import tempfile, tool; tempfile.mkstemp()"
    tree = project_maker.tree(tmp_path / "app", build_requires=["tool"], first=forgets)
    monkeypatch.setenv("TMPDIR", str(there))
    with backend.opened(tree, HERE, provide) as project:
        project.wheel(tmp_path / "out")
    assert not list(there.iterdir())


def test_the_same_source_gives_the_same_wheel(tmp_path):
    """Its environment says nothing of the time, of this user or of pip's configuration."""
    said = "assert os.environ['SOURCE_DATE_EPOCH'] and not os.path.exists(os.path.expanduser('~/.config'))"
    tree = project_maker.tree(tmp_path / "app", first=said)
    digests = set()
    for place in ("one", "two"):
        with backend.opened(tree, HERE, nothing) as project:
            digests.add(hashlib.sha256(project.wheel(tmp_path / place).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_an_sdist_is_unpacked_without_its_top(tmp_path):
    """And a tree gives one."""
    filename, body = project_maker.sdist()
    (tmp_path / filename).write_bytes(body)
    with archive.unpacked(tmp_path / filename) as tree:
        assert sorted(one.name for one in tree.iterdir()) == ["backend.py", "code.py", "pyproject.toml"]
        with backend.opened(tree, HERE, nothing) as project:
            assert project.sdist(tmp_path / "out").name == filename


def test_what_an_sdist_leaves_out(tmp_path):
    """What setup.py reads is there all the same, however often it is asked; nothing else is."""
    directory, tree = tmp_path / "a b \u00e9", tmp_path / "tree"
    files = {
        "setup.py": "import helper\nopen('requirements.txt'), open(os.path.join('pkg', '__init__.py')), 'bundle'",
        "requirements.txt": "-r more/base.txt\nsix\n",
        "more/base.txt": "pytz\n",
        "helper.py": "",
        "setup.cfg": "[metadata]\nversion = file: VERSION\n",
        "VERSION": "1",
        "tests/__init__.py": "",  # a package, which the sdist is without
        "notes.txt": "",
        "bundle.tar": "",
        "build/requirements.txt": "",
        ".git/VERSION": "",
        "env/pyvenv.cfg": "",
        "env/VERSION": "",
    }
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    tree.mkdir()
    (tree / "VERSION").write_text("of the sdist")
    archive.complete(tree, directory)
    archive.complete(tree, directory)
    found = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    assert found == ["VERSION", "helper.py", "more/base.txt", "requirements.txt"]
    assert (tree / "VERSION").read_text() == "of the sdist"


def test_a_damaged_sdist_is_named(tmp_path):
    (tmp_path / "app-1.0.tar.gz").write_bytes(b"no archive")
    with pytest.raises(Refused, match=r"app-1\.0\.tar\.gz cannot be unpacked"):
        with archive.unpacked(tmp_path / "app-1.0.tar.gz"):
            pass


def test_what_is_no_project_is_said(tmp_path):
    assert "is no Python project" in refused(tmp_path).why
    (tmp_path / "pyproject.toml").write_text("[build-system]\nrequires = 7\n")
    assert "is no Python project" in refused(tmp_path).why


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("error: command 'gcc' failed: No such file or directory", "a C compiler"),
        ("unable to execute 'x86_64-linux-gnu-gcc': No such file", "a C compiler"),
        ("x.c:1:10: fatal error: Python.h: No such file or directory", "headers of Python"),
        ("x.c:1:10: fatal error: ffi.h: No such file or directory", "the header ffi.h"),
        ("gcc: fatal error: cannot execute ‘cc1plus’: execvp: No such file or directory", "a C++ compiler"),
        ("gcc: fatal error: cannot execute 'cc1plus': posix_spawnp: No such file", "a C++ compiler"),
        ("/usr/bin/ld: cannot find -lpq", "the library pq"),
        ("sh: 1: krb5-config: not found", "the program krb5-config"),
        ("error: can't find Rust compiler", "Rust"),
        ("ValueError: something else", ""),
    ],
)
def test_what_a_build_lacks_is_read_from_what_it_says(line, needs):
    assert needs in refusal.needed(["running build_ext", line]) if needs else not refusal.needed([line])


def test_a_header_before_the_compiler_that_missed_it():
    """setuptools says that gcc failed, whatever the reason was."""
    said = ["a.c:1:10: fatal error: ffi.h: No such file or directory", "error: command '/usr/bin/gcc' failed"]
    assert refusal.needed(said) == "the header ffi.h, of a -devel package"


def test_the_reason_of_a_failed_build(tmp_path):
    """What it says last, or what it needs; no secret."""
    tree = project_maker.tree(tmp_path / "app", first="raise ValueError('https://me:secret@host/x')")
    error = refused(tree)
    assert error.why == "its build failed: ValueError: https://host/x"
    assert "secret" not in "\n".join(error.lines)
    tree = project_maker.tree(tmp_path / "app", first="import cffi_of_nobody")
    assert "it imports cffi_of_nobody, which its build requirements do not have" in refused(tree).why
    tree = project_maker.tree(tmp_path / "app", first="sys.exit(\"error: command 'gcc' failed\")")
    assert refused(tree).needs.startswith("a C compiler")


@pytest.mark.parametrize(
    ("info", "table", "static"),
    [
        ("", "", False),
        ("Metadata-Version: 2.1\nName: app\n", "", False),
        ("Metadata-Version: 2.2\nName: app\n", "", True),
        ("Metadata-Version: 2.4\nName: app\nDynamic: License-File\n", "", True),
        ("Metadata-Version: 2.2\nName: app\nDynamic: requires-dist\n", "", False),
        ("", "[project]\nname = 'app'\nversion = '1'\n", True),
        ("", "[project]\nname = 'app'\ndynamic = ['version']\n", True),
        ("", "[project]\nname = 'app'\ndynamic = ['dependencies']\n", False),
        ("", "project = 7\n", False),
        ("", "not TOML", False),
    ],
)
def test_static_metadata_holds_everywhere(tmp_path, info, table, static):
    """PEP 643 and PEP 621."""
    (tmp_path / "PKG-INFO").write_text(info)
    (tmp_path / "pyproject.toml").write_text(table)
    assert metadata.is_static(tmp_path) is static


@pytest.mark.parametrize(
    ("tag", "pure", "files", "word"),
    [
        ("py3-none-any", "true", {}, ""),
        ("py2.py3-none-any", "true", {"app/launcher.exe": b"MZ"}, ""),
        ("cp36-cp36m-linux_x86_64", "false", {}, "holds compiled code"),
        ("py3-none-any", "false", {}, "Root-Is-Purelib is false"),
        ("py3-none-any", "true", {"app/lib.so": b"\x7fELF..."}, "app/lib.so"),
    ],
)
def test_what_is_not_pure(tmp_path, tag, pure, files, word):
    tree = project_maker.tree(tmp_path / "app", tag=tag, pure=pure, files=files)
    with backend.opened(tree, HERE, nothing) as project:
        wheel = project.wheel(tmp_path / "out")
    assert zipfile.is_zipfile(wheel)
    said = metadata.impurity(wheel)
    assert word in said if word else said == ""
