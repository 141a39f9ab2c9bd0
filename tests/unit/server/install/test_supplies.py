"""Libraries that yum brings: decided from the media's metadata; yum, rpm and mount are played."""

import os
import sqlite3
import struct
from contextlib import ExitStack
from urllib.parse import quote

import pytest

import web_maker
from offkit.edges import mounts
from offkit.edges.mounts import Drive
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import keys, medium, offer, web
from offkit.media.answers import Installed, Wanted
from offkit.media.supply import Supply
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.server.install import fetching, supplies
from offkit.server.install.fetching import Fetched, Wish
from offkit.server.install.supplies import Named
from offkit.server.system import installed, ledger
from repo_maker import database, image, library_packages, package, primary, repomd, repository, write
from web_maker import needs_curl

# No machine has these.
ONE, TWO = "libnowhereone.so.1", "libnowheretwo.so.2"
HERE = "glibc-0:2.17-1.el7.x86_64"
EL7 = Target("el7", 7, "x86_64", "3.6.8", (2, 17))


def needs(*sonames):
    """The checklist of a bundle for EL 7 that needs these."""
    return Checklist(tuple(Library(name, (), ("a.whl: x.so",), "", False) for name in sonames))


def repo(tmp_path, *sonames, **more):
    packages = library_packages(*sonames)
    packages.append(package("libnowhereone", [ONE], arch="i686"))
    place = repository(str(tmp_path / more.get("name", "repo")), packages)
    write(place, "RPM-GPG-KEY-Lab", b"key")
    return place


class Yum:
    """yum and rpm; what yum finds in its repository directory is kept."""

    def __init__(self, adds=(), fails="", keys=()):
        self.lines, self.adds, self.fails, self.keys = {HERE}, adds, fails, keys
        self.calls, self.repo = [], ""

    def __call__(self, argv):
        self.calls.append(list(argv))
        if argv[:2] == ["rpm", "-qa"]:
            return Result(argv, 0, "".join(line + "\n" for line in sorted(self.lines)), "")
        if argv[:2] == ["rpm", "-q"]:
            name = argv[2].rpartition(".")[0]
            return Result(argv, int(not any(line.startswith(name + "-") for line in self.lines)), "", "")
        if argv[:2] == ["rpm", "-e"]:
            self.lines = {line for line in self.lines if not line.startswith("gpg-pubkey")}
            return Result(argv, 0, "", "")
        if argv == ["yum", "--version"]:
            return Result(argv, 0, "4.7.0\n", "")
        if argv[0] == "yum":
            (place,) = [word.partition("reposdir=")[2] for word in argv if "reposdir=" in word]
            with open(os.path.join(place, "offkit.repo")) as source:
                self.repo = source.read()
            self.lines |= set(self.keys)
            if self.fails:
                return Result(argv, 1, "", self.fails)
            self.lines |= set(self.adds)
        return Result(argv, 0, "", "")


@pytest.mark.parametrize("kind", ["xml", "sqlite"])
@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("http://user:secret@origin.example/x", "http://origin.example/x"),
        ("FTP://origin.example", "FTP://origin.example"),
        ("media://1234.5#2", ""),
        ("file:///mnt", ""),
        ("", ""),
    ],
)
def test_packages_that_lie_on_a_server_by_their_metadata(tmp_path, kind, base, told):
    """xml:base, as createrepo --baseurl writes it: yum would ask that server, which nobody named."""
    place = str(tmp_path / "repo")
    packages = library_packages(ONE)
    xml = primary(packages).replace(b"<location ", '<location xml:base="{}" '.format(base).encode())
    if kind == "xml":
        repository(place, (), xml=xml)
    else:
        database(str(tmp_path / "x.sqlite"), packages)
        change = (
            "ALTER TABLE packages ADD COLUMN location_base TEXT; UPDATE packages SET location_base = '{}'"
        )
        connection = sqlite3.connect(str(tmp_path / "x.sqlite"))
        connection.executescript(change.format(base))
        connection.close()
        data = (tmp_path / "x.sqlite").read_bytes()
        write(place, "repodata/primary.sqlite", data)
        write(place, "repodata/repomd.xml", repomd(("primary_db", "repodata/primary.sqlite", data, None)))
    write(place, "RPM-GPG-KEY-Lab", b"key")
    found = offer.look((), [place])
    places = supplies.bases(found, [place], keys.server(Tree(str(tmp_path))))
    findings = ()
    try:
        supplies.wanted_of(found, places, ("x",), ())
    except EnvironmentProblem as error:
        findings = error.findings
    message = "says of its packages that they lie at {} (xml:base), and yum would fetch them there"
    right = [("REPO020", message.format(told))] if told else []
    assert [(one.code, one.message) for one in findings] == right


def step(tmp_path, run, *sonames):
    place = repo(tmp_path, *sonames)
    found = supplies.survey(needs(*sonames), EL7, Named([], [place]), ExitStack())
    places = supplies.bases(found.media, [place], keys.server(Tree(str(tmp_path))))
    return place, by_yum(str(tmp_path / "p"), found, places, run)


def by_yum(prefix, found, places, run, bundled=""):
    """The step for what was fetched and is in order."""
    wish = supplies.wanted_of(found.media, places, found.rpms, found.again, bundled)
    keys = tuple({base.key: 1 for base in places})
    return supplies.by_yum(prefix, wish, Fetched((), keys, (bundled,)), run, Reporter())


def test_what_packages_want_when_they_run_comes_where_a_medium_has_it(tmp_path):
    """By its own architecture, fonts are noarch; what no medium has is left out without a word, as is what is for
    another machine."""
    packages = [package("git", []), package("fonts", [], arch="noarch"), package("other", [], arch="i686")]
    place = repository(str(tmp_path / "repo"), packages)
    wanted = ("git", "fonts", "other", "graphviz")
    found = supplies.survey(needs(), EL7, Named([], [place], welcome=wanted), ExitStack())
    assert found.rpms == ("git.x86_64", "fonts.noarch")
    assert (found.incurable, found.missing) == ((), ())


def test_no_medium(tmp_path):
    """The installation goes on, and says what will not start."""
    found = supplies.survey(needs(ONE, TWO), EL7, Named(), ExitStack())
    (warning,) = supplies.warning(found)
    assert (warning.code, warning.severity, warning.subject) == ("LIB001", "warning", ONE + ", " + TWO)
    assert "--iso" in warning.fix
    assert supplies.warning(supplies.survey(needs("libc.so.6"), EL7, Named(), ExitStack())) == []


def test_what_the_media_have(tmp_path):
    """By architecture: a 32-bit twin satisfies dnf, and nobody else."""
    found = supplies.survey(
        needs(ONE, TWO), EL7, Named([], [repo(tmp_path, ONE), repo(tmp_path, TWO, name="b")]), ExitStack()
    )
    assert found.rpms == ("libnowhereone.x86_64", "libnowheretwo.x86_64")
    assert [each.subject for each in found.missing] == [ONE, TWO]


def test_what_no_medium_has(tmp_path):
    """RPM004, all of them, before anything is written."""
    with pytest.raises(RequestError) as caught:
        supplies.survey(needs(ONE, TWO), EL7, Named([], [repo(tmp_path, "libother.so.1")]), ExitStack())
    assert [(each.code, each.subject) for each in caught.value.findings] == [("RPM004", ONE + ", " + TWO)]
    assert caught.value.exit_code == 1


def test_what_only_plugins_want_stops_nothing(tmp_path):
    """It is told, with the package where that is known; what the media have of it is installed."""
    plain, spare, had = needs(ONE).libraries[0], needs(TWO).libraries[0], needs("libhad.so.1").libraries[0]
    wanted = Checklist(
        (plain, spare._replace(optional=True, rpm="two-libs"), had._replace(optional=True, rpm="had"))
    )
    place = repo(tmp_path, ONE, "libhad.so.1")
    found = supplies.survey(wanted, EL7, Named([], [place]), ExitStack())
    assert found.rpms == ("libhad.x86_64", "libnowhereone.x86_64")
    assert [(each.code, each.severity, each.subject, each.message, each.fix) for each in found.lasting] == [
        (
            "RPM004",
            "warning",
            TWO,
            "is missing; needed by a.whl: x.so, in optional parts; the rest works without",
            "use a fuller ISO of the same release (Everything, DVD) with two-libs, or add a second one",
        )
    ]
    with pytest.raises(RequestError) as caught:
        supplies.survey(
            Checklist((plain, spare._replace(optional=True))),
            EL7,
            Named([], [repo(tmp_path, "libno.so.1")]),
            ExitStack(),
        )
    assert [each.subject for each in caught.value.findings] == [ONE]


def test_what_no_medium_has_and_is_allowed_to_miss(tmp_path):
    """The rest is installed all the same; it is a warning then."""
    place = repo(tmp_path, ONE)
    found = supplies.survey(needs(ONE, TWO), EL7, Named([], [place], strict=False), ExitStack())
    assert found.rpms == ("libnowhereone.x86_64",)
    assert [(each.code, each.severity, each.subject) for each in found.lasting] == [
        ("RPM004", "warning", TWO)
    ]


def test_metadata_that_is_damaged(tmp_path):
    """repomd.xml is whole, and what it names is not: REPO011."""
    place = repo(tmp_path, ONE)
    write(place, "repodata/primary.xml.gz", b"\x1f\x8bnonsense")
    with pytest.raises(IntegrityError) as caught:
        supplies.survey(needs(ONE), EL7, Named([], [place]), ExitStack())
    assert {each.code for each in caught.value.findings} == {"REPO011"}


def test_a_folder_with_a_damaged_rpm(tmp_path):
    """It has the beginning of one, and ends in its header: REPO011, and no traceback."""
    lead, header = b"\xed\xab\xee\xdb" + bytes(92), b"\x8e\xad\xe8\x01" + bytes(4)
    write(str(tmp_path), "cut.rpm", lead + header + struct.pack(">II", 1, 999))
    with pytest.raises(IntegrityError) as caught:
        supplies.survey(needs(ONE), EL7, Named([], [str(tmp_path)]), ExitStack())
    assert {each.code for each in caught.value.findings} == {"REPO011"}


def test_the_step(tmp_path):
    """yum sees these repositories and no others, signatures are checked; the ledger knows; no scratch stays."""
    run = Yum(adds=["libnowhereone-0:1.0-1.el7.x86_64"], keys=["gpg-pubkey-0:1-2.(none)"])
    place, made = step(tmp_path, run, ONE)
    assert made.step.root
    assert made.step.text == "install libnowhereone with yum from repo"
    made.do("", made.step.argv)
    assert (
        "baseurl=file://{}\nenabled=1\ngpgcheck=1\ngpgkey=file://{}/RPM-GPG-KEY-Lab\n".format(
            quote(str(place)), quote(str(place))
        )
        in run.repo
    )
    (argv,) = [argv for argv in run.calls if argv[0] == "yum"]
    assert argv[-2:] == ["install", "libnowhereone.x86_64"]
    entries = ledger.read(str(tmp_path / "p"))
    assert [entry.text for entry in entries] == [made.step.text]
    assert [rpm.name for rpm in ledger.added(entries, run.lines)] == ["gpg-pubkey", "libnowhereone"]
    assert sorted(os.listdir(str(tmp_path / "p" / "system"))) == ["0001.after", "0001.before", "0001.text"]
    assert list(ledger.LDCONFIG) in run.calls


@needs_curl
def test_the_step_for_a_url(tmp_path):
    """yum reads the URL itself, past the proxy of its configuration; the key is this server's own."""
    write(str(tmp_path), "etc/os-release", b'ID="centos"\nVERSION_ID="7"\n')
    write(str(tmp_path), "etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7", b"key")
    run = Yum(adds=["libnowhereone-0:1.0-1.el7.x86_64"])
    with web_maker.site() as site, ExitStack() as stack:
        site.add(repo(tmp_path, ONE))
        sources = web.opened([site.url], stack)
        found = supplies.survey(needs(ONE), EL7, Named([], sources), ExitStack())
        places = supplies.bases(found.media, [site.url], keys.server(Tree(str(tmp_path))))
        made = by_yum(str(tmp_path / "p"), found, places, run)
        made.do("", made.step.argv)
    assert made.step.text == "install libnowhereone with yum from " + site.url
    text = "baseurl={}\nenabled=1\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7\n"
    assert text.format(site.url) + "metadata_expire=0\nproxy=_none_\n" in run.repo


@needs_curl
def test_a_url_on_a_server_without_the_key(tmp_path):
    """REPO014: the one that the URL may have vouches for nothing."""
    with web_maker.site() as site, ExitStack() as stack:
        site.add(repo(tmp_path, ONE))
        found = supplies.survey(needs(ONE), EL7, Named([], web.opened([site.url], stack)), ExitStack())
        with pytest.raises(IntegrityError) as caught:
            supplies.bases(found.media, [site.url], keys.server(Tree(str(tmp_path))))
    assert [each.code for each in caught.value.findings] == ["REPO014"]


@needs_curl
def test_a_url_that_stops_answering(tmp_path, monkeypatch):
    """After its repomd.xml: REPO017 and not damage, before anything is written."""
    monkeypatch.setattr(web, "_PAUSE", 0)
    with web_maker.site() as site, ExitStack() as stack:
        site.add(repo(tmp_path, ONE))
        site.does["repodata/primary.xml.gz"] = web_maker.cut(0, 100)
        with pytest.raises(EnvironmentProblem) as caught:
            supplies.survey(needs(ONE), EL7, Named([], web.opened([site.url], stack)), ExitStack())
    assert [each.code for each in caught.value.findings] == ["REPO017"]


def test_a_refusal_leaves_nothing(tmp_path):
    """The key that yum imported goes again, the ledger forgets, and the error says so."""
    run = Yum(
        fails="Package libnowhereone-1.0-1.el7.x86_64.rpm is not signed", keys=["gpg-pubkey-0:1-2.(none)"]
    )
    _, made = step(tmp_path, run, ONE)
    with pytest.raises(OffkitError) as caught:
        made.do("", made.step.argv)
    assert caught.value.findings[0].code == "RPM002"
    assert caught.value.fix.startswith("nothing was installed;")
    assert run.lines == {HERE}
    assert os.listdir(str(tmp_path / "p" / "system")) == []


def test_half_of_it_is_told_and_noted(tmp_path):
    """yum failed after it had installed something."""
    run = Yum(fails="Error: unpacking of archive failed", keys=["libnowhereone-0:1.0-1.el7.x86_64"])
    _, made = step(tmp_path, run, ONE)
    with pytest.raises(IntegrityError) as caught:
        made.do("", made.step.argv)
    assert caught.value.fix.startswith("libnowhereone-0:1.0-1.el7.x86_64 has been installed;")
    assert [rpm.name for rpm in ledger.added(ledger.read(str(tmp_path / "p")), run.lines)] == [
        "libnowhereone"
    ]


def test_what_a_killed_one_left_goes(tmp_path):
    """Scratch directories of before; the transaction that was interrupted stays noted."""
    left = tmp_path / "p" / "system" / ".scratch-old" / "repos"
    left.mkdir(parents=True)
    ledger.begin(str(tmp_path / "p"), "killed", [HERE])
    run = Yum(adds=["libnowhereone-0:1.0-1.el7.x86_64"])
    _, made = step(tmp_path, run, ONE)
    made.do("", made.step.argv)
    assert not left.exists()
    assert [entry.after is None for entry in ledger.read(str(tmp_path / "p"))] == [True, False]


@pytest.mark.parametrize("name", ["a b", "a,b", "a=b"])
def test_a_prefix_that_yum_would_split(tmp_path, name):
    """Its scratch lies elsewhere then."""
    run = Yum(adds=["libnowhereone-0:1.0-1.el7.x86_64"])
    place = repo(tmp_path, ONE)
    found = supplies.survey(needs(ONE), EL7, Named([], [place]), ExitStack())
    places = supplies.bases(found.media, [place], keys.server(Tree(str(tmp_path))))
    made = by_yum(str(tmp_path / name), found, places, run)
    made.do("", made.step.argv)
    (argv,) = [argv for argv in run.calls if argv[0] == "yum"]
    assert not any(name in word for word in argv)


FETCHED = Finding("RPM022", "warning", "x", "was said while it was fetched", (), "")


def prepared(tmp_path, monkeypatch, here, run, alone=False, strict=True):
    monkeypatch.setattr(fetching, "fetch", lambda *given: Fetched((), (), (), (FETCHED,)))
    monkeypatch.setattr(supplies.shutil, "which", lambda name: "/usr/bin/" + name if name in here else None)
    place = repo(tmp_path, ONE)
    with Drive(run) as drive:
        return supplies.prepare(
            needs(ONE),
            EL7,
            str(tmp_path / "p"),
            Named([], [place], strict=strict),
            alone,
            drive,
            run,
            Reporter(),
            ExitStack(),
        )


@pytest.mark.parametrize("carried", [True, False])
def test_rpms_of_the_bundle_itself(tmp_path, carried):
    """Of modules they are without their metadata, and dnf refuses such; those of a disc are as they are."""
    run = Yum(adds=["libnowhereone-0:1.0-1.el7.x86_64"])
    place = repo(tmp_path, ONE)
    with ExitStack() as stack:
        found = supplies.survey(needs(ONE), EL7, Named([], [], place), stack)
    places = supplies.bases(found.media, [place], keys.server(Tree(str(tmp_path))))
    made = by_yum(str(tmp_path / "p"), found, places, run, place if carried else "")
    made.do("", made.step.argv)
    assert run.repo.split("\n").count("module_hotfixes=1") == int(carried)


def test_root_uses_yum(tmp_path, monkeypatch):
    """One step; libraries are not taken out of RPMs besides."""
    made = prepared(tmp_path, monkeypatch, ("yum", "rpm"), Yum())
    assert [one.step.action for one in made.additions] == ["rpms"]
    assert (made.warnings, made.media) == ((FETCHED,), ())


def test_what_the_server_has_in_a_newer_version(tmp_path, monkeypatch):
    """To install it yum would do nothing, and say that all is well: so it is refused beforehand (RPM018), or
    told where that is allowed; whoever does without yum takes it as it is."""
    newer = {("libnowhereone", "x86_64"): Installed("libnowhereone-2-1.x86_64", ("0", "2", "1"))}
    monkeypatch.setattr(installed, "of", lambda tree, names, run: newer)
    with pytest.raises(EnvironmentProblem) as caught:
        prepared(tmp_path, monkeypatch, ("yum", "rpm"), Yum())
    assert [(each.code, each.severity, each.subject) for each in caught.value.findings] == [
        ("RPM018", "error", ONE)
    ]
    assert caught.value.findings[0].fix.startswith(
        "libnowhereone-2-1.x86_64 is installed and does not have it, and yum does not go back to "
    )
    made = prepared(tmp_path, monkeypatch, ("yum", "rpm"), Yum(), strict=False)
    assert (made.additions, [(each.code, each.severity) for each in made.warnings]) == (
        (),
        [("RPM018", "warning")],
    )
    for here, alone in (((), False), (("yum", "rpm"), True)):
        made = prepared(tmp_path, monkeypatch, here, Yum(), alone=alone)
        assert (made.additions, len(made.media)) == ((), 1)


def test_what_is_installed_again_is_called_so(tmp_path, monkeypatch):
    """Its file is gone, and rpm has that very version."""
    there = {("libnowhereone", "x86_64"): Installed("libnowhereone-1.0-1.el7.x86_64", ("0", "1.0", "1.el7"))}
    monkeypatch.setattr(installed, "of", lambda tree, names, run: there)
    (made,) = prepared(tmp_path, monkeypatch, ("yum", "rpm"), Yum()).additions
    assert made.step.text == "reinstall libnowhereone with yum from repo"
    assert made.step.argv[-2:] == ("reinstall", "libnowhereone.x86_64")


def test_dnf_that_has_no_other_name(tmp_path, monkeypatch):
    """It counts as yum, and is called by that name."""
    (made,) = prepared(tmp_path, monkeypatch, ("dnf", "rpm"), Yum()).additions
    assert made.step.action == "rpms"
    called = []
    run = ledger.english(lambda argv, environment, gently: called.append(list(argv)))
    run(["yum", "--version"])
    run(["rpm", "-qa"])
    monkeypatch.setattr(supplies.shutil, "which", lambda name: None)
    run(["yum", "--version"])  # which says that there is none
    assert called == [["dnf", "--version"], ["rpm", "-qa"], ["yum", "--version"]]


def test_without_yum_or_root(tmp_path, monkeypatch):
    """The media are handed on to be unpacked; that there is no yum is said to root only."""
    made = prepared(tmp_path, monkeypatch, (), Yum())
    assert made.additions == ()
    assert [one.code for one in made.warnings] == ["RPM009"]
    assert len(made.media) == 1
    made = prepared(tmp_path, monkeypatch, ("yum", "rpm"), Yum(), alone=True)
    assert (made.additions, made.warnings, len(made.media)) == ((), (), 1)


def test_a_kernel_that_does_not_mount(tmp_path, monkeypatch):
    """REPO012 as a warning, with what happens instead."""

    def refuse(media, drive):
        raise mounts.MountProblem("mount: unknown filesystem type 'iso9660'")

    monkeypatch.setattr(supplies, "mount", refuse)
    made = prepared(tmp_path, monkeypatch, ("yum", "rpm"), Yum())
    assert [one.code for one in made.warnings] == ["REPO012"]
    assert len(made.media) == 1


# --- word for word -------------------------------------------------------------------------


def missing(*names):
    found = tuple(Finding("LIB001", "error", name, "x", (), "") for name in names)
    return supplies.Survey((), found, (), (), ())


@pytest.mark.parametrize(
    ("names", "shown", "start"),
    [
        (["a"], "a", "is missing on this server: what needs it will fail"),
        (["a", "b", "c", "d"], "a, b, c, d", "are missing on this server: what needs them will fail"),
        (
            ["a", "b", "c", "d", "e", "f"],
            "a, b, c, d and 2 more",
            "are missing on this server: what needs them will fail",
        ),
    ],
)
def test_what_is_missing_in_words(names, shown, start):
    """Four are named; the cure is the server's own repositories where they have it."""
    found = missing(*names)
    medium_fix = "run this again with --iso FILE (or --rpm-repo DIR) to install what is missing"
    for line, fix in (("", medium_fix), ("yum x", "as root: yum x")):
        assert [tuple(each) for each in supplies.warning(found._replace(line=line))] == [
            ("LIB001", "warning", shown, start, (), fix)
        ]


@pytest.mark.parametrize(("strict", "more"), [(True, True), (False, False)])
def test_what_no_medium_has_in_words(tmp_path, strict, more):
    """With the media that were asked."""
    place = repo(tmp_path, "libother.so.1")
    fix = "use a fuller ISO of the same release (Everything, DVD), or add a second one"
    if more:
        fix += "; --allow-missing installs without it, and 'offkit doctor' then says what fails"
        with pytest.raises(RequestError) as caught:
            supplies.survey(needs(ONE), EL7, Named([], [place]), ExitStack())
        assert caught.value.message == "libraries are on none of the media; the bundle was not installed"
        found = caught.value.findings
    else:
        found = supplies.survey(needs(ONE), EL7, Named([], [place], strict=False), ExitStack()).incurable
    message = "is missing; needed by a.whl: x.so"
    assert [tuple(each) for each in found] == [("RPM004", "error", ONE, message, (place,), fix)]


def test_without_yum_in_words(monkeypatch, tmp_path):
    """Either program will be missed; where it was looked for."""
    message = "is not installed: the libraries are unpacked from the RPMs, for this installation only"
    for there in ((), ("yum",), ("rpm",)):
        for name in ("yum", "rpm"):
            path = tmp_path / name
            if path.exists():
                path.unlink()
            if name in there:
                path.write_text("")
                path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert [tuple(each) for each in supplies.unavailable()] == [
            ("RPM009", "warning", "yum", message, (str(tmp_path),), "")
        ]
    for name in ("yum", "rpm"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    assert supplies.unavailable() == []


def test_an_iso_that_is_not_mounted_in_words():
    """The images alone are named."""
    chosen = [
        offer.Offer("/a/x.iso", True, (), "", ()),
        offer.Offer("/a/dir", False, (), "", ()),
        offer.Offer("/a/y.iso", True, (), "", ()),
    ]
    found = supplies.unmountable(chosen, mounts.MountProblem("no loop"))
    message = "cannot be mounted here (no loop): libraries are unpacked from it, for this installation only"
    assert tuple(found) == ("REPO012", "warning", "x.iso, y.iso", message, (), "")

    class Drive:
        @staticmethod
        def insert(source):
            return "/mnt" + source

    assert supplies.mount(chosen, Drive) == ["/mnt/a/x.iso", "/a/dir", "/mnt/a/y.iso"]


def test_what_is_said_besides():
    """What libraries out of RPMs cure is not missing any more, and nothing is said twice."""
    one = Finding("LIB001", "warning", "a", "first", (), "")
    two = Finding("LIB002", "warning", "b", "x", (), "")
    own = supplies.Supplies((1,), (one, two))
    new = one._replace(message="second")
    assert own.joined((2,), (), True) == supplies.Supplies((1, 2), (two,))
    assert own.joined((), (), False) == own
    assert own.joined((), (new,), False).warnings == (two, new)
    assert own.joined((), (new,), True).warnings == (two, new)


@pytest.mark.parametrize(
    ("rpms", "again", "words"),
    [
        (("a.x86_64",), (), [("install", "a.x86_64")]),
        ((), ("b.x86_64",), [("reinstall", "b.x86_64")]),
        (
            ("a.x86_64",),
            ("b.x86_64", "c.x86_64"),
            [("install", "a.x86_64"), ("reinstall", "b.x86_64", "c.x86_64")],
        ),
    ],
)
def test_what_yum_is_called_with(rpms, again, words):
    """Its own repositories and cache; damaged packages have another verb."""
    called = supplies.argv_of(Wish(rpms, again, (), ()), "/s")
    assert [argv[-len(each) :] for argv, each in zip(called, words)] == words
    assert len(called) == len(words)
    for argv in called:
        assert argv[0] == "yum"
        assert {"--setopt=reposdir=/s/repos", "--setopt=cachedir=/s/cache"} <= set(argv)


@pytest.mark.parametrize(
    ("name", "found"), [("a", "a.x86_64"), ("a.x86_64", "a.x86_64"), ("a.i686", "a.i686.x86_64")]
)
def test_names_with_their_architecture(name, found):
    assert supplies._with_arch(name, "x86_64") == found


@pytest.mark.parametrize("char", list(" ,=\t\n'\"$") + ["_"])
def test_where_yum_works(tmp_path, char):
    """In the prefix, or where temporary files are when yum would split its path; nothing stays."""
    prefix = str(tmp_path / ("a" + char + "b"))
    with supplies._Scratch(prefix) as scratch:
        inside = os.path.dirname(scratch.path) == ledger.directory(prefix)
        works = not set(prefix) & set(" ,=\t\n'\"$")
        assert (inside, os.path.isdir(scratch.path)) == (works, True)
        name = os.path.basename(scratch.path)
        assert name.startswith(ledger.SCRATCH if inside else "offkit-")
    assert not os.path.exists(scratch.path)


@pytest.mark.parametrize("alone", [True, False])
def test_media_though_nothing_is_missing(tmp_path, alone):
    """They are kept for what the packages themselves will turn out to lack, where yum does not install."""
    place = repo(tmp_path, ONE)
    made = supplies.prepare(
        needs("libc.so.6"), EL7, str(tmp_path), Named([], [place]), alone, None, None, Reporter(), ExitStack()
    )
    assert (made.additions, made.warnings) == ((), ())
    assert [each.place for each in made.media] == ([place] if alone else [])


def test_media_that_somebody_named(tmp_path):
    """The doctor asks these afterwards; the RPMs of the bundle are taken from as well, but nobody named them."""
    disc, own = repo(tmp_path, ONE), repo(tmp_path, TWO, name="own")
    made = supplies.prepare(
        needs(ONE, TWO), EL7, str(tmp_path), Named([], [disc], own), True, None, None, Reporter(), ExitStack()
    )
    assert [each.place for each in made.media] == [disc, own]
    assert [each.place for each in made.named] == [disc]


def test_what_yum_says_is_noted(tmp_path):
    """Its command line first."""
    noted = []

    class Listener(Reporter):
        def note(self, text):
            noted.append(text)

    def run(argv):
        return Result(argv, 0, "one\ntwo\n" if argv[0] == "yum" else "", "")

    wish = Wish(("a.x",), (), (), ())
    supplies._transaction(str(tmp_path), "x", wish, "/s", run, Listener())
    assert noted[0].startswith("$ yum -y ")
    assert noted[0].endswith(" install a.x")
    assert noted[1:] == ["one", "two"]


@pytest.mark.parametrize("kind", ["image", "directory"])
def test_metadata_is_read_once_in_an_installation(tmp_path, monkeypatch, kind):
    """By whoever asks: what is missing, which RPMs have it, and what the doctor says in the end. repomd.xml
    is opened once for each medium, and so is what it names."""
    place = repo(tmp_path, ONE)
    if kind == "image":
        names = ["repodata/primary.xml.gz", "repodata/repomd.xml", "RPM-GPG-KEY-Lab"]
        files = {name: (tmp_path / "repo" / name).read_bytes() for name in names}
        (tmp_path / "x.iso").write_bytes(image(files))
    read = []
    for each in (medium.Directory, medium.Image):

        def noted(self, path, real=each.open):
            read.append(os.path.basename(path))
            return real(self, path)

        monkeypatch.setattr(each, "open", noted)
    named = ([str(tmp_path / "x.iso")], []) if kind == "image" else ([], [place])
    with ExitStack() as stack:
        made = supplies.prepare(
            needs(ONE), EL7, str(tmp_path), Named(*named), True, None, None, Reporter(), stack
        )
        here = keys.Server(7, "centos", Tree(str(tmp_path)))
        with Supply(made.media, here) as supply:
            assert [each.name for each in supply.ask([ONE + "()(64bit)"])] == ["libnowhereone"]
        with offer.open_catalog(Tree("/"), (), made.named) as catalog:
            assert catalog.ask([Wanted(ONE, (), 64, "x86_64")], ())[ONE].packages
    assert sorted(read) == ["RPM-GPG-KEY-Lab", "primary.xml.gz", "repomd.xml"]


def test_packages_that_sources_are_compiled_with(tmp_path):
    """By their names, beside the libraries and in the same transaction; what no medium has is refused, or left
    out where that is allowed."""
    place = repository(
        str(tmp_path / "disc"),
        [*library_packages(ONE), package("gcc", []), package("gcc", [], arch="i686"), package("odd", [])],
    )
    write(place, "RPM-GPG-KEY-Lab", b"key")
    named = Named([], [place], packages=("gcc",))
    found = supplies.survey(needs(ONE), EL7, named, ExitStack())
    assert found.rpms == ("libnowhereone.x86_64", "gcc.x86_64")
    both = named._replace(packages=("gcc", "python3-devel"))
    with pytest.raises(RequestError) as caught:
        supplies.survey(needs(), EL7, both, ExitStack())
    assert [(each.code, each.subject, each.looked_in) for each in caught.value.findings] == [
        ("RPM004", "python3-devel", (place,))
    ]
    lax = supplies.survey(needs(), EL7, both._replace(strict=False), ExitStack())
    assert lax.rpms == ("gcc.x86_64",)
    assert [(each.code, each.severity) for each in lax.lasting] == [("RPM004", "warning")]
    assert supplies.survey(needs(), EL7, Named(packages=("gcc",)), ExitStack()).rpms == ()


def test_which_of_them_are_installed(tmp_path, monkeypatch):
    """So that what needs them knows that they will be there."""
    place = repository(str(tmp_path / "disc"), [package("gcc", [])])
    write(place, "RPM-GPG-KEY-Lab", b"key")
    monkeypatch.setattr(supplies, "unavailable", list)
    monkeypatch.setattr(fetching, "fetch", lambda *given: Fetched((), (), ()))
    with ExitStack() as stack, Drive() as drive:
        found = supplies.prepare(
            needs(), EL7, str(tmp_path / "p"), Named([], [place], packages=("gcc",)), False, drive, Yum(),
            Reporter(), stack,
        )  # fmt: skip
    assert found.installed == ("gcc",)
    assert [each.step.text for each in found.additions] == ["install gcc with yum from disc"]


def test_a_library_of_a_driver_stops_no_installation(tmp_path):
    """The NVIDIA driver is on no fuller ISO either."""
    place = repo(tmp_path, ONE)
    found = supplies.survey(needs(ONE, "libcuda.so.1"), EL7, Named([], [place]), ExitStack())
    assert found.rpms == ("libnowhereone.x86_64",)
    assert "libcuda.so.1" in [each.subject for each in found.missing]
    assert found.incurable == ()
