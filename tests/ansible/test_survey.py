"""survey, probe, sweep: servers of every kind, by what their shell says."""

import importlib
import json
import os
import shutil
import sys
import tarfile

import pytest

import actions
import collection
from test_run import bundle

HERE = os.uname().machine


@pytest.fixture
def plugins():
    def load(name):
        return importlib.import_module("ansible_collections.offkit.fleet.plugins." + name)

    return load


def survey_of(version, name="centos", **more):
    said = {"kernel": "Linux", "arch": "x86_64", "id": name, "version": version, "glibc": "glibc 2.17"}
    return dict(said, system="some {} {}".format(name, version), **more)


@pytest.mark.parametrize(
    ("said", "el", "glibc"),
    [
        (survey_of("7"), 7, "2.17"),
        (survey_of("8.9", "rocky"), 8, "2.17"),
        (survey_of("9", "almalinux"), 9, "2.17"),
        (survey_of("12", "debian"), 0, "2.17"),
        (survey_of("8.8", "anolis"), 8, "2.17"),
        (survey_of("23.1", "anolis"), 0, "2.17"),
        (survey_of("22.03", "openEuler"), 0, "2.17"),
        (survey_of("3.1", "tencentos"), 8, "2.17"),
        (survey_of("2.4", "tencentos"), 7, "2.17"),
        (survey_of("4.4", "tencentos"), 0, "2.17"),
        (survey_of("", "centos", glibc=""), 0, ""),
    ],
)
def test_facts(plugins, said, el, glibc):
    """The release is Enterprise Linux's, and 0 elsewhere."""
    facts = plugins("plugin_utils.server").facts(said)
    assert (facts["el"], facts["glibc"], facts["arch"], facts["python"]) == (el, glibc, "x86_64", "")


def test_refusals(plugins):
    """Known before anything is carried."""
    refusals = plugins("action.survey").refusals
    facts = {"glibc": "2.17", "arch": "x86_64", "system": "CentOS"}
    assert refusals(survey_of("7"), facts, {"arch": "x86_64"}) == []
    assert refusals(survey_of("7"), facts, {"arch": "aarch64"}) == [
        "this server is x86_64, the bundle is for aarch64: on the other side, offkit bundle --arch x86_64"
    ]
    assert "no glibc" in refusals(survey_of("3", "alpine"), dict(facts, glibc=""), {})[0]
    assert refusals(dict(survey_of("7"), kernel="FreeBSD"), facts, {}) == [
        "this is FreeBSD, not Linux: offkit deploys to Linux"
    ]


def test_surveys_this_machine(tmp_path):
    """With nothing but sh; the bundle is described with it."""
    path = bundle(tmp_path, "exit 0", {"schema": "offkit/bundle-1", "target": {"arch": HERE}})
    result = actions.run("survey", {"bundle": str(path), "prefix": "/nowhere"})
    assert not result.get("failed"), result
    assert result["server"]["arch"] == HERE
    assert result["ansible_facts"] == {"offkit_server": result["server"]}
    assert result["bundle"]["size"] == path.stat().st_size
    assert result["bundle"]["name"] == "bundle-{}.tar".format(result["bundle"]["digest"][:12])


def test_what_is_no_bundle(tmp_path):
    """Each kind by its name, before any server is asked."""

    def message(path):
        return actions.run("survey", {"bundle": str(path)})["msg"]

    assert message("") == (
        "offkit_bundle is not set: -e offkit_bundle=bundle.tar names one on the control node"
    )
    assert message(tmp_path / "none").endswith(
        "cannot be read on the control node: No such file or directory"
    )
    (tmp_path / "text").write_text("x" * 2000)
    assert "it is not a bundle" in message(tmp_path / "text")
    with tarfile.open(str(tmp_path / "empty.tar"), "w"):
        pass
    assert "it has no MANIFEST.json" in message(tmp_path / "empty.tar")
    assert "is not offkit's" in message(bundle(tmp_path, "exit 0", {"schema": "other/bundle-1"}))


def test_a_bundle_that_is_cut_short(tmp_path):
    """Refused on the control node: nothing is carried that cannot be installed."""
    wheel = {"path": "wheels/x.whl", "size": 5000, "sha256": "0" * 64}
    path = bundle(tmp_path, "exit 0", {"schema": "offkit/bundle-1", "members": [wheel]})
    assert "it is truncated or damaged: wheels/x.whl" in actions.run("survey", {"bundle": str(path)})["msg"]


def test_a_bundle_is_read_once(tmp_path, plugins, monkeypatch):
    """Fifty hosts ask in fifty processes; a file that changed is read again."""
    source = plugins("plugin_utils.source")
    calls = []
    original = source._describe
    monkeypatch.setattr(source, "_describe", lambda *words: calls.append(words) or original(*words))
    path = bundle(tmp_path, "exit 0")
    first = source.describe(str(path), str(tmp_path))
    assert source.describe(str(path), str(tmp_path)) == first
    assert len(calls) == 1
    os.utime(str(path), ns=(1, 1))
    source.describe(str(path), str(tmp_path))
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("pythons", "python", "planned"),
    [
        ({}, "3.6.8", True),
        ({"python:/usr/bin/python": "2.7.5"}, "3.6.8", True),
        ({"python:/usr/libexec/platform-python": "3.6.8"}, "3.6.8", True),
        ({"python:/usr/bin/python3": "3.5.2", "python:/usr/bin/python3.6": "3.6.12"}, "3.6.12", False),
        ({"python:/opt/python3.11/bin/python3": "3.11.4"}, "3.11.4", False),
    ],
)
def test_targets_without_an_offkit(plugins, pythons, python, planned):
    """The first Python for applications, else the one that Enterprise Linux ships."""
    said = dict(survey_of("7"), release="3.10.0", **pythons)
    target = plugins("plugin_utils.target")
    found = target.describe(said, plugins("plugin_utils.server").facts(said))
    assert (found["python"], found["python_planned"]) == (python, planned)
    assert (found["name"], found["glibc"], found["schema"]) == ("el7", "2.17", "offkit/target-1")
    assert target.line(found).endswith(", not yet installed") is planned


@pytest.mark.parametrize(
    ("version", "name", "called"),
    [("22.03", "openEuler", "openeuler22.03"), ("V10", "kylin", "kylin10"), ("23.1", "anolis", "anolis23"), ("2", "amzn", "amazon2"),
     ("8.8", "anolis", "el8"), ("12", "debian", "custom"), ("9.9", "kylin", "custom")],
)  # fmt: skip
def test_names_of_targets(plugins, version, name, called):
    """As offkit calls them, Enterprise Linux or not."""
    said = dict(survey_of(version, name), **{"python:/usr/bin/python3": "3.9.9"})
    found = plugins("plugin_utils.target").describe(said, plugins("plugin_utils.server").facts(said))
    assert found["name"] == called


# os-release as these systems have it: quoted or not, with a minor release or a name in the version.
SYSTEMS = {
    "Rocky Linux 10.0 (Red Quartz)": ("el10", 10, """\
NAME="Rocky Linux"
VERSION="10.0 (Red Quartz)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="10.0"
PLATFORM_ID="platform:el10"
PRETTY_NAME="Rocky Linux 10.0 (Red Quartz)"
"""),
    "CentOS Stream 10 (Coughlan)": ("el10", 10, """\
NAME="CentOS Stream"
VERSION="10 (Coughlan)"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="10"
PLATFORM_ID="platform:el10"
PRETTY_NAME="CentOS Stream 10 (Coughlan)"
"""),
    "Oracle Linux Server 10.0": ("el10", 10, """\
NAME="Oracle Linux Server"
VERSION="10.0"
ID="ol"
ID_LIKE="fedora"
VERSION_ID="10.0"
PLATFORM_ID="platform:el10"
PRETTY_NAME="Oracle Linux Server 10.0"
"""),
    "openEuler 22.03 (LTS-SP3)": ("openeuler22.03", 0, """\
NAME="openEuler"
VERSION="22.03 (LTS-SP3)"
ID="openEuler"
VERSION_ID="22.03"
PRETTY_NAME="openEuler 22.03 (LTS-SP3)"
ANSI_COLOR="0;31"
"""),
    "openEuler 24.03 (LTS)": ("openeuler24.03", 0, """\
NAME="openEuler"
VERSION="24.03 (LTS)"
ID="openEuler"
VERSION_ID="24.03"
PRETTY_NAME="openEuler 24.03 (LTS)"
ANSI_COLOR="0;31"
"""),
}  # fmt: skip


@pytest.fixture
def server(plugins, monkeypatch, tmp_path):
    """Let this machine have that os-release, and those Pythons, for what the actions send to its shell."""
    remote = plugins("plugin_utils.remote")
    real = remote.script

    def become(text, pythons=()):
        path = tmp_path / "os-release"
        path.write_text(text)
        found = "".join("mark 'python:{}' {}\n".format(*one) for one in pythons)
        made = {"survey": real("survey").replace("/etc/os-release", str(path)), "pythons": found}
        monkeypatch.setattr(remote, "script", lambda name: made.get(name) or real(name))

    return become


@pytest.mark.parametrize("system", SYSTEMS)
def test_surveys_newer_releases(tmp_path, server, system):
    """The facts of el10 and openEuler hosts, and a bundle described with them."""
    name, el, text = SYSTEMS[system]
    server(text)
    path = bundle(tmp_path, "exit 0", {"schema": "offkit/bundle-1", "target": {"arch": HERE, "name": name}})
    result = actions.run("survey", {"bundle": str(path), "prefix": "/nowhere"})
    assert not result.get("failed"), result
    facts = result["ansible_facts"]["offkit_server"]
    assert (facts["system"], facts["el"], facts["arch"], facts["python"]) == (system, el, HERE, "")
    assert result["bundle"]["target"]["name"] == name


@pytest.mark.parametrize("system", SYSTEMS)
def test_probes_newer_releases(server, system):
    """Each is a target with its own name: with its own Python, or with the one that is to be installed."""
    name, el, text = SYSTEMS[system]
    own = "3.12.9" if el else {"openeuler22.03": "3.9.9", "openeuler24.03": "3.11.6"}[name]
    server(text, [("/usr/bin/python3", own)])
    document = actions.run("probe", {"prefix": "/nowhere"})["document"]
    told = {key: document[key] for key in ("name", "el", "python", "abi", "python_path", "python_planned")}
    assert told == {
        "name": name, "el": el, "python": own, "abi": "cp" + "".join(own.split(".")[:2]),
        "python_path": "/usr/bin/python3", "python_planned": False,
    }  # fmt: skip
    server(text, [("/usr/libexec/platform-python", own)])  # not for applications
    bare = actions.run("probe", {"prefix": "/nowhere"})
    assert bare["document"]["python_planned"] is True
    assert (bare["document"]["name"], bare["document"]["python"]) == (name, own)


@pytest.mark.parametrize(("version", "abi"), [("3.6.8", "cp36m"), ("3.7.1", "cp37m"), ("3.9.10", "cp39")])
def test_abi(plugins, version, abi):
    """As offkit has it."""
    assert plugins("plugin_utils.target").abi(version) == abi


def test_no_target(plugins):
    """Where there is nothing to be a target."""
    target, server = plugins("plugin_utils.target"), plugins("plugin_utils.server")
    for said in (survey_of("12", "debian"), survey_of("7", glibc="")):
        with pytest.raises(ValueError, match=r"which one some debian 12 ships is not known|no glibc"):
            target.describe(said, server.facts(said))


def test_probes_this_machine():
    """Which has at least the Python of this test, or ends up saying why not. All is said that offkit itself
    would say, and what it makes of it."""
    result = actions.run("probe", {"prefix": "/nowhere"})
    found = result.get("document")
    assert found or "which one" in result["msg"]
    if found:
        assert (found["schema"], found["arch"]) == ("offkit/target-2", HERE)
        assert {"packages", "repositories", "keys", "mounts", "pythons", "name", "python"} <= set(found)


def test_a_server_that_lacks_what_describes_it(tmp_path, monkeypatch):
    """Is described by less."""
    for tool in ("sh", "cat", "id", "uname", "sed", "tail", "getconf", "tr", "env", "printf"):
        os.symlink(shutil.which(tool), str(tmp_path / tool))
    os.symlink(sys.executable, str(tmp_path / "python3"))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = actions.run("probe", {"prefix": "/nowhere"}).get("document")
    assert found is None or (found["schema"], "packages" in found) == ("offkit/target-1", False)


def test_sweep(tmp_path):
    """Older bundles of this name and their parts; nothing that only looks like them."""
    names = [
        "app-0123456789ab.tar",
        "app-ffffffffffff.tar",
        "app-ffffffffffff.tar.part",
        "app-aaaaaaaaaaaa.tar",
        "app-aaaaaaaaaaaa.tar.part",
        "app-it is older1.tar",
        "app-other-0123456789ab.tar",
        "other-0123456789ab.tar",
    ]
    for name in names:
        (tmp_path / name).write_text("")
    args = {"directory": str(tmp_path), "stem": "app", "keep": "app-aaaaaaaaaaaa.tar"}
    foreseen = actions.run("sweep", args, check=True)
    assert (foreseen["changed"], sorted(os.listdir(str(tmp_path)))) == (True, sorted(names))
    done = actions.run("sweep", args)
    assert done["removed"] == foreseen["removed"]
    assert sorted(os.listdir(str(tmp_path))) == sorted(names[3:])
    assert not actions.run("sweep", args)["changed"]


def test_the_presets_are_offkits(plugins):
    """What is planned where no Python is agrees with what offkit knows of releases."""
    shipped = plugins("plugin_utils.releases").SHIPPED
    assert {7, 8, 9, 10} <= set(shipped)
    others = plugins("plugin_utils.releases").OTHERS_SHIPPED
    assert (
        {"openeuler22.03", "openeuler24.03"}
        <= set(others)
        <= set(plugins("plugin_utils.releases").OTHERS.values())
    )
    for name, python in [*(("el{}".format(el), version) for el, version in shipped.items()), *others.items()]:
        source = os.path.join(collection.TOP, "repo-config", "releases", name + ".json")
        with open(source, encoding="utf-8") as text:
            known = json.load(text)
        assert known["pythons"][known["python"]]["version"] == python
