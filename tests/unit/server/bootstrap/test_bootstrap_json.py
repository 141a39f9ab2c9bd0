"""install.sh --json where offkit itself cannot answer: one document on stdout, as offkit's own errors."""

import json

import pytest

import install_sh
from install_sh import every_shell, make_server, sh, tools_of

pytestmark = install_sh.without_python36


@pytest.fixture
def server(tmp_path):
    return make_server(tmp_path, series="3.6", el=7)


def answer(server, *args, **more):
    """(exit code, the document)"""
    code, out, err = sh(server, *args, **more)
    document = json.loads(out)
    assert document["schema"] == "offkit/error-1"
    assert document["exit_code"] == code
    assert document["error"] in err
    return code, document


@every_shell
def test_no_python(server, shell):
    """What is said in lines is one finding: every way is its cure."""
    tools_of(server, shell)
    code, document = answer(server, "--json", shell=shell)
    (found,) = document["findings"]
    assert (code, found["code"], found["severity"]) == (4, "PY020", "error")
    assert found["message"].startswith("no Python 3.6 that can")
    assert "--iso /path/to/the.iso --no-root" in found["fix"]
    assert document["fix"] == found["fix"]


@every_shell
def test_all_problems_of_a_kind(server, shell):
    """Of two media that are none there are two findings; letters beyond ASCII and quotes stay themselves."""
    tools_of(server, shell)
    names = ['b"ä\\d.iso', "two.iso"]
    for name in names:
        with open(str(server / "medium") + "/" + name, "wb", opener=None) as sink:
            sink.write(b"no image" * 5000)
    media = [word for name in names for word in ("--iso", str(server / "medium") + "/" + name)]
    code, document = answer(server, "--json", *media, shell=shell)
    assert code == 4
    assert [each["code"] for each in document["findings"]] == ["REPO010", "REPO010"]
    for name, each in zip(names, document["findings"]):
        assert name in each["message"]
        assert each["fix"].startswith("give the distribution's .iso file")


@every_shell
def test_usage(server, shell):
    """No code, and no finding: as offkit answers wrong words."""
    tools_of(server, shell)
    code, document = answer(server, "--json", "--prefix=", shell=shell)
    assert (code, document["findings"]) == (2, [])
    assert document["error"].startswith("--prefix is given, but empty")


def test_what_went_well_is_offkits_to_say(server):
    """And without --json there is no document."""
    install_sh.write_bundle(server / "medium")
    install_sh.real(server)
    assert sh(server, "--json")[1].count("offkit/error-1") == 0
    assert "schema" not in sh(server, "--python", "/nowhere")[1]
