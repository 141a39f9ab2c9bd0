"""A medium under a URL: a real curl, and a server on this machine that behaves badly."""

import os
import shlex
from contextlib import ExitStack

import pytest

import web_maker
from install_sh import program
from offkit.edges.run import Result, clean_environment
from offkit.edges.tree import Tree
from offkit.media import offer, web
from offkit.media.answers import Wanted
from offkit.media.keys import Server
from offkit.media.repodata import PORTAL
from offkit.media.repository import Unreachable
from offkit.media.rpm import BadRepodata
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from repo_maker import library_packages, repository
from web_maker import needs_curl

SONAME = "libnowhereone.so.1"
PRIMARY = "repodata/primary.xml.gz"
RPM = "Packages/a.rpm"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch, tmp_path):
    monkeypatch.setattr(web, "_PAUSE", 0)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def site(tmp_path):
    """With a repository at the top, and a file that could be a package."""
    repository(tmp_path / "top", library_packages(SONAME))
    with web_maker.site() as served:
        served.add(tmp_path / "top")
        served.files[RPM] = bytes(bytearray(range(256))) * 400
        yield served


def look(*urls):
    with ExitStack() as stack:
        return offer.look([], web.opened(urls, stack))


def refused(kind, *urls):
    with pytest.raises(kind) as caught:
        look(*urls)
    return caught.value.findings


@pytest.fixture
def opened(site):
    with ExitStack() as stack:
        yield web.opened([site.url], stack)[0]


@needs_curl
def test_a_repository_at_the_top(site, tmp_path):
    """As a directory would be, less the keys: those of a server that anybody can be vouch for nothing."""
    site.files["RPM-GPG-KEY-CentOS-7"] = b"key"
    (found,) = look(site.url)
    (same,) = offer.look([], [str(tmp_path / "top")])
    assert found.repositories == same.repositories
    assert (found.source, found.name, found.iso, found.keys, found.label) == (
        site.url,
        site.url,
        False,
        (),
        "",
    )


@needs_curl
def test_repositories_below(site):
    """BaseOS and AppStream of a disc of el8, or as mirrors have them: nobody can ask what else there is."""
    files, deep = dict(site.files), "/{}/os".format(os.uname().machine)
    for below in ("", deep):
        site.files = {
            each + below + "/" + name: data
            for name, data in files.items()
            for each in ("AppStream", "BaseOS")
        }
        (found,) = look(site.url)
        assert sorted(each.base for each in found.repositories) == ["AppStream" + below, "BaseOS" + below]


@needs_curl
@pytest.mark.parametrize("code", [200, 403, 404, 500, 503])
def test_which_release_it_is_of(site, code):
    """By its .treeinfo, as a disc; a server that forbids it may have all the rest."""
    site.files[".treeinfo"] = b"[general]\nfamily = CentOS Linux\nversion = 8\narch = x86_64\n"
    if code != 200:
        site.does[".treeinfo"] = web_maker.status(code)
    with ExitStack() as stack:
        (found,) = offer.look([], web.opened([site.url], stack))
        assert found.disc == (("CentOS Linux 8", "el8", "x86_64") if code == 200 else None)
        assert len(found.opened.repositories()[0].libraries().packages) == 1
        (told,) = offer.strangers([found], Server(9, "rocky", Tree("/"), "el9")) or [None]
        assert (told is None) == (code != 200)


@needs_curl
def test_everything_is_fetched_once(site):
    """By whoever asks in one run: the survey, the libraries, the doctor at the end. Then nothing is left."""
    with ExitStack() as stack:
        (source,) = web.opened([site.url, site.url], stack)
        for _ in range(2):
            offer.look([], [source])
            with offer.open_catalog(Tree("/"), (), [source]) as catalog:
                answers = catalog.ask([Wanted(SONAME, (), 64, "x86_64")], ())
            assert [each.name for each in answers[SONAME].packages] == ["libnowhereone"]
        assert [path for path, _ in site.log] == ["repodata/repomd.xml", ".treeinfo", PRIMARY]
        assert os.listdir(web.leftovers.tempfile.gettempdir()) != []
    assert os.listdir(web.leftovers.tempfile.gettempdir()) == []


@needs_curl
def test_a_package_goes_once_it_was_read(site, opened):
    """Metadata stay for the run, packages would fill the disk."""
    with opened.open(RPM) as source:
        assert source.read() == site.files[RPM]
    assert os.listdir(opened._folder) == []


@needs_curl
@pytest.mark.parametrize("times", [1, 4])
def test_a_transfer_that_is_cut_goes_on(site, opened, times):
    """With the byte that is missing; as often as there is a byte more."""
    site.does[RPM] = web_maker.cut(1000, times)
    with opened.open(RPM) as source:
        assert source.read() == site.files[RPM]
    spans = site.asked(RPM)
    assert spans == ["", *("bytes={}-".format(1000 * (one + 1)) for one in range(times))]


@needs_curl
def test_a_server_that_knows_no_ranges(site, opened):
    """From the beginning again."""
    site.does[RPM] = web_maker.without_ranges(1000)
    with opened.open(RPM) as source:
        assert source.read() == site.files[RPM]
    assert site.asked(RPM) == ["", "bytes=1000-", ""]


@needs_curl
def test_a_server_that_is_busy_for_a_moment(site, opened):
    site.does[RPM] = web_maker.busy(2)
    with opened.open(RPM) as source:
        assert source.read() == site.files[RPM]


@needs_curl
def test_a_server_that_stops_in_the_middle(site, opened):
    """REPO017, with the port that a firewall may have closed, after three tries without one more byte;
    and nobody waits for it a second time."""
    site.does[RPM] = web_maker.cut(0, 100)
    before = len(site.log)
    with pytest.raises(Unreachable) as caught:
        opened.open(RPM)
    assert len(site.log) == before + 3
    finding = caught.value.finding()
    assert (finding.code, finding.severity, finding.subject) == ("REPO017", "error", site.url)
    assert "--add-port={}/tcp".format(site.url.rpartition(":")[2]) in finding.fix
    before = len(site.log)
    with pytest.raises(Unreachable):
        opened.has("repodata/repomd.xml")
    assert len(site.log) == before


@needs_curl
def test_what_the_server_does_not_have(site, opened):
    """Not there, as in a directory; it is named by its URL."""
    assert not opened.has("nothing")
    with pytest.raises(FileNotFoundError) as caught:
        opened.open("nothing")
    assert caught.value.filename.startswith(site.url)
    assert caught.value.filename.endswith("/nothing")


@needs_curl
def test_all_that_is_wrong_at_once(site):
    """Nobody there, and no repository: both are told."""
    found = refused(EnvironmentProblem, web_maker.nobody(), site.url + "/elsewhere")
    assert [each.code for each in found] == ["REPO017", "REPO010"]
    assert "cannot be reached" in found[0].message


@needs_curl
def test_another_place_is_not_gone_to(site):
    """A redirect could lead anywhere, also to the machine itself."""
    with web_maker.site() as other:
        other.files = dict(site.files)
        site.does["repodata/repomd.xml"] = web_maker.status(302, Location=other.url + "/repodata/repomd.xml")
        (finding,) = refused(EnvironmentProblem, site.url)
        assert finding.code == "REPO017"
        assert "redirects (HTTP 302)" in finding.message
        assert other.log == []


@needs_curl
def test_a_server_that_forbids(site):
    site.does["repodata/repomd.xml"] = web_maker.status(403)
    (finding,) = refused(EnvironmentProblem, site.url)
    assert (finding.code, finding.message) == ("REPO017", "answers HTTP 403")


PAGES = (
    b"<!DOCTYPE html>\n<html><head><title>\n Log in -\n  Hotspot</title></head></html>",
    b"\xef\xbb\xbf<?xml version='1.0'?><!-- x --><html lang='en'><TITLE>Log in - Hotspot</TITLE>",
    b"  <HTML>Please log in",
)


@needs_curl
@pytest.mark.parametrize("page", PAGES)
def test_a_page_for_everything(site, page):
    """A portal's, a proxy's: nothing is damaged, and it is said what came from where."""
    for path in list(site.files):
        site.files[path] = page
    (finding,) = refused(EnvironmentProblem, site.url)
    called = 'a web page, "Log in - Hotspot"' if b"Hotspot" in page else "a web page"
    assert (finding.code, finding.subject) == ("REPO017", site.url)
    assert finding.message == "answers with {} where repodata/repomd.xml should be".format(called)
    assert finding.fix == PORTAL


@needs_curl
@pytest.mark.parametrize("change", [lambda data: data[:-9], lambda data: data[:-9] + b"123456789"])
def test_metadata_that_is_not_what_repomd_names(site, opened, change):
    """Cut on the server's disk, or forged."""
    site.files[PRIMARY] = change(site.files[PRIMARY])
    with pytest.raises((BadRepodata, EOFError)):
        opened.repository("").search(None)


@needs_curl
def test_the_doctor_says_what_cannot_be_reached(site, opened):
    """The repository answered, and its metadata are not to be had: REPO017 and not REPO004."""
    site.does[PRIMARY] = web_maker.cut(0, 100)
    with offer.open_catalog(Tree("/"), (), [opened]) as catalog:
        assert catalog.ask([Wanted(SONAME, (), 64, "x86_64")], ()) == {}
    assert [(each.code, each.severity) for each in catalog.findings] == [("REPO017", "error")]


def played(monkeypatch, tmp_path, text):
    """A curl that is a script, and the only program on PATH but sh's own."""
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "curl", text)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def test_how_curl_is_called(monkeypatch, tmp_path):
    """No ~/.curlrc (-q comes first), no proxy, no other protocol, no redirect; nothing of the environment's."""
    saying = 'cd {}; printf "%s\\n" "$@" >argv; env >environment; exit 7\n'.format(shlex.quote(str(tmp_path)))
    played(monkeypatch, tmp_path, saying.replace("env >", "/usr/bin/env >"))
    for name in ("http_proxy", "https_proxy", "ALL_PROXY", "CURL_HOME"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    refused(EnvironmentProblem, "http://media01:8017/el7")
    argv = (tmp_path / "argv").read_text().splitlines()
    assert argv[0] == "-q"
    assert argv[-1] == "http://media01:8017/el7/repodata/repomd.xml"
    for pair in (("--proto", "=http,https"), ("--noproxy", "*"), ("--max-redirs", "0")):
        assert argv[argv.index(pair[0]) + 1] == pair[1]
    environment = (tmp_path / "environment").read_text()
    assert "192.0.2.1" not in environment
    assert "RES_OPTIONS=\n" in environment  # a name may be asked for
    refused(EnvironmentProblem, "http://10.0.0.5:8017/el7")
    assert "RES_OPTIONS=attempts:0\n" in (tmp_path / "environment").read_text()


def test_no_curl(monkeypatch, tmp_path):
    """REPO018, with what can be done instead."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (finding,) = refused(EnvironmentProblem, "http://10.0.0.5:8017")
    assert (finding.code, finding.subject) == ("REPO018", "curl")
    assert "--rpm-repo DIR" in finding.fix


def test_no_room(monkeypatch, tmp_path):
    """curl could not write: that is no fault of the server's."""
    says = "echo . >>'{}/calls'; echo 'curl: (23) Failed writing body' >&2; exit 23\n"
    played(monkeypatch, tmp_path, says.format(tmp_path))
    (finding,) = refused(EnvironmentProblem, "http://10.0.0.5:8017")
    assert (tmp_path / "calls").read_text() == ".\n"  # another try would not help
    assert finding.code == "ENV024"
    assert "TMPDIR" in finding.fix


def test_an_empty_file(monkeypatch, tmp_path):
    """curl of el7 makes none for it."""
    played(monkeypatch, tmp_path, "printf 200\n")
    with ExitStack() as stack:
        (found,) = web.opened(["http://10.0.0.5"], stack)
        with found.open("Packages/empty") as source:
            assert source.read() == b""


class Curl:
    """Answers in turn: (exit code, HTTP's code, words, bytes that came)."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.argv, self.environments, self.pauses = list(answers), [], [], []
        monkeypatch.setattr(web, "run", self)
        monkeypatch.setattr(web.time, "sleep", self.pauses.append)
        monkeypatch.setattr(web, "_PAUSE", 1.0)

    def __call__(self, argv, environment):
        self.argv.append(argv)
        self.environments.append(environment)
        code, answer, words, data = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if data is not None:
            with open(argv[argv.index("-o") + 1], "ab") as out:
                out.write(data)
        return Result(argv, code, answer, words)

    def resumed(self):
        return [argv[argv.index("-C") + 1] if "-C" in argv else None for argv in self.argv]


WORDS = ["curl", "-q", "-f", "-s", "-S", "-g", "-L", "--max-redirs", "0", "--proto", "=http,https"]
WORDS += ["--noproxy", "*", "--connect-timeout", "10", "--speed-limit", "1", "--speed-time", "30"]
WORDS += ["-w", "%{http_code}"]


def test_every_word_for_curl(monkeypatch, tmp_path):
    """Known to curl of el7; with what is already there, it goes on behind that."""
    curl = Curl(monkeypatch, (18, "200", "", b"abc"), (0, "206", "", b"def"))
    local = str(tmp_path / "1")
    assert web._fetch("http://m/c7", "a b", local) is True
    url = "http://m/c7/a%20b"
    assert curl.argv == [[*WORDS, "-o", local, url], [*WORDS, "-C", "3", "-o", local, url]]
    assert curl.pauses == [1.0]
    assert curl.environments == [clean_environment({"RES_OPTIONS": ""})] * 2
    web._fetch("http://10.0.0.5", "a", str(tmp_path / "2"))
    assert curl.environments[-1] == clean_environment(None)


@pytest.mark.parametrize(
    ("code", "answer", "again"),
    [(code, "000", True) for code in (5, 7, 18, 28, 52, 55, 56, 92)]
    + [(22, "500", True), (22, "503", True), (22, "403", False), (22, "301", False)]
    + [(code, "000", False) for code in (1, 2, 6, 23, 35, 47, 60, 127)],
)
def test_what_is_tried_again(monkeypatch, tmp_path, code, answer, again):
    """Three times without one more byte, with a pause between; what will not change is not."""
    curl = Curl(monkeypatch, (code, answer, "curl: ({}) x".format(code), None))
    with pytest.raises((Unreachable, EnvironmentProblem)):
        web._fetch("http://10.0.0.5", "a", str(tmp_path / "1"))
    assert (len(curl.argv), curl.pauses) == ((3, [1.0, 1.0]) if again else (1, []))


def test_as_long_as_there_is_a_byte_more(monkeypatch, tmp_path):
    """Not for ever."""
    curl = Curl(monkeypatch, (18, "200", "curl: (18) cut", b"x"))
    with pytest.raises(Unreachable, match="cannot be reached: cut"):
        web._fetch("http://10.0.0.5", "a", str(tmp_path / "1"))
    assert len(curl.argv) == 100
    assert curl.resumed()[:3] == [None, "1", "2"]
    answers = [(18, "200", "", None)] * 2 + [(18, "200", "", b"x")] + [(18, "200", "", None)] * 2
    curl = Curl(monkeypatch, *answers, (0, "206", "", None))
    assert web._fetch("http://10.0.0.5", "a", str(tmp_path / "2"))
    assert len(curl.argv) == 6


@pytest.mark.parametrize("refusal", [(33, "200"), (22, "416")])
def test_where_it_cannot_go_on(monkeypatch, tmp_path, refusal):
    """What is there is thrown away; with nothing there it is one futile try."""
    local = str(tmp_path / "1")
    curl = Curl(monkeypatch, (18, "200", "", b"abc"), (*refusal, "", None), (0, "200", "", b"abcdef"))
    assert web._fetch("http://10.0.0.5", "a", local)
    assert curl.resumed() == [None, "3", None]
    with open(local, "rb") as source:
        assert source.read() == b"abcdef"
    curl = Curl(monkeypatch, (*refusal, "x", None))
    with pytest.raises(Unreachable):
        web._fetch("http://10.0.0.5", "a", str(tmp_path / "2"))
    assert len(curl.argv) == 3


@pytest.mark.parametrize("answer", ["404", "410", "x 404\n"])
def test_what_is_not_there(monkeypatch, tmp_path, answer):
    Curl(monkeypatch, (22, answer, "", None))
    assert web._fetch("http://10.0.0.5", "a", str(tmp_path / "1")) is False


def failure(code, words, answer="000"):
    return web._failure("http://m:8017/x", "/tmp/f/1", Result([], code, "", words), answer)


def test_words_for_each_failure():
    """What is said, and what can be done."""
    found = failure(127, "curl: No such file")
    assert (found.code, found.filename, found.why) == (
        "REPO018",
        "curl",
        "is not in PATH; it is needed to fetch from a URL",
    )
    assert (
        found.fix == "put curl into PATH (every minimal EL has it), or mount the share and use --rpm-repo DIR"
    )
    full = failure(23, "warning\ncurl: (23) Failed writing body\n")
    message = "files fetched from http://m:8017/x cannot be stored: Failed writing body"
    fix = "free some space there, or set TMPDIR to another directory"
    assert full.message == message
    assert list(full.findings) == [Finding("ENV024", ERROR, "/tmp/f", message, ("/tmp/f",), fix)]
    told = [
        (failure(47, "x", "302"), "redirects (HTTP 302); offkit follows no redirects", "give the URL where the files are"),
        (failure(22, "x", "403"), "answers HTTP 403", "check the path on that server, and whether this host may read it"),
        (failure(7, "curl: (7) Failed to connect"), "cannot be reached: Failed to connect", None),
        (failure(7, "odd"), "cannot be reached: odd", None),
        (failure(7, ""), "cannot be reached: curl exited with 7", None),
    ]  # fmt: skip
    for found, why, fix in told:
        assert (found.code, found.filename, found.why) == ("REPO017", "http://m:8017/x", why)
        assert found.fix == (fix or (
            "check that it is still serving, and that its firewall lets this host in (there: firewall-cmd "
            "--add-port=8017/tcp); then run the same command again"
        ))  # fmt: skip


def test_what_a_url_is_asked_for(monkeypatch, tmp_path):
    """Each file once, also one that is not there; a package's file goes when it is open; nobody can list."""
    asked = []

    def fetch(base, path, local):
        asked.append((base, path, local))
        if "none" in path:
            return False
        with open(local, "wb") as out:
            out.write(path.encode())
        return True

    monkeypatch.setattr(web, "_fetch", fetch)
    found = web.Web("http://m/x", str(tmp_path))
    assert (found.place, found.names(), found.folders()) == ("http://m/x", [], [])
    assert found.has("a/repodata/x") is True
    for _ in range(2):
        with found.open("a/repodata/x") as source:
            assert source.read() == b"a/repodata/x"
        assert found.has("none") is False
        with pytest.raises(FileNotFoundError) as caught:
            found.open("none")
        assert (caught.value.errno, caught.value.strerror) == (2, "No such file on the server")
        assert caught.value.filename == "http://m/x/none"
    for _ in range(2):
        with found.open("repodata.rpm") as source:
            assert source.read() == b"repodata.rpm"
    paths = ["a/repodata/x", "none", "repodata.rpm", "repodata.rpm"]
    names = [str(tmp_path / str(number)) for number in (1, 2, 3, 4)]
    assert asked == [("http://m/x", path, name) for path, name in zip(paths, names)]
    assert sorted(os.listdir(str(tmp_path))) == ["1", "tmp"]


def test_which_repositories_are_looked_for(monkeypatch, tmp_path):
    """The top; else what a disc of el8 has, by name and in order."""
    there = set()
    found = web.Web("http://m", str(tmp_path))
    monkeypatch.setattr(found, "has", lambda path: path in there)
    assert found.bases() == []
    there |= {"BaseOS/repodata/repomd.xml"}
    assert found.bases() == ["BaseOS"]
    there |= {"AppStream/repodata/repomd.xml"}
    assert found.bases() == ["AppStream", "BaseOS"]
    there |= {"repodata/repomd.xml"}
    assert found.bases() == [""]


def test_which_places_are_urls(tmp_path):
    """Directories stay as they are, in their order; each URL once, with a folder of its own."""
    with ExitStack() as stack:
        assert web.opened(["/a", "b"], stack) == ["/a", "b"]
        assert os.listdir(str(tmp_path / "tmp")) == []
        found = web.opened(["/a", "http://m", "/b", "https://n", "http://m", "/a"], stack)
        assert [getattr(each, "place", each) for each in found] == ["/a", "http://m", "/b", "https://n"]
        folders = [each._folder for each in found if isinstance(each, web.Web)]
        assert len(set(folders)) == 2
        assert all(os.path.isdir(each) and os.listdir(each) == [] for each in folders)
        assert len(os.listdir(str(tmp_path / "tmp"))) == 1
    assert os.listdir(str(tmp_path / "tmp")) == []
