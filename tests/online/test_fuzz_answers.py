"""Whatever an index answers, in status, headers and body: a lock, or an error that is one of ours."""

import gzip
import json
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import bundle_maker
from online_fuzz import lock, odd, pieces, some

one = st.sampled_from
JSON = "application/vnd.pypi.simple.v1+json"
WHEEL = "alpha-1-py3-none-any.whl"
ROW = f'<a href="/files/{WHEEL}">{WHEEL}</a>'


@pytest.fixture
def index(mirror, monkeypatch):
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "3")
    server = mirror("alpha", "beta")
    server.pages["/elsewhere/"] = (200, ROW.encode(), {"Content-Type": "text/html"})
    server.pages["/circle/"] = (302, b"", {"Location": "/circle/"})
    return server


statuses = one(
    [200] * 8
    + [
        201,
        203,
        204,
        206,
        300,
        301,
        302,
        303,
        304,
        307,
        308,
        400,
        401,
        403,
        404,
        407,
        410,
        416,
        429,
        451,
        500,
        503,
        599,
        999,
    ]
)
kinds = one(["text/html"] * 3 + [JSON] * 3 + ["application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v2+json", "application/json", "TEXT/HTML", "text/html;",
             "text/html; charset=", 'text/html; charset="utf-8', "text/html; charset=idna", "text/html; charset=hex", "multipart/mixed", "application/zip", "x", "\xe9"])  # fmt: skip
places = one(["/elsewhere/", "elsewhere/", "../../elsewhere/", "/circle/", "/simple/alpha", "", "#x", "?x", "//h:p/", "http://[", "ftp://h/", "file:///etc/passwd", "data:,x",
              "http://127.0.0.1:9/", "/files/" + WHEEL, "http://u:p@127.0.0.1:9/simple/alpha/", "/%", "/\xe9", " /elsewhere/", "http:///x", "mailto:a", "HTTP://127.0.0.1:1/"])  # fmt: skip
headers = st.dictionaries(
    one(["Location", "Retry-After", "Cache-Control", "ETag", "Expires", "Date", "Vary", "Content-Encoding", "WWW-Authenticate", "Set-Cookie", "Age", "Last-Modified",
         "Content-Range", "Link", "X-PyPI-Last-Serial", "Refresh"]),
    st.one_of(
        places,
        one(["x", "0", "-1", "9" * 30, "max-age=x", "max-age=", "max-age=600", "no-store", "public, max-age=1e9", "*", "gzip", "deflate", "br", "identity, x", "chunked",
             "Basic realm=x", "Digest", "Bearer", "Negotiate x", "a=b; Domain=.", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Foo 0000", '"x"', 'W/"x"', "Accept", "bytes 0-1/x", ""]),
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=5),
    ),
    max_size=2,
)  # fmt: skip
bodies = st.one_of(
    one([ROW, ROW, ROW, "", "<a>", "<script>", '<input type="password">', "null", "[]", "{}", '"x"', "{\"files\": null}", "\x1f\x8b\x08", "5\r\nhello\r\n0\r\n\r\n",
         json.dumps({"meta": {"api-version": "1.0"}, "name": "alpha", "files": [{"filename": WHEEL, "url": "/files/" + WHEEL, "hashes": {}}]})]),
    pieces("<", ">", "&#", ";", "<a", " href", "=", "\"", "<!--", "-->", "<![CDATA[", "]]>", "<meta name='pypi:repository-version' content='", "2.0", "1.99", "x", "'>",
           "<meta name='pypi:project-status' content='quarantined'>", "<base>", "<base href='http://['>", ROW),
)  # fmt: skip


@some
@given(statuses, kinds, headers, bodies, one(["/simple/alpha/"] * 4 + ["/files/" + WHEEL, "/simple/"]))
def test_answers(index, status, kind, more, body, path):
    """Of the page of a project, of the list of projects, or of a wheel."""
    index.pages[path] = (status, body.encode(), {"Content-Type": kind, **more})
    try:
        lock(index.args, "alpha")
    finally:
        del index.pages[path]


# What is sent, and what is said of it: a body that ends early, or is none of the kind.
transports = one([
    {"Content-Length": "100000", "Connection": "close"}, {"Content-Length": "3"}, {"Content-Length": "-1", "Connection": "close"}, {"Content-Length": "x", "Connection": "close"},
    {"Content-Length": "3, 4", "Connection": "close"}, {"Content-Length": "9" * 5000, "Connection": "close"}, {"Transfer-Encoding": "chunked", "Connection": "close"},
    {"Transfer-Encoding": "x", "Connection": "close"}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "gzip", "Connection": "close"}, {"Content-Encoding": "deflate"},
    {"Content-Encoding": "gzip, gzip"}, {"Content-Encoding": ", ".join(["gzip"] * 50)}, {"Content-Encoding": "br"}, {"X": "y" * 70000}, {f"X-{at}": "y" for at in range(150)},
])  # fmt: skip
contents = one([ROW.encode(), gzip.compress(ROW.encode()), gzip.compress(gzip.compress(ROW.encode())), gzip.compress(ROW.encode())[:-5], zlib.compress(ROW.encode()), b"5\r\nhello\r\n",
                b"-5\r\nhello\r\n0\r\n\r\n", b"f" * 17 + b"\r\nhello", b"%x\r\n%s\r\n0\r\n\r\n" % (len(ROW), ROW.encode()), b"", b"\x1f\x8b"])  # fmt: skip


@some
@example(
    {"Transfer-Encoding": "chunked", "Connection": "close"}, b"-5\r\nhello\r\n0\r\n\r\n", "/files/" + WHEEL
)
@given(transports, contents, one(["/simple/alpha/", "/simple/alpha/", "/files/" + WHEEL]))
def test_transports(index, more, content, path):
    """Bodies in other codings and lengths than their headers say."""
    index.pages[path] = (200, content, {"Content-Type": "text/html", **more})
    try:
        lock(index.args, "alpha")
    finally:
        del index.pages[path]


@some
@given(
    places,
    one([301, 302, 303, 307, 308]),
    one([[], ["--find-links", "URL/moved/"], ["--extra-index-url", "URL/moved"]]),
)
def test_redirects(index, place, status, more):
    """To where there is something else, nothing, or no place at all."""
    path = "/simple/alpha/" if not more else "/moved/" if "links" in more[0] else "/moved/alpha/"
    index.pages[path] = (status, b"", {"Location": place})
    try:
        lock([*index.args, *(word.replace("URL", index.url) for word in more)], "alpha")
    finally:
        del index.pages[path]


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), odd,
    one([10**400, -(10**20), "\ud800", "\0", "a" * 300, "../" * 9, "2021-01-01", "2021-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", ">=3.6", ">dev", "sha256", "0" * 64,
         "active", "archived", "quarantined", "http://[", "//h:p/x.whl", "/files/" + WHEEL, "file:///nowhere/" + WHEEL, "alpha-1-py3-none-any.WHL", "alpha-1!1-py3-none-any.whl",
         "alpha-1-1-py3-none-any.whl", "alpha-1-x-py3-none-any.whl", "alpha-1.0.0.0.dev0-py3.py2-none.abi3-any.whl", "beta-1-py3-none-any.whl", "alpha-1.zip", "alpha-.tar.gz",
         f"alpha-{'9' * 5000}-py3-none-any.whl", f"alpha-{'9' * 5000}.tar.gz", f"alpha-{'1.' * 120}1.tar.gz", ">=" + "9" * 5000, "alpha-1-{0}-{0}-{0}.whl".format(".".join(f"x{at}" for at in range(300)))]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(odd | one(["status", "reason", "sha256", "filename"]), inner, max_size=2)
    ),
    max_leaves=4,
)
files = st.fixed_dictionaries(
    {},
    optional={
        "filename": scalars, "url": scalars, "hashes": values, "requires-python": scalars, "yanked": values, "core-metadata": values, "dist-info-metadata": values,
        "data-dist-info-metadata": values, "upload-time": scalars, "size": scalars, "gpg-sig": values, "provenance": values,
    },
)  # fmt: skip
pages = st.fixed_dictionaries(
    {},
    optional={
        "meta": values | st.fixed_dictionaries({"api-version": scalars}, optional={"project-status": values, "tracks": values}),
        "name": scalars, "versions": values, "alternate-locations": values, "files": values | st.lists(files, max_size=3),
        "project-status": values | st.fixed_dictionaries({"status": values}, optional={"reason": values}),
    },
)  # fmt: skip
GOOD = {"filename": WHEEL, "url": "/files/" + WHEEL, "hashes": {}}


@some
@given(pages, st.lists(files, max_size=2), st.booleans(), one([0, 0, 0, 500, 100000]))
@example(page={}, more=[], whole=False, deep=100000)
def test_pages_of_other_kinds(index, page, more, whole, deep):
    """In JSON, with values of any kind wherever there is one."""
    if whole:
        page = {
            "meta": {"api-version": "1.1"},
            "name": "alpha",
            **page,
            "files": [GOOD, *({**GOOD, **file} for file in more)],
        }
    text = json.dumps(page)
    if deep:
        text = text[:-1] + ', "x": ' + "[" * deep + "]" * deep + "}"
    index.pages["/simple/alpha/"] = (200, text.encode(), {"Content-Type": JSON})
    try:
        lock(index.args, "alpha")
    finally:
        del index.pages["/simple/alpha/"]


@some
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    st.integers(0, 10**6) | st.none(),
    one([{}, {}, {"METADATA": None}, {"WHEEL": None}, {"RECORD": None}, {"METADATA": b""}, {"METADATA": b"\xff\xfe"}, {"METADATA": b"Name: other\nVersion: 1\n"},
         {"METADATA": b"Metadata-Version: 9\nName: alpha\nVersion: 2\n"}, {"METADATA": b"Metadata-Version: 2.1\nName: alpha\nVersion: 1\nRequires-Dist: beta; os_name ~= 'x'\n"},
         {"METADATA": b"Metadata-Version: 2.1\nName: alpha\nVersion: 1\nRequires-Dist: beta\nRequires-Dist: ./x\nRequires-Dist: b @ git+file:///x\n"}, {"WHEEL": b"\xff"}]),
)  # fmt: skip
def test_wheels(index, flips, end, members):
    """Damaged, cut off, or with something else where METADATA is expected."""
    parts = {
        "METADATA": b"Metadata-Version: 2.1\nName: alpha\nVersion: 1\nRequires-Dist: beta\n",
        "WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": b"",
        **members,
    }
    body = bundle_maker.zipped(
        {f"alpha-1.dist-info/{name}": part for name, part in parts.items() if part is not None}
    )
    body = bytearray(body[: end % (len(body) + 1)] if end is not None else body)
    for place, value in flips:
        if body:
            body[place % len(body)] = value
    index.hashes = False
    index.pages["/files/" + WHEEL] = (200, bytes(body), {})
    try:
        lock(index.args, "alpha")
    finally:
        del index.pages["/files/" + WHEEL]
