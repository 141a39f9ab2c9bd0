"""What 'offkit install' asks of each part, in which order, and what it makes of their answers."""

import json
import os
import re

import pytest

import bundle_maker
from offkit.cli import install as command
from offkit.cli import options, render
from offkit.edges import leftovers, mounts, run, signals
from offkit.media import web
from offkit.model import checklist, layout, url
from offkit.model.errors import UsageError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.bundle import bundle_file, bundled
from offkit.server.doctor.examine import Examination
from offkit.server.install import install as installing
from offkit.server.install import plan as planning
from offkit.server.install import session, supplies
from offkit.server.install import step as taking
from offkit.server.install.plan import Addition, Plan, Step
from offkit.server.prefix import generations
from offkit.server.prefix.generations import Generation, Package
from offkit.server.python import interpreter
from offkit.server.python.interpreter import Interpreter
from offkit.server.system import ledger

OWNER = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())
NEW = Step("venv", "create an environment", ("python3", "-m", "venv"), False)
ROOT = Step("yum", "install libSM with yum", ("yum",), True)
SYSTEM = Addition(planning.SYSTEM, ROOT, lambda path, argv: None)
TAKEN = Addition(planning.INSIDE, Step("libraries", "take libSM", (), False), lambda path, argv: None)
USUAL = {
    "prefix": None,
    "python": None,
    "keep": "5",
    "iso": None,
    "rpm_repo": None,
    "no_root": False,
    "allow_missing": False,
    "get_python": None,
    "ld_so_conf": False,
    "dry_run": False,
    "planned_python": None,
    "planned_step": None,
    "smoke": False,
    "json": False,
    "quiet": False,
    "verbose": False,
}


class Parts:
    """The parts of an installation: ``asked`` is what they were called with, in order."""

    def __init__(self, tmp_path):
        self.asked = []
        self.top = str(tmp_path)
        self.bundle = os.path.join(self.top, "b.tar")
        self.made = bundle_maker.make()
        with open(self.bundle, "wb") as out:
            out.write(self.made.data)
        self.existing = []
        self.remarks = ()
        self.damage = ()
        self.entries = []
        self.supplies = supplies.Supplies((), (), ("a medium",), ("open",))
        self.prepared = taking.Prepared((), (), (), False)
        self.plan = Plan("install", "/default", "0001-abcd", ".building", OWNER, (NEW, ROOT), ("0000-x",))
        self.judged = ()
        self.carried = ""

    def call(self, **more):
        asked = dict(USUAL, **more)
        return command.install(self.bundle, **asked)

    def of(self, name):
        return [args for each, args in self.asked if each == name]

    def play(self, name, answer):
        def part(*args, **more):
            self.asked.append((name, args + tuple(sorted(more.items()))))
            return answer()

        return part


@pytest.fixture
def parts(monkeypatch, tmp_path):
    made = Parts(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.iso").write_bytes(b"")
    (tmp_path / "d").mkdir()
    for place, name, answer in (
        (signals, "interrupt_once", lambda: None),
        (leftovers, "sweep", list),
        (installing, "survey", lambda: (OWNER, made.remarks)),
        (generations, "found", lambda: made.existing),
        (installing, "damaged", lambda: made.damage),
        (ledger, "read", lambda: made.entries),
        (ledger, "english", lambda: "english"),
        (bundled, "unpack", lambda: made.carried),
        (web, "opened", lambda: ["sources"]),
        (supplies, "prepare", lambda: made.supplies),
        (taking, "prepare", lambda: made.prepared),
        (installing, "apply", lambda: (Package("alpha", "1.0"), Package("opencv-python", "4"))),
        (installing, "packages_of", lambda: (Package("old", "0"),)),
    ):
        monkeypatch.setattr(place, name, made.play(name if name != "prepare" else place.__name__, answer))
    real = bundle_file.verify

    def verify(opened, console):
        made.asked.append(("verify", ()))
        return real(opened, console)

    def examine(where, **how):
        made.asked.append(("examine", (where, how)))
        return Examination(None, list(made.judged), [], (), [], {}, ())

    def plan(*args):
        made.asked.append(("plan", args))
        return made.plan._replace(python=args[3])

    class Drive(mounts.Drive):
        def __init__(self, **how):
            made.asked.append(("drive", (how,)))
            super().__init__(**how)

        def __exit__(self, *exc):
            made.asked.append(("drive ends", ()))

    monkeypatch.setattr(bundle_file, "verify", verify)
    monkeypatch.setattr(session, "plan", plan)
    monkeypatch.setattr(session, "examine", examine)
    monkeypatch.setattr(session, "Drive", Drive)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(options, "default_prefix", lambda: "/default")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    yield made
    render.console()


def test_every_part_in_its_order(parts):
    """Everything is looked at before anything is mounted, and the drive ends after all is done."""
    assert parts.call() == 0
    prepare = [supplies.__name__, taking.__name__]
    order = ["interrupt_once", "sweep", "verify", "survey", "found", "damaged", "read", "drive"]
    order += [
        "english",
        "unpack",
        "opened",
        *prepare,
        "plan",
        "packages_of",
        "apply",
        "examine",
        "drive ends",
    ]
    assert [name for name, _ in parts.asked] == order


def test_what_each_part_is_given(parts):
    """Nothing said: the default prefix, the running Python, root's rights, five generations."""
    parts.existing = [Generation("0001-x", "/x", None, True), Generation("0002-y", "/y", None, False)]
    parts.damage = (Finding("ENV041", WARNING, "0002-y", "is damaged"),)
    parts.call()
    ((opened, where, python, ran, version),) = parts.of("survey")
    assert opened.digest == bundle_file.read_manifest(parts.bundle).digest
    assert (where, python, ran, version) == ("/default", interpreter.running(), run.run, "")
    assert parts.of("found") == [("/default",)]
    assert parts.of("damaged") == [(opened, OWNER, parts.existing, run.run)]
    assert parts.of("read") == []  # what install.sh did is older than what is there
    assert parts.of("drive") == [({"keep": ["/default"]},)]
    assert parts.of("english") == [(run.run, False)]
    ((bundle, stack),) = parts.of("unpack")
    assert bundle is opened
    ((urls, same),) = parts.of("opened")
    assert (urls, same) == ([], stack)
    ((needed, target, prefix, media, alone, drive, english, console, held),) = parts.of(supplies.__name__)
    assert (needed, target) == (checklist.load(opened.read(layout.CHECKLIST)), opened.manifest.target)
    assert (prefix, media) == ("/default", supplies.Named([], ["sources"], "", True))
    assert (alone, english) == (False, "english")
    assert isinstance(drive, mounts.Drive)
    assert held is stack
    assert isinstance(console, render.Console)
    assert parts.of(taking.__name__) == [
        (opened, needed, "/default", OWNER, parts.existing[:1], ("a medium",), False, stack)
    ]
    ((bundle, digest, where, owner, existing, token, kept, broken, additions),) = parts.of("plan")
    assert (bundle, digest) == (opened.manifest, opened.digest)
    assert (where, owner, existing) == ("/default", OWNER, parts.existing)
    assert re.match("^[0-9a-f]{8}$", token)
    assert (kept, broken, additions) == (5, ["0002-y"], ())
    ((plan, bundle, ran, environment, now, console, additions),) = parts.of("apply")
    assert (plan, bundle, ran, additions) == (parts.plan, opened, run.run, ())
    assert environment == run.clean_environment()
    assert re.match(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", now)
    assert isinstance(console, render.Console)


def test_what_is_said_is_passed_on(parts):
    """Each option where it belongs; a name in a URL may be asked for."""
    here = os.getcwd()
    more = {"prefix": "p", "python": "/o/python3", "keep": "all", "iso": ["a.iso"], "no_root": True}
    parts.call(rpm_repo=["d", "http://m/e"], allow_missing=True, **more)
    ((_, where, python, _, _),) = parts.of("survey")
    assert (where, python) == (here + "/p", "/o/python3")
    assert parts.of("english") == [(run.run, True)]
    ((places, _),) = parts.of("opened")
    assert places == [here + "/d", "http://m/e"]
    asked = parts.of(supplies.__name__)[0]
    assert asked[3:5] == (supplies.Named([here + "/a.iso"], ["sources"], "", False), True)
    assert parts.of(taking.__name__)[0][6] is False  # what lacks is no error
    assert parts.of("plan")[0][6] is None
    assert parts.of("read") == [(here + "/p",)]
    assert parts.of("examine") == [
        (
            parts.plan.generation,
            {"checks": ("libraries", "needs"), "rpm_repos": ("open",)},
        )
    ]


@pytest.mark.parametrize(("more", "code", "severity"), [({}, 0, "warning"), ({"iso": ["a.iso"]}, 1, "error")])
def test_what_packages_want_when_they_run_is_told_at_the_end(parts, capsys, more, code, severity):
    """By the doctor. Without a medium it may come later, so the installation did not fail."""
    parts.judged = (Finding("NEED002", "error", "git", "is not on PATH", (), "yum install git"),)
    assert parts.call(json=True, **more) == code
    ((_, how),) = parts.of("examine")
    assert "needs" in how["checks"]
    document = json.loads(capsys.readouterr().out)
    assert [(one["code"], one["severity"]) for one in document["findings"]] == [("NEED002", severity)]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"iso": ["a.iso"]}, True),
        ({"rpm_repo": ["d"]}, True),
        ({}, False),
        ({"iso": ["a.iso"], "allow_missing": True}, False),
    ],
)
def test_who_must_have_everything(parts, more, named):
    """Media that somebody named."""
    parts.call(**more)
    assert parts.of(taking.__name__)[0][6] is named


@pytest.mark.parametrize(
    ("user", "no_root", "alone"), [(0, False, False), (0, True, True), (1, False, True), (1, True, True)]
)
def test_who_may_change_the_system(parts, monkeypatch, user, no_root, alone):
    """Root, unless that is not wanted."""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    parts.call(no_root=no_root)
    assert parts.of(supplies.__name__)[0][4] is alone


def test_libraries_by_yum_or_taken(parts):
    """What yum installs is not taken out of RPMs as well; what is taken may make a generation out of date."""
    parts.supplies = parts.supplies._replace(additions=(SYSTEM,))
    parts.call()
    assert parts.of(taking.__name__) == []
    assert parts.of("plan")[0][8] == parts.of("apply")[0][6] == (SYSTEM,)
    del parts.asked[:]
    parts.supplies = parts.supplies._replace(additions=())
    parts.prepared = taking.Prepared((TAKEN,), (), ("0007-z",), True)
    parts.damage = (Finding("ENV041", WARNING, "0002-y", "is damaged"),)
    parts.call()
    assert parts.of("plan")[0][7:] == (["0002-y", "0007-z"], (TAKEN,))
    assert parts.of("apply")[0][6] == (TAKEN,)


def test_a_dry_run(parts, capsys):
    """Nothing is swept, done or judged; install.sh's steps come first, and its Python is the one that is named."""
    planned = {"planned_python": "3.6.8=/new/python3", "planned_step": ["get a Python (root)", "look"]}
    assert parts.call(dry_run=True, iso=["a.iso"], **planned) == 0
    names = [name for name, _ in parts.asked]
    assert not {"sweep", "apply", "examine"} & set(names)
    assert parts.of("survey")[0][4] == "3.6.8"
    assert parts.of("plan")[0][3] == OWNER._replace(path="/new/python3")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "would do, with /new/python3:",
        "1 get a Python (root)",
        "2 look",
        "3 create an environment",
        "4 install libSM with yum (root)",
        "packages:",
        "alpha 1.0",
        "beta 2.1",
    ]
    del parts.asked[:]
    parts.plan = parts.plan._replace(outcome="switch")
    parts.call(dry_run=True)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "would do, with {}:".format(OWNER.path)
    assert lines[-2:] == ["packages:", "old 0"]
    del parts.asked[:]
    parts.call(**planned)  # it is done already: nobody asks what would be
    assert parts.of("survey")[0][4] == ""
    assert parts.of("plan")[0][3] == OWNER
    assert parts.of("apply")[0][0].steps == (NEW, ROOT)


def test_what_was_done(parts, capsys):
    """As root, also before; what is installed, what went, what to type next."""
    parts.entries = [ledger.Transaction(1, "install python3 with yum", frozenset(), None)]
    assert parts.call(keep="2") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    ok = str(render.mark("ok"))
    assert lines == [
        ok + " done as root: install python3 with yum",
        ok + " done as root: install libSM with yum",
        ok + " installed 0001-abcd in /default",
        "alpha 1.0",
        "opencv-python 4",
        "removed 0000-x: the last 2 are kept (--keep)",
        "next:",
        "/default/current/bin/offkit doctor",
        "/default/current/bin/offkit run-badapple",
    ]


def test_nothing_to_do(parts, capsys):
    """It is current already; where a step is left it is done and said."""
    parts.plan = parts.plan._replace(outcome="nothing", steps=(), remove=())
    assert parts.call() == 0
    text = "{} 0001-abcd is already current in /default; nothing to do\n".format(render.mark("ok"))
    assert capsys.readouterr().out == text
    parts.call(dry_run=True)
    assert capsys.readouterr().out == text
    parts.plan = parts.plan._replace(steps=(ROOT,))
    parts.call()
    assert "completed 0001-abcd in /default" in capsys.readouterr().out


LACKS = Finding("LIB001", WARNING, "libSM.so.6", "is missing", (), "yum install libSM")
OTHER = Finding("RPM005", WARNING, "disc", "has no key", (), "")
DAMAGE = Finding("ENV041", WARNING, "0002-y", "is damaged", (), "")
REMARK = Finding("PY010", WARNING, "python", "is old", (), "")
ASIDE = Finding("PY011", INFO, "python", "is compiled", (), "")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            "install",
            [
                "0002-y is damaged; a new one is built beside it",
                "libSM.so.6 is missing; yum install libSM",
                "disc has no key",
            ],
        ),
        ("switch", ["0002-y is damaged; 0001-abcd is intact", "disc has no key"]),
        ("nothing", ["disc has no key"]),
    ],
)
def test_warnings(parts, capsys, outcome, said):
    """With their cure. What lacks is said only where something is built: what stands may have its own."""
    parts.plan = parts.plan._replace(outcome=outcome)
    parts.remarks, parts.damage = (REMARK, ASIDE), (DAMAGE,)
    parts.supplies = parts.supplies._replace(warnings=(LACKS, OTHER))
    parts.call(quiet=True)
    err = capsys.readouterr().err.splitlines()
    assert err == ["! " + text for text in ["is old", *said]]
    parts.call(json=True)
    told = json.loads(capsys.readouterr().out)
    lacks = [LACKS] if outcome == "install" else []
    assert told["findings"] == [one.to_json() for one in (REMARK, ASIDE, DAMAGE, *lacks, OTHER)]
    parts.call(verbose=True)
    assert "  is compiled" in capsys.readouterr().err.splitlines()


def test_the_document(parts, capsys):
    """All of it."""
    parts.call(json=True, dry_run=True, keep="1")
    opened = bundle_file.read_manifest(parts.bundle)
    expected = {
        "schema": "offkit/install-1",
        "outcome": "install",
        "dry_run": True,
        "prefix": "/default",
        "generation": "0001-abcd",
        "path": "/default/generations/0001-abcd",
        "python": {"path": OWNER.path, "version": "3.6.8"},
        "bundle": {"path": parts.bundle, "digest": opened.digest},
        "target": opened.manifest.target.to_json(),
        "steps": [
            {
                "action": "venv",
                "text": "create an environment",
                "argv": ["python3", "-m", "venv"],
                "root": False,
            },
            {"action": "yum", "text": "install libSM with yum", "argv": ["yum"], "root": True},
        ],
        "packages": [{"name": "alpha", "version": "1.0"}, {"name": "beta", "version": "2.1"}],
        "removed": ["0000-x"],
        "findings": [],
    }
    assert json.loads(capsys.readouterr().out) == expected
    parts.call(json=True)
    packages = [{"name": "alpha", "version": "1.0"}, {"name": "opencv-python", "version": "4"}]
    assert json.loads(capsys.readouterr().out) == dict(expected, dry_run=False, packages=packages)


@pytest.mark.parametrize("severity", [ERROR, WARNING])
def test_what_the_loader_still_does_not_find(parts, capsys, severity):
    """Is judged where media were named or carried; an error is exit 1, what is for information is not said."""
    lost = Finding("LIB001", severity, "a.so", "is missing")
    parts.judged = (lost, Finding("LIB012", INFO, "x", "y"))
    parts.carried = "/tmp/b.tar"
    assert parts.call() == (1 if severity == ERROR else 0)
    out = capsys.readouterr().out
    assert "LIB001  a.so: is missing" in out
    assert "LIB012" not in out
    parts.call(json=True)
    assert json.loads(capsys.readouterr().out)["findings"] == [lost.to_json()]
    assert parts.of(supplies.__name__)[0][3].bundled == "/tmp/b.tar"
    parts.carried = ""
    assert parts.call() == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"prefix": ""}, "--prefix is given, but empty"),
        ({"python": ""}, "--python is given, but empty"),
        ({"iso": [""]}, "--iso is given, but empty"),
        ({"rpm_repo": [""]}, "--rpm-repo is given, but empty"),
        ({"keep": "0"}, "--keep takes a number from 1, or 'all', not '0'"),
        ({"get_python": "x"}, "--get-python takes one of build, source, packages, not 'x'"),
        ({"get_python": ""}, "--get-python takes one of build, source, packages, not ''"),
    ],
)
def test_usage(parts, more, message):
    """Before anything is looked at."""
    with pytest.raises(UsageError) as caught:
        parts.call(**more)
    assert caught.value.message == message
    assert parts.asked == []


@pytest.mark.parametrize("way", ["build", "source", "packages"])
def test_how_install_sh_got_its_python(parts, way):
    """It has done so when this runs."""
    assert parts.call(get_python=way, ld_so_conf=True) == 0


def test_a_url_by_its_address_asks_nobody(parts):
    """No name server is needed."""
    parts.call(rpm_repo=["http://192.0.2.1/e"])
    assert parts.of("english") == [(run.run, False)]
    assert not url.by_name("http://192.0.2.1/e")
