"""Every release that offkit has a file about: from the probe of a server made like it to a healthy doctor.

With a disc, with RPMs from a mirror before the gap, and as an ordinary user.
"""

import json
import shutil
import subprocess

import pytest

import bundles
import disc
import flavours
import journey
import mirror
import needs
import rpms
import targets
from offkit.edges import releases

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

# What wants libraries that no minimal server has, libX11 first of all: by the Python, or the release where a
# wheel for that Python wants a newer glibc than it has; and what is imported.
OPENCV = ("opencv-python==4.2.0.34", "numpy==1.18.2"), "cv2"
WHEELS = {
    "amazon2": OPENCV,
    "3.6": OPENCV,
    "3.7": (("dearpygui==1.1.3",), "dearpygui.dearpygui"),
    "3.9": (("dearpygui==1.10.1",), "dearpygui.dearpygui"),
    "3.10": (("dearpygui==1.10.1",), "dearpygui.dearpygui"),
    "3.11": (("dearpygui==1.10.1",), "dearpygui.dearpygui"),
    "3.12": (("dearpygui==2.3.1",), "dearpygui.dearpygui"),
}
DISC = "disc.iso"
# Of the oldest processor that the newest of them runs on: x86-64-v3, whatever this machine has.
PROCESSOR = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz
flags\t\t: fpu cx8 cmov mmx fxsr sse sse2 ht syscall nx lm pni ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt xsave avx \
f16c lahf_lm abm bmi1 avx2 bmi2

"""
NAMES = [name for name in flavours.FLAVOURS if name not in (7, 8, 9)]  # those have stories of their own


class Server:
    """One with nothing but what it was installed with, and what was made for it by its probe."""

    def __init__(self, el, nothing, folder):
        self.el, self.nothing, self.folder = el, nothing, folder
        self.flavour = flavours.FLAVOURS[el]
        self.release = flavours.release(el)
        self.wheels, self.module = WHEELS.get(el) or WHEELS[self.flavour.python[0]]
        if not self.release.python:  # nobody knows which it has: that is asked of the server
            self._administrator()
        script = subprocess.run(
            [bundles.OFFKIT, "probe", "--script"], check=True, capture_output=True, text=True
        ).stdout
        nothing.write("/tmp/probe.sh", script)
        processor = folder / "cpuinfo"
        processor.write_text(PROCESSOR)
        binds = [(str(processor), "/proc/cpuinfo")]
        done = nothing.run(["sh", "/tmp/probe.sh"], user=True, binds=binds)
        assert done.returncode == 0, done.stderr
        self.described = json.loads(done.stdout)
        self.target = folder / "server.json"
        self.target.write_text(done.stdout)
        self._plain = None

    def _administrator(self):
        """Has installed the distribution's own Python."""
        self.nothing.insert(disc.iso(self.el))
        words = ["--disablerepo=*", "--repofrompath=disc,file://" + targets.DISC, "--nogpgcheck"]
        done = self.nothing.run(["yum", "-y", *words, "install", self.flavour.python[1]])
        assert done.returncode == 0, done.stderr
        self.nothing.eject()

    def bundle(self, *options):
        """(its path, what offkit said of it)"""
        out = str(self.folder / "bundle{}.tar".format(len(options)))
        words = [bundles.OFFKIT, "bundle", *self.wheels, "--target", str(self.target)]
        done = subprocess.run(
            [*words, *options, "--json", "-o", out], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return out, json.loads(done.stdout)

    def plain(self):
        """The bundle without RPMs, made once."""
        if self._plain is None:
            self._plain = self.bundle()
        return self._plain


@pytest.fixture(scope="module", params=NAMES, ids=lambda el: "el10" if el == 10 else el)
def server(request, tmp_path_factory):
    el = request.param
    if not disc.python(el):
        pytest.skip("this machine has no CPython {}".format(flavours.FLAVOURS[el].python[0]))
    with targets.target(el) as nothing:
        yield Server(el, nothing, tmp_path_factory.mktemp("server"))


def healthy(server, target, done, user=False):
    """The installation has ended well, the packages are imported, and the doctor finds nothing."""
    assert done.returncode == 0, journey.failed(done)
    imported = journey.python(target, "import " + server.module, user=user)
    assert imported.returncode == 0, imported.stderr
    code, said = journey.doctor(target, user)
    assert (code, said - journey.HASHLIB) == (0, set())


def test_the_probe_tells_what_it_is(server):
    """By os-release, with the glibc of its release, a processor that every release runs on, and its keys."""
    told = server.described
    assert releases.known().told(told["os_release"]).name == server.release.name
    assert told["glibc"] == "{}.{}".format(*server.release.glibc)
    assert told["cpu"]["level"] == "x86-64-v3"
    assert server.flavour.key in told["keys"]["files"]
    assert bool(told["pythons"]) is not bool(server.release.python)


def test_with_a_disc(server):
    """As root: Python and the libraries are installed by yum."""
    with targets.target(above=server.nothing) as target:
        journey.carry(target, server.plain()[0], disc.iso(server.el), name=DISC)
        healthy(server, target, journey.install(target, "--iso", DISC))
        assert target.run(["rpm", "-q", server.flavour.python[1], "libX11"]).returncode == 0


def test_with_rpms_from_a_mirror_before_the_gap(server):
    """Nothing is carried but the bundle."""
    key = shutil.copy(rpms.public_key(), str(server.folder / "key"))
    with mirror.mirror(disc.tree(server.el)) as url:
        bundle, said = server.bundle("--rpm-repo", url, "--rpm-key", key)
    names = {title.rsplit("-", 2)[0] for title in said["rpms"]}
    assert "libX11" in names
    assert "glibc" not in names
    with targets.target(above=server.nothing) as target:
        journey.carry(target, bundle)
        healthy(server, target, journey.install(target))


def test_without_root(server):
    """The same disc; rpm has nothing that it did not have before."""
    with targets.target(above=server.nothing) as target:
        journey.carry(target, server.plain()[0], disc.iso(server.el), user=True, name=DISC)
        healthy(server, target, journey.install(target, "--iso", DISC, user=True), user=True)
        assert target.run(["rpm", "-q", "libX11"]).returncode == 1
