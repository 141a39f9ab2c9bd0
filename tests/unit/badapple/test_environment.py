"""What the workload needs from the server."""

import os
import sys
from types import SimpleNamespace

import pytest

from offkit.badapple import environment
from offkit.model.errors import EnvironmentProblem


def test_the_libraries_are_named():
    """Versions of what was imported; nothing is added when it can be imported already."""
    before = list(sys.path)
    found = environment.load()
    assert found.cv2[0].isdigit()
    assert found.numpy[0].isdigit()
    assert sys.path == before


@pytest.mark.parametrize(
    ("reason", "message", "fix"),
    [
        (
            ImportError("libSM.so.6: cannot open shared object file: No such file or directory"),
            "import cv2 fails: libSM.so.6: cannot open shared object file: No such file or directory",
            "offkit doctor names every missing library",
        ),
        (
            ModuleNotFoundError("No module named 'cv2'", name="cv2"),
            "import cv2 fails: No module named 'cv2'",
            "offkit install bundle.tar",
        ),
        (
            ImportError("numpy.core.multiarray failed to import"),
            "import cv2 fails: numpy.core.multiarray failed to import",
            "other versions (OpenCV before 4.10 needs numpy<2)",
        ),
        (
            ImportError("/lib64/libc.so.6: version `GLIBC_2.28' not found (required by x)"),
            "import cv2 fails: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by x)",
            "offkit doctor names every missing library",
        ),
    ],
)
def test_what_fails_is_said_exactly(monkeypatch, reason, message, fix):
    """The import's own words, and the cure."""

    class Broken:
        @staticmethod
        def import_module(name):
            if name == "cv2":
                raise reason
            return sys.modules["os"] if not hasattr(sys, "x") else None

        util = environment.importlib.util

    monkeypatch.setattr(environment, "importlib", Broken)
    monkeypatch.setattr(os, "__version__", "1.0", raising=False)
    with pytest.raises(EnvironmentProblem) as caught:
        environment.load()
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject, finding.message) == ("VID001", "cv2", message)
    assert fix in finding.fix
    assert caught.value.exit_code == 4


def importing(monkeypatch, found, fails):
    """Imports as told: ``found`` are names that have a spec, ``fails`` {name: error}."""

    def import_module(name):
        if name in fails:
            raise fails[name]
        return SimpleNamespace(__version__="1.0", setNumThreads=lambda number: None)

    util = SimpleNamespace(find_spec=lambda name: name if name in found else None)
    monkeypatch.setattr(environment, "importlib", SimpleNamespace(import_module=import_module, util=util))
    monkeypatch.setattr(environment.sites, "on_path", lambda: ["/env/site-packages", sys.path[-1]])
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("found", [(), ("numpy",), ("cv2",), ("numpy", "cv2")])
def test_site_packages_are_added_where_they_are_needed(monkeypatch, found):
    """Behind everything else, and what is there already not again."""
    importing(monkeypatch, found, {})
    before = list(sys.path)
    added = [] if len(found) == 2 else ["/env/site-packages"]
    environment.load()
    assert sys.path == before + added


def test_what_fails_for_the_same_reason_is_said_once(monkeypatch):
    """cv2 cannot be imported without numpy; a reason of its own is told."""
    lost = ModuleNotFoundError("No module named 'numpy'", name="numpy")
    importing(monkeypatch, (), {"numpy": lost, "cv2": lost})
    with pytest.raises(EnvironmentProblem) as caught:
        environment.load()
    assert [each.subject for each in caught.value.findings] == ["numpy"]
    importing(monkeypatch, (), {"numpy": lost, "cv2": ImportError("libSM.so.6: cannot open", name="cv2")})
    with pytest.raises(EnvironmentProblem) as caught:
        environment.load()
    assert [each.subject for each in caught.value.findings] == ["numpy", "cv2"]
