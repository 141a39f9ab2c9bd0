"""RPMs of real repositories into a bundle: modules, the server's own packages, excludes, what cannot be solved,
signatures; and that dnf installs what is carried."""

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tracemalloc
from pathlib import Path
from xml.etree import ElementTree

import pytest

import distribution_maker as maker
import openpgp_maker
import repo_maker
from distribution_maker import Made, default, stream
from offkit.edges.tree import Tree
from offkit.media import loose
from offkit.media.medium import Directory
from offkit.model import layout
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online.carry import rpms
from offkit.online.rpms import engine, signatures
from offkit.online.rpms.places import Fetching
from target_maker import preset

pytest.importorskip("solv", reason="no offkit[rpm] here")
lacking = maker.lacking()
pytestmark = pytest.mark.skipif(bool(lacking), reason="no " + ", ".join(lacking))
EL8 = preset("3.6", "el8")


def lib(name, version="1", **more):
    return Made(name, version, provides=[f"{name}.so.1()(64bit)", *more.pop("provides", ())], **more)


GLIBC = Made("glibc", "2.28", provides=["libc.so.6()(64bit)"], files=["/sbin/ldconfig"])
BASH = Made("bash", "4.4", files=["/bin/sh"])
APP = Made("app-libs", "1", "1.module", provides=["libapp.so.1()(64bit)"], requires=["base-libs"])
BASE = Made("base-libs", "1", "1.module")
OTHER = Made("app-libs", "2", "1.module", provides=["libapp.so.1()(64bit)"])
PACKAGES = [
    GLIBC, BASH, APP, BASE, OTHER,
    Made("app-libs", "9", provides=["libapp.so.1()(64bit)"]),
    lib("libplain", requires=["(libextra if glibc)", "/usr/share/odd/file", "/bin/sh"]),
    lib("libextra"),
    Made("odd", files=["/usr/share/odd/file"]),
    lib("libnewer", requires=["glibc >= 2.34"]),
    lib("liboldglibc", requires=["glibc < 2"]),
    lib("libbound", requires=["glibc = 2.28"]),
    lib("libtwo-a", conflicts=["libtwo-b"]),
    lib("libtwo-b"),
    lib("libvictim", "3"),
    Made("libvictim-compat", "1", provides=["libvictim.so.1()(64bit)"]),
    lib("libtaker", obsoletes=["taken < 2"], conflicts=["foe"]),
]  # fmt: skip
STREAMS = "".join([
    stream("base", "1", [BASE]), default("base", "1"),
    stream("app", "1", [APP], requires=[("base", ["1"])]), default("app", "1"),
    stream("app", "2", [OTHER]),
])  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Its RPMs by their titles."""
    return maker.build(PACKAGES, tmp_path_factory.mktemp("made") / "rpms")


@pytest.fixture(scope="module")
def place(files, tmp_path_factory):
    return maker.repository(tmp_path_factory.mktemp("place") / "with a space", files.values(), STREAMS)


def choose(place, *names, keys=(), probe=None, target=EL8):
    """For the libraries of these names."""
    (more,) = rpms.more([str(place)], keys, [str(probe) if probe else None], True)
    more = more._replace(fetching=Fetching(lambda: pytest.fail("asks a server"), Path("/nonexistent")))
    wanted = [Library(f"{name}.so.1", (), ("wheel: x.so",), "", False) for name in names]
    rpms.look((), target, more)
    return rpms.choose((), Checklist(tuple(wanted)), target, (), more, Reporter())


def unpacked(chosen, top):
    """The repository as it lies on the server."""
    for each in chosen.members:
        contents = each.contents if isinstance(each.contents, bytes) else each.contents.read_bytes()
        repo_maker.write(top, each.path[len(layout.RPMS) :], contents)
    return str(top)


def probe(tmp_path, installed, streams=(), excludes=(), **more):
    """What 'offkit probe' writes, as far as it matters here."""
    path = tmp_path / "server.json"
    rows = [{"name": name, "stream": number, "state": "enabled", "profiles": []} for name, number in streams]
    path.write_text(
        json.dumps(
            {
                "packages": {one.title: list(one.provides) for one in installed},
                "modules": rows,
                "yum": {"exclude": list(excludes)},
                **more,
            }
        )
    )
    return path


def others(chosen):
    """What is said beside that these RPMs are not signed."""
    return tuple(one for one in chosen.findings if one.code != "RPM002")


def told(findings):
    return [(one.code, one.severity, one.subject) for one in findings]


def test_modules_are_carried_with_their_streams(place, files, tmp_path):
    """The default stream's package, not the newest; dnf takes what is carried for what it is."""
    chosen = choose(place, "libapp")
    assert chosen.titles == ("app-libs-1-1.module.x86_64", "base-libs-1-1.module.x86_64")
    assert told(others(chosen)) == [("RPM013", "info", "app:1"), ("RPM013", "info", "base:1")]
    top = unpacked(chosen, tmp_path / "rpms")
    root = maker.server(tmp_path / "root", [files[one.title] for one in (GLIBC, BASH)])
    assert maker.by_dnf(root, [top], [["app-libs"]], tmp_path) == [[list(chosen.titles), ""]]
    # Of another stream that the server has enabled it is dnf that hides them.
    there = maker.server(tmp_path / "there", [files[one.title] for one in (GLIBC, BASH)])
    ((found, _),) = maker.by_dnf(there, [top], [["app-libs"]], tmp_path / "2", enabled={"app": "2"})
    assert found is None


def test_the_stream_that_the_server_has_enabled(place, tmp_path):
    server = probe(tmp_path, [GLIBC, BASH], [("app", "2")])
    chosen = choose(place, "libapp", probe=server)
    assert chosen.titles == ("app-libs-2-1.module.x86_64",)
    assert told(others(chosen)) == [("RPM013", "info", "app:2")]


def test_what_else_a_probe_without_rpm_says(place, tmp_path):
    """Streams and excludes hold where no package is listed; what is installed is then that of the release."""
    assert choose(place, "libapp", probe=probe(tmp_path, [], [("app", "2")])).titles == (
        "app-libs-2-1.module.x86_64",)  # fmt: skip
    server = probe(tmp_path, [], excludes=["libvictim"])
    assert choose(place, "libvictim", probe=server).titles == ("libvictim-compat-1-1.x86_64",)
    server.write_text("{}")
    assert choose(place, "libapp", probe=server).titles == choose(place, "libapp").titles


@pytest.mark.parametrize(
    ("told", "streams"),
    [
        (None, True),  # nobody knows: what the streams ask for
        ({"os_release": {"PLATFORM_ID": "platform:an8"}}, True),
        ({"os_release": {"PLATFORM_ID": "platform:el8"}}, False),
        (
            {"os_release": {"PLATFORM_ID": "platform:an8"}, "yum": {"module_platform_id": "platform:el8"}},
            False,
        ),
    ],
)
def test_the_platform_that_modules_ask_for(files, tmp_path, told, streams):
    """It is the server's word, which need not be that of the release that it is like (Anolis OS 8 says an8)."""
    place = maker.repository(tmp_path / "place", files.values(), STREAMS.replace('"el8"', '"an8"'))
    server = told and probe(tmp_path, [GLIBC, BASH])
    if told:
        server.write_text(json.dumps({**json.loads(server.read_text()), **told}))
    chosen = choose(place, "libapp", probe=server)
    assert ("app-libs-1-1.module.x86_64" in chosen.titles) is streams


def test_conditions_and_files(place, files, tmp_path):
    """A file that only filelists.xml knows of is found, and found again: by dnf in primary.xml, and in
    filelists.xml, where yum 3 looks for it, which counts the packages of both and goes by their order."""
    chosen = choose(place, "libplain")
    assert chosen.titles == ("libextra-1-1.x86_64", "libplain-1-1.x86_64", "odd-1-1.x86_64")
    assert others(chosen) == ()
    top = unpacked(chosen, tmp_path / "rpms")
    root = maker.server(tmp_path / "root", [files[one.title] for one in (GLIBC, BASH)])
    assert maker.by_dnf(root, [top], [["libplain"]], tmp_path) == [[list(chosen.titles), ""]]
    listed = {}
    for kind in ("primary", "filelists"):
        packed = (Path(top) / "repodata" / (kind + ".xml.gz")).read_bytes()
        tree = ElementTree.fromstring(gzip.decompress(packed))
        assert tree.get("packages") == "3"
        listed[kind] = list(tree)
    names = [one.findtext("{*}name") for one in listed["primary"]]
    assert [one.get("name") for one in listed["filelists"]] == names
    (odd,) = [one for one in listed["filelists"] if one.get("name") == "odd"]
    assert [one.text for one in odd.findall("{*}file")] == ["/usr/share/odd/file"]
    assert odd.get("pkgid") == hashlib.sha256(Path(files["odd-1-1.x86_64"]).read_bytes()).hexdigest()


def test_what_the_server_has_is_not_brought(place, tmp_path):
    """What its probe says; without one what every server has."""
    server = probe(tmp_path, [GLIBC, BASH, lib("libextra"), Made("odd")])
    assert choose(place, "libplain", probe=server).titles == ("libplain-1-1.x86_64",)
    assert choose(place, "libextra", probe=server) == rpms.NONE


def test_what_the_server_excludes(place, tmp_path):
    """Another way where there is one; else it comes, and is told."""
    server = probe(tmp_path, [GLIBC, BASH], excludes=["libvictim"])
    assert choose(place, "libvictim", probe=server).titles == ("libvictim-compat-1-1.x86_64",)
    server = probe(tmp_path, [GLIBC, BASH], excludes=["libextra*"])
    chosen = choose(place, "libplain", probe=server)
    assert "libextra-1-1.x86_64" in chosen.titles
    (found,) = others(chosen)
    assert (found.code, found.subject) == ("RPM015", "libextra-1-1.x86_64")
    assert "exclude=libextra*" in found.message


def test_what_the_server_does_not_include(place, tmp_path):
    server = probe(tmp_path, [GLIBC, BASH], yum={"includepkgs": ["libplain", "odd*"]})
    chosen = choose(place, "libplain", probe=server)
    assert "libextra-1-1.x86_64" in chosen.titles
    (found,) = others(chosen)
    assert (found.code, found.subject) == ("RPM015", "libextra-1-1.x86_64")
    assert "excluded by includepkgs=libplain odd* in yum.conf" in found.message


def test_versions_that_the_server_has_locked(place, tmp_path):
    """As it would say itself after the gap: another way where there is one, else it comes, and is told (RPM021)."""
    server = probe(tmp_path, [GLIBC, BASH], versionlock=["0:libvictim-2-1.*"])
    assert choose(place, "libvictim", probe=server).titles == ("libvictim-compat-1-1.x86_64",)
    server = probe(
        tmp_path, [GLIBC, BASH], versionlock=["libextra-0:0.9-1.*", "libextra-0:0.8-1.*", "nonsense"]
    )
    chosen = choose(place, "libplain", probe=server)
    assert "libextra-1-1.x86_64" in chosen.titles
    (found,) = others(chosen)
    assert (found.code, found.severity, found.subject) == ("RPM021", "warning", "libextra-1-1.x86_64")
    assert found.message == (
        "is needed, and is none of the versions that are locked on the server: "
        "libextra-0:0.9-1.*; libextra-0:0.8-1.*"
    )
    server = probe(tmp_path, [GLIBC, BASH], versionlock=["libextra-0:1-1.*"])
    assert others(choose(place, "libplain", probe=server)) == ()


@pytest.mark.parametrize("pattern", ["libvictim-0:3-1", "0:libvictim-3-1.*", "libvictim-0:3*"])
def test_a_pattern_with_an_epoch(place, tmp_path, pattern):
    """As the server's own yum compares it (server.system.filters)."""
    server = probe(tmp_path, [GLIBC, BASH], excludes=[pattern])
    assert choose(place, "libvictim", probe=server).titles == ("libvictim-compat-1-1.x86_64",)


@pytest.mark.parametrize("given", [["kernel", "libextra*"], "kernel, libextra*"])
def test_excludes_as_a_list_and_as_the_line_of_yum_conf(place, tmp_path, given):
    """The latter where somebody wrote the target's file by hand."""
    server = probe(tmp_path, [GLIBC, BASH], yum={"exclude": given})
    (told,) = [one for one in choose(place, "libextra", probe=server).findings if one.code == "RPM015"]
    assert told.message.startswith("is needed, and excluded by exclude=libextra* in")


def test_all_problems_at_once(place):
    """In plain sentences: RPM004 for what is nowhere, RPM012 for what contradicts."""
    with pytest.raises(RequestError) as caught:
        choose(place, "libtwo-a", "libtwo-b")
    (found,) = caught.value.findings
    assert found.code == "RPM012"
    assert "libtwo-a-1-1.x86_64 conflicts with libtwo-b, which is libtwo-b-1-1.x86_64" in found.message
    with pytest.raises(RequestError) as caught:
        choose(place, "libnowhere", "libapp", "libgone", target=EL8._replace(el=9, name="el9"))
    assert told(caught.value.findings) == [
        ("RPM004", "error", "libnowhere.so.1, libgone.so.1")]  # fmt: skip
    unmet = others(choose(place, "libnewer", "liboldglibc"))
    assert sorted((one.code, one.subject, one.message.split(",")[0]) for one in unmet) == [
        ("RPM004", "libnewer-1-1.x86_64", "requires glibc >= 2.34"),
        ("RPM004", "liboldglibc-1-1.x86_64", "requires glibc < 2"),
    ]


def test_a_library_of_a_stream_that_does_not_count(place, tmp_path):
    """It is there, and the reason is told."""
    server = probe(tmp_path, [GLIBC, BASH])
    data = json.loads(server.read_text())
    data["modules"] = [{"name": "app", "stream": "", "state": "disabled", "profiles": []}]
    server.write_text(json.dumps(data))
    chosen = choose(place, "libapp", probe=server)
    assert chosen.titles == ("app-libs-9-1.x86_64",)  # the ordinary one is hidden no longer


def test_a_library_that_only_idle_streams_have(tmp_path):
    """Not another repository helps, but the stream."""
    made = [GLIBC, BASH, Made("e2-libs", "1", "1.module", provides=["libe2.so.1()(64bit)"]),
            Made("e2-libs", "2", "1.module", provides=["libe2.so.1()(64bit)"])]  # fmt: skip
    built = maker.build(made, tmp_path / "rpms")
    streams = stream("e2", "1", [made[2]]) + stream("e2", "2", [made[3]])
    place = maker.repository(tmp_path / "place", built.values(), streams)
    with pytest.raises(RequestError) as caught:
        choose(place, "libe2", "libnowhere")
    assert {one.subject: one.fix for one in caught.value.findings} == {
        "libe2.so.1": "enable the stream on the server: dnf module enable e2:2 (or another of them); then write "
        "the target's file again with 'offkit probe', and give it: --target FILE",
        "libnowhere.so.1": "give a repository that has it as well: --rpm-repo URL",
    }
    server = probe(tmp_path, [GLIBC, BASH], [("e2", "2")])
    assert choose(place, "libe2", probe=server).titles == ("e2-libs-2-1.module.x86_64",)


def test_what_is_older_than_what_the_server_has(place, tmp_path):
    """What is there in a newer version is not wanted; where only an older one will do, that is told."""
    newer = GLIBC._replace(version="2.99")
    server = probe(tmp_path, [newer, BASH, lib("libvictim", "4"), lib("libnewest")])
    assert choose(place, "libvictim", probe=server) == rpms.NONE
    chosen = choose(place, "libbound", probe=server)
    assert chosen.titles == ("glibc-2.28-1.x86_64", "libbound-1-1.x86_64")
    (found,) = others(chosen)
    assert (found.code, found.subject) == ("RPM018", "glibc-2.28-1.x86_64")
    assert "older than glibc-2.99-1.x86_64, which the server has" in found.message


def test_what_takes_the_place_of_what_the_server_has(place, tmp_path):
    """Or has a conflict with it, which no repository here need have: of the installed packages a probe tells."""
    taken = Made("taken", "1.9")
    chosen = choose(place, "libtaker", probe=probe(tmp_path, [GLIBC, BASH, taken]))
    assert chosen.titles == ("libtaker-1-1.x86_64",)
    (found,) = others(chosen)
    assert (found.code, found.severity, found.subject) == ("RPM030", "info", "libtaker-1-1.x86_64")
    assert "obsoletes taken-1.9-1.x86_64, which the server has" in found.message
    for kept in ([], [Made("taken", "2")], [Made("takes", provides=["taken = 1"])]):
        assert not others(choose(place, "libtaker", probe=probe(tmp_path, [GLIBC, BASH, *kept])))
    assert not others(choose(place, "libtaker"))

    for foe in (Made("foe"), Made("friend", provides=["foe = 3"])):
        with pytest.raises(RequestError) as caught:
            choose(place, "libtaker", probe=probe(tmp_path, [GLIBC, BASH, foe]))
        (found,) = caught.value.findings
        assert found.code == "RPM012"
        assert f"conflicts with foe, which is {foe.title}" in found.message


YUM3 = Made("yum", "3.4.3", "168.el7", arch="noarch")
PLUGIN = Made("yum-plugin-priorities", "1.1.31", arch="noarch")


@pytest.mark.parametrize(
    ("installed", "plugins", "expected", "further"),
    [
        (None, "", "1", "2"),  # nobody knows the server: it is dnf's, as .repo files have it
        ([], "", "1", "2"),
        ([Made("yum", "4.7.0", arch="noarch")], "0", "1", "2"),
        ([YUM3], "1", "2", "2"),
        ([YUM3, PLUGIN], "1", "1", ""),
        ([YUM3, PLUGIN], "0", "2", "2"),
    ],
    ids=["unknown", "dnf", "yum 4", "yum 3", "its plugin", "no plugins"],
)  # fmt: skip
def test_priorities_of_a_repo_file(tmp_path, installed, plugins, expected, further):
    """What a server's own program makes of them: dnf takes the library from where it is; yum 3 has a plugin for
    them, which goes by the package's name alone."""
    sections = ""
    for version, turn, given in (("1", 10, ()), ("2", 20, ["libmore.so.1()(64bit)"])):
        made = maker.build([GLIBC, lib("libranked", version, provides=given)], tmp_path / f"rpms {version}")
        where = Path(maker.repository(tmp_path / version, made.values())).as_uri()
        sections += f"[r{version}]\nname=x\nbaseurl={where}\npriority={turn}\n"
    path = tmp_path / "x.repo"
    path.write_text(sections)
    server = None
    if installed is not None:
        yum = {"exclude": [], "plugins": plugins}
        server = probe(tmp_path, [GLIBC, BASH, *installed], yum=yum)
    assert choose(path, "libranked", probe=server).titles == (f"libranked-{expected}-1.x86_64",)
    if further:
        assert choose(path, "libmore", probe=server).titles == (f"libranked-{further}-1.x86_64",)
    else:
        with pytest.raises(RequestError) as caught:
            choose(path, "libmore", probe=server)
        assert "hidden by priority=10 of " in caught.value.findings[0].message


@pytest.mark.parametrize(
    ("level", "warned"), [("x86-64-v2", True), ("x86-64-v3", False), ("x86-64-v4", False), (None, False)]
)
def test_a_processor_that_is_older_than_its_release(place, tmp_path, level, warned):
    """There are builds of Enterprise Linux 10 for it; packages of the others it cannot run."""
    server = probe(tmp_path, [GLIBC, BASH])
    data = json.loads(server.read_text())
    data["cpu"] = {"level": level}
    server.write_text(json.dumps(data))
    el10 = EL8._replace(el=10, name="el10")
    told = [
        one for one in choose(place, "libbound", probe=server, target=el10).findings if one.code == "RPM026"
    ]
    assert len(told) == warned
    if warned:
        assert told[0].message == (
            "RPMs of el10 are built for x86-64-v3, and the server's processor is x86-64-v2"
        )
        assert "libbound-1-1.x86_64" in told[0].looked_in
    assert "RPM026" not in [one.code for one in choose(place, "libbound", probe=server).findings]


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A key that signs; its public half is a file."""
    yield from _key(tmp_path_factory)


@pytest.fixture
def own_key(tmp_path_factory):
    """One whose ring may get others."""
    yield from _key(tmp_path_factory)


def _key(tmp_path_factory):
    if not shutil.which("gpg") or not shutil.which("rpmsign"):
        pytest.skip("no gpg, or no rpmsign")
    home = tmp_path_factory.mktemp("gpg", numbered=True)
    os.chmod(home, 0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--no-tty", "--passphrase", ""]
    subprocess.run(
        [*gpg, "--quick-gen-key", "offkit test", "rsa2048", "sign", "never"], check=True, capture_output=True
    )
    public = home / "RPM-GPG-KEY-test"
    done = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True)
    public.write_bytes(done.stdout)
    yield home, public
    with contextlib.suppress(OSError):
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)


def sign(home, rpm, who="offkit test"):
    define = ["--define", f"_gpg_name {who}", "--define", f"__gpg {shutil.which('gpg')}"]
    environment = dict(os.environ, GNUPGHOME=str(home))
    subprocess.run(["rpmsign", *define, "--addsign", rpm], check=True, capture_output=True, env=environment)


def signature_of(home, path):
    words = [
        "gpg",
        "--homedir",
        str(home),
        "--batch",
        "--passphrase",
        "",
        "--output",
        "-",
        "--detach-sign",
        path,
    ]
    return subprocess.run(words, check=True, capture_output=True).stdout


@pytest.fixture
def signed(files, key, tmp_path):
    """A repository with one signed RPM, and the place for the signature of its repomd.xml."""
    copy = shutil.copy(files["libextra-1-1.x86_64"], tmp_path)
    sign(key[0], copy)
    place = maker.repository(tmp_path / "signed", [copy])
    return place, Path(place, "repodata", "repomd.xml.asc")


@pytest.mark.parametrize("version", [4, 6])
def test_a_key_that_nothing_here_can_read(signed, key, tmp_path, version):
    """It is left out, and told, where another has signed, in whatever order they are; where there is no other,
    the reason is that they cannot be read."""
    (place, signature), (home, public) = signed, key
    newer = tmp_path / "RPM-GPG-KEY-newer"
    newer.write_text(openpgp_maker.key(version))
    both = tmp_path / "RPM-GPG-KEY-both"
    both.write_text(newer.read_text() + public.read_text() + newer.read_text())
    chosen = choose(place, "libextra", keys=[both])
    assert told(chosen.findings) == [("RPM019", "info", "RPM-GPG-KEY-both")]
    assert chosen.findings[0].message.startswith("has a key that rpm here cannot read")
    good = signature_of(home, os.path.join(place, "repodata", "repomd.xml"))
    for data in (good, good + openpgp_maker.signature(version)):
        signature.write_bytes(data)
        chosen = choose(place, "libextra", keys=[newer, public])
        assert told(chosen.findings) == [("RPM019", "info", "RPM-GPG-KEY-newer")] * 2
    with pytest.raises(EnvironmentProblem) as caught:
        choose(place, "libextra", keys=[newer])
    assert told(caught.value.findings) == [("RPM009", "error", "gpg")]
    assert "reads none of the keys: each of RPM-GPG-KEY-newer is" in caught.value.findings[0].message
    signature.write_bytes(openpgp_maker.signature(version))
    with pytest.raises(IntegrityError) as caught:
        choose(place, "libextra", keys=[newer, public])
    (found,) = caught.value.findings
    assert (found.code, found.message.split(";")[0]) == (
        "RPM017",
        "the signature of its repomd.xml: is of a newer kind, which gpg here cannot read",
    )
    signature.unlink()
    with pytest.raises(EnvironmentProblem) as caught:
        choose(place, "libextra", keys=[newer])
    assert told(caught.value.findings) == [("RPM009", "error", "rpm")]


def test_a_revoked_key(signed, key, tmp_path):
    """What it has signed is not signed."""
    (place, signature), (home, public) = signed, key
    signature.write_bytes(signature_of(home, os.path.join(place, "repodata", "repomd.xml")))
    (revocation,) = (home / "openpgp-revocs.d").glob("*.rev")
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "revocation").write_text(revocation.read_text().replace(":-----BEGIN", "-----BEGIN"))
    gpg = ["gpg", "--homedir", str(tmp_path / "home"), "--batch", "--no-autostart"]
    for words in (["--import", public], ["--import", tmp_path / "revocation"]):
        subprocess.run([*gpg, *map(str, words)], check=True, capture_output=True)
    revoked = tmp_path / "RPM-GPG-KEY-revoked"
    done = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True)
    revoked.write_bytes(done.stdout)
    with pytest.raises(IntegrityError) as caught:
        choose(place, "libextra", keys=[revoked])
    (found,) = caught.value.findings
    assert found.message == "the signature of its repomd.xml: is by a key that has been revoked"


def test_keys_of_the_release_that_are_at_hand(files, signed, key, tmp_path, monkeypatch):
    """Without --rpm-key: what is not signed is told, for the server refuses it; what is damaged is refused."""
    place, _ = signed
    assert choose(place, "libextra").findings == ()
    keys = tmp_path / "rpm-gpg"
    keys.mkdir()
    shutil.copy(key[1], keys / "RPM-GPG-KEY-rockyofficial")
    shutil.copy(key[1], keys / "RPM-GPG-KEY-somebody")
    monkeypatch.setattr(signatures, "_PLACES", (str(keys)[1:],))
    names = ["RPM-GPG-KEY-rockyofficial", "RPM-GPG-KEY-redhat-release"]
    assert signatures.at_hand(names) == [keys / "RPM-GPG-KEY-rockyofficial"]
    assert choose(place, "libextra").findings == ()
    more = [files[title] for title in ("libvictim-3-1.x86_64", "libtwo-a-1-1.x86_64")]
    unsigned = maker.repository(tmp_path / "unsigned", more)
    chosen = choose(unsigned, "libvictim", "libtwo-a")
    assert told(chosen.findings) == [("RPM002", "warning", "libtwo-a-1-1.x86_64")]
    assert chosen.findings[0].message == "is not signed, nor 1 other: the server refuses what is not"
    (rpm,) = Path(place).glob("*.rpm")
    rpm.write_bytes(rpm.read_bytes()[:-1] + b"?")
    shutil.rmtree(Path(place, "repodata"))
    with pytest.raises(IntegrityError) as caught:
        choose(place, "libextra")
    assert told(caught.value.findings) == [("RPM001", "error", "libextra-1-1.x86_64")]


def described(tmp_path, ids, imported=(), vendor=(), distribution="rocky"):
    """A probe with keys: ``ids`` by their files."""
    rows = [f"{key} {name}" for name, keys in ids.items() for key in keys]
    keys = {"files": list(ids), "ids": rows, "rpm": imported and list(imported), "vendor": list(vendor)}
    return probe(tmp_path, [GLIBC, BASH], keys=keys, os_release={"ID": distribution, "VERSION_ID": "8.10"})


OWN, OTHER_KEY = "RPM-GPG-KEY-rockyofficial", "0123456789abcdef"


def test_keys_that_the_server_has(signed, key, tmp_path):
    """Before the gap it is told that the server knows no key of these RPMs: as there, by the vendor's files and
    those in rpm; nothing where that cannot be told."""
    place, home = signed[0], key[0]
    listed = subprocess.run(
        ["gpg", "--homedir", str(home), "--list-keys", "--with-colons"],
        capture_output=True,
        text=True,
        check=True,
    )
    (own,) = re.findall(r"^pub:(?:[^:]*:){3}([0-9A-F]{16}):", listed.stdout, re.M)
    own, strange = own.lower(), {OWN: [OTHER_KEY]}
    rpm = ["f4a80eb5-53a7ff4b gpg(x)"]

    def said(*about, keys=(), **more):
        return told(choose(place, "libextra", probe=described(tmp_path, *about, **more), keys=keys).findings)

    refused = [("RPM003", "warning", "libextra-1-1.x86_64")]
    assert said(strange, rpm) == refused
    assert said(strange, rpm, keys=[key[1]]) == refused  # whoever was given it, the server is not
    assert said({**strange, "RPM-GPG-KEY-somebody": [own]}, rpm) == refused
    assert said({**strange, "RPM-GPG-KEY-more": [own]}, rpm, vendor=["RPM-GPG-KEY-more"]) == []
    assert said({OWN: [OTHER_KEY, own]}, rpm) == []
    assert said(strange, [f"{own[8:]}-53a7ff4b gpg(x)"]) == []
    assert said(strange, [f"{'0' * 24}{own} x public key"]) == []
    assert said({OWN: [OTHER_KEY, "-"]}, rpm) == []  # one of its keys nobody can tell
    assert said({OWN: []}, rpm) == []  # as older probes say it
    assert said({"RPM-GPG-KEY-somebody": [OTHER_KEY]}, rpm) == []  # no own one: that of the bundle counts
    assert said(strange, None) == []  # no rpm to check with
    (finding,) = choose(place, "libextra", probe=described(tmp_path, strange, rpm)).findings
    assert finding.message.endswith("which by its FILE the server has neither from its vendor nor in rpm")
    assert own[8:] in finding.message


def test_without_any_key(files, signed, key, tmp_path):
    """That an RPM has no signature at all, or is damaged where no metadata say what it is, needs none."""
    assert told(choose(signed[0], "libextra").findings) == []
    bare = tmp_path / "bare"
    bare.mkdir()
    for title in ("libvictim-3-1.x86_64", "libtwo-a-1-1.x86_64"):
        shutil.copy(files[title], bare)
    chosen = choose(bare, "libvictim", "libtwo-a")
    assert told(chosen.findings) == [("RPM002", "warning", "libtwo-a-1-1.x86_64")]
    damaged = bare / "libtwo-a-1-1.x86_64.rpm"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert choose(bare, "libvictim").titles == ("libvictim-3-1.x86_64",)
    for keys, codes, head in (
        ([], ["RPM001"], "RPMs are damaged"),
        ([key[1]], ["RPM001", "RPM002"], "RPMs are damaged, or not signed by the keys that were given"),
    ):
        with pytest.raises(IntegrityError) as caught:
            choose(bare, "libvictim", "libtwo-a", keys=keys)
        assert [one.code for one in caught.value.findings] == codes
        assert caught.value.message == head


def test_an_rpm_that_is_but_a_part(files, tmp_path):
    """Where it is needed, with both sizes: rpm calls its digests BAD."""
    name = "libtwo-b-1-1.x86_64"
    shutil.copy(files["libvictim-3-1.x86_64"], tmp_path)
    whole = Path(files[name]).read_bytes()
    (tmp_path / f"{name}.rpm").write_bytes(whole[:-10])
    assert choose(tmp_path, "libvictim").titles == ("libvictim-3-1.x86_64",)
    with pytest.raises(IntegrityError) as caught:
        choose(tmp_path, "libtwo-b")
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("RPM001", name)
    assert found.message == f"is damaged: {len(whole) - 10} of {len(whole)} bytes present"


def test_what_is_no_key(place, tmp_path):
    """Said before anything is asked."""
    (tmp_path / "key").write_bytes(b"<html>404</html>")
    with pytest.raises(UsageError, match=r"--rpm-key .*/key has no public key"):
        choose(place, "libextra", keys=[tmp_path / "key"])


def test_signatures_where_a_key_is_given(files, key, tmp_path):
    """Of RPMs by rpm, of repomd.xml by gpg."""
    home, public = key
    copies = []
    for title in ("libextra-1-1.x86_64", "libvictim-3-1.x86_64"):
        copies.append(shutil.copy(files[title], tmp_path))
    sign(home, copies[0])
    place = maker.repository(tmp_path / "signed", copies)
    chosen = choose(place, "libextra", keys=[public])
    assert chosen.titles == ("libextra-1-1.x86_64",)
    assert "rpms/RPM-GPG-KEY-test" in [one.path for one in chosen.members]
    with pytest.raises(IntegrityError) as caught:
        choose(place, "libextra", "libvictim", keys=[public])
    assert told(caught.value.findings) == [("RPM002", "error", "libvictim-3-1.x86_64")]
    repomd = os.path.join(place, "repodata/repomd.xml")
    Path(repomd + ".asc").write_bytes(signature_of(home, repomd))
    assert choose(place, "libextra", keys=[public]).titles == ("libextra-1-1.x86_64",)
    with open(repomd, "ab") as sink:
        sink.write(b"\n")
    with pytest.raises(IntegrityError) as caught:
        choose(place, "libextra", keys=[public])
    (found,) = caught.value.findings
    assert (found.code, found.message) == ("RPM017", "the signature of its repomd.xml: does not fit")


def test_a_repository_that_several_have_signed(files, own_key, tmp_path):
    """Each RPM by one of the keys of gpgkey=, be they in a file each or in one, or by a subkey; who has signed
    with none of them is named."""
    home, first = own_key
    gpg = ["gpg", "--homedir", str(home), "--batch", "--passphrase", ""]

    def run(*words):
        return subprocess.run([*gpg, *words], check=True, capture_output=True).stdout

    run("--quick-generate-key", "second", "rsa2048", "sign", "never")
    run("--quick-generate-key", "third", "rsa2048", "cert,sign", "never")
    listed = run("--list-keys", "--with-colons", "third").decode()
    run("--quick-add-key", re.findall("^fpr:+(\\w+):", listed, re.M)[0], "rsa2048", "sign", "never")
    subkey = re.findall("^fpr:+(\\w+):", run("--list-keys", "--with-colons", "third").decode(), re.M)[1]
    keys = {name: tmp_path / f"RPM-GPG-KEY-{name}" for name in ("second", "third", "both", "bytes")}
    keys["first"] = first
    for name in ("second", "third"):
        keys[name].write_bytes(run("--armor", "--export", name))
    keys["both"].write_bytes(first.read_bytes() + keys["second"].read_bytes())
    keys["bytes"].write_bytes(run("--export", "offkit test", "second", "third"))

    names = {"libextra": "offkit test", "libvictim": "second", "libtwo-b": "third"}
    titles = [title for title in files if title.rsplit("-", 2)[0] in names]
    copies = [shutil.copy(files[title], tmp_path) for title in titles]
    for title, copy in zip(titles, copies, strict=True):
        sign(home, copy, names[title.rsplit("-", 2)[0]])
    where = Path(maker.repository(tmp_path / "signed by several", copies)).as_uri()

    def chosen(*given):
        path = tmp_path / "x.repo"
        named = " ".join(keys[name].as_uri() for name in given)
        path.write_text(f"[x]\nname=x\nbaseurl={where}\ngpgkey={named}\n")
        return choose(path, *names)

    for given in (("first", "second", "third"), ("both", "third"), ("bytes",)):
        found = chosen(*given)
        assert (len(found.titles), found.findings) == (3, ())
    for given, strange in ((("both",), ["libtwo-b"]), (("third", "second"), ["libextra"])):
        with pytest.raises(IntegrityError) as caught:
            chosen(*given)
        assert [(one.code, one.subject.rsplit("-", 2)[0]) for one in caught.value.findings] == [
            ("RPM003", name) for name in strange
        ]
    with pytest.raises(IntegrityError) as caught:
        chosen("both")
    assert subkey[-8:].lower() in caught.value.findings[0].message


def test_without_gpg(place, tmp_path, monkeypatch):
    """That a signature cannot be checked is not that it is wrong: exit code 4."""
    shutil.copytree(place, tmp_path / "signed")
    (tmp_path / "signed" / "repodata" / "repomd.xml.asc").write_bytes(b"whatever")
    (tmp_path / "key").write_bytes(b"\x99whatever")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem) as caught:
        choose(tmp_path / "signed", "libextra", keys=[tmp_path / "key"])
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("RPM009", "gpg")
    assert found.message.startswith("is not installed here, so the signature of the repomd.xml of ")


def test_without_the_extra(place, monkeypatch):
    """Said before anything is downloaded, with the line that helps: exit code 4."""

    def absent(name):
        if name in ("solv", "zstandard"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(engine.importlib, "import_module", absent)
    with pytest.raises(EnvironmentProblem) as caught:
        choose(place, "libapp")
    assert told(caught.value.findings) == [("RPM011", "error", "solv"), ("RPM011", "error", "zstandard")]
    assert caught.value.findings[0].fix.startswith("pip install 'offkit[rpm]'")


@pytest.mark.parametrize("packed", ["", ".gz", ".xz", ".bz2", ".zst"])
def test_metadata_however_they_are_packed(place, files, tmp_path, packed):
    """createrepo_c 1.0 packs with zstd where nobody says otherwise."""
    (whole,) = Path(place).glob("repodata/*-primary.xml.gz")
    xml = gzip.decompress(whole.read_bytes())
    squeeze = {**repo_maker.SQUEEZE, ".zst": engine.zstandard().ZstdCompressor().compress}[packed]
    for data, codes in ((squeeze(xml), []), (squeeze(xml)[:-9], ["REPO011"])):
        top = tmp_path / str(len(codes))
        href = "repodata/primary.xml" + packed
        repo_maker.write(top, href, data)
        repo_maker.write(top, "repodata/repomd.xml", repo_maker.repomd(("primary", href, data, len(xml))))
        shutil.copy(files["libextra-1-1.x86_64"], top)
        found = []
        try:
            assert choose(top, "libextra").titles == ("libextra-1-1.x86_64",)
        except IntegrityError as error:
            found = [one.code for one in error.findings]
        assert found == codes


def test_metadata_that_unpack_to_more_and_more(tmp_path):
    """zstd packs 256 MB of nothing into some kilobytes; they are never in memory at once."""
    pack = engine.zstandard().ZstdCompressor().compressobj()
    bomb = b"".join(pack.compress(bytes(1 << 20)) for _ in range(256)) + pack.flush()
    assert len(bomb) < 1 << 16
    repo_maker.write(tmp_path, "repodata/primary.xml.zst", bomb)
    row = ("primary", "repodata/primary.xml.zst", bomb, 1000)
    repo_maker.write(tmp_path, "repodata/repomd.xml", repo_maker.repomd(row))
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError) as caught:
            choose(tmp_path, "libextra")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
    (found,) = caught.value.findings
    assert found.message == "primary.xml.zst unpacks to more than the expected 1000 bytes"
    assert found.fix == "copy the directory again from where its RPMs come"


def test_metadata_as_others_write_them(place, files, tmp_path):
    """Any quotes will do; a package that cannot be copied into the bundle is refused, and not left out."""
    (whole,) = Path(place).glob("repodata/*-primary.xml.gz")
    xml = gzip.decompress(whole.read_bytes()).decode()
    shutil.copy(files["libextra-1-1.x86_64"], tmp_path)
    other = xml.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').replace("<summary>", "<summary>\xe9")
    for data, codes in (
        (re.sub(r'<location href="([^"]*)"', r"<location href='\1'", xml).encode(), []),
        (other.encode("latin-1"), ["REPO011"]),
    ):
        repo_maker.repository(tmp_path, (), xml=data)
        found = []
        try:
            chosen = choose(tmp_path, "libextra")
            (primary,) = [each for each in chosen.members if each.path.endswith("primary.xml.gz")]
            assert b'<location href="libextra-1-1.x86_64.rpm"/>' in gzip.decompress(primary.contents)
        except IntegrityError as error:
            found = [one.code for one in error.findings]
        assert found == codes


def test_a_probe_that_is_none(place, tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[]")
    with pytest.raises(UsageError, match="cannot be read as a target"):
        choose(place, "libapp", probe=path)
    path.write_text('{"packages": {"odd": 3, "-": ["x y z", ""]}, "modules": 3}')
    with pytest.raises(UsageError, match="cannot be read as a target"):
        choose(place, "libapp", probe=path)
    path.write_text('{"packages": {"odd": 3, "-": ["x y z", ""]}, "yum": null}')
    assert len(choose(place, "libapp", probe=path).titles) == 2


def test_the_place_is_a_directory(place):
    assert Directory(Tree("/"), place).bases() == [""]


def test_a_folder_of_rpms(files, tmp_path):
    """Without metadata, in folders of its own: it is read as it is, and nothing is written there."""
    folder = tmp_path / "from dnf download" / "x"
    os.makedirs(folder)
    for title in ("libextra-1-1.x86_64", "libplain-1-1.x86_64", "odd-1-1.x86_64", "libvictim-3-1.x86_64"):
        shutil.copy(files[title], folder)
    before = sorted(os.listdir(folder.parent))
    assert choose(folder.parent, "libplain").titles == (
        "libextra-1-1.x86_64", "libplain-1-1.x86_64", "odd-1-1.x86_64")  # fmt: skip
    assert sorted(os.listdir(folder.parent)) == before
    (folder / "cut off.rpm").write_bytes(Path(files["libextra-1-1.x86_64"]).read_bytes()[:900])
    with pytest.raises(IntegrityError) as caught:
        choose(folder.parent, "libplain")
    (found,) = caught.value.findings
    assert found.code == "REPO011"
    assert found.message.startswith("x/cut off.rpm is truncated")
    assert found.fix == "copy the directory again from where its RPMs come"


def test_a_folder_is_what_createrepo_makes_of_it(files, tmp_path):
    """The same packages, and the same answers for each of these libraries and for all that can be had at once;
    a file that one folder wants of another is found too."""
    whole = maker.repository(tmp_path / "whole", files.values())
    bare = shutil.copytree(whole, tmp_path / "bare", ignore=shutil.ignore_patterns("repodata"))
    names = {one.name for one in PACKAGES}
    ours, theirs = (
        sorted(
            one._replace(requires=tuple(sorted(one.requires)))
            for one in Directory(Tree("/"), str(top)).repository("").search((), names).packages
        )
        for top in (prepared(bare), whole)
    )
    assert ours == theirs
    libraries = [one.partition(".so")[0] for made in PACKAGES for one in made.provides if ".so." in one]
    asked = [[each] for each in sorted({*libraries} - {"libc"})]
    for each in [*asked, ["libplain", "libapp", "libvictim", "libnewer"], ["libtwo-a", "libtwo-b"]]:
        assert answer(bare, each) == answer(whole, each), each
    apart = tmp_path / "apart"
    apart.mkdir()
    os.rename(bare / "odd-1-1.x86_64.rpm", apart / "odd-1-1.x86_64.rpm")
    (more,) = rpms.more([str(bare), str(apart)], (), [None], True)
    more = more._replace(fetching=Fetching(lambda: pytest.fail("asks a server"), Path("/nonexistent")))
    wanted = Checklist((Library("libplain.so.1", (), ("wheel: x.so",), "", False),))
    assert "odd-1-1.x86_64" in rpms.choose((), wanted, EL8, (), more).titles


def prepared(folder):
    """A copy with what its metadata would be."""
    top = str(folder) + " for yum"
    os.mkdir(top)
    loose.lay_out(top, str(folder), Directory(Tree("/"), str(folder)).loose(), ())
    return top


def answer(place, names):
    try:
        chosen = choose(place, *names)
    except RequestError as error:
        return [one[:4] for one in error.findings]
    return chosen.titles, chosen.sonames, chosen.size, [one[:4] for one in chosen.findings]
