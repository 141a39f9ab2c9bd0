"""An index that cannot be asked is not an index without the package: it is named, and nothing is taken elsewhere."""

import contextlib
import gc
import socket
import threading
import types

import pytest
from pip._vendor.urllib3.connection import HTTPConnection
from pip._vendor.urllib3.util import retry

from offkit.model.errors import EnvironmentProblem, RequestError, UsageError
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.online.index import indexes, network
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
MARK = b'<meta name="pypi:repository-version" content="1.0">'
LOGIN = b'<html><form action="/login"><input name=u><input name=p type="password"></form></html>'


def locked(args, *requirements, files=()):
    with Session(EL7, args, Reporter()) as session:
        return session.lock(Request(requirements, tuple(files), ()))


def refused(args, *requirements, error=EnvironmentProblem, files=()):
    with pytest.raises(error) as caught:
        locked(args, *requirements, files=files)
    return caught.value


@pytest.fixture
def two(mirror):
    """A private index and the public one, which has a namesake of a higher version; pip's words for both."""
    private, public = mirror("alpha"), mirror("beta")
    public.add("alpha", "9")
    return private, [*public.args, "--extra-index-url", private.url + "/simple"]


def only_of(private, args, *requirements):
    """The one finding of the one error, about that index and about nothing else."""
    error = refused(args, *requirements or ["alpha"])
    (finding,) = error.findings
    assert (error.message, error.fix) == ("the package index cannot be read", indexes.CHECK_INDEX)
    assert (finding.severity, finding.subject) == ("error", private.url + "/simple")
    return finding


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, "NET002", "answers 401 Unauthorized"),
        (403, "NET002", "answers 403 Forbidden"),
        (407, "NET002", "answers 407 Proxy Authentication Required"),
        (410, "NET002", "answers 410 Gone"),
        (429, "NET002", "answers 429 Too Many Requests"),
        (302, "NET002", "answers 302 Found"),
        (500, "NET002", "answers 500 each time"),
        (503, "NET002", "answers 503 each time"),
        (504, "NET002", "answers 504 Gateway Timeout"),
    ],
)
def test_an_index_that_refuses(two, status, code, said):
    """Whatever another index has: the namesake there is not what was meant."""
    private, args = two
    private.pages["/simple/alpha/"] = (status, b"", HTML)
    finding = only_of(private, args)
    assert (finding.code, finding.message) == (code, said)
    assert ("token" in finding.fix) == (status in (401, 403))
    assert ("--proxy" in finding.fix) == (status == 407)


def test_one_without_the_project(two):
    """404 is an answer, and so is a page without files."""
    private, args = two
    private.files.clear()
    (wheel,) = locked(args, "alpha").wheels
    assert wheel.version == "9"
    private.pages["/simple/alpha/"] = (200, b"<!DOCTYPE html><html><body></body></html>", HTML)
    (wheel,) = locked(args, "alpha").wheels
    assert wheel.version == "9"


def test_one_that_may_be_none(two):
    """404 for everything, the list of projects too: a warning, for some indexes have no list."""
    private, args = two
    elsewhere = private.url.replace("://", "://user:secret@") + "/elsewhere"
    lock = locked([*args, "--extra-index-url", elsewhere], "beta")
    assert [wheel.name for wheel in lock.wheels] == ["beta"]
    assert lock.findings == (
        Finding(
            "NET006",
            "warning",
            private.url + "/elsewhere",
            "has none of these projects, and no list of projects (404)",
            (),
            "check its URL",
        ),
    )


def test_nobody_to_ask_once_more(mirror, monkeypatch):
    """After a refusal, or a success, the index has gone: an error that says so, and no doubt."""
    server = mirror("alpha")
    with Session(EL7, server.args, Reporter()) as session:

        def fail(*given, **named):
            raise OSError("it has gone")

        monkeypatch.setattr(session.repository.session, "head", fail)
        assert not indexes.is_none(session.repository.session, server.url)
        indexes.check_reachable(session.repository, "nobody")
        monkeypatch.setattr(session.repository.session, "get", fail)
        with pytest.raises(EnvironmentProblem) as caught:
            indexes.check_reachable(session.repository, "nobody")
    assert [one.message for one in caught.value.findings] == ["does not answer: it has gone"]


def test_all_that_refuse_are_named(two, mirror):
    """At once, each with its own reason, however many projects were asked for."""
    private, args = two
    other = mirror("alpha", password="secret")
    private.pages["/simple/alpha/"] = (500, b"", HTML)
    args += ["--extra-index-url", other.url.replace("secret", "wrong") + "/simple"]
    error = refused(args, "alpha", "beta")
    assert [(one.subject, one.message) for one in error.findings] == [
        (private.url + "/simple", "answers 500 each time"),
        (f"http://127.0.0.1:{other.server_port}/simple", "answers 401 Unauthorized"),
    ]


def test_what_only_a_dependency_asks_for(two):
    """And what is asked for on the way."""
    private, args = two
    private.add("gamma", requires=["alpha"])
    private.pages["/simple/alpha/"] = (403, b"", HTML)
    assert only_of(private, args, "gamma").message == "answers 403 Forbidden"


def test_an_index_in_a_bucket(two):
    """S3 says 403 for what is not there; what the index lists decides."""
    private, args = two
    private.pages["/simple/alpha/"] = (403, b"", HTML)
    for listed in (b"", b'<a href="/simple/alpha/">alpha</a><a href="other/">o</a>'):
        private.pages["/simple/"] = (200, listed, HTML)
        assert only_of(private, args).message == "answers 403 Forbidden"
    for status, words in ((403, b""), (200, LOGIN)):
        private.pages["/simple/"] = (status, words + b'<a href="other/">o</a>', HTML)
        assert only_of(private, args).message == "answers 403 Forbidden"
    private.pages["/simple/"] = (200, b"<a href='Other/'>o</a>", HTML)
    assert [wheel.version for wheel in locked(args, "alpha").wheels] == ["9"]


@pytest.mark.parametrize(
    "words", [LOGIN, LOGIN.replace(b'"', b"'").upper(), LOGIN + b'<a href="/client.zip">c</a>']
)
def test_a_login_page(two, words):
    """With 200, where 401 would be right."""
    private, args = two
    private.pages["/simple/alpha/"] = (200, words, HTML)
    finding = only_of(private, args)
    assert (finding.code, finding.message) == ("NET008", "answers with a login page")


def test_a_page_with_a_login_beside_its_files(two):
    """Is one of an index all the same."""
    private, args = two
    page = LOGIN + b'<a href="/files/alpha-1-py3-none-any.whl">alpha</a>'
    private.pages["/simple/alpha/"] = (200, page, HTML)
    assert [wheel.version for wheel in locked(args, "alpha==1").wheels] == ["1"]


def test_a_redirect_to_a_login(two):
    """To another host, or to a place that is not the project's; with no password field: a script makes it."""
    private, args = two
    elsewhere = f"http://localhost:{private.server_port}/sso/alpha/?ticket=TOKEN"
    page = b"<html><div id=root></div></html>"
    private.pages["/sso/alpha/?ticket=TOKEN"] = private.pages["/login?next=alpha"] = (200, page, HTML)
    private.moved["/simple/alpha/"] = elsewhere
    finding = only_of(private, args)
    assert finding.code == "NET008"
    assert finding.message == f"sends to {elsewhere.split('?')[0]}, which is no page of an index"
    private.moved["/simple/alpha/"] = "/login?next=alpha"
    assert only_of(private, args).message == f"sends to {private.url}/login, which is no page of an index"


def test_a_page_for_people(two):
    """What a server shows for every address."""
    private, args = two
    private.pages["/simple/alpha/"] = (200, b"<html><script src=app.js></script></html>", HTML)
    finding = only_of(private, args)
    assert (finding.code, finding.message) == (
        "NET008",
        "answers with a page for people, and not with one of an index",
    )


DOWN = b"<!DOCTYPE html><html><title>Maintenance</title><h1>We are down for maintenance</h1>"


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (b"", HTML, "an empty page, and not with one of an index"),
        (b" \n", HTML, "an empty page, and not with one of an index"),
        (b"<html><body></body></html>", HTML, "a page for people, and not with one of an index"),
        (DOWN, HTML, "a page for people, and not with one of an index"),
        (DOWN + b'<a href="mailto:a@b">ask us</a>', HTML, "a page for people, and not with one of an index"),
        (b"<!DOCTYPE html><body><img src=down.png>", HTML, "a page for people, and not with one of an index"),
        (b"<!DOCTYPE html><body><script src=a.js>", HTML, "a page for people, and not with one of an index"),
        (b'{"error": "down"}', JSON, "JSON that is no page of an index: it has no files"),
    ],
)
def test_a_page_that_says_nothing_of_the_project(two, words, kind, said):
    """It is no answer, whether there is another index that has a namesake or not."""
    private, args = two
    private.pages["/simple/alpha/"] = (200, words, kind)
    for some in (args, private.args):
        finding = only_of(private, some)
        assert (finding.code, finding.message) == ("NET008", f"answers with {said}")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (b"<!DOCTYPE html>\n<html><head><title>Links for alpha</title></head><body><h1>Links for alpha</h1>", HTML),
        (b"<html><head><title>Simple Index</title></head><body></body></html>", HTML),
        (b'<html><head><meta name="api-version" value="2" /></head><body>nothing', HTML),
        (MARK + b"nothing here yet", HTML),
        (b"<html><head><title>root/pypi: links for alpha</title><body>", HTML),
        (b'<html><head><title>Index of /simple/alpha/</title></head><body><h1>Index</h1><pre></pre>', HTML),
        (b'<html><h1>/alpha</h1><pre><a href="../">../</a></pre>', HTML),
        (b'<html>Files: <a href="/files/alpha-1.win32.exe">alpha for Windows</a>', HTML),
        (b"<!DOCTYPE html><html><head><style>a { color: red }</style></head><body><!-- none -->\n", HTML),
        (b"nothing", {"Content-Type": "application/vnd.pypi.simple.v1+html"}),
        ("<title>Links for alpha</title>".encode("utf-16"), {"Content-Type": "text/html; charset=utf-16"}),
        (b'{"meta": {"api-version": "1.0"}, "name": "alpha", "files": []}', JSON),
    ],
)  # fmt: skip
def test_a_page_of_a_project_without_files(two, words, kind):
    """As servers write them: an answer, and the other index is asked."""
    private, args = two
    private.pages["/simple/alpha/"] = (200, words, kind)
    assert [wheel.version for wheel in locked(args, "alpha").wheels] == ["9"]


def test_an_answer_of_another_kind(two):
    """What pip would skip."""
    private, args = two
    private.pages["/simple/alpha/"] = (200, b"{}", {"Content-Type": "application/json"})
    finding = only_of(private, args)
    assert finding.code == "NET008"
    assert finding.message == "answers with application/json, and not with a page of an index"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{", JSON, "it is no JSON from line 1, column 2 on"),
        (b'{"files":', JSON, "it is no JSON from line 1, column 10 on"),
        (b"[]", JSON, "it is JSON, but not what an index writes"),
        (b'{"files": 5}', JSON, "it is JSON, but not what an index writes"),
        (b'{"files": [5]}', JSON, "it is JSON, but not what an index writes"),
        (b'{"files": [{"url": "http://[x"}]}', JSON, "Invalid IPv6 URL"),
        (b"\xff", HTML, "it is no text in utf-8, from byte 0 on"),
        (MARK + b"<![alpha<a href=", HTML, "it has HTML that cannot be parsed"),
        (b"x", {"Content-Type": "text/html; charset=none"}, "unknown encoding: none"),
    ],
)
def test_a_damaged_page(two, body, kind, said):
    """Nobody can say what it would list."""
    private, args = two
    private.pages["/simple/alpha/"] = (200, body, kind)
    finding = only_of(private, args)
    assert finding.code == "NET009"
    assert finding.message.startswith("its page of alpha cannot be read: ")
    assert said in finding.message


def test_an_answer_that_breaks_off(two):
    """Or that is packed wrongly."""
    private, args = two
    private.pages["/simple/alpha/"] = (200, b"not packed at all", {**HTML, "Content-Encoding": "gzip"})
    finding = only_of(private, args)
    said = "answers with a body that is not packed as it says"
    assert (finding.code, finding.message) == ("NET001", said)
    more = {**HTML, "Content-Length": "1085", "Connection": "close"}
    private.pages["/simple/alpha/"] = (200, b"x" * 542, more)
    said = "cuts its answer short: 542 bytes came, and 543 more were to come"
    assert only_of(private, args).message == said


def test_redirects_in_a_circle(two):
    """They end at the 30 of requests."""
    private, args = two
    private.moved["/simple/alpha/"] = "/simple/alpha/"
    finding = only_of(private, args)
    assert (finding.code, finding.message) == ("NET001", "redirects in a circle, or more than 30 times")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"", "closes the connection without an answer"),
        (b"SSH-2.0-OpenSSH_8.0\r\n", "answers with what is no HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "cuts its answer short, or tells its ",
        ),
    ],
)
def test_a_server_that_speaks_otherwise(mirror, words, said):
    """It is no HTTP, or has no end; by https it ends in the middle of what TLS begins with."""
    mirror()  # nothing of this machine's configuration
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(1 << 16)
                        connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        place = "{}:{}/simple".format(*server.getsockname())
        (finding,) = refused(["--index-url", f"http://{place}"], "alpha").findings
        assert (finding.code, finding.message[: len(said)]) == ("NET001", said)
        if not words:
            (finding,) = refused(["--index-url", f"https://{place}"], "alpha").findings
            assert finding.message == "ends the TLS connection in the middle"
        server.shutdown(socket.SHUT_RDWR)


class Telling(Reporter):
    def __init__(self):
        self.warned = []

    def warn(self, text):
        self.warned.append(text)


@pytest.fixture
def slept(monkeypatch):
    """Seconds that pip's attempts wait for, and nobody else does."""
    seconds = []
    monkeypatch.setattr(retry, "time", types.SimpleNamespace(sleep=seconds.append, time=lambda: 1e9))
    monkeypatch.setenv("PIP_RETRIES", "2")
    return seconds


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("after", "said"),
    [("3600", "1 h"), ("5400", "1 h 30 min"), ("Sun, 09 Sep 2001 01:51:40 GMT", "5 min"), ("61", "2 min")],
)
def test_a_server_that_asks_to_wait_for_long(two, slept, status, after, said):
    """It is not waited for (as a number, or as a time: now it is 9 September 2001, 01:46:40)."""
    private, args = two
    private.pages["/simple/alpha/"] = (status, b"", {"Retry-After": after})
    finding = only_of(private, args)
    message = f"answers {status} and asks to wait {said}, which is too long to wait for"
    assert (finding.code, finding.message) == ("NET002", message)
    assert (finding.fix, slept) == ("run the same command again then", [])


def test_a_server_that_asks_to_wait(two, slept):
    """It is waited for, and said once; what is no time is passed over."""
    private, args = two
    page = b'<a href="/files/alpha-1-py3-none-any.whl">alpha</a>'
    private.pages["/simple/alpha/"] = iter(
        [(503, b"", {"Retry-After": "30"}), (503, b"", {"Retry-After": "30"}), (200, page, HTML)]
    ).__next__
    telling = Telling()
    with Session(EL7, args, telling) as session:
        lock = session.lock(Request(("alpha==1",), (), ()))
    assert [wheel.version for wheel in lock.wheels] == ["1"]
    assert slept == [30, 30]
    assert telling.warned == ["127.0.0.1 answers 503 and asks to wait 30 s; it is asked again then"]
    private.pages["/simple/alpha/"] = (503, b"", {"Retry-After": "soon"})
    assert only_of(private, args).message == "answers 503 each time"


def test_what_is_told_of_attempts(mirror, slept, monkeypatch):
    """The first and the last, however many there are between them and however many pages are asked for."""
    mirror()
    monkeypatch.setenv("PIP_RETRIES", "5")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = "http://127.0.0.1:{}/simple".format(free.getsockname()[1])
    telling = Telling()
    with Session(EL7, ["--index-url", gone], telling) as session, pytest.raises(EnvironmentProblem):
        session.lock(Request(("alpha", "beta"), ()))
    assert telling.warned == [
        "127.0.0.1 does not answer; trying again, 4 more times after that",
        "127.0.0.1 does not answer; trying again for the last time",
    ]


def test_nobody_there(two):
    """Connections that are refused, names that nobody knows."""
    private, args = two
    private.url  # noqa: B018 - stays up; another is not
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = "http://127.0.0.1:{}/simple".format(free.getsockname()[1])
    error = refused([*args, "--extra-index-url", gone], "beta")
    assert error.findings == (Finding("NET001", "error", gone, "does not answer: Connection refused"),)


def test_a_server_without_tls(two):
    """Asked by https."""
    private, args = two
    error = refused([*args, "--extra-index-url", private.url.replace("http:", "https:") + "/simple"], "beta")
    (finding,) = error.findings
    assert (finding.code, finding.fix) == ("NET001", "")
    assert finding.message == "speaks no TLS there: its URL may be one with http"


class ProxyError(OSError):
    """As requests and urllib3 call it."""


class InvalidURL(ValueError):
    """As requests calls it."""


@pytest.mark.parametrize(
    ("error", "said", "fix"),
    [
        (OSError("certificate verify failed: self-signed"), "cannot be reached securely: certificate verify", "--cert FILE"),
        (OSError("EOF in violation of TLS"), "cannot be reached securely: EOF", ""),
        (OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired (_ssl.c:1006)"), "cannot be reached securely: certificate verify failed: expired", "--cert FILE"),
        (ProxyError("Connection reset by peer"), "the proxy does not let it through: it breaks the connection off", ""),
        (ProxyError("Tunnel failed: 407 x"), "the proxy does not let it through: Tunnel failed: 407 x", ""),
        (InvalidURL("u:secret"), "cannot be asked: its address, or that of the proxy, is not a URL", "%2F"),
        (OSError("no http://u:secret@host"), "does not answer: no http://host", ""),
    ],
)  # fmt: skip
def test_why_no_answer_came(error, said, fix):
    """And what helps."""
    code, text, cure = network.silence(error)
    assert code == "NET001"
    assert text.startswith(said)
    assert fix in cure
    assert bool(fix) == bool(cure)


def test_an_index_that_is_not_trusted(two):
    """pip ignores it; its word, and its option."""
    _, args = two
    error = refused([*args, "--extra-index-url", "http://user:secret@packages.internal:8080/simple"], "beta")
    (finding,) = error.findings
    assert (finding.code, finding.subject) == ("NET007", "http://packages.internal:8080/simple")
    assert finding.message == "is not a trusted or secure host and is being ignored by pip"
    assert finding.fix.endswith(": --trusted-host packages.internal")


def test_places_of_find_links(two, tmp_path):
    """A page that is not there, one behind a login, a directory that does not exist; a file is no page."""
    private, args = two
    filename = next(iter(private.files))
    links = private.url + "/links.html"
    private.pages["/links.html"] = (200, f'<a href="/files/{filename}">a</a>'.encode(), HTML)
    good = [*args[:2], "--find-links", links, "--find-links", f"{private.url}/files/{filename}"]
    assert locked(good, "beta", "alpha==1").wheels[0].version == "1"
    private.pages["/links.html"] = (200, LOGIN, HTML)
    nothing = (tmp_path / "nothing").as_uri()
    places = [links, private.url + "/none", str(tmp_path / "nowhere"), nothing]
    error = refused([*args, *(word for place in places for word in ("--find-links", place))], "beta")
    assert [(one.code, one.subject, one.message) for one in error.findings] == [
        ("NET008", links, "answers with a login page"),
        ("NET006", private.url + "/none", "answers that there is no such page (404)"),
        ("NET005", str(tmp_path / "nowhere"), "the directory does not exist"),
        ("NET005", nothing, "the directory does not exist"),
    ]


def test_one_that_a_file_names(two, tmp_path):
    """Asked, and judged, as those of the command line."""
    private, args = two
    path = tmp_path / "requirements.txt"
    path.write_text(f"--extra-index-url {private.url}/simple\nalpha\n")
    private.pages["/simple/alpha/"] = (401, b"", HTML)
    error = refused(args[:2], files=[path])
    assert [one.subject for one in error.findings] == [private.url + "/simple"]


def test_what_names_it(two, tmp_path):
    """A page of --find-links is no index; of what a file names, the line is said."""
    private, args = two
    path = tmp_path / "requirements.txt"
    private.pages["/wheels"] = (401, b"", HTML)
    path.write_text(f"alpha\n-f {private.url}/wheels\n")
    error = refused(args[:2], files=[path])
    assert [one.subject for one in error.findings] == [f"{private.url}/wheels"]
    assert error.message == "what --find-links names cannot be read"
    assert error.fix == f"check --find-links {private.url}/wheels of {path} (line 2), and the proxy"
    error = refused([*args[:2], "--find-links", f"{private.url}/wheels"], "alpha")
    assert error.fix == f"check --find-links {private.url}/wheels, and the proxy"
    path.write_text(f"alpha\n--extra-index-url {private.url}/simple\n")
    private.pages["/simple/alpha/"] = (401, b"", HTML)
    error = refused(args[:2], files=[path])
    assert error.message == "the package index cannot be read"
    assert error.fix == f"check {private.url}/simple of {path} (line 2), and the proxy"


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_refused(two, status):
    """Is another matter than none."""
    private, args = two
    private.pages["/simple/alpha/"] = (status, b"", HTML)
    asked = private.url.replace("://", "://user:secret@") + "/simple"
    (finding,) = refused([*args[:2], "--extra-index-url", asked], "alpha").findings
    assert finding.fix.startswith("a login was given, and refused: check user, password or token")
    assert "secret" not in repr(finding)


def test_a_file_that_is_refused(two):
    """The index has it, and keeps it: what is asked for by name, and by its URL."""
    private, args = two
    url = private.url + "/files/alpha-1-py3-none-any.whl"
    private.pages["/files/alpha-1-py3-none-any.whl"] = (401, b"", {})
    for words in ("alpha==1", f"alpha @ {url}"):
        (finding,) = refused(args, words).findings
        assert (finding.code, finding.subject) == ("NET002", url)
        assert finding.message == "answers 401 Unauthorized"


def test_a_local_index_without_the_project(two, tmp_path):
    """Only a root that is not there is an error."""
    _, args = two
    there = ["--extra-index-url", tmp_path.as_uri()]
    assert [wheel.name for wheel in locked([*args, *there], "beta").wheels] == ["beta"]
    (finding,) = refused([*args, *there, "--extra-index-url", (tmp_path / "x").as_uri()], "beta").findings
    assert (finding.code, finding.subject) == ("NET005", (tmp_path / "x").as_uri())


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", "an empty word"),
        ("not_a_url", "not_a_url"),
        ("ftp://user:word@x/y", "ftp://x/y"),
        ("http:/x", "http:/x"),
        ("http://", "http://"),
        ("http://host:port/", "http://host:..."),  # it may be the half of a password
        ("http://[::1/", "http://[::1/"),
        ("http://user:pa/ss@host/simple", "http://host/simple"),
    ],
)
def test_what_is_no_address_of_an_index(mirror, address, shown):
    """Said before anything is asked."""
    mirror()
    error = refused(["--index-url", address], "alpha", error=UsageError)
    assert error.message == f"{shown} is not a package index"
    assert ("%2F" in error.fix) == address.startswith("http://")


def test_no_connection_stays_open(mirror):
    """After a session, of which some were refused and tried again with a cure."""
    server = mirror("alpha", "beta")

    def connections():
        gc.collect()
        found = (one for one in gc.get_objects() if isinstance(one, HTTPConnection))
        return sum(getattr(one, "sock", None) is not None for one in found)

    before = connections()
    for asked in ("alpha", "beta==9", "nobody"):
        with Session(EL7, server.args, Reporter()) as session, contextlib.suppress(RequestError):
            session.lock(Request((asked,), ()))
    assert connections() <= before
