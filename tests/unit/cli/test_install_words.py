"""What 'offkit install' says."""

import pytest

from offkit.cli import install_words, render
from offkit.server.install.plan import Plan, Step
from offkit.server.prefix.generations import Package
from offkit.server.python.interpreter import Interpreter

OWNER = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())


@pytest.fixture
def lines(capsys, monkeypatch):
    """What was said on stdout since, without indentation."""
    monkeypatch.setenv("NO_COLOR", "1")
    render.console()
    yield lambda: [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    render.console()


def test_steps_of_install_sh():
    """What needs root is marked there as here."""
    step = install_words.step("install python3 with yum from c7.iso (root)")
    assert (step.text, step.root) == ("install python3 with yum from c7.iso", True)
    assert install_words.step("unpack them").root is False


def test_what_would_be_done(lines):
    """Each step with its number, and which of them needs root; then the packages."""
    planned = Plan(
        "install", "/p", "0001-a", ".b", OWNER, (Step("a", "one"), Step("b", "two", ("x",), True)), ()
    )
    install_words.would(planned, [Package("a", "1"), Package("bcd", "2")], "/my/python3")
    assert lines() == [
        "would do, with /my/python3:",
        "1 one",
        "2 two (root)",
        "packages:",
        "a 1",
        "bcd 2",
    ]


@pytest.mark.parametrize(
    ("outcome", "verb"), [("install", "installed"), ("switch", "switched back to"), ("nothing", "completed")]
)
def test_what_was_done(lines, outcome, verb):
    """As root before and now; what is there; how it goes on, for a control node with its playbooks."""
    steps = (Step("a", "one"), Step("b", "two", (), True))
    planned = Plan(outcome, "/p", "0001-a", ".b", OWNER, steps, ("0000-x", "0000-y"))
    packages = [Package("a", "1")]
    ok = str(render.mark("ok"))
    install_words.done(planned, packages, "/my p", 3, ["zero"], True)
    assert lines() == [
        ok + " done as root: zero",
        ok + " done as root: two",
        "{} {} 0001-a in /my p".format(ok, verb),
        "a 1",
        "removed 0000-x, 0000-y: the last 3 are kept (--keep)",
        "next:",
        "'/my p/current/bin/offkit' doctor",
        "'/my p/current/bin/ansible-playbook' -i inventory offkit.fleet.deploy -e offkit_bundle=bundle.tar",
        "'/my p/current/bin/ansible-playbook' -i inventory offkit.fleet.doctor",
    ]
    for name, film in (("OpenCV-python", True), ("opencv", True), ("my-opencv", False)):
        install_words.done(planned._replace(remove=(), steps=()), [Package(name, "1")], "/p", None, ())
        more = ["/p/current/bin/offkit run-badapple"] if film else []
        assert lines() == [
            "{} {} 0001-a in /p".format(ok, verb),
            name + " 1",
            "next:",
            "/p/current/bin/offkit doctor",
            *more,
        ]


def test_steps_of_install_sh_are_steps():
    """Of a Python, which run nothing here."""
    assert install_words.step("look at it") == Step("python", "look at it", (), False)
    assert install_words.step("yum (root)") == Step("python", "yum", (), True)
