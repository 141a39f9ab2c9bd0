"""A video as a stream of pictures: with as many threads as it was told."""

import os
import subprocess
import sys

import cv2
import pytest

import offkit
from clip_maker import write_clip
from offkit.badapple import decode

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))

# Threads of a process that has decoded a picture, and those it had before.
PROGRAM = """
import sys
from offkit.badapple import environment
environment.load()
from offkit.badapple import decode

def threads():
    with open("/proc/self/status") as source:
        return int([line.split()[1] for line in source if line.startswith("Threads:")][0])

before = threads()
source = decode.Source(sys.argv[1], int(sys.argv[2]))
assert source.read() is not None
print(before, threads())
"""


def threads_of(path, asked):
    done = subprocess.check_output(
        [sys.executable, "-c", PROGRAM, path, str(asked)], env=dict(os.environ, PYTHONPATH=TOOLKIT)
    )
    before, after = map(int, done.split())
    return before, after - before


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="looks into /proc")
@pytest.mark.skipif(os.cpu_count() == 1, reason="one processor, one thread")
def test_threads(tmp_path):
    """Counted by the kernel: one thread is no thread besides the first, where OpenCV can be told."""
    path = write_clip(tmp_path / "a.mp4", 30)
    limited = decode.decoder_threads(1)
    assert limited == (1 if hasattr(cv2, "CAP_PROP_N_THREADS") else decode.decoder_threads(0))
    assert threads_of(path, 1) == (1, 0 if limited == 1 else limited)
    # Since 4.7 FFmpeg counts those processors only that may be used, and one wants no thread.
    usable = len(os.sched_getaffinity(0))
    expected = decode.decoder_threads(decode.ALL_THREADS) if limited > 1 else usable * (usable > 1)
    assert threads_of(path, decode.ALL_THREADS)[1] >= expected


def test_when_a_picture_is_shown(tmp_path):
    """In seconds, from the beginning."""
    source = decode.Source(write_clip(tmp_path / "a.mp4", 30), 1)
    moments = []
    while source.skip():
        moments.append(source.moment)
    source.close()
    assert [round(moment * 30) for moment in moments] == list(range(30))


@pytest.mark.parametrize(
    ("name", "codec", "luma"),
    [("a.mp4", "mp4v", "limited"), ("a.avi", "MJPG", "full"), ("a.avi", "FFV1", "")],
)
def test_luma_is_taken_as_it_is(tmp_path, name, codec, luma):
    """Where the decoder hands it out: from formats that begin with it, with its range; else colours are."""
    path = write_clip(tmp_path / name, 30, codec=codec)
    source = decode.Source(path, 1, luma=True)
    plain = source.read().ndim == 2 and source.plain_luma
    source.close()
    if hasattr(cv2, "CAP_PROP_N_THREADS"):  # older ones give colours whatever they are asked for
        assert plain == bool(luma)
    assert decode.probe(path).luma == (luma if plain else "")
