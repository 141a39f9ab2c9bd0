"""Requirements and constraints that are named by a URL, as pip takes them."""

import json

import pytest

TEXT = {"Content-Type": "text/plain"}


@pytest.fixture
def offkit(typed):
    """Run a command: (code, its document)."""

    def run(*words):
        code, said, _ = typed(*words, "--json")
        return code, json.loads(said)

    return run


def pins(document):
    return {wheel["name"]: wheel["version"] for wheel in document["wheels"]}


def page(server, path, text, status=200):
    server.pages[path] = (status, text.encode(), TEXT)
    return server.url + path


def test_requirements_and_constraints(offkit, mirror, tmp_path):
    """With what the file includes, relative to itself; a file: URL is the file."""
    server = mirror("alpha", "beta", "gamma")
    server.add("alpha", "2")
    page(server, "/lists/more.txt", "beta\n")
    url = page(server, "/lists/base.txt", "-r more.txt\nalpha\n")
    limit = page(server, "/limits.txt", "alpha<2\n")
    code, document = offkit("lock", "-r", url, "-c", limit, *server.args)
    assert (code, pins(document)) == (0, {"alpha": "1", "beta": "1"})
    local = tmp_path / "with space.txt"
    local.write_text("gamma\n")
    code, document = offkit("lock", "-r", local.as_uri(), *server.args)
    assert (code, pins(document)) == (0, {"gamma": "1"})


def test_a_login(offkit, mirror):
    """In the URL, or wherever pip looks for one."""
    server = mirror("alpha", password="word")
    url = page(server, "/r.txt", "alpha\n")
    code, document = offkit("lock", "-r", url, *server.args)
    assert (code, pins(document)) == (0, {"alpha": "1"})
    bare = f"http://127.0.0.1:{server.server_port}/r.txt"
    code, document = offkit("lock", "-r", bare, "--no-index")
    assert (code, document["error"]) == (4, "a requirements file cannot be read from its server")
    (finding,) = document["findings"]
    assert (finding["code"], finding["subject"]) == ("NET002", bare)
    assert "~/.netrc" in finding["fix"]


def test_what_servers_answer_instead(offkit, mirror):
    """Which server, and what it says; never that a package index does."""
    server = mirror("alpha")
    gone = server.url + "/gone.txt"
    html = page(server, "/login.txt", "<html>\n<body>Please log in</body></html>")
    for url, found in [(gone, "NET002"), (html, "NET008"), ("http://127.0.0.1:9/r.txt", "NET001")]:
        for option in ("-r", "-c"):
            code, document = offkit("lock", "alpha", option, url, *server.args)
            assert (code, document["error"]) == (4, "a requirements file cannot be read from its server")
            assert [(one["code"], one["subject"]) for one in document["findings"]] == [(found, url)]
            assert "index" not in document["fix"]


def test_offline(offkit, mirror):
    """No server is asked, with --no-index neither."""
    server = mirror("alpha")
    url = page(server, "/r.txt", "alpha\n")
    for words in (
        ["-r", url],
        ["-r", url, "--no-index"],
        ["-c", url, "alpha"],
        ["-c", url, "alpha", "--no-index"],
    ):
        code, document = offkit("lock", "--offline", *words)
        assert (code, document["error"]) == (4, f"{url} would be asked, and --offline forbids it")
    assert server.asked == []


def test_what_is_no_requirements_file(offkit, mirror):
    """A lock or a project is read as a file; what is no URL is said to be none."""
    server = mirror("alpha")
    for name in ("pylock.toml", "pyproject.toml", "uv.lock"):
        code, document = offkit("lock", "-r", f"{server.url}/{name}", *server.args)
        assert (code, document["fix"]) == (2, f"download {server.url}/{name} and give the file")
    code, document = offkit("lock", "-r", "http://host:port/r.txt")
    assert (code, document["error"]) == (2, "http://host:port/r.txt is not a URL")
    assert server.asked == []


def test_where_a_line_is(offkit, mirror):
    """By the URL, without who asked."""
    server = mirror("alpha", password="word")
    url = page(server, "/r.txt", "alpha\n-e /nowhere/here\n")
    code, document = offkit("lock", "-r", url, *server.args)
    assert (code, document["error"].split(":")[0]) == (2, "http")
    assert f"127.0.0.1:{server.server_port}/r.txt (line 2)" in document["error"]
    limit = page(server, "/c.txt", "alpha>1\n")
    code, document = offkit("lock", "alpha", "-c", limit, *server.args)
    assert code == 1
    assert "/c.txt (line 1)" in json.dumps(document)
    assert "word@" not in json.dumps(document)
