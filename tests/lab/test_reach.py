"""Real wheels in bare roots: what the doctor and a bundle's forecast say beside what an import really does."""

import glob
import os
import pathlib
import sys

import pytest

import bare
import cache
import enter
import environments
import truth
from offkit.online.proof import forecast
from offkit.server.doctor import forecast as beforehand
from offkit.server.doctor.examine import examine
from target_maker import preset

_REASON = truth.obstacle()
pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(_REASON), reason=_REASON or "roots can be entered"),
]

CXX = ("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1")
FIONA = (
    "fiona==1.8.22 attrs==23.1.0 certifi==2023.7.22 click==8.1.7 click-plugins==1.1.1 cligj==0.7.2"
    " munch==4.0.0 six==1.16.0 setuptools==68.0.0"
)
GBM = "lightgbm==3.3.5 numpy==1.23.5 scipy==1.10.1 scikit-learn==1.2.2 joblib==1.3.2 threadpoolctl==3.2.0"
NODE = "/env/lib/python3.9/site-packages/playwright/driver/node"
CMAKE = "/env/lib/python3.9/site-packages/cmake/data/bin/cmake"

# What is installed; the system's libraries; what is run there; (what is missing, as what, how bad), and whether
# that and nothing else cures it.
CASES = [
    pytest.param(
        "3.9",
        FIONA + " kaleido==0.2.1",
        CXX,
        ["/env/bin/python", "-c", "import fiona"],
        ("LIB001", "error", "libexpat.so.1"),
        True,
        id="D1, another package's own expat",
    ),
    pytest.param(
        "3.9",
        "playwright==1.40.0",
        ("libgcc_s.so.1",),
        [NODE, "--version"],
        ("LIB001", "error", "libstdc++.so.6"),
        True,
        id="D2, a program beside a package",
    ),
    pytest.param(
        "3.9",
        "cmake==3.28.4",
        ("libgcc_s.so.1",),
        [CMAKE, "--version"],
        ("LIB001", "error", "libstdc++.so.6"),
        True,
        id="D2, a package that is a program",
    ),
    pytest.param(
        "3.8",
        "pysam==0.16.0",
        CXX,
        ["/env/bin/python", "-c", "import pysam"],
        ("LIB025", "error", "libchtslib.cpython-38-x86_64-linux-gnu.so"),
        False,
        id="D4, a package that does not find its own",
    ),
    pytest.param(
        "3.9",
        GBM,
        CXX,
        ["/env/bin/python", "-c", "import lightgbm"],
        ("LIB001", "error", "libgomp.so.1"),
        True,
        id="D4, a library that is opened by its name",
    ),
    pytest.param(
        "3.9",
        "greenlet==3.0.1",
        ("libz.so.1",),
        ["/env/bin/python", "-c", "import greenlet"],
        ("LIB001", "error", "libstdc++.so.6"),
        False,
        id="a module",
    ),
]


def wheels(series, wanted):
    """Files of exactly these, downloaded once."""

    def make(path):
        abi = "cp" + series.replace(".", "")
        argv = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        argv += ["--only-binary=:all:", "--implementation=cp", "--python-version", series, "--dest", path]
        argv += [word for each in (abi, "abi3", "none") for word in ("--abi", each)]
        platforms = ["manylinux{}_x86_64".format(tag) for tag in ("1", "2010", "2014", "_2_17")]
        argv += [word for each in platforms for word in ("--platform", each)]
        cache.run(argv + wanted.split())

    return sorted(glob.glob(cache.kept("wheels", [series, wanted], make) + "/*.whl"))


@pytest.mark.parametrize(("series", "wanted", "libraries", "argv", "told", "cured"), CASES)
def test_what_is_said_and_what_happens(tmp_path, series, wanted, libraries, argv, told, cured):
    """It fails, and the doctor says why as an error; before installing, the bundle's forecast says the same.
    With the library it runs, and nobody says more."""
    files = wheels(series, wanted)
    root = bare.make(str(tmp_path / "root"), series)
    try:
        environments.install(root + environments.PLACE, series, files)
        for each in libraries:
            bare.add_library(root, each)
        hide(root, told[2])
        survey = forecast.survey([pathlib.Path(each) for each in files], preset(series, "el9"))

        def findings():
            bare.ldconfig(root)
            doctor = examine(environments.PLACE, root=root, checks=["libraries"]).findings
            before = beforehand.examine(survey.checklist, preset(series, "el9"), root).findings
            return [
                {(each.code, each.severity, each.subject) for each in found if each.severity == "error"}
                for found in (doctor, before)
            ]

        doctor, before = findings()
        done = enter.run(root, argv)
        assert done.returncode != 0
        assert told[2] in done.stderr.decode()
        assert told in doctor
        assert before == doctor
        if cured:
            bare.add_library(root, told[2])
            assert findings() == [set(), set()]
            done = enter.run(root, argv)
            assert done.returncode == 0, done.stderr
    finally:
        bare.discard(root)


def hide(root, soname):
    """From what the base has for its Python."""
    path = os.path.join(root, bare.LIB, soname)
    if os.path.lexists(path):
        os.remove(path)
