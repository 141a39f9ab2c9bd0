"""A bundle for several targets: one file, which looks to each server like a bundle of its own."""

import json

import pytest

import bundle_maker
from offkit.cli import inspect, render, verify
from offkit.edges import host
from offkit.edges.run import Result
from offkit.model import layout, manifest, space
from offkit.model.errors import EnvironmentProblem, IntegrityError, UsageError
from offkit.model.manifest import Member
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file, requirements
from offkit.server.doctor import forecast
from offkit.server.install import part
from target_maker import preset

EL7, EL9 = preset(name="el7"), preset(name="el9")
ALPHA, OLD, NEW = (
    dict([bundle_maker.wheel(name, version)])
    for name, version in (("alpha", "1.0"), ("beta", "1"), ("beta", "2"))
)
MADE = bundle_maker.several([(EL7, dict(ALPHA, **OLD)), (EL9, dict(ALPHA, **NEW))])


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "b.tar"
    place.write_bytes(MADE.data)
    return str(place)


def test_each_part_is_a_bundle(path):
    """Its own requirements and wheels, its own size; nothing of the other's. The identity is the file's."""
    opened = bundle_file.verify(bundle_file.read_manifest(path))
    assert opened.manifest == MADE.manifest
    one, other = opened.parts
    assert (one.manifest.target, other.manifest.target) == (EL7, EL9)
    assert requirements.pins(one.read(layout.REQUIREMENTS)) == [("alpha", "1.0"), ("beta", "1")]
    assert requirements.pins(other.read(layout.REQUIREMENTS)) == [("alpha", "1.0"), ("beta", "2")]
    assert [each.path for each in one.manifest.wheels()] == [
        "wheels/alpha-1.0-py3-none-any.whl", "wheels/beta-1-py3-none-any.whl",
    ]  # fmt: skip
    assert other.read("wheels/beta-2-py3-none-any.whl") == NEW["beta-2-py3-none-any.whl"]
    with pytest.raises(KeyError):
        one.read("wheels/beta-2-py3-none-any.whl")
    assert one.digest == other.digest == opened.digest == manifest.digest(MADE.text)
    assert space.of(one.manifest).wheels == sum(map(len, [*ALPHA.values(), *OLD.values()]))
    assert len(opened.manifest.wheels()) == 3  # alpha once


def test_a_wheel_that_two_targets_have_under_one_name(tmp_path):
    """Each has its own: what is in a target's folder comes before what is shared."""
    (name, body), (_, mine) = (
        bundle_maker.wheel("alpha"),
        bundle_maker.wheel("alpha", files={"a.py": b"mine"}),
    )
    special = manifest.folder("el9") + layout.WHEELS + name
    made = bundle_maker.several([(EL7, {name: body}), (EL9, {name: body})], {special: mine})
    (tmp_path / "b.tar").write_bytes(made.data)
    opened = bundle_file.verify(bundle_file.read_manifest(str(tmp_path / "b.tar")))
    assert [one.read(layout.WHEELS + name) for one in opened.parts] == [body, mine]
    assert len(opened.manifest.wheels()) == 2


def test_a_part_that_lists_what_is_not_there(tmp_path):
    """Or what is there with other contents."""
    for listed in (Member("wheels/x-1-py3-none-any.whl", 1, "0" * 64), Member("offkit.pyz", 1, "0" * 64)):
        text = manifest.dump(manifest.Manifest(EL9, {}, "x", 0, (listed,)))
        made = bundle_maker.several([(EL7, ALPHA), (EL9, ALPHA)], {"targets/el9/MANIFEST.json": text})
        (tmp_path / "b.tar").write_bytes(made.data)
        with pytest.raises(IntegrityError, match="the bundle has no such " + listed.path):
            bundle_file.read_manifest(str(tmp_path / "b.tar"))


def test_every_byte_counts_for_all(path, tmp_path):
    """Damage of another's part is damage, by the name that it has in the tar."""
    for member, code in (("targets/el9/requirements.txt", "BUN001"), ("targets/el7/MANIFEST.json", "BUN001")):
        data = bytearray(MADE.data)
        data[MADE.offsets[member][1] + 3] ^= 1
        (tmp_path / "x.tar").write_bytes(bytes(data))
        with pytest.raises(IntegrityError) as caught:
            bundle_file.verify(bundle_file.read_manifest(str(tmp_path / "x.tar")))
        assert [(one.code, one.subject) for one in caught.value.findings] == [(code, member)]
    (tmp_path / "x.tar").write_bytes(MADE.data[:-700])
    with pytest.raises(IntegrityError, match="is not intact"):
        bundle_file.read_manifest(str(tmp_path / "x.tar"))


@pytest.mark.parametrize("member", ["MANIFEST.json", "requirements.txt", "checklist.json"])
def test_a_part_without_what_every_part_has(tmp_path, member):
    """Named, where the whole manifest does not list it."""
    made = bundle_maker.several([(EL7, ALPHA), (EL9, ALPHA)])
    kept = tuple(one for one in made.manifest.members if one.path != "targets/el9/" + member)
    text = manifest.dump(made.manifest._replace(members=kept))
    stream = [(one.path, made.data[slice(*made.offsets[one.path][1:])]) for one in kept]
    data, _ = bundle_maker.tar([stream[0], (layout.MANIFEST, text), *stream[1:]])
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises(IntegrityError, match="lists no targets/el9/" + member):
        bundle_file.read_manifest(str(tmp_path / "x.tar"))


def test_a_part_that_is_for_another_target(tmp_path):
    """The two manifests speak of one target."""
    text = manifest.dump(manifest.Manifest(EL7, {}, "x", 0, ()))
    made = bundle_maker.several([(EL7, ALPHA), (EL9, ALPHA)], {"targets/el9/MANIFEST.json": text})
    (tmp_path / "x.tar").write_bytes(made.data)
    with pytest.raises(IntegrityError, match="it is not for el9 x86_64, CPython 3"):
        bundle_file.read_manifest(str(tmp_path / "x.tar"))


class Said(Reporter):
    def __init__(self):
        self.steps = []

    def step(self, text):
        self.steps.append(text)


def taken(path, monkeypatch, release, glibc, python, arch="x86_64", **more):
    """(target, what was said) of the part that such a server takes."""
    here = host.Host(arch, glibc, release, "3.10", False)
    monkeypatch.setattr(host, "here", lambda: here)
    answer = {
        "executable": "/usr/bin/python", "prefix": "/usr", "version": python, "implementation": "cpython",
        "soabi": "cpython-39-x86_64-linux-gnu", "bits": 64, "missing": [],
    }  # fmt: skip
    run = lambda argv, *_: Result(argv, 0, json.dumps(answer), "")  # noqa: E731
    said = Said()
    found = part.take(bundle_file.read_manifest(path), "/usr/bin/python", run, said, **more)
    return found.manifest.target.name, said.steps


C7 = {"ID": "centos", "VERSION_ID": "7", "PRETTY_NAME": "CentOS 7"}
R9 = {"ID": "rocky", "VERSION_ID": "9.4", "PRETTY_NAME": "Rocky 9", "ID_LIKE": "rhel centos fedora"}


def test_which_part_is_taken(path, monkeypatch):
    """By the server's Python, C library and architecture; and it is said."""
    of = "of el7 (CPython 3.6), el9 (CPython 3.9) this server takes "
    assert taken(path, monkeypatch, C7, (2, 17), "3.6.8") == ("el7", [of + "el7"])
    assert taken(path, monkeypatch, R9, (2, 34), "3.9.18") == ("el9", [of + "el9"])
    assert taken(path, monkeypatch, R9, (2, 34), "3.6.15") == ("el7", [of + "el7"])
    assert taken(path, monkeypatch, R9, (2, 34), "3.6.15", version="3.9.1") == ("el9", [of + "el9"])
    assert taken(path, monkeypatch, R9, (2, 34), "3.6.15", name="el9") == ("el9", [])
    with pytest.raises(UsageError) as caught:
        taken(path, monkeypatch, R9, (2, 34), "3.6.15", name="el8")
    assert caught.value.fix == "one of: el7, el9"


@pytest.mark.parametrize(
    ("release", "glibc", "python", "arch", "why"),
    [
        (C7, (2, 17), "3.9.18", "x86_64", [
            ("PY012", "el7", "/usr/bin/python is Python 3.9.18, the bundle is for 3.6"),
            ("ENV022", "el9", "glibc here is 2.17, older than the 2.34 that the wheels may need"),
        ]),
        (R9, (2, 34), "3.12.1", "aarch64", [
            ("ENV021", "el7", "this machine is aarch64, the bundle is for x86_64; "
                              "/usr/bin/python is Python 3.12.1, the bundle is for 3.6"),
            ("ENV021", "el9", "this machine is aarch64, the bundle is for x86_64; "
                              "/usr/bin/python is Python 3.12.1, the bundle is for 3.9"),
        ]),
    ],
)  # fmt: skip
def test_no_part_fits(path, monkeypatch, release, glibc, python, arch, why):
    """Every target, and what keeps it from this server."""
    with pytest.raises(EnvironmentProblem) as caught:
        taken(path, monkeypatch, release, glibc, python, arch)
    assert caught.value.message == (
        path + ": none of its targets is this server: el7 (CPython 3.6), el9 (CPython 3.9)"
    )
    assert [(one.code, one.subject, one.message) for one in caught.value.findings] == why


def test_the_doctor_asks_for_the_part_of_the_server(path, tmp_path, monkeypatch):
    """Of another root it knows the release."""
    asked = []
    empty = forecast.Forecast([], 0, "", "", (), (), forecast.Answers())
    monkeypatch.setattr(forecast, "examine", lambda wanted, target, *more: asked.append(target.name) or empty)
    monkeypatch.setattr(forecast.sys, "version_info", (3, 14, 0))
    for name, text in (
        ("a", 'ID=centos\nVERSION_ID="7"\n'),
        ("b", 'ID=rocky\nVERSION_ID="9.4"\nID_LIKE=rhel\n'),
    ):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc" / "os-release").write_text(text)
        assert forecast.of_bundle(path, str(tmp_path / name)).part == asked[-1]
    assert asked == ["el7", "el9"]


@pytest.fixture
def said(capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    yield lambda: capsys.readouterr().out
    render.console()


def test_verify_and_inspect(path, said):
    """All targets, with their own and with what they share; as data the same."""
    verify.verify(path, False, False, False)
    assert "{}: {} members (3 wheels), ".format(path, len(MADE.offsets)) in said()
    inspect.inspect(path, False, False, False)
    lines = said().splitlines()
    assert "  for      " + EL7.describe() in lines
    assert "  for      " + EL9.describe() in lines
    assert any(line.startswith("  1 wheel for all of them, ") for line in lines)
    assert lines.index("el7") < lines.index("  beta   1") < lines.index("el9") < lines.index("  beta   2")
    assert sum(line.startswith("  alpha  1.0  ") and line.endswith("also for el9") for line in lines) == 1
    assert sum(line.startswith("  beta   1  ") and "also for" not in line for line in lines) == 1
    inspect.inspect(path, True, False, False)
    data = json.loads(said())
    assert (data["schema"], data["digest"]) == ("offkit/inspect-several-1", manifest.digest(MADE.text))
    assert [(one["name"], one["target"]["el"]) for one in data["targets"]] == [("el7", 7), ("el9", 9)]
    assert [each["version"] for each in data["targets"][1]["requirements"]] == ["1.0", "2"]
    assert len(data["members"]) == len(MADE.offsets)
