"""offkit bundle --rehearse: what works is told by the manifest, what does not is caught before the trip."""

import json
import os

import pytest

import bundle_maker
import pythons
import world
from conftest import run

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def liars(tmp_path_factory):
    """Wheels whose metadata promises too much."""
    folder = tmp_path_factory.mktemp("liars")
    for name, text in (
        ("offkit_newer", b"this is no Python of any version\n"),
        ("offkit_lost", b"import os\nopen(os.path.join(os.path.dirname(__file__), 'table.json'))\n"),
        (
            "offkit_good",
            b"import os\nos.makedirs(os.path.expanduser('~/offkit-was-rehearsed'), exist_ok=True)\n",
        ),
    ):
        filename, body = bundle_maker.wheel(name, "1", {name + "/__init__.py": text})
        (folder / filename).write_bytes(body)
    return folder


def rehearsed(server, isolated, out, *words):
    """The report of the bundle, and what inspect says of it."""
    done = run(
        [world.OFFKIT, "bundle", *words, *world.target_args(server), "--rehearse", "-o", out, "--json"]
    )
    told = run([world.OFFKIT, "inspect", out, "--json"])
    return done.returncode, json.loads(done.stdout), json.loads(told.stdout)


def test_what_works(server, isolated, liars, tmp_path):
    """Closed, installed and imported; the user's check too. What its modules write at home is not written there."""
    smoke = tmp_path / "smoke.py"
    smoke.write_text(
        "import sys, click, offkit_good\n"
        "assert len(sys.argv) == 1\n"
        "names = [line.split(':')[0].strip() for line in open('/proc/net/dev') if ':' in line]\n"
        "assert names == ['lo'], names\n"  # no network to reach anybody by
        "import socket, os\n"
        "with socket.socket() as one, socket.socket() as other:\n"  # but oneself
        "    one.bind(('127.0.0.1', 0)); one.listen(1); other.connect(one.getsockname())\n"
        "assert os.getpid() < 100, os.getpid()\n"  # nobody else's processes to kill
    )
    code, report, inside = rehearsed(
        server,
        isolated,
        tmp_path / "b.tar",
        "click==8.0.4",
        "offkit_good",
        "--find-links",
        liars,
        "--smoke",
        smoke,
    )
    assert code == 0, report
    assert [(one["kind"], one["passed"]) for one in report["proofs"]] == [
        ("closure", True), ("forecast", True), ("syntax", True),
        ("resolution", True), ("rehearsal", True), ("smoke", True),
    ]  # fmt: skip
    assert not os.path.exists(os.path.expanduser("~/offkit-was-rehearsed"))
    assert inside["options"]["proofs"] == report["proofs"]


def test_what_does_not(server, isolated, liars, tmp_path):
    """Code that no such Python reads, a file that was not packed, a check that fails: each is named."""
    smoke = tmp_path / "smoke.py"
    smoke.write_text("raise SystemExit('no good')\n")
    code, report, inside = rehearsed(
        server,
        isolated,
        tmp_path / "b.tar",
        "offkit_newer",
        "offkit_lost",
        "--find-links",
        liars,
        "--smoke",
        smoke,
    )
    assert code == 1
    found = {one["subject"]: one for one in report["findings"] if one["code"] == "REQ022"}
    assert "offkit_newer" not in found  # what its sources told stands there already
    assert [one["code"] for one in report["findings"] if "newer" in one["subject"]] == ["REQ020"]
    said = found["offkit_lost"]["message"]
    assert said.startswith("cannot be imported: FileNotFoundError")
    assert said.endswith(
        "'offkit_lost/table.json' (offkit_lost/__init__.py, line 2)"
    )  # no name of a place that is gone
    assert found["smoke.py"]["message"] == "ended with 1: no good"
    assert [(one["kind"], one["passed"]) for one in inside["options"]["proofs"]] == [
        ("closure", True), ("forecast", True), ("syntax", False),
        ("resolution", True), ("rehearsal", False), ("smoke", False),
    ]  # fmt: skip


@pytest.mark.parametrize(("series", "requirements", "code", "subject", "message", "fix"), [
    # its extension was compiled for NumPy 1, and its metadata allow any
    ("3.9", ["opencv-python-headless==4.6.0.66", "numpy==2.0.2"], "REQ021", "opencv-python-headless",
     "4.6.0.66 cannot be imported with numpy 2.0.2: ImportError: ", "use numpy==1."),
    # an assignment expression; Requires-Python is >=3.7 (github.com/joelee2012/api4jenkins/issues/95)
    ("3.7", ["api4jenkins==2.0.0"], "REQ020", "api4jenkins",
     "2.0.0 cannot be imported by Python 3.7: api4jenkins/__init__.py, line 160: ",
     "use api4jenkins==1."),
    # facts.json was not packed (github.com/omaciel/fauxfactory/issues/97)
    ("3.6", ["fauxfactory==3.0.0"], "REQ022", "fauxfactory",
     "cannot be imported: FileNotFoundError: [Errno 2] No such file or directory: 'fauxfactory/facts.json' (fauxfactory/",
     "use fauxfactory==2."),
])  # fmt: skip
def test_real_ones(tmp_path, isolated, series, requirements, code, subject, message, fix):
    """What others were bitten by, and no metadata tells; what the wheels told is not told once more."""
    path = pythons.find(series)
    if path is None:
        pytest.skip(f"no CPython {series} here")
    ended, report, inside = rehearsed((path, series), isolated, tmp_path / "b.tar", *requirements)
    assert ended == 1
    found = [one for one in report["findings"] if one["severity"] == "error"]
    assert [(one["code"], one["subject"], one["message"][: len(message)]) for one in found] == [
        (code, subject, message)
    ]
    assert found[0]["fix"].startswith(fix)
    assert str(tmp_path) not in json.dumps(inside["options"]["proofs"])
    proofs = {one["kind"]: one for one in inside["options"]["proofs"]}
    assert (proofs["closure"]["passed"], proofs["rehearsal"]["passed"]) == (True, False)


@pytest.mark.parametrize(("series", "release", "requirements"), [
    ("3.6", "el7", ["numpy", "pandas", "requests", "sqlalchemy", "pyyaml"]),
    ("3.9", "el8", ["numpy", "pandas", "flask", "cryptography", "lxml"]),
    ("3.12", "el9", ["numpy", "pandas", "scikit-learn", "pillow", "cryptography", "lxml", "pydantic"]),
])  # fmt: skip
def test_large_real_sets(tmp_path, isolated, series, release, requirements):
    """As they are for a server of each age: installed by install.sh, and all of their modules imported."""
    path = pythons.find(series)
    if path is None:
        pytest.skip(f"no CPython {series} here")
    words = ["--python", pythons.version(path), "--target", release, *world.arch()]
    out = tmp_path / "b.tar"
    done = run([world.OFFKIT, "bundle", *requirements, *words, "--rehearse", "-o", out, "--json"])
    report = json.loads(done.stdout)
    assert done.returncode == 0, report
    assert {one["kind"]: one["passed"] for one in report["proofs"]}.items() >= {
        "closure": True,
        "resolution": True,
        "rehearsal": True,
    }.items()
    assert [one for one in report["findings"] if one["code"] == "REQ022" and one["severity"] == "error"] == []
