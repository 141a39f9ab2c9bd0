"""Media: what lies on them, how they are closed, and how metadata are compared and unpacked."""

import gzip
import hashlib
import os

import pytest

from offkit.edges.tree import Tree
from offkit.media import medium as trees
from offkit.media import repodata
from offkit.media import repository as reader
from offkit.media.iso9660 import BadIso
from offkit.media.medium import Directory, Image
from offkit.media.repodata import Data
from offkit.media.repository import Repository, Unreachable
from offkit.media.rpm import BadRepodata
from offkit.model.finding import ERROR, Finding
from repo_maker import image, library_packages, primary, repomd, repository, write

FILES = {"b/x": b"1", "a/repodata/repomd.xml": b"2", "z": b"3", "c/repodata/other": b"4"}


def read_anew(medium, base):
    """One that has read nothing yet, where files change between two reads."""
    return Repository(medium.open, medium.place, base)


@pytest.fixture(params=["directory", "image"])
def medium(request, tmp_path):
    """The same files both ways."""
    if request.param == "directory":
        for path, contents in FILES.items():
            write(tmp_path / "top", path, contents)
        yield Directory(Tree("/"), str(tmp_path / "top"))
    else:
        (tmp_path / "x.iso").write_bytes(image(FILES))
        with Image(str(tmp_path / "x.iso")) as iso:
            yield iso


def test_what_lies_on_a_medium(medium):
    """Names and directories at the top, in order; files by their path, and which of them are repositories."""
    assert medium.names() == ["a", "b", "c", "z"]
    assert medium.folders() == ["a", "b", "c"]
    assert medium.bases() == [each.base for each in medium.repositories()] == ["a"]
    told = {path: medium.has(path) for path in ("b/x", "z", "b", "none", "b/none", "z/x", "none/x")}
    assert {path for path, there in told.items() if there} == {"b/x", "z"}
    assert all(isinstance(one, bool) for one in told.values())
    with medium.open("b/x") as source:
        assert source.read() == b"1"
    with pytest.raises(OSError, match=r"."):
        medium.open("none")


def test_where_repositories_lie_is_looked_up_once(medium, monkeypatch):
    """Over HTTP each look is a request."""
    looks = []
    monkeypatch.setattr(medium, "folders", lambda: looks.append(1) or ["a"])
    assert [medium.repositories()[0] is each for each in medium.repositories()] == [True]
    assert looks == [1]


# Below the directory of one release, by what releases.folders has.
LAYOUTS = [
    ["AppStream/{}/os", "BaseOS/{}/os"],  # Rocky, Alma, CentOS Stream
    ["os/{}", "updates/{}"],  # CentOS 7
    ["appstream/os", "baseos/os"],  # Red Hat's CDN
    ["appstream/{}", "baseos/latest/{}"],  # Oracle
    ["OS/{}", "update/{}"],  # openEuler
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("arch", ["", "aarch64"])
def test_a_tree_as_a_mirror_has_it(tmp_path, layout, arch):
    """Repositories are deeper than on discs: those of the architecture in question. So in a directory, and in
    an image of one."""
    mine, other = arch or os.uname().machine, "s390x"
    right = [each.format(mine) for each in layout]
    files = {each.format(one) + "/repodata/repomd.xml": b"x" for each in layout for one in (mine, other)}
    for path, contents in {**files, "docs/README": b""}.items():
        write(tmp_path / "top", path, contents)
    (tmp_path / "x.iso").write_bytes(image(files))
    with Image(str(tmp_path / "x.iso")) as iso:
        for medium in (Directory(Tree("/"), str(tmp_path / "top")), iso):
            medium.arch = arch
            assert sorted(medium.bases()) == right
    write(tmp_path / "top", "own/repodata/repomd.xml", b"x")
    assert Directory(Tree("/"), str(tmp_path / "top")).bases() == ["own"]


def test_a_medium_with_a_repository_at_its_top_as_well(tmp_path):
    """It comes first."""
    for base in ("", "a/", "b/c/"):
        write(tmp_path, base + "repodata/repomd.xml", b"")
    assert Directory(Tree("/"), str(tmp_path)).bases() == ["", "a"]


def test_what_a_command_has(tmp_path, monkeypatch):
    """A path, from where this process works, or a medium that is one already."""
    monkeypatch.chdir(tmp_path)
    found = trees.of("d")
    assert isinstance(found, Directory)
    assert found.place == os.path.join(os.getcwd(), "d")
    assert trees.of(found) is found
    write(tmp_path, "d/x", b"")
    assert found.has("x")


def test_an_image_is_open_while_it_is_used(tmp_path, monkeypatch):
    """And no longer; nor where it is none."""
    path = tmp_path / "x.iso"
    path.write_bytes(image(FILES))
    opened = []

    def noted(*args):
        opened.append(open(*args))  # noqa: SIM115  (closed by what is tested)
        return opened[-1]

    monkeypatch.setattr(trees, "open", noted, raising=False)
    with Image(str(path)) as iso:
        assert iso.place == str(path)
        assert iso.size == path.stat().st_size
        assert not opened[0].closed
    assert opened[0].closed
    path.write_bytes(b"x" * 40000)
    with pytest.raises(BadIso):
        Image(str(path))
    assert opened[1].closed
    assert opened[1].mode == "rb"


def test_an_image_that_is_cut_off(tmp_path):
    """How many bytes lack is what its header says less what is there; more than that lacks nothing."""
    whole = image(FILES)
    path = tmp_path / "x.iso"
    for data, lacking in ((whole[:-1000], 1000), (whole, 0), (whole + b"x", 0)):
        path.write_bytes(data)
        with Image(str(path)) as iso:
            assert iso.lacking == lacking


def test_what_is_no_image(tmp_path):
    """Nothing but a regular file is opened."""
    with pytest.raises(OSError, match="directory") as caught:
        Image(str(tmp_path))
    found = caught.value
    assert (found.errno, found.strerror, found.filename) == (
        22,
        "not a regular file but a directory",
        str(tmp_path),
    )
    with pytest.raises(FileNotFoundError):
        Image(str(tmp_path / "none"))


def test_an_unreachable_server_as_a_finding():
    """With what it is about, why, and what to do."""
    error = Unreachable("REPO017", "http://m/x", "is down", "start it")
    assert (error.errno, error.strerror, error.filename) == (0, "is down", "http://m/x")
    assert error.finding() == Finding("REPO017", ERROR, "http://m/x", "is down", ("http://m/x",), "start it")
    error.filename = b"http://m/y"
    assert error.finding().subject == "http://m/y"


def test_reasons():
    """The system's words without its numbers; else what the error says."""
    assert reader.reason(OSError(2, "No such file", "x")) == "No such file"
    assert reader.reason(OSError("odd")) == "odd"
    assert reader.reason(BadRepodata("is bad")) == "is bad"


@pytest.mark.parametrize("algorithm", ["sha", "sha1", "sha224", "sha256", "sha384", "sha512"])
def test_every_checksum(tmp_path, algorithm):
    """By createrepo's names for them; each is compared."""
    repository(tmp_path, library_packages("a.so.1"))
    packed = (tmp_path / "repodata" / "primary.xml.gz").read_bytes()
    right = hashlib.new("sha1" if algorithm == "sha" else algorithm, packed).hexdigest()
    text = (tmp_path / "repodata" / "repomd.xml").read_text()
    here = Directory(Tree("/"), str(tmp_path))
    for digest, good in ((right, True), ("0" * len(right), False)):
        changed = text.replace('type="sha256">' + hashlib.sha256(packed).hexdigest(),
                               'type="{}">{}'.format(algorithm, digest))  # fmt: skip
        (tmp_path / "repodata" / "repomd.xml").write_text(changed)
        if good:
            assert read_anew(here, "").search(["a.so.1()(64bit)"]).total == 1
            (data,) = read_anew(here, "").files()
            assert b"".join(here.repository("").unpacked(data)) == primary(library_packages("a.so.1"))
        else:
            with pytest.raises(BadRepodata, match=r"does not match its checksum in repomd\.xml"):
                read_anew(here, "").search(None)


def test_all_of_a_file_is_hashed(tmp_path):
    """Also what lies behind the end of what is packed in it."""
    packed = gzip.compress(primary(library_packages("a.so.1"))) + b"behind" * 100000
    write(tmp_path, "repodata/p.gz", packed)
    write(tmp_path, "repodata/repomd.xml", repomd(("primary", "repodata/p.gz", packed, None)))
    here = Directory(Tree("/"), str(tmp_path))
    assert read_anew(here, "").search(None).total == 1
    write(tmp_path, "repodata/p.gz", packed[:-1] + b"X")
    with pytest.raises(BadRepodata, match=r"does not match its checksum in repomd\.xml"):
        read_anew(here, "").search(None)


@pytest.mark.parametrize("more", [0, -1])
def test_as_much_as_it_says(tmp_path, monkeypatch, more):
    """To the byte; where nothing is said, as much as any repository has, and never more."""
    xml = primary(library_packages("a.so.1"))
    packed = gzip.compress(xml)
    write(tmp_path, "repodata/p.gz", packed)
    here = Directory(Tree("/"), str(tmp_path))

    def check():
        if not more:
            assert read_anew(here, "").search(None).total == 1
            return
        words = "unpacks to more than the expected {} bytes".format(len(xml) - 1)
        with pytest.raises(BadRepodata, match=words):
            read_anew(here, "").search(None)

    write(tmp_path, "repodata/repomd.xml", repomd(("primary", "repodata/p.gz", packed, len(xml) + more)))
    check()
    for said in (None, 10**9):
        write(tmp_path, "repodata/repomd.xml", repomd(("primary", "repodata/p.gz", packed, said)))
        monkeypatch.setattr(reader, "_MAX_UNPACKED", len(xml) + more)
        check()


def test_below_a_base(tmp_path):
    """Every path of a repository is below its own directory; the first of its kind is read."""
    repository(tmp_path / "BaseOS", library_packages("a.so.1"))
    here = Directory(Tree("/"), str(tmp_path))
    assert read_anew(here, "BaseOS").search(None).total == 1
    with pytest.raises(FileNotFoundError):
        read_anew(here, "").search(None)


def test_no_primary_at_all(tmp_path):
    """Said in the words of whoever needs it."""
    write(tmp_path, "repodata/repomd.xml", repomd(("filelists", "repodata/f", b"", None)))
    here = Directory(Tree("/"), str(tmp_path))
    with pytest.raises(BadRepodata) as caught:
        read_anew(here, "").search(None)
    assert str(caught.value) == "repomd.xml lists no primary metadata"


def test_every_reason(tmp_path):
    """Of all that could have been read, in the order in which it is tried."""
    xml, db = b"\x28\xb5\x2f\xfd", b"no database" * 100
    write(tmp_path, "repodata/x.zst", xml)
    write(tmp_path, "repodata/d.sqlite", db)
    rows = [("primary_db", "repodata/d.sqlite", db, None), ("primary", "repodata/x.zst", xml, None)]
    write(tmp_path, "repodata/repomd.xml", repomd(*rows, ("primary", "../p", b"", None)))
    with pytest.raises(BadRepodata) as caught:
        Directory(Tree("/"), str(tmp_path)).repository("").search(None)
    first, second, third = str(caught.value).split("; ")
    assert first == "x.zst: is compressed with zstd, which Python cannot read"
    assert second == "p: is outside its repository"
    assert third.startswith("d.sqlite: is not a primary database: ")


def test_a_server_that_went_away(tmp_path, monkeypatch):
    """Is not a reason to read something else."""
    rows = [("primary", "repodata/x", b"", None), ("primary_db", "repodata/d", b"", None)]
    write(tmp_path, "repodata/repomd.xml", repomd(*rows))
    tried = []

    def gone(where, data, *more):
        tried.append(data.kind)
        raise Unreachable("REPO017", "http://m", "is down", "")

    monkeypatch.setattr(Repository, "_read", gone)
    with pytest.raises(Unreachable):
        Directory(Tree("/"), str(tmp_path)).repository("").search(None)
    assert tried == ["primary"]


@pytest.mark.parametrize(
    ("href", "inside"), [("a/..b", True), ("a/../b", False), ("/a", False), ("c:a", False), ("a", True)]
)
def test_paths_inside(href, inside):
    """Nothing else is opened, whatever repomd.xml names."""
    opened = []

    def everything(path):
        opened.append(path)
        return path

    data = Data("primary", href, "", "", None)
    if inside:
        assert Repository(everything, "place", "base")._opened(data) == "base/" + href
    else:
        with pytest.raises(BadRepodata):
            Repository(everything, "place", "base")._opened(data)
        assert opened == []


def test_a_repomd_of_just_four_megabytes(tmp_path, monkeypatch):
    """One byte more is too much."""
    repository(tmp_path, library_packages("a.so.1"))
    size = (tmp_path / "repodata" / "repomd.xml").stat().st_size
    here = Directory(Tree("/"), str(tmp_path))
    monkeypatch.setattr(repodata, "REPOMD_SIZE", size)
    assert read_anew(here, "").search(None).total == 1
    monkeypatch.setattr(repodata, "REPOMD_SIZE", size - 1)
    with pytest.raises(BadRepodata, match="repomd.xml has more than {} bytes".format(size - 1)):
        read_anew(here, "").search(None)
