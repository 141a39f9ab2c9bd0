"""The documents of a fleet are what their schemas in the package say."""

import json
import pkgutil

import jsonschema
import pytest
import typer

import fleet_maker as made
from offkit.cli import doctor, render, report
from server_maker import Server


def schema(name):
    return json.loads(pkgutil.get_data("offkit.model", "schemas/{}.json".format(name)).decode("utf-8"))


def printed(capsys, *args, command=report.report):
    """What the command prints."""
    app = typer.Typer(add_completion=False)
    app.command()(command)
    try:
        typer.main.get_command(app).main([*args, "--json"], standalone_mode=False)
    except typer.Exit:
        pass
    finally:
        render.console()
    return json.loads(capsys.readouterr().out)


def odd():
    """A host with something of everything."""
    results = dict(made.well(), rollback=made.ended(made.switched(), time="2026-01-02T09:00:00Z"))
    results["verify"] = made.ended(None, 137, stderr="Killed")
    results["doctor"] = made.ended({"schema": "offkit/doctor-1", "findings": [1]}, 1)
    return made.host("odd", results, server=None)


@pytest.mark.parametrize("name", ["host-1", "fleet-1"])
def test_a_schema_is_one(name):
    """Valid by its own rules."""
    jsonschema.Draft7Validator.check_schema(schema(name))


@pytest.mark.parametrize(
    "document", [made.host(), made.sick("web07", "libSM.so.6"), made.lost("db01"), odd()]
)
def test_what_is_read(document):
    """The documents of these tests are such as the playbooks write."""
    jsonschema.validate(document, schema("host-1"))


def test_what_is_printed(capsys, tmp_path):
    """With hosts of every kind, a file that cannot be read, and a page."""
    made.write(tmp_path, made.host(), made.sick("web07", "libSM.so.6"), made.lost("db01"), odd())
    made.put(tmp_path, "bad.json", "{")
    document = printed(capsys, str(tmp_path), "--html", str(tmp_path / "page.html"))
    jsonschema.validate(document, schema("fleet-1"))
    assert [each["code"] for each in document["findings"]] == ["FLEET002"]
    assert {each["state"] for each in document["hosts"]} == {"healthy", "problems", "unreached"}
    assert any(each["stale"] for host in document["hosts"] for each in host["results"])


@pytest.mark.parametrize(
    "change",
    [{"schema": "offkit/fleet-2"}, {"counts": {}}, {"cures": [{}]}, {"hosts": [{"host": "x"}]}, {"page": 1}],
)
def test_what_is_not_valid(capsys, tmp_path, change):
    """The schema says something."""
    document = printed(capsys, made.write(tmp_path, made.host()))
    jsonschema.validate(document, schema("fleet-1"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(dict(document, **change), schema("fleet-1"))


def test_what_the_real_doctor_says(capsys, tmp_path):
    """On a server that lacks a library: its findings, its line and what it provides are understood."""
    server = Server(tmp_path / "root")
    server.module("cv2/cv2", needed=["libSM.so.6"])
    server.put("/etc/os-release", 'ID="centos"\nVERSION_ID="7"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n')
    said = printed(capsys, "/opt/env", "--root", server.root, command=doctor.doctor)
    host = made.host("web07", dict(made.well(), doctor=made.ended(said, 1)), server=None)
    jsonschema.validate(host, schema("host-1"))
    document = printed(capsys, made.write(tmp_path, host))
    (seen,) = document["hosts"]
    assert seen["message"].startswith("doctor: LIB001 libSM.so.6: ")
    assert seen["checks"]["libraries"]["state"] == "error"
    assert set(made.doctor()) <= set(said)
    (cure,) = document["cures"]
    assert (cure["system"], cure["rpms"], cure["libraries"]) == ("el7", ["libSM"], ["libSM.so.6"])
    assert cure["install_line"] == said["install_line"] == made.YUM + "libSM"
