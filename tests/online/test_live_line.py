"""What is told of a resolution while it goes on."""

import pytest

from offkit.model.report import Bar, Reporter
from offkit.online.index import progress
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")


class Watcher(Reporter):
    """Keeps what a bar was told, and how each was called."""

    def __init__(self):
        self.bars = []

    def bar(self, label, total, unit=""):
        class Kept(Bar):
            asked, known, bytes, ended, labels = [], set(), 0, False, []

            def doing(self, label):
                self.labels.append(label)

            def advance(self, amount=1):
                self.bytes += amount

            def at(self, what):
                self.asked.append(what)

            def know(self, name):
                self.known.add(name)

            def __exit__(self, *exc):
                self.ended = True

        Kept.asked, Kept.known, Kept.labels = [], set(), []
        made = Kept()
        self.bars.append(((label, total, unit), made))
        return made


@pytest.mark.parametrize("metadata", [True, False])
def test_a_resolution(mirror, tmp_path, metadata):
    """Each project that is asked for, what is known of them, and the bytes of pages, metadata and wheels."""
    server = mirror(metadata=metadata)
    server.add("alpha", "1", requires=["Beta_x>=1"])
    server.add("beta_x", "2")
    watcher = Watcher()
    with Session(EL7, server.args, watcher, Kept(tmp_path)) as session:
        session.lock(Request(("alpha",), (), ()))
    ((called, bar),) = watcher.bars
    assert called == ("asking", 0, "B")
    assert [one for one in bar.asked if "." not in one] == ["alpha", "beta-x"]
    endings = {one.split(".whl", 1)[1] for one in bar.asked if ".whl" in one}
    assert endings == ({".metadata"} if metadata else {""})
    assert bar.known == {"alpha", "beta-x"}
    files = 0 if metadata else sum(map(len, server.files.values()))
    assert bar.bytes > files
    assert bar.ended


def test_cures_are_sought_under_the_same_line(mirror, tmp_path):
    """What is asked while they are tried is told too."""
    server = mirror(metadata=True)
    server.add("alpha", "1", requires=["beta>=3"])
    server.add("beta", "2")
    watcher = Watcher()
    with (
        Session(EL7, server.args, watcher, Kept(tmp_path)) as session,
        pytest.raises(Exception, match="beta"),
    ):
        session.lock(Request(("alpha",), (), ()))
    ((_, bar),) = watcher.bars
    assert bar.ended
    assert bar.asked.count("beta") > 1
    assert "trial 3: other versions of all" in bar.labels


def test_downloads(mirror, tmp_path):
    """The file that was begun last, and all bytes."""
    server = mirror(metadata=True)
    server.add("alpha", "1", requires=["beta"])
    server.add("beta", "2")
    watcher = Watcher()
    with Session(EL7, server.args, Reporter(), Kept(tmp_path)) as session:
        wheels = session.lock(Request(("alpha",), (), ())).wheels
        fetch.fetch(wheels, session.repository.session, tmp_path, watcher)
    ((called, bar),) = watcher.bars
    size = sum(map(len, server.files.values()))
    assert called == ("downloading 2 wheels", size, "B")
    assert sorted(bar.asked) == sorted(server.files)
    assert bar.bytes == size


@pytest.mark.parametrize(("url", "name", "project"), [
    ("https://h/simple/alpha/", "alpha", "alpha"),
    ("https://h/simple/Alpha.x", "Alpha.x", "alpha-x"),
    ("file:///i/simple/alpha/index.html", "alpha", "alpha"),
    ("https://h/a%2Bb-1-py3-none-any.whl", "a+b-1-py3-none-any.whl", "a+b"),
    ("https://h/a_b-1-py3-none-any.whl.metadata?x=/y/", "a_b-1-py3-none-any.whl.metadata", "a-b"),
    ("https://h", "", ""),
])  # fmt: skip
def test_names(url, name, project):
    """The last part of an address."""
    assert progress._name(url) == name
    assert progress._project(name) == project
