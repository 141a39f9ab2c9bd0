"""A control node beyond the gap: one bundle, one command, and ansible-playbook knows offkit's playbooks."""

import json
import os
import shutil

import pytest

import control_nodes
import galaxy_maker
import journey
import needs
import remote
import targets
from offkit import __version__

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]


@pytest.fixture(scope="module")
def carried_over(tmp_path_factory):
    """The bundle, and a second one that has passlib too."""
    folder = tmp_path_factory.mktemp("control")
    return control_nodes.bundle(folder), control_nodes.bundle(folder, "passlib==1.7.4")


@pytest.fixture(scope="module", params=[8, 9], ids="el{}".format)
def standing(request, carried_over):
    """(target, what the installation said): the first bundle installed by the one command"""
    with targets.target(request.param) as target:
        journey.carry(target, carried_over[0])
        yield target, journey.install(target)


def test_the_one_command(standing):
    """Without a network, a Python or an ssh here: installed, and what is missing and what comes next is said."""
    target, done = standing
    assert done.returncode == 0, journey.failed(done)
    assert "✓ installed 0001-" in done.stdout
    assert "ssh and sftp are not on PATH, so Ansible cannot reach hosts" in done.stderr
    deploy = "{}ansible-playbook -i inventory offkit.fleet.deploy -e offkit_bundle=bundle.tar"
    assert "    " + deploy.format(control_nodes.ANSIBLE) in done.stdout.splitlines()
    assert "for el8" in done.stderr if target.flavour.el == 9 else "for el8" not in done.stderr


@pytest.mark.parametrize("playbook", ["deploy", "doctor", "verify", "rollback", "probe"])
def test_every_playbook_is_found_by_its_name(standing, playbook):
    """No collections path, no home directory, no ansible.cfg."""
    target, _ = standing
    argv = ["-i", "localhost,", "offkit.fleet." + playbook, "--syntax-check", "-e", "offkit_bundle=/b.tar"]
    done = control_nodes.ansible(target, "ansible-playbook", *argv)
    assert done.returncode == 0, journey.failed(done)
    assert "/ansible_collections/offkit/fleet/playbooks/{}.yml".format(playbook) in done.stdout


def test_ansible_galaxy_knows_the_collection(standing):
    """By its version, and every file is as it was packed: pip's byte code is all that is new."""
    target, _ = standing
    listed = control_nodes.ansible(target, "ansible-galaxy", "collection", "list", "--format", "json")
    (found,) = [one for one in json.loads(listed.stdout).values() if "offkit.fleet" in one]
    assert found["offkit.fleet"] == {"version": __version__}
    argv = ("collection", "verify", "--offline", "offkit.fleet")
    verified = control_nodes.ansible(target, "ansible-galaxy", *argv)
    assert "Installed collection found at" in verified.stdout, journey.failed(verified)
    assert [each for each in verified.stdout.splitlines()[4:] if each and "__pycache__" not in each] == []


def test_the_core_is_the_one_for_every_enterprise_linux(standing):
    """2.16, on the Python that came along; the plugins are documented."""
    target, _ = standing
    said = control_nodes.ansible(target, "ansible-playbook", "--version").stdout
    assert "[core 2.16." in said
    assert "python version = 3.11." in said
    listed = control_nodes.ansible(target, "ansible-doc", "-t", "module", "-l", "offkit.fleet", "--json")
    assert {"offkit.fleet.carry", "offkit.fleet.run"} <= set(json.loads(listed.stdout)), listed.stderr


def test_the_doctor_wants_ssh_and_nothing_else(standing):
    """Exit code 1 with its package in the yum line; 0 as soon as it is there."""
    target, _ = standing
    told = journey.offkit(target, "doctor", "--json")
    report = json.loads(told.stdout)
    wrong = {(one["code"], one["subject"]) for one in report["findings"] if one["severity"] == "error"}
    assert (told.returncode, wrong) == (1, {("ENV013", "ssh"), ("ENV013", "sftp")})
    assert report["summary"]["install_line"].endswith(" install openssh-clients")
    with targets.target(above=target) as connected:
        connected.layers.insert(1, remote.layer())
        assert journey.doctor(connected) == (0, set())


def test_upgrade_and_rollback(standing, carried_over):
    """A new bundle of the control node is a generation like any other; back, forth, and nothing is left."""
    first, _ = standing
    with targets.target(above=first) as target:
        journey.carry(target, carried_over[1])
        done = journey.install(target)
        assert done.returncode == 0, journey.failed(done)
        assert "✓ installed 0002-" in done.stdout
        assert journey.python(target, "import passlib; print('there')").stdout == "there\n"
        back = journey.offkit(target, "rollback")
        assert "0001-" in back.stdout
        assert "passlib" in back.stdout
        syntax = ("-i", "localhost,", "offkit.fleet.deploy", "--syntax-check", "-e", "offkit_bundle=/b.tar")
        assert control_nodes.ansible(target, "ansible-playbook", *syntax).returncode == 0
        again = journey.install(target)
        assert "✓ switched back to 0002-" in again.stdout, journey.failed(again)
        gone = journey.offkit(target, "uninstall", "-y")
        assert gone.returncode == 0, journey.failed(gone)
        assert target.run(["ls", control_nodes.PREFIX]).returncode != 0


def test_python_comes_from_the_disc(tmp_path):
    """With --iso its RPMs are in the bundle, and one command is still all: as root yum installs them."""
    bundle = control_nodes.bundle(tmp_path, "--iso", control_nodes.disc_of_python(8), build=False)
    with targets.target(8) as target:
        journey.carry(target, bundle)
        done = journey.install(target)
        assert done.returncode == 0, journey.failed(done)
        assert any(name.startswith("python3.11-libs-") for name in journey.rpms(target))
        syntax = ("-i", "localhost,", "offkit.fleet.deploy", "--syntax-check", "-e", "offkit_bundle=/b.tar")
        assert control_nodes.ansible(target, "ansible-playbook", *syntax).returncode == 0


def test_collections_of_others(tmp_path, monkeypatch):
    """A playbook of one, with a filter of its own, runs there without a network; gone with its generation."""
    ours = os.path.join(TOP, ".venv-ansible", "bin")  # made by "make lint-ansible"
    monkeypatch.setenv("PATH", os.pathsep.join([ours, os.environ["PATH"]]))
    if not shutil.which("ansible-galaxy"):
        pytest.skip("no ansible-galaxy here: make .venv-ansible/.ready")
    filename, body = galaxy_maker.archive("acme.base", files={
        "plugins/filter/up.py": b"class FilterModule:\n    def filters(self):\n        return {'up': str.upper}\n",
        "playbooks/hello.yml": b"- hosts: all\n  gather_facts: false\n  connection: local\n  tasks:\n"
                               b"    - debug: msg={{ 'hello' | acme.base.up }}\n",
    })  # fmt: skip
    (tmp_path / filename).write_bytes(body)
    (tmp_path / "out").mkdir()
    bundle = control_nodes.bundle(tmp_path / "out", "--collection", str(tmp_path / filename))
    with targets.target(8) as target:
        journey.carry(target, bundle)
        done = journey.install(target)
        assert done.returncode == 0, journey.failed(done)
        played = control_nodes.ansible(target, "ansible-playbook", "-i", "localhost,", "acme.base.hello")
        assert '"msg": "HELLO"' in played.stdout, journey.failed(played)
        listed = control_nodes.ansible(target, "ansible-galaxy", "collection", "list", "--format", "json")
        (found,) = json.loads(listed.stdout).values()
        assert found == {"acme.base": {"version": "1.0.0"}, "offkit.fleet": {"version": __version__}}
        filter_of_it = "/lib/python3.11/site-packages/ansible_collections/acme/base/plugins/filter/up.py"
        target.run(["sh", "-c", "echo >>" + journey.PREFIX[False] + "/current" + filter_of_it])
        changed = [name for code, name in journey.doctor(target)[1] if code == "PKG002"]
        assert [name.split()[0] for name in changed] == ["offkit-collections"]
        gone = journey.offkit(target, "uninstall", "-y")
        assert gone.returncode == 0, journey.failed(gone)
        assert target.run(["ls", control_nodes.PREFIX]).returncode != 0
