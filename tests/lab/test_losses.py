"""What a person is told of videos that are cut, damaged, or say of themselves what is not so."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import clips

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="no ffmpeg (tests/lab/setup.sh installs it)"
)

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SERVER = os.path.join(TOP, ".venv36", "bin", "python")

# Of VID006 and VID018 what must be found, with its severity; the exit code follows from it.
TOLD = {
    "cut-faststart.mp4": ("VID018", "error"),
    "cut-fragments.mp4": ("VID018", "warning"),
    "cut-h264.avi": ("VID018", "error"),
    "cut-h264.flv": ("VID018", "error"),
    "cut-h264.mkv": ("VID018", "error"),
    "hurt-h264.mkv": ("VID018", "warning"),
    "h264.avi": ("VID006", "warning"),
    "h264.flv": ("VID006", "info"),
    "edited.mp4": None,
    "variable.mp4": None,
}


@pytest.mark.parametrize("python", [sys.executable, SERVER], ids=["here", "server"])
@pytest.mark.parametrize("name", TOLD)
def test_what_is_told(tmp_path, python, name):
    """What can be read is converted, and stands there, checked; the loss is a finding."""
    if not os.path.exists(python):
        pytest.skip("no .venv36 (make unit36 makes it where there is a CPython 3.6)")
    video = os.path.join(clips.directory(), name)
    done = subprocess.run(
        [python, "-m", "offkit.cli.app", "run-badapple", video, "-o", "a.txt", "-j", "3", "--json"],
        cwd=str(tmp_path),
        env=dict(os.environ, PYTHONPATH=os.path.join(TOP, "toolkit")),
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    lost = [
        (one["code"], one["severity"]) for one in document["findings"] if one["code"] in ("VID006", "VID018")
    ]
    expected = TOLD[name]
    assert [one for one in lost if one[1] != "info" or one == expected] == ([expected] if expected else [])
    failed = expected is not None and expected[1] == "error"
    assert (done.returncode, document["verified"]) == (int(failed), not failed)
    assert document["output_bytes"] == os.path.getsize(str(tmp_path / "a.txt"))
    assert any(text.startswith("decoded straight through") for text in document["checks"])
