"""What yum would install is fetched and verified first. yum 3.4.3, dnf 4 and dnf 5 are played: their words
and exit codes as recorded on CentOS 7.9 and Rocky 9, dnf 5's as of its sources and manual pages."""

import os

import pytest

import repo_maker
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import keys, medium, rpm_keys
from offkit.media.repofile import Base
from offkit.media.rpm_keys import Verdict
from offkit.model import yum as model
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError
from offkit.server.install import fetching
from offkit.server.install.fetching import Wish
from offkit.server.system import yum
from rpm_maker import rpm

KEY = "/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7"
BASE = Base("offkit-el7", "disc", "/mnt/c7", KEY)
WISH = Wish(("libSM.x86_64",), (), (BASE,), ("c7.iso",))
VERSIONS = {3: "3.4.3\n  Installed: rpm-4.11.3-45.el7.x86_64\n", 4: "4.7.0\n", 5: "dnf5 version 5.2.6\n"}
# What each says of a package that it does not see, and how it ends.
UNSEEN = {
    3: ("No package libSM.x86_64 available.\nError: Nothing to do\n", 1),
    4: (
        "All matches were filtered out by exclude filtering for argument: libSM.x86_64\n"
        "Error: Unable to find a match: libSM.x86_64\n",
        1,
    ),
    5: (
        "Failed to resolve the transaction:\n"
        "Argument 'libSM.x86_64' matches only excluded packages.\n"
        "You can try to add to command line:\n  --skip-unavailable to skip unavailable packages\n",
        1,
    ),
}


class Played:
    """A yum of one kind, which sees ``packages`` unless ``hidden`` says otherwise of its options."""

    def __init__(self, kind, packages=("libSM", "libICE"), hidden=lambda argv, repo: (), **more):
        self.kind, self.packages, self.hidden = kind, packages, hidden
        self.installed = set(more.get("installed", ()))
        self.code, self.said = more.get("code", 0), more.get("said", "")
        self.release, self.tags = more.get("release", "1.el7"), more.get("tags", ())
        self.refused = more.get("refused", "")
        self.calls, self.repos = [], []

    def __call__(self, argv):
        self.calls.append(list(argv))
        if argv == ["yum", "--version"]:
            return Result(argv, 0, VERSIONS[self.kind], "")
        if argv[:2] == ["rpm", "-q"]:
            return Result(argv, int(argv[2] not in self.installed), "", "")
        if argv[:3] == ["rpm", "-U", "--test"]:
            return Result(argv, int(bool(self.refused)), "", self.refused)
        place = next(word for word in argv if "reposdir=" in word).partition("reposdir=")[2]
        with open(os.path.join(place, "offkit.repo")) as source:
            self.repos.append(source.read())
        hidden = self.hidden(argv, self.repos[-1])
        verb = next(word for word in argv if word in ("install", "reinstall"))
        wanted = [word.partition(".")[0] for word in argv[argv.index(verb) + 1 :]]
        if [name for name in wanted if name in hidden] == wanted:
            text, code = UNSEEN[self.kind]
            return Result(argv, code, text, "")
        for name in self.packages:
            if name not in hidden:
                path = os.path.join(self.into(argv), name + ".rpm")
                with open(path, "wb") as sink:
                    sink.write(rpm(name, release=self.release, tags=self.tags))
        return Result(argv, self.code, self.said, "")

    @staticmethod
    def into(argv):
        for head in ("--downloaddir=", "--setopt=destdir="):
            for word in argv:
                if word.startswith(head):
                    return word[len(head) :]
        raise AssertionError(argv)

    @property
    def yums(self):
        return [argv for argv in self.calls if argv[0] == "yum" and len(argv) > 2]


class Ring:
    """A key ring that has a verdict for each package."""

    def __init__(self, verdicts=None):
        self.verdicts, self.keys = verdicts or {}, []

    def __call__(self, folder):
        return self

    def add(self, paths):
        self.keys += list(paths)

    def add_imported(self, text):
        self.keys += [text] if text else []

    def check(self, path):
        return self.verdicts.get(os.path.basename(path), Verdict(rpm_keys.SIGNED, "f4a80eb5"))


@pytest.fixture
def server(tmp_path):
    """The server's files; its key is there."""
    path = str(tmp_path / "server") + KEY
    os.makedirs(os.path.dirname(path))
    with open(path, "w") as sink:
        sink.write("key")
    return str(tmp_path / "server")


def put(server, path, text):
    os.makedirs(os.path.dirname(server + path), exist_ok=True)
    with open(server + path, "w") as sink:
        sink.write(text)


@pytest.fixture
def fetch(tmp_path, server, monkeypatch):
    """Fetch with a played yum, and with a ring that has these verdicts."""
    numbers = iter(range(9))

    def call(run, wish=WISH, verdicts=None, imported=""):
        monkeypatch.setattr(rpm_keys, "KeyRing", Ring(verdicts))
        here = keys.Server(7, "centos", Tree(server), imported=imported)
        place = tmp_path / str(next(numbers))
        place.mkdir()
        return fetching.fetch(wish, here, str(place), run)

    return call


TOML = """\
version = "1.0"

[[packages]]
name = "libSM"
[[packages.conditions]]
key = "evr"
comparator = "{}"
value = "{}"
"""


@pytest.mark.parametrize("kind", [3, 4, 5])
def test_what_is_in_order(fetch, kind):
    """It is fetched, without a look at signatures and without a log, and the right key is what remains."""
    run = Played(kind)
    found = fetch(run)
    assert [one.name for one in found.rpms] == ["libICE", "libSM"]
    assert (found.keys, found.hotfixes, found.warnings) == ((KEY,), (), ())
    (argv,) = run.yums
    assert "--downloadonly" in argv
    assert argv[-2:] == ["install", "libSM.x86_64"]
    assert "gpgcheck=0\n" in run.repos[0]
    assert "gpgkey" not in run.repos[0]
    three = {"--setopt=offkit-el7.copy_local=1"}
    assert (three <= set(argv)) == (kind == 3)
    assert not any("/var/log" in word for word in argv)


def test_yum_3_that_ends_with_1_and_has_fetched_all(fetch):
    """States count, not exit codes: older versions end so after --downloadonly."""
    said = 'Background downloading packages, then exiting:\nexiting because "Download Only" specified\n'
    assert len(fetch(Played(3, said=said, code=1)).rpms) == 2


def test_yum_3_that_copies_nothing(fetch):
    """It goes on as yum would, and says what was not looked at."""
    said = 'exiting because "Download Only" specified\n'
    found = fetch(Played(3, packages=(), said=said))
    assert (found.rpms, found.keys) == ((), (KEY,))
    assert [(each.code, each.severity) for each in found.warnings] == [("RPM025", "warning")]
    with pytest.raises(RequestError):
        fetch(Played(4, packages=(), said=said))


def test_what_is_damaged_and_not_fetched(fetch):
    """rpm has it, and that is no reason to be content: what comes to replace it is fetched and verified."""
    wish = WISH._replace(rpms=(), again=("libSM.x86_64",))
    assert len(fetch(Played(3), wish).rpms) == 2
    with pytest.raises(RequestError) as caught:
        fetch(Played(4, packages=("libICE",), installed=["libSM.x86_64"]), wish)
    assert [(each.code, each.subject) for each in caught.value.findings] == [("RPM004", "libSM.x86_64")]
    said = 'exiting because "Download Only" specified\n'
    found = fetch(Played(3, packages=(), said=said, installed=["libSM.x86_64"]), wish)
    assert ([each.code for each in found.warnings], found.keys) == (["RPM025"], (KEY,))


def test_a_payload_that_was_altered(fetch):
    """Its header is signed, its repodata is new: rpm -K sees it, before yum starts; the RPM is named."""
    run = Played(3)
    with pytest.raises(IntegrityError) as caught:
        fetch(run, verdicts={"libICE.rpm": Verdict(rpm_keys.DAMAGED, "Payload SHA256 digest, MD5 digest")})
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("RPM001", "libICE-1.0-1.el7.x86_64")
    assert finding.message == "is damaged: Payload SHA256 digest, MD5 digest"
    assert caught.value.message == "RPMs cannot be used; nothing was installed"
    assert all("--downloadonly" in argv for argv in run.yums)


def test_all_that_is_wrong_is_told_at_once(fetch):
    """Damaged, unsigned, signed by others."""
    verdicts = {
        "libICE.rpm": Verdict(rpm_keys.UNSIGNED, ""),
        "libSM.rpm": Verdict(rpm_keys.NO_KEY, "deadbeef"),
    }
    with pytest.raises(IntegrityError) as caught:
        fetch(Played(4), verdicts=verdicts)
    assert [(each.code, each.subject) for each in caught.value.findings] == [
        ("RPM002", "libICE-1.0-1.el7.x86_64"),
        ("RPM003", "libSM-1.0-1.el7.x86_64"),
    ]


@pytest.mark.parametrize("kind", [3, 4, 5])
@pytest.mark.parametrize(
    ("said", "code"),
    [
        (
            "\tfile /a from install of libSM-1.0-1.el7.x86_64 conflicts with file from package b-1-1.x86_64\n",
            "RPM027",
        ),
        ("\tinstalling package libSM-1.0-1.el7.x86_64 needs 3MB more space on the / filesystem\n", "ENV024"),
        ("error: a riddle\n", ""),
    ],
)
def test_what_rpm_would_refuse(fetch, kind, said, code):
    """It is asked to try, so that a dry run knows; what nobody understands yum may meet itself."""
    run = Played(kind, refused=said)
    if not code:
        assert len(fetch(run).rpms) == 2
        return
    with pytest.raises(EnvironmentProblem) as caught:
        fetch(run)
    (finding,) = caught.value.findings
    assert (finding.code, finding.looked_in) == (code, (said.strip(),))
    assert caught.value.message.startswith("rpm refused: ")
    (argv,) = [argv for argv in run.calls if argv[:2] == ["rpm", "-U"]]
    assert [os.path.basename(path) for path in argv[-2:]] == ["libICE.rpm", "libSM.rpm"]


def test_a_damaged_package_that_yum_sees_itself(fetch):
    """By its checksum: yum's own words, without another attempt."""
    said = (
        "file:///mnt/c7/Packages/libICE-1.0.9-9.el7.x86_64.rpm: [Errno -1] Package does not match intended "
        "download. Suggestion: run yum --enablerepo=offkit-el7 clean metadata\nTrying other mirror.\n"
        "Error downloading packages:\n  libICE-1.0.9-9.el7.x86_64: [Errno 256] No more mirrors to try.\n"
    )
    run = Played(3, packages=(), said=said, code=1)
    with pytest.raises(IntegrityError) as caught:
        fetch(run)
    assert [(each.code, each.subject) for each in caught.value.findings] == [
        ("RPM001", "libICE-1.0.9-9.el7.x86_64")
    ]
    assert len(run.yums) == 1


def excluding(*names):
    """Until told otherwise."""

    def hidden(argv, repo):
        against = {"--disableexcludes=all", "--setopt=disable_excludes=*"}
        return () if against & set(argv) else names

    return hidden


@pytest.mark.parametrize(
    ("kind", "file", "line"),
    [
        (3, "/etc/yum.conf", "exclude=kernel* libSM*"),
        (4, "/etc/dnf/dnf.conf", "excludepkgs=libSM"),
        (4, "/etc/dnf/dnf.conf", "exclude=a,\n  libSM.x86_64"),
        (4, "/etc/dnf/dnf.conf", "includepkgs=libICE"),
        (5, "/etc/dnf/libdnf5.conf.d/x.conf", "excludepkgs=libSM-1*"),
    ],
)
def test_what_the_administrator_excludes(fetch, server, kind, file, line):
    """Tried without it, so it is the cause; the line is named, and what can be done."""
    put(server, file, "[main]\ngpgcheck=1\n{}\n".format(line))
    run = Played(kind, hidden=excluding("libSM"))
    with pytest.raises(EnvironmentProblem) as caught:
        fetch(run)
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject, finding.looked_in) == ("RPM020", "libSM", (file,))
    option, _, patterns = line.partition("=")
    words = " ".join(patterns.replace(",", " ").split())
    assert finding.message == "kept from yum by {}: {}={}".format(file, option, words)
    assert "it was tried" in finding.fix
    assert "--no-root" in finding.fix


def test_yum_3_that_ends_with_0_without_one_of_them(fetch, server):
    """ "No package libSM available.", and it installs the rest."""
    put(server, "/etc/yum.conf", "[main]\nexclude=libSM*\n")
    wish = WISH._replace(rpms=("libSM.x86_64", "libICE.x86_64"))
    run = Played(3, hidden=excluding("libSM"), said="No package libSM.x86_64 available.\n")
    with pytest.raises(EnvironmentProblem) as caught:
        fetch(run, wish)
    assert [(each.code, each.subject) for each in caught.value.findings] == [("RPM020", "libSM")]


def test_excludes_that_are_not_the_cause(fetch, server):
    """Nothing is found without them either: what the media lack is what is said."""
    put(server, "/etc/yum.conf", "[main]\nexclude=libSM*\n")
    run = Played(3, hidden=lambda argv, repo: ("libSM",))
    with pytest.raises(RequestError) as caught:
        fetch(run)
    assert [each.code for each in caught.value.findings] == ["RPM004"]
    assert len(run.yums) == 2


def test_what_is_installed_by_now_is_not_missing(fetch):
    """Somebody else was faster: yum has nothing to do, and that is right."""
    run = Played(4, packages=(), said="Nothing to do.\n", installed=["libSM.x86_64"])
    assert fetch(run).rpms == ()


def modular(argv, repo):
    return () if "module_hotfixes=1" in repo else ("libSM",)


MODULE = "39.module+el8.10.0+1592+61442852"
LABEL = (5096, "libSM:1:8100020240101000000:17efdbc7")  # RPMTAG_MODULARITYLABEL


def plain(tmp_path, release="1.el7", names=("libSM", "libICE")):
    """A wish for what is in a repository without modules.yaml, whose packages are of that release."""
    packages = [repo_maker.package(name, release=release) for name in names]
    place = repo_maker.repository(tmp_path / "plain", packages)
    (found,) = medium.Directory(Tree("/"), place).repositories()
    return WISH._replace(undescribed=(("/mnt/c7", found),))


def test_a_modular_rpm_without_its_metadata(fetch, tmp_path):
    """dnf hides it; it is taken all the same when that is what helps, and it is said."""
    found = fetch(Played(4, hidden=modular, release=MODULE), plain(tmp_path))
    assert found.hotfixes == ("/mnt/c7",)
    (warning,) = found.warnings
    assert (warning.code, warning.severity) == ("RPM022", "warning")
    assert "dnf's modular filtering keeps them out" in warning.message
    assert "module_hotfixes=1" in warning.message


@pytest.mark.parametrize("kind", [4, 5])
def test_a_modular_rpm_that_dnf_fetches_and_refuses(fetch, tmp_path, kind):
    """By its label: "No available modular metadata for modular package", after all was fetched."""
    wish = plain(tmp_path, MODULE)
    run = Played(kind, release=MODULE, tags=[LABEL])
    found = fetch(run, wish)
    assert (found.hotfixes, len(run.yums)) == (("/mnt/c7",), 1)
    (warning,) = found.warnings
    assert warning.code == "RPM022"
    assert warning.subject == "libICE-1.0-{0}.x86_64, libSM-1.0-{0}.x86_64".format(MODULE)
    assert fetch(Played(3, release=MODULE, tags=[LABEL]), wish).hotfixes == ()  # of which yum 3 knows nothing


@pytest.mark.parametrize("names", [(), ("libSM", "libICE")])
def test_a_label_of_a_module_that_is_described(fetch, tmp_path, names):
    """What another repository, which describes it, has in that very version is no reason to filter less."""
    found = fetch(Played(4, release=MODULE, tags=[LABEL]), plain(tmp_path, "1.el8", names))
    assert (found.hotfixes, found.warnings) == ((), ())


def test_a_medium_that_describes_its_modules(fetch):
    """What its maker filters out is filtered out, and is told where the packages say of which module they are."""
    run = Played(4, hidden=modular)
    with pytest.raises(RequestError) as caught:
        fetch(run)
    assert caught.value.findings[0].code == "RPM004"
    labelled = Played(4, hidden=modular, tags=[LABEL])
    with pytest.raises(EnvironmentProblem) as caught:
        fetch(labelled)
    assert {(one.code, one.looked_in) for one in caught.value.findings} == {
        ("RPM029", ("/etc/dnf/modules.d",))
    }
    for each in (run, labelled):
        assert ["module_hotfixes=1" in text for text in each.repos] == [False, True]


def test_yum_3_knows_no_modules(fetch, tmp_path):
    """Nothing else is tried."""
    run = Played(3, hidden=modular)
    with pytest.raises(RequestError):
        fetch(run, plain(tmp_path))
    assert len(run.yums) == 1


@pytest.mark.parametrize(
    ("place", "line", "code"),
    [
        ("/etc/yum/pluginconf.d", "0:libSM-0.9-1.el7.*", "RPM021"),
        ("/etc/dnf/plugins", "libSM-0:0.9-1.el7.*", "RPM021"),
        ("/etc/yum/pluginconf.d", "!0:libSM-1.0-1.el7.*", "RPM021"),
        ("/etc/yum/pluginconf.d", "0:libSM-1.0-1.el7.*", ""),
        ("/etc/dnf/plugins", "libSM-0:1.0-*.*", ""),
        ("/etc/yum/pluginconf.d", "0:libSM-devel-0.9-1.el7.*", ""),
        ("/etc/yum/pluginconf.d", "# 0:libSM-0.9-1.el7.*", ""),
    ],
)
def test_versions_that_are_locked(fetch, server, place, line, code):
    """offkit's yum runs without plugins; what the plugin would keep is kept all the same."""
    put(server, place + "/versionlock.conf", "[main]\nenabled = 1\n")
    put(server, place + "/versionlock.list", line + "\n")
    if not code:
        assert fetch(Played(3)).rpms
        return
    with pytest.raises(EnvironmentProblem) as caught:
        fetch(Played(3))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == (code, "libSM-1.0-1.el7.x86_64")
    assert finding.looked_in == (place + "/versionlock.list",)
    put(server, place + "/versionlock.conf", "[main]\nenabled = 0\n")
    assert fetch(Played(3)).rpms


def test_dnf_5_keeps_to_its_list_itself(fetch, server):
    """What it does not see for that is no lack of the media: it is tried without, and told."""
    put(server, "/etc/dnf/versionlock.toml", TOML.format("=", "0:0.9-1.el7"))
    run = Played(5, hidden=excluding("libSM"))
    with pytest.raises(EnvironmentProblem) as caught:
        fetch(run)
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("RPM021", "libSM-1.0-1.el7.x86_64")
    assert finding.message == "is not the version that is locked on this server: libSM evr = 0:0.9-1.el7"
    assert finding.looked_in == ("/etc/dnf/versionlock.toml",)
    put(server, "/etc/dnf/versionlock.toml", TOML.format("=", "0:1.0-1.el7"))
    with pytest.raises(RequestError):
        fetch(Played(5, hidden=lambda argv, repo: ("libSM",)))


def test_a_key_that_rpm_has_already(fetch):
    """Nothing has to be imported then."""
    assert fetch(Played(4), imported="-----BEGIN PGP").keys == ()


def test_the_one_of_several_keys_that_signed(server, tmp_path, monkeypatch):
    """yum imports every key that it is told of."""
    newer = "/etc/pki/rpm-gpg/RPM-GPG-KEY-vendor"
    put(server, newer, "key")

    class Each(Ring):
        def __call__(self, folder):
            return Each()

        def check(self, path):
            known = newer in self.keys
            return Verdict(rpm_keys.SIGNED if known else rpm_keys.NO_KEY, "f4a80eb5")

    monkeypatch.setattr(rpm_keys, "KeyRing", Each())
    here = keys.Server(7, "centos", Tree(server), vendor=(newer,))
    assert fetching.fetch(WISH, here, str(tmp_path), Played(4)).keys == (newer,)


def test_what_rpm_does_not_have_afterwards():
    """RPM023: the exit code was 0."""
    run = Played(3, installed=["libICE.x86_64"])
    wish = WISH._replace(rpms=("libSM.x86_64", "libICE.x86_64"))
    found = fetching.arrived(wish, run)
    assert (found.code, found.subject) == ("RPM023", "libSM.x86_64")
    run.installed.add("libSM.x86_64")
    assert fetching.arrived(wish, run) is None


@pytest.mark.parametrize(
    ("version", "kind"), [("", 4), ("4.14.0\n", 4), *((VERSIONS[n], n) for n in VERSIONS)]
)
def test_which_yum_it_is(version, kind):
    """By what it prints first."""
    found = yum.way(lambda argv: Result(argv, 0, version, ""))
    assert found == model.WAYS[{3: 0, 5: 1, 4: 2}[kind]]
