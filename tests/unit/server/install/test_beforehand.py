"""What an installation would say, before there is one."""

import platform
import sys

import bundle_maker
from offkit.edges import host
from offkit.server.install import beforehand

HERE = "{}.{}.{}".format(*sys.version_info[:3])


def judged(monkeypatch, python):
    """By a machine that is the target's in everything but the Python that runs this."""
    target = bundle_maker.make().manifest.target._replace(python=python)
    made = bundle_maker.make().manifest._replace(target=target)
    there = {"ID": "centos", "VERSION_ID": "7", "NAME": "CentOS Linux"}
    here = host.Host(platform.machine(), target.glibc, there, "3.10.0", True)
    monkeypatch.setattr(host, "here", lambda: here)
    return [each.code for each in beforehand.judge(made)]


def test_the_python_that_runs_this(monkeypatch):
    """An older patch level than the bundle's is told; one of another series is not what would be taken."""
    assert judged(monkeypatch, HERE) == []
    assert judged(monkeypatch, "{}.{}.99".format(*sys.version_info[:2])) == ["PY013"]
    assert judged(monkeypatch, "3.5.99") == []
