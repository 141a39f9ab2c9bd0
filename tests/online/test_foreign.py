"""Resolving for a server that is not here, against the real index and against uv."""

import subprocess
import sys
from pathlib import Path

import pytest
from packaging import tags as packaging_tags
from packaging.utils import canonicalize_name

from target_maker import preset

pytestmark = pytest.mark.network
UV = Path(sys.executable).with_name("uv")


def test_markers_are_those_of_the_target(pins):
    """On this Python click needs nothing; on 3.6 it needs importlib-metadata and what that needs."""
    assert set(pins("3.6", "click==8.0.4")) == {"click", "importlib-metadata", "zipp", "typing-extensions"}
    assert set(pins("3.11", "click==8.0.4")) == {"click"}


def test_36_means_368(pins):
    """With 3.6.0 the resolver would take rich 10.11.0."""
    assert pins("3.6", "rich")["rich"] == "12.6.0"
    assert pins("3.6.0", "rich")["rich"] == "10.11.0"


def test_the_default_set(lock):
    """What run-badapple needs: the last of each for cp36, the abi3 and the manylinux2010 wheel."""
    found = {wheel.name: wheel for wheel in lock("3.6", "opencv-python-headless", "numpy").wheels}
    assert {name: wheel.version for name, wheel in found.items()} == {
        "numpy": "1.19.5",
        "opencv-python-headless": "4.6.0.66",
    }
    assert found["numpy"].filename == "numpy-1.19.5-cp36-cp36m-manylinux2010_x86_64.whl"
    assert "cp36-abi3" in found["opencv-python-headless"].filename


def test_nothing_of_this_interpreter_leaks_out(pins):
    """After a resolution, markers are this interpreter's again."""
    from pip._vendor.packaging.markers import default_environment

    pins("3.6", "click==8.0.4")
    assert default_environment()["python_version"] == "{}.{}".format(*sys.version_info[:2])


@pytest.mark.parametrize(
    ("python", "name"), [("3.6", "el7"), ("3.8", "el8"), ("3.9", "el9"), ("3.12", "el9")]
)
def test_tags_are_those_of_packaging(python, name):
    """Our list equals packaging's for the same interpreter and platforms, in the same order."""
    target = preset(python, name)
    platforms = [
        tag.split("-")[2] for tag in target.tags() if tag.startswith(f"cp{python.replace('.', '')}-abi3-")
    ]
    version = target.python_series
    expected = [
        *packaging_tags.cpython_tags(version, [target.abi], platforms),
        *packaging_tags.compatible_tags(version, f"cp{python.replace('.', '')}", platforms),
    ]
    assert target.tags() == [str(tag) for tag in expected]


# Pure and binary, markers on Python and platform, extras, old pins, ranges, deep trees.
SETS = [
    ("3.6", ["click==8.0.4"]),
    ("3.6", ["rich"]),
    ("3.6", ["opencv-python-headless", "numpy"]),
    ("3.6", ["opencv-python==4.2.0.34", "numpy==1.18.2"]),
    ("3.6", ["pandas", "matplotlib", "scipy"]),
    ("3.6", ["requests[socks]", "flask"]),
    ("3.6", ["scikit-learn", "Pillow<8.4"]),
    ("3.6", ["sqlalchemy", "psycopg2-binary", "lxml"]),
    ("3.6", ["jupyter-client", "pyzmq"]),
    ("3.6", ["cryptography", "paramiko"]),
    ("3.8", ["pandas", "pyarrow"]),
    ("3.9", ["fastapi", "uvicorn[standard]"]),
    ("3.12", ["httpx[http2]", "polars", "importlib-metadata"]),
]
PLATFORM = {"3.6": "x86_64-manylinux2014", "3.8": "x86_64-manylinux_2_28", "3.9": "x86_64-manylinux_2_28",
            "3.12": "x86_64-manylinux_2_28"}  # fmt: skip


def uv_pins(tmp_path, python, full, requirements):
    """What uv pip compile says for the same target, wheels only."""
    source = tmp_path / "requirements.in"
    source.write_text("\n".join(requirements))
    done = subprocess.run(
        [UV, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-config", "--only-binary", ":all:",
         "--python-version", full, "--python-platform", PLATFORM[python], source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.split(";")[0].strip() for line in done.stdout.splitlines() if "==" in line]
    return {
        canonicalize_name(name.split("[")[0]): version
        for name, version in (line.split("==") for line in lines)
    }


@pytest.mark.parametrize(
    ("python", "requirements"), SETS, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
def test_locks_agree_with_uv(tmp_path, pins, python, requirements):
    """An independent resolver with the same target chooses the same versions."""
    name = None if python == "3.6" else "el8"
    target = preset(python, name)
    assert pins(python, *requirements, name=name) == uv_pins(tmp_path, python, target.python, requirements)
