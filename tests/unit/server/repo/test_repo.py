"""offkit repo add, status, remove, on a server below a directory and with a kernel that is played:
mounting puts the files of the image there, unmounting takes them away."""

import gzip
import json
import os
import shlex
import shutil
from urllib.parse import quote

import pytest

from bundle_maker import listing
from offkit.edges import files
from offkit.edges.mounts import Mount, MountProblem
from offkit.edges.tree import Tree
from offkit.media import keys, offer
from offkit.media.repodata import Marked
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem, IntegrityError, UsageError
from offkit.model.report import Reporter
from offkit.server.repo import change, machine, state, status
from offkit.server.repo.change import Wish
from offkit.server.repo.machine import Kernel
from offkit.server.repo.state import Places
from repo_maker import image, library_packages, primary, repomd, repository, write

STOCK = b"[base]\nname=CentOS\nmirrorlist=http://mirrorlist.example/\n"
KEY = "RPM-GPG-KEY-CentOS-7"
FSTAB = b"/dev/sda1 / xfs defaults 0 0\n"


class Server:
    """A CentOS 7 below ``root``, and what is mounted on it."""

    def __init__(self, root):
        self.root = str(root)
        self.places = Places(self.root)
        self.contents = {}  # of images: path → {name: bytes}
        self.mounted = {}
        self.write("etc/os-release", b'ID="centos"\nVERSION_ID="7"\n')
        self.write("etc/pki/rpm-gpg/" + KEY, b"key")
        self.write("etc/yum.repos.d/CentOS-Base.repo", STOCK)
        self.write("etc/fstab", FSTAB)
        self.write("mnt/.keep", b"")
        self.write("var/lib/.keep", b"")

    def write(self, path, data):
        write(self.root, path, data)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def read(self, path):
        with open(self.path(path), "rb") as source:
            return source.read()

    @property
    def kernel(self):
        return Kernel(self.mount, self.unmount, self.at)

    def mount(self, source, point):
        if source not in self.contents:
            raise MountProblem("mount: unknown filesystem type 'iso9660'")
        assert os.listdir(point) == []
        for name, data in self.contents[source].items():
            write(point, name, data)
        self.mounted[point] = source

    def unmount(self, point):
        if self.mounted.get(point) == "busy":
            return "umount: target is busy."
        if self.mounted.pop(point, None):
            for name in os.listdir(point):
                shutil.rmtree(os.path.join(point, name), ignore_errors=True)
                if os.path.lexists(os.path.join(point, name)):
                    os.unlink(os.path.join(point, name))
        return ""

    def at(self, point):
        return Mount(point, "iso9660", "/dev/loop0", True) if point in self.mounted else None

    def iso(self, name="c7.iso", sonames=("libSM.so.6",), bases=("",), extra=None):
        """An ISO file outside the server's own directories."""
        packed = gzip.compress(primary(library_packages(*sonames)))
        files = {".discinfo": b"1.0\n7.9\nx86_64\n", "EULA": b"x"}
        for base in bases:
            files[base + "repodata/primary.xml.gz"] = packed
            files[base + "repodata/repomd.xml"] = repomd(("primary", "repodata/primary.xml.gz", packed, None))
        files.update(extra or {})
        path = os.path.join(os.path.dirname(self.root), name)
        with open(path, "wb") as sink:
            sink.write(image(files))
        self.contents[path] = files
        return path

    def plan(self, *isos, **more):
        here = keys.server(Tree(self.root))
        return change.plan_add(Wish(isos=isos, **more), self.places, self.kernel, here)

    def add(self, *isos, **more):
        made = self.plan(*isos, **more)
        change.apply(made, self.places, self.kernel, Reporter())
        return made

    def remove(self):
        made = change.plan_remove(self.places, self.kernel)
        change.apply(made, self.places, self.kernel, Reporter())
        return made

    def status(self):
        return status.read(self.places, self.kernel)

    def codes(self):
        return [each.code for each in self.status().findings]

    def picture(self):
        """Everything but times: names, modes, contents, and what is mounted."""
        return listing(self.root), dict(self.mounted)


@pytest.fixture
def server(tmp_path):
    (tmp_path / "server").mkdir()
    return Server(tmp_path / "server")


def test_add_status_remove(server):
    """One repository, mounted, off by default; the stock file untouched; then all as it was."""
    before = server.picture()
    iso = server.iso()
    made = server.add(iso)
    top = server.path("mnt/offkit-iso")
    assert server.mounted == {top: iso}
    text = server.read("etc/yum.repos.d/offkit.repo").decode("ascii")
    assert "[offkit-el7]\nname=c7.iso\nbaseurl=file://{}\nenabled=0\ngpgcheck=1\n".format(quote(top)) in text
    assert "gpgkey=file:///etc/pki/rpm-gpg/" + KEY in text
    assert server.read("etc/yum.repos.d/CentOS-Base.repo") == STOCK
    assert server.read("etc/fstab") == FSTAB
    assert [step.text.split()[0] for step in made.steps] == ["mount", "write"]
    found = server.status()
    (row,) = found.rows
    assert (row.base.id, row.packages, row.mounted) == ("offkit-el7", 1, True)
    server.remove()
    os.unlink(iso)
    assert server.picture() == before
    assert server.status().state is None
    assert server.remove().steps == ()


def test_the_same_twice(server):
    """One medium, however often it is named."""
    iso = server.iso()
    made = server.add(iso, iso)
    assert [one.source for one in made.goal.media] == [iso]
    assert server.mounted == {server.path("mnt/offkit-iso"): iso}
    directory = server.path("srv")
    repository(directory, library_packages("libz.so.1"))
    made = server.add(mounts=(), directories=(directory, directory))
    assert [one.source for one in made.goal.media] == [iso, directory]


def test_the_key_is_there_for_the_server_that_runs_this(server):
    """status looks for the key where yum would: that path is the running system's, not the played one's."""
    server.add(server.iso())
    assert server.codes() == ([] if os.path.isfile("/etc/pki/rpm-gpg/" + KEY) else ["REPO014"])


def test_adding_again_does_nothing(server):
    """And after an unmount it mounts again."""
    iso = server.iso()
    server.add(iso, persist=True)
    assert server.plan(iso, persist=True).steps == ()
    assert server.plan(iso).steps == ()
    before = server.codes()
    server.unmount(server.path("mnt/offkit-iso"))
    assert server.codes() == ["REPO003", *before]  # the key is on the server, not on the disc
    assert [step.text.split()[0] for step in server.add(iso).steps] == ["mount"]


def test_several_discs(server):
    """el8's two directories, and a second ISO: each its place, its identity and its section."""
    dvd = server.iso("dvd.iso", bases=("BaseOS/", "AppStream/"))
    server.add(dvd)
    server.add(server.iso("extra.iso"), persist=True)
    ids = [base.id for base in state.load(server.places).bases]
    assert ids == ["offkit-appstream", "offkit-baseos", "offkit-el7"]
    assert sorted(server.mounted) == [server.path("mnt/offkit-iso"), server.path("mnt/offkit-iso-2")]
    line = server.read("etc/fstab")[len(FSTAB) :].decode()
    places = (os.path.join(os.path.dirname(server.root), "extra.iso"), server.path("mnt/offkit-iso-2"))
    # fstab(5): a blank is \\040 there
    wanted = [place.replace(" ", "\\040") for place in places]
    assert line == "{} {} iso9660 loop,ro,nofail 0 0\n".format(*wanted)
    third = server.iso("third.iso", bases=("BaseOS/",))
    assert "offkit-baseos-2" in [base.id for base in server.plan(third).goal.bases]


def test_a_directory(server, tmp_path):
    """Nothing is mounted; its own key serves where the server has none."""
    place = tmp_path / "copy"
    repository(str(place), library_packages("libSM.so.6"))
    write(str(place), "RPM-GPG-KEY-Testing-7", b"no")
    with pytest.raises(EnvironmentProblem):
        server.add(server.iso("empty.iso", bases=()))
    os.unlink(server.path("etc/pki/rpm-gpg", KEY))
    with pytest.raises(IntegrityError) as caught:
        server.add(directories=(str(place),))
    assert [one.code for one in caught.value.findings] == ["REPO014"]
    write(str(place), "RPM-GPG-KEY-Mine", b"yes")
    server.add(directories=(str(place),))
    assert server.mounted == {}
    assert (
        "gpgkey=file://{}/RPM-GPG-KEY-Mine\n".format(quote(str(place)))
        in server.read("etc/yum.repos.d/offkit.repo").decode()
    )
    assert server.codes() == []
    os.unlink(str(place / "RPM-GPG-KEY-Mine"))
    assert server.codes() == ["REPO014"]
    shutil.rmtree(str(place))
    assert server.codes() == ["REPO003"]  # with which its key is gone, too


def test_a_mounted_disc_has_to_be_one(server, tmp_path):
    """--mount on an ordinary directory is a mistake; on a mount point nothing is mounted once more."""
    place = tmp_path / "disc"
    repository(str(place), library_packages("libSM.so.6"))
    with pytest.raises(UsageError, match="nothing is mounted on"):
        server.plan(mounts=(str(place),))
    server.mounted[str(place)] = "drive"
    server.add(mounts=(str(place),))
    server.remove()
    assert server.mounted == {str(place): "drive"}


def test_only(server):
    """All others off while it lasts; back byte for byte, with their mode and time."""
    path = server.path("etc/yum.repos.d/CentOS-Base.repo")
    server.write("etc/yum.repos.d/off.repo", b"[x]\nenabled = 0\nbaseurl=file:///x\n")
    server.write("etc/yum.repos.d/notes.txt", b"[y]\nenabled=1\n")
    os.chmod(path, 0o640)
    os.utime(path, ns=(10**18, 10**18))
    before = server.picture()
    iso = server.iso()
    server.add(iso, only=True)
    assert b"enabled=1" in server.read("etc/yum.repos.d/offkit.repo")
    assert server.read("etc/yum.repos.d/CentOS-Base.repo") == STOCK.replace(
        b"[base]\n", b"[base]\nenabled=0\n"
    )
    assert os.stat(path).st_mode & 0o777 == 0o640
    assert server.plan(iso).steps == ()
    server.remove()
    os.unlink(iso)
    assert server.picture() == before
    assert os.stat(path).st_mtime_ns == 10**18


def test_only_with_links(server, tmp_path):
    """A .repo file that is a link stays one; its file is switched off where it lies, once."""
    linked = tmp_path / "elsewhere"
    linked.write_bytes(b"[x]\nbaseurl=http://x/\n")
    os.symlink(str(linked), server.path("etc/yum.repos.d/linked.repo"))
    os.symlink("CentOS-Base.repo", server.path("etc/yum.repos.d/again.repo"))
    os.symlink("nowhere", server.path("etc/yum.repos.d/broken.repo"))
    before = server.picture()
    iso = server.iso()
    server.add(iso, only=True)
    assert linked.read_bytes() == b"[x]\nenabled=0\nbaseurl=http://x/\n"
    assert os.path.islink(server.path("etc/yum.repos.d/linked.repo"))
    assert b"enabled=0" in server.read("etc/yum.repos.d/CentOS-Base.repo")
    assert server.plan(iso, only=True).steps == ()
    assert "REPO016" not in server.codes()
    server.remove()
    os.unlink(iso)
    assert linked.read_bytes() == b"[x]\nbaseurl=http://x/\n"
    assert server.picture() == before


def test_a_file_that_was_changed_meanwhile(server):
    """Both stay, and it is said, before and after."""
    iso = server.iso()  # once: made anew a second later it is another disc
    server.add(iso, only=True)
    server.write("etc/yum.repos.d/CentOS-Base.repo", b"[mine]\nbaseurl=file:///m\n")
    assert "REPO016" in server.codes()
    again = server.add(iso, only=True)
    assert ([one.code for one in again.findings], again.steps) == (["REPO016"], ())
    made = server.remove()
    assert [one.code for one in made.findings] == ["REPO016"]
    assert server.read("etc/yum.repos.d/CentOS-Base.repo") == b"[mine]\nbaseurl=file:///m\n"
    assert server.read("etc/yum.repos.d/CentOS-Base.repo.offkit-saved") == STOCK
    assert server.remove().steps == ()


def test_another_disc_under_the_same_mount(server):
    """REPO015; adding the file again mounts what it is now."""
    iso = server.iso()
    server.add(iso)
    top = server.path("mnt/offkit-iso")
    server.unmount(top)
    other = server.iso("other.iso", ("libICE.so.6",))
    server.mount(other, top)
    assert "REPO015" in server.codes()
    assert [step.text.split()[0] for step in server.add(iso).steps] == ["unmount", "mount"]
    assert "REPO015" not in server.codes()
    server.iso("c7.iso", ("libICE.so.6", "libX11.so.6"))
    (finding,) = [each for each in server.status().findings if each.code == "REPO015"]
    assert (finding.subject, finding.looked_in) == (iso, (top,))
    server.add(iso)
    assert "REPO015" not in server.codes()
    assert server.status().rows[0].packages == 2


@pytest.mark.parametrize(
    "what", ["foreign file", "foreign identity", "mounted", "not empty", "a file", "another ISO at --at"]
)
def test_in_the_way(server, what):
    """REPO013, and nothing is changed."""
    more = {}
    if what == "foreign file":
        server.write("etc/yum.repos.d/offkit.repo", b"[offkit-base]\nbaseurl=file:///x\n")
    elif what == "foreign identity":
        server.write("etc/yum.repos.d/x.repo", b"[offkit-el7]\nbaseurl=file:///x\n")
    elif what == "mounted":
        os.mkdir(server.path("mnt/offkit-iso"))
        server.mounted[server.path("mnt/offkit-iso")] = "/dev/sr0"
    elif what == "not empty":
        server.write("mnt/offkit-iso/file", b"")
    elif what == "a file":
        server.write("mnt/offkit-iso", b"")
    else:
        server.add(server.iso("first.iso"), at=server.path("mnt/here"))
        more = {"at": server.path("mnt/here")}
    iso = server.iso()
    before = server.picture()
    with pytest.raises(EnvironmentProblem) as caught:
        server.add(iso, **more)
    assert {one.code for one in caught.value.findings} == {"REPO013"}
    assert server.picture() == before


def test_all_that_is_in_the_way(server):
    """Every file, whatever lies between them."""
    server.write("etc/yum.repos.d/a.txt", b"[offkit-el7]\nbaseurl=file:///x\n")
    server.write("etc/yum.repos.d/b.repo", b"no section\n")
    server.write("etc/yum.repos.d/c.repo", b"[offkit-el7]\nbaseurl=file:///x\n")
    server.write("etc/yum.repos.d/offkit.repo", b"[offkit-base]\nbaseurl=file:///x\n")
    server.write("etc/yum.repos.d/z.repo", b"[offkit-x]\nbaseurl=file:///x\n[mine]\nbaseurl=file:///y\n")
    with pytest.raises(EnvironmentProblem) as caught:
        server.add(server.iso())
    found = {one.subject: one.message for one in caught.value.findings}
    assert found == {
        "/etc/yum.repos.d/c.repo": "has repositories with offkit's names: offkit-el7",
        "/etc/yum.repos.d/offkit.repo": "already exists, and 'offkit repo add' did not write it",
        "/etc/yum.repos.d/z.repo": "has repositories with offkit's names: offkit-x",
    }


def test_a_kernel_that_does_not_mount(server):
    """REPO012 with what can be done instead; nothing stays."""
    before = server.picture()
    iso = server.iso()
    del server.contents[iso]
    with pytest.raises(EnvironmentProblem) as caught:
        server.add(iso, only=True, persist=True)
    (finding,) = caught.value.findings
    assert finding.code == "REPO012"
    assert "unknown filesystem type" in finding.message
    assert "offkit install" in finding.fix
    os.unlink(iso)
    assert server.picture() == before


def test_a_second_one_that_fails_leaves_the_first(server):
    """Everything as before the second add."""
    server.add(server.iso(), persist=True)
    second = server.iso("second.iso")
    before = server.picture()
    del server.contents[second]
    with pytest.raises(EnvironmentProblem):
        server.add(second, only=True)
    assert server.picture() == before


def test_a_busy_disc_stops_the_removal(server):
    """REPO012 before anything is taken back; later it works."""
    server.add(server.iso(), only=True, persist=True)
    top = server.path("mnt/offkit-iso")
    image_path, server.mounted[top] = server.mounted[top], "busy"
    before = server.picture()
    with pytest.raises(EnvironmentProblem) as caught:
        server.remove()
    assert caught.value.findings[0].code == "REPO012"
    assert "busy" in caught.value.findings[0].message
    assert server.picture() == before
    server.mounted[top] = image_path
    server.remove()
    assert server.mounted == {}


class Killed(BaseException):
    """Nothing is cleaned up after it."""


def interrupted(made, server, at, monkeypatch):
    """Do the first ``at`` steps of a change, and die."""

    def die():
        raise Killed

    steps = list(made.steps)
    steps.insert(at, machine.Step("die", die))
    with monkeypatch.context() as patch:
        patch.setattr(change, "_take_back", lambda *args: None)
        with pytest.raises(Killed):
            change.apply(made._replace(steps=tuple(steps)), server.places, server.kernel, Reporter())


@pytest.mark.parametrize("at", range(5))
def test_killed_while_adding(server, at, monkeypatch):
    """At every step: adding again ends as if nothing had been, and removing leaves nothing."""
    before = server.picture()
    iso = server.iso()
    wish = {"only": True, "persist": True}
    server.add(iso, **wish)
    whole = server.picture()
    server.remove()
    made = server.plan(iso, **wish)
    assert len(made.steps) == 4
    interrupted(made, server, at, monkeypatch)
    server.add(iso, **wish)
    assert server.picture() == whole
    server.remove()
    interrupted(server.plan(iso, **wish), server, at, monkeypatch)
    server.remove()
    os.unlink(iso)
    assert server.picture() == before


@pytest.mark.parametrize("at", range(7))
def test_killed_while_removing(server, at, monkeypatch):
    """At every step: removing again ends well."""
    before = server.picture()
    iso = server.iso()
    server.add(iso, only=True, persist=True)
    made = change.plan_remove(server.places, server.kernel)
    assert len(made.steps) == 6
    interrupted(made, server, at, monkeypatch)
    server.remove()
    os.unlink(iso)
    assert server.picture() == before


def test_killed_while_writing(server):
    """Before the notes, or between a new file and its name: nothing of it stays."""
    server.write("var/lib/offkit/.lock", b"")
    server.remove()
    assert not os.path.lexists(server.path("var/lib/offkit"))
    before = server.picture()
    iso = server.iso()
    server.add(iso, only=True)
    for name in ("fstab", "yum.repos.d/offkit.repo", "yum.repos.d/CentOS-Base.repo"):
        server.write("etc/{}.4711.tmp".format(name), b"half")
    server.write("var/lib/offkit/repo.json.4711.tmp", b"half")
    server.remove()
    os.unlink(iso)
    assert server.picture() == before


def test_notes_that_cannot_be_read(server):
    """REPO013 instead of a traceback, and no guess."""
    server.write("var/lib/offkit/repo.json", b"{}")
    for act in (server.status, server.remove, lambda: server.plan(server.iso())):
        with pytest.raises(EnvironmentProblem) as caught:
            act()
        assert caught.value.findings[0].code == "REPO013"


def test_status_of_what_was_tampered_with(server):
    """The .repo file gone or changed, the fstab line gone, the ISO gone."""
    iso = server.iso()
    server.add(iso, persist=True)
    server.write("etc/yum.repos.d/offkit.repo", b"# mine\n")
    server.write("etc/fstab", FSTAB)
    assert server.codes().count("REPO016") == 2
    os.unlink(server.path("etc/yum.repos.d/offkit.repo"))
    os.unlink(iso)
    assert {"REPO001", "REPO010"} <= set(server.codes())


def test_media_that_are_none(server, tmp_path):
    """All of them at once: not there is usage, cut short is integrity, no repository the environment."""
    with pytest.raises(UsageError, match=r"a\.iso, .*b\.iso"):
        offer.look([str(tmp_path / "a.iso"), str(tmp_path / "b.iso")], [])
    cut = server.iso("cut.iso")
    with open(cut, "r+b") as sink:
        sink.truncate(os.path.getsize(cut) - 4096)
    text = str(tmp_path / "text.iso")
    with open(text, "wb") as sink:
        sink.write(b"x" * 100000)
    with pytest.raises(IntegrityError) as caught:
        offer.look([cut, text], [str(tmp_path)])
    assert [one.code for one in caught.value.findings] == ["REPO011", "REPO010", "REPO010"]
    with pytest.raises(EnvironmentProblem) as refused:
        offer.look([text], [])
    assert [one.code for one in refused.value.findings] == ["REPO010"]
    damaged = server.iso("damaged.iso", extra={"repodata/repomd.xml": b"<repomd"})
    with pytest.raises(IntegrityError) as caught:
        offer.look([damaged], [])
    assert [one.code for one in caught.value.findings] == ["REPO011"]


# --- word for word -------------------------------------------------------------------------

FUSER = "see who uses it with 'fuser -vm {}', then run the command again"
COMPARE = "copy it again and compare its checksum with the one published for it"
ANOTHER = "use an installation disc of this distribution, or a directory or URL with its files"


def told(findings):
    """Without the distribution's key, which is looked for on the machine that runs this."""
    return [tuple(each) for each in findings if each.looked_in != ("/etc/pki/rpm-gpg/" + KEY,)]


def test_what_adding_says_it_does(server):
    """Every step, in order; and taking it back, in order."""
    iso, two = server.iso(), server.iso("d.iso", ("libICE.so.6",))
    top, other = server.path("mnt/offkit-iso"), server.path("mnt/offkit-iso-2")
    made = server.add(iso, two, only=True, persist=True)
    assert [step.text for step in made.steps] == [
        "mount {} on {}, read-only".format(iso, top),
        "add to /etc/fstab: " + boot_line(iso, top),
        "mount {} on {}, read-only".format(two, other),
        "add to /etc/fstab: " + boot_line(two, other),
        "write /etc/yum.repos.d/offkit.repo: offkit-el7, offkit-el7-2",
        "disable the repositories in /etc/yum.repos.d/CentOS-Base.repo",
    ]
    assert [(base.id, base.title, base.directory) for base in made.goal.bases] == [
        ("offkit-el7", "c7.iso", top),
        ("offkit-el7-2", "d.iso", other),
    ]
    assert [step.text for step in server.remove().steps] == [
        "unmount " + other,
        "unmount " + top,
        "remove from /etc/fstab: " + boot_line(iso, top),
        "remove from /etc/fstab: " + boot_line(two, other),
        "remove /etc/yum.repos.d/offkit.repo",
        "restore /etc/yum.repos.d/CentOS-Base.repo",
        "remove the directory " + top,
        "remove the directory " + other,
        "remove /var/lib/offkit",
    ]
    assert server.read("etc/fstab") == FSTAB


def test_the_notes_as_they_are_written(server):
    """A contract: the next version reads them."""
    iso = server.iso(bases=("BaseOS/",))
    server.add(iso, only=True, persist=True)
    path = server.path("var/lib/offkit/repo.json")
    data = json.loads(server.read("var/lib/offkit/repo.json").decode("ascii"))
    top = server.path("mnt/offkit-iso")
    (row,) = data.pop("disabled")
    assert row["name"] == "CentOS-Base.repo"
    assert sorted(row) == ["gid", "mode", "mtime", "name", "now", "uid", "was"]
    (mark,) = [each.pop("mark") for each in data["media"][0]["repositories"]]
    assert len(mark) == 64
    assert data == {
        "schema": "offkit/repo-1",
        "only": True,
        "media": [
            {
                "source": iso,
                "iso": True,
                "top": top,
                "made": True,
                "fstab": boot_line(iso, top),
                "open_ended": False,
                "label": "1.0\n7.9\nx86_64",
                "repositories": [{"base": "BaseOS"}],
                "bases": [
                    {
                        "id": "offkit-baseos",
                        "title": "c7.iso, BaseOS",
                        "directory": top + "/BaseOS",
                        "key": "/etc/pki/rpm-gpg/" + KEY,
                    }
                ],
            }
        ],
    }
    assert os.stat(path).st_mode & 0o777 == 0o644
    loaded = state.load(server.places)
    state.save(server.places, loaded)
    assert state.load(server.places) == loaded


@pytest.mark.parametrize(
    "change_it", [lambda data: data.update(schema="offkit/repo-2"), lambda data: data.pop("media")]
)
def test_notes_of_another_kind(server, change_it):
    """Refused, with what they are for."""
    server.add(server.iso())
    data = json.loads(server.read("var/lib/offkit/repo.json").decode("ascii"))
    change_it(data)
    server.write("var/lib/offkit/repo.json", json.dumps(data).encode("ascii"))
    with pytest.raises(EnvironmentProblem) as caught:
        server.plan(server.iso())
    path = server.path("var/lib/offkit/repo.json")
    ((code, severity, subject, message, looked, fix),) = told(caught.value.findings)
    assert (code, severity, subject, looked) == ("REPO013", "error", path, (path,))
    assert message in ("cannot be read: schema 'offkit/repo-2'", "cannot be read: 'media'")
    assert fix == "it records what 'offkit repo add' did; restore it, or undo that by hand and delete it"
    assert caught.value.message == "{} {}".format(path, message)


def test_another_offkit_at_work(server):
    made = server.plan(server.iso())
    lock = server.path("var/lib/offkit/.lock")
    os.makedirs(os.path.dirname(lock))
    held = os.path.join(server.places.state, layout.LOCK)
    with files.lock(held), pytest.raises(EnvironmentProblem) as caught:
        change.apply(made, server.places, server.kernel, Reporter())
    message = "another offkit is running in " + server.places.state
    assert told(caught.value.findings) == [
        ("ENV030", "error", server.places.state, message, (held,), "wait until it has finished")
    ]
    assert caught.value.message == message


def test_another_that_was_quicker(server):
    """What was planned does not hold any more."""
    made = server.plan(server.iso())
    server.add(server.iso("d.iso"))
    with pytest.raises(EnvironmentProblem) as caught:
        change.apply(made, server.places, server.kernel, Reporter())
    assert caught.value.message == "another 'offkit repo' has just changed this server"
    assert caught.value.fix == "run the command again"


@pytest.mark.parametrize(
    ("error", "subject", "message"),
    [
        (OSError(28, "No space left on device", "/x"), "/x", "No space left on device"),
        (OSError(28, "No space left on device", b"/y"), "/y", "No space left on device"),
        (OSError("odd"), None, "odd"),
    ],
)
def test_what_the_system_refuses(server, monkeypatch, error, subject, message):
    """A finding, and what was new is taken back."""

    def fails(*asked):
        raise error

    monkeypatch.setattr(server, "mount", fails)
    made = server.plan(server.iso())
    with pytest.raises(EnvironmentProblem) as caught:
        change.apply(made, server.places, server.kernel, Reporter())
    assert caught.value.message == "the repositories were changed only in part"
    again = "correct this and run the command again"
    assert told(caught.value.findings) == [
        ("ENV031", "error", subject or server.places.state, message, (), again)
    ]
    assert not os.path.exists(server.path("var/lib/offkit"))
    assert not os.path.exists(server.path("mnt/offkit-iso"))


def test_nothing_is_mounted_there(server):
    with pytest.raises(UsageError) as caught:
        server.plan(mounts=("/a", "/b"))
    assert caught.value.message == "nothing is mounted on /a, /b"
    assert caught.value.fix == (
        "mount the disc first, or give the ISO file: --iso FILE; --dir takes an ordinary directory"
    )


def test_only_root_may():
    error = change.need_root()
    message = "only root can mount discs and configure yum"
    fix = "run it as root; without root 'offkit install … --iso FILE' reads the ISO itself"
    assert error.message == message
    assert told(error.findings) == [("RPM006", "error", "offkit repo", message, (), fix)]


def test_a_kernel_that_refuses(server):
    """Mounting, and unmounting: its words and a cure."""
    iso = server.iso()
    del server.contents[iso]
    with pytest.raises(EnvironmentProblem) as caught:
        server.add(iso)
    assert caught.value.message == "an ISO cannot be mounted"
    message = "cannot be mounted here: mount: unknown filesystem type 'iso9660'"
    fix = (
        "'offkit install … --iso FILE' reads it without mounting; or copy its files into a directory "
        "(bsdtar -xf FILE -C DIR): offkit repo add --dir DIR"
    )
    top = server.path("mnt/offkit-iso")
    assert told(caught.value.findings) == [("REPO012", "error", iso, message, (top,), fix)]
    server.add(server.iso())
    server.mounted[top] = "busy"
    with pytest.raises(EnvironmentProblem) as caught:
        server.remove()
    assert caught.value.message == "a disc cannot be unmounted"
    message = "cannot be unmounted: umount: target is busy."
    assert told(caught.value.findings) == [("REPO012", "error", top, message, (), FUSER.format(top))]


def boot_line(iso, top):
    """As fstab(5) has it: a blank in a path, and temporary directories may have one, is \\040."""
    return "{} {} iso9660 loop,ro,nofail 0 0".format(*(path.replace(" ", "\\040") for path in (iso, top)))


def test_a_line_in_fstab_that_somebody_wrote(server):
    """It is theirs, and stays when all is taken back; a file without an end gets it back without."""
    iso = server.iso()
    line = boot_line(iso, server.path("mnt/offkit-iso")) + "\n"
    server.write("etc/fstab", FSTAB + line.encode("ascii"))
    made = server.add(iso, persist=True)
    assert made.goal.media[0].fstab == ""
    server.remove()
    assert server.read("etc/fstab") == FSTAB + line.encode("ascii")
    server.write("etc/fstab", FSTAB.rstrip(b"\n"))
    made = server.add(iso, persist=True)
    assert (made.goal.media[0].fstab + "\n", made.goal.media[0].open_ended) == (line, True)
    assert server.read("etc/fstab") == FSTAB + line.encode("ascii")
    assert server.plan(iso).goal == made.goal  # what was once written is known
    server.remove()
    assert server.read("etc/fstab") == FSTAB.rstrip(b"\n")


def test_what_is_in_the_way_word_for_word(server):
    top = server.path("mnt/offkit-iso")
    other = "choose another place: --at DIR; for a disc already mounted: offkit repo add --mount {}".format(
        top
    )

    def refused(**more):
        with pytest.raises(EnvironmentProblem) as caught:
            server.plan(server.iso(), **more)
        assert caught.value.message == "the repositories cannot be added; nothing was changed"
        return told(caught.value.findings)

    server.write("mnt/offkit-iso", b"")
    assert refused() == [("REPO013", "error", top, "is not a directory", (), other)]
    os.unlink(top)
    server.write("mnt/offkit-iso/x", b"")
    assert refused() == [("REPO013", "error", top, "is not empty", (), other)]
    server.mounted[top] = "x"
    why = "something is already mounted there (/dev/loop0, iso9660)"
    assert refused() == [("REPO013", "error", top, why, (), other)]
    server.mounted.clear()
    shutil.rmtree(top)
    own = "/etc/yum.repos.d/offkit.repo"
    server.write(own[1:], b"[x]\nbaseurl=file:///x\n")
    server.write("etc/yum.repos.d/x.repo", b"[offkit-a]\nbaseurl=file:///x\n[offkit-b]\nbaseurl=file:///x\n")
    server.write("etc/yum.repos.d/bad.repo", b"no section\n")
    server.write("etc/yum.repos.d/notes.txt", b"[offkit-a]\n")
    move = "move it away (mv {0} {0}.old), then run the command again".format(own)
    theirs = "already exists, and 'offkit repo add' did not write it"
    names = "has repositories with offkit's names: offkit-a, offkit-b"
    assert refused() == [
        ("REPO013", "error", own, theirs, (server.places.json,), move),
        ("REPO013", "error", "/etc/yum.repos.d/x.repo", names, (), "remove them from it"),
    ]


def test_a_place_that_another_disc_has(server):
    """Asked for by name it is refused; without a name there is another place."""
    first = server.iso()
    top = server.path("mnt/here")
    server.add(first, at=top)
    with pytest.raises(EnvironmentProblem) as caught:
        server.plan(server.iso("d.iso"), at=top)
    message = first + " is mounted there"
    fix = "omit --at to mount this ISO elsewhere, or run 'offkit repo remove' first"
    assert told(caught.value.findings) == [("REPO013", "error", top, message, (server.places.json,), fix)]
    assert server.plan(server.iso("d.iso")).goal.media[1].top == server.path("mnt/offkit-iso")


def test_a_file_of_others_that_was_changed(server):
    """A warning where it is: it stays, and the older one will be put beside it."""
    server.add(server.iso(), only=True)
    server.write("etc/yum.repos.d/CentOS-Base.repo", STOCK + b"# x\n")
    path = "/etc/yum.repos.d/CentOS-Base.repo"
    message = (
        "was changed after its repositories were disabled, and is kept; 'offkit repo remove' saves "
        "the older version beside it as CentOS-Base.repo.offkit-saved"
    )
    expected = [
        (
            "REPO016",
            "warning",
            path,
            message,
            (path + ".offkit-saved",),
            "then compare the two, and keep what is right",
        )
    ]
    assert told(server.status().findings) == expected
    assert told(server.remove().findings) == expected
    assert server.read(path[1:]) == STOCK + b"# x\n"
    assert server.read(path[1:] + ".offkit-saved") == STOCK


def test_what_status_says(server):
    """Each thing that is not as it was added, with its cure."""
    iso = server.iso()
    top = server.path("mnt/offkit-iso")
    server.add(iso, persist=True)
    assert told(server.status().findings) == []
    again = "offkit repo add --iso " + shlex.quote(iso)
    own = "/etc/yum.repos.d/offkit.repo"
    server.write("etc/fstab", FSTAB)
    line = boot_line(iso, top)
    boot = (
        "REPO016",
        "warning",
        "/etc/fstab",
        "the line that mounts {} at boot is missing".format(iso),
        (line,),
        "offkit repo add --persist … writes it again",
    )
    assert told(server.status().findings) == [boot]
    server.write(own[1:], b"# x\n")
    edited = (
        "REPO016",
        "warning",
        own,
        "differs from what 'offkit repo add' writes",
        (),
        "offkit repo add … writes it again; 'offkit repo remove' deletes it",
    )
    assert told(server.status().findings) == [edited, boot]
    os.unlink(server.path(own[1:]))
    gone = (
        "REPO001",
        "error",
        own,
        "is missing",
        (),
        "offkit repo add … writes it again, with the same options",
    )
    assert told(server.status().findings) == [gone, boot]
    server.unmount(top)
    unmounted = ("REPO003", "error", top, "is not mounted", (iso,), again)
    assert told(server.status().findings) == [unmounted, gone, boot]
    (row,) = server.status().rows
    assert (row.source, row.mounted, row.packages, row.key) == (
        iso,
        False,
        None,
        os.path.isfile("/etc/pki/rpm-gpg/" + KEY),
    )
    os.unlink(iso)
    lost = (
        "REPO010",
        "error",
        iso,
        "the ISO is missing",
        (),
        "put it back, or: offkit repo remove",
    )
    assert told(server.status().findings)[:2] == [lost, unmounted]


def test_what_status_says_of_a_directory(server, tmp_path):
    """It is there or not; its key may lie in it."""
    os.unlink(server.path("etc/pki/rpm-gpg/" + KEY))
    top = str(tmp_path / "a b")
    repository(top, library_packages("libSM.so.6"))
    write(top, "RPM-GPG-KEY-x", b"key")
    server.add(directories=(top,))
    assert told(server.status().findings) == []
    (row,) = server.status().rows
    assert (row.base.key, row.key, row.packages) == (top + "/RPM-GPG-KEY-x", True, 1)
    os.unlink(top + "/RPM-GPG-KEY-x")
    fix = "put the key back; the distribution's own are in /etc/pki/rpm-gpg"
    assert told(server.status().findings) == [
        ("REPO014", "error", "offkit-el7", "its key is missing", (top + "/RPM-GPG-KEY-x",), fix)
    ]
    shutil.rmtree(top)
    again = "offkit repo add --dir '{}'".format(top)
    assert told(server.status().findings) == [("REPO003", "error", top, "is missing", (top,), again)]


def test_what_status_says_of_damaged_metadata(server):
    """Of the list of packages; and of repomd.xml itself, once."""
    iso = server.iso()
    server.add(iso)
    top = server.path("mnt/offkit-iso")
    write(top, "repodata/primary.xml.gz", b"junk")
    ((code, severity, subject, message, looked, fix),) = told(server.status().findings)
    assert (code, severity, subject, looked) == ("REPO011", "error", "offkit-el7", (top,))
    assert (message.startswith("its metadata cannot be read: "), fix) == (
        True,
        "copy the medium again and compare its checksum",
    )
    write(top, "repodata/repomd.xml", b"junk")
    ((code, severity, subject, message, looked, fix),) = told(server.status().findings)
    assert (code, severity, subject, looked, fix) == ("REPO011", "error", top, (top,), COMPARE)
    assert message.startswith("repodata/repomd.xml: ")


def test_what_status_says_of_another_medium(server):
    """Under the mount, with another label or the same; or in the file, whatever is mounted."""
    iso = server.iso()
    top = server.path("mnt/offkit-iso")
    server.add(iso)
    again = "offkit repo add --iso " + shlex.quote(iso)
    server.iso(sonames=("libICE.so.6",))
    changed = "the file is no longer the ISO that is mounted"
    assert told(server.status().findings) == [("REPO015", "error", iso, changed, (top,), again)]
    with open(iso, "wb") as sink:
        sink.write(b"x" * 70000)
    assert [each[0] for each in told(server.status().findings)] == ["REPO010"]
    server.iso()
    write(top, ".discinfo", b"1.0\n8.1\naarch64\n")
    message = "this is not the medium that was added: 8.1 aarch64 now, 7.9 x86_64 before"
    assert told(server.status().findings) == [("REPO015", "error", top, message, (iso,), again)]
    os.unlink(os.path.join(top, ".discinfo"))
    message = "this is not the medium that was added: without a label now, 7.9 x86_64 before"
    assert [each[3] for each in told(server.status().findings)] == [message]
    write(top, ".discinfo", b"2.0\n7.9\nx86_64\n")
    message = "this is not the medium that was added, although it has the same label"
    assert [each[3] for each in told(server.status().findings)] == [message]


def test_media_that_are_no_use(server, tmp_path, monkeypatch):
    """All that is wrong with any of them, and the worst decides the exit code."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.iso").write_bytes(b"x" * 70000)
    empty, text = str(tmp_path / "empty"), str(tmp_path / "x.iso")
    nothing = "has no repodata/repomd.xml in its top directory, one level below, or where mirrors have it"
    no_iso = "is not an ISO image: no ISO 9660 volume descriptor in sector 16"
    expected = [
        ("REPO010", "error", text, no_iso, (text,), ANOTHER),
        ("REPO010", "error", empty, nothing, (empty,), ANOTHER),
    ]
    with pytest.raises(EnvironmentProblem) as caught:
        offer.look([text], [empty])
    assert caught.value.message == "a medium cannot be used"
    assert told(caught.value.findings) == expected
    iso = server.iso()
    whole = os.path.getsize(iso)
    with open(iso, "r+b") as sink:
        sink.truncate(whole - 2048)
    with pytest.raises(IntegrityError) as caught:
        offer.look([iso, text], [empty])
    short = "is truncated: {} of {} bytes present".format(whole - 2048, whole)
    assert caught.value.message == "a medium is damaged"
    assert told(caught.value.findings) == [("REPO011", "error", iso, short, (iso,), COMPARE), *expected]
    with pytest.raises(UsageError) as caught:
        offer.look(["/none/a", text], ["/none/b"])
    assert (caught.value.message, caught.value.fix) == (
        "no such file or directory: /none/a, /none/b",
        "check the path",
    )

    def fails(path):
        raise OSError(5, "Input/output error", path)

    monkeypatch.setattr(offer.trees, "Image", fails)
    with pytest.raises(EnvironmentProblem) as caught:
        offer.look([text], [])
    assert told(caught.value.findings) == [
        ("REPO010", "error", text, "cannot be read: Input/output error", (text,), ANOTHER)
    ]


@pytest.mark.parametrize(
    ("distribution", "el", "whose"),
    [("centos", 7, "centos 7"), ("", 0, "an unknown system"), ("debian", 0, "debian")],
)
def test_no_key_at_all(distribution, el, whose):
    here = keys.Server(el, distribution, Tree("/nonexistent"))
    one = offer.Offer("/x.iso", True, (Marked("", "0"),), "", ("RPM-GPG-KEY-beta", "RPM-GPG-KEY-Debug"))
    with pytest.raises(IntegrityError) as caught:
        offer.bases(one, "/top", here)
    message = "brings no key at its top, and this server has none for " + whose
    fix = "copy the distribution's RPM-GPG-KEY file to /etc/pki/rpm-gpg, keeping its original name"
    assert caught.value.message == "no key to check packages with"
    assert told(caught.value.findings) == [("REPO014", "error", "x.iso", message, ("/etc/pki/rpm-gpg",), fix)]
    names = ("RPM-GPG-KEY-testing", "RPM-GPG-KEY-bb", "RPM-GPG-KEY-aa", "RPM-GPG-KEY-aaa")
    assert keys.key_of("/x.iso", names, "/top", here) == "/top/RPM-GPG-KEY-aa"


@pytest.mark.parametrize(
    ("identity", "version", "name"),
    [
        ("openEuler", "22.03", "openEuler"), ("kylin", "V10", "kylin"), ("anolis", "8.8", "ANOLIS"), ("anolis", "23", "ANOLIS"),
        ("amzn", "2023", "amazon-linux-2023"), ("centos", "10", "centosofficial-PQC"),
    ],
)  # fmt: skip
def test_keys_of_every_vendor(tmp_path, identity, version, name):
    """By the name that the vendor gives it; of an Enterprise Linux or not."""
    tree = Tree(str(tmp_path))
    (tmp_path / "etc/pki/rpm-gpg").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text("ID={}\nVERSION_ID={}\n".format(identity, version))
    assert keys.server(tree).key == ""
    path = tmp_path / "etc/pki/rpm-gpg" / ("RPM-GPG-KEY-" + name)
    path.write_text("x")
    assert keys.server(tree).key == "/etc/pki/rpm-gpg/RPM-GPG-KEY-" + name


def test_packages_that_lie_on_a_server_by_their_metadata(server, tmp_path):
    """xml:base: yum would ask that server whenever somebody installs from the directory."""
    top = str(tmp_path / "a copy")
    xml = primary(library_packages("liba.so.1"))
    xml = xml.replace(b"<location ", b'<location xml:base="http://origin.example/x" ')
    repository(top, (), xml=xml)
    with pytest.raises(EnvironmentProblem) as refused:
        server.plan(directories=(top,))
    (found,) = refused.value.findings
    assert (found.code, found.subject) == ("REPO020", top)
    assert "createrepo_c " + top in found.fix


@pytest.mark.parametrize(
    ("base", "el", "taken", "identity"),
    [
        ("", 7, (), "offkit-el7"),
        ("", 0, (), "offkit-media"),
        ("x/AppStream", 8, (), "offkit-appstream"),
        ("BaseOS/{}/os".format(os.uname().machine), 8, (), "offkit-baseos"),
        ("baseos/latest/" + os.uname().machine, 8, (), "offkit-baseos"),
        ("os/" + os.uname().machine, 7, (), "offkit-os"),
        ("A b&Ü", 8, (), "offkit-a-b--"),
        ("", 7, ("offkit-el7", "offkit-el7-2"), "offkit-el7-3"),
        ("a", 7, ("offkit-b",), "offkit-a"),
    ],
)
def test_names_of_repositories(base, el, taken, identity):
    assert offer._identity(base, el, taken) == identity


def test_what_a_killed_one_left_of_files(server):
    """Swept when the next one begins; other names stay."""
    names = [
        "etc/fstab.12.tmp",
        "etc/yum.repos.d/x.repo.7.tmp",
        "var/lib/offkit/repo.json.1.tmp",
        "var/lib/offkit/repos/x.repo.2.tmp",
    ]
    kept = [
        "etc/fstab.tmp",
        "etc/passwd.1.tmp",
        "etc/yum.repos.d/x.conf.7.tmp",
        "etc/yum.repos.d/x.repo.7.tmp~",
    ]
    for name in names + kept:
        server.write(name, b"")
    machine.sweep(server.places)
    assert [name for name in names if os.path.exists(server.path(name))] == []
    assert [name for name in kept if os.path.exists(server.path(name))] == kept


def test_the_running_server_by_its_files(server):
    """os-release in either place; nothing is known without."""
    assert keys.server(Tree(server.root))[:2] == (7, "centos")
    os.unlink(server.path("etc/os-release"))
    assert keys.server(Tree(server.root))[:2] == (0, "")
    server.write("usr/lib/os-release", b'ID="rocky"\nVERSION_ID="9.3"\n')
    assert keys.server(Tree(server.root))[:2] == (9, "rocky")
    assert keys.server().tree.root == ""


def test_where_things_lie():
    """On the running server, and below a root."""
    for root in ("", "/r"):
        places = Places(root)
        assert [places.repo_file, places.repos, places.fstab, places.state, places.json, places.saved] == [
            root + path
            for path in (
                "/etc/yum.repos.d/offkit.repo",
                "/etc/yum.repos.d",
                "/etc/fstab",
                "/var/lib/offkit",
                "/var/lib/offkit/repo.json",
                "/var/lib/offkit/repos",
            )
        ]


def test_what_is_mounted_is_no_medium_any_more(server):
    """It is unmounted first, then the right one mounted; yum's file stays."""
    iso = server.iso()
    server.add(iso)
    top = server.path("mnt/offkit-iso")
    shutil.rmtree(os.path.join(top, "repodata"))
    made = server.add(iso)
    assert [step.text for step in made.steps] == [
        "unmount {}, which is another disc".format(top),
        "mount {} on {}, read-only".format(iso, top),
    ]
    assert told(server.status().findings) == []


def test_a_server_without_fstab(server):
    os.unlink(server.path("etc/fstab"))
    made = server.add(server.iso(), persist=True)
    assert server.read("etc/fstab").decode() == made.goal.media[0].fstab + "\n"
    assert made.goal.media[0].open_ended is False


def test_a_file_of_others_that_yum_stops_at(server):
    """It is left alone; the others are switched off, but for those where nothing is on."""
    server.write("etc/yum.repos.d/bad.repo", b"no section\n")
    server.write("etc/yum.repos.d/off.repo", b"[x]\nbaseurl=http://x/\nenabled=0\n")
    server.write("etc/yum.repos.d/z.repo", b"[z]\nbaseurl=http://z/\n")
    made = server.add(server.iso(), only=True)
    assert [row.name for row in made.goal.disabled] == ["CentOS-Base.repo", "z.repo"]
    assert server.read("etc/yum.repos.d/bad.repo") == b"no section\n"
    assert server.read("etc/yum.repos.d/z.repo") == b"[z]\nenabled=0\nbaseurl=http://z/\n"


def test_adding_that_fails_mends_what_was_there(server):
    """What an earlier one had made, and was lost since, is there again."""
    first = server.iso()
    server.add(first)
    before = server.read("etc/yum.repos.d/offkit.repo")
    os.unlink(server.path("etc/yum.repos.d/offkit.repo"))
    second = server.iso("d.iso")
    del server.contents[second]
    with pytest.raises(EnvironmentProblem):
        server.add(second)
    assert server.read("etc/yum.repos.d/offkit.repo") == before
    assert [one.source for one in state.load(server.places).media] == [first]


def test_a_disc_of_another_release(server):
    """Yum would take none of its packages: nothing is changed."""
    write(server.root, "etc/os-release", b'ID="rocky"\nVERSION_ID="9.3"\n')
    before = server.picture()
    with pytest.raises(EnvironmentProblem) as caught:
        server.add(server.iso())
    assert [(one.code, one.message) for one in caught.value.findings] == [
        ("ENV049", "is CentOS 7 (el7), and this server is el9")
    ]
    assert server.picture() == before
