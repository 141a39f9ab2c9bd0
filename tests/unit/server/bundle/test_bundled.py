"""The RPMs in a bundle: unpacked as the medium they are, for as long as they are wanted."""

import os
import tempfile
from contextlib import ExitStack

import bundle_maker
from library_maker import Shelf
from offkit.media import offer
from offkit.model import layout
from offkit.server.bundle import bundle_file, bundled


def saved(tmp_path, extra):
    path = tmp_path / "story.tar"
    path.write_bytes(bundle_maker.make(extra=extra).data)
    return bundle_file.read_manifest(str(path))


def test_the_repository_of_a_bundle(tmp_path):
    """Every file of it and nothing else, below a directory that is called like the bundle; it can be
    read as a medium, and goes with the stack."""
    shelf = Shelf(tmp_path / "disc")
    shelf.add("a", "libofftest-a.so.1")
    shelf.done()
    files = {
        os.path.relpath(os.path.join(where, name), str(tmp_path / "disc")): os.path.join(where, name)
        for where, _, names in os.walk(str(tmp_path / "disc"))
        for name in names
    }
    extra = {}
    for name, path in files.items():
        with open(path, "rb") as source:
            extra[layout.RPMS + name] = source.read()
    with ExitStack() as stack:
        top = bundled.unpack(saved(tmp_path, extra), stack)
        assert os.path.basename(top) == "story.tar"
        found = {
            os.path.relpath(os.path.join(where, name), top)
            for where, _, names in os.walk(top)
            for name in names
        }
        assert found == set(files)
        for name, path in files.items():
            with open(path, "rb") as source, open(os.path.join(top, name), "rb") as copy:
                assert copy.read() == source.read()
        (each,) = offer.look([], [top])
        assert each.name == "story.tar"
    assert not os.path.exists(top)


def test_a_bundle_without_rpms(tmp_path, monkeypatch):
    """There is no medium then, and nothing is written."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with ExitStack() as stack:
        assert bundled.unpack(saved(tmp_path, {}), stack) == ""
        assert os.listdir(str(scratch)) == []
