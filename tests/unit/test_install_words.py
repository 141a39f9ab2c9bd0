"""What 'offkit install' says."""

import pytest

import bundle_maker
from offkit.cli import install_words, render
from offkit.edges import host
from offkit.model.errors import RequestError
from offkit.server.bundle import bundle_file
from offkit.server.install import install as installing
from offkit.server.install.plan import Plan, Step
from offkit.server.prefix.generations import Package
from offkit.server.python.interpreter import Interpreter
from offkit.server.system import ledger

OWNER = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())


@pytest.fixture
def lines(capsys, monkeypatch):
    """What was said on stdout since, without indentation."""
    monkeypatch.setenv("NO_COLOR", "1")
    render.console()
    yield lambda: [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    render.console()


def refused(where, python, existing=(), fix=""):
    owner = Interpreter(python, "3.6.8", "cpython", "cp36m", 64, ())
    with pytest.raises(RequestError) as caught:
        with install_words.what_stays(str(where), owner, existing):
            raise RequestError("libraries are on none of the media", (), fix)
    return caught.value.fix


def test_what_stays_of_a_refused_request(tmp_path):
    """A Python that came for it is named, with the command that takes it back, where none other would."""
    own = str(tmp_path / "my p" / "python" / "3.6.8-rpm" / "usr" / "bin" / "python3.6")
    fix = refused(tmp_path / "my p", own)
    assert (
        "tar -xf BUNDLE offkit.pyz && '{}' offkit.pyz uninstall --prefix '{}'".format(own, tmp_path / "my p")
        in fix
    )
    assert refused(tmp_path / "p", "/usr/bin/python3.6") == ""
    ledger.end(str(tmp_path / "p"), ledger.begin(str(tmp_path / "p"), "x", []), [], ["python3-0:3-1.x86_64"])
    assert "/usr/bin/python3.6 offkit.pyz uninstall" in refused(tmp_path / "p", "/usr/bin/python3.6")
    assert refused(tmp_path / "p", "/usr/bin/python3.6", existing=("one",)) == ""
    assert refused(tmp_path / "p", "/usr/bin/python3.6", fix="do that") == "do that"


def test_steps_of_install_sh():
    """What needs root is marked there as here."""
    step = install_words.step("install python3 with yum from c7.iso (root)")
    assert (step.text, step.root) == ("install python3 with yum from c7.iso", True)
    assert install_words.step("unpack that").root is False


@pytest.mark.parametrize(("glibc", "said"), [((2, 17), "2.17"), (None, "none")])
def test_what_was_found(tmp_path, monkeypatch, capsys, glibc, said):
    """With -v: the bundle, the interpreter, the machine and the room there is."""
    path = tmp_path / "b.tar"
    path.write_bytes(bundle_maker.make().data)
    opened = bundle_file.read_manifest(str(path))
    asked = []
    here = host.Host("x86_64", glibc, {"PRETTY_NAME": "CentOS 7"}, "3.10", False)
    volume = host.Volume("/opt", "/opt", 5000000000, None, False, False, True, True)
    monkeypatch.setattr(host, "here", lambda: here)
    monkeypatch.setattr(host, "volume", lambda where: asked.append(where) or volume)
    monkeypatch.setenv("NO_COLOR", "1")
    install_words.found(render.console(verbose=True), opened, OWNER, "/opt/offkit")
    render.console()
    assert capsys.readouterr().err.splitlines() == [
        "  bundle       digest {}, for {}".format(opened.digest, opened.manifest.target.describe()),
        "  interpreter  /usr/bin/python3.6, Python 3.6.8, cp36m, 64 bits",
        "  machine      CentOS 7, x86_64, glibc " + said,
        "  space        {}, /opt has 5.0 GB free".format(installing.space_needed(opened).describe()),
    ]
    assert asked == ["/opt/offkit"]


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
