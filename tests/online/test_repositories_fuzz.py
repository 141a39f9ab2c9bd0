"""Whatever is given as a repository of RPMs, and whatever it answers: RPMs, or an error that is one of ours."""

import contextlib
import copy
import functools
import gzip
import json
import operator
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import repo_maker
import web_maker
from library_maker import Shelf
from offkit.model import url
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import OffkitError, UsageError
from offkit.model.report import Reporter
from offkit.online.carry import rpms
from offkit.online.resolve.lock import Session
from offkit.online.rpms import mirrorlist, places
from offkit.online.rpms.places import Fetching
from online_fuzz import EL7, odd, pieces, tried

pytest.importorskip("solv", reason="no offkit[rpm] here")
SONAME = "libofftest-a.so.1"
WANTED = Checklist((Library(SONAME, (), ("wheel: x.so",), "", False),))
STREAMS = """---
document: modulemd
version: 2
data:
  name: a
  stream: "1"
  version: 1
  context: c
  dependencies:
  - requires: {platform: [el7]}
  artifacts: {rpms: [a-0:1.0-1.el7.x86_64]}
...
---
document: modulemd-defaults
version: 1
data: {module: a, stream: "1"}
...
"""
addresses = pieces("http://", "https://", "file://", "ftp://", "/", "127.0.0.1", ":9", "@", "u:p", "$basearch", "$x", "[::1", "]", "?", "#",
                   "x.repo", "mirrorlist", "%", "%2", "..", " ", ":", "\\", "\udcff", "\0", "a" * 300)  # fmt: skip


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Files by their paths."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf") / "one")
    shelf.add("a", SONAME, needed=["libofftest-b.so.1"])
    shelf.add("b", "libofftest-b.so.1", requires=["/usr/share/x", "(c if d)"])
    top = Path(shelf.done())
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def session():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", "/dev/null")
        patch.setenv("PIP_RETRIES", "0")
        with Session(EL7, ["--no-index"], Reporter()) as opened:
            yield opened.repository.session


@pytest.fixture
def taken(session, tmp_path):
    """As a bundle does; refused or not."""

    def take(place, keys=(), probe=None):
        with contextlib.suppress(OffkitError):
            (more,) = rpms.more([str(place)], keys, (probe,), False)
            more = more._replace(fetching=Fetching(lambda: session, tmp_path / "cache"))
            rpms.look((), EL7, more)
            rpms.choose((), WANTED, EL7, (), more)

    return take


@tried(200)
@given(addresses)
@example("http://\udcff/")
@example("http://[::1]\n/")
def test_what_is_typed(session, text):
    with contextlib.suppress(UsageError):
        for place in places.read([text]):
            fetching = Fetching(lambda: session, Path("/nonexistent"))
            if not (place.listed or mirrorlist.looks_so(place.text)):
                places.opened(place, EL7, fetching)


@tried(200)
@given(pieces("[x]\n", "[DEFAULT]\n", "[main]\n", "baseurl=", "mirrorlist=", "metalink =", "gpgkey=", "enabled=", "sslverify: ", "username=", "password ", "\n",
              "  ", "http://127.0.0.1:9/", "file:///", "\0", "1", "0", ",", "%(x)s", "file://x/y", "#"))  # fmt: skip
def test_repo_files(session, tmp_path, text):
    path = tmp_path / "x.repo"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    test_what_is_typed.hypothesis.inner_test(session, str(path))


@tried(200)
@given(pieces("<metalink>", "<url preference='", "<url priority='", "9" * 5000, "1", "-", "\u00b2", "'>", "http://127.0.0.1:9", "http://[", "/repodata/repomd.xml",
              "</url>", "</metalink>", "<!DOCTYPE a>", "\n", "https://x/\n"))  # fmt: skip
def test_lists(text):
    for one in mirrorlist.parse(text):
        assert url.is_address(one)


def altered(data, draws):
    """The text with some of its words replaced."""
    for where, piece in draws:
        words = list(re.finditer(r"[\w.:/+-]+|[<>=\"]", data))
        if words:
            at = words[where % len(words)]
            data = data[: at.start()] + piece + data[at.end() :]
    return data


alterations = st.lists(
    st.tuples(st.integers(0, 10**6),
              st.one_of(odd, st.sampled_from(["", "../x", "http://127.0.0.1:9/x", "9" * 5000, "-1", "sha1", "md5", "sha256", "/etc", "primary", "<a>", "</name>",
                                              "\x00", "el8", "&#46;", "&x;", "x" * 70000, ":", "{", "- -", "1", "'", " "]))),
    max_size=4)  # fmt: skip


# What of 'offkit probe' RPMs are chosen by (online/rpms/server.py).
PROBE = {
    "packages": {"glibc-2.17-1.el7.x86_64": ["libc.so.6()(64bit)", "/sbin/ldconfig"], "a-0.1-1.el7.noarch": ["a"]},
    "modules": [{"name": "a", "stream": "1", "state": "enabled", "profiles": []}],
    "yum": {"exclude": ["b-0:1*", "kernel"], "module_platform_id": "platform:el7"},
    "os_release": {"ID": "centos", "PLATFORM_ID": "platform:el7"},
    "cpu": {"level": "x86-64-v2"},
    "keys": {"files": ["RPM-GPG-KEY-CentOS-7"], "ids": ["24c6a8a7f4a80eb5 RPM-GPG-KEY-CentOS-7"], "rpm": ["f4a80eb5-1 gpg(x)"],
             "vendor": ["RPM-GPG-KEY-CentOS-7"]},
}  # fmt: skip
WORDS = st.one_of(
    odd,
    st.sampled_from(["[", "*", "-", "a-b", "a-:-.", "a-99999999999999999999:1-1.x86_64", "a-x:1-1.noarch", "a-1-1.", "a = 1:", "(a if",
                     "glibc-(none):2-1.x86_64", "\0", "x" * 3000, "platform:", "a b"]))  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=4,
)


def within(value, path=()):
    """The paths of everything in a document."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, (dict, list)):
            yield from within(inner, (*path, key))


@tried(100)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.one_of(WORDS, st.none()), VALUES), min_size=1, max_size=4)
)
def test_files_of_probes(taken, repository, tmp_path_factory, draws):
    """Some of it is replaced, and some fields have other names."""
    top = tmp_path_factory.getbasetemp() / "probed"
    for path, contents in repository.items():
        repo_maker.write(top, path, contents)
    found = copy.deepcopy(PROBE)
    for where, name, value in draws:
        paths = list(within(found)) or [("packages",)]
        *inner, key = paths[where % len(paths)]
        holder = functools.reduce(operator.getitem, inner, found)
        if name is not None and isinstance(holder, dict):
            value = holder.pop(key, value)
            key = name
        holder[key] = value
    (top / "probe.json").write_text(json.dumps(found))
    taken(top, probe=str(top / "probe.json"))


@tried(250)
@given(alterations, alterations, alterations, st.sampled_from([".gz", ".xz", ""]), st.booleans())
def test_metadata(taken, repository, tmp_path_factory, first, second, third, packed, by_server):
    """Each altered, with the checksums that it has then; in a directory, and on a server."""
    files = dict(repository)
    (name,) = [path for path in files if "primary" in path]
    raw = files.pop(name)
    xml = altered(gzip.decompress(raw).decode(), second).encode("utf-8", "replace")
    streams = altered(STREAMS, third).encode("utf-8", "replace")
    rows = []
    for kind, data in (("primary", xml), ("modules", streams)):
        href = f"repodata/{kind}.x{packed}"
        files[href] = repo_maker.SQUEEZE[packed](data)
        rows.append((kind, href, files[href], len(data)))
    files["repodata/repomd.xml"] = altered(repo_maker.repomd(*rows).decode(), first).encode(
        "utf-8", "replace"
    )
    if by_server:
        with web_maker.site() as site:
            site.files.update(files)
            taken(site.url)
        return
    top = tmp_path_factory.mktemp("altered")
    for path, data in files.items():
        repo_maker.write(top, path, data)
    taken(top)


statuses = st.sampled_from(
    [200, 200, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 407, 410, 416, 429, 500, 503, 999]
)
headers = st.dictionaries(
    st.sampled_from(["Location", "ETag", "Content-Encoding", "WWW-Authenticate", "Content-Range", "Retry-After"]),
    st.sampled_from(["x", "", "gzip", "http://[", "//h:p/", "ftp://h/", "file:///etc/passwd", "/", "bytes 0-1/2", "\xe9", "0", "Basic realm=x", "http:///x"]),
    max_size=2)  # fmt: skip


@tried(60)
@given(st.lists(st.tuples(st.integers(0, 20), statuses, headers, st.one_of(st.binary(max_size=20), st.none())), max_size=3),
       st.booleans(), st.booleans())  # fmt: skip
def test_answers(taken, repository, tmp_path, answers, listed, signed):
    """Of any status and headers, for any of its files; with a key too."""
    key = tmp_path / "RPM-GPG-KEY-test"
    key.write_bytes(b"\x99no key\n")
    paths = [*sorted(repository), "repodata/repomd.xml.asc", ".treeinfo", "treeinfo", "mirrorlist"]
    with web_maker.site() as site:
        site.files.update(repository)
        site.files["mirrorlist"] = f"{site.url}/\n".encode()
        for where, code, more, body in answers:

            def answer(handler, data, code=code, more=more, body=body):
                handler.send_response(code)
                for name, value in more.items():
                    handler.send_header(name, value)
                handler._body(data if body is None else body, None)

            site.does[paths[where % len(paths)]] = answer
        taken(site.url + ("/mirrorlist" if listed else ""), [key] if signed else ())
