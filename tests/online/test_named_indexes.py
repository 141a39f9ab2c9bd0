"""Packages that come from one index and from nowhere else."""

import json

import pytest

from offkit.model.errors import UsageError
from offkit.model.report import Reporter
from offkit.online.index import indexes, named
from offkit.online.resolve.lock import Session
from target_maker import preset


@pytest.fixture
def offkit(typed):
    """Run a command: (code, its document)."""

    def run(*words):
        code, said, _ = typed(*words, "--json")
        return code, json.loads(said)

    return run


def simple(server):
    return f"http://127.0.0.1:{server.server_port}/simple"


def taken(document):
    return {one["name"]: (one["version"], one["from"]) for one in document["wheels"]}


@pytest.fixture
def corp(mirror):
    """A private index: app, which needs mylib, and mylib."""
    server = mirror("mylib")
    server.add("app", requires=["mylib"])
    return server


@pytest.fixture
def public(mirror):
    """An index with a namesake of a higher version, and with other things."""
    server = mirror("tool")
    server.add("mylib", "99")
    server.add("wants", requires=["mylib", "tool"])
    return server


def test_a_namesake_is_not_taken(offkit, corp, public):
    """Of a higher version, on a public index (dependency confusion); it is not even asked."""
    args = [*public.args, "--index", "corp=" + simple(corp)]
    found = {"mylib": ("1", "corp=" + simple(corp)), "tool": ("1", simple(public))}
    code, document = offkit("lock", "corp::mylib>=1", "tool", *args)
    assert (code, taken(document)) == (0, found)
    assert ("GET", "/simple/mylib/") not in public.asked
    assert ("GET", "/simple/tool/") not in corp.asked
    code, document = offkit("lock", "mylib", *public.args)
    assert taken(document) == {"mylib": ("99", simple(public))}


def test_one_that_somebody_needs(offkit, corp, public, tmp_path):
    """A package of a public index, or a file, asks for it; however it is spelt."""
    args = [*public.args, "--index", f"corp={simple(corp)}", "--from", "corp=app,MyLib"]
    public.asked.clear()
    code, document = offkit("lock", "wants", *args)
    assert (code, taken(document)["mylib"]) == (0, ("1", "corp=" + simple(corp)))
    path = tmp_path / "requirements.txt"
    path.write_text("wants\napp\n")
    code, document = offkit("lock", "-r", path, *args)
    assert (code, taken(document)["app"][1], taken(document)["wants"][1]) == (
        0,
        "corp=" + simple(corp),
        simple(public),
    )
    path.write_text(f"--index-url {simple(public)}\nwants\n")  # which pip tells its session
    code, document = offkit("lock", "-r", path, *args[2:])
    assert (code, taken(document)["mylib"]) == (0, ("1", "corp=" + simple(corp)))
    assert ("GET", "/simple/mylib/") not in public.asked


def test_a_url_leads_past_no_index(offkit, corp, public):
    """Neither one of the request nor one that a package names."""
    url = f"http://127.0.0.1:{public.server_port}/files/mylib-99-py3-none-any.whl"
    public.add("sly", requires=[f"mylib @ {url}"])
    args = [*public.args, "--index", f"corp={simple(corp)}", "--from", "corp=mylib"]
    for line in (f"mylib @ {url}", "sly"):
        code, document = offkit("lock", line, *args)
        assert code == 1
        assert document["error"] == (
            f"mylib is to come from corp={simple(corp)} alone, and a requirement names {url}"
        )


def test_a_login_holds(offkit, mirror, public, monkeypatch, tmp_path):
    """In its URL or in netrc, as for any index; nothing of it is shown."""
    corp = mirror("mylib", password="word")
    code, document = offkit("lock", "corp::mylib", *public.args, "--index", f"corp={corp.url}/simple")
    assert (code, taken(document)) == (0, {"mylib": ("1", "corp=" + simple(corp))})
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password word\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    code, document = offkit("lock", "corp::mylib", *public.args, "--index", f"corp={simple(corp)}")
    assert (code, taken(document)) == (0, {"mylib": ("1", "corp=" + simple(corp))})


def test_what_is_not_there(offkit, corp, public):
    """It is looked for nowhere else, though another index has it; all problems at once."""
    args = [*public.args, "--index", f"corp={simple(corp)}", "--from", "corp=tool"]
    code, document = offkit("lock", "tool", "nothing", *args)
    assert code == 1
    found = {one["subject"]: one for one in document["findings"]}
    assert set(found) == {"tool", "nothing"}
    assert (found["tool"]["code"], found["tool"]["looked_in"]) == ("REQ003", ["corp=" + simple(corp)])
    assert found["tool"]["message"] == "tool: no such project there; it is to come from no other index"
    assert "--find-links DIR" in found["nothing"]["fix"]


def test_what_a_package_of_an_index_needs_from_there(typed, corp, public):
    """It is not sought there, and whoever mixes the indexes to have it takes the public namesakes of others:
    the cure is the option that takes it from there too."""
    corp.add("secret")
    corp.add("top", requires=["secret", "tool"])
    corp.add("deep", requires=["top"])
    args = [*public.args, "--target", "el9", "--index", f"corp={simple(corp)}", "--from", "corp=top,deep"]
    code, _, err = typed("lock", "top", *args)
    cure = "--from corp=secret"
    assert code == 1
    assert f"fix        add {cure}: the whole request resolves with it\n" in err
    assert "--extra-index-url" not in err
    assert typed("lock", "top", *args, *cure.split())[0] == 0
    # Where more is needed than that, only what is seen is said; an index that has none, has no part in it.
    args[-1] = "corp=deep"
    code, _, err = typed("lock", "deep", *args)
    assert "fix        take it from corp too, which has it: --from corp=top\n" in err
    code, _, err = typed("lock", "deep", "nobody", *args)
    assert "check the spelling; a private package needs --extra-index-url URL" in err


def test_the_indexes_of_a_project(offkit, corp, public, tmp_path):
    """What uv takes from one of its own is taken from there; the command line counts before it."""
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["mylib", "tool"]\n'
        f'[[tool.uv.index]]\nname = "corp"\nurl = "{simple(corp)}"\n'
        '[tool.uv.sources]\nMyLib = {index = "corp"}\n'
    )
    code, document = offkit("lock", "-r", path, *public.args)
    found = {"mylib": ("1", "corp=" + simple(corp)), "tool": ("1", simple(public))}
    assert (code, taken(document), document["findings"]) == (0, found, [])
    own = ["--index", "corp=" + simple(public)]
    assert offkit("lock", "-r", path, *own, "--from", "corp=tool", *public.args)[0] == 0
    code, document = offkit("lock", "-r", path, *own, "--from", "corp=mylib", *public.args)
    assert taken(document)["mylib"] == ("99", "corp=" + simple(public))
    path.write_text(path.read_text().replace('corp"\nurl', 'other"\nurl'))
    code, document = offkit("lock", "-r", path, *public.args)
    assert [one["code"] for one in document["findings"]] == ["REQ018"]


def test_indexes_of_a_project_for_all_packages(offkit, corp, public, mirror, tmp_path):
    """As uv asks them: in their order, before the default one, and a package comes from the first that has
    it. What is explicit, and what an option calls the same, is not among them."""
    path, other = tmp_path / "pyproject.toml", mirror("more", "mylib")
    other.add("mylib", "50")

    def write(*rows, wants="app", sources=""):
        tables = "".join("[[tool.uv.index]]\n" + "".join(f"{line}\n" for line in row) for row in rows)
        head = '[project]\nname = "x"\nversion = "1"\n'
        path.write_text(f'{head}dependencies = ["{wants}", "tool", "more"]\n{tables}{sources}')

    ours, others = [f'name = "corp"\nurl = "{simple(corp)}"', f'name = "other"\nurl = "{simple(other)}"']
    write([ours], [others])
    code, document = offkit("lock", "-r", path, *public.args)
    assert (code, document.get("findings")) == (0, [])
    found = {"app": corp, "mylib": corp, "more": other}
    assert taken(document) == {
        **{name: ("1", f"{'corp' if index is corp else 'other'}={simple(index)}") for name, index in found.items()},
        "tool": ("1", simple(public)),
    }  # fmt: skip
    assert ("GET", "/simple/mylib/") not in public.asked
    write([others], [ours], wants="mylib")
    assert taken(offkit("lock", "-r", path, *public.args)[1])["mylib"] == ("50", "other=" + simple(other))
    write([others], [ours, "explicit = true"], wants="app")
    code, document = offkit("lock", "-r", path, *public.args)
    assert {one["subject"] for one in document["findings"]} == {"app"}
    write([f'url = "{simple(other)}"'], [f'url = "{simple(public)}"', "default = true"], wants="mylib")
    code, document = offkit("lock", "-r", path, "--index-url", simple(public))
    assert taken(document)["mylib"] == ("50", "index1=" + simple(other))
    assert taken(document)["tool"] == ("1", simple(public))
    assert taken(offkit("lock", "-r", path)[1])["tool"] == ("1", simple(public))
    write(['name = "corp"\nurl = "http://127.0.0.1:9/simple"'], wants="mylib")
    code, document = offkit("lock", "-r", path, *public.args)
    assert (code, [one["code"] for one in document["findings"]]) == (4, ["NET001"])


def test_an_index_that_refuses(offkit, mirror, public):
    """Is named, whatever the others have."""
    locked = mirror("mylib", password="word")
    for url, code in [(simple(locked), "NET002"), ("http://127.0.0.1:9/simple", "NET001")]:
        left, document = offkit("lock", "corp::mylib", *public.args, "--index", f"corp={url}")
        assert left == 4
        assert [(one["code"], one["subject"]) for one in document["findings"]] == [(code, url)]
        assert document["fix"] == "check --index corp=URL, and the proxy of pip.conf and PIP_*"
    own = [
        "--index-url",
        "http://127.0.0.1:9/simple",
        "--index",
        f"corp={simple(locked)}",
        "--from",
        "corp=mylib",
    ]
    left, document = offkit("lock", "tool", *own)
    assert document["fix"] == indexes.CHECK_INDEX
    left, document = offkit("lock", "corp::mylib", *public.args, "--index", "corp=file:///nowhere/here")
    assert (left, document["findings"][0]["code"]) == (4, "NET005")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--from", "corp=a"], "no index is called corp"),
        (["--index", "x=https://h/", "--from", "corp=a,b"], "no index is called corp; known: x"),
        (["--index", "x=https://h/"], "no package is to come from the index x"),
        (["--index", "https://u:w@h/?a=b"], "--index https://h/?...: it has no name"),
        (["--index", "x="], "--index x=: it has no name"),
        (["--from", "x=a b"], "--from x=a b: 'a b' is not the name of a package"),
        (["--index", "x=https://h/", "--index", "x=https://i/"], "--index: x is given two URLs"),
        (["--from", "x=a", "--from", "y=A"], "A is to come from two indexes"),
    ],
)
def test_what_cannot_be_meant(args, said):
    """Usage errors, before anything is asked."""
    with pytest.raises(UsageError) as refused:
        named.split(args)
    assert refused.value.message == said


def test_words(offkit, corp, public):
    """As pip reads them; a URL with two colons is none of these."""
    assert named.assigned(["a", "corp::b[x]>=1; python_version<'4'", "c @ https://[::1]/c-1.whl"]) == (
        ["a", "b[x]>=1; python_version<'4'", "c @ https://[::1]/c-1.whl"],
        ["--from", "corp=b"],
    )
    code, document = offkit("lock", "corp::./x.whl", *public.args)
    assert (code, document["error"]) == (2, "corp::./x.whl: no package is named")
    code, document = offkit("lock", "corp::mylib", "--no-index", "--index", f"corp={simple(corp)}")
    assert (code, document["fix"]) == (2, "omit one of them")


def test_what_a_source_is_built_with(corp, public):
    """Build requirements come from there as well: the options are handed on."""
    args = ["--index-url", simple(public), "--index", f"corp={simple(corp)}", "--from", "corp=mylib"]
    with Session(preset("3.6"), args, Reporter()) as session:
        handed = indexes.arguments(session.repository, args, [])
    assert handed[:2] == ["--index-url", simple(public)]
    assert handed[-4:] == ["--index", f"corp={simple(corp)}", "--from", "corp=mylib"]
