"""Two packages that own the same files (PKG002): the cure that is printed, done with a real pip."""

import shlex
import shutil
import subprocess
import venv

import pytest

from bundle_maker import wheel
from elf_maker import build
from offkit.server.doctor.examine import examine
from server_maker import Server

HEADLESS, DESKTOP = "opencv_python_headless", "opencv_python"


def altered(where, root="/"):
    found = examine(where, root, checks=["packages"]).findings
    return [each for each in found if each.code in ("PKG001", "PKG002")]


def test_the_cure_works_with_pip(tmp_path):
    """The one with everything is kept, though the other came last; nothing is altered or missing afterwards."""
    where = str(tmp_path / "env")
    venv.create(where, symlinks=True, with_pip=True)
    wheels = [
        wheel(HEADLESS, "4.5", files={"cv2/__init__.py": b"", "cv2/data.txt": b"headless"}),
        wheel(DESKTOP, "4.6", files={"cv2/__init__.py": b"", "cv2/data.txt": b"1", "cv2/qt.py": b"x = 1\n"}),
    ]
    for name, data in wheels:
        (tmp_path / name).write_bytes(data)
    pip = [where + "/bin/python", "-m", "pip", "install", "-q", "--no-index", "--find-links", str(tmp_path)]
    for name in (DESKTOP, HEADLESS):
        subprocess.check_call([*pip, name])
    (found,) = altered(where)
    assert found.subject == "opencv_python 4.6"
    wheels_at = shlex.quote(str(tmp_path))
    cure = found.fix.replace("--find-links DIR", "--find-links " + wheels_at).partition(", where DIR")[0]
    assert " install --no-index --find-links {} opencv-python==4.6".format(wheels_at) in cure
    subprocess.check_call(["sh", "-c", cure], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert altered(where) == []
    subprocess.check_call([where + "/bin/python", "-c", "import cv2.qt"])


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "root")
    server.distribution("headless", files={"cv2.so": build(needed=["libc.so.6"])})
    server.distribution("opencv", files={"cv2.so": build()})
    return server


def test_without_a_table_the_one_that_is_there_is_kept(server):
    (found,) = altered("/opt/env", server.root)
    assert found.fix == (
        "/opt/env/bin/python -m pip uninstall -y opencv headless && "
        "/opt/env/bin/python -m pip install --no-index --find-links DIR opencv==1.0, where DIR has its wheel"
    )


def test_the_one_that_somebody_needs_is_kept(server):
    server.distribution(
        "albumentations", requires=["headless>=1", 'opencv; python_version < "3"', "opencv; extra == 'x'"]
    )
    (found,) = altered("/opt/env", server.root)
    assert "install --no-index --find-links DIR headless==1.0" in found.fix


def test_both_are_needed(server):
    """Nothing is promised that would not hold."""
    server.distribution("a", requires=["headless"])
    server.distribution("b", requires=["opencv"])
    (found,) = altered("/opt/env", server.root)
    assert found.fix == "nothing, if the imports work: both are needed (opencv by b; headless by a)"


def test_in_a_generation_it_is_another_bundle(server):
    """There is no pip to do it with, and a generation is never changed."""
    server.directory("/opt/env/offkit")
    (found,) = altered("/opt/env", server.root)
    assert found.fix == "bundle again without headless: opencv is kept"


def test_a_file_that_nobody_else_owns(server):
    """That package is installed again."""
    shutil.rmtree(server.host("/opt/env/lib/python3.6/site-packages/opencv-1.0.dist-info"))
    (found,) = altered("/opt/env", server.root)
    assert (found.severity, found.fix) == ("error", "install the package again")
