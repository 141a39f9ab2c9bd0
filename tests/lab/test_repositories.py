"""``offkit repo``: discs as repositories of the system, and the system as it was."""

import json

import pytest

import bundles
import changes
import disc
import faults
import journey
import needs
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

IMAGE = "/srv/discs/disc of the lab.iso"
YUM = "yum -y --disablerepo='*' --enablerepo='offkit-*' "
PACKAGES = {7: "libSM", 8: "libSM python36", 9: "libSM fontconfig"}
BASES = {7: 1, 8: 2, 9: 2}


@pytest.fixture(scope="module", params=[7, 8, 9], ids="el{}".format)
def installed(request, carried):
    """A server with offkit (the small bundle and a Python from its disc); the disc is a file."""
    el = request.param
    with targets.target(el) as target:
        target.put(disc.iso(el), IMAGE)
        journey.carry(target, carried.get(bundles.SMALL, el))
        done = journey.install(target, "--iso", IMAGE)
        assert done.returncode == 0, journey.failed(done)
        yield target


@pytest.fixture
def server(installed):
    """One that stays up, so that what is mounted is there for the next command."""
    with targets.target(above=installed) as target, target.up():
        yield target


def repo(server, *words, code=0, user=False):
    """The document of ``offkit repo … --json``."""
    done = server.run([journey.PREFIX[False] + "/current/bin/offkit", "repo", *words, "--json"], user=user)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, journey.failed(done)
    return json.loads(done.stdout)


def found(report):
    return {one["code"] for one in report["findings"] if one["severity"] == "error"}


def sh(server, text):
    done = server.run(["sh", "-c", text])
    return done.returncode, done.stdout, done.stderr


def mounts(server):
    return [line for line in sh(server, "cat /proc/mounts")[1].splitlines() if "iso" in line.split(" ")[2]]


def test_a_disc_becomes_repositories_and_goes_again(server):
    """Mounted, one baseurl each, gpgcheck on: yum installs from them, modules too; remove takes it all back."""
    el = server.flavour.el
    repo(server, "add", "--iso", IMAGE)
    assert len(mounts(server)) == 1
    listed = sh(server, "yum -q --disablerepo='*' --enablerepo='offkit-*' repolist")[1].splitlines()[1:]
    assert len(listed) == BASES[el]
    code, _, err = sh(server, YUM + "install " + PACKAGES[el])
    assert code == 0, err
    repo(server, "status")
    sh(server, YUM + "remove libSM fontconfig libSM")
    repo(server, "remove")
    assert mounts(server) == []
    assert sh(server, "ls /etc/yum.repos.d; test -e /var/lib/offkit || echo gone")[1] == (
        server.flavour.stock[0] + "\ngone\n"
    )


def test_it_leaves_the_server_as_it_was(server):
    """Also with --only, which switches the stock repositories off, and --persist with its line in fstab."""
    sh(server, "echo '# kept as it is' >>/etc/fstab; chmod 640 /etc/yum.repos.d/*; mkdir -p /mnt/own")
    with targets.target(above=server) as changed:
        with changed.up():
            repo(changed, "add", "--iso", IMAGE, "--only", "--persist")
            fstab = sh(changed, "cat /etc/fstab")[1].splitlines()
            assert len([line for line in fstab if "iso9660" in line and "nofail" in line]) == 1
            code, _, err = sh(
                changed, "yum -y install libSM"
            )  # no option: the dead stock repositories are off
            assert code == 0, err
            sh(changed, "yum -y --disablerepo='*' remove libSM")
            repo(changed, "add", "--iso", IMAGE, "--only", "--persist")  # again changes nothing
            assert sh(changed, "cat /etc/fstab")[1].splitlines() == fstab
            repo(changed, "remove")
        assert changes.outside(changes.changes(changed), *journey.LEFT) == []


def test_a_dry_run_does_nothing(server):
    with targets.target(above=server) as changed:
        with changed.up():
            repo(changed, "add", "--iso", IMAGE, "--persist", "--dry-run")
            assert mounts(changed) == []
        assert changes.outside(changes.changes(changed), *journey.LEFT) == []


def test_another_disc_under_the_same_mount_is_said(server, tmp_path):
    """The repositories were made of the one, and now there is the other."""
    el = server.flavour.el
    other = 8 if el == 7 else 7
    server.put(disc.iso(other), "/srv/other.iso")
    with targets.target(above=server) as swapped, swapped.up():
        sh(swapped, "mkdir -p /mnt/drive; mount -o loop,ro '{}' /mnt/drive".format(IMAGE))
        repo(swapped, "add", "--mount", "/mnt/drive")
        repo(swapped, "status")
        sh(swapped, "umount /mnt/drive; mount -o loop,ro /srv/other.iso /mnt/drive")
        assert "REPO015" in found(repo(swapped, "status", code=1))


def test_a_disc_that_is_not_mounted_any_more_is_said(server):
    repo(server, "add", "--iso", IMAGE)
    sh(server, "umount /mnt/offkit-iso")
    assert found(repo(server, "status", code=1)) == {"REPO003"}
    repo(server, "add", "--iso", IMAGE)
    repo(server, "status")
    repo(server, "remove")


def test_an_ordinary_user_is_refused(server):
    """Exit 4, with what can be done without root; nothing is changed."""
    with targets.target(above=server) as changed:
        assert found(repo(changed, "add", "--iso", IMAGE, code=4, user=True)) == {"RPM006"}
        assert changes.changes(changed) == []


@pytest.mark.parametrize(("part", "expected"), [(0.6, {"REPO011"}), (0.0, {"REPO010"})], ids=["cut", "none"])
def test_what_is_no_disc_is_refused(server, tmp_path, part, expected):
    """Cut short, or not there at all; nothing is changed."""
    server.put(faults.cut(disc.iso(server.flavour.el), str(tmp_path), part), "/srv/bad.iso")
    with targets.target(above=server) as changed:
        with changed.up():
            report = repo(changed, "add", "--iso", "/srv/bad.iso", code=3 if part else 4)
            assert found(report) == expected
        assert changes.outside(changes.changes(changed), *journey.LEFT) == []
