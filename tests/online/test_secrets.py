"""No user, no password and no token appears anywhere, whatever happens; each one here is marked."""

import base64
import hashlib
import importlib
import io
import os
import platform
import socket
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from pip._internal.network import auth

import bundle_maker
import project_maker
import sdist_maker
from offkit.cli import app, render
from offkit.edges import data
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.online import bundle as bundles
from offkit.online.request.locked import LockedWheel, Request
from offkit.online.resolve import lock
from offkit.online.wheels import fetch
from target_maker import preset

EL7 = preset("3.6")
MARK = "s3cr3t"
USER = f"{MARK}-user:{MARK}-word"
FORMS = [MARK.encode(), base64.b64encode(USER.encode())]
HTML = {"Content-Type": "text/html"}


@pytest.fixture
def closed():
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return "127.0.0.1:{}".format(free.getsockname()[1])


def contents(data):
    """The bytes of a file and, of a tar or a zip, those of all in it."""
    yield "", data
    source = io.BytesIO(data)
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    elif tarfile.is_tarfile(source):
        with tarfile.open(fileobj=source) as archive:
            for member in filter(tarfile.TarInfo.isfile, archive):
                for inside, part in contents(archive.extractfile(member).read()):
                    yield member.name + inside, part


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command with all words; (code, what it said), once nothing marked was found there, in JSON,
    nor in any file that was written, its cache, pip's and the log of an internal error among them."""
    place = tmp_path / "written"
    place.mkdir()
    importlib.import_module("offkit.online.bundle")  # with the real Session, whatever a test puts there
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CACHE_DIR", str(place / "pip"))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(render, "width", lambda: 0)

    def once(*words):
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as left:
            app.main([*map(str, words), "--cache-dir", str(place / "cache")])
        said = b"".join(stream.buffer.getvalue() for stream in (sys.stdout, sys.stderr))
        for form in FORMS:
            assert form not in said
        return left.value.code, said.decode()

    def twice(*words):
        once(*words, "--json", "-v")
        code, said = once(*words, "-v")
        for folder, _, names in os.walk(place):
            for name in names:
                for inside, content in contents(Path(folder, name).read_bytes()):
                    assert not any(form in content for form in FORMS), (folder, name, inside)
        return code, said

    yield twice
    render.console()


def secret(url):
    """The same place, with user and password."""
    return url.replace("://", f"://{USER}@")


def test_it_is_found(run, monkeypatch):
    """What would pass is caught here."""
    monkeypatch.setattr(lock, "Session", lambda *given: print(MARK))
    with pytest.raises(AssertionError):
        run("lock", "alpha")


def test_indexes(run, mirror, closed, monkeypatch, tmp_path):
    """Refusing, silent, none at all, not trusted; on the command line, in a variable, in pip.conf."""
    server = mirror("alpha", password="other")
    url = f"http://127.0.0.1:{server.server_port}/simple"
    for index, code in [
        (secret(url), 4),
        (f"http://{MARK}@127.0.0.1:{server.server_port}/simple", 4),
        (secret(f"http://{closed}/simple"), 4),
        (secret(f"https://{closed}/simple"), 4),
        (secret("http://packages.internal/simple"), 4),
        (secret("ftp://packages.internal/simple"), 2),
        (f"http://{MARK}:{MARK}/{MARK}@{closed}/simple", 2),
        (f"http://{MARK}:{MARK}#{MARK}@{closed}/simple", 2),
        (secret("http://packages.internal:port/simple"), 2),
        (f"{url}?token={MARK}", 4),
    ]:
        assert run("lock", "alpha", "--index-url", index)[0] == code, index
        assert run("lock", "alpha", "--no-index", "--find-links", index)[0] in (code, 4), index
        assert run("lock", "corp::alpha", "--index", f"corp={index}")[0] == code, index
        monkeypatch.setenv("PIP_INDEX_URL", index)
        assert run("lock", "alpha")[0] == code, index
        monkeypatch.delenv("PIP_INDEX_URL")
        path = tmp_path / "pip.conf"
        path.write_text(f"[global]\nindex-url = {index}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
        assert run("lock", "alpha")[0] == code, index
        path.write_text(f"[global]\nindex-url = {index}\ntimeout = {index}\n")
        assert run("lock", "alpha")[0] == 2, index
        path.write_text(f"index-url = {index}\n")
        assert run("lock", "alpha")[0] == 2, index
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def test_named_indexes(run, mirror):
    """Without a name, with a name that nobody has, without the package; and where a URL leads past it."""
    server, other = mirror("alpha", password=f"{MARK}-word", user=f"{MARK}-user"), mirror("alpha")
    index = server.url + "/simple"
    for words, code in [
        (["--index", index], 2),
        (["--index", f"corp={index}"], 2),
        (["--index", f"corp={index}", "--index", f"corp={index}/2", "--from", "corp=alpha"], 2),
        (["--from", f"corp={index}"], 2),
        ([f"corp::{index}"], 2),
        (["corp::alpha", "--index", f"corp={index}", "--no-index"], 2),
        (["corp::beta", "--index", f"corp={index}"], 1),
        (["corp::alpha", "--index", f"corp={index}"], 0),
    ]:
        assert run("lock", "alpha", *words, *other.args)[0] == code, words
    url = f"http://{USER}@127.0.0.1:{other.server_port}/files/alpha-1-py3-none-any.whl"
    assert run("lock", f"alpha @ {url}", "--index", f"corp={index}", "--from", "corp=alpha")[0] == 1


@pytest.mark.parametrize(
    "password",
    [
        f"{MARK} word",
        f"a {MARK}",
        f"{MARK}\t{MARK}",
        f"{MARK}'{MARK}",
        f'{MARK}" {MARK}',
        f"{MARK}\\ {MARK}",
        f"%{MARK}%",
        f"\u00e9{MARK} \u00e9",
        f"{MARK} " * 300,
    ],
)
def test_passwords_as_they_are(run, closed, mirror, monkeypatch, tmp_path, password):
    """Not written as in a URL: by each way in."""
    monkeypatch.setenv("PIP_RETRIES", "0")
    args = mirror("alpha").args
    url = f"http://bob:{password}@{closed}/simple"
    lines = [
        f"--index-url {url}",
        f"--extra-index-url {url}",
        f"--find-links {url}",
        f"-r {url}",
        f"-c {url}",
        f"corp @ {url}",
        f"corp @ git+{url}",
        f"-e git+{url}#egg=corp",
        url,
    ]
    path, conf = tmp_path / "requirements.txt", tmp_path / "pip.conf"
    for words in (
        ["alpha", "--index-url", url],
        ["alpha", "--no-index", "--find-links", url],
        ["alpha", "--index", f"corp={url}", "--from", "corp=alpha", *args],
        [f"corp @ {url}", "--no-index"],
        [f"corp @ git+{url}", "--no-index"],
        ["-r", url, *args],
        ["alpha", "-c", url, *args],
        ["alpha", "--no-index", "--proxy", url],
    ):
        assert run("lock", *words)[0] in (1, 2, 4), words
    for line in lines:
        path.write_text(f"{line}\nalpha\n", encoding="utf-8")
        assert run("lock", "-r", path, *args)[0] in (1, 2, 4), line
    monkeypatch.setenv("PIP_INDEX_URL", args[1])
    for key in ("extra-index-url", "find-links", "constraint"):
        name = "PIP_" + key.upper().replace("-", "_")
        monkeypatch.setenv(name, url)
        assert run("lock", "alpha")[0] in (2, 4), name
        monkeypatch.delenv(name)
        conf.write_text(f"[global]\n{key} = {url.replace('%', '%%')}\n", encoding="utf-8")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
        assert run("lock", "alpha")[0] in (2, 4), key
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def test_repositories(run, mirror, closed, monkeypatch, tmp_path):
    """Of RPMs: nobody answers, though asked again; refused; no URL; in a .repo file; a token without a name."""
    pytest.importorskip("solv", reason="no offkit[rpm] here")
    monkeypatch.setenv("PIP_RETRIES", "1")
    server = mirror("alpha")
    url = f"http://127.0.0.1:{server.server_port}"
    server.pages["/locked/repodata/repomd.xml"] = (403, b"", HTML)
    for place, code in [
        (secret(f"http://{closed}/x"), 4),
        (f"http://{closed}/x?token={MARK}", 4),
        (f"http://{closed}/x?{MARK}", 4),
        (f"http://{closed}/mirrorlist?key={MARK}&{MARK}", 4),
        (secret(url + "/nowhere"), 4),
        (secret(f"{url}/locked?{MARK}"), 4),
        (f"http://{MARK}:{MARK}/{MARK}@{closed}/x", 2),
        (secret("http://[::1/x"), 2),
        (f"http://bob:{MARK} word@{closed}/x", 4),
        (secret("http://packages.internal:port/x"), 2),
        (secret("ftp://packages.internal/x"), 2),
        (secret("file://packages.internal/x"), 2),
    ]:
        found, said = run("bundle", "alpha", "--python", "3.6", *server.args, "--rpm-repo", place)
        assert found == code, (place, said)
        assert "index" not in said, said
    for text in [
        f"[x]\nbaseurl={secret(url)}/nowhere\nusername={MARK}\npassword={MARK}/{MARK}\n",
        f"[x]\nbaseurl={url}/nowhere\nusername={MARK}\npassword={MARK}/{MARK}\n",
        f"[x]\nbaseurl={secret('ftp://packages.internal/x')}\n",
        f"[x]\npassword {MARK}\nbaseurl={url}\n",
        f"password={MARK}\n[x]\nbaseurl={url}\n",
        f"[DEFAULT]\npassword={MARK}\n[x]\nbaseurl=http://{closed}/\n",
    ]:
        path = tmp_path / "x.repo"
        path.write_text(text)
        found, said = run("bundle", "alpha", "--python", "3.6", *server.args, "--rpm-repo", path)
        assert found in (2, 4), (text, said)


def test_netrc(run, mirror, monkeypatch, tmp_path):
    """With a wrong password, and damaged."""
    server = mirror("alpha", password="other")
    url = f"http://127.0.0.1:{server.server_port}/simple"
    path = tmp_path / ".netrc"
    monkeypatch.setenv("NETRC", str(path))
    for text in (f"machine 127.0.0.1 login {MARK}-user password {MARK}-word\n", f"machine {USER}\n{USER}"):
        path.write_text(text)
        path.chmod(0o600)
        assert run("lock", "alpha", "--index-url", url)[0] == 4


def test_a_keyring(run, mirror, monkeypatch, tmp_path):
    """Which knows another word, or says it in an error."""
    server = mirror("alpha", password="other", user=f"{MARK}-user")
    index = f"http://{MARK}-user@127.0.0.1:{server.server_port}/simple"
    monkeypatch.setenv("PIP_KEYRING_PROVIDER", "subprocess")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for script in (f"echo {MARK}-word", f"echo {MARK}-word >&2; exit 1", f"printf '\\377{MARK}'"):
        monkeypatch.setattr(auth, "KEYRING_DISABLED", False)  # pip gives up after an exception
        auth.get_keyring_provider.cache_clear()
        program = tmp_path / "keyring"
        program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/asked'\n{script}\n")
        program.chmod(0o755)
        assert run("lock", "alpha", "--index-url", index)[0] == 4
        (tmp_path / "asked").unlink()
    auth.get_keyring_provider.cache_clear()


def test_proxies(run, mirror, closed, monkeypatch):
    """With and without a scheme; nobody there, wants a login, is no URL."""
    server = mirror("alpha")
    server.pages["http://packages.internal/simple/alpha/"] = (407, b"", {})
    here = f"127.0.0.1:{server.server_port}"
    args = [
        "lock",
        "alpha",
        "--index-url",
        "http://packages.internal/simple",
        "--trusted-host",
        "packages.internal",
    ]
    secure = ["lock", "alpha", "--index-url", "https://packages.internal/simple"]
    for proxy in (
        f"http://{USER}@{closed}",
        f"{USER}@{closed}",
        f"http://{USER}@{here}",
        f"{USER}@{here}",
        f"http://{USER}@{closed}:port",
        f"http://{MARK}:{MARK}/{MARK}@{closed}",
        f"{MARK}:{MARK}/{MARK}@{closed}",
        f"http://{USER}@",
    ):
        for words in (args, secure):
            assert run(*words, "--proxy", proxy)[0] in (2, 4), proxy
        monkeypatch.setenv("http_proxy", proxy)
        assert run(*args)[0] in (2, 4), proxy
        monkeypatch.delenv("http_proxy")


def test_requirements(run, mirror, closed, tmp_path):
    """As words and in files: checkouts, archives, wheels that cannot be had, lines that nobody reads."""
    server = mirror("alpha")
    here = f"127.0.0.1:{server.server_port}"
    path = tmp_path / "requirements.txt"
    for line, codes in [
        (f"x @ git+https://oauth2:{MARK}@{closed}/x", (4,)),
        (f"git+https://oauth2:{MARK}@{closed}/x", (2, 4)),
        (f"git+https://{MARK}@{closed}/x#egg=x", (2, 4)),
        (f"x @ http://{USER}@{closed}/x-1-py3-none-any.whl", (4,)),
        (f"x @ http://{USER}@{here}/x-1-py3-none-any.whl", (1, 4)),
        (f"http://{USER}@{here}/x-1-py3-none-any.whl", (1, 4)),
        (f"http://{USER}@{here}/x-1.tar.gz", (4,)),
        (f"x @ http://{here}/x-1-py3-none-any.whl?token={MARK}", (1, 4)),
        (f"x @ http://{USER}@{closed}:port/x-1-py3-none-any.whl", (2,)),
        (f"x @ http://{MARK}:{MARK}/{MARK}@{closed}/x-1-py3-none-any.whl", (2,)),
        (f"http://{USER}@{here}/x-1-py3-none-any.exe", (4,)),
        (f"x=1 http://{USER}@{here}/x", (2,)),
    ]:
        assert run("lock", line, *server.args)[0] in codes, line
        path.write_text(f"alpha\n{line}\n")
        assert run("lock", "-r", path, *server.args)[0] in codes, line
    line = f"alpha @ http://{USER}@{here}/files/alpha-1-py3-none-any.whl?token={MARK}"
    server.pages[f"/files/alpha-1-py3-none-any.whl?token={MARK}"] = (
        200,
        server.files["alpha-1-py3-none-any.whl"],
        {},
    )
    for name in ("pylock.toml", "lock.txt"):
        assert run("lock", line, *server.args, "-o", tmp_path / "written" / name)[0] == 0
    for line in (
        f"--index-url http://{USER}@{closed}/simple",
        f"--extra-index-url http://{USER}@{closed}/simple",
        f"--find-links http://{USER}@{closed}/",
        f"--index-url http://{USER}@{closed}/simple --no-such-option",
        f"--no-such-option=http://{USER}@{closed}/simple",
        f"--trusted-host http://{USER}@{closed}:port",
        f"-r http://{USER}@{closed}/r.txt",
        f"-c http://{USER}@{closed}/r.txt",
        f"-e git+https://{USER}@{closed}/x",
        f"--index-url 'http://{USER}@{closed}/simple",
    ):
        path.write_text(f"{line}\nalpha\n")
        assert run("lock", "-r", path, *server.args)[0] in (0, 1, 2, 4), line


def test_files_of_servers(run, mirror, closed):
    """A requirements or constraints file that is not there, wants another login, names what nobody has."""
    server = mirror("alpha", password="other")
    here = f"127.0.0.1:{server.server_port}"
    public = mirror("alpha")
    there = f"127.0.0.1:{public.server_port}"
    text = {"Content-Type": "text/plain"}
    public.pages["/r.txt"] = (200, b"alpha>1\n", text)
    public.pages[f"/r.txt?token={MARK}"] = (200, b"-e /nowhere/here\n", text)
    public.pages["/bad.txt"] = (200, b"alpha ==== 1\n", text)
    for url, codes in [
        (f"http://{USER}@{closed}/r.txt", (4,)),
        (f"http://{USER}@{here}/r.txt", (4,)),
        (f"http://{USER}@{there}/r.txt", (1,)),
        (f"http://{USER}@{there}/bad.txt", (2,)),
        (f"http://{there}/r.txt?token={MARK}", (2,)),
        (f"http://{USER}@{closed}:port/r.txt", (2,)),
        (f"http://{USER}@{there}/pylock.toml", (2,)),
    ]:
        assert run("lock", "-r", url, *public.args)[0] in codes, url
        assert run("lock", "alpha", "-c", url, *public.args)[0] in codes, url
        assert run("lock", "-r", url, *public.args, "--offline")[0] in (2, 4), url


def test_redirects(run, mirror, closed, monkeypatch):
    """Tokens of a query: to a login, to nobody, to a file that is not there, to one that is altered."""
    server = mirror("alpha")
    filename = server.add("delta")
    server.moved["/simple/beta/"] = f"/login?token={MARK}"
    server.pages[f"/login?token={MARK}"] = (200, b"<html></html>", HTML)
    assert run("lock", "alpha", "beta", *server.args)[0] == 4
    monkeypatch.setenv("PIP_RETRIES", "1")  # pip says what it tries again
    server.pages["/simple/gamma/"] = (302, b"", {"Location": f"http://{closed}/?token={MARK}"})
    assert run("lock", "alpha", "gamma", *server.args)[0] == 4
    server.moved[f"/files/{filename}"] = f"/signed/{filename}?X-Amz-Signature={MARK}"
    assert run("lock", "delta", *server.args)[0] in (1, 4)
    page = f'<a href="/files/{filename}?sig={MARK}#sha256={"0" * 64}">{filename}</a>'
    server.pages["/simple/delta/"] = (200, page.encode(), HTML)
    assert run("lock", "delta", *server.args)[0] in (1, 3, 4)


def test_what_succeeds(run, mirror, monkeypatch, tmp_path):
    """Locks, bundles and caches are as if there had been no login; pip's keeps what an index lets it keep."""
    server = mirror("pip", "tool", password=f"{MARK}-word", user=f"{MARK}-user")
    name = server.add("alpha", requires=["tool"])
    page = f'<a href="/files/{name}">{name}</a>'.encode()
    server.pages["/simple/alpha/"] = (
        200,
        page,
        {**HTML, "Cache-Control": "max-age=9", "Vary": "Authorization"},
    )
    args = ["--index-url", server.url + "/simple", "--trusted-host", "127.0.0.1"]
    out = tmp_path / "written" / "lock.txt"
    assert run("lock", "alpha", *args, "-o", out)[0] == 0
    assert "alpha==1" in out.read_text()
    path = tmp_path / "requirements.txt"
    path.write_text(f"--index-url {server.url}/simple\nalpha\n")
    assert run("lock", "-r", path)[0] == 0
    real, digest = data.read_text, hashlib.sha256(server.files["tool-1-py3-none-any.whl"]).hexdigest()
    runtime = f"tool==1 --hash=sha256:{digest}\n"
    monkeypatch.setattr(
        data, "read_text", lambda path: runtime if path == "wheelhouse/runtime.txt" else real(path)
    )
    code, said = run("bundle", "alpha", *args, "-o", tmp_path / "written" / "bundle.tar")
    assert code == 0, said


def test_variables(run, mirror, closed, monkeypatch, tmp_path):
    """Each variable of pip that has a place in it, and the same line of pip.conf; uv's, which are not read."""
    server = mirror("alpha", password="other")
    here = f"127.0.0.1:{server.server_port}"
    public = mirror("alpha")
    conf = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_RETRIES", "0")
    for key, value, codes in [
        ("extra-index-url", secret(f"http://{here}/simple"), (4,)),
        ("extra-index-url", secret(f"http://{closed}/simple"), (4,)),
        ("extra-index-url", f"{public.url}/simple {secret(f'http://{closed}/simple')}", (4,)),
        ("extra-index-url", secret("http://packages.internal:port/simple"), (2, 4)),
        ("extra-index-url", f"{MARK}:{MARK}@{closed}/simple", (2, 4)),
        ("find-links", secret(f"http://{here}/"), (0, 4)),
        ("find-links", f"http://{closed}/?token={MARK}", (0, 4)),
        ("trusted-host", secret(f"http://{closed}"), (0, 2)),
        ("trusted-host", f"{USER}@{closed}:port", (0, 2)),
        ("proxy", f"http://{USER}@{closed}", (0, 4)),
        ("constraint", secret(f"http://{closed}/c.txt"), (4,)),
        ("constraint", f"http://{closed}/c.txt?token={MARK}", (4,)),
        ("build-constraint", secret(f"http://{closed}/c.txt"), (0, 2, 4)),
        ("requirement", secret(f"http://{closed}/r.txt"), (0, 2, 4)),
        ("no-such-option", secret(f"http://{closed}/r.txt"), (0, 2)),
        ("retries", secret(f"http://{closed}/r.txt"), (2,)),
        ("cert", secret(f"http://{closed}/r.txt"), (2, 4)),
    ]:
        name = "PIP_" + key.upper().replace("-", "_")
        monkeypatch.setenv(name, value)
        assert run("lock", "alpha", *public.args)[0] in codes, (name, value)
        monkeypatch.delenv(name)
        conf.write_text(f"[global]\n{key} = {value}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
        assert run("lock", "alpha", *public.args)[0] in codes, (key, value)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, secret(f"http://{closed}/simple"))
    monkeypatch.setenv("UV_INDEX_CORP_PASSWORD", MARK)
    assert run("lock", "alpha", *public.args)[0] == 0
    assert run("lock", "beta", *public.args)[0] == 1


def test_projects(run, closed, mirror, monkeypatch, tmp_path):
    """Indexes of uv in a pyproject.toml, requirements of a project and of a pylock.toml."""
    public = mirror("alpha")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for number, text in enumerate(
        [
            f'[[tool.uv.index]]\nname = "corp"\nurl = "{secret(f"http://{closed}/simple")}"\n'
            '[tool.uv.sources]\nalpha = {index = "corp"}\n',
            f'[[tool.uv.index]]\nurl = "{secret(f"http://{closed}/simple")}"\ndefault = true\n',
            f'[tool.uv.sources]\nalpha = {{url = "{secret(f"http://{closed}/alpha.whl")}"}}\n',
            f'[tool.uv.sources]\nalpha = {{git = "{secret(f"https://{closed}/alpha")}"}}\n',
        ]
    ):
        project = tmp_path / f"p{number}" / "pyproject.toml"
        project.parent.mkdir()
        project.write_text('[project]\nname = "app"\nversion = "1"\ndependencies = ["alpha"]\n' + text)
        assert run("lock", "-r", project, *public.args)[0] in (0, 2, 4), text
    lock = tmp_path / "pylock.toml"
    for wheel in (
        secret(f"http://{closed}/alpha-1-py3-none-any.whl"),
        f"http://{closed}/alpha-1-py3-none-any.whl?t={MARK}",
    ):
        lock.write_text(
            'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "alpha"\nversion = "1"\n'
            f'index = "{secret(f"http://{closed}/simple")}"\n[[packages.wheels]]\n'
            f'name = "alpha-1-py3-none-any.whl"\nurl = "{wheel}"\nhashes = {{sha256 = "{"0" * 64}"}}\n'
        )
        assert run("lock", "-r", lock, *public.args)[0] in (1, 2, 3, 4), wheel


def test_sources(run, mirror, monkeypatch, tmp_path):
    """What is built here and what is carried: by a login of the URL, of a variable, of .netrc; what goes
    well, and what a backend says when it ends with an error, of all that its environment holds."""
    monkeypatch.setattr(bundles, "_runtime", lambda session: ())
    monkeypatch.setattr(bundles.runtime, "build", lambda paths, cache: b"pyz")
    server = mirror(password=f"{MARK}-word", user=f"{MARK}-user")
    server.put(*bundle_maker.pip_wheel())
    server.put(*sdist_maker.backend())
    server.put(*project_maker.sdist("pure", "1.0"))
    server.put(*sdist_maker.sdist("answer"))
    tells = "raise SystemExit(repr(sorted(os.environ.items())))"
    server.put(*project_maker.sdist("tells", "1.0", first=tells))
    there = f"http://127.0.0.1:{server.server_port}"
    netrc = tmp_path / "own.netrc"
    netrc.write_text(f"machine 127.0.0.1 login {MARK}-user password {MARK}-word\n")
    netrc.chmod(0o600)
    series = "{}.{}".format(*sys.version_info[:2])
    here = ["--python", series, "--arch", platform.machine(), "-o", tmp_path / "written" / "b.tar"]

    def journeys(words):
        code, said = run(
            "bundle", "pure", "answer", "--build", "pure", "--carry-source", "answer", *words, *here
        )
        assert code == 0, said
        code, said = run("lock", "tells", "--build", "tells", *words, *here[:4])
        assert code == 1
        assert "SOURCE_DATE_EPOCH" in said

    journeys(["--index-url", server.url + "/simple"])
    none = run("bundle", "none", "--carry-source", "none", "--index-url", server.url + "/simple", *here)
    assert none[0] == 1
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", server.url + "/simple")
    journeys(["--index-url", mirror("alpha").url + "/simple"])
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("UV_INDEX_CORP_PASSWORD", MARK)
    monkeypatch.setenv("TWINE_PASSWORD", MARK)
    journeys(["--index-url", there + "/simple"])
    monkeypatch.delenv("NETRC")
    for words in (["pure", "--build", "pure"], ["answer", "--carry-source", "answer"]):
        assert run("bundle", *words, "--index-url", there + "/simple", *here)[0] == 4
    for name in ("pure", "tells"):
        line = f"{name} @ {server.url}/files/{name}-1.0.tar.gz?token={MARK}"
        server.pages[f"/files/{name}-1.0.tar.gz?token={MARK}"] = (200, server.files[f"{name}-1.0.tar.gz"], {})
        assert run("lock", line, "--index-url", server.url + "/simple", *here[:4])[0] == (name == "tells")


def test_findings(mirror, closed, tmp_path):
    """None is in them either: not only the printer keeps it."""
    url = f"http://{USER}@{closed}/x-1.tar.gz?token={MARK}"
    with lock.Session(EL7, mirror("alpha").args, Reporter()) as session:
        with pytest.raises(EnvironmentProblem) as refused:
            session.lock(Request((f"y @ git+{url}",), (), ()))
        with pytest.raises(EnvironmentProblem) as unheard:
            session.lock(Request((url,), (), ()))
        wheel = LockedWheel("x", "1", "x-1-py3-none-any.whl", url, "", ())
        with pytest.raises(EnvironmentProblem) as failed:
            fetch.fetch([wheel], session.repository.session, tmp_path, Reporter())
    found = [*refused.value.findings, *unheard.value.findings, *failed.value.findings]
    assert [one.code for one in found] == ["NET010", "NET003", "NET003"]
    assert MARK not in repr(found)


def test_errors_of_ours(run, monkeypatch):
    """The log of an internal error has neither."""

    def fail(*given):
        raise RuntimeError(f"no http://{USER}@host/x?token={MARK}")

    monkeypatch.setattr(lock, "Session", fail)
    args = ["--index-url", f"http://{USER}@host/x", "--proxy", f"{USER}@host:3128"]
    code, said = run("lock", f"x @ http://{USER}@host/x", *args)
    assert code == 70
    assert "no http://host/x?..." in said
