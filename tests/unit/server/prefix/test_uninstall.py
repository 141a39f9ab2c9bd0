"""Taking everything back: all of offkit's, nothing else, and in spite of interruptions."""

import os

import pytest

import bundle_maker
import prefix_maker
from offkit.edges import files
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.server.prefix import generations, uninstall


def standing(prefix):
    """Two generations, the older one current, a leftover and a link that was being replaced."""
    prefix.mkdir(exist_ok=True)
    prefix_maker.generation(prefix, 1)
    prefix_maker.generation(prefix, 2, current=False)
    (prefix / "generations" / ".building-0003-x-y").mkdir()
    (prefix / "generations" / ".building-0003-x-y" / "part").write_bytes(b"x")
    (prefix / "current.123.tmp").symlink_to("generations/0002-ab000000")


def foreign(prefix):
    """Files of somebody else's, some with names like offkit's."""
    (prefix / "notes.txt").write_bytes(b"mine")
    (prefix / "data").mkdir()
    (prefix / "data" / "current").symlink_to("../generations/0001-ab000000")
    (prefix / "current.bak").symlink_to("generations/0001-ab000000")
    (prefix / "generations").mkdir(exist_ok=True)
    (prefix / "generations" / "0009-99999999").mkdir()
    (prefix / "generations" / "0009-99999999" / "thesis").write_bytes(b"mine")
    (prefix / "generations" / "0008-88888888").symlink_to("/")
    (prefix / "generations" / ".building-site").write_bytes(b"mine")


def remove(prefix):
    return uninstall.apply(uninstall.plan(str(prefix)), "t0", Reporter())


def test_all_of_it_goes(tmp_path):
    """The tree is as it was before the installation."""
    (tmp_path / "other").write_bytes(b"other")
    before = bundle_maker.listing(str(tmp_path))
    standing(tmp_path / "p")
    remove(tmp_path / "p")
    assert bundle_maker.listing(str(tmp_path)) == before


def test_the_order(tmp_path):
    """What offkit may be running from goes late, what shows whose prefix it is last."""
    standing(tmp_path)
    made = uninstall.plan(str(tmp_path))
    assert [(one.kind, os.path.relpath(one.path, str(tmp_path)), one.size > 0) for one in made.items] == [
        ("leftover", "generations/.building-0003-x-y", True),
        ("generation", "generations/0002-ab000000", True),
        ("link", "current", False),
        ("link", "current.123.tmp", False),
        ("generation", "generations/0001-ab000000", True),
        ("directory", "generations", False),
        ("lock", ".lock", False),
        ("directory", ".", False),
    ]
    assert made.foreign == ()


def test_what_is_not_offkits_stays(tmp_path):
    """It is named, and not touched."""
    prefix = tmp_path / "p"
    prefix.mkdir()
    foreign(prefix)
    before = bundle_maker.listing(str(prefix))
    standing(prefix)
    made = remove(prefix)
    assert [os.path.relpath(path, str(prefix)) for path in made.foreign] == [
        "current.bak",
        "data",
        "generations/.building-site",
        "generations/0008-88888888",
        "generations/0009-99999999",
        "notes.txt",
    ]
    assert bundle_maker.listing(str(prefix)) == before


@pytest.mark.parametrize("name", ["home", "generations", "current", "lock", "full lock", "file", "link"])
def test_other_directories_are_refused(tmp_path, name):
    """Whatever they have in common with a prefix."""
    prefix = tmp_path / "p"
    prefix.mkdir()
    (prefix / "notes.txt").write_bytes(b"mine")
    if name == "generations":
        (prefix / "generations" / "0001-00000000").mkdir(parents=True)
    if name == "current":
        (prefix / "current").symlink_to("releases/0001-00000000")
    if name == "lock":
        (prefix / ".lock").write_bytes(b"")
    if name == "full lock":
        (prefix / ".lock").write_bytes(b"4711\n")
    if name in ("file", "link"):
        (prefix / "generations").symlink_to("/") if name == "link" else (prefix / "generations").write_bytes(
            b""
        )
    before = bundle_maker.listing(str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="is not an offkit prefix; nothing was removed") as caught:
        uninstall.plan(str(prefix))
    assert [one.code for one in caught.value.findings] == ["ENV045"]
    assert bundle_maker.listing(str(tmp_path)) == before


def test_a_file_is_no_prefix(tmp_path):
    """The system's own words."""
    (tmp_path / "p").write_bytes(b"")
    with pytest.raises(EnvironmentProblem, match="cannot be read") as caught:
        uninstall.plan(str(tmp_path / "p"))
    assert "Not a directory" in caught.value.findings[0].message


def test_nothing_there(tmp_path):
    """Nothing to do, and nothing is made meanwhile."""
    made = remove(tmp_path / "p")
    assert (made.items, made.foreign) == ((), ())
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize("left", [[], ["generations"], [".lock"], [".lock", "generations"]])
def test_an_installation_that_never_was(tmp_path, left):
    """What a failed first installation leaves goes too."""
    prefix = tmp_path / "p"
    prefix.mkdir()
    for name in left:
        (prefix / name).mkdir() if name == "generations" else (prefix / name).write_bytes(b"")
    remove(prefix)
    assert os.listdir(str(tmp_path)) == []


def test_a_lock_of_somebody_else(tmp_path):
    """A .lock with contents stays as it is."""
    standing(tmp_path / "p")
    (tmp_path / "p" / ".lock").write_bytes(b"4711\n")
    made = remove(tmp_path / "p")
    assert made.foreign == (str(tmp_path / "p" / ".lock"),)
    assert bundle_maker.listing(str(tmp_path / "p"))[0][3] == b"4711\n"


def test_a_prefix_that_is_a_link(tmp_path):
    """No installation makes one: the link stays, and the directory that it leads to."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "p").symlink_to("disk")
    standing(tmp_path / "disk")
    remove(tmp_path / "p")
    assert sorted(os.listdir(str(tmp_path))) == ["disk", "p"]
    assert os.listdir(str(tmp_path / "disk")) == []


def test_directories_without_write_permission(tmp_path):
    """They are opened up first."""
    standing(tmp_path / "p")
    folder = tmp_path / "p" / "current" / "lib" / prefix_maker.SERIES
    folder.chmod(0o500)
    remove(tmp_path / "p")
    assert os.listdir(str(tmp_path)) == []


def test_another_is_at_work(tmp_path):
    """The lock is that of the installation; nothing goes."""
    standing(tmp_path)
    before = bundle_maker.listing(str(tmp_path))
    with files.lock(str(tmp_path / ".lock")), pytest.raises(
        EnvironmentProblem, match="another offkit is running"
    ):
        remove(tmp_path)
    assert bundle_maker.listing(str(tmp_path)) == before


def test_what_has_come_since_the_plan(tmp_path):
    """What another offkit has made meanwhile goes too, and what has appeared beside it stays."""
    standing(tmp_path / "p")
    made = uninstall.plan(str(tmp_path / "p"))
    third = prefix_maker.generation(tmp_path / "p", 3)
    (tmp_path / "p" / "notes").write_bytes(b"mine")
    done = uninstall.apply(made, "t0", Reporter())
    assert third in [os.path.basename(item.path) for item in done.items]
    assert done.foreign == (str(tmp_path / "p" / "notes"),)
    assert os.listdir(str(tmp_path / "p")) == ["notes"]


def test_what_cannot_be_removed(tmp_path, monkeypatch):
    """Said, with the rest still whole, and the next run goes on."""
    standing(tmp_path / "p")
    real = files.remove_tree
    monkeypatch.setattr(files, "remove_tree", lambda name: "0001" not in name and real(name))
    with pytest.raises(EnvironmentProblem, match="the removal failed") as caught:
        remove(tmp_path / "p")
    assert [one.code for one in caught.value.findings] == ["ENV046"]
    monkeypatch.undo()
    remove(tmp_path / "p")
    assert os.listdir(str(tmp_path)) == []


class Killed(BaseException):
    """Neither OSError nor anything else that would be caught."""


@pytest.mark.parametrize("strangers", [False, True])
def test_killed_at_every_step(tmp_path, monkeypatch, strangers):
    """Half a generation never looks whole, and the second run ends as the first would have."""
    empty = tmp_path / "empty"
    empty.mkdir()
    if strangers:
        foreign(empty)
    expected = bundle_maker.listing(str(empty))
    stop, killed = 0, True
    while killed:
        prefix = tmp_path / "p{}".format(stop)
        prefix.mkdir()
        if strangers:
            foreign(prefix)
        standing(prefix)
        whole = len(bundle_maker.listing(str(prefix / "generations" / "0001-ab000000")))
        killed = interrupted(prefix, stop, monkeypatch)
        for one in generations.found(str(prefix)):
            if not one.id.startswith(("0009", "0008")):
                assert len(bundle_maker.listing(one.path)) == whole
        if killed:
            remove(prefix)
        assert prefix.exists() == strangers
        if strangers:
            assert bundle_maker.listing(str(prefix)) == expected
        stop += 1
    assert stop > 25


def interrupted(prefix, stop, monkeypatch):
    """Whether the removal was killed before its change to the disk number ``stop``."""
    count = [0]

    def counted(real):
        def call(*args, **more):
            if count[0] == stop:
                raise Killed()
            count[0] += 1
            return real(*args, **more)

        return call

    with monkeypatch.context() as patched:
        for name in ("unlink", "rmdir", "rename"):
            patched.setattr(os, name, counted(getattr(os, name)))
        try:
            remove(prefix)
        except Killed:
            return True
    return False


def test_a_user_who_may_not(tmp_path, monkeypatch):
    """Known beforehand, so a dry run says it too."""
    prefix_maker.generation(tmp_path / "p", 1)
    made = uninstall.plan(str(tmp_path / "p"))
    uninstall.require_permission(made)
    monkeypatch.setattr(uninstall.os, "access", lambda path, mode: False)
    with pytest.raises(EnvironmentProblem) as caught:
        uninstall.require_permission(made)
    assert caught.value.findings[0].code == "ENV031"
    uninstall.require_permission(uninstall.plan(str(tmp_path / "none")))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("3.6.15", "python"),
        ("3.6-rpm", "python"),
        (".building-3.6.15-x", "leftover"),
        ("3.6.15.log", "log"),
        (".building-3.6.15.log", "log"),
        ("3.11.2-x_1.log", "log"),
        ("3.log", ""),
        ("notes.log", ""),
        ("3.6.15.logs", ""),
        ("3.6", ""),
    ],
)
def test_what_is_below_python(tmp_path, name, kind):
    """Interpreters by their name and program, builds and their logs; everything else is somebody's."""
    path = tmp_path / name
    if name.endswith((".log", ".logs")):
        path.write_text("x")
    else:
        (path / "bin").mkdir(parents=True)
        if kind == "python":
            (path / "bin" / "python3.6").write_text("")
    items, strangers = uninstall._pythons(str(tmp_path))
    assert [(one.kind, one.path) for one in items] == ([(kind, str(path))] if kind else [])
    assert strangers == ([] if kind else [str(path)])


def test_links_below_python_are_somebodys(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "log").write_text("")
    for name, where in (("3.6.15", "real"), (".building-x", "real"), ("3.6.15.log", "log")):
        (tmp_path / name).symlink_to(where)
    items, strangers = uninstall._pythons(str(tmp_path))
    assert items == []
    assert len(strangers) == 5


@pytest.mark.parametrize(
    ("name", "target", "ours"),
    [
        ("current", "generations/0001-ab000000", True),
        ("current", "/p/generations/0001-ab000000", True),
        ("current.12.tmp", "generations/0001-ab000000", True),
        ("current.x.tmp", "generations/0001-ab000000", False),
        ("current.12.tmp2", "generations/0001-ab000000", False),
        ("currents", "generations/0001-ab000000", False),
        ("current", "generation/0001-ab000000", False),
        ("current", "generations/x", False),
        ("current", None, False),
    ],
)
def test_which_links_are_offkits(tmp_path, name, target, ours):
    path = tmp_path / name
    path.symlink_to(target) if target else path.write_text("")
    assert uninstall._is_link_of_ours(name, str(path)) is ours


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", b""),
        (b"offkit uninstall\n", b"offkit uninstall\n"),
        (b"offkit", None),
        (b"offkit uninstall\nx", None),
        (None, None),
    ],
)
def test_which_locks_are_offkits(tmp_path, data, found):
    path = tmp_path / ".lock"
    path.mkdir() if data is None else path.write_bytes(data)
    assert uninstall._lock(str(path)) == found


def test_what_is_said_while_it_goes(tmp_path):
    """The trees, which take time; the lock says meanwhile what is going on."""
    standing(tmp_path)
    (tmp_path / "python" / "3.6.15" / "bin").mkdir(parents=True)
    (tmp_path / "python" / "3.6.15" / "bin" / "python3.6").write_text("")
    (tmp_path / "python" / "3.6.15.log").write_text("")
    said, marks = [], set()

    class Listener(Reporter):
        def step(self, text):
            said.append(text)
            marks.add((tmp_path / layout.LOCK).read_bytes())

    uninstall.apply(uninstall.plan(str(tmp_path)), "t0", Listener())
    names = [
        "generations/.building-0003-x-y",
        "generations/0002-ab000000",
        "generations/0001-ab000000",
        "python/3.6.15",
    ]
    assert said == ["removing {}".format(tmp_path / name) for name in names]
    assert marks == {b"offkit uninstall\n"}


@pytest.mark.parametrize("place", ["", "generations"])
def test_who_may_not_remove_it(tmp_path, monkeypatch, place):
    """Said before anything goes; where nothing would go nothing is asked."""
    standing(tmp_path)
    closed = str(tmp_path / place) if place else str(tmp_path)
    made = uninstall.plan(str(tmp_path))
    uninstall.require_permission(made)
    monkeypatch.setattr(
        uninstall.os, "access", lambda path, mode: (path, mode) != (closed, os.W_OK | os.X_OK)
    )
    with pytest.raises(EnvironmentProblem) as caught:
        uninstall.require_permission(made)
    assert caught.value.message == "nothing can be removed here"
    assert [tuple(one) for one in caught.value.findings] == [
        ("ENV031", "error", closed, "Permission denied", (), "run it as the user who installed")
    ]
    uninstall.require_permission(made._replace(items=()))
