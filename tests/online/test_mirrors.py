"""RPMs from a mirror before the gap: what is asked for, what is kept, and what is said when it fails."""

import base64
import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import distribution_maker
import repo_maker
import rpm_tools
import tls_maker
import web_maker
from distribution_maker import Made
from library_maker import Shelf
from offkit.media import rpm
from offkit.media.repodata import PORTAL
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online.carry import rpms
from offkit.online.index import network
from offkit.online.resolve.lock import Session
from offkit.online.rpms import mirrorlist, places
from offkit.online.rpms.places import Fetching
from target_maker import preset

pytest.importorskip("solv", reason="no offkit[rpm] here")
EL7 = preset("3.6")
A, B, C = "libofftest-a.so.1", "libofftest-b.so.1", "libofftest-c.so.1"


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with web_maker.site() as found:
        yield found


@pytest.fixture
def choose(tmp_path):
    """As a bundle does, from --rpm-repo VALUE…"""
    with contextlib.ExitStack() as stack:

        def run(*given, sonames=(A,), target=EL7, offline=False, keys=(), beside=(), args=()):
            def session():
                asking = Session(EL7, ["--no-index", *args], Reporter())
                return stack.enter_context(asking).repository.session

            more, *_ = rpms.more(given, keys, (None, *beside), offline)
            more = more._replace(fetching=Fetching(session, tmp_path / "cache"))
            wanted = Checklist(tuple(Library(each, (), ("wheel: x.so",), "", False) for each in sonames))
            rpms.look((), target, more)
            return rpms.choose((), wanted, target, (), more)

        yield run


def titles(chosen):
    return [title.split("-1.0")[0] for title in chosen.titles]


def shelf(tmp_path, name, *rows):
    """A repository; rows: (name, soname, what it requires)."""
    made = Shelf(tmp_path / name)
    for package, soname, requires in rows:
        made.add(package, soname, requires=[rpm.capability(each) for each in requires])
    return made.done()


@pytest.fixture
def plain(tmp_path):
    return shelf(tmp_path, "plain", ("a", A, [B]), ("b", B, []), ("c", C, []))


def test_only_what_is_needed_is_fetched(site, choose, plain):
    """Metadata, and the RPMs that are chosen; the second time nothing but repomd.xml, and whether there is a
    .treeinfo."""
    site.add(plain)
    assert titles(choose(site.url)) == ["a", "b"]
    fetched = {path for path, _ in site.log}
    assert {path for path in fetched if path.endswith(".rpm")} == {
        "Packages/a-1.0-1.el7.x86_64.rpm",
        "Packages/b-1.0-1.el7.x86_64.rpm",
    }
    site.log.clear()
    chosen = choose(site.url + "/")
    assert titles(chosen) == ["a", "b"]
    assert {path for path, _ in site.log} == {"repodata/repomd.xml", ".treeinfo", "treeinfo"}
    assert [one.path for one in chosen.members if one.path.endswith(".rpm")] == [
        "rpms/a-1.0-1.el7.x86_64.rpm",
        "rpms/b-1.0-1.el7.x86_64.rpm",
    ]


def test_a_transfer_goes_on(site, choose, tmp_path):
    """Where it was cut, with what has come."""
    made = Shelf(tmp_path / "large")
    path = os.path.relpath(made.put("a", b"\xed" + os.urandom(1 << 20), [rpm.capability(A)]), made.top)
    site.add(made.done())
    site.does[path] = web_maker.cut(1 << 19)
    assert titles(choose(site.url)) == ["a"]
    assert site.asked(path)[-1] == f"bytes={1 << 19}-"


@pytest.mark.parametrize("kind", ["Packages/b-1.0-1.el7.x86_64.rpm", "primary"])
def test_what_is_not_as_the_metadata_say(site, choose, plain, kind):
    """An RPM, or metadata themselves: RPM016, exit code 3."""
    site.add(plain)
    (path,) = [each for each in site.files if kind in each]
    site.files[path] += b"x"
    with pytest.raises(IntegrityError) as caught:
        choose(site.url)
    (found,) = caught.value.findings
    assert found.code == "RPM016"
    assert "the metadata promised" in found.message
    assert os.path.basename(path) in found.message


def test_folders_of_a_mirror(site, choose, tmp_path):
    """One root serves several repositories: as discs have them, and as mirrors do."""
    one = shelf(tmp_path, "one", ("a", A, [B]))
    two = shelf(tmp_path, "two", ("b", B, []))
    for top, place in ((one, "BaseOS/x86_64/os"), (two, "AppStream/x86_64/os")):
        before = set(site.files)
        site.add(top)
        for path in set(site.files) - before:
            site.files[f"{place}/{path}"] = site.files.pop(path)
    assert titles(choose(site.url)) == ["a", "b"]
    # Of one of them the others follow from .treeinfo.
    site.files["BaseOS/x86_64/os/.treeinfo"] = (
        b"[general]\nvariants = AppStream,BaseOS\n[variant-BaseOS]\nrepository = .\n"
        b"[variant-AppStream]\nrepository = ../../../AppStream/x86_64/os\n"
    )
    assert titles(choose(site.url + "/BaseOS/x86_64/os")) == ["a", "b"]


def test_a_treeinfo_names_no_other_server(site, choose, plain):
    """Nor any path from the top of its own."""
    site.add(plain)
    with web_maker.site() as other:
        other.add(plain)
        at = other.url.partition(":")[2]
        rows = [
            f"[variant-{at[-1]}{number}]\nrepository = {each}\n"
            for number, each in enumerate((at, other.url, "/x"))
        ]
        site.files[".treeinfo"] = "".join(rows).encode()
        assert titles(choose(site.url)) == ["a", "b"]
        assert other.log == []
    assert "x/repodata/repomd.xml" not in {path for path, _ in site.log}


def test_an_error_at_what_nobody_needs(site, choose, plain, monkeypatch):
    """HTTP 500 for .treeinfo, each time: the repository is there all the same."""
    site.add(plain)
    for code in (500, 503):
        for path in (".treeinfo", "treeinfo"):
            site.does[path] = web_maker.status(code)
        assert titles(choose(site.url)) == ["a", "b"]
    site.does["repodata/repomd.xml"] = web_maker.status(500)
    with pytest.raises(EnvironmentProblem, match="a repository cannot be used"):
        choose(site.url)


def test_a_page_where_metadata_should_be(site, choose, plain):
    """A portal's, with or without a redirect to it: what came, and from where."""
    site.add(plain)
    site.files["login"] = b"<!doctype html><title>Log in</title>"
    site.does["repodata/repomd.xml"] = web_maker.status(302, Location=site.url + "/login")
    with pytest.raises(EnvironmentProblem) as caught:
        choose(site.url)
    (found,) = caught.value.findings
    told = 'answers with a web page, "Log in" where repodata/repomd.xml should be'
    assert (found.code, found.message) == ("RPM016", f"{told}, from {site.url}/login")
    del site.does["repodata/repomd.xml"]
    site.files["repodata/repomd.xml"] = site.files["login"]
    with pytest.raises(EnvironmentProblem) as caught:
        choose(site.url)
    (found,) = caught.value.findings
    assert (found.message, found.fix) == (told, PORTAL)


def test_a_bucket_forbids_what_it_does_not_have(site, choose, plain, tmp_path):
    """As S3 does: no .treeinfo is no reason to stop, nor a repository that it names."""
    site.add(plain)
    for path in (".treeinfo", "treeinfo"):
        site.does[path] = web_maker.status(403)
    assert titles(choose(site.url)) == ["a", "b"]
    del site.does["treeinfo"]
    site.files["treeinfo"] = b"[variant-A]\nrepository = ../a\n[variant-B]\nrepository = .\n"
    site.does["a/repodata/repomd.xml"] = web_maker.status(403)
    assert titles(choose(site.url)) == ["a", "b"]
    # With a key too: no signature of repomd.xml, so that of its RPMs counts, which have none.
    site.does["repodata/repomd.xml.asc"] = web_maker.status(403)
    key = site_key(tmp_path)
    refused = pytest.raises(EnvironmentProblem, match="signatures cannot be checked here")
    with refused if shutil.which("rpm") else contextlib.nullcontext():  # without rpm it is a warning
        choose(site.url, keys=[key])
    assert "repodata/repomd.xml.asc" in {path for path, _ in site.log}
    site.does["repodata/repomd.xml.asc"] = web_maker.status(500)
    with pytest.raises(EnvironmentProblem, match="a repository cannot be used"):
        choose(site.url, keys=[key])


def site_key(tmp_path):
    """A file, whatever is in it."""
    path = tmp_path / "RPM-GPG-KEY-test"
    path.write_bytes(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n")
    return path


def test_a_key_is_a_file(choose, plain, tmp_path):
    """Nothing is shown of a URL, whose slashes a path has lost."""
    for given in ("https://me:hush@x/key", Path("https://me:hush@x/key"), "file:///key"):
        with pytest.raises(UsageError) as caught:
            choose(plain, keys=[given])
        assert caught.value.message == "--rpm-key takes a file, not a URL"
    with pytest.raises(UsageError, match="nowhere: no such file"):
        choose(plain, keys=["nowhere"])


def test_a_checksum_that_is_a_path(site, choose, plain, tmp_path):
    """It names no file of the cache; what it would name is not touched."""
    site.add(plain)
    victim = tmp_path / "victim" / "primary.xml.gz"
    repo_maker.write(victim.parent, victim.name, b"mine")
    repomd = site.files["repodata/repomd.xml"].decode()
    said = repomd.partition('<checksum type="sha256">')[2].partition("<")[0]
    for path in ("../../victim", str(victim.parent)):
        site.files["repodata/repomd.xml"] = repomd.replace(said, path).encode()
        with pytest.raises(IntegrityError):
            choose(site.url)
        assert victim.read_bytes() == b"mine"


def test_a_mirror_of_another_release(site, choose, plain, tmp_path):
    """By its .treeinfo; where there are other targets it is left to those, which is told."""
    site.add(plain)
    for family, version, arch in (
        ("CentOS Linux", "8", "x86_64"),
        ("CentOS Linux", "7", "aarch64"),
        ("Kylin Linux Advanced Server", "V10", "x86_64"),
    ):
        told = f"[general]\nfamily = {family}\nversion = {version}\narch = {arch}\n"
        site.files[".treeinfo"] = told.encode()
        with pytest.raises(EnvironmentProblem, match="nothing of what was given is for el7 x86_64") as caught:
            choose(site.url)
        (found,) = caught.value.findings
        assert (found.code, found.subject) == ("ENV049", site.url)
        assert found.message == f"is {family} {version} {arch}, and the bundle is for el7 x86_64"
        other = shelf(tmp_path, version + arch, ("other", A, []))
        with pytest.raises(EnvironmentProblem, match="not all that was given is for el7 x86_64") as caught:
            choose(site.url, other)
        assert caught.value.findings == (found,)
        chosen = choose(site.url, other, beside=[None])
        assert titles(chosen) == ["other"]
        (told,) = [one for one in chosen.findings if one.code == "ENV049"]
        assert (told.severity, told.subject) == ("info", site.url)
        assert told.message == found.message + "; it is left to another target"
    site.files[".treeinfo"] = b"[general]\nfamily = CentOS\nversion = 7\narch = x86_64\n"
    assert titles(choose(site.url)) == ["a", "b"]


def test_variables(site, choose, plain):
    """$releasever and $basearch are the target's; what another means nobody can know."""
    site.add(plain)
    site.files = {f"7/x86_64/{path}": data for path, data in site.files.items()}
    assert titles(choose(site.url + "/$releasever/${basearch}")) == ["a", "b"]
    site.files.update({f"7-stream/7/{path[9:]}": data for path, data in site.files.items()})
    assert titles(choose(site.url + "/$stream/$releasever_major")) == ["a", "b"]
    with pytest.raises(UsageError, match=r"what \$infra stands for is not known"):
        choose(site.url + "/$infra/x")
    with pytest.raises(EnvironmentProblem) as caught:
        choose(site.url + "//x86_64")
    (found,) = caught.value.findings
    assert found.fix.endswith("the shell has taken that: use single quotes")


@pytest.mark.parametrize(
    "tail",
    [
        "/repodata/repomd.xml", "/repodata/", "/repodata", "//repodata//repomd.xml", "/repodata/repomd.xml.asc",
        "/Packages", "/Packages/", "/Packages/a", "/Packages/a/", "/getPackage/",
    ],
)  # fmt: skip
def test_what_people_paste(site, choose, plain, tail):
    """The metadata, or the packages, as a browser shows them: of the repository above."""
    site.add(plain)
    site.files = {f"os/{path}": data for path, data in site.files.items()}
    assert titles(choose(site.url + "/os" + tail)) == ["a", "b"]
    with pytest.raises(EnvironmentProblem, match="a repository cannot be used") as caught:
        choose(site.url + "/other" + tail)
    assert caught.value.findings[0].message.startswith("has no repodata/repomd.xml")


@pytest.mark.parametrize("base", ["{}", "{}/", "http://origin.example/x?token=1", "media://1234.5#2"])
def test_packages_that_lie_elsewhere_by_their_metadata(site, choose, plain, tmp_path, base):
    """xml:base, of createrepo --baseurl, of a copy, of a set of discs: they are looked for where the repository
    is, and no other server is asked; where they are not there it is told where they should be."""
    xml = gzip.decompress(Path(plain, "repodata/primary.xml.gz").read_bytes()).decode()
    said = base.format(site.url)
    xml = xml.replace("<location href=", f'<location xml:base="{said}" href=')
    repo_maker.repository(plain, (), xml=xml.encode())
    site.add(plain)
    for chosen in (choose(site.url), choose(plain)):
        assert titles(chosen) == ["a", "b"]
        (primary,) = [one for one in chosen.members if one.path.endswith("primary.xml.gz")]
        assert b"xml:base" not in gzip.decompress(primary.contents)
    site.files = {path: data for path, data in site.files.items() if not path.endswith(".rpm")}
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(EnvironmentProblem, match="2 files of a repository could not be downloaded") as caught:
        choose(site.url)
    told = said.replace("token=1", "...")
    assert caught.value.fix.startswith(f"by their metadata packages of it lie at {told}: give the repository")


def test_metadata_in_sqlite_alone(choose, tmp_path):
    """Nothing before the gap reads them; what does is said."""
    data = repo_maker.database(str(tmp_path / "x.sqlite"), repo_maker.library_packages(A))
    repo_maker.write(tmp_path / "old", "repodata/primary.sqlite", data)
    row = ("primary_db", "repodata/primary.sqlite", data, None)
    repo_maker.write(tmp_path / "old", "repodata/repomd.xml", repo_maker.repomd(row))
    with pytest.raises(IntegrityError) as caught:
        choose(str(tmp_path / "old"))
    (found,) = caught.value.findings
    assert found.message == (
        "repomd.xml lists no primary.xml, but primary.sqlite, which libsolv does not read: make it anew with createrepo_c"
    )


def test_a_repository_that_is_called_so(site, choose, plain):
    """It is where it was said, with repodata/ in it; and where a bucket forbids what it has not."""
    site.add(plain)
    site.files = {f"os/Packages/{path}": data for path, data in site.files.items()}
    assert titles(choose(site.url + "/os/Packages")) == ["a", "b"]
    assert "os/repodata/repomd.xml" not in {path for path, _ in site.log}
    site.files = {path.replace("Packages/", "", 1): data for path, data in site.files.items()}
    site.does["os/Packages/repodata/repomd.xml"] = web_maker.status(403)
    assert titles(choose(site.url + "/os/Packages")) == ["a", "b"]


def test_a_directory_as_people_paste_it(choose, plain):
    for tail in ("/repodata/repomd.xml", "/repodata/"):
        assert titles(choose(plain + tail)) == titles(choose("file://" + plain + tail)) == ["a", "b"]


def test_nothing_there(site, choose):
    with pytest.raises(EnvironmentProblem) as caught:
        choose(site.url + "/nowhere")
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("RPM016", site.url + "/nowhere")
    assert "has no repodata/repomd.xml" in found.message


def test_no_secret_is_shown(site, choose, plain):
    """Of a user and a password in the URL, whatever goes wrong."""
    site.add(plain)
    seen = []

    def locked(handler, data):
        seen.append(handler.headers.get("Authorization", ""))
        if not seen[-1]:
            return web_maker.status(401, **{"WWW-Authenticate": 'Basic realm="x"'})(handler, data)
        return handler.give(data)

    site.does["repodata/repomd.xml"] = locked
    assert titles(choose(site.url.replace("://", "://me:hush-hush@"))) == ["a", "b"]
    assert "Basic " + base64.b64encode(b"me:hush-hush").decode() in seen
    site.does["repodata/repomd.xml?token=hush-hush"] = web_maker.status(403)
    with pytest.raises(EnvironmentProblem) as caught:
        choose(site.url.replace("://", "://me:hush-hush@") + "?token=hush-hush")
    (found,) = caught.value.findings
    assert "hush" not in repr(caught.value) + repr(caught.value.findings)
    assert (found.code, found.message) == ("RPM016", "answers HTTP 403")
    assert "netrc" in found.fix


@pytest.mark.parametrize("path", ["repodata/repomd.xml", "repodata/primary.xml.gz"])
def test_a_redirection_to_nowhere(site, choose, plain, path):
    """Metadata or anything else: the server is to blame."""
    site.add(plain)
    site.does[path] = web_maker.status(301, Location="http://[")
    with pytest.raises(EnvironmentProblem) as caught:
        choose(site.url)
    assert [one.code for one in caught.value.findings] == ["RPM016"]


def test_nobody_answers(site, choose):
    url = web_maker.nobody()
    with pytest.raises(EnvironmentProblem) as caught:
        choose(url)
    (found,) = caught.value.findings
    assert found.code == "RPM016"
    assert found.message == "does not answer: Connection refused"


def test_who_does_not_answer_is_asked_once(site, choose, tmp_path):
    """Whatever several targets and several repositories want of the same server; what is wrong with each
    repository is told at once."""
    site.does = {f"{each}/repodata/repomd.xml": lambda handler, data: None for each in "ab"}
    gone = web_maker.nobody()
    mores = rpms.more([site.url + "/a", site.url + "/b", gone], (), (None, None), False)
    told = []
    with Session(EL7, ["--no-index"], Reporter()) as session:
        for target, more in zip([EL7, preset("3.6", "el8")], mores, strict=True):
            asking = Fetching(lambda: session.repository.session, tmp_path / "cache", more.silent)
            with pytest.raises(EnvironmentProblem, match="a repository cannot be used") as caught:
                rpms.look((), target, more._replace(fetching=asking))
            told.append([(one.subject, one.message) for one in caught.value.findings])
    closes = "closes the connection without an answer"
    refused = "does not answer: Connection refused"
    assert told[0] == [(site.url + "/a", closes), (site.url + "/b", closes), (gone, refused)]
    assert told[1] == told[0]
    assert [path for path, _ in site.log] == ["a/repodata/repomd.xml"]


def test_a_mirror_that_goes_away(site, choose, tmp_path):
    """After its metadata came: one finding for all files that it did not give."""
    letters = "abcdefg"
    sonames = [f"libofftest-{each}.so.1" for each in letters]
    site.add(
        shelf(tmp_path, "many", *((each, name, []) for each, name in zip(letters, sonames, strict=True)))
    )
    site.does = {path: lambda handler, data: None for path in site.files if path.endswith(".rpm")}
    with pytest.raises(EnvironmentProblem, match="7 files of a repository could not be downloaded") as caught:
        choose(site.url, sonames=sonames)
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("RPM016", site.url)
    assert found.message.startswith(
        "a-1.0-1.el7.x86_64.rpm, b-1.0-1.el7.x86_64.rpm, c-1.0-1.el7.x86_64.rpm, "
    )
    assert found.message.endswith(
        "and 3 more could not be downloaded: the server closes the connection without an answer"
    )
    assert len(found.looked_in) == 4


@pytest.mark.parametrize("kind", ["mirrorlist", "metalink"])
def test_a_list_of_mirrors(site, choose, plain, kind):
    """The first mirror that has a repository serves."""
    site.add(plain)
    if kind == "mirrorlist":
        text = f"# of today\n{site.url}/gone/\n{site.url}/\n"
    else:
        text = (
            '<?xml version="1.0"?><metalink version="3.0" xmlns="http://www.metalinker.org/"><files>'
            '<file name="repomd.xml"><resources>'
            f'<url protocol="http" preference="90">{site.url}/repodata/repomd.xml</url>'
            f'<url protocol="http" preference="100">{site.url}/gone/repodata/repomd.xml</url>'
            '<url protocol="rsync" preference="100">rsync://x/repodata/repomd.xml</url>'
            "</resources></file></files></metalink>"
        )
    site.files[kind] = text.encode()
    assert titles(choose(f"{site.url}/{kind}")) == ["a", "b"]
    # One before it gives pages for people, whatever is asked for.
    for name in ("repodata/repomd.xml", ".treeinfo"):
        site.files[f"gone/{name}"] = b"<html>Please log in</html>"
    assert titles(choose(f"{site.url}/{kind}")) == ["a", "b"]
    site.files[kind] = f"{site.url}/gone\n".encode()
    with pytest.raises(EnvironmentProblem) as caught:
        choose(f"{site.url}/{kind}")
    (found,) = caught.value.findings
    assert (found.code, found.subject) == ("RPM016", f"{site.url}/gone")
    assert found.message == "answers with a web page where repodata/repomd.xml should be"
    site.files["gone/repodata/repomd.xml"] = b"login"
    with pytest.raises(EnvironmentProblem) as caught:
        choose(f"{site.url}/{kind}")
    (found,) = caught.value.findings
    assert found.message.startswith("answers with what is no repository: repomd.xml: ")
    site.files[kind] = b"<html>no such list</html>"
    with pytest.raises(EnvironmentProblem, match="names no mirrors"):
        choose(f"{site.url}/{kind}")


@pytest.mark.parametrize("kind", ["sha256", "sha-512"])
def test_a_metalink_says_what_its_mirrors_have(site, choose, plain, tmp_path, kind):
    """A mirror with another repomd.xml is passed over; where all have another nothing of them is believed.
    What they had a while ago counts too."""
    site.add(plain)
    algorithm = kind.replace("-", "")
    right = hashlib.new(algorithm, site.files["repodata/repomd.xml"]).hexdigest()

    def metalink(*digests):
        first, *before = (
            f'<verification><hash type="{kind}">{each}</hash></verification>' for each in digests
        )
        old = "".join(f"<mm0:alternate>{each}</mm0:alternate>" for each in before)
        return (
            '<?xml version="1.0"?><metalink version="3.0" xmlns="http://www.metalinker.org/" '
            'xmlns:mm0="http://fedorahosted.org/mirrormanager"><files><file name="repomd.xml">'
            f"<mm0:alternates>{old}</mm0:alternates>{first}<resources>"
            f'<url preference="100">{site.url}/evil/repodata/repomd.xml</url>'
            f'<url preference="90">{site.url}/repodata/repomd.xml</url>'
            "</resources></file></files></metalink>"
        ).encode()

    evil = web_maker.Site(site.url)
    evil.add(shelf(tmp_path, "evil", ("evil", A, [])))
    site.files.update({f"evil/{path}": data for path, data in evil.files.items()})
    for digests in ([right.upper()], ["0" * len(right), right]):
        site.files["metalink"] = metalink(*digests)
        assert titles(choose(f"{site.url}/metalink")) == ["a", "b"]
    site.files["metalink"] = metalink("0" * len(right))
    with pytest.raises(IntegrityError) as caught:
        choose(f"{site.url}/metalink")
    assert [(one.code, one.subject) for one in caught.value.findings] == [
        ("RPM016", f"{site.url}/evil"),
        ("RPM016", site.url),
    ]


def test_lists_of_mirrors_are_anybodys():
    """What is none names nothing; entities are not expanded."""
    assert mirrorlist.parse("") == mirrorlist.parse("<metalink") == mirrorlist.parse("ftp://x/") == []
    assert mirrorlist.parse('<!DOCTYPE a [<!ENTITY b "c">]><metalink>&b;</metalink>') == []


def test_numbers_of_lists():
    """Preferences of the older metalink, priorities of the newer; what is none counts for nothing."""
    row = "<url {}>http://{}/repodata/repomd.xml</url>"
    rows = [("preference='9'", "c"), ("preference='10'", "b"), ("preference='" + "9" * 5000 + "'", "d"),
            ("preference='x' priority='2'", "e")]  # fmt: skip
    made = "<metalink>{}</metalink>".format("".join(row.format(*one) for one in rows))
    assert mirrorlist.parse(made) == ["http://b", "http://c", "http://e", "http://d"]
    rows = [("priority='x'", "c"), ("priority='20'", "b"), ("priority='1'", "a"), ("", "d"), ("", "[::1")]
    made = "<metalink>{}</metalink>".format("".join(row.format(*one) for one in rows))
    assert mirrorlist.parse(made) == ["http://a", "http://b", "http://c", "http://d"]


def test_a_list_for_each_question(site, choose, tmp_path):
    """What the query asks for is another list, though its server calls all of them the same."""
    for name, soname in (("one", A), ("two", B)):
        site.add(shelf(tmp_path, name, (name, soname, [])))
        site.files = {p if "/" in p and p.startswith(("one/", "two/")) else f"{name}/{p}": data
                      for p, data in site.files.items()}  # fmt: skip

        def asked(handler, data, name=name):
            if handler.headers.get("If-None-Match"):
                return web_maker.status(304)(handler, data)
            handler.send_response(200)
            handler.send_header("ETag", '"of today"')
            return handler._body(f"{site.url}/{name}/\n".encode(), None)

        site.does[f"mirrorlist?repo={name}"] = asked
    for _ in range(2):
        assert titles(choose(f"{site.url}/mirrorlist?repo=one")) == ["one"]
        assert titles(choose(f"{site.url}/mirrorlist?repo=two", sonames=[B])) == ["two"]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("x.rpm", "it is a package: give the directory that it is in"),
        ("x.iso", "give an ISO as --iso FILE"),
        ("x.iso.gz", "unpack it first; an ISO is given as --iso FILE"),
    ],
)
def test_a_file_in_the_place_of_a_repository(tmp_path, name, fix):
    """What to give instead."""
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(UsageError, match="is not a directory") as caught:
        places.read([str(tmp_path / name)])
    assert caught.value.fix == fix


def test_a_file_that_is_left_out_is_told(choose, tmp_path):
    """Where something is missing too: it may be in there."""
    rpm_tools.need()
    rpm_tools.build(tmp_path, "other", {"/usr/share/x": b"x"})
    (tmp_path / "junk.rpm").write_bytes(b"<html>")
    with pytest.raises(RequestError) as caught:
        choose(str(tmp_path), sonames=[A])
    assert [(one.code, one.severity) for one in caught.value.findings] == [
        ("RPM004", "error"),
        ("REPO011", "warning"),
    ]


def test_ways_to_name_a_directory(choose, plain, tmp_path, monkeypatch):
    """In a .repo file as dnf takes them: a path, quotes around it, a list of mirrors that is a file here; a
    blank parts two URLs."""
    monkeypatch.chdir(tmp_path)
    here = Path("/proc/self/cwd")  # the directory for temporary files may have a blank of its own
    blank, disc = here / "a disc", here / "disc"
    shutil.copytree(plain, blank)
    shutil.copytree(plain, disc)
    one, two = here / "list", here / "x.repo"
    one.write_text(f"# x\nfile://{here}/none\nfile://{here}/a%20disc\n")
    for option in (
        f"baseurl={disc}",
        f"baseurl=file:{disc}",
        f"baseurl='file://{disc}'",
        f"baseurl=file://{here}/a%20disc",
        f"mirrorlist=file://{one}",
        f"mirrorlist={one}",
    ):
        two.write_text(f"[own]\nname=x\n{option}\n")
        assert titles(choose(str(two))) == ["a", "b"], option
    two.write_text(f"[own]\nname=x\nbaseurl=file://{blank}\n")
    with pytest.raises(EnvironmentProblem) as caught:
        choose(str(two))
    assert [one.code for one in caught.value.findings] == ["REPO010"]
    for text, kind in ((f"file://{here}/none\n", "REPO010"), ("nothing\n", None)):
        one.write_text(text)
        two.write_text(f"[own]\nname=x\nmirrorlist={one}\n")
        with pytest.raises(EnvironmentProblem) as caught:
            choose(str(two))
        assert [one.code for one in caught.value.findings] == ([kind] if kind else [])
    one.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        choose(str(two))


def test_a_repo_file(site, choose, plain, tmp_path):
    """As /etc/yum.repos.d has them: enabled sections, with how they are to be asked."""
    site.add(plain)
    path = tmp_path / "two.repo"
    path.write_text(
        f"[one]\nname=one\nbaseurl={site.url}/$notthis\nenabled=0\n"
        f"[two]\nname=two\nbaseurl={site.url}/\n  {site.url}/other\nsslverify=0\nusername=me\npassword=a/b\n"
    )
    assert titles(choose(str(path))) == ["a", "b"]
    said = f"--rpm-repo {path}: [one] is disabled there (enabled=0), and left out"
    assert places.left_out([site.url, str(path)]) == [said]
    (place,) = places.read([str(path)])
    assert place.text == site.url.replace("://", "://me:a%2Fb@") + "/"
    assert place.access.options() == {"verify": False}
    path.write_text(
        "[DEFAULT]\nbaseurl=http://x/\nenabled=0\n[main]\nbaseurl=http://x/\n[one]\n"
        + f"baseurl={site.url}\n"
    )
    assert [one.text for one in places.read([str(path)])] == [site.url]  # as yum, which has no defaults
    path.write_text("[one]\npassword hush\n")
    with pytest.raises(UsageError) as caught:
        places.read([str(path)])
    assert caught.value.message == f"--rpm-repo {path} cannot be read: line 2: is no option, nor a section"
    path.write_text("[one]\nenabled=0\nbaseurl=http://x/\n")
    with pytest.raises(
        UsageError, match=r"has no enabled repository with a baseurl: \[one\] is disabled there"
    ):
        places.read([str(path)])
    path.write_text("[one]\nbaseurl=x\n[two]\nname=y\nenabled=0\n")
    with pytest.raises(UsageError, match=r"has no enabled repository with a baseurl$"):
        places.read([str(path)])


@pytest.mark.parametrize("first", ["silent", "missing", "page", "forbidden", "no directory", "list"])
def test_several_addresses(site, choose, plain, tmp_path, first):
    """baseurl= with several, and a list beside it: mirrors of each other, asked in turn."""
    site.add(plain)
    site.files["page/repodata/repomd.xml"] = b"<html><title>Log in</title></html>"
    site.does["closed/repodata/repomd.xml"] = web_maker.status(403)
    site.files["today"] = site.url.encode() + b"\n"
    wrong = {
        "silent": "http://127.0.0.1:9/x",
        "missing": f"{site.url}/none",
        "page": f"{site.url}/page",
        "forbidden": f"{site.url}/closed",
        "no directory": f"{tmp_path.as_uri()}/none",
        "list": f"{site.url}/none",
    }[first]
    path = tmp_path / "x.repo"
    other = f"mirrorlist={site.url}/today" if first == "list" else f"  {site.url}/"
    path.write_text(f"[x]\nname=x\nbaseurl={wrong}\n{other}\n")
    assert titles(choose(str(path))) == ["a", "b"]
    path.write_text(f"[x]\nname=x\nbaseurl={wrong},{site.url}/neither\n")
    with pytest.raises(EnvironmentProblem) as caught:
        choose(str(path))
    told = [one.subject for one in caught.value.findings]
    assert told == [wrong, f"{site.url}/neither"]
    path.write_text(
        f"[x]\nname=x\nbaseurl={Path(plain).as_uri()} {site.url}\n[y]\nname=y\nbaseurl=http://127.0.0.1:9/,{Path(plain).as_uri()}\n"
    )
    site.log.clear()
    assert titles(choose(str(path), offline=True)) == ["a", "b"]
    assert not site.log


@pytest.mark.parametrize(
    "options",
    [
        "exclude=b*",
        "excludepkgs='a, c'",
        "includepkgs=a\nexclude=b",
        "includepkgs=b.x86_64,c",
        "exclude=b-1-1.x86_64\nexcludepkgs=c",
        "exclude=libofftest*",
        "",
    ],
)
def test_excludes_of_a_repo_file(choose, tmp_path, options):
    """What its section hides is hidden, as from dnf with the very file; [main] there counts for neither."""
    lacking = distribution_maker.lacking()
    if lacking:
        pytest.skip("no " + ", ".join(lacking))
    rows = (("a", A, [B]), ("b", B, []), ("c", C, []))
    made = [
        Made(name, provides=[rpm.capability(soname)], requires=[rpm.capability(each) for each in requires])
        for name, soname, requires in rows
    ]
    plain = distribution_maker.repository(
        tmp_path / "made", distribution_maker.build(made, tmp_path / "rpms").values()
    )
    path = tmp_path / "repos" / "x.repo"
    path.parent.mkdir()
    path.write_text(
        f"[main]\nexclude=*\n[x]\nname=x\nbaseurl={Path(plain).as_uri()}\n{options}\n"
        f"[y]\nname=y\nenabled=0\nbaseurl={Path(plain).as_uri()}\nexclude=*\n"
    )
    seen = []
    for name, soname, _ in rows:
        try:
            seen += [name] if f"{name}-1-1.x86_64" in choose(str(path), sonames=(soname,)).titles else []
        except RequestError as error:
            (found,) = error.findings
            if found.code == "RPM012":  # what it requires is hidden
                seen.append(name)
            else:
                assert " is excluded by " in found.message
                assert found.message.endswith(f" in {path}")
    root, log, config = tmp_path / "root", tmp_path / "log", tmp_path / "dnf.conf"
    for each in (log, Path(f"{root}{log}")):  # dnf's own log, before it knows of another
        each.mkdir(parents=True)
    config.write_text("[main]\n")
    words = ["dnf", "-q", f"--config={config}", f"--installroot={root}", "--releasever=7"]
    words += [
        f"--setopt={name}={place}" for name, place in (("logdir", log), ("cachedir", tmp_path / "cache"))
    ]
    words += ["--setopt=reposdir=/proc/self/cwd/repos", "--setopt=pluginpath=/nonexistent"]
    words += ["repoquery", "--qf=%{name}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == seen


def test_excludes_are_of_their_own_repository(choose, plain, tmp_path):
    """What one hides, another one gives."""
    path = tmp_path / "x.repo"
    one = f"[x]\nname=x\nbaseurl={Path(plain).as_uri()}\nexclude=a b\n"
    path.write_text(one)
    with pytest.raises(RequestError) as caught:
        choose(str(path))
    assert caught.value.findings[0].message == (
        f"is in none of the repositories but in what does not count: a-1.0-1.el7.x86_64 is excluded by exclude=a in {path}"
    )
    path.write_text(one + f"[y]\nname=y\nbaseurl={Path(plain).as_uri()}\n")
    assert titles(choose(str(path))) == ["a", "b"]


def test_a_list_that_does_not_look_like_one(site, choose, plain, tmp_path):
    """Amazon Linux calls it mirror.list; in a .repo file the option says what it is."""
    site.add(plain)
    for path in ("core/mirrors/latest/x86_64/mirror.list", "of/today"):
        site.files[path] = site.url.encode() + b"/\n"
    assert titles(choose(site.url + "/core/mirrors/latest/$basearch/mirror.list")) == ["a", "b"]
    path = tmp_path / "x.repo"
    path.write_text(f"[x]\nname=x\nmirrorlist={site.url}/of/today\n")
    assert titles(choose(str(path))) == ["a", "b"]


def test_client_certificates_of_a_repo_file(tmp_path):
    """As subscription-manager writes them."""
    path = tmp_path / "redhat.repo"
    authority, key, certificate = (str(tmp_path / name) for name in ("x.pem", "1-key.pem", "1.pem"))
    path.write_text(
        "[rhel]\nname=x\nbaseurl=https://cdn.example/content/dist/rhel9/$releasever/$basearch/os\nenabled=1\n"
        f"sslverify=1\nsslcacert={authority}\nsslclientkey={key}\n"
        f"sslclientcert={certificate}\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-none\n"
    )
    with pytest.raises(UsageError, match=f"names {certificate}, {key}, {authority}: no such file"):
        places.read([str(path)])
    for each in (authority, key, certificate):
        Path(each).touch()
    (place,) = places.read([str(path)])
    assert place.access.options() == {"cert": (certificate, key), "verify": authority}
    assert place.keys == ()


@pytest.fixture
def secure(site, plain, tmp_path, monkeypatch):
    """A repository that only those see whom its authority has signed; the files of one."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/of-the-environment.pem")
    monkeypatch.delenv("PIP_CERT", raising=False)
    site.add(plain)
    tls_maker.speak(site.server, tmp_path, client=True)
    made = {"authority": tmp_path / "authority.pem"}
    for name, text in (("certificate", tls_maker.CLIENT_CERTIFICATE), ("key", tls_maker.CLIENT_KEY)):
        made[name] = tmp_path / f"{name}.pem"
        made[name].write_text(text)
    made["both"] = tmp_path / "both.pem"
    made["both"].write_text(tls_maker.CLIENT_CERTIFICATE + tls_maker.CLIENT_KEY)
    return site.url.replace("http:", "https:"), made


def test_a_client_certificate_as_pip_has_it(secure, choose):
    """--cert and --client-cert, whatever authority the environment names."""
    url, files = secure
    args = ("--cert", str(files["authority"]), "--client-cert", str(files["both"]))
    assert titles(choose(url, args=args)) == ["a", "b"]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # pip's own filter, which pytest takes away
@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("sslcacert={authority}\nsslclientcert={certificate}\nsslclientkey={key}", ""),
        ("sslverify=0\nsslcacert=/nowhere\nsslclientcert={certificate}\nsslclientkey={key}", ""),
        ("sslcacert={authority}\nsslclientcert={both}", ""),
        (
            "sslcacert={authority}\nsslclientcert={certificate}",
            "no private key comes with the client certificate",
        ),
    ],
)
def test_a_repository_for_whom_it_knows(secure, choose, tmp_path, lines, wrong):
    """As a .repo file says it; sslverify=0 asks nobody who signed the server."""
    url, files = secure
    path = tmp_path / "x.repo"
    path.write_text(f"[x]\nname=x\nbaseurl={url}\n{lines.format(**files)}\n")
    if not wrong:
        assert titles(choose(str(path))) == ["a", "b"]
        return
    with pytest.raises(EnvironmentProblem) as caught:
        choose(str(path))
    (found,) = caught.value.findings
    assert wrong in found.message
    assert found.fix.startswith("with its key: --client-cert FILE")


@pytest.mark.parametrize(
    "words",
    [
        "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)",
        "[SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate (_ssl.c:1006)",
    ],
)
def test_a_server_that_asks_for_a_certificate(words):
    """It is not the server's own that is wrong."""
    assert network.silence(OSError(words)) == ("NET001", "wants a client certificate, or another one", "")


def test_a_directory_and_a_file_url(choose, plain):
    assert titles(choose(plain)) == titles(choose("file://" + plain.replace(" ", "%20"))) == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere", "--rpm-repo nowhere: no such directory"),
        ("ftp://me:hush@x/y", "--rpm-repo ftp://x/y: no such kind of URL"),
        ("nowhere.repo", "--rpm-repo nowhere.repo cannot be read"),
        ("file://elsewhere/x", "--rpm-repo file://elsewhere/x: that is a file of another machine"),
        ("http://[::1/x", "--rpm-repo http://[::1/x: is not a URL"),
        ("http://me:hush/hush@x/y", "--rpm-repo http://x/y: is not a URL"),
        ("http://x:port/$basearch", "--rpm-repo http://x:port/x86_64: is not a URL"),
        ("http://me:hu$h@x/$y", "--rpm-repo http://x/$y: what $y stands for is not known"),
    ],
)
def test_what_is_no_place(choose, given, message):
    with pytest.raises(UsageError) as caught:
        choose(given)
    assert caught.value.message.startswith(message)


def test_offline_nobody_is_asked(choose, plain):
    with pytest.raises(UsageError, match=r"asks http://x"):
        choose("http://me:hush@x/", offline=True)
    assert titles(choose(plain, offline=True)) == ["a", "b"]


def test_a_directory_without_metadata(choose, tmp_path):
    repo_maker.write(tmp_path / "bare", "a.txt", b"no rpm")
    with pytest.raises(EnvironmentProblem) as caught:
        choose(str(tmp_path / "bare"))
    assert [one.code for one in caught.value.findings] == ["REPO010"]


def test_what_a_server_still_has_is_not_sent_again(site, choose, plain):
    """ETag and If-None-Match: RFC 9110, 13.1.2."""
    site.add(plain)
    seen = []

    def tagged(handler, data):
        seen.append(handler.headers.get("If-None-Match", ""))
        if seen[-1] == '"one"':
            return web_maker.status(304)(handler, data)
        handler.send_response(200)
        handler.send_header("ETag", '"one"')
        return handler._body(data, None)

    site.does["repodata/repomd.xml"] = tagged
    assert titles(choose(site.url)) == titles(choose(site.url)) == ["a", "b"]
    assert seen[0] == ""
    assert set(seen[1:]) == {'"one"'}
