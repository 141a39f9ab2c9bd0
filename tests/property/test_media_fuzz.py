"""Hostile media: whatever the bytes are, there is an answer or one typed error."""

import contextlib
import functools
import gzip
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offkit.media import repodata, repofile, rpm
from offkit.media.iso9660 import BadIso, Iso
from offkit.media.repodata import BadRepodata
from repo_maker import image, package, primary, repomd

XML = primary([package("libSM", ["libSM.so.6()(64bit)"], ["libc.so.6()(64bit)"]), package("b", ["x", "y"])])
FILES = {"repodata/repomd.xml": b"<repomd/>" * 50, "Packages/a-long-name.rpm": b"", "x/y/z": b"z" * 5000}
IMAGE = image(FILES)
LONG = image({"a": b"1", "repodata/repomd.xml": b"2"}, long_names=True)
VERSIONS = st.text("0123456789abz.~^_-", max_size=12)

# Everything after the empty system area, where damage means something.
PLACES = st.integers(16 * 2048, len(IMAGE) - 1)


def walk(iso):
    """Read everything that an image names, four directories deep."""
    pending = [("", 0)]
    seen = 0
    while pending and seen < 200:
        path, depth = pending.pop()
        for name in iso.names(path):
            seen += 1
            below = path + "/" + name
            try:
                if iso.is_dir(below):
                    pending += [(below, depth + 1)] if depth < 4 else []
                else:
                    iso.open(below).read(100000)
            except FileNotFoundError:
                pass  # a name that damage made of slashes or dots


@pytest.mark.parametrize("whole", [IMAGE, LONG])
def test_the_images_are_good(whole):
    """What the fuzzing starts from."""
    walk(Iso(io.BytesIO(whole)))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(PLACES, st.binary(min_size=1, max_size=8)), min_size=1, max_size=6))
def test_damaged_images(changes):
    """Bytes replaced anywhere: names, lengths, places, continuation areas."""
    for whole in (IMAGE, LONG):
        data = bytearray(whole)
        for place, new in changes:
            if place + len(new) <= len(data):
                data[place : place + len(new)] = new
        with contextlib.suppress(BadIso):
            walk(Iso(io.BytesIO(bytes(data))))


@given(st.integers(0, len(IMAGE)))
def test_cut_images(length):
    """Cut anywhere; what can still be read is right."""
    try:
        iso = Iso(io.BytesIO(IMAGE[:length]))
        data = iso.open("x/y/z").read()
    except BadIso:
        return
    assert data == FILES["x/y/z"]


@given(st.integers(0, len(XML) - 1), st.binary(max_size=6))
def test_damaged_metadata(place, new):
    """Bytes of primary.xml replaced: an index or BadRepodata."""
    data = XML[:place] + new + XML[place + len(new) :]
    try:
        index = repodata.read_primary(iter([data]), ["libSM.so.6()(64bit)"], ["b"])
    except BadRepodata:
        return
    assert index.total >= len(index.packages)


@given(st.integers(0, len(XML)))
def test_chunks_do_not_matter(place):
    """Where a read ends changes nothing."""
    read = functools.partial(repodata.read_primary, capabilities=["libSM.so.6()(64bit)"], names=["b"])
    assert read(iter([XML[:place], XML[place:]])) == read(iter([XML]))


@given(st.binary(max_size=200))
def test_any_bytes_as_repomd(data):
    """A list of files or BadRepodata."""
    with contextlib.suppress(BadRepodata):
        assert repodata.parse_repomd(data)


@given(st.text(max_size=200))
def test_any_text_as_a_repo_file(text):
    """Repositories or ValueError; their URLs can be looked at."""
    try:
        found = repofile.parse(text, "x.repo")
    except ValueError:
        return
    for each in found:
        for url in each.urls:
            repofile.directory(repofile.expand(url, {"basearch": "x86_64"}))


@given(VERSIONS, VERSIONS, VERSIONS)
def test_versions_are_ordered(a, b, c):
    """Equal to itself, opposite when swapped, transitive."""
    assert rpm.compare(a, a) == 0
    assert rpm.compare(a, b) == -rpm.compare(b, a)
    if rpm.compare(a, b) <= 0 and rpm.compare(b, c) <= 0:
        assert rpm.compare(a, c) <= 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sets(st.sampled_from("uvwxyz"))), max_size=8))
def test_the_choice_covers_and_does_not_depend_on_order(rows):
    """Everything that anybody provides is provided; nobody in it is superfluous at the time it is taken."""
    packages = [
        rpm.Package(name, "x86_64", "0", str(n), "1", "", tuple(sorted(given)), ())
        for n, (name, given) in enumerate(rows)
    ]
    chosen = rpm.choose(packages, "uvwxyz", ("x86_64",))
    newest = rpm.newest(packages)
    assert {each for one in chosen for each in one.provides} == {
        each for one in newest for each in one.provides
    }
    assert chosen == rpm.choose(packages[::-1], "uvwxyz", ("x86_64",))


def test_repomd_of_the_maker():
    """The maker's own repomd.xml is read as it was meant."""
    packed = gzip.compress(XML)
    (found,) = repodata.parse_repomd(repomd(("primary", "repodata/p.gz", packed, len(XML))))
    assert (found.kind, found.href, found.open_size) == ("primary", "repodata/p.gz", len(XML))
