"""The document of offkit doctor --json is what its schema in the package says."""

import json
import pkgutil
import re

import jsonschema
import pytest
import typer

import bundle_maker
from offkit.cli import doctor, render
from offkit.model import checklist, layout
from offkit.model.checklist import Checklist, Library
from offkit.server.doctor import checks
from server_maker import Server


@pytest.fixture
def schema():
    return json.loads(pkgutil.get_data("offkit.model", "schemas/doctor-1.json").decode("utf-8"))


def documents(capsys, *args):
    """What the command prints."""
    app = typer.Typer(add_completion=False)
    app.command()(doctor.doctor)
    try:
        typer.main.get_command(app).main([*args, "--json"], standalone_mode=False)
    except typer.Exit:
        pass
    finally:
        render.console()
    return json.loads(capsys.readouterr().out)


def test_the_schema_is_one(schema):
    """Valid by its own rules."""
    jsonschema.Draft7Validator.check_schema(schema)


def test_a_healthy_and_a_sick_server(schema, capsys, tmp_path):
    """Both are valid; so is a part of the checks."""
    server = Server(tmp_path / "root")
    jsonschema.validate(documents(capsys, "/opt/env", "--root", server.root), schema)
    server.module("cv2/cv2", needed=["libSM.so.6"])
    server.distribution("python_magic", "0.4.27")
    server.put("/etc/yum.repos.d/x.repo", "[base]\nmirrorlist=http://mirror.centos.org/?arch=$basearch\n")
    found = documents(capsys, "/opt/env", "--root", server.root)
    assert {each["code"] for each in found["findings"]} == {
        "LIB001",
        "LIB009",
        "NEED001",
        "REPO001",
        "REPO002",
    }
    jsonschema.validate(found, schema)
    known = schema["definitions"]["finding"]["properties"]["code"]["pattern"]
    prefixes = [prefix for each in checks.ALL.values() for prefix in each.prefixes]
    assert [prefix for prefix in prefixes if not re.match(known, prefix + "001")] == []
    part = documents(capsys, "/opt/env", "packages", "--root", server.root)
    assert part["checks"] == ["packages"]
    jsonschema.validate(part, schema)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "offkit/doctor-2"},
        {"checks": ["everything"]},
        {"findings": [{"code": "LIB001"}]},
        {"install_line": None},
        {"summary": {}},
    ],
)
def test_the_schema_notices(schema, capsys, tmp_path, change):
    """What it forbids."""
    document = documents(capsys, "/opt/env", "--root", Server(tmp_path / "root").root)
    document.update(change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_a_bundle_compared_with_a_server(schema, capsys, tmp_path):
    """The other form of the document: what a bundle will lack here."""
    wheel = "cv.whl: cv2.so"
    wanted = checklist.dump(Checklist((Library("libSM.so.6", (), (wheel,), "libSM", False),)))
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make(extra={layout.CHECKLIST: wanted}).data)
    found = documents(capsys, str(path), "--root", Server(tmp_path / "root").root)
    jsonschema.validate(found, schema)
    assert found["bundle"] == str(path)
    assert found["install_line"].endswith(" install libSM")
