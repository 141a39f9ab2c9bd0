"""What helps where a package cannot be imported: each was resolved with the whole request."""

import pytest

from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.report import Reporter
from offkit.online.proof import remedies, verdicts
from offkit.online.reasons import clashes
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")
FAILED = Finding("SMOKE001", ERROR, "alpha", "cannot be imported: …")


@pytest.fixture
def helps(mirror):
    """helps(server, *requirements): Remedies.of for their lock, and how it holds."""
    sessions = []

    def of(server, *requirements, told=()):
        session = Session(EL7, server.args, Reporter())
        sessions.append(session)
        request = Request(requirements, ())
        lock = clashes.by_name(session.lock(request).wheels)

        def holds(*constraints, more=()):
            with Session(EL7, server.args, Reporter()) as other:
                return other.holds(request, *constraints, more=more)

        return remedies.Remedies(lock, told, holds).of

    yield of
    for session in sessions:
        session.__exit__()


@pytest.fixture
def server(mirror):
    found = mirror()
    for name, version in (
        ("alpha", "1"),
        ("alpha", "2"),
        ("pyyaml", "5"),
        ("setuptools", "59"),
        ("setuptools", "82"),
    ):
        found.add(name, version)
    return found


def test_an_older_one(server, helps):
    """As a constraint, or in the place of the version that was asked for; and that this is not tried is said."""
    again = ": the whole request resolves with it; whether that can be imported, --rehearse tells"
    assert helps(server, "alpha")("alpha", FAILED, "no good") == "add 'alpha<2'" + again
    assert helps(server, "Alpha==2")("alpha", FAILED, "no good") == "use alpha==1" + again
    assert helps(server, "alpha==1")("alpha", FAILED, "no good") == ""  # there is no older one
    server.add("omega", requires=["alpha>=2"])
    assert helps(server, "omega")("alpha", FAILED, "no good") == ""
    for other in (
        FAILED._replace(severity=WARNING),
        FAILED._replace(code="SMOKE004"),
        FAILED._replace(fix="offkit doctor names the package"),
    ):
        assert helps(server, "alpha")("alpha", other, "no good") == ""
    assert helps(server, "alpha")("", FAILED, "a check of the user's") == ""


@pytest.mark.parametrize("severity", [ERROR, WARNING])
def test_a_module_that_nothing_requires(server, helps, severity):
    """Where it is known which project has it; a project that has the very name is a guess, and no cure."""
    found = FAILED._replace(severity=severity)
    of = helps(server, "alpha")
    whole = " too: the whole request resolves with it"
    assert of("alpha", found, "no\nNo module named 'yaml'") == "ask for 'pyyaml'" + whole
    assert of("alpha", found, "No module named 'pkg_resources.extern'") == "ask for 'setuptools<82'" + whole
    assert of("alpha", found, "No module named 'distutils'") == "ask for 'setuptools'" + whole
    assert of("alpha", found, "No module named 'alpha_more'") == ""
    assert of("alpha", found, "No module named 'cv2'") == ""  # this index has no OpenCV
    assert helps(server, "alpha", "pyyaml")("alpha", found, "No module named 'yaml'") == ""
    of = helps(server, "alpha", "setuptools>=60")
    assert of("alpha", found, "No module named 'pkg_resources'") == ""


def test_what_is_known_of_the_package(server, helps):
    """That it was compiled for another NumPy says more than that there is an older one."""
    told = [Finding("REQ021", ERROR, "alpha", "…", (), "add 'numpy<2': the whole request resolves with it")]
    assert helps(server, "alpha", told=told)("alpha", FAILED, "no good") == told[0].fix
    assert helps(server, "alpha", told=[told[0]._replace(fix="")])("alpha", FAILED, "").startswith(
        "add 'alpha<2'"
    )


def test_it_stands_in_the_finding():
    """Of the package that has the module."""
    judge = verdicts.Judge(
        "here", EL7, (), cure=lambda package, found, texts: f"{package}, {found.code}: {texts}"
    )
    raised = [{"type": "ImportError", "text": "no good"}]
    outcome = {"name": "m", "package": "alpha", "outcome": "raised", "raised": raised, "said": ["oh"]}
    (found,) = judge._replace(libraries=verdicts.Checklist(())).findings(
        {**outcome, "findings": [FAILED.to_json()]}
    )
    assert (found.code, found.subject, found.fix) == ("REQ022", "alpha", "alpha, SMOKE001: oh\nno good")


@pytest.mark.parametrize(
    ("code", "message", "heard", "same"),
    [
        (
            "REQ020",
            "2 cannot be imported by Python 3.6: a.py, line 1: …",
            "SyntaxError: invalid syntax",
            True,
        ),
        ("REQ020", "2 cannot be imported by Python 3.6: a.py, line 1: …", "KeyError: 'x'", False),
        ("REQ021", "2 cannot be imported with b 3: ValueError: too many", "ValueError: too many", True),
        ("REQ021", "2 cannot be imported with b 3: ValueError: too many", "OSError: no such file", False),
        ("REQ021", "2 was compiled for NumPy 1 and cannot be …", "ImportError: numpy.core failed", True),
        ("REQ021", "2 was compiled for NumPy 1 and cannot be …", "ImportError: libX.so.1", False),
        ("REQ004", "2 is no such version", "SyntaxError: invalid syntax", False),
    ],
)
def test_what_the_bundle_told_already(code, message, heard, same):
    """Of the package itself, and as an error; what else keeps it from being imported is told beside."""
    told = Finding(code, ERROR, "al-pha", message)
    heard = FAILED._replace(message="cannot be imported: " + heard)
    found = remedies.Remedies({}, (told, told._replace(subject="beta")), lambda *asked: None)
    assert found.foretold("al_pha", heard, "") == ([told] if same else [])
    assert found.foretold("gamma", heard, "") == []
    warned = remedies.Remedies({}, (told._replace(severity=WARNING),), lambda *asked: None)
    assert warned.foretold("al_pha", heard, "") == []
