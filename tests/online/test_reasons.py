"""Requests as people have them: the lock that pip of the server would make too, or the true reason."""

import logging
import os
import subprocess
import sys

import pytest

import bundle_maker
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.report import Reporter
from offkit.online.index.release import Repair
from offkit.online.request.locked import Request
from offkit.online.resolve import lock as resolve_lock
from offkit.online.resolve import tried as resolve_tried
from offkit.online.resolve.limit import Limit, Purse
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")


def lock(server, *requirements, files=(), args=(), target=EL7):
    with Session(target, [*server.args, *args], Reporter()) as session:
        return session.lock(Request(requirements, tuple(files)))


def pins(lock):
    return {wheel.name: wheel.version for wheel in lock.wheels}


def refused(server, *requirements, **more):
    with pytest.raises(RequestError) as caught:
        lock(server, *requirements, **more)
    by_subject = {one.subject: one for one in caught.value.findings}
    assert len(by_subject) == len(caught.value.findings)
    return by_subject


def old(server, name, version, *lines):
    """A wheel whose METADATA has these lines, however they are written."""
    info = f"{name}-{version}.dist-info/"
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        line + "\n" for line in lines
    )
    members = {
        info + "METADATA": text.encode(),
        info + "WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        info + "RECORD": b"",
    }
    return server.put(f"{name}-{version}-py3-none-any.whl", bundle_maker.zipped(members))


def test_old_metadata(mirror):
    """Is read as pip of the server reads it; what was put right stands in the lock."""
    server = mirror()
    old(
        server,
        "alpha",
        "2",
        "Requires-Dist: beta (>dev)",
        "Requires-Dist: gamma (>=5.1.*)",
        "Requires-Python: >=3.6.*",
    )
    server.add("beta", "1")
    for version in ("5.0", "5.1", "5.4"):
        server.add("gamma", version)
    found = lock(server, "alpha", "gamma<5.4.*")
    assert pins(found) == {"alpha": "2", "beta": "1", "gamma": "5.1"}
    assert found.repairs == (
        Repair("alpha", "2", "Requires-Python: >=3.6.*", ">=3.6"),
        Repair("alpha", "2", "beta (>dev)", "beta (>=0)"),
        Repair("alpha", "2", "gamma (>=5.1.*)", "gamma (>=5.1)"),
    )


def test_a_requirements_file_of_then(mirror, tmp_path):
    """Its own lines as well."""
    server = mirror()
    server.add("gamma", "5.1")
    path = tmp_path / "requirements.txt"
    path.write_text("gamma>=5.0.*,   # as it was\n")
    assert pins(lock(server, files=[path])) == {"gamma": "5.1"}


def test_metadata_that_nobody_can_read(mirror):
    """Another version is taken; where there is none, that is the reason, and no conflict."""
    server = mirror()
    server.add("alpha", "1")
    old(server, "alpha", "2", "Requires-Dist: ][")
    assert pins(lock(server, "alpha")) == {"alpha": "1"}
    found = refused(server, "alpha==2")
    assert list(found) == ["alpha"]
    found = found["alpha"]
    assert (found.code, found.looked_in) == ("REQ012", ("Requires-Dist: ][",))
    assert found.fix == "use alpha==1: the whole request resolves with it"


def test_requires_python_is_the_reason(mirror):
    """Of what is asked for, and of what a package pins; with the Python for which the whole request holds."""
    server = mirror()
    for version, python in (("1", ">=3.6"), ("2", ">=3.8")):
        filename = server.add("alpha", version)
        server.put(filename, server.files[filename], requires_python=python)
    server.add("beta", "1", requires=["alpha==2"])
    found = refused(server, "alpha>=2")["alpha"]
    assert (found.code, found.message) == ("REQ008", "alpha>=2: needs Python >=3.8; the server has 3.6.8")
    assert found.fix.splitlines() == [
        "use alpha==1: the whole request resolves with it",
        "or deploy another Python: the whole request resolves with --python 3.8 --target el7",
    ]
    found = refused(server, "beta")["alpha"]
    assert found.message == "alpha==2, needed by beta 1: needs Python >=3.8; the server has 3.6.8"
    assert found.fix == "deploy another Python: the whole request resolves with --python 3.8 --target el7"


def test_a_cure_that_another_forbids_is_none(mirror):
    """beta wants the version that cannot be had; an older beta does not."""
    server = mirror()
    server.add("alpha", "1")
    server.put("alpha-2.tar.gz")
    server.add("beta", "2", requires=["alpha==2"])
    found = refused(server, "beta==2")["alpha"]
    assert found.fix.startswith(
        "--build alpha builds it here, if it is pure Python\nor offkit bundle --carry-source alpha carries"
    )
    server.add("beta", "1", requires=["alpha"])
    found = refused(server, "beta==2")["alpha"]
    assert found.fix.splitlines()[0] == "use beta==1: the whole request resolves with it"


def test_a_lock_for_another_python(mirror, tmp_path):
    """Is no question of hashes: it is named as what it is, and the pins and their Requires-Python, all of them."""
    server = mirror()
    for name in ("alpha", "beta"):
        filename = server.add(name, "2")
        server.put(filename, server.files[filename], requires_python=">=3.9")
        server.add(name, "1")
    path = tmp_path / "lock.txt"
    path.write_text(lock(server, "alpha", "beta", target=preset("3.9")).text(why=True))
    found = refused(server, files=[path])
    codes = {name: one.code for name, one in found.items()}
    assert codes == {str(path): "REQ026", "alpha": "REQ008", "beta": "REQ008"}
    assert found["alpha"].message == "alpha==2: needs Python >=3.9; the server has 3.6.8"
    assert found["alpha"].fix.splitlines() == [
        "use alpha==1, beta==1: the whole request resolves with them",
        "or deploy another Python: the whole request resolves with --python 3.9 --target el7",
    ]


def test_what_pip_freeze_lists_and_nobody_has(mirror):
    """On Debian; the rest is locked without it."""
    found = refused(mirror("alpha"), "alpha", "pkg-resources==0.0.0")["pkg-resources"]
    assert (found.code, found.fix) == ("REQ003", "delete this requirement")


def test_what_was_passed_over_as_source(mirror):
    """A newer final release that fits, with how it is had; not one for another Python, or that a package
    of the lock forbids."""
    server = mirror()
    server.add("alpha", "1")
    server.put("alpha-2.tar.gz", requires_python=">=3.6")
    server.put("alpha-3.tar.gz", requires_python=">=3.8")
    server.put("alpha-4rc1.tar.gz")
    server.add("beta", "1", requires=["gamma<2", "delta; python_version > '3.8'"])
    server.add("gamma", "1")
    server.put("gamma-2.tar.gz")
    (found,) = lock(server, "alpha", "beta").findings
    assert (found.code, found.severity, found.subject) == ("REQ011", "info", "alpha")
    assert found.message == "1 is taken; 2 was passed over: it exists only as source (alpha-2.tar.gz)"
    assert "pip wheel --no-deps alpha==2 -w DIR" in found.fix
    assert lock(server, "alpha==1", "gamma<2").findings == ()


def test_what_was_passed_over_for_another(mirror):
    """The newest has a wheel, and wants something that has none."""
    server = mirror()
    server.add("alpha", "1")
    server.add("alpha", "2", requires=["hidden"])
    server.put("hidden-1.tar.gz")
    (found,) = lock(server, "alpha").findings
    assert (found.code, found.message) == (
        "REQ011",
        "1 is taken; 2 was passed over: hidden, needed by alpha 2: only source distributions exist (hidden-1.tar.gz)",
    )


def test_versions_that_ask_for_different_pythons(mirror):
    """What the oldest and the newest say, and what else stands in the way: the Python of the last one need not
    be the one that helps."""
    server = mirror()
    for version, python in (("1", ">=3.7"), ("2", ">=3.8"), ("3", ">=3.10")):
        filename = server.add("alpha", version)
        server.put(filename, server.files[filename], requires_python=python)
    server.put("beta-1.tar.gz", requires_python=">=3.7")
    found = refused(server, "alpha<4", "beta")
    assert found["alpha"].message == "alpha<4: 1 needs Python >=3.7, 3 >=3.10; the server has 3.6.8"
    assert found["alpha"].fix.endswith("resolves with --python 3.7")
    assert found["beta"].message == (
        "beta: needs Python >=3.7; the server has 3.6.8, and only source distributions exist (beta-1.tar.gz)"
    )


@pytest.mark.parametrize("silent", ["page", "directory"])
def test_a_page_that_says_nothing_of_python(mirror, tmp_path, silent):
    """A wheel's METADATA counts as if the page had said it: there is one reason, that of the source that is
    left, and the Python that helps is that of the others."""
    server = mirror()
    server.put("colour-1.1.tar.gz")
    filename = server.add("colour", "2")
    server.put(filename, server.files[filename], requires_python=">=3.7")
    filename, body = bundle_maker.wheel("colour", "3.3", python=">=3.10")
    if silent == "page":
        server.put(filename, body)
    else:
        (tmp_path / filename).write_bytes(body)
    server.add("wanting", "1", requires=["colour>=1.1"])
    args = () if silent == "page" else ("--find-links", str(tmp_path))
    for asked in ("colour>=1.1", "wanting"):
        found = refused(server, asked, args=args)["colour"]
        assert (found.code, found.message.partition(": ")[2]) == (
            "REQ002",
            "only source distributions exist for Python 3.6 (colour-1.1.tar.gz)",
        )
        assert found.fix.startswith("deploy another Python: the whole request resolves with --python 3.7")


def test_a_release_for_another_python_is_not_passed_over(mirror):
    """Where the page says nothing of Python, as where it does: none of those fits."""
    server = mirror()
    server.add("alpha", "1")
    server.add("alpha", "8.5.0", python=">=3.10")
    found = lock(server, "alpha")
    assert (pins(found), found.findings) == ({"alpha": "1"}, ())


def test_a_wheel_that_is_given_for_another_python(mirror, tmp_path):
    """Nothing else can be meant; it is the reason, once."""
    filename, body = bundle_maker.wheel("alpha", "1", python=">=3.10")
    (tmp_path / filename).write_bytes(body)
    with pytest.raises(RequestError) as caught:
        lock(mirror(), str(tmp_path / filename))
    (found,) = caught.value.findings
    assert (found.code, found.message) == ("REQ008", "1 needs Python >=3.10; the server has 3.6.8")


def test_a_conflict_in_which_an_old_release_is_for_another_python(mirror):
    """What is left when others' pins forbid the newer ones is no reason: the pins are."""
    server = mirror()
    server.add("tool", "0.0.0", python="<3.13,>=3.12")
    for version in ("1", "2"):
        server.add("tool", version, requires=[f"beta=={version}"])
    for version in ("1", "2", "3"):
        server.add("beta", version)
    with pytest.raises(RequestError) as caught:
        lock(server, "tool", "beta==3")
    (found,) = caught.value.findings
    assert (found.code, found.looked_in) == ("REQ005", ("you asked for beta==3", "tool 2 needs beta==2"))


def test_what_was_passed_over_in_a_conflict(mirror):
    """Who wants what."""
    server = mirror()
    server.add("alpha", "1")
    server.add("alpha", "2", requires=["beta>=2"])
    server.add("beta", "1")
    server.add("beta", "2")
    (found,) = lock(server, "alpha", "beta<2").findings
    assert found.message == ("1 is taken; 2 was passed over: you asked for beta<2; alpha 2 needs beta>=2")


def test_what_was_passed_over_in_a_crowd(mirror):
    """One line that can be read; all who want something else are told with -v."""
    server = mirror()
    server.add("alpha", "1")
    server.add("alpha", "2", requires=["beta>=2"])
    for version in ("1", "2"):
        server.add("beta", version)
    notes = []

    class Telling(Reporter):
        def note(self, text):
            notes.append(text)

    with Session(EL7, server.args, Telling()) as session:
        (found,) = session.lock(Request(("alpha", "beta<2", "beta<1.9", "beta<1.8"), ())).findings
    assert found.code == "REQ011"
    assert found.message == (
        "1 is taken; 2 was passed over: you asked for beta<2; alpha 2 needs beta>=2; "
        "and 2 more (-v shows them)"
    )
    (told,) = [note for note in notes if note.startswith("conflict: ")]
    assert "; you asked for beta<1.9; you asked for beta<1.8; " in told


def test_a_trial_has_an_end(mirror, monkeypatch):
    """What speaks against a version, and what else would hold, is looked for, but not for hours: the lock is
    none the worse. A request that nobody can resolve in time is refused as what it is."""
    server = mirror()
    server.add("alpha", "1")
    server.add("alpha", "2", requires=["beta"])
    server.add("beta", "1", requires=["hidden"])
    server.put("hidden-1.tar.gz")
    assert [one.code for one in lock(server, "alpha").findings] == ["REQ011"]
    monkeypatch.setattr(resolve_lock, "_TRIED", 1)
    found = lock(server, "alpha")
    assert (pins(found), found.findings) == ({"alpha": "1"}, ())
    fix = refused(server, "alpha==2")["hidden"].fix
    assert "alpha==1" not in fix
    assert fix.endswith(
        "or find out what else would do: ask for beta alone, or bound what has many versions (name>=1.2):"
        " with other versions there were too many combinations to try"
    )
    with (
        pytest.raises(RequestError) as caught,
        Session(EL7, server.args, Reporter(), limit=Limit(1, Purse(9))) as session,
    ):
        session.lock(Request(("alpha",), ()))
    assert (
        caught.value.message == "pip's resolver gave up: there are too many combinations of versions to try"
    )


def test_all_trials_have_an_end(mirror, monkeypatch):
    """Together: a project with many versions is read as far as that goes, and what was not tried is said."""
    server = mirror()
    for number in range(40):
        server.add("alpha", f"1.{number}", requires=[f"beta=={number}"])
        server.add("beta", str(number))
    server.add("gamma", "1", requires=["beta==99"])
    server.add("beta", "99")
    (told,) = refused(server, "alpha==1.7", "gamma").values()
    assert (told.code, told.fix) == ("REQ005", "")
    monkeypatch.setattr(resolve_tried, "_READ", 20)
    (told,) = refused(server, "alpha==1.7", "gamma").values()
    assert told.fix.endswith("with other versions there were too many combinations to try")


def test_nothing_of_a_trial_is_printed(mirror, monkeypatch, capfd):
    """What pip says of it is about no request that anybody made; logging prints where nobody listens."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    server = mirror()
    server.add("alpha", "1", requires=["beta<2"])
    server.add("beta", "2")
    with Session(EL7, server.args, Reporter()) as session:
        assert session.holds(Request(("beta",), ()), "beta<2") is None
        assert session.holds(Request(("alpha",), ()), "beta>=2") is None
    assert capfd.readouterr() == ("", "")


def test_an_index_that_falls_silent_in_a_trial(mirror, monkeypatch):
    """The lock is there, and stays; of what could not be looked at, nothing is said."""
    server = mirror()
    server.add("alpha", "1", requires=["gamma"])
    server.add("alpha", "2")
    server.pages["/simple/gamma/"] = (500, b"", {})
    with Session(EL7, server.args, Reporter()) as session:
        request = Request(("alpha",), ())
        assert pins(session.lock(request)) == {"alpha": "2"}
        assert session.holds(request, "alpha<=2") == {}
        assert session.holds(request, "alpha<2") is None
    server.add("alpha", "3", requires=["hidden"])
    server.put("hidden-1.tar.gz")
    assert [one.code for one in lock(server, "alpha").findings] == ["REQ011"]

    def explain(*given):
        raise EnvironmentProblem("the package index cannot be read")

    monkeypatch.setattr(resolve_lock.absence, "explain", explain)
    assert lock(server, "alpha").findings == ()


def test_what_has_both(mirror):
    """A newer one that a package of the lock wants something impossible for: it is no matter of its form."""
    server = mirror()
    server.add("alpha", "1")
    server.add("alpha", "2", requires=["hidden"])
    server.put("alpha-2.tar.gz")
    server.put("hidden-1.tar.gz")
    server.add("beta", "1", requires=["alpha"])
    assert lock(server, "beta").findings == ()
    (found,) = lock(server, "alpha").findings
    assert found.severity == "warning"
    assert "2 was passed over: hidden, needed by alpha 2" in found.message


def test_what_needs_a_newer_system(mirror):
    """Is passed over as well."""
    server = mirror()
    server.add("alpha", "1", tag="cp36-cp36m-manylinux1_x86_64")
    server.add("alpha", "2", tag="cp36-cp36m-manylinux_2_28_x86_64")
    server.add("alpha", "3", tag="cp36-cp36m-win_amd64")
    (found,) = lock(server, "alpha").findings
    assert found.message == "1 is taken; 2 was passed over: its wheels need glibc 2.28; the server has 2.17"


def test_pre_releases_only_when_asked_for(mirror):
    """A final release exists, as source: the pre-release with a wheel is no substitute, also not two steps away."""
    server = mirror()
    server.add("alpha", "2rc1")
    server.put("alpha-1.tar.gz")
    server.add("beta", "1", requires=["alpha"])
    for asked in ("alpha", "beta"):
        found = refused(server, asked)["alpha"]
        assert found.code == "REQ002"
        assert found.message.endswith("exist (alpha-1.tar.gz); of its pre-releases there are wheels")
        assert found.fix.splitlines()[0] == "allow pre-releases: the whole request resolves with --pre"
    assert pins(lock(server, "beta", args=["--pre"])) == {"alpha": "2rc1", "beta": "1"}


def test_a_pre_release_that_another_asks_for(mirror):
    """What asks for any version is not given up because all final ones are no use."""
    server = mirror()
    server.add("alpha", "1", requires=["net"])
    server.add("chi", "2", requires=["net<3"])
    server.add("chi", "1", requires=["net==3.0b1"])
    for version in ("1.0", "2.0"):
        server.add("net", version, requires=["gone"])
    server.add("net", "3.0b1")
    assert pins(lock(server, "alpha", "chi")) == {"alpha": "1", "chi": "1", "net": "3.0b1"}


def test_what_else_is_worth_knowing(mirror):
    """Yanked by its authors, without a final release, an extra that is none; each for itself."""
    server = mirror()
    filename = server.add("alpha", "1")
    server.put(filename, server.files[filename], yanked="breaks things")
    server.add("beta", "1b1")
    old(server, "gamma", "1", "Provides-Extra: fast")
    found = {one.subject: one for one in lock(server, "alpha==1", "beta", "gamma[fast,slow]").findings}
    assert {name: (one.code, one.severity) for name, one in found.items()} == {
        "alpha": ("REQ013", "warning"), "beta": ("REQ017", "info"), "gamma": ("REQ015", "warning"),
    }  # fmt: skip
    assert found["alpha"].message == "1 was yanked by its authors: breaks things"
    assert found["beta"].message == "1b1 is a pre-release; there is no final one"
    assert found["gamma"].message == "1 has no extra slow"
    assert found["gamma"].fix == "delete or correct it: it has fast"


def test_what_an_index_says_of_a_project(mirror):
    """PEP 792: archived is worth knowing, quarantined is more."""
    from offkit.online.index.listing import Status

    server = mirror("alpha", "beta", "gamma")
    with Session(EL7, server.args, Reporter()) as session:
        session.listing.statuses.update(
            alpha=Status("archived", "done"), beta=Status("quarantined", ""), gamma=Status("resting", "")
        )
        found = session.lock(Request(("alpha", "beta", "gamma"), ())).findings
    assert [(one.code, one.severity, one.subject, one.message) for one in found] == [
        ("REQ014", "info", "alpha", "is archived: no new version will be made (done)"),
        ("REQ014", "warning", "beta", "is in quarantine: the index holds it to be dangerous"),
        ("REQ014", "warning", "gamma", "has the status 'resting'"),
    ]


@pytest.mark.network
@pytest.mark.slow
def test_whatever_pip_is_installed(tmp_path):
    """A lock is a function of the request and the index: pip 23.2.1 makes the same as this one."""
    there = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", str(there)], check=True)
    python = str(there / "bin/python")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "pip==23.2.1", "."], check=True
    )
    words = ["lock", "celery==5.1.2", "omegaconf==2.0.6", "--python", "3.6"]
    texts = [
        subprocess.run(
            [os.path.join(os.path.dirname(one), "offkit"), *words],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        for one in (python, sys.executable)
    ]
    assert texts[0] == texts[1]
    assert "celery==5.1.2" in texts[0]


def test_a_reason_is_told_once(mirror):
    """However many rounds meet it again, while they find what else is missing."""
    server = mirror("beta")
    server.add("tool", "2", requires=["beta==2", "nobody"])
    server.add("beta", "2")
    server.add("beta", "3")
    with pytest.raises(RequestError) as caught:
        lock(server, "tool", "beta==3", "somebody")
    assert sorted((one.code, one.subject) for one in caught.value.findings) == [
        ("REQ003", "nobody"),
        ("REQ003", "somebody"),
        ("REQ005", "beta"),
    ]


def test_what_a_package_far_below_lacks(mirror):
    """Its cure is about the line of the request that leads to it, and so is what the cures of others leave out."""
    server = mirror()
    server.add("celery", "2", requires=["kombu", "billiard"])
    server.add("celery", "1")
    server.add("kombu", requires=["anyjson"])
    for name in ("anyjson-1", "billiard-1", "delta-2"):
        server.put(f"{name}.tar.gz")
    for version in ("1", "2"):
        server.add("white", version)
    found = refused(server, "celery==2", "white==1", "delta==2")
    assert {name: one.fix.splitlines()[0] for name, one in found.items() if name != "delta"} == {
        "billiard": "use celery==1: everything but delta resolves with it",
        "anyjson": "use celery==1: everything but delta resolves with it",
    }
    server.add("delta", "1")
    found = refused(server, "celery==2", "white==1", "delta==2")
    assert {one.fix.splitlines()[0] for one in found.values()} == {
        "use celery==1, delta==1: the whole request resolves with them"
    }
