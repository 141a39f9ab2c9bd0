"""A probe's document as a target: which release, which Python, and what is said of one that is none."""

import pytest

from offkit.edges import releases
from offkit.model import probed
from offkit.model.errors import UsageError

KNOWN = releases.known()


def python(version, path=None, **more):
    series = version[: version.rindex(".")]
    abi = series.replace(".", "") + ("m" if series in ("3.6", "3.7") else "")
    found = {
        "path": path or "/usr/bin/python" + series,
        "version": version,
        "implementation": "cpython",
        "bits": 64,
        "soabi": "cpython-{}-x86_64-linux-gnu".format(abi),
        "lacks": ["_tkinter"],
        "chosen": False,
    }
    return dict(found, **more)


def document(identity="rocky", version="8.10", *pythons, **more):
    os_release = {"ID": identity, "VERSION_ID": version, "NAME": "x"}
    found = {"schema": probed.SCHEMA, "arch": "x86_64", "glibc": "2.28", "os_release": os_release, "pythons": list(pythons)}  # fmt: skip
    return dict(found, **more)


def read(*args, asked=None, **more):
    return probed.read(document(*args, **more), KNOWN, asked)


@pytest.mark.parametrize(
    ("identity", "version", "name", "el"),
    [
        ("rocky", "8.10", "el8", 8), ("anolis", "8.8", "el8", 8), ("anolis", "23", "anolis23", 0), ("kylin", "V10", "kylin10", 0),
        ("kylin", "v10", "other-kylin-v10", 0), ("rhel", "11.0", "el11", 11), ("fedora", "40", "fedora-40", 0), ("", "", "x", 0),
        ("el7\nidna==3.4 #", "../x", "el7-idna-3.4-x", 0), ("x" * 99, "1", "x" * 40, 0), ("\u9e92\u9e9f", "", "x", 0),
    ],
)  # fmt: skip
def test_what_it_is(identity, version, name, el):
    """By the files of repo-config/releases; a name that no other system has, and that is a word, else."""
    found = read(identity, version, python("3.9.2"))
    assert (found.name, found.el, found.python) == (name, el, "3.9.2")
    assert (found.arch, found.glibc) == ("x86_64", (2, 28))
    assert KNOWN.of(found.el, found.name).told({"ID": identity, "VERSION_ID": version}) is (
        name in ("el8", "anolis23", "kylin10")
    )


@pytest.mark.parametrize(
    ("os_release", "name"),
    [
        ({"PRETTY_NAME": "NFSChina Server 4.0 (RTM)", "VERSION_ID": "4"}, "nfschina-server-4.0-rtm"),
        ({"NAME": "Asianux Server", "VERSION": "8.1"}, "asianux-server-8.1"),
        ({"PRETTY_NAME": "Kylin V10 SP1"}, "other-kylin-v10-sp1"), ({"VERSION_ID": "8"}, "unnamed"), ({}, "unnamed"),
    ],
)  # fmt: skip
def test_what_says_no_id_is_called_as_it_calls_itself(os_release, name):
    """By no name of a release that offkit knows, as nothing is known of it."""
    found = probed.read(dict(document(), os_release=os_release), KNOWN, "3.9.2")
    assert (found.name, found.el, KNOWN.named(found.name).name) == (name, 0, "")


PLATFORM = python("3.6.8", "/usr/libexec/platform-python")


@pytest.mark.parametrize(
    ("pythons", "asked", "expected"),
    [
        ([], None, "3.6.8"),
        ([PLATFORM], None, "3.6.8"),
        ([python("3.6.12"), python("3.9.2")], None, "3.6.12"),
        ([python("3.9.2"), python("3.11.2")], None, "3.11.2"),
        ([python("3.12.9", "/opt/x/bin/python3.12"), python("3.9.2")], None, "3.9.2"),
        ([python("3.6.12"), python("3.9.2", chosen=True)], None, "3.9.2"),
        ([python("3.6.12"), python("3.9.2")], "3.9", "3.9.2"),
        ([python("3.6.8"), python("3.6.12", "/usr/local/bin/python3.6")], None, "3.6.8"),
        ([python("3.6.8", lacks=["zlib"]), python("3.6.12", "/opt/bin/python3.6")], None, "3.6.12"),
        ([python("3.6.8", lacks=["zlib"])], None, "3.6.8"),
        ([python("3.6.8", soabi="cpython-36dm-x86_64-linux-gnu"), python("3.9.2")], None, "3.9.2"),
        ([python("3.6.12")], "3.8", "3.8.3"),
        ([python("3.6.12")], "3.6.5", "3.6.5"),
        (
            [
                python("3.5.2"),
                python("3.15.0"),
                python("3.9.1", bits=32),
                python("3.9.2", implementation="pypy"),
            ],
            None,
            "3.6.8",
        ),
    ],
)
def test_which_python(pythons, asked, expected):
    """The one that was chosen or asked for; the release's own, another of the system, any; else what it ships."""
    assert read("rocky", "8.10", *pythons, asked=asked).python == expected


@pytest.mark.parametrize(
    ("change", "message", "fix"),
    [
        ({"arch": "riscv64"}, "it describes a server with the architecture 'riscv64'", "offkit makes bundles for x86_64, aarch64, ppc64le, s390x"),
        ({"glibc": None}, "it describes a server without glibc, or with one that it does not name", "offkit deploys manylinux wheels, which need glibc"),
        ({"glibc": "2.17\n"}, "it describes a server without glibc, or with one that it does not name", "offkit deploys manylinux wheels, which need glibc"),
        ({"os_release": {"ID": "fedora", "VERSION_ID": "40"}}, "it describes a server without a Python for applications, and which one fedora-40 has is not known", "say which the bundle is for: --python X.Y"),
        ({"pythons": [python("3.6.8", "/o/p", soabi="cpython-36dm-x86_64-linux-gnu", chosen=True)]}, "it is about /o/p, for which no wheels are made (cpython-36dm-x86_64-linux-gnu)", "choose another: offkit probe --python PATH, or say which the bundle is for: --python X.Y"),
        ({"pythons": [dict(python("3.6.8", "/usr/libexec/platform-python"), chosen=True)]}, "it is about /usr/libexec/platform-python, for which no wheels are made (it is the system's own)", "choose another: offkit probe --python PATH, or say which the bundle is for: --python X.Y"),
        ({"arch": 3}, "not a target description (arch is no text)", ""),
        ({"os_release": []}, "not a target description (os_release is no object)", ""),
        ({"pythons": {}}, "not a target description (its pythons are no list)", ""),
        ({"pythons": [1]}, "not a target description (one of its pythons is no object)", ""),
        ({"pythons": [{"version": 3}]}, "not a target description (version is no text)", ""),
    ],
)  # fmt: skip
def test_what_is_none(change, message, fix):
    with pytest.raises(UsageError) as caught:
        read(**change)
    assert (caught.value.message, caught.value.fix) == (message, fix)


@pytest.mark.parametrize("asked", ["2.7", "x", "3", "3.15", "3.6.8.1"])
def test_a_python_that_means_nothing(asked):
    with pytest.raises(UsageError):
        read(asked=asked)


def test_no_object():
    with pytest.raises(UsageError) as caught:
        probed.read([], KNOWN)
    assert caught.value.message == "not a target description (it is no object)"
