"""RPMs out of an ISO into a bundle: which, what vouches for them, and that they are a repository."""

import gzip
import hashlib
import os
import shutil
import subprocess

import pytest

import repo_maker
from library_maker import Shelf
from offkit.edges.tree import Tree
from offkit.media import rpm
from offkit.media.medium import Directory
from offkit.media.repodata import parse_repomd
from offkit.model import layout
from offkit.model.archive import is_safe
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError
from offkit.online.carry import rpm_repository, rpms
from offkit.online.rpms.places import Fetching
from target_maker import preset

pytest.importorskip("solv", reason="no offkit[rpm] here")
EL7 = preset("3.6")
A, B, C = "libofftest-a.so.1", "libofftest-b.so.1", "libofftest-c.so.1"


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "disc")


def iso(shelf, name="c7.iso", change=lambda data: data):
    """An image of what the shelf has."""
    top = shelf.done()
    files = {}
    for folder, _, names in os.walk(top):
        for each in names:
            path = os.path.join(folder, each)
            with open(path, "rb") as source:
                files[os.path.relpath(path, top)] = source.read()
    path = os.path.join(os.path.dirname(top), name)
    with open(path, "wb") as sink:
        sink.write(change(repo_maker.image(files, label="disc")))
    from pathlib import Path

    return Path(path)


def wanted(*sonames):
    return Checklist(tuple(Library(each, (), ("wheel: x.so",), "", False) for each in sonames))


def choose(image, *sonames):
    return rpms.choose([image], wanted(*sonames), EL7)


def unpacked(chosen, top):
    """The members as they will lie on the server."""
    for each in chosen.members:
        assert is_safe(each.path)
        assert each.path.startswith(layout.RPMS)
        repo_maker.write(top, each.path[len(layout.RPMS) :], each.contents)
    return Directory(Tree("/"), str(top))


def test_with_all_that_they_require_up_to_what_every_server_has(shelf):
    """Libraries or not; files, rpm's own and those of minimal packages end the search."""
    glibc = [
        rpm.capability("libc.so.6", "GLIBC_2.17"),
        "rpmlib(PayloadIsXz)",
        "/sbin/ldconfig",
        "rtld(GNU_HASH)",
    ]
    shelf.add("a", A, requires=[rpm.capability(B), "b-common", "bash", *glibc])
    shelf.add("b", B)
    shelf.put("b-common", b"noarch", ["b-common"], ["filesystem"])
    shelf.put("bash", b"bash", ["bash"], ["ncurses-libs"])
    shelf.put("filesystem", b"filesystem", ["filesystem"], ["setup"])
    shelf.add("c", C)
    chosen = choose(iso(shelf), A, "libc.so.6", "libz.so.1")
    assert [title.split("-1.0")[0] for title in chosen.titles] == ["a", "b", "b-common"]
    assert chosen.sonames == {A}
    assert chosen.findings == ()


def test_a_package_that_is_wanted_twice(shelf, tmp_path):
    """For another of its libraries, by what it requires itself: it is there once with both, and what
    the same round brings beside it is not forgotten."""
    other = "libofftest-a2.so.1"
    shelf.add("a", A, other, requires=[rpm.capability(B)])
    shelf.add("b", B, requires=[rpm.capability(other), rpm.capability(C)])
    shelf.add("c", C)
    chosen = choose(iso(shelf), A)
    assert [title.split("-1.0")[0] for title in chosen.titles] == ["a", "b", "c"]
    index = (
        unpacked(chosen, tmp_path / "rpms").repository("").search([rpm.capability(A), rpm.capability(other)])
    )
    (package,) = index.packages
    assert {rpm.capability(A), rpm.capability(other)} <= set(package.provides)


def test_they_are_a_repository(shelf, tmp_path):
    """That offkit reads, with the ISO's own words about them and its key."""
    shelf.add("a", A, requires=[rpm.capability(B)])
    shelf.add("b", B)
    shelf.add("c", C)
    chosen = choose(iso(shelf), A)
    medium = unpacked(chosen, tmp_path / "rpms")
    assert medium.bases() == [""]
    index = medium.repository("").search([rpm.capability(A), rpm.capability(B), rpm.capability(C)])
    assert sorted(each.location for each in index.packages) == [
        "a-1.0-1.el7.x86_64.rpm",
        "b-1.0-1.el7.x86_64.rpm",
    ]
    assert index.total == 2
    assert all(medium.has(each.location) and each.checksum.startswith("sha256:") for each in index.packages)
    assert medium.has("RPM-GPG-KEY-test")
    assert chosen.size == sum(each.size() for each in chosen.members if each.path.endswith(".rpm"))


@pytest.mark.skipif(not shutil.which("dnf"), reason="no dnf")
def test_dnf_reads_it(shelf, tmp_path):
    """The metadata is such to others, too."""
    shelf.add("a", A, requires=[rpm.capability(B)])
    shelf.add("b", B)
    unpacked(choose(iso(shelf), A), tmp_path / "rpms")
    done = subprocess.run(
        [
            "dnf",
            "-q",
            "--setopt=reposdir=/nonexistent",
            "--setopt=cachedir={}".format(tmp_path / "cache"),
            "--setopt=module_platform_id=platform:el7",
            "--repofrompath=x," + (tmp_path / "rpms").as_uri(),
            "repoquery",
            "--whatprovides",
            rpm.capability(A),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ, HOME=str(tmp_path)),
    )
    assert done.stdout.split() == ["a-0:1.0-1.el7.x86_64"], done.stderr


def test_the_same_bytes_every_time(shelf, tmp_path):
    shelf.add("a", A, requires=[rpm.capability(B)])
    shelf.add("b", B)
    image = iso(shelf)
    first, second = choose(image, A), choose(image, A)
    assert [(each.path, each.contents) for each in first.members] == [
        (each.path, each.contents) for each in second.members
    ]
    packed = [gzip.decompress(each.contents) for each in first.members if each.path.endswith(".gz")]
    assert all(each.startswith(b"<?xml") for each in packed)
    (repomd,) = [each.contents for each in first.members if each.path.endswith("repomd.xml")]
    assert [each.open_size for each in parse_repomd(repomd)] == [len(each) for each in packed]


def test_names_that_a_bundle_cannot_have(shelf, tmp_path):
    """A tilde in a version."""
    shelf.add("a", A, version="1.0~rc1")
    chosen = choose(iso(shelf), A)
    medium = unpacked(chosen, tmp_path / "rpms")
    (package,) = medium.repository("").search([rpm.capability(A)]).packages
    assert (package.location, package.version) == ("a-1.0_rc1-1.el7.x86_64.rpm", "1.0~rc1")


def test_what_no_iso_has(shelf):
    """All of it at once."""
    shelf.add("a", A)
    with pytest.raises(RequestError) as caught:
        choose(iso(shelf), A, B, C)
    assert [(each.code, each.subject) for each in caught.value.findings] == [("RPM004", B + ", " + C)]


def test_what_only_plugins_want_is_left_out(shelf):
    """Where no ISO has it; the rest is carried, and what an import needs is asked for as ever."""
    shelf.add("a", A)
    plain, spare = wanted(A, B).libraries
    found = rpms.choose([iso(shelf)], Checklist((plain, spare._replace(optional=True))), EL7)
    assert found.sonames == {A}
    (told,) = found.findings
    assert told[:4] == (
        "RPM004", "warning", B, "is on none of the ISOs; only optional parts want it, and the rest works without",
    )  # fmt: skip
    lone = rpms.choose([iso(shelf)], Checklist((spare._replace(optional=True),)), EL7)
    assert (lone.titles, [one.subject for one in lone.findings]) == ((), [B])
    with pytest.raises(RequestError) as caught:
        rpms.choose([iso(shelf)], Checklist((spare, plain._replace(soname=C, optional=True))), EL7)
    assert [one.subject for one in caught.value.findings] == [B]


def test_what_a_package_requires_and_no_iso_has(shelf):
    """A warning: without root nobody will ask for it."""
    shelf.add("a", A, requires=["offtest-common"])
    (found,) = choose(iso(shelf), A).findings
    assert (found.code, found.severity, found.subject) == ("RPM004", "warning", "a-1.0-1.el7.x86_64")
    assert "offtest-common" in found.message


def test_two_isos(shelf, tmp_path):
    """What one lacks the other has; what is not needed is not carried."""
    shelf.add("a", A, requires=[rpm.capability(B)])
    other = Shelf(tmp_path / "other" / "disc")
    other.add("b", B)
    found = rpms.choose([iso(shelf), iso(other)], wanted(A), EL7)
    assert len(found.titles) == 2
    assert rpms.choose([], wanted(A), EL7) == rpms.NONE
    assert choose(iso(shelf), "libc.so.6") == rpms.NONE


def test_a_second_iso_of_another_release(shelf, tmp_path):
    """It is not left out without a word: refused, with what it is and what it was wanted for."""
    shelf.add("a", A)
    eight = Shelf(tmp_path / "eight" / "disc")
    eight.add("a", A)
    repo_maker.write(
        eight.top, ".treeinfo", b"[general]\nfamily = Rocky Linux\nversion = 8.10\narch = x86_64\n"
    )
    first, second = iso(shelf), iso(eight, "r8.iso")
    with pytest.raises(EnvironmentProblem) as caught:
        rpms.look([first, second], EL7)
    assert caught.value.message == "not all that was given is for el7 x86_64"
    (found,) = caught.value.findings
    assert (found.code, found.severity, found.subject) == ("ENV049", "error", str(second))
    assert found.message == "is Rocky Linux 8.10 x86_64, and the bundle is for el7 x86_64"
    assert found.fix == "omit it, use one for el7 x86_64, or correct --target"


def test_what_none_of_several_targets_has_use_for(tmp_path):
    """What is left out for one is for another; what is left out for all of them is refused."""
    places = {}
    for version, family in (("7", "CentOS"), ("8", "Rocky Linux"), ("9", "Rocky Linux")):
        made = Shelf(tmp_path / version)
        made.add("a", A)
        info = f"[general]\nfamily = {family}\nversion = {version}\narch = x86_64\n"
        repo_maker.write(made.top, ".treeinfo", info.encode())
        places[version] = made.done()
    targets = [EL7, preset("3.6", "el8")]

    def left_out(*versions):
        mores = rpms.more([places[each] for each in versions], (), (None, None), True)
        asking = Fetching(lambda: None, tmp_path / "cache")
        pairs = zip(targets, mores, strict=True)
        return [rpms.look((), where, more._replace(fetching=asking)) for where, more in pairs]

    looked = left_out("7", "8")
    assert [[one.subject for one in each] for each in looked] == [[places["8"]], [places["7"]]]
    rpms.refuse_unused(looked)
    with pytest.raises(
        EnvironmentProblem, match="not all that was given is for one of the targets"
    ) as caught:
        rpms.refuse_unused(left_out("7", "8", "9"))
    (found,) = caught.value.findings
    assert (found.severity, found.subject) == ("error", places["9"])
    assert found.message == "is Rocky Linux 9 x86_64, and the bundle is for el7 x86_64"


def test_damage(shelf, tmp_path):
    """Each with its code, before or after the wheels."""
    path = shelf.add("a", A)
    with open(path, "ab") as sink:
        sink.write(b"x")
    with pytest.raises(IntegrityError) as caught:
        choose(iso(shelf), A)
    assert [each.code for each in caught.value.findings] == ["RPM001"]
    with pytest.raises(IntegrityError) as caught:
        rpms.look([iso(shelf, "cut.iso", lambda data: data[:-2048])], EL7)
    assert [each.code for each in caught.value.findings] == ["REPO011"]
    with pytest.raises(EnvironmentProblem) as caught:
        rpms.look([tmp_path / "absent.iso"], EL7)
    assert [each.code for each in caught.value.findings] == ["REPO010"]


@pytest.fixture
def place(tmp_path):
    """A repository with one file."""
    repo_maker.write(tmp_path / "disc", "Packages/a.rpm", b"rpm")
    return Directory(Tree("/"), str(tmp_path / "disc"))


def package(location="Packages/a.rpm", checksum="sha256"):
    digest = checksum if ":" in checksum else f"{checksum}:{hashlib.new(checksum, b'rpm').hexdigest()}"
    return rpm.Package("a", "x86_64", "0", "1.0", "1.el7", location, (), (), digest)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_an_rpm_is_what_the_metadata_says(place, algorithm):
    """By any checksum that createrepo writes; el5's called sha is SHA-1."""
    found = rpm_repository.member(place, place.repository(""), package(checksum=algorithm))
    assert (found.path, found.contents) == ("rpms/a.rpm", b"rpm")
    old = package(checksum="sha:" + hashlib.sha1(b"rpm").hexdigest())
    assert rpm_repository.member(place, place.repository(""), old).contents == b"rpm"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (package("../a.rpm"), "is outside its repository"),
        (package("/Packages/a.rpm"), "is outside its repository"),
        (package("Packages/b.rpm"), "is missing, although the metadata lists it"),
        (package(checksum=":"), "has no checksum in the metadata"),
        (
            package(checksum="md5"),
            "has only a checksum of a kind that proves nothing (md5) in the metadata: make those anew "
            "(createrepo_c)",
        ),
        (package(checksum="sha256:00"), "does not match its checksum in the metadata"),
    ],
    ids=["above", "absolute", "absent", "none", "md5", "another"],
)
def test_an_rpm_that_cannot_be_used(place, wanted, message):
    """RPM001, with the package's title and where it was looked for."""
    with pytest.raises(IntegrityError) as caught:
        rpm_repository.member(place, place.repository(""), wanted)
    (found,) = caught.value.findings
    assert (found.code, found.subject, found.message) == ("RPM001", "a-1.0-1.el7.x86_64", message)
    assert found.looked_in == (place.place,)


def test_a_package_that_is_not_there(shelf):
    """The metadata have it, the directory has not: nothing is damaged."""
    shelf.add("a", A)
    top = shelf.done()
    (package,) = Directory(Tree("/"), top).repository("").ask([rpm.capability(A)])
    os.unlink(os.path.join(top, package.location))
    medium = Directory(Tree("/"), top)
    with pytest.raises(IntegrityError) as caught:
        rpm_repository.member(medium, medium.repository(""), package)
    (found,) = caught.value.findings
    assert (found.code, found.message) == ("RPM001", "is missing, although the metadata lists it")
    assert (
        found.fix == "copy all of its RPMs from where they come, or make the metadata anew: createrepo_c DIR"
    )


@pytest.mark.skipif(shutil.which("genisoimage") is None, reason="genisoimage is not installed")
def test_an_iso_with_names_that_are_cut_short(shelf, tmp_path):
    """It is said, and what to do; packed ones are not called truncated."""
    shelf.add("a", A)
    made = tmp_path / "plain.iso"
    argv = ["genisoimage", "-quiet", "-V", "X", "-o", str(made), shelf.done()]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    packed = tmp_path / "plain.iso.gz"
    packed.write_bytes(gzip.compress(made.read_bytes()))
    for image, message in (
        (
            made,
            "has no repodata/primary.xml.gz, and neither Rock Ridge's names nor Joliet's: its own are cut short",
        ),
        (packed, "is not an ISO image: it is packed with gzip: unpack it first"),
    ):
        with pytest.raises(EnvironmentProblem) as caught:
            choose(image, A)
        (found,) = caught.value.findings
        assert (found.code, found.message) == ("REPO010", message)


def test_keys_of_a_disc(place, tmp_path):
    """Files whose names begin as keys' do, and that a bundle can hold."""
    for name in ("RPM-GPG-KEY-a", "RPM-GPG-KEY b", "other", "RPM-GPG-KEY-c/d"):
        repo_maker.write(tmp_path / "disc", name, b"key")
    assert [
        (one.path, one.contents) for one in rpm_repository.keys(Directory(Tree("/"), str(tmp_path / "disc")))
    ] == [("rpms/RPM-GPG-KEY-a", b"key")]


def test_keys_of_one_name(tmp_path):
    """Of two media: both are in the file, neither takes the place of the other; the same one is there once."""
    places = []
    for name, key in (("one", b"first"), ("two", b"second"), ("three", b"first")):
        made = Shelf(tmp_path / name)
        made.add(name, A if name == "one" else B if name == "two" else C)
        repo_maker.write(made.top, "RPM-GPG-KEY-own", key)
        places.append(iso(made, name + ".iso"))
    for images in (places, [places[1], places[0], places[2]]):
        chosen = rpms.choose(images, wanted(A, B, C), EL7)
        (key,) = [one for one in chosen.members if one.path.endswith("KEY-own")]
        assert sorted(key.contents.split()) == [b"first", b"second"]


@pytest.mark.parametrize("size", [0, 1, 0xFFFF, 0x10000, 0x2FFFE])
def test_a_gz_that_no_zlib_has_to_make(size):
    """Any number of stored blocks, which every zlib unpacks, with the right checksum and length."""
    contents = bytes(number % 251 for number in range(size))
    packed = rpm_repository._stored(contents)
    assert gzip.decompress(packed) == contents
    blocks = max(1, -(-size // 0xFFFF))
    assert len(packed) == 10 + 5 * blocks + size + 8
    assert packed[:10] == b"\x1f\x8b\x08" + bytes(6) + b"\xff"


def image_of(tmp_path, files, name="x.iso"):
    path = tmp_path / name
    path.write_bytes(repo_maker.image(files))
    return path


DISC = "use an installation disc of the target's distribution"


def test_what_is_said_of_an_iso_that_is_none(shelf, tmp_path):
    """The reason, and which one to name; of a damaged one, how to see what is wrong with it."""
    bare, text, absent = image_of(tmp_path, {"README": b"x"}), tmp_path / "text.iso", tmp_path / "absent.iso"
    text.write_bytes(b"x" * 100000)
    shelf.add("a", A)
    cut = iso(shelf, "cut.iso", lambda data: data[:-2048])
    size = os.path.getsize(str(cut))
    cases = [
        (absent, EnvironmentProblem, "REPO010", "is not an ISO image: No such file or directory", DISC),
        (text, EnvironmentProblem, "REPO010", None, DISC),
        (bare, EnvironmentProblem, "REPO010",
         "has no repodata/repomd.xml in its top directory, one level below, or where mirrors have it", DISC),
        (cut, IntegrityError, "REPO011", f"is truncated: {size} of {size + 2048} bytes present",
         rpm_repository.COPY),
    ]  # fmt: skip
    for path, error, code, message, fix in cases:
        for call in (lambda path=path: rpms.look([path], EL7), lambda path=path: choose(path, A)):
            with pytest.raises(error) as caught:
                call()
            assert caught.value.message == "a medium cannot be used"
            (found,) = caught.value.findings
            assert (found.code, found.severity, found.subject) == (code, "error", str(path))
            assert (found.looked_in, found.fix) == ((str(path),), fix)
            assert found.message == message or (
                message is None and found.message.startswith("is not an ISO image: ")
            )
    assert rpm_repository.COPY == "copy the ISO again and compare its checksum with the one published for it"


def test_metadata_that_cannot_be_read(tmp_path):
    """The disc is damaged, though it is whole."""
    path = image_of(tmp_path, {"repodata/repomd.xml": b"<no"})
    rpms.look([path], EL7)
    with pytest.raises(IntegrityError) as caught:
        choose(path, A)
    assert caught.value.message == "a medium cannot be used"
    (found,) = caught.value.findings
    assert (found.code, found.subject, found.fix) == ("REPO011", str(path), rpm_repository.COPY)


def test_what_is_said_of_what_no_iso_has(shelf, tmp_path):
    """Of libraries an error each, of what a package wants besides a warning each."""
    shelf.add("a", A, requires=["offtest-one", "offtest-two"])
    image = iso(shelf)
    with pytest.raises(RequestError) as caught:
        choose(image, B, A)
    assert caught.value.message == "the ISO does not have every library that the wheels need"
    (found,) = caught.value.findings
    assert found[:4] == ("RPM004", "error", B, "is on none of the ISOs")
    assert found.looked_in == (str(image),)
    assert found.fix == (
        "use a fuller ISO of the same release (Everything, DVD), or several: --iso A --iso B"
    )
    assert [one[2:] for one in choose(image, A).findings] == [
        ("a-1.0-1.el7.x86_64",
         f"requires offtest-{word}, which no ISO has: yum installs nothing without that",
         (str(image),), "use a fuller ISO (Everything, DVD)")
        for word in ("one", "two")
    ]  # fmt: skip


def test_what_no_iso_can_have(shelf):
    """The reason, and not a fuller ISO; of what is optional as well."""
    shelf.add("a", A)
    with pytest.raises(RequestError) as caught:
        choose(iso(shelf), A, B, "libQt5Core.so.5")
    qt, other = sorted(caught.value.findings, key=lambda one: one.subject != "libQt5Core.so.5")
    assert (qt.code, qt.subject) == ("RPM004", "libQt5Core.so.5")
    assert "add PyQt5-Qt5" in qt.fix
    assert (other.subject, "fuller ISO" in other.fix) == (B, True)
    plain, database = wanted(A, "libmimerapi.so").libraries
    found = rpms.choose([iso(shelf)], Checklist((plain, database._replace(optional=True))), EL7)
    (told,) = found.findings
    assert (told.severity, told.fix.partition(",")[0]) == ("warning", "it is Mimer SQL's client")


def test_packages_that_are_welcome(shelf):
    """They come where an ISO has them, and are not missed where it has not."""
    shelf.put("tool", b"tool", ["tool"], ["tool-data"])
    shelf.put("tool-data", b"data", ["tool-data"])
    shelf.add("a", A)
    image = iso(shelf)
    found = rpms.choose([image], wanted(), EL7, ["tool", "nowhere"])
    assert found.titles == ("tool-1.0-1.el7.x86_64", "tool-data-1.0-1.el7.x86_64")
    assert (found.sonames, found.findings, found.size) == (frozenset(), (), 8)
    found = rpms.choose([image], wanted(A), EL7, ["tool"])
    assert (len(found.titles), found.sonames) == (3, {A})
    assert rpms.choose([image], wanted(), EL7, ["nowhere"]) == rpms.NONE


@pytest.mark.parametrize(("capability", "code"), [
    ("libofftest-b.so.1()(64bit)", "RPM004"), ("offtest", "RPM004"), ("rpmlib(PayloadIsXz)", ""), ("/bin/sh", ""),
    ("(a if b)", ""), ("rtld(GNU_HASH)", ""), ("libc.so.6(GLIBC_2.17)(64bit)", ""),
    ("libSM.so.6()(64bit)", "RPM004"), ("libc.so.6(GLIBC_2.34)(64bit)", "RPM004"), ("/usr/bin/perl", "RPM014"),
])  # fmt: skip
def test_what_is_missed(shelf, capability, code):
    """Libraries and packages; nothing that every server has, nor what a condition does not ask for. A file may
    be one of a package on the server: that is told, and stops nobody."""
    shelf.add("a", A, requires=[capability])
    assert [(one.code, one.subject) for one in choose(iso(shelf), A).findings] == (
        [(code, "a-1.0-1.el7.x86_64")] if code else []
    )


def test_the_metadata_of_a_small_repository(shelf):
    """Byte by byte: rows in the order of their files, locations beside repodata/, and what vouches for it."""
    shelf.add("b", B)
    shelf.add("a", A)
    shelf.add("c", C)
    found = {one.path: one.contents for one in choose(iso(shelf), B, A).members}
    packed = found["rpms/repodata/primary.xml.gz"]
    text = gzip.decompress(packed)
    head = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="http://linux.duke.edu/metadata/common"'
        b' xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="2">\n<package'
    )
    assert text.startswith(head)
    assert text.endswith(b"</package>\n</metadata>\n")
    assert [part.split(b'"')[0] for part in text.split(b'<location href="')[1:]] == [
        b"a-1.0-1.el7.x86_64.rpm", b"b-1.0-1.el7.x86_64.rpm",
    ]  # fmt: skip
    listed = found["rpms/repodata/filelists.xml.gz"]
    files = gzip.decompress(listed)

    def told(kind, packed, text):
        return [
            f'<data type="{kind}">',
            f'<checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>',
            f'<open-checksum type="sha256">{hashlib.sha256(text).hexdigest()}</open-checksum>',
            f'<location href="repodata/{kind}.xml.gz"/>',
            "<timestamp>1</timestamp>",
            f"<size>{len(packed)}</size>",
            f"<open-size>{len(text)}</open-size>",
            "</data>",
        ]

    assert found["rpms/repodata/repomd.xml"].decode().splitlines() == [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">',
        "<revision>1</revision>",
        *told("primary", packed, text),
        *told("filelists", listed, files),
        "</repomd>",
    ]


def test_a_target_whose_minimal_installation_is_not_known(tmp_path):
    """Said before anything is downloaded; without an ISO nobody asks."""
    unknown = EL7._replace(name="custom", el=0)
    with pytest.raises(UsageError) as caught:
        rpms.look([tmp_path / "x.iso"], unknown)
    assert caught.value.message == "--iso: offkit does not know what a minimal custom installation lacks"
    assert caught.value.fix.startswith("--target FILE, as 'offkit probe' writes it there")
    assert "sh install.sh bundle.tar --iso FILE" in caught.value.fix
    rpms.look([], unknown)


@pytest.mark.parametrize(("name", "own"), [("amazon2", "nss"), ("amazon2023", "libgomp")])
def test_what_every_server_of_amazon_has(shelf, name, own):
    """By the list of its container image: it is not carried, and no FILE is asked for."""
    shelf.add("a", A, needed=[B])
    shelf.add(own, B)
    target = EL7._replace(name=name, el=0)
    rpms.look([iso(shelf)], target)
    assert rpms.choose([iso(shelf)], wanted(A), target).titles == ("a-1.0-1.el7.x86_64",)


def test_a_file_that_lists_no_packages(tmp_path):
    """It is the FILE that lacks them."""
    unknown = EL7._replace(name="custom", el=0)
    (tmp_path / "server.json").write_text('{"packages": {}}')
    (more,) = rpms.more([str(tmp_path)], (), [str(tmp_path / "server.json")], True)
    with pytest.raises(UsageError) as caught:
        rpms.look([], unknown, more)
    assert caught.value.message.startswith("--rpm-repo: offkit does not know")
    assert caught.value.message.endswith(", and the target's FILE lists no packages")
    assert caught.value.fix.startswith("write FILE again where rpm can be asked")


def disc(tmp_path, name, release=""):
    """An image with a C library of that release, or with none."""
    shelf = Shelf(tmp_path / name)
    shelf.add("other", A)
    if release:
        shelf.add("glibc", "libc.so.6")
        shelf._rows[-1]["release"] = release
    return iso(shelf, name + ".iso")


def test_an_iso_belongs_to_the_targets_of_its_release(tmp_path):
    """By its C library; one without serves all, and with one target nobody asks."""
    seven, eight, extras = (
        disc(tmp_path, "c7", "1.el7"),
        disc(tmp_path, "r8", "251.el8_10"),
        disc(tmp_path, "x"),
    )
    targets = [EL7, preset("3.6", "el8"), preset("3.9", "el8")]
    assert rpms.allotted((eight, extras, seven), targets) == [
        (extras, seven),
        (eight, extras),
        (eight, extras),
    ]
    assert rpms.allotted((eight,), [EL7]) == [(eight,)]
    assert rpms.allotted((), targets) == [(), (), ()]
    with pytest.raises(UsageError) as caught:
        rpms.allotted((seven, eight), [EL7, preset("3.9", "el9")])
    assert caught.value.message == "--iso: {} is for none of the targets (el7, el9)".format(eight)
    with pytest.raises(EnvironmentProblem, match="cannot be used"):
        rpms.allotted((tmp_path / "nowhere.iso",), targets)
