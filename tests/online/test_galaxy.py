"""Collections of others for a control node: the real ansible-galaxy against a Galaxy on this machine."""

import hashlib
import io
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

import galaxy_maker
from offkit.model.control_node import Collection
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online.carry import galaxy

OURS = Path(__file__).resolve().parents[2] / ".venv-ansible" / "bin"  # made by "make lint-ansible"
SOME = {"roles/r/files/x.sh": b"#!/bin/sh\n", "plugins/filter/up.py": b"def up(x):\n    return x.upper()\n"}


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """An ansible-galaxy with a home and a configuration of its own."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(OURS), os.environ.get("PATH", "")]))
    if not shutil.which(galaxy.PROGRAM):
        pytest.skip("no ansible-galaxy here: make .venv-ansible/.ready")
    for name in [one for one in os.environ if one.startswith("ANSIBLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home of ansible"))
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", "http://127.0.0.1:9/")
    folder = tmp_path / "Sammlungen für später"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(folder, *words, **more):
    filename, body = galaxy_maker.archive(*words, **more)
    (folder / filename).write_bytes(body)
    return filename


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def members(taken):
    with zipfile.ZipFile(io.BytesIO(taken.wheel.contents)) as wheel:
        return {info.filename: (wheel.read(info), info.external_attr >> 16) for info in wheel.infolist()}


def test_files_need_no_galaxy(tool):
    """Nobody is asked where all that is needed was given; what is installed is what the archives hold."""
    base = write(tool, "acme.base", "1.2.0", files=SOME, links={"roles/r/files/y.sh": "x.sh"})
    app = write(tool, "acme.app", "2.0.0", needs={"acme.base": ">=1.0.0"}, core='">=2.14,<2.18"  # tried')
    taken = galaxy.take([app, str(tool / base)], Reporter())
    assert taken.collections == (
        Collection("acme", "app", "2.0.0", sha256(tool / app), app),
        Collection("acme", "base", "1.2.0", sha256(tool / base), base),
    )
    assert taken.requires == {"acme.app": ">=2.14,<2.18", "acme.base": ">=2.15.0"}
    found = members(taken)
    place = "ansible_collections/acme/base/"
    for name in ("x.sh", "y.sh"):  # the link is what it led to
        assert found[place + "roles/r/files/" + name] == (SOME["roles/r/files/x.sh"], 0o100755)
    assert found[place + "plugins/filter/up.py"] == (SOME["plugins/filter/up.py"], 0o100644)
    assert {place + "MANIFEST.json", place + "FILES.json", "ansible_collections/acme/app/README.md"} <= set(
        found
    )
    assert galaxy.take([base, app], Reporter()).wheel == taken.wheel


def test_a_name_and_what_it_needs(tool, mirror, monkeypatch):
    """Galaxy's download, at the version that was asked for, with where it came from."""
    server = mirror()
    old, new, base = (galaxy_maker.archive(*words, needs=needs) for *words, needs in (
        ("acme.app", "1.0.0", {"acme.base": "*"}), ("acme.app", "2.0.0", {}), ("acme.base", "1.2.0", {}),
    ))  # fmt: skip
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", galaxy_maker.publish(server, old, new, base))
    taken = galaxy.take(["acme.app:<2.0.0"], Reporter())
    origins = [(one.name, one.version, one.origin) for one in taken.collections]
    assert origins == [
        ("app", "1.0.0", server.url + "/files/acme-app-1.0.0.tar.gz"),
        ("base", "1.2.0", server.url + "/files/acme-base-1.2.0.tar.gz"),
    ]
    assert taken.collections[0].sha256 == hashlib.sha256(old[1]).hexdigest()


def test_a_requirements_file(tool, mirror, monkeypatch):
    """Names and files in it; that is said of a file."""
    server = mirror()
    monkeypatch.setenv(
        "ANSIBLE_GALAXY_SERVER", galaxy_maker.publish(server, galaxy_maker.archive("acme.base"))
    )
    own = write(tool, "our.own", needs={"acme.base": ">=1.0.0"})
    (tool / "requirements.yml").write_text(f"collections:\n  - name: {own}\n")
    taken = galaxy.take(["requirements.yml"], Reporter())
    assert [(one.namespace, one.origin) for one in taken.collections] == [
        ("acme", server.url + "/files/acme-base-1.0.0.tar.gz"), ("our", "requirements.yml"),
    ]  # fmt: skip
    (tool / "empty.yml").write_text("collections: []\n")
    with pytest.raises(UsageError, match=r"^empty.yml names no collection$"):
        galaxy.take(["empty.yml"], Reporter())
    (tool / "wrong.yml").write_text("x: [\n")
    with pytest.raises(RequestError, match=r"Failed to parse the requirements yml"):
        galaxy.take(["wrong.yml"], Reporter())


def test_what_cannot_be_had(tool, mirror, monkeypatch):
    """No such version or collection (1), a server that does not answer or wants a login (4): no token is said."""
    server = mirror()
    url = galaxy_maker.publish(server, galaxy_maker.archive("acme.base"))
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", url)
    for name in ("acme.base:9.9.9", "acme.none"):
        with pytest.raises(
            RequestError, match=r"Could not satisfy the following requirements: \* acme"
        ) as caught:
            galaxy.take([name], Reporter())
        assert "check name and version" in caught.value.fix
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", "http://user:hidden@127.0.0.1:9/")
    with pytest.raises(EnvironmentProblem, match=r"could not download the collections: .*refused") as caught:
        galaxy.take(["acme.base"], Reporter())
    assert "hidden" not in caught.value.message
    assert "user" not in caught.value.message
    monkeypatch.delenv("ANSIBLE_GALAXY_SERVER")
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER_LIST", "ours")
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER_OURS_URL", url)
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER_OURS_TOKEN", "t0ken")
    why, kind = b'{"errors": [{"detail": "t0ken is unknown"}]}', {"Content-Type": "application/json"}
    server.pages["/api/v3/collections/acme/secret/"] = (403, why, kind)
    with pytest.raises(EnvironmentProblem, match=r"HTTP Code: 403, Message: \.\.\. is unknown") as caught:
        galaxy.take(["acme.secret"], Reporter())
    assert "t0ken" not in caught.value.message


def test_files_that_are_none(tool):
    """No archive, an archive of something else, one that was cut or altered: damaged, with what ansible-galaxy
    says of it."""
    whole = tool / write(tool, "acme.base", files=SOME)
    (tool / "no-archive.tar.gz").write_bytes(b"no\n")
    (tool / "cut-off-1.0.0.tar.gz").write_bytes(whole.read_bytes()[:300])
    altered = write(tool, "acme.other", files=SOME, spoil="plugins/filter/up.py")
    with zipfile.ZipFile(tool / "zip.tar.gz", "w") as archive:
        archive.writestr("x", "y")
    for name in ("no-archive.tar.gz", "cut-off-1.0.0.tar.gz", altered, "zip.tar.gz"):
        with pytest.raises(
            IntegrityError, match=r"^ansible-galaxy could not (?:download|install) "
        ) as caught:
            galaxy.take([name], Reporter())
        assert "copy it again" in caught.value.fix


def test_another_ansible_core():
    """Said before anything leaves; what Ansible itself cannot read is no reason."""
    wheel = galaxy.collection.of_others({}, ())
    taken = galaxy.Taken((), wheel, {"a.b": ">=2.17.0", "c.d": ">=2.15,!=2.16.1", "e.f": "any"})
    with pytest.raises(RequestError, match=r"^the bundle has ansible-core 2.16.14, .* by a.b \(>=2.17.0\)$"):
        galaxy.refuse(taken, "2.16.14")
    galaxy.refuse(taken._replace(requires={"c.d": ">=2.15", "g.h": ">=2.16.0"}), "2.16.0rc1")
    galaxy.refuse(taken, "")


@pytest.mark.parametrize(("asked", "why"), [
    (["acme"], "names no collection"),
    (["--token=x"], "names no collection"),
    (["https://user:hidden@host/ x"], "--collection https://host/ x names no collection"),
    (["no.tar.gz"], "there is no no.tar.gz"),
    (["no.yml"], "there is no no.yml"),
    (["here.yml", "acme.base"], "takes one requirements.yml, or collections"),
])  # fmt: skip
def test_asked_wrongly(tool, asked, why):
    """Before anything is asked of anybody."""
    (tool / "here.yml").write_text("")
    with pytest.raises(UsageError) as caught:
        galaxy.look(asked)
    assert why in caught.value.message


def test_without_ansible_galaxy(monkeypatch, tmp_path):
    """What is missing is said, and how it is had."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(EnvironmentProblem, match="neither beside this offkit nor on PATH") as caught:
        galaxy.look(["acme.base"])
    assert caught.value.fix == "pip install 'offkit[collections]', or ansible-core"
    galaxy.look([])


def test_what_is_ours(tool):
    """offkit.fleet comes from this offkit alone; files of one name are not mixed up."""
    with pytest.raises(RequestError, match=r"offkit.fleet cannot be asked for"):
        galaxy.take([write(tool, "offkit.fleet")], Reporter())
    for folder, name in (("a", "x.y"), ("b", "z.y")):
        (tool / folder).mkdir()
        (tool / folder / "y.tar.gz").write_bytes(galaxy_maker.archive(name)[1])
    with pytest.raises(UsageError, match="files of the same name"):
        galaxy.take(["a/y.tar.gz", "b/y.tar.gz"], Reporter())


def test_links_that_go_round(tmp_path):
    """A directory that is linked into itself is followed no second time."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "x").write_text("")
    (tmp_path / "a" / "b" / "up").symlink_to("..")
    (tmp_path / "c").symlink_to("a")
    assert sorted(path for path, _ in galaxy._files(str(tmp_path))) == ["a/x", "c/x"]
