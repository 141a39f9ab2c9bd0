"""The built-in film as a file in the cache."""

import hashlib
import os
import shutil

import pytest

from offkit.badapple.shadowplay import clip
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.video import decode
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter

FILM = Film(24)


class Heard(Reporter):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "offkit"


def test_it_is_made_once(cache):
    """The second time it comes from the cache, untouched, and nothing else lies there."""
    made = clip.obtain(FILM, Reporter())
    assert os.path.dirname(made.path) == str(cache)
    assert made.temporary is None
    assert decode.probe(made.path).frames == 24
    before = os.stat(made.path)
    assert clip.obtain(FILM, Reporter()) == made
    assert os.stat(made.path).st_ino == before.st_ino
    name = os.path.basename(made.path)
    assert sorted(os.listdir(str(cache))) == [name, name + ".sha256"]
    with open(made.path, "rb") as source:
        digest = hashlib.sha256(source.read()).hexdigest()
    with open(made.path + ".sha256") as source:
        assert source.read() == "{}  {}\n".format(digest, name)


def junk(path):
    with open(path, "wb") as out:
        out.write(b"junk")


def flip(path):
    with open(path, "r+b") as out:
        out.seek(5000)
        byte = out.read(1)
        out.seek(5000)
        out.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (junk, "is damaged: its SHA-256 is not what it was"),
        (flip, "is damaged: its SHA-256 is not what it was"),
        (lambda path: os.unlink(path + ".sha256"), "cannot be checked ("),
        (lambda path: junk(path + ".sha256"), "is damaged"),
    ],
    ids=["junk", "one bit", "no seal", "junk as seal"],
)
def test_a_damaged_clip_is_made_again(harm, why):
    """Once, with a word about it; after that it is whole."""
    first = clip.obtain(FILM, Reporter())
    harm(first.path)
    heard = Heard()
    again = clip.obtain(FILM, heard)
    assert again.path == first.path
    assert why in again.damage
    assert heard.warnings == ["{} {}: the clip is made again".format(first.path, again.damage)]
    assert decode.probe(again.path).frames == 24
    assert clip.obtain(FILM, Reporter()) == first


def test_something_in_the_clips_place(cache):
    """A directory cannot be replaced: the next codec is taken, or the reason said."""
    (cache / clip.file_name(FILM, "mp4v", "mp4")).mkdir(parents=True)
    assert clip.obtain(FILM, Reporter()).path.endswith(".avi")
    with pytest.raises(EnvironmentProblem) as caught:
        clip.obtain(FILM, Reporter(), clip.CODECS[:1])
    assert "Is a directory" in caught.value.findings[0].looked_in[0]


def test_an_interruption_leaves_nothing(cache, monkeypatch):
    """Ctrl-C while the clip is drawn."""

    def interrupted(self, number):
        raise KeyboardInterrupt

    monkeypatch.setattr(Film, "picture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clip.obtain(FILM, Reporter())
    assert os.listdir(str(cache)) == []


def test_another_film_is_another_file():
    """The name says what the pictures depend on."""
    names = {clip.file_name(Film(n), codec, "avi") for n in (24, 25) for codec in ("MJPG", "mp4v")}
    assert len(names) == 4


def test_the_next_codec_is_tried():
    """An OpenCV without the first encoder takes the second."""
    made = clip.obtain(FILM, Reporter(), (("zzzz", "mp4"), ("MJPG", "avi")))
    assert made.path.endswith(".avi")
    assert decode.probe(made.path).frames == 24


def test_no_codec_at_all(cache):
    """Everything tried is named, and no part is left."""
    with pytest.raises(EnvironmentProblem, match="the built-in clip cannot be made") as caught:
        clip.obtain(FILM, Reporter(), (("zzzz", "mp4"), ("yyyy", "avi")))
    finding = caught.value.findings[0]
    assert finding.code == "VID012"
    assert [tried.split(":")[0] for tried in finding.looked_in] == ["zzzz in mp4", "yyyy in avi"]
    assert os.listdir(str(cache)) == []


def test_a_clip_that_cannot_be_read_back(monkeypatch, cache):
    """As after a full disk, of which the writer says nothing."""
    monkeypatch.setattr(clip, "_count", lambda path: 23)
    with pytest.raises(EnvironmentProblem) as caught:
        clip.obtain(FILM, Reporter())
    assert "23 of 24 frames can be read back" in caught.value.findings[0].looked_in[0]
    assert os.listdir(str(cache)) == []


def test_without_a_writable_home(tmp_path, monkeypatch):
    """A temporary directory serves, and its user removes it."""
    (tmp_path / "cache").write_text("a file, where a directory should be")
    made = clip.obtain(FILM, Reporter())
    assert made.temporary == os.path.dirname(made.path)
    shutil.rmtree(made.temporary)


def test_a_seal_that_cannot_be_written(tmp_path, monkeypatch):
    """Half of one does not stay."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")

    def refuse(before, after):
        raise PermissionError(after)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        clip.seal(str(path))
    assert os.listdir(str(tmp_path)) == ["film.mp4"]


def test_how_much_room_is_left(tmp_path, monkeypatch):
    """In megabytes; or why nobody may write there, or what the system says of it."""
    usage = shutil.disk_usage(str(tmp_path))._replace(free=2345678)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda place: usage)
        assert clip._free(str(tmp_path)) == "2.3 MB are free"
    assert clip._free(str(tmp_path / "none")) == "cannot be written"

    def refuse(place):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert clip._free(str(tmp_path)) == "Input/output error"
    assert clip._roomy(str(tmp_path), FILM)


@pytest.mark.parametrize("temporary", [False, True])
def test_no_room_for_it(tmp_path, monkeypatch, cache, temporary):
    """Every place that was looked at, with what is free there, and how to have more; no codec is accused."""
    cache.mkdir(parents=True)
    usage = shutil.disk_usage(str(tmp_path))._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    made = str(tmp_path / "tmp" / "offkit-x") if temporary else None
    (tmp_path / "tmp").mkdir()
    problem = clip._unmade(FILM, str(cache), made, ["zzzz in mp4: no"])
    (finding,) = problem.findings
    places = [str(cache)] + [str(tmp_path / "tmp")] * temporary
    assert (finding.code, finding.severity, finding.subject) == ("VID012", "error", places[-1])
    assert finding.looked_in == tuple(place + ": 0.0 MB are free" for place in places)
    assert problem.message == finding.message
    assert finding.message.startswith("the built-in clip cannot be made: there is no room for it, it needs ")
    assert finding.fix.startswith("make room in {}, or set TMPDIR ".format(" or ".join(places)))
    assert finding.fix.endswith("or give a video of your own: offkit run-badapple VIDEO")
