"""What is known of releases is in repo-config/releases, each fact with its source; the code compares no majors."""

import ast
import json
import os
import re
import sys

import jsonschema
import pytest

import collection_releases
import plan_of_the_house
from offkit.edges import data, releases
from offkit.model import packages, release

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "lab"))
import flavours  # noqa: E402

TOP = os.path.dirname(os.path.dirname(HERE))
TOOLKIT = os.path.join(TOP, "toolkit", "offkit")
FILES = {name: json.loads(data.read_text(release.FOLDER + "/" + name)) for name in data.names(release.FOLDER)}
SCHEMA = json.loads(data.read_text("repo-config/release.schema.json"))
NO_FACTS = {"name", "el", "aliases", "sources"}  # what offkit itself calls a release
MODULES = packages.parse_modules(data.read_text(packages.MODULES))


def test_the_schema_is_one():
    """Valid by its own rules."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_the_schema_says(name):
    """And called as the release is."""
    jsonschema.validate(FILES[name], SCHEMA)
    assert name == FILES[name]["name"] + ".json"


@pytest.mark.parametrize(
    "change", [{"glib": "2.17"}, {"glibc": 2.17}, {"sonames": {"a.so": ""}}, {"python": "3"}, {"media": {}}]
)
def test_what_the_schema_refuses(change):
    """A key that nobody reads, and values of another kind."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(dict(FILES["el7.json"], **change), SCHEMA)


@pytest.mark.parametrize(
    ("name", "identity", "version", "glibc", "key"),
    [
        ("openeuler22.03", "openEuler", "22.03", "2.34", "RPM-GPG-KEY-openEuler"),
        ("kylin10", "kylin", "V10", "2.28", "RPM-GPG-KEY-kylin"),
        ("amazon2", "amzn", "2", "2.26", "RPM-GPG-KEY-amazon-linux-2"),
    ],
)
def test_other_distributions_fit_the_schema(name, identity, version, glibc, key):
    """Whatever their versions look like; they have no major of Enterprise Linux."""
    python = dict(FILES["el9.json"]["pythons"]["3.9"], since=version)
    facts = {
        "name": name,
        "os_release": {"ids": [identity], "version": version},
        "glibc": glibc,
        "pythons": {"3.9": python},
        "keys": {identity: [key]},
        "sources": {},
    }
    jsonschema.validate(facts, SCHEMA)
    assert release.parse(json.dumps(facts)).el == 0


@pytest.mark.parametrize("name", FILES)
def test_every_fact_has_a_source(name):
    """And no source is left of a fact that has gone."""
    facts, sources = FILES[name], FILES[name]["sources"]
    assert set(facts) - NO_FACTS <= set(sources)
    for path in sources:
        place = facts
        for key in path.split("/"):
            assert key in place, path
            place = place[key]


@pytest.mark.parametrize("name", FILES)
def test_a_file_agrees_with_itself(name):
    """Its tables know each other's words."""
    facts = FILES[name]
    sonames = facts.get("sonames", {})
    assert facts.get("python") in {None, *facts.get("pythons", {})}
    assert all(sonames.get(soname, "") is None for soname in facts.get("elsewhere", {}))
    said = facts["os_release"]
    assert set(facts.get("keys", {})) <= {*said["ids"], *said.get("followers", ())}
    modules = facts.get("modules", {})
    assert set(modules) <= {row.name for row in MODULES}
    for module in modules.values():
        assert all(sonames[soname] for soname in module["sonames"])


OLDER = "no package with so old a library was looked for"
NEWER = "whether a package has this newer one was not found out"
WHICH = "which version of it there is, and so its soname, was not found out"
NO_LIST = "no list of its packages was found"
OLD_SSL, OLD_CURSES = "libssl.so.10 libcrypto.so.10", "libncursesw.so.5 libpanelw.so.5 libtinfo.so.5"
OLD_OTHERS = "libgfortran.so.3 libtirpc.so.1 libpython3.6m.so.1.0 libreadline.so.6 libffi.so.6 libtk8.5.so libtcl8.5.so libgdbm.so.4"
ALL_BUT_GLIBC = ""
# What the files about Enterprise Linux say of a library, and those about others do not, with the reason.
NOT_SAID = {
    "amazon2": {
        NEWER: "libcrypt.so.2 libssl.so.3 libcrypto.so.3 libgfortran.so.5 libtirpc.so.3 libreadline.so.7 libreadline.so.8 libffi.so.8 "
        "libgdbm.so.6 libtk8.6.so libtcl8.6.so libssl.so.1.1 libcrypto.so.1.1",
        OLDER: "libgfortran.so.3 libpython3.6m.so.1.0",
        WHICH: "libnsl.so.1 libnsl.so.2 libtk8.5.so libtcl8.5.so",
    },
    "amazon2023": {
        OLDER: OLD_SSL + " libreadline.so.7 libssl.so.1.1 libcrypto.so.1.1 " + OLD_OTHERS,
        WHICH: "libatomic.so.1 libgfortran.so.5 libnsl.so.1 libnsl.so.2 libtirpc.so.3 libtk8.6.so libtcl8.6.so libdb-5.3.so",
    },
    "anolis23": {NO_LIST: ALL_BUT_GLIBC},
    "kylin10": {
        OLDER: " ".join((OLD_SSL, OLD_CURSES, OLD_OTHERS, "libreadline.so.7")),
        NEWER: "libcrypt.so.2 libssl.so.3 libcrypto.so.3 libgfortran.so.5 libffi.so.8",
    },
    "kylin11": {NO_LIST: ALL_BUT_GLIBC},
    "openeuler20.03": {
        OLDER: " ".join((OLD_SSL, OLD_CURSES, OLD_OTHERS)),
        NEWER: "libcrypt.so.2 libssl.so.3 libcrypto.so.3 libgfortran.so.5 libreadline.so.8 libffi.so.8",
    },
    "openeuler22.03": {
        OLDER: " ".join((OLD_SSL, OLD_CURSES, OLD_OTHERS, "libreadline.so.7")),
        NEWER: "libssl.so.3 libcrypto.so.3",
        WHICH: "libffi.so.8",
    },
    "openeuler24.03": {
        OLDER: " ".join((OLD_SSL, OLD_CURSES, OLD_OTHERS, "libreadline.so.7 libssl.so.1.1 libcrypto.so.1.1")),
        WHICH: "libcrypt.so.1 libcrypt.so.2 libgfortran.so.5 libtk8.6.so libtcl8.6.so",
    },
}  # fmt: skip


def test_what_is_not_said_of_libraries_has_a_reason():
    """What is known of a library on Enterprise Linux is known elsewhere, or is in the table above, and not both."""
    asked = {soname for facts in FILES.values() if "el" in facts for soname in facts["sonames"]}
    others = [facts for facts in FILES.values() if "el" not in facts]
    assert {facts["name"] for facts in others} == set(NOT_SAID)
    for facts in others:
        reasons = NOT_SAID[facts["name"]]
        absent = [soname for listed in reasons.values() for soname in listed.split()]
        left = asked - set(facts.get("sonames", {}))
        assert ALL_BUT_GLIBC in reasons.values() or sorted(absent) == sorted(left), facts["name"]


@pytest.mark.parametrize("name", FILES)
def test_what_is_glibcs_everywhere_is_said_once(name):
    """In the table of all releases, which is read for each."""
    own = release.parse_libc(data.read_text(release.LIBC))
    assert not {soname for soname, _ in own} & set(FILES[name].get("sonames", {}))
    sonames = releases.known().named(name[: -len(".json")]).sonames
    assert [sonames[soname] for soname in ("libc.so.6", "libm.so.6", "libpthread.so.0")] == ["glibc"] * 3


def test_all_are_read():
    """Every name and alias means one release; every os-release that a file describes is told to be it."""
    known = releases.known()
    assert len(known.all) == len(FILES)
    names = [release.plain(name) for each in known.all for name in (each.name, *each.aliases)]
    assert len(names) == len(set(names))
    assert all(known.named(name).name == each.name for each in known.all for name in each.aliases)
    for facts in FILES.values():
        said = facts["os_release"]
        versions = {**dict.fromkeys(said["ids"], said["version"]), **said.get("followers", {})}
        for each, version in ((each, own + more) for each, own in versions.items() for more in ("", ".3")):
            told = {"ID": each, "VERSION_ID": version}
            assert known.told(told).name == facts["name"]
            assert known.el_major(told) == facts.get("el", 0)


def test_all_have_been_tried():
    """In the lab there is a server made to look like each."""
    assert {flavours.release(el).name for el in flavours.FLAVOURS} == {
        each.name for each in releases.known().all
    }


def test_what_the_collection_knows():
    """ "make releases" has been run since a file was changed."""
    with open(os.path.join(TOP, "ansible", "plugins", "plugin_utils", "releases.py")) as source:
        assert source.read() == collection_releases.text()


# --- no release in code --------------------------------------------------------------------

# Names of releases and of their repositories.
NAMED = re.compile(
    r"\b(?:el|centos|rhel|rocky|alma|almalinux|oracle|ol)[789]\b|\bel1[0-9]\b|\b(?:BaseOS|AppStream|PowerTools)\b",
    re.IGNORECASE,
)
IDS = {name for facts in FILES.values() for name in facts["os_release"]["ids"]} - {"ol"}
# Texts that show what a name looks like, and nothing else depends on.
EXAMPLES = {
    ("cli/options.py", "el8"),
    ("cli/options.py", "centos7"),
    ("cli/options.py", "alma9"),
}


def code():
    """(path, tree) of each module of the toolkit that has to do with servers, then of the collection's plugins."""
    for each in plan_of_the_house.read().values():
        if each.room not in ("badapple", "theatre"):
            yield each.short.replace(os.sep, "/"), each.tree
    plugins = os.path.join(TOP, "ansible", "plugins")
    for folder, _, names in os.walk(plugins):
        for name in names:
            if name.endswith(".py") and name != "releases.py":
                with open(os.path.join(folder, name)) as source:
                    yield (
                        "ansible/" + os.path.relpath(os.path.join(folder, name), plugins),
                        ast.parse(source.read()),
                    )


def documentation(tree):
    """The nodes of docstrings, and of DOCUMENTATION, EXAMPLES and RETURN of Ansible's modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").isupper():
            if node.targets[0].id in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
                yield node.value


def is_el(node):
    """Whether it is called as a major is: el, host.el, facts["el"]."""
    if isinstance(node, ast.Subscript):
        node = node.slice
    name = getattr(node, "attr", getattr(node, "id", getattr(node, "value", "")))
    return name in ("el", "_el", "major", "column")


_MAJORS = {"7", "8", "9"}
_SAY_RELEASE = {"ID", "ID_LIKE", "VERSION_ID", "releasever", "el", "release"}


def compared(tree):
    """Majors compared with the number of one, tables that have majors for keys, and one that is assumed
    where a server does not say its own; majors as numbers or as words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            numbers = [
                each
                for side in sides
                for each in ast.walk(side)
                if isinstance(each, ast.Constant)
                and re.fullmatch("[0-9]{1,2}", str(each.value))
                and int(each.value) > 1
            ]
            if numbers and any(is_el(side) for side in sides):
                yield "compares a major in line {}".format(node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            asked, *default = [getattr(each, "value", None) for each in node.args]
            if asked in _SAY_RELEASE and any(default):
                yield "guesses {} in line {}".format(asked, node.lineno)
        keys = getattr(node, "keys", getattr(node, "elts", ()))
        if len(_MAJORS & {str(getattr(key, "value", None)) for key in keys}) > 1:
            yield "has a table of majors in line {}".format(node.lineno)


def test_no_release_in_python():
    """Neither by its name nor by its number; what a release has is asked of its file."""
    found = []
    for path, tree in code():
        told = {id(node) for node in documentation(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                words = {word.lower() for word in NAMED.findall(node.value)}
                words |= {node.value} & IDS
                found += ["{}: {!r} in line {}".format(path, word, node.lineno) for word in words
                          if (path, word) not in EXAMPLES]  # fmt: skip
        found += ["{}: {}".format(path, each) for each in compared(tree)]
    assert found == []


def test_no_release_in_shell():
    """install.sh is told, when it is joined, what its target has."""
    folder = os.path.join(TOOLKIT, "server", "bootstrap")
    found = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as source:
            for number, line in enumerate(source, 1):
                text = re.sub(r"(?:^|\s)#.*", "", line)
                if NAMED.search(text) or re.search(r"OFFKIT_EL\b.*-(?:eq|ne|lt|le|gt|ge)\b", text):
                    found.append("{}:{}: {}".format(name, number, line.strip()))
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "if host.el == 7: pass",
        "a = target.el >= 8",
        "if facts['el'] in (8, 9): pass",
        "A = {7: 'x', 8: 'y'}",
        "A = (7, 8)",
        "A = {'7': 'x', '8': 'y'}",
        "if major == '7': pass",
        "os_release(tree).get('VERSION_ID', '7')",
        "facts.get('el', 7)",
        "major < 9",
    ],
)
def test_what_would_be_found(text):
    """The guard sees what it is there for."""
    assert list(compared(ast.parse(text)))
