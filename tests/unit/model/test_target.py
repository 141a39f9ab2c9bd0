"""Targets: what --python and --target mean."""

import pytest

import target_maker
from offkit.edges import releases
from offkit.model import target
from offkit.model.errors import UsageError
from offkit.model.tags import wheel_tags
from offkit.model.target import Target


def test_python_36_alone_is_el7_with_its_own_patch_release():
    """3.6 must never mean 3.6.0: markers compare the full version."""
    el7 = target_maker.preset("3.6")
    assert (el7.name, el7.python, el7.abi, el7.glibc) == ("el7", "3.6.8", "cp36m", (2, 17))
    assert el7.markers(releases.of(7).kernel) == {
        "implementation_name": "cpython",
        "implementation_version": "3.6.8",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "3.10.0",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": "3.6.8",
        "python_version": "3.6",
        "sys_platform": "linux",
    }


@pytest.mark.parametrize(
    ("python", "name", "expected"),
    [
        (None, None, ("el7", "3.6.8")),
        (None, "rocky8", ("el8", "3.6.8")),
        (None, "alma9", ("el9", "3.9.10")),
        ("3.9", "centos7", ("el7", "3.9.23")),
        ("3.9", None, ("el8", "3.9.2")),
        ("3.7", None, ("el7", "3.7.17")),
        ("3.13", None, ("el8", "3.13.13")),
        ("3.6.15", None, ("el7", "3.6.15")),
    ],
)
def test_presets(python, name, expected):
    """A series alone means the oldest EL that ships it, else the oldest it can be compiled on."""
    found = target_maker.preset(python, name)
    assert (found.name, found.python) == expected


@pytest.mark.parametrize(("python", "name", "arch"), [
    ("3", None, "x86_64"), ("2.7", None, "x86_64"), ("3.5", None, "x86_64"), ("x", None, "x86_64"),
    ("3.6", "el6", "x86_64"), ("3.6", "rocky7", "x86_64"), ("3.6", "debian", "x86_64"), ("3.6", None, "riscv"),
])  # fmt: skip
def test_what_means_nothing_is_a_usage_error(python, name, arch):
    """Each with a hint at what would be right."""
    with pytest.raises(UsageError) as caught:
        target_maker.preset(python, name, arch)
    assert caught.value.exit_code == 2
    assert caught.value.fix


def test_json_round_trip():
    """What probe writes is what --target reads."""
    el8 = target_maker.preset("3.11", "el8", "aarch64")
    assert target.from_json(el8.to_json()) == el8


@pytest.mark.parametrize("data", [None, [], {}, {"name": "x"}, dict(target_maker.preset("3.6").to_json(), python="3.6"),
                                  dict(target_maker.preset("3.6").to_json(), glibc="two")])  # fmt: skip
def test_other_json_is_refused(data):
    """Never a traceback for a wrong file."""
    with pytest.raises(UsageError):
        target.from_json(data)


@pytest.mark.parametrize(
    ("major", "glibc", "pythons"),
    [
        (7, (2, 17), ["3.6.8", "3.7.17", "3.8.20", "3.9.23", "3.10.18", "3.11.13", "3.12.13", "3.13.13", "3.14.4"]),
        (8, (2, 28), ["3.6.8", "3.7.17", "3.8.3", "3.9.2", "3.10.18", "3.11.2", "3.12.1", "3.13.13", "3.14.4"]),
        (9, (2, 34), ["3.6.15", "3.7.17", "3.8.20", "3.9.10", "3.10.18", "3.11.2", "3.12.1", "3.13.13", "3.14.4"]),
        (10, (2, 39), ["3.6.15", "3.7.17", "3.8.20", "3.9.23", "3.10.18", "3.11.13", "3.12.9", "3.13.13", "3.14.4"]),
    ],
)  # fmt: skip
def test_every_python_of_every_release(major, glibc, pythons):
    """What is shipped is the first of its stream, what is not the last that can be compiled."""
    for minor, full in enumerate(pythons, 6):
        series = "3.{}".format(minor)
        expected = Target("el{}".format(major), major, "x86_64", full, glibc)
        assert target_maker.preset(series, "el{}".format(major)) == expected
        assert expected.python_series == (3, minor)
        assert (expected.python_minor, expected.glibc_text) == (series, "{}.{}".format(*glibc))


@pytest.mark.parametrize(
    ("python", "major"),
    [("3.6", 7), ("3.7", 7), ("3.8", 8), ("3.9", 8), ("3.10", 8), ("3.11", 8), ("3.12", 8), ("3.14", 8), ("3.9.1", 8)],
)  # fmt: skip
def test_a_python_alone(python, major):
    """The oldest release that ships it; else the oldest that can compile it."""
    assert target_maker.preset(python).el == major


def test_names_of_releases():
    """Those of the distributions that are rebuilt from them, whatever their case."""
    for major in (7, 8, 9, 10):
        for name in ("el", "centos", "rhel", "oracle", "ol", "rocky", "alma", "almalinux"):
            if major == 7 and name in ("rocky", "alma", "almalinux"):
                with pytest.raises(UsageError):
                    target_maker.preset(None, name + "7")
            else:
                assert target_maker.preset(None, name.upper() + str(major)).el == major
    assert [target_maker.preset(None, name).python for name in ("el7", "el8", "el9", "el10")] == [
        "3.6.8",
        "3.6.8",
        "3.9.10",
        "3.12.9",
    ]


@pytest.mark.parametrize(
    ("name", "release", "python"),
    [
        ("centos-stream-9", "el9", "3.9.10"), ("rhel8.10", "el8", "3.6.8"), ("Anolis-8.8", "el8", "3.6.8"),
        ("amzn2023", "amazon2023", "3.9.16"), ("amazon-linux-2", "amazon2", "3.7.2"), ("kylin-v10-sp3", "kylin10", "3.7.4"),
        ("openEuler-22.03", "openeuler22.03", "3.9.9"), ("openEuler-20.03-LTS-SP4", "openeuler20.03", "3.7.4"),
        ("openeuler24.03", "openeuler24.03", "3.11.6"), ("oracle-linux-10.1", "el10", "3.12.9"),
        ("c8s", "el8", "3.6.8"), ("cs9", "el9", "3.9.10"), ("c10s", "el10", "3.12.9"), ("stream9", "el9", "3.9.10"),
        ("centos8-stream", "el8", "3.6.8"), ("oel7", "el7", "3.6.8"), ("redhat8", "el8", "3.6.8"),
        ("RHEL-9", "el9", "3.9.10"), ("sl7", "el7", "3.6.8"), ("scientific7", "el7", "3.6.8"), ("ubi9", "el9", "3.9.10"),
        ("TencentOS-3.1", "el8", "3.6.8"), ("tencentos-2.4", "el7", "3.6.8"), ("tlinux3", "el8", "3.6.8"), ("opencloudos-8.6", "el8", "3.6.8"),
    ],
)  # fmt: skip
def test_names_as_people_write_them(name, release, python):
    """Of all systems, with the Python that each has."""
    found = target_maker.preset(None, name)
    assert (found.name, found.python) == (release, python)
    known = releases.of(found.el, found.name)
    assert (known.name, known.glibc) == (release, found.glibc)
    assert target.with_python(releases.known(), found, found.python_minor) == found
    assert target_maker.preset("3.8", name).glibc == found.glibc


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("tencentos4", "tencentos3 or tencentos2"), ("tlinux", "tlinux3 or tlinux2"), ("opencloudos9", "opencloudos8"),
        ("neokylin7", "neokylin10"), ("euleros", ""), ("euleros-2.0", ""), ("uos", ""), ("uos20", ""), ("hce2.0", ""),
        ("alinux3", ""), ("alibaba3", ""), ("bclinux8", ""), ("debian12", ""),
    ],
)  # fmt: skip
def test_names_of_what_nobody_here_knows(name, near):
    """What only sounds like a known one is not offered; a probe is, in short lines."""
    with pytest.raises(UsageError) as caught:
        target_maker.preset(None, name)
    told = "did you mean {}?".format(near) if near else "offkit has no file about it"
    assert caught.value.message == "unknown target {!r}: {}".format(name, told)
    assert caught.value.fix == OTHERS
    assert max(map(len, OTHERS.splitlines())) <= 80


@pytest.mark.parametrize(
    ("said", "meant"), [("amd64", "x86_64"), ("x64", "x86_64"), ("ARM64", "aarch64"), ("ppc64el", "ppc64le")]
)
def test_architectures_by_other_names(said, meant):
    """As dpkg, Docker and Windows call them."""
    assert target_maker.preset("3.6", "el8", said).arch == meant


@pytest.mark.parametrize("arch", ["x86_64", "aarch64", "ppc64le", "s390x"])
def test_architectures(arch):
    assert target_maker.preset("3.6", "el8", arch).arch == arch


OTHERS = (
    "one of: el7, el8, el9, el10, amazon2, kylin10, openeuler20.03, amazon2023,\n"
    "openeuler22.03, anolis23, kylin11, openeuler24.03\n"
    "or the server itself, as 'offkit probe --script' describes it: --target FILE"
)


@pytest.mark.parametrize(
    ("asked", "message", "fix"),
    [
        (("3.6", None, "riscv"), "unknown architecture 'riscv'", "one of: x86_64, aarch64, ppc64le, s390x"),
        (("3.6", "x"), "unknown target 'x': offkit has no file about it", OTHERS),
        (("3.6", "rokcy9"), "unknown target 'rokcy9': did you mean rocky9?", OTHERS),
        ((None, "anolis-23"), "which Python anolis-23 has is not known", "say which: --python X.Y"),
        (("x",), "--python 'x' is not a CPython 3 version", "write it like 3.6 or 3.6.8"),
        (("13.6",), "--python '13.6' is not a CPython 3 version", "write it like 3.6 or 3.6.8"),
        (("3.6.8.1",), "--python '3.6.8.1' is not a CPython 3 version", "write it like 3.6 or 3.6.8"),
        (("3.5",), "Python 3.5 is not supported", "offkit knows CPython 3.6 to 3.14"),
        (("3.15.1",), "Python 3.15 is not supported", "offkit knows CPython 3.6 to 3.14"),
    ],
)  # fmt: skip
def test_what_is_said_of_what_means_nothing(asked, message, fix):
    with pytest.raises(UsageError) as caught:
        target_maker.preset(*asked)
    assert (caught.value.message, caught.value.fix) == (message, fix)


def test_the_text_of_a_target():
    """Every field; and back, whatever else is there."""
    made = target_maker.preset("3.6", "el7")
    data = made.to_json()
    assert data == {
        "name": "el7",
        "el": 7,
        "arch": "x86_64",
        "python": "3.6.8",
        "abi": "cp36m",
        "glibc": "2.17",
    }
    assert made.describe() == "el7 x86_64, CPython 3.6.8 (cp36m), glibc 2.17"
    assert target.from_json(dict(data, more=1, el="7")) == made
    for change, words in (
        ({"python": "3.6"}, "not a target description (its python means nothing)"),
        ({"python": "3.6.8\nx"}, "not a target description (its python means nothing)"),
        ({"python": "3.6.8\n"}, "not a target description (its python means nothing)"),
        ({"python": "3.6.\u0668"}, "not a target description (its python means nothing)"),
        ({"glibc": "2.17.1"}, "not a target description (its glibc means nothing)"),
        ({"glibc": "2.99999999"}, "not a target description (its glibc means nothing)"),
        ({"name": "el7\nidna==3.4 --hash=x\n#"}, "not a target description (its name means nothing)"),
        ({"arch": "x86 64"}, "not a target description (its arch means nothing)"),
        ({"el": True}, "not a target description (its el means nothing)"),
        ({"el": 7.5}, "not a target description (its el means nothing)"),
        ({"el": -7}, "not a target description (its el means nothing)"),
        ({"python": None}, "not a target description (its python means nothing)"),
    ):
        with pytest.raises(UsageError) as caught:
            target.from_json(dict(data, **change))
        assert caught.value.message.startswith(words)
    del data["name"]
    with pytest.raises(UsageError) as caught:
        target.from_json(data)
    assert caught.value.message == "not a target description (it has no name)"
    tags = made.tags()
    assert tags[0] == "cp36-cp36m-manylinux_2_17_x86_64"
    assert tags == list(wheel_tags((3, 6), "x86_64", (2, 17)))
