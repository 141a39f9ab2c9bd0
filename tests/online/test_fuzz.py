"""Whatever a user, pip's configuration or an index says: an answer, or an error that is one of ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_fuzz import lock, odd, pieces, some, variable

HTML, JSON = "text/html", "application/vnd.pypi.simple.v1+json"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty directory to be in: a requirement may be a path."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


@pytest.fixture
def index(mirror):
    server = mirror("alpha", "beta")
    server.put("alpha-2.tar.gz")
    return server


one = st.sampled_from
lines = st.lists(
    st.one_of(
        st.tuples(
            one(["alpha", "alpha", "beta[x,y]", "a" * 300, "http://127.0.0.1:9/", "./", "git+https://h/x", "-e ", "", "alpha-1.tar.gz"]),
            one(["", "", "==1", ">=1,<9", "===0.1ubuntu2", "==1.*", ">dev", "!=", " @ http://[/x.whl", " @ http://h:p/x-1-py3-none-any.whl",
                 " @ file:///nowhere/x-1-py3-none-any.whl", " @ git+ssh://h", "[", "(", "x-1-py3-none-any.whl"]),
            one(["", "", "; python_version < '3'", ";", " ; extra == 'x'", "; os_name", " #", " --hash=sha256:0", " --hash=md5:", " \\"]),
            one(["", "", "'", "\0", "\u2028", "\r", "${HOME}"]),
        ).map("".join),
        st.tuples(
            one(["-r", "-c", "-i", "-f", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--no-binary", "--no-index",
                 "--pre", "--use-feature", "--no-such", "--hash", "--config-settings"]),
            one([" ", "="]),
            one(["", "http://[", "http://h:p/", "http://127.0.0.1:9/", "/nowhere", ".", ":all:", "'", "x y"]),
        ).map("".join),
        one(["# -*- coding: x -*-", "# -*- coding: utf-7 -*-", "\ufeff", "--pre alpha"]),
        odd,
    ),
    max_size=4,
).map("\n".join)  # fmt: skip


@some
@given(lines, one([b"", b"", b"\xff", b"\xd6\xd0"]))
def test_requirements(index, place, text, tail):
    """As a word and in a file."""
    lock(index.args, text)
    path = place / "requirements.txt"
    path.write_bytes(text.encode() + tail)
    lock(index.args, files=[path])


keys = one(["index-url", "extra_index_url", "timeout", "retries", "cert", "client-cert", "proxy", "trusted-host", "find-links", "no-index",
            "pre", "use-feature", "use-deprecated", "cache-dir", "keyring-provider", "no-binary", "platform", "python-version", "log",
            "exists-action", "no-color", "config-settings", "constraint", "require-hashes", "uploaded-prior-to", "no-such"])  # fmt: skip
given_values = st.lists(one(["60s", "0", "-1", "nan", "1e999", "yes", "no", "2020-resolver", "http://[", "http://h:p/", "http://127.0.0.1:9/",
                             "/nowhere/x", "%(x)s", ":all:", "[::1", "\n  y", "a:b@c", ""]), min_size=1, max_size=2).map(" ".join)  # fmt: skip


@some
@given(
    one(["[global]", "[install]", "[global", ""]),
    st.lists(
        st.one_of(*[st.builds("{}{}{}".format, keys, one([" = ", ":"]), given_values)] * 4, odd), max_size=3
    ),
    one([b"", b"", b"\xff"]),
)
def test_configurations(index, place, section, settings, tail):
    """A pip.conf of any content; the index is named on the command line."""
    path = place / "pip.conf"
    path.write_bytes("\n".join([section, *settings]).encode() + tail)
    with variable("PIP_CONFIG_FILE", str(path)):
        lock(index.args, "alpha")


@some
@given(keys, given_values)
def test_variables(index, place, name, value):
    """The same in the environment."""
    with variable("PIP_" + name.upper().replace("-", "_"), value):
        lock(index.args, "alpha")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | odd,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(odd, inner, max_size=2),
    max_leaves=3,
)
GOOD = {
    "filename": "alpha-1-py3-none-any.whl",
    "url": "/files/alpha-1-py3-none-any.whl",
    "hashes": {"sha256": "0" * 64},
    "requires-python": ">=3.6",
    "yanked": False,
    "core-metadata": {"sha256": "0" * 64},
    "upload-time": "2021-01-01T00:00:00Z",
    "size": 5,
}


@st.composite
def damaged(draw):
    """A page of the JSON API, some of it another value."""
    file = dict(GOOD)
    for key in draw(st.lists(st.sampled_from(sorted(GOOD)), max_size=3)):
        file[key] = draw(values)
    page = {"meta": {"api-version": "1.1"}, "name": "alpha", "files": [dict(GOOD), file]}
    for key in draw(st.lists(st.sampled_from([*page, "project-status"]), max_size=1)):
        page[key] = draw(values)
    text = json.dumps(page)
    return text[: draw(st.integers(0, len(text)) | st.just(len(text)))]


@some
@given(damaged())
def test_pages_in_json(index, text):
    index.pages["/simple/alpha/"] = (200, text.encode(), {"Content-Type": JSON})
    lock(index.args, "alpha")


@some
@given(
    pieces(
        "<a href=", '"', "'", ">", "</a>", "<base href=", "http://[", "//h:p/", "/files/", "alpha-1-py3-none-any.whl", "alpha-2.tar.gz",
        "alpha-x.whl", "#sha256=", "0" * 64, " data-requires-python=", "&gt;=3", ">=3.*", " data-yanked", " data-core-metadata=", "<!--",
        "<![", "<?", "&#x110000;", "\0", "<input type=password>",
    ),
    st.binary(max_size=4),
    st.sampled_from([HTML, HTML + "; charset=utf-16", HTML + "; charset=x", HTML + ";charset=\xff", "", "text/plain"]),
)  # fmt: skip
def test_pages_in_html(index, text, tail, kind):
    index.pages["/simple/alpha/"] = (200, text.encode() + tail, {"Content-Type": kind})
    lock(index.args, "alpha")


@some
@given(pieces(
    "Metadata-Version: 2.1\n", "Name: alpha\n", "Version: 1\n", "Version: x\n", "Requires-Dist: ", "Requires-Python: ", "Provides-Extra: ",
    "beta", ">=1.*", ">dev", "; extra == 'x'", "; python_version", "\n", "\r", ":", " ", "(", "===x", "@ http://[",
    "9" * 5000, "Requires-Dist: beta>=" + "9" * 5000 + "\n", "Requires-Dist: beta; " + "(" * 900 + "os_name == 'x'" + ")" * 900 + "\n", "Requires-Dist: beta\n" * 99, "Requires: beta\n",
    "Requires-Dist: beta @ http://127.0.0.1:9/alpha-1-py3-none-any.whl\n", "Requires-Python: >=" + "9" * 5000 + "\n", "Version: " + "9" * 5000 + "\n", "b" * 300,
    "Content-Type: multipart/mixed; boundary=x\n", "Content-Transfer-Encoding: base64\n", "=?utf-8?q?beta?=", "\n (>=1)", "Name: beta\n", "Dynamic: Name\n",
), st.binary(max_size=4))  # fmt: skip
def test_metadata(index, text, tail):
    """Of a wheel, as PEP 658 has it beside the wheel."""
    name = "alpha-1-py3-none-any.whl"
    page = f'<a href="/files/{name}" data-core-metadata="true">{name}</a>'
    index.pages["/simple/alpha/"] = (200, page.encode(), {"Content-Type": HTML})
    index.pages[f"/files/{name}.metadata"] = (200, text.encode() + tail, {})
    lock(index.args, "alpha")
