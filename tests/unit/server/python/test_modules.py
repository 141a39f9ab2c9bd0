"""What a Python that offkit brought has to do without, by importing it there."""

import json
import os

import pytest

import bundle_maker
from offkit.edges.run import Result, run
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, INFO, WARNING
from offkit.server.bundle import bundle_file
from offkit.server.install import install
from offkit.server.python import interpreter, modules

RECEIPT = {"schema": "offkit/python-1", "origin": "source", "version": "3.6.15"}
REAL = interpreter.probe(interpreter.running(), run)


def brought(place, origin="source", receipt=None):
    """A directory as install.sh makes it, whose python is the one that runs the tests."""
    (place / "bin").mkdir()
    command = place / "bin" / "python3"
    command.write_bytes('#!/bin/sh\nexec "{}" "$@"\n'.format(REAL.path).encode())
    command.chmod(0o755)
    content = json.dumps(dict(RECEIPT, origin=origin)) if receipt is None else receipt
    (place / "offkit-python.json").write_text(content)
    return REAL._replace(path=str(command), version="3.6.15")


def lacking(*names):
    """A runner for whose Python these modules are not there."""
    block = "import sys\nfor name in {!r}: sys.modules[name] = None\n".format(names)

    def runner(argv):
        argv = list(argv)
        where = argv.index("-c") + 1
        return run(argv[:where] + [block + argv[where]] + argv[where + 1 :])

    return runner


def told(findings):
    return {one.subject: one for one in findings}


def test_each_missing_module_with_its_package(tmp_path):
    """ssl stops the installation, bz2 is a warning, tkinter worth knowing; each with its -devel package."""
    python = brought(tmp_path)
    found = told(modules.examine(python, 7, lacking("ssl", "bz2", "tkinter")))
    assert {"ssl", "bz2", "tkinter"} <= set(found)
    assert [found[name].severity for name in ("ssl", "bz2", "tkinter")] == [ERROR, WARNING, INFO]
    assert {one.code for one in found.values()} == {"PY023"}
    assert found["bz2"].message.endswith("(for .bz2 files): compiled without bzip2-devel")
    assert "yum install openssl-devel, remove {}".format(tmp_path) in found["ssl"].fix
    assert "bz2: import of bz2 halted" in found["bz2"].looked_in[0]


def test_the_column_of_that_el(tmp_path):
    found = told(modules.examine(brought(tmp_path), 8, lacking("crypt", "nis")))
    assert "compiled without libxcrypt-devel" in found["crypt"].message
    assert "compiled without libnsl2-devel libtirpc-devel" in found["nis"].message


def test_modules_of_other_series_are_not_asked_for(tmp_path):
    """uuid came with 3.7, crypt and nis went with 3.13."""
    asked = []

    def runner(argv):
        asked.extend(argv[5:])
        return Result(argv, 0, "\n{}\n", "")

    assert modules.examine(brought(tmp_path), 7, runner) == []
    assert "ssl" in asked
    assert "uuid" not in asked
    del asked[:]
    modules.examine(REAL._replace(path=str(tmp_path / "bin" / "python3"), version="3.13.0"), 7, runner)
    assert "uuid" in asked
    assert "crypt" not in asked


def test_one_that_kills_the_interpreter(tmp_path):
    """It is found by asking singly, and the others are not blamed."""
    block = "import os, sys\nif 'sqlite3' in sys.argv: os.abort()\n"

    def runner(argv):
        argv = list(argv)
        where = argv.index("-c") + 1
        return run(argv[:where] + [block + argv[where]] + argv[where + 1 :])

    found = told(modules.examine(brought(tmp_path), 7, runner))
    assert "sqlite3" in found
    assert "importing it makes Python exit with -6" in found["sqlite3"].looked_in[0]
    assert "zlib" not in found


def test_a_build_is_cured_by_another_one(tmp_path):
    found = told(modules.examine(brought(tmp_path, "build"), 7, lacking("bz2")))
    assert "bundle another build" in found["bz2"].fix


@pytest.mark.parametrize("receipt", ["", "[]", "{}", '{"schema": "other"}', "\x00"])
def test_only_what_offkit_brought_is_asked(tmp_path, receipt):
    """Without a receipt of install.sh nothing is run."""

    def runner(argv):
        raise AssertionError(argv)

    assert modules.examine(brought(tmp_path, receipt=receipt), 7, runner) == []
    os.unlink(str(tmp_path / "offkit-python.json"))
    assert modules.examine(REAL._replace(path=str(tmp_path / "bin" / "python3")), 7, runner) == []


# python -I -S -c TEXT, with TEXT finding ssl or bz2 gone
_WITHOUT = """#!/bin/sh
[ "$3" = -c ] || exec "{0}" "$@"
text="import sys
sys.modules['{1}'] = None
$4"
shift 4
exec "{0}" -I -S -c "$text" "$@"
"""


@pytest.mark.parametrize(("module", "stops"), [("ssl", True), ("bz2", False)])
def test_an_installation_is_stopped_by_what_is_essential(tmp_path, monkeypatch, module, stops):
    """Before a plan is made, so before pip is run; what is not essential is a warning."""
    (tmp_path / "python").mkdir()
    python = brought(tmp_path / "python")
    with open(python.path, "w") as sink:
        sink.write(_WITHOUT.format(REAL.path, module))
    (tmp_path / "bundle.tar").write_bytes(bundle_maker.make(target=bundle_maker.this_machine()).data)
    bundle = bundle_file.read_manifest(str(tmp_path / "bundle.tar"))
    # sys.executable is that of the real one, beside which there is no receipt
    answer = interpreter.probe
    monkeypatch.setattr(interpreter, "probe", lambda *args: answer(*args)._replace(path=python.path))

    def survey():
        return install.survey(bundle, str(tmp_path / "prefix"), python.path, run)[1]

    if stops:
        with pytest.raises(EnvironmentProblem) as caught:
            survey()
        found = caught.value.findings
    else:
        found = survey()
    assert module in [one.subject for one in found if one.code == "PY023"]
