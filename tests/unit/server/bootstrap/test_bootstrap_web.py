"""install.sh on a server without the Python: its media are on another server, which can do anything."""

import os
import shutil

import pytest

import install_sh
import test_bootstrap_yum as by_yum
import web_maker
from install_sh import every_shell, program, sh
from offkit.online.carry import bootstrap
from test_bootstrap_media import KEY, PYZ, TOOLS, assert_untouched, disc  # noqa: F401  (a fixture)

pytestmark = [install_sh.without_python36, web_maker.needs_curl]

LIBS = "Packages/python3-libs-3.6.8-1.el7.x86_64.rpm"
COMMAND = "Packages/python3-3.6.8-1.el7.x86_64.rpm"


@pytest.fixture
def site(disc):  # noqa: F811
    """Serves the disc."""
    with web_maker.site() as served:
        served.add(disc / "top")
        yield served


def keyed(monkeypatch, place, disc):  # noqa: F811
    """What is looked for in /etc/pki/rpm-gpg is looked for in ``place`` by every install.sh made now."""
    part = bootstrap._part
    place.mkdir()
    shutil.copy(str(disc / "top" / KEY), str(place))
    where = str(place).encode()
    monkeypatch.setattr(bootstrap, "_part", lambda name: part(name).replace(b"/etc/pki/rpm-gpg", where))


@pytest.fixture
def server(tmp_path, monkeypatch, disc):  # noqa: F811
    """Has the distribution's key, as every server has."""
    keyed(monkeypatch, tmp_path / "pki", disc)
    made = install_sh.make_server(tmp_path, [*TOOLS, "curl"], series="3.6", pyz=PYZ)
    program(made / "bin" / "sleep", "exit 0\n")
    return made


def install(server, *args, **more):
    options = ["--prefix", server / "a prefix", "--no-root"]
    return sh(server, server / "medium" / "bundle.tar", *(options + list(args)), **more)


def tools_of(server, shell):
    install_sh.tools_of(server, shell)
    (server / "bin" / "sleep").unlink()  # perhaps a link to busybox
    program(server / "bin" / "sleep", "exit 0\n")


@every_shell
def test_a_python_out_of_a_url(server, site, shell):
    """Each file is asked for once; offkit gets the URL as it was given; nothing is left."""
    tools_of(server, shell)
    code, out, err = install(server, "--rpm-repo", site.url + "/", shell=shell)
    assert code == 0, err
    assert "'--rpm-repo', '{}/'".format(site.url) in out
    assert "from {}, and verify".format(site.url) in err
    assert os.listdir(str(server / "a prefix/python")) == ["3.6.8-rpm"]
    assert os.listdir(str(server / "tmp")) == []
    asked = [path for path, _ in site.log]
    assert sorted(asked) == sorted(set(asked))
    assert {COMMAND, LIBS} <= set(asked)
    assert not any("/aaa-" in path or "KEY" in path for path in asked)


@every_shell
@pytest.mark.parametrize("deep", ["", os.uname().machine + "/os/"])
def test_two_repositories_under_one_url(server, site, shell, deep):
    """BaseOS and AppStream, as on a disc of el8 and as mirrors have them."""
    tools_of(server, shell)
    for path in list(site.files):
        data = site.files.pop(path)
        site.files["os/BaseOS/" + deep + path] = site.files["os/AppStream/" + deep + path] = data
    code, _, err = install(server, "--rpm-repo=" + site.url + "/os", shell=shell)
    assert code == 0, err
    assert "os/AppStream/" + deep + "repodata/repomd.xml" in dict(site.log)


@every_shell
def test_a_transfer_that_is_cut_goes_on(server, site, shell):
    """Where it was cut."""
    tools_of(server, shell)
    site.does[LIBS] = web_maker.cut(700, 2)
    code, _, err = install(server, "--rpm-repo", site.url, shell=shell)
    assert code == 0, err
    assert site.asked(LIBS) == ["", "bytes=700-", "bytes=1400-"]


def test_a_server_that_knows_no_ranges(server, site):
    """From the beginning again."""
    site.does[LIBS] = web_maker.without_ranges(700)
    code, _, err = install(server, "--rpm-repo", site.url)
    assert code == 0, err
    assert site.asked(LIBS) == ["", "bytes=700-", ""]


@every_shell
def test_a_dry_run(server, site, shell):
    """Says what it would do with which Python; writes nothing."""
    tools_of(server, shell)
    code, out, err = install(server, "--rpm-repo", site.url, "--dry-run", shell=shell)
    assert code == 0, err
    assert "from {}, and verify".format(site.url) in out
    assert_untouched(server)


def gone(site):
    site.stop()


def elsewhere(site):
    site.files.clear()


def redirected(site):
    site.does["repodata/repomd.xml"] = web_maker.status(302, Location="http://127.0.0.2/")


def forbidden(site):
    site.does[COMMAND] = web_maker.status(403)


def page(site):
    site.files["repodata/repomd.xml"] = b"<!DOCTYPE html><title>Welcome</title>"


def stopped(site):
    """In the middle of an RPM, for good."""
    site.does[LIBS] = web_maker.cut(0, 100)


def damaged(site):
    (path,) = [path for path in site.files if path.endswith("primary.xml.gz")]
    site.files[path] = site.files[path][:-20]


def forged(site):
    site.files[LIBS] = site.files[LIBS][:-40] + b"x" * 40


def cut_on_its_disk(site):
    site.files[LIBS] = site.files[LIBS][:2000]


def missing(site):
    del site.files[LIBS]


FAILURES = [
    (gone, 4, "REPO017 URL cannot be reached: "),
    (elsewhere, 4, "REPO010 no yum repository on URL"),
    (redirected, 4, "REPO017 URL redirects (HTTP 302); offkit follows no redirects"),
    (forbidden, 4, "REPO017 URL answers HTTP 403"),
    (page, 4, "REPO017 URL answers with a web page where repodata/repomd.xml should be"),
    (stopped, 4, "REPO017 URL cannot be reached: "),
    (damaged, 3, "REPO011 URL: repodata/"),
    (forged, 3, "RPM001 python3-libs-3.6.8-1.el7.x86_64.rpm on URL is damaged or altered: the checksum in the metadata is another"),
    (cut_on_its_disk, 3, "RPM001 python3-libs-3.6.8-1.el7.x86_64.rpm on URL is damaged or altered: the checksum in the metadata is another"),
    (missing, 3, "RPM001 python3-libs-3.6.8-1.el7.x86_64.rpm on URL is missing, although the metadata lists it"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "words"), FAILURES, ids=[each[0].__name__ for each in FAILURES])
def test_what_is_wrong_with_a_server(server, site, change, code, words):
    """Each has its code and exit code; nothing is written."""
    change(site)
    found, out, err = install(server, "--rpm-repo", site.url)
    assert (found, out) == (code, "")
    assert "error: " + words.replace("URL", site.url) in err
    assert "fix: " in err
    assert_untouched(server)


@every_shell
def test_an_error_at_what_nobody_needs(server, site, shell):
    """HTTP 500 for .treeinfo: the repository is there all the same."""
    tools_of(server, shell)
    site.does[".treeinfo"] = web_maker.status(500)
    code, _, err = install(server, "--rpm-repo", site.url, shell=shell)
    assert code == 0, err


@every_shell
@pytest.mark.parametrize(
    "page",
    [
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<HTML>",
        b"\n<html\nlang='en'>",
        b"<!DOCTYPE\nhtml PUBLIC '-//W3C//DTD'>",
    ],
)
def test_pages(server, site, shell, page):
    """However they begin."""
    tools_of(server, shell)
    site.files["repodata/repomd.xml"] = page
    code, _, err = install(server, "--rpm-repo", site.url, shell=shell)
    assert (code, "answers with a web page" in err) == (4, True), err


@every_shell
def test_all_that_are_wrong_at_once(server, site, shell):
    """The port is named that a firewall has to let in."""
    tools_of(server, shell)
    closed = web_maker.nobody()
    args = ["--rpm-repo", closed, "--rpm-repo", site.url + "/nowhere", "--rpm-repo", site.url]
    code, out, err = install(server, *args, shell=shell)
    assert (code, out) == (4, "")
    assert "REPO017 {} cannot be reached".format(closed) in err
    assert "--add-port={}/tcp".format(closed.rpartition(":")[2]) in err
    assert "REPO010 no yum repository on {}/nowhere".format(site.url) in err
    assert err.count("error: ") == 2


def test_the_key_of_the_server_counts_for_nothing(server, site):
    """What it brings along vouches for nothing: without the distribution's own nothing is unpacked."""
    (server / "pki" / KEY).unlink()
    code, out, err = install(server, "--rpm-repo", site.url)
    assert (code, out) == (3, "")
    both = "python3-3.6.8-1.el7.x86_64.rpm, python3-libs-3.6.8-1.el7.x86_64.rpm"
    assert "error: RPM003 {} on {} are signed with key".format(both, site.url) in err
    assert KEY not in [path for path, _ in site.log]
    assert_untouched(server)


@every_shell
def test_no_curl(server, shell):
    tools_of(server, shell)
    (server / "bin" / "curl").unlink()
    code, out, err = install(server, "--rpm-repo", "http://10.0.0.5:8017/c7", shell=shell)
    assert (code, out) == (4, "")
    assert "error: REPO018 curl is not in PATH; it is needed to fetch from http://10.0.0.5:8017/c7" in err
    assert_untouched(server)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--rpm-repo", "http://u:p@media01/"], "--rpm-repo: http://media01 is not http://HOST[:PORT]/PATH"),
        (["--rpm-repo", "http://media01/$releasever"], "is not http://HOST[:PORT]/PATH"),
        (["--rpm-repo", "https://media01/a/../b"], "is not http://HOST[:PORT]/PATH"),
        (["--iso", "http://media01/c7.iso"], "--iso takes a file, not a URL\nfix: --rpm-repo takes the URL of a repository"),
    ],
)  # fmt: skip
def test_what_is_no_url(server, args, words):
    """Usage, before anything is asked."""
    code, out, err = install(server, *args)
    assert (code, out) == (2, "")
    assert words in err


def test_how_curl_is_called(server):
    """As media/web.py does; proxies of the environment and ~/.curlrc are left out."""
    (server / "bin" / "curl").unlink()
    program(server / "bin" / "curl", 'printf "%s\\n" "$@" >"$HOME/argv"; env >"$HOME/environment"; exit 3\n')
    for host, asking in (("media01", False), ("10.0.0.5", True)):
        install(server, "--rpm-repo", "http://{}:8017/a^b".replace("^", "%5E").format(host))
        argv = (server / "argv").read_text().splitlines()
        assert argv[0] == "-q"
        assert "http://{}:8017/a%5Eb/".format(host) in " ".join(argv)
        for pair in (("--proto", "=http,https"), ("--noproxy", "*"), ("--max-redirs", "0")):
            assert argv[argv.index(pair[0]) + 1] == pair[1]
        environment = (server / "environment").read_text()
        assert ("RES_OPTIONS=attempts:0\n" in environment) == asking


@every_shell
@pytest.mark.skipif(os.geteuid() != 0, reason="yum is called as root only")
def test_yum_reads_the_url_itself(tmp_path, monkeypatch, shell):
    """One repository for each, signatures checked with the server's own key, no proxy of any kind."""
    monkeypatch.setattr(by_yum, "TOOLS", [*by_yum.TOOLS, "curl"])
    (tmp_path / "disc" / "top").mkdir(parents=True)
    (tmp_path / "disc" / "top" / KEY).write_bytes(b"a key\n")
    keyed(monkeypatch, tmp_path / "pki", tmp_path / "disc")
    server = by_yum.prepare(tmp_path)
    install_sh.tools_of(server, shell)
    (server / "yum.does").write_text('env >"$HOME/environment"\n' + by_yum.INSTALLS)
    with web_maker.site() as site:
        site.add(server / "a disc")
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "ALL_PROXY"), "http://192.0.2.1:3128")
        args = ["--prefix", server / "prefix", "--rpm-repo", site.url]
        code, _, err = sh(server, server / "medium" / "bundle.tar", *args, shell=shell, env=proxies)
    assert code == 0, err
    text = (server / "seen.repo").read_text()
    assert "\nbaseurl={}\nproxy=_none_\ngpgkey=file:///".format(site.url) in text
    assert "\nenabled=1\ngpgcheck=1\n" in text
    assert text.count("baseurl=") == 1
    assert "192.0.2.1" not in (server / "environment").read_text()
    assert (server / "prefix/system/0001.text").read_text() == "yum install python3 from {}\n".format(
        site.url
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="yum is called as root only")
def test_a_server_that_stops_while_yum_reads(tmp_path, monkeypatch):
    """REPO017 and not damage."""
    server = by_yum.prepare(tmp_path)
    said = "[MIRROR] a.rpm: Curl error (7): Couldn't connect to server for http://10.0.0.5:8017/a.rpm"
    (server / "yum.does").write_text('echo "{}" >&2; exit 1\n'.format(said))
    code, _, err = by_yum.install(server)
    assert code == 4
    assert "error: REPO017 the server with the repository cannot be reached, or stopped answering" in err
    assert said in err
