"""The built-in film as a file in the cache."""

import os

import pytest

from offkit.badapple import clip, decode
from offkit.badapple.film import Film
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
    with open(made.path, "r+b") as out:
        out.truncate(1000)
    assert clip.obtain(FILM, Reporter()) == made
    assert os.path.getsize(made.path) == 1000
    assert os.listdir(str(cache)) == [os.path.basename(made.path)]


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
    """A temporary directory serves, with a word about it, and its user removes it."""
    (tmp_path / "cache").write_text("a file, where a directory should be")
    heard = Heard()
    made = clip.obtain(FILM, heard)
    assert made.temporary == os.path.dirname(made.path)
    assert "not writable" in heard.warnings[0]
    os.unlink(made.path)
    os.rmdir(made.temporary)
