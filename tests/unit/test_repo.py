"""offkit repo add, status, remove, on a server below a directory and with a kernel that is played:
mounting puts the files of the image there, unmounting takes them away."""

import gzip
import os
import shutil
from urllib.parse import quote

import pytest

from bundle_maker import listing
from offkit.edges.mounts import Mount, MountProblem
from offkit.edges.tree import Tree
from offkit.model.errors import EnvironmentProblem, IntegrityError, UsageError
from offkit.model.report import Reporter
from offkit.target.repo import change, machine, medium, state, status
from offkit.target.repo.change import Wish
from offkit.target.repo.machine import Kernel
from offkit.target.repo.state import Places
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
        here = medium.server(Tree(self.root))
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
        return status.take(self.places, self.kernel)

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
        "/etc/yum.repos.d/c.repo": "has repositories of offkit's names: offkit-el7",
        "/etc/yum.repos.d/offkit.repo": "is there already, and 'offkit repo add' did not write it",
        "/etc/yum.repos.d/z.repo": "has repositories of offkit's names: offkit-x",
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
    assert "busy" in caught.value.message
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
        medium.look([str(tmp_path / "a.iso"), str(tmp_path / "b.iso")], [])
    cut = server.iso("cut.iso")
    with open(cut, "r+b") as sink:
        sink.truncate(os.path.getsize(cut) - 4096)
    text = str(tmp_path / "text.iso")
    with open(text, "wb") as sink:
        sink.write(b"x" * 100000)
    with pytest.raises(IntegrityError) as caught:
        medium.look([cut, text], [str(tmp_path)])
    assert [one.code for one in caught.value.findings] == ["REPO011", "REPO010", "REPO010"]
    with pytest.raises(EnvironmentProblem) as refused:
        medium.look([text], [])
    assert [one.code for one in refused.value.findings] == ["REPO010"]
    damaged = server.iso("damaged.iso", extra={"repodata/repomd.xml": b"<repomd"})
    with pytest.raises(IntegrityError) as caught:
        medium.look([damaged], [])
    assert [one.code for one in caught.value.findings] == ["REPO011"]
