"""What the probe says is what its schema in the package says."""

import json
import pkgutil

import jsonschema
import pytest

from described_maker import RELEASES, V2, Described
from offkit.cli import options
from offkit.model import probed

REPO = "[x]\nname=x\nbaseurl=http://h/\nexclude=a b\npriority=1\nmodule_hotfixes=1\n"


@pytest.fixture
def schema():
    return json.loads(pkgutil.get_data("offkit.model", "schemas/target-2.json").decode("utf-8"))


def test_the_schema_is_one(schema):
    """Valid by its own rules."""
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["properties"]["schema"]["const"] == probed.SCHEMA


def test_a_server_with_much_and_one_with_little(schema, tmp_path):
    """Both are valid, and --target reads both."""
    server = Described(tmp_path / "rich")
    server.system(RELEASES["rocky8"][0], glibc="2.28", flags=V2)
    server.packages({"bash-4.2-1.el8.x86_64": [("/bin/sh", "", "")]})
    server.put("/etc/yum.repos.d/x.repo", REPO)
    server.put("/etc/dnf/dnf.conf", "[main]\nbest=True\nprotected_packages=dnf\n")
    server.put("/etc/dnf/modules.d/a.module", "[a]\nname=a\nstream=1\nprofiles=\nstate=enabled\n")
    server.put("/proc/self/mounts", "/dev/sda1 / xfs ro 0 0\n")
    server.python("/usr/bin/python3.6")
    poor = Described(tmp_path / "poor")
    poor.command("uname", "x86_64")
    poor.command("getconf", "glibc 2.34")
    for each in (server, poor):
        found = each.document()
        jsonschema.validate(found, schema)
        path = tmp_path / "server.json"
        path.write_text(json.dumps(found))
        assert options.target_of("3.9", str(path), "x86_64").python_minor == "3.9"


@pytest.mark.parametrize(
    "change", [{"more": 1}, {"fips": 0}, {"packages": []}, {"pythons": [{}]}, {"yum": {"password": "x"}}]
)
def test_the_schema_notices(schema, tmp_path, change):
    """What it forbids."""
    server = Described(tmp_path / "server")
    server.command("uname", "x")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(dict(server.document(), **change), schema)
