"""install.sh on a server without the Python: an ISO read without mounting it, RPMs verified and unpacked.

The RPMs, their signatures and the ISO are real. The Python in them is a stand-in, a script that
starts the one that runs the tests, and so is offkit.pyz.
"""

import fcntl
import glob
import gzip
import os
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

import bundle_maker
import install_sh
import repo_maker
import rpm_tools
from install_sh import REAL, every_shell, sh
from offkit.edges.tree import Tree
from offkit.media import loose, medium
from offkit.media.repodata import parse_repomd

KEY = "RPM-GPG-KEY-CentOS-7"
TOOLS = [*install_sh.TOOLS, "rpm", "rpm2cpio", "cpio", "xz", "bzip2", "flock", "unshare", "mount", "umount"]
# Answers what install.sh asks as a Python 3.6 would, and is the running one otherwise.
PYTHON = """#!/bin/sh
case $* in *version_info*) echo 3.6 && exit ;; esac
exec "{}" "$@"
""".format(REAL).encode()
PYZ = bundle_maker.zipped(
    {
        "__main__.py": b"import os, sys\n"
        b"if sys.argv[1] == 'adopt-python':\n"
        b"    assert os.listdir(sys.argv[2]) == ['usr'], sys.argv\n"
        b"    command = sys.argv[2] + '/usr/bin/python3.6'\n"
        b"    if os.path.islink(command):\n"
        b"        inside = os.path.relpath(sys.argv[2] + os.readlink(command), os.path.dirname(command))\n"
        b"        os.unlink(command)\n"
        b"        os.symlink(inside, command)\n"
        b"    sys.exit(os.environ.get('ADOPT', 0) and 'PY024 it does not start')\n"
        b"if '--dry-run' in sys.argv and 'REFUSE' in os.environ:\n"
        b"    print('{}')\n"
        b"    sys.exit('error: RPM004 libSM.so.6 is on none of the media')\n"
        b"print('runtime', sys.argv[1:])\n"
    }
)


pytestmark = install_sh.without_python36


@pytest.fixture(scope="module")
def disc(tmp_path_factory):
    """A directory with signed python3 and python3-libs, something else, and the key; beside it unsigned ones."""
    rpm_tools.need()
    place = tmp_path_factory.mktemp("disc")
    key = rpm_tools.Key(place / "gnupg")
    for folder in ("signed", "unsigned"):
        (place / folder).mkdir()
        command = {"/usr/bin/python3.6": PYTHON, "/usr/bin/python3": "python3.6"}
        one = rpm_tools.build(place / folder, "python3", command)
        libraries = {"/usr/lib64/libother.so.1": b"library", "/usr/lib64/python3.6/os.py": b"# os\n"}
        two = rpm_tools.build(place / folder, "python3-libs", libraries)
        other = rpm_tools.build(place / folder, "aaa", {"/usr/share/aaa": b"a"})
        if folder == "signed":
            key.sign(one, two, other)
    (place / "top").mkdir()
    rpm_tools.repository(place / "top", glob.glob(str(place / "signed" / "*.rpm")))
    shutil.copy(key.public, str(place / "top" / KEY))
    (place / "top" / ".discinfo").write_text("7.9\n")
    rpm_tools.image(place / "disc.iso", place / "top")
    return place


@pytest.fixture
def server(tmp_path):
    return install_sh.make_server(tmp_path, TOOLS, series="3.6", pyz=PYZ)


def altered(disc, server, change):
    """The path of an ISO whose tree ``change(top)`` has altered."""
    top = server / "top"
    shutil.copytree(str(disc / "top"), str(top))
    change(top)
    return rpm_tools.image(server / "altered.iso", top)


def again(top):
    shutil.rmtree(str(top / "repodata"))
    rpm_tools.run(["createrepo_c", "--quiet", "--compatibility", str(top)])


def install(server, *args, **more):
    return sh(server, server / "medium" / "bundle.tar", "--prefix", server / "a prefix", *args, **more)


def assert_untouched(server):
    assert not (server / "a prefix").exists()
    assert os.listdir(str(server / "tmp")) == []


@every_shell
def test_a_python_out_of_the_iso(disc, server, shell):
    """Unpacked below the prefix; offkit gets every option as it was given; the second time it is there."""
    install_sh.tools_of(server, shell)
    code, out, err = install(server, "--iso", disc / "disc.iso", "--no-root", shell=shell)
    assert code == 0, err
    bundle = str(server / "medium" / "bundle.tar")
    given = ["--prefix", str(server / "a prefix"), "--iso", str(disc / "disc.iso"), "--no-root"]
    assert out == "runtime {!r}\n".format(["install", bundle] + given)
    assert "Python 3.6 is not installed here; it comes from packages of the media" in err
    place = server / "a prefix" / "python"
    assert os.listdir(str(place)) == ["3.6.8-rpm"]
    assert (place / "3.6.8-rpm/usr/lib64/python3.6/os.py").read_bytes() == b"# os\n"
    assert os.readlink(str(place / "3.6.8-rpm/usr/bin/python3")) == "python3.6"
    assert not (place / "3.6.8-rpm/usr/share").exists()
    assert os.listdir(str(server / "tmp")) == []
    before = bundle_maker.listing(str(place))
    assert install(server, shell=shell) == (0, "runtime {!r}\n".format(["install", bundle] + given[:2]), "")
    assert bundle_maker.listing(str(place)) == before


@every_shell
@pytest.mark.parametrize("value", ["1", "/nowhere"])
def test_variables_of_the_environment(disc, server, shell, value):
    """Whatever is set there, the RPMs are read, verified and unpacked as ever."""
    install_sh.tools_of(server, shell)
    more = install_sh.polluted(server, value)
    code, out, err = install(server, "--iso", disc / "disc.iso", "--no-root", shell=shell, env=more)
    assert (code, out[:10]) == (0, "runtime ['"), err
    assert os.listdir(str(server / "a prefix" / "python")) == ["3.6.8-rpm"]
    assert os.listdir(str(server / "tmp")) == []


@every_shell
def test_a_directory_and_relative_paths(disc, server, shell):
    """--rpm-repo with a copied tree; what is relative stays so for offkit."""
    install_sh.tools_of(server, shell)
    shutil.copytree(str(disc / "top"), str(server / "a tree"))
    args = ["medium/bundle.tar", "--prefix=a prefix", "--rpm-repo=a tree", "--no-root", "-q"]
    code, out, err = sh(server, *args, cwd=str(server), shell=shell)
    assert (code, err) == (0, "")
    assert out == "runtime {!r}\n".format(["install"] + args)


@every_shell
@pytest.mark.parametrize("dry", [["--dry-run"], []], ids=["dry", "wet"])
def test_packages_in_the_bundle(disc, server, shell, dry):
    """Nothing else has to be carried: the bundle's own RPMs are a medium."""
    install_sh.tools_of(server, shell)
    top = disc / "top"
    paths = [path for path in top.rglob("*") if path.is_file() and not path.name.startswith((".", "aaa"))]
    members = {"rpms/" + str(path.relative_to(top)): path.read_bytes() for path in paths}
    titles = ["python3-3.6.8-1.el7.x86_64", "python3-libs-3.6.8-1.el7.x86_64"]
    install_sh.write_bundle(server / "medium", series="3.6", pyz=PYZ, extra=members, rpms=titles)
    code, out, err = install(server, "--no-root", *dry, shell=shell)
    assert code == 0, err
    assert out.startswith("runtime ['install'")
    if dry:
        assert (
            "take python3-3.6.8-1.el7.x86_64.rpm, python3-libs-3.6.8-1.el7.x86_64.rpm from bundle.tar, and"
            in out
        )
        assert_untouched(server)
    else:
        assert "comes from packages in the bundle, unpacked below" in err
        assert os.listdir(str(server / "a prefix/python")) == ["3.6.8-rpm"]
        assert "--rpm-repo" not in out
        assert os.listdir(str(server / "tmp")) == []


@every_shell
@pytest.mark.skipif(shutil.which("genisoimage") is None, reason="genisoimage is not installed")
def test_an_iso_with_the_names_of_joliet(disc, server, shell):
    """As Windows makes it, without Rock Ridge."""
    install_sh.tools_of(server, shell)
    iso = str(server / "joliet.iso")
    argv = ["genisoimage", "-quiet", "-J", "-joliet-long", "-V", "X", "-o", iso, str(disc / "top")]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    code, _, err = install(server, "--iso", iso, "--no-root", shell=shell)
    assert code == 0, err
    assert (server / "a prefix/python/3.6.8-rpm/usr/lib64/python3.6/os.py").read_bytes() == b"# os\n"


@every_shell
def test_a_folder_without_repodata(disc, server, shell):
    """As 'yum install --downloadonly' leaves it: read as it is, wherever the files lie below it, and verified
    as always."""
    install_sh.tools_of(server, shell)
    folder = server / "a folder"
    (folder / "p").mkdir(parents=True)
    for path in glob.glob(str(disc / "signed" / "*.rpm")):
        shutil.copy(path, str(folder / "p" / ("x " + os.path.basename(path))))
    shutil.copy(str(disc / "top" / KEY), str(folder / KEY))
    code, _, err = install(server, "--rpm-repo", folder, "--no-root", shell=shell)
    assert code == 0, err
    assert (server / "a prefix/python/3.6.8-rpm/usr/lib64/python3.6/os.py").read_bytes() == b"# os\n"
    assert not [name for name in os.listdir(str(folder)) if name not in ("p", KEY)]
    shutil.rmtree(str(server / "a prefix"))
    (folder / "p" / "y.rpm").write_bytes(b"nothing")
    code, _, err = install(server, "--rpm-repo", folder, "--no-root", "--dry-run", shell=shell)
    assert code == 0, err
    assert "warning: REPO011 {}: p/y.rpm is not an RPM file, and is left out".format(folder) in err
    (folder / "p" / "y.rpm").write_bytes(b"\xed\xab\xee\xdbnothing")
    code, _, err = install(server, "--rpm-repo", folder, "--no-root", shell=shell)
    assert code == 3
    assert "error: REPO011 {}: p/y.rpm is damaged or no RPM".format(folder) in err
    assert_untouched(server)


@every_shell
def test_a_version_that_leads_elsewhere(disc, server, shell):
    """Links are made of what packages are called: nothing is made outside their directory."""
    install_sh.tools_of(server, shell)
    folder = server / "a folder"
    folder.mkdir()
    (folder / "y.rpm").write_bytes(b"\xed\xab\xee\xdbx")
    says = r"package\tp\tnoarch\t0\t1/../../../../../escaped\t1\t9\n"
    install_sh.program(
        server / "bin" / "rpm", "case $* in *-qp*) printf '{}' ;; *) exit 1 ;; esac".format(says)
    )
    code, _, err = install(server, "--rpm-repo", folder, "--no-root", shell=shell)
    assert code == 3, err
    assert "error: REPO011 {}: y.rpm is damaged or no RPM".format(folder) in err
    assert not (server / "escaped.noarch.rpm").exists()


def files_of(filelists):
    """By the package that has them."""
    top = "{http://linux.duke.edu/metadata/filelists}"
    return {one.get("pkgid"): {each.text for each in one.findall(top + "file")} for one in filelists}


def test_how_a_folder_is_described(disc, server):
    """The same by install.sh and by offkit, but for files and the order."""
    script = (server / "medium" / "install.sh").read_text()
    functions = script[: script.index("\nmain ")] if "\nmain " in script else script
    start, end = functions.index("describe_rpms() {"), functions.index("add_source() {")
    sums = functions[functions.index("sum_of() {") :]
    text = functions[start:end] + sums[: sums.index("\n}\n") + 3]
    text += "outside() { return 1; }\nscratch=$1\ndescribe_rpms 1 x\n"
    (server / "s" / "media").mkdir(parents=True)
    os.symlink(str(disc / "signed"), str(server / "s" / "media" / "1"))
    subprocess.check_call(["sh", "-c", text, "x", str(server / "s")])
    ours = medium.of(str(disc / "signed")).repositories()[0].search((), ["python3", "python3-libs"]).packages
    theirs = medium.of(str(server / "s/media/1")).repositories()[0].search((), ["python3", "python3-libs"])
    assert len(ours) == 2
    assert sorted(theirs.packages) == sorted(ours)
    repodata = server / "s/media/1/repodata"
    listed = ElementTree.parse(str(repodata / "filelists.xml")).getroot()
    known = ElementTree.parse(str(repodata / "primary.xml")).getroot()
    common = "{http://linux.duke.edu/metadata/common}"
    assert [one.get("pkgid") for one in listed] == [one.findtext(common + "checksum") for one in known]
    tree = Tree(str(disc / "signed"))
    described = loose.describe(tree.open, ["/" + name for name in tree.names("/") if name.endswith(".rpm")])
    full = ElementTree.fromstring(gzip.decompress(described.metadata["repodata/filelists.xml.gz"]))
    assert files_of(listed) == files_of(full)
    assert len(parse_repomd((repodata / "repomd.xml").read_bytes())) == 2


@every_shell
def test_two_images_and_odd_names(disc, server, shell):
    """The packages lie on different discs; names and TMPDIR have spaces and letters of any language."""
    install_sh.tools_of(server, shell)
    images = []
    for number, kept in enumerate(("python3-3.6.8", "python3-libs-3.6.8"), 1):
        top = server / "top{}".format(number)
        shutil.copytree(str(disc / "top"), str(top))
        for path in (top / "Packages").iterdir():
            if not path.name.startswith(kept):
                path.unlink()
        again(top)
        images += [
            "--iso",
            rpm_tools.image(server / os.fsdecode("disque nº {}.iso".format(number).encode()), top),
        ]
    (server / "a tmp").mkdir()
    more = {"TMPDIR": str(server / "a tmp"), "LC_ALL": "C.UTF-8"}
    code, out, err = install(server, *(images + ["--no-root"]), shell=shell, env=more)
    assert code == 0, err
    assert out.startswith("runtime ")
    assert "disque nº 1.iso, disque nº 2.iso, and verify" in err
    assert os.listdir(str(server / "a tmp")) == []


@every_shell
@pytest.mark.parametrize("deep", ["", os.uname().machine + "/os"])
def test_el8_shape(disc, server, shell, deep):
    """Repositories in directories of the disc, and of a mirror's tree; python36's command is a link to another package's program."""
    install_sh.tools_of(server, shell)
    install_sh.write_bundle(server / "medium", series="3.6", el=8, pyz=PYZ)
    work = server / "work"
    work.mkdir()
    key = rpm_tools.Key(work / "gnupg")
    release = "39.module+el8.4.0"
    link = {"/usr/bin/python3.6": "/usr/libexec/platform-python3.6"}
    command = rpm_tools.build(work, "python36", link, release=release)
    program = rpm_tools.build(
        work, "platform-python", {"/usr/libexec/platform-python3.6": PYTHON}, release="59.el8"
    )
    library = rpm_tools.build(
        work, "python3-libs", {"/usr/lib64/python3.6/os.py": b"# os\n"}, release="59.el8"
    )
    key.sign(command, program, library)
    rpm_tools.repository(server / "top" / "AppStream" / deep, [command])
    rpm_tools.repository(server / "top" / "BaseOS" / deep, [program, library])
    shutil.copy(key.public, str(server / "top" / "RPM-GPG-KEY-rockyofficial"))
    iso = rpm_tools.image(server / "x.iso", server / "top")
    for given in (["--iso", iso], ["--rpm-repo", str(server / "top")]):
        code, _, err = install(server, *given, "--no-root", shell=shell)
        assert code == 0, err
        assert os.listdir(str(server / "a prefix/python")) == ["3.6.8-rpm"]
        shutil.rmtree(str(server / "a prefix"))


def flipped(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def tamper(top):
    flipped(top / "Packages/python3-libs-3.6.8-1.el7.x86_64.rpm", -40)


def tamper_well(top):
    """Whoever alters an RPM can also write new metadata: the signature is what he cannot."""
    tamper(top)
    again(top)


def unsign(top):
    for path in (top.parent / "unsigned").glob("*.rpm"):
        shutil.copy(str(path), str(top / "Packages"))
    again(top)


def without_key(top):
    (top / KEY).unlink()


def minimal(top):
    (top / "Packages/python3-3.6.8-1.el7.x86_64.rpm").unlink()
    again(top)


def without_repodata(top):
    shutil.rmtree(str(top / "repodata"))


def damaged_metadata(top):
    (path,) = (top / "repodata").glob("*primary.xml.gz")
    flipped(path, 60)


def rewritten(*pairs):
    """New metadata in which words are others; nobody signed it."""

    def change(top):
        rpm_tools.run(["createrepo_c", "--quiet", "--general-compress-type=gz", "--no-database", str(top)])
        (path,) = (top / "repodata").glob("*primary.xml.gz")
        text = gzip.decompress(path.read_bytes()).decode()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        packed = gzip.compress(text.encode())
        path.write_bytes(packed)
        index = repo_maker.repomd(("primary", "repodata/" + path.name, packed, len(text)))
        (top / "repodata/repomd.xml").write_bytes(index)

    return change


climbing_version = rewritten(('ver="3.6.8"', 'ver="3.6..8"'))
climbing_version.__name__ = "climbing_version"
# Blanks would shift the fields behind it, to where a number is taken for one.
version_of_many_words = rewritten(('ver="3.6.8"', 'ver="3.6.8 1 sha256 00 1 1 1eid>/tmp/x;#"'))
version_of_many_words.__name__ = "version_of_many_words"
size_that_is_none = rewritten(('installed="', 'installed="a[$(id>/tmp/x)]'))
size_that_is_none.__name__ = "size_that_is_none"
climbing_place = rewritten(('href="Packages/python3-libs', 'href="../media/Packages/python3-libs'))
climbing_place.__name__ = "climbing_place"


def climbing_metadata(top):
    (path,) = (top / "repodata").glob("*primary.xml.gz")
    index = repo_maker.repomd(("primary", "../repodata/" + path.name, path.read_bytes(), None))
    (top / "repodata/repomd.xml").write_bytes(index)


def zstd_metadata(top):
    """Only its first bytes and its checksum are looked at: nothing on that server unpacks it."""
    packed = b"\x28\xb5\x2f\xfdzstd"
    (top / "repodata/primary.xml.zst").write_bytes(packed)
    index = repo_maker.repomd(("primary", "repodata/primary.xml.zst", packed, None))
    (top / "repodata/repomd.xml").write_bytes(index)


BOTH = "python3-3.6.8-1.el7.x86_64.rpm, python3-libs-3.6.8-1.el7.x86_64.rpm"
FAILURES = [
    (climbing_version, 3, "REPO011 ISO: 3.6..8 is not a Python version"),
    (version_of_many_words, 3, "REPO011 ISO: its metadata describes python3"),
    (size_that_is_none, 3, "REPO011 ISO: its metadata describes python3"),
    (
        climbing_place,
        3,
        "RPM001 python3-libs-3.6.8-1.el7.x86_64.rpm on ISO is missing, although the metadata lists it",
    ),
    (climbing_metadata, 3, "REPO011 ISO: its metadata is outside the medium: ../repodata/"),
    (zstd_metadata, 4, "RPM008 ISO: no program here can unpack "),
    (
        tamper,
        3,
        "RPM001 python3-libs-3.6.8-1.el7.x86_64.rpm on ISO is damaged or altered: the checksum in the metadata is another",
    ),
    (tamper_well, 3, "RPM001 python3-libs-3.6.8-1.el7.x86_64.rpm on ISO is damaged or altered: rpm says"),
    (unsign, 3, "RPM002 {} on ISO are not signed".format(BOTH)),
    (without_key, 3, "RPM003 {} on ISO are signed with key ".format(BOTH)),
    (minimal, 4, "PY021 python3, the package of Python 3.6, is missing on ISO"),
    (without_repodata, 4, "REPO010 no yum repository on ISO"),
    (damaged_metadata, 3, "REPO011 ISO: repodata/"),
]


@pytest.mark.parametrize(("change", "code", "words"), FAILURES, ids=[f[0].__name__ for f in FAILURES])
def test_what_is_wrong_with_a_disc(disc, server, change, code, words):
    """Each has its code and exit code; nothing is written."""
    shutil.copytree(str(disc / "unsigned"), str(server / "unsigned"))
    iso = altered(disc, server, change)
    found, out, err = install(server, "--iso", iso, "--no-root")
    assert (found, out) == (code, "")
    assert "error: " + words.replace("ISO", iso) in err
    assert "fix: " in err
    assert_untouched(server)


HEADER = "    Header V3 RSA/SHA256 Signature, key ID f4a80eb5: {}\n    Header SHA1 digest: OK (5a9f)\n"
WHOLE = HEADER + "    V3 RSA/SHA256 Signature, key ID f4a80eb5: {}\n    MD5 digest: {}\n"


@every_shell
@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (WHOLE.format("OK", "OK", "OK (0cc1)"), 0, ""),
        ("    Header SHA1 digest: OK (5a9f)\n    MD5 digest: OK (0cc1)\n", 3, "RPM002 {} on ISO are not signed"),
        (HEADER.format("OK") + "    MD5 digest: OK (0cc1)\n", 3, "RPM002 {} on ISO are not signed: only its header is"),
        (WHOLE.format("NOKEY", "NOKEY", "OK (0cc1)"), 3, "RPM003 {} on ISO are signed with key f4a80eb5"),
        (WHOLE.format("OK", "BAD", "BAD (Expected 0cc1 != 1c72)"), 3, "RPM001 {} on ISO are damaged or altered: rpm says V3"),
        (WHOLE.format("NOKEY", "NOKEY", "BAD (Expected 0cc1 != 1c72)"), 3, "RPM001 {} on ISO are damaged or altered: rpm says MD5"),
        ("error: open failed\n", 3, "RPM001 {} on ISO are damaged or altered: rpm says error: open failed"),
    ],
)  # fmt: skip
def test_words_of_rpm_4_11(disc, server, shell, answer, code, words):
    """EL 7's rpm, played: a signature of the header alone says nothing of the payload there."""
    install_sh.tools_of(server, shell)
    (server / "bin/rpm").unlink()
    (server / "said").write_text(answer)
    install_sh.program(server / "bin/rpm", "case $* in *' -Kv '*) cat '{}' ;; esac\n".format(server / "said"))
    found, _, err = install(server, "--iso", disc / "disc.iso", "--no-root", shell=shell)
    assert found == code, err
    assert words.format(BOTH).replace("ISO", str(disc / "disc.iso")) in err


@every_shell
@pytest.mark.parametrize("name", ["o'x", 'a"b', "a$b", "a`b", "a\\b", "a!b", "a\nb", "ü", "a:b"])
def test_prefixes_that_would_not_do(disc, server, shell, name):
    """Refused before anything is unpacked: offkit itself would refuse it, or Python not start there."""
    install_sh.tools_of(server, shell)
    place = os.path.join(str(server), os.fsdecode(name.encode()))
    args = ["--prefix", place, "--iso", disc / "disc.iso", "--no-root"]
    code, _, err = sh(server, server / "medium/bundle.tar", *args, shell=shell)
    assert code == 4
    assert "error: ENV028 " in err
    assert not os.path.exists(place)


def test_a_disc_of_another_release(disc, server):
    """Whatever is newest on it is not for this server."""
    work = server / "work"
    work.mkdir()
    names = {"python3": "/usr/bin/x", "python3-libs": "/usr/lib64/y"}
    new = [rpm_tools.build(work, name, {names[name]: b"x"}, "3.9.9", "1.el9") for name in sorted(names)]
    rpm_tools.repository(server / "top", new)
    iso = rpm_tools.image(server / "el9.iso", server / "top")
    args = ["--iso", iso, "--iso", disc / "disc.iso", "--no-root", "--dry-run"]
    code, out, err = install(server, *args)
    assert code == 0, err
    assert "python3-3.6.8-1.el7.x86_64.rpm, python3-libs-3.6.8-1.el7.x86_64.rpm from disc.iso" in out
    code, _, err = install(server, "--iso", iso, "--no-root")
    assert (code, "error: PY021 python3, the package of Python 3.6, is missing on" in err) == (4, True)


def test_minimal_says_which_iso_has_it(disc, server):
    """The one thing to carry over the gap."""
    iso = altered(disc, server, minimal)
    err = install(server, "--iso", iso, "--no-root")[2]
    assert "fix: use CentOS 7.7 or later, the DVD or the Everything ISO; Minimal" in err


def test_another_key(disc, server):
    """A key of the right name that signed none of these."""
    other = rpm_tools.Key(server / "other")
    iso = altered(disc, server, lambda top: shutil.copy(other.public, str(top / KEY)))
    code, _, err = install(server, "--iso", iso, "--no-root")
    assert code == 3
    assert "error: RPM003 {} on {} are signed with key ".format(BOTH, iso) in err
    assert err.count("RPM003") == 1
    assert_untouched(server)


@every_shell
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_cut_short(disc, server, shell, part):
    """The image's own header says how long it is; every such image is named at once."""
    install_sh.tools_of(server, shell)
    whole = (disc / "disc.iso").read_bytes()
    (server / "cut.iso").write_bytes(whole[: int(len(whole) * part)])
    (server / "text.iso").write_bytes(b"no image\n" * 5000)
    args = ["--iso", server / "cut.iso", "--iso", server / "text.iso", "--no-root"]
    code, out, err = install(server, *args, shell=shell)
    assert (code, out) == (3, "")
    assert "REPO011 {} is truncated".format(server / "cut.iso") in err
    assert "REPO010 {} is not an ISO image".format(server / "text.iso") in err
    assert_untouched(server)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--iso", "nowhere.iso"], 2, "--iso: nowhere.iso does not exist"),
        (
            ["--iso", "medium"],
            2,
            "--iso: medium is a directory\nfix: --rpm-repo takes the directory of a repository",
        ),
        (["--rpm-repo", "medium/bundle.tar"], 2, "--rpm-repo: medium/bundle.tar is not a directory"),
        (["--iso=", "--no-root"], 2, "--iso is given, but empty"),
        (["--get-python", "magic"], 2, "--get-python takes one of build, source, packages, not 'magic'"),
        (["--frobnicate"], 2, "unknown option or second bundle: --frobnicate"),
        (["--keep", "none"], 2, "--keep takes a number from 1, or 'all', not 'none'"),
        (["--rpm-repo", "medium", "--no-root"], 4, "REPO010 no yum repository on medium"),
        (["--get-python", "build"], 4, "--get-python build: the bundle carries no build"),
    ],
)
def test_wrong_arguments(server, args, code, words):
    """Known before a Python is got."""
    found, out, err = sh(server, "medium/bundle.tar", *args, cwd=str(server))
    assert (found, out) == (code, "")
    assert words in err
    assert os.listdir(str(server / "tmp")) == []


def test_install_sh_of_another_bundle(disc, server, tmp_path_factory):
    """It is not the bundle that is damaged."""
    other = tmp_path_factory.mktemp("other")
    install_sh.write_bundle(other, series="3.6", pyz=PYZ, extra={"wheels/more": b"x"})
    bundle = other / "bundle.tar"
    args = [bundle, "--prefix", server / "p", "--iso", disc / "disc.iso", "--no-root"]
    code, out, err = sh(server, *args)
    assert (code, out) == (2, "")
    assert "install.sh is not the install.sh of {}, but of another bundle".format(bundle) in err
    assert "fix: extract its own: tar -xf '{}' install.sh".format(bundle) in err
    flipped(bundle, -2000)  # nor can it tell whether that one is
    assert sh(server, *args)[0] == 2


@every_shell
@pytest.mark.parametrize("series", ["3.6", install_sh.SERIES])
def test_install_sh_of_a_bundle_for_another_python(server, shell, series, tmp_path_factory):
    """Whether this one's Python is here or not, that is the first word: nothing else that it knows is about it."""
    install_sh.tools_of(server, shell)
    install_sh.real(server)
    other = tmp_path_factory.mktemp("other")
    install_sh.write_bundle(other, series="3.9", el=9, pyz=PYZ)
    install_sh.write_bundle(server / "medium", series=series, pyz=PYZ)
    bundle = other / "bundle.tar"
    code, out, err = sh(server, bundle, "--prefix", server / "p", shell=shell)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "error: {} is not the install.sh of {}, but of another bundle".format(
            server / "medium" / "install.sh", bundle
        ),
        "fix: extract its own: tar -xf '{}' install.sh".format(bundle),
    ]


def test_another_machine(server):
    """Known before a Python is got."""
    (server / "bin/uname").unlink()
    install_sh.program(server / "bin/uname", "echo riscv64\n")
    code, _, err = install(server)
    assert code == 4
    assert "error: ENV021 this machine is riscv64, the bundle is for x86_64" in err


def test_a_damaged_bundle_gets_no_python(disc, server):
    """Its wheels are looked at before an hour of work, and before anything of it is used."""
    bundle = server / "medium" / "bundle.tar"
    flipped(bundle, -2000)
    code, out, err = install(server, "--iso", disc / "disc.iso", "--no-root")
    assert (code, out) == (3, "")
    assert "bundle.tar is damaged: its bytes from" in err
    assert_untouched(server)


@every_shell
def test_dry_run(disc, server, shell):
    """The steps so far go to offkit, with the Python that will be there; a copy in TMPDIR stands in for it."""
    install_sh.tools_of(server, shell)
    code, out, err = install(server, "--iso", disc / "disc.iso", "--no-root", "--dry-run", "--", shell=shell)
    assert (code, err) == (0, "")
    place = server / "a prefix/python/3.6.8-rpm"
    steps = [
        "take python3-3.6.8-1.el7.x86_64.rpm, python3-libs-3.6.8-1.el7.x86_64.rpm from disc.iso, and verify the"
        " repository's checksums and the distribution's signatures",
        "unpack them to {}".format(place),
    ]
    words = ["install", "--planned-step", steps[0], "--planned-step", steps[1]]
    words += ["--planned-python", "3.6.8={}/usr/bin/python3.6".format(place)]
    words += [str(server / "medium" / "bundle.tar"), "--prefix", str(server / "a prefix")]
    words += ["--iso", str(disc / "disc.iso"), "--no-root", "--dry-run", "--"]
    assert out == "runtime {!r}\n".format(words)
    assert_untouched(server)


@every_shell
def test_dry_run_where_no_python_can_tell_the_rest(disc, server, shell):
    """Every step in order, the last in general terms."""
    install_sh.tools_of(server, shell)
    (server / "bin/cpio").unlink()
    install_sh.program(server / "bin/cpio", "exit 1\n")
    code, out, err = install(server, "--iso", disc / "disc.iso", "--no-root", "--dry-run", shell=shell)
    assert (code, err) == (0, "")
    assert [line[:11] for line in out.splitlines()] == ["  {}. would ".format(n) for n in (1, 2, 3, 4)]
    assert "install the wheels into it" in out
    assert "4. would in doing so, unpack from the RPMs" in out
    assert_untouched(server)


def test_dry_run_names_what_is_wrong(disc, server):
    """As without --dry-run."""
    iso = altered(disc, server, tamper)
    code, out, err = install(server, "--iso", iso, "--no-root", "--dry-run")
    assert (code, out) == (3, "")
    assert "error: RPM001 python3-libs" in err
    assert_untouched(server)


def test_an_interpreter_that_does_not_start(disc, server):
    """What offkit says of it; nothing stays."""
    code, out, err = install(server, "--iso", disc / "disc.iso", "--no-root", env={"ADOPT": "1"})
    assert (code, out) == (4, "")
    assert "error: PY024 the Python from python3-3.6.8-1.el7.x86_64.rpm" in err
    assert "it does not start" in err
    assert_untouched(server)


WRITING = ("mktemp", "mkdir", "rpm", "cpio", "mv", "ln", "rm")


def counted(server, kill_at):
    """Every command that writes is counted in server/count; the ``kill_at``-th call is SIGKILL for all, before
    (even numbers) or after it (odd ones). ``kill`` 0 is the whole process group."""
    (server / "count").write_text("0")
    for tool in WRITING:
        link = server / "bin" / tool
        there = os.readlink(str(link)) if link.is_symlink() else shutil.which(tool)
        if link.exists() or link.is_symlink():
            link.unlink()
        install_sh.program(
            link,
            'read -r n <"{0}"\necho $((n + 2)) >"{0}"\n[ "$n" -ne {1} ] || kill -9 0\n'
            '"{2}" "$@"\ns=$?\n[ $((n + 1)) -ne {1} ] || kill -9 0\nexit $s\n'.format(
                server / "count", kill_at, there
            ),
        )


def test_killed_anywhere(disc, server):
    """SIGKILL before or after every third command that writes: the next run ends well and leaves nothing else."""
    args = ["--iso", disc / "disc.iso", "--no-root", "-q"]
    counted(server, -1)
    assert install(server, *args)[0] == 0
    calls = int((server / "count").read_text())
    assert calls > 20
    clean = bundle_maker.listing(str(server / "a prefix"))
    for kill_at in range(1, calls, 3):
        shutil.rmtree(str(server / "a prefix"))
        counted(server, kill_at)
        killed = install(server, *args, start_new_session=True)[0]
        assert killed in (-9, 0), kill_at  # 0: what runs when offkit has ended
        counted(server, -1)
        code, _, err = install(server, *args)
        assert (code, err) == (0, ""), kill_at
        assert bundle_maker.listing(str(server / "a prefix")) == clean, kill_at
        for left in (server / "tmp").iterdir():
            assert os.listdir(str(left)) == [], kill_at  # killed before it could say whose it is
            left.rmdir()


@every_shell
@pytest.mark.parametrize(("more", "document"), [([], ""), (["--json"], "{}\n")], ids=["text", "json"])
def test_what_offkit_could_not_install_gets_no_python(disc, server, shell, more, document):
    """The plan comes first: a library that no medium has ends it with offkit's words and exit code."""
    install_sh.tools_of(server, shell)
    args = ["--iso", disc / "disc.iso", "--no-root", *more]
    code, out, err = install(server, *args, shell=shell, env={"REFUSE": "1"})
    assert (code, out) == (1, document)
    assert err.endswith("error: RPM004 libSM.so.6 is on none of the media\n")
    assert_untouched(server)


def test_leftovers_of_a_killed_run(disc, server):
    """What was half-unpacked is cleared away."""
    left = server / "a prefix/python/.building-3.6.8-rpm"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"")
    code, _, err = install(server, "--iso", disc / "disc.iso", "--no-root")
    assert code == 0, err
    assert os.listdir(str(server / "a prefix/python")) == ["3.6.8-rpm"]


@every_shell
def test_a_signal_while_unpacking(disc, server, shell):
    """Ctrl-C reaches everything in the foreground: exit as after a signal, and nothing half-done."""
    install_sh.tools_of(server, shell)
    (server / "bin/cpio").unlink()
    install_sh.program(server / "bin/cpio", ": >started\nkill -INT 0\nexit 1\n")
    args = ["--iso", disc / "disc.iso", "--no-root"]
    code, out, err = install(server, *args, shell=shell, start_new_session=True)
    assert (code, out) == (130, ""), err
    assert_untouched(server)


def test_two_at_once(disc, server):
    """The second says so; the first one's half is not touched."""
    if shutil.which("flock") is None:
        pytest.skip("there is no flock here")
    place = server / "a prefix/python"
    (place / ".building-3.6.8-rpm").mkdir(parents=True)
    before = bundle_maker.listing(str(place))
    holder = os.open(str(place), os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        code, _, err = install(server, "--iso", disc / "disc.iso", "--no-root")
    finally:
        os.close(holder)
    assert code == 4
    assert "error: ENV030 another install.sh is providing a Python in {}".format(place) in err
    assert bundle_maker.listing(str(place)) == before


@every_shell
def test_no_room(disc, server, shell):
    """Reckoned before anything is written: Python, the wheels and what they hold."""
    install_sh.tools_of(server, shell)
    (server / "bin" / "df").unlink()
    words = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 90 10 90% /"
    install_sh.program(server / "bin" / "df", "echo '{}'\n".format(words))
    code, _, err = install(server, "--iso", disc / "disc.iso", "--no-root", shell=shell)
    assert code == 4
    assert "error: ENV024 " in err
    assert " below {}, 0 MB are free".format(server / "a prefix") in err
    assert_untouched(server)


@pytest.mark.parametrize(("option", "code"), [("noexec", "ENV026"), ("ro", "ENV027")])
@pytest.mark.parametrize("dry", [["--dry-run"], []], ids=["dry", "wet"])
def test_a_prefix_that_cannot_run_anything(disc, server, dry, option, code):
    """What is mounted how is seen in the table of mounts, whatever the name of the place."""
    rpm_tools.need_namespace()
    place = server / "a no\\exec place"
    place.mkdir()
    argv = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"',
        "sh",
        option,
        place,
    ]
    argv += [
        "sh",
        server / "medium/install.sh",
        "--prefix",
        place / "below",
        "--no-root",
        "--iso",
        disc / "disc.iso",
    ]
    done = subprocess.Popen(
        [str(arg) for arg in argv + dry],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            "PATH": "{}:/usr/sbin:/sbin".format(server / "bin"),
            "TMPDIR": str(server / "tmp"),
            "HOME": str(server),
        },
    )
    out = done.communicate()[0].decode()
    assert done.returncode == 4, out
    assert "error: {} {} is mounted {}".format(code, place, {"ro": "read-only"}.get(option, option)) in out


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_prefix_that_is_none(disc, server, place):
    """A file in the way."""
    (server / "file").write_bytes(b"")
    bundle = server / "medium" / "bundle.tar"
    code, _, err = sh(server, bundle, "--prefix", server / place, "--iso", disc / "disc.iso", "--no-root")
    assert code == 4
    assert "error: ENV027 {} is not a directory".format(server / "file") in err


@every_shell
def test_beyond_four_gigabytes(server, shell):
    """Nothing counts in 32 bits: a file that begins 5 GB into the image, which is sparse."""
    install_sh.tools_of(server, shell)
    sector, far = repo_maker.SECTOR, 2500000
    data = repo_maker.image({"one": b"1" * 3000})
    near = repo_maker.both(data.index(b"1" * 3000) // sector)
    assert data.count(near + repo_maker.both(3000)) == 1
    data = data.replace(near + repo_maker.both(3000), repo_maker.both(far) + repo_maker.both(3000))
    image = server / "big.iso"
    with open(str(image), "wb") as sink:
        sink.write(data[: 16 * sector + 80] + repo_maker.both(far + 2) + data[16 * sector + 88 :])
        sink.seek(far * sector)
        sink.write((b"far away" * 375).ljust(2 * sector, b"-"))
    script = server / "try.sh"
    parts = install_sh.after_the_self_check("start", "iso")
    text = (
        parts
        + "\nscratch='{1}'\nproblems=\nproblem() { echo \"$1\"; }\niso_check '{0}'\niso_read '{0}' one\n"
    )
    script.write_text(text.replace("{0}", str(image)).replace("{1}", str(server)))
    assert sh(server, script=str(script), shell=shell) == (0, "far away" * 375, "")
    with open(str(image), "r+b") as sink:
        sink.truncate((far + 1) * sector)
    out = sh(server, script=str(script), shell=shell)[1]
    assert "REPO011 {} is truncated: it has {} bytes".format(image, (far + 1) * sector) in out


@every_shell
def test_two_images_of_one_name(server, shell):
    """In directories of their own: each has its own files, more of them than one sector holds or few."""
    install_sh.tools_of(server, shell)
    script = server / "try.sh"
    text = install_sh.after_the_self_check("start", "iso") + "\nscratch='{}'\n".format(server)
    names = [["a"], ["b{:02d}".format(number) for number in range(80)]]
    for place, each in zip(("few", "many"), names):
        (server / place).mkdir()
        (server / place / "dvd.iso").write_bytes(repo_maker.image(dict.fromkeys(each, b"1")))
        text += "iso_names '{0}' .\n".format(server / place / "dvd.iso")
    script.write_text(text)
    code, out, err = sh(server, script=str(script), shell=shell)
    assert (code, err) == (0, "")
    assert sorted(out.splitlines()) == ["f " + name for each in names for name in each]


def test_without_rpm(disc, server):
    """Named: without it there is no signature to check and nothing to unpack with."""
    for tool in ("rpm", "cpio"):
        (server / "bin" / tool).unlink()
    code, _, err = install(server, "--iso", disc / "disc.iso", "--no-root")
    assert code == 4
    assert "error: RPM009 missing here: rpm, cpio" in err
    assert_untouched(server)


@every_shell
def test_root_that_cannot_mount(disc, server, shell):
    """yum would need a mounted image: it is said, and the packages are unpacked as for anybody else."""
    rpm_tools.need_namespace()
    install_sh.tools_of(server, shell)
    install_sh.program(server / "bin/yum", "echo yum was called >&2\n")
    (server / "bin/mount").unlink()
    install_sh.program(server / "bin/mount", 'echo "mount: unknown filesystem type" >&2\nexit 32\n')
    code, out, err = install(server, "--iso", disc / "disc.iso", shell=shell)
    assert code == 0, err
    assert out.startswith("runtime ['install'")
    assert (
        "warning: REPO012 {} cannot be mounted (mount: unknown filesystem type)".format(disc / "disc.iso")
        in err
    )
    assert "yum was called" not in err
    assert os.listdir(str(server / "a prefix/python")) == ["3.6.8-rpm"]
    assert os.listdir(str(server / "tmp")) == []


def test_every_way_is_listed(server):
    """With what each still needs here."""
    code, out, err = install(server)
    assert (code, out) == (4, "")
    assert "error: PY020 no Python 3.6 that can install this bundle" in err
    for words in (
        "--iso /path/to/the.iso\n",
        "CentOS 7.7 or later",
        "--no-root\n",
        "--python-source Python-3.6.x.tgz",
        "missing here: gcc, make",
        "--python-build FILE",
        "--python /its/bin/python3.6",
    ):
        assert words in err


@every_shell
@pytest.mark.parametrize(
    "more", [{"rock_ridge": False}, {"long_names": True}, {}], ids=["plain", "long", "short"]
)
def test_names_of_an_image(server, shell, more):
    """Rock Ridge's, those that go on in another place, and the plain ones in lower case."""
    install_sh.tools_of(server, shell)
    files = {
        "repodata/repomd.xml": b"<repomd/>",
        "repodata/primary.xml": b"",
        "deep/er/x.txt": b"x" * 5000,
        "one": b"1",
    }
    image = server / "x.iso"
    image.write_bytes(repo_maker.image(files, **more))
    parts = install_sh.after_the_self_check("start", "iso")
    script = server / "try.sh"
    script.write_text(
        parts
        + "\nscratch='{1}'\niso_names '{0}' .\niso_read '{0}' deep//er/x.txt | wc -c\niso_find '{0}' deep/no || echo none\n"
        "iso_read '{0}' deep/er || echo directory\n".format(image, server)
    )
    code, out, err = sh(server, script=str(script), shell=shell)
    assert (code, err) == (0, "")
    assert sorted(out.split("\n")[:3]) == ["d deep", "d repodata", "f one"]
    assert out.split()[6:] == ["5000", "none", "directory"]
