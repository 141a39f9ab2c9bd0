"""What 'offkit install' says."""

import pytest

from offkit.cli import install_words
from offkit.model.errors import RequestError
from offkit.target import ledger
from offkit.target.interpreter import Interpreter


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
