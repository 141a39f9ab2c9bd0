"""What is wrong in pip.conf or PIP_*, said with the place: pip would end the process, or go on without a word."""

import os

import pytest

from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.report import Reporter
from offkit.online.index import configuration
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")


@pytest.fixture
def conf(mirror, monkeypatch, tmp_path):
    """Write the pip.conf that counts."""
    mirror()
    monkeypatch.delenv("PIP_DEFAULT_TIMEOUT", raising=False)
    path = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))

    def write(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(error=UsageError):
    with Session(EL7, [], Reporter()) as session, pytest.raises(error) as caught:
        session.repository  # noqa: B018 (pip is asked for when it is needed)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (
            "[global]\nindex-url = https://x/\ntimeout = 60s\n",
            3,
            "option timeout: invalid floating-point value: '60s'",
        ),
        (
            "[install]\nuse-feature =\n  2020-resolver\n",
            2,
            "option use-feature: invalid choice: '2020-resolver'",
        ),
        (
            "[global]\ntimeout: 60\n[install]\n# no\nTIMEOUT=60s\n",
            5,
            "option timeout: invalid floating-point value: '60s'",
        ),
        ("[global]\nretries = many\n", 2, "option retries: invalid integer value: 'many'"),
        ("[global]\nno_index = perhaps\n", 2, "perhaps is not a valid value for no-index option"),
    ],
)
def test_a_value_that_pip_does_not_take(conf, text, line, reason):
    """The file and the line come first, then pip's own word."""
    path = conf(text)
    error = refused()
    assert error.message.startswith(f"{path}, line {line}: {reason}")
    assert "\n" not in error.message
    assert error.fix == "correct it there; 'pip config debug' shows all that pip reads"


def test_a_variable(conf, monkeypatch):
    """Its name is the place; what pip read first is what it refuses."""
    conf("[global]\ntimeout = 60s\n")
    monkeypatch.setenv("PIP_RETRIES", "60s")
    assert "pip.conf, line 2: option timeout" in refused().message
    conf("[global]\nretries = 60s\n")
    assert refused().message == "PIP_RETRIES: option retries: invalid integer value: '60s'"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"index-url = x\n", "line 1: missing section header"),
        (b"[global]\nnothing\n", "line 2: parsing"),
        (b"[global]\nindex-url = a\nindex_url = b\n", "line 3: duplicate option"),
        (b"[global]\n[global]\n", "line 2: duplicate section"),
        (b"[global]\n\n# \xd6\xd0\n", "line 3: this is not UTF-8"),
    ],
)
def test_a_file_that_is_none_of_pips(conf, content, said):
    """Not INI, not this locale's text."""
    path = conf(content)
    assert refused().message.lower() == f"{path}, {said}".lower()


def test_sources_that_it_asks_for(conf, mirror, monkeypatch, tmp_path):
    """no-binary has no effect, and that is said: a server gets wheels, unless --build names the project."""
    path = conf("[install]\nno-binary = beta,Gamma_x\n")
    server = mirror("beta")

    def findings(*build):
        monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
        with Session(EL7, server.args, Reporter()) as session:
            return session.lock(Request(("beta",), (), (), (), build=build)).findings

    (found,) = findings()
    assert (found.code, found.subject) == ("REQ018", f"{path}, line 2")
    assert found.message == "no-binary = beta Gamma_x has no effect: sources are built only for --build"
    assert found.fix == "--build beta --build Gamma_x, if that is meant"
    assert "no-binary = Gamma_x has" in findings("beta")[0].message
    assert findings(":all:") == ()
    monkeypatch.setenv("PIP_NO_BINARY", ":all:")
    assert [one.subject for one in findings()] == ["PIP_NO_BINARY"]
    monkeypatch.setenv("PIP_NO_BINARY", ":none:")
    assert findings() == ()
    requirements = tmp_path / "r.txt"
    requirements.write_text("--no-binary beta,gamma\nbeta\n")
    for build, names in (((), "beta gamma"), (("gamma",), "beta")):
        with Session(EL7, server.args, Reporter()) as session:
            (found,) = session.lock(Request((), (requirements,), (), (), build=build)).findings
        message = f"--no-binary {names} has no effect: sources are built only for --build"
        assert (found.subject, found.message) == ("a requirements file", message)
    monkeypatch.delenv("PIP_NO_BINARY")
    with Session(EL7, server.args, Reporter()) as session:  # what offkit needs for itself
        assert session.lock(Request(("beta",), (), constraints=None)).findings == ()


def test_files_that_cannot_be_read(conf, monkeypatch, tmp_path):
    """pip passes over them; where it should look for the index would be another place then."""
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path))
    error = refused(EnvironmentProblem)
    assert error.message == f"{tmp_path}: Is a directory"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "nowhere"))
    assert refused().message == f"PIP_CONFIG_FILE: {tmp_path}/nowhere does not exist"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert all(one.where.startswith("PIP_") for one in configuration.settings())


def test_what_pip_says_meanwhile(conf):
    """Is told as a detail, when nothing is wrong; and what pip passes over."""
    path = conf("[global]\ntimeout = 60\nno-such-option = 1\n")

    notes = []

    class Kept(Reporter):
        def note(self, text):
            notes.append(text)

    with Session(EL7, [], Kept()) as session:
        assert session.repository.session.timeout == 60
    with configuration.read_by_pip(Kept()) as kept:
        kept.note("a word")
        assert notes == [f"{path}, line 3: 'pip install' has no option no-such-option"]
    assert notes[1:] == ["a word"]
