"""An installation from end to end: what is decided on the way."""

import pytest

import bundle_maker
from offkit.edges import host
from offkit.model import space
from offkit.model.errors import RequestError
from offkit.server.bundle import bundle_file
from offkit.server.install import session
from offkit.server.python.interpreter import Interpreter
from offkit.server.system import ledger

OWNER = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())


def refused(where, python, existing=(), fix=""):
    owner = Interpreter(python, "3.6.8", "cpython", "cp36m", 64, ())
    with pytest.raises(RequestError) as caught:
        with session._taking_back(str(where), owner, existing):
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


@pytest.mark.parametrize(("glibc", "said"), [((2, 17), "2.17"), (None, "none")])
def test_what_was_found(tmp_path, monkeypatch, glibc, said):
    """With -v: the bundle, the interpreter, the machine and the room there is."""
    path = tmp_path / "b.tar"
    path.write_bytes(bundle_maker.make().data)
    opened = bundle_file.read_manifest(str(path))
    asked = []
    here = host.Host("x86_64", glibc, {"PRETTY_NAME": "CentOS 7"}, "3.10", False)
    volume = host.Volume("/opt", "/opt", 5000000000, None, False, False, True, True)
    monkeypatch.setattr(host, "here", lambda: here)
    monkeypatch.setattr(host, "volume", lambda where: asked.append(where) or volume)
    assert session.describe(opened, OWNER, "/opt/offkit") == [
        "bundle       digest {}, for {}".format(opened.digest, opened.manifest.target.describe()),
        "interpreter  /usr/bin/python3.6, Python 3.6.8, cp36m, 64 bits",
        "machine      CentOS 7, x86_64, glibc " + said,
        "space        {}, /opt has 5.0 GB free".format(space.of(opened.manifest).describe()),
    ]
    assert asked == ["/opt/offkit"]
