"""What an installation would say, before there is one."""

import platform
import sys

import bundle_maker
from offkit.edges import host
from offkit.model.finding import ERROR, Finding
from offkit.server.install import beforehand

HERE = "{}.{}.{}".format(*sys.version_info[:3])


def judged(monkeypatch, python, root="/", known=()):
    """By a machine that is the target's in everything but the Python that runs this."""
    target = bundle_maker.make().manifest.target._replace(python=python)
    made = bundle_maker.make().manifest._replace(target=target)
    there = {"ID": "centos", "VERSION_ID": "7", "NAME": "CentOS Linux"}
    here = host.Host(platform.machine(), target.glibc, there, "3.10.0", True)
    monkeypatch.setattr(host, "here", lambda: here)
    return [each.code for each in beforehand.judge(made, root, known)]


def test_the_python_that_runs_this(monkeypatch):
    """An older patch level than the bundle's is told; one of another series is not what would be taken."""
    assert judged(monkeypatch, HERE) == []
    assert judged(monkeypatch, "{}.{}.99".format(*sys.version_info[:2])) == ["PY013"]
    assert judged(monkeypatch, "3.5.99") == []


def test_what_is_not_judged(monkeypatch):
    """Another root, other machines, and what has no manifest."""
    newer = "{}.{}.99".format(*sys.version_info[:2])
    assert judged(monkeypatch, newer, root="/mnt") == []
    assert judged(monkeypatch, newer, known=[Finding("ENV021", ERROR, "x", "is for aarch64")]) == []
    assert judged(monkeypatch, newer, known=[Finding("LIB001", ERROR, "x", "is missing")]) == ["PY013"]
    assert beforehand.judge(None, "/", ()) == []
