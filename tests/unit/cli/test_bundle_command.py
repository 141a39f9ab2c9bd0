"""What 'offkit bundle' says of what it would pack and what it has packed."""

import collections
import json
import types
from pathlib import Path

import pytest

from offkit.cli import bundle_words, render
from offkit.model import needs
from offkit.model.carried import Carried
from offkit.model.checklist import Checklist, Library
from offkit.model.control_node import Collection
from offkit.model.finding import INFO, WARNING, Finding
from offkit.model.proof import Proof
from target_maker import preset


class Wheel:
    """A wheel of a lock."""

    def __init__(self, name, version):
        self.name, self.version, self.origin = name, version, "https://host/simple"
        self.filename = "{}-{}-py3-none-any.whl".format(name, version)


PYTHON = Carried("source", "python-source/P.tgz", "3.6.15", "0" * 64, 7)
LIBRARIES = (
    Library("libSM.so.6", ("A",), ("a: b",), "libSM", False),
    Library("libX.so.1", (), (), "", False),
    Library("libY.so.1", (), (), "libY", True),
    Library("libc.so.6", (), (), "glibc", False),
)


@pytest.fixture(autouse=True)
def _console(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    render.console()
    yield
    render.console()


@pytest.fixture
def said(capsys):
    return lambda: capsys.readouterr().out.splitlines()


def order(pythons=(PYTHON,), control_node=False):
    return types.SimpleNamespace(
        target=preset("3.6"),
        pythons=types.SimpleNamespace(carried=pythons),
        shelves=("a.iso", "b.iso"),
        control_node=control_node,
    )


Weight = collections.namedtuple("Weight", "filename size cached installed")


def weights(*files, size, installed=None):
    """What online/wheels/weights.py makes of them."""
    return types.SimpleNamespace(
        files=files,
        to_come=lambda: [one for one in files if not one.cached],
        cached=lambda: [one for one in files if one.cached],
        unknown=lambda: sum(one.size is None for one in files),
        size=lambda: size,
        installed=lambda: installed,
    )


def test_what_would_be_packed(said, capsys):
    """Each wheel, offkit's own, pip, and Pythons; the same as data."""
    planned = types.SimpleNamespace(
        lock=types.SimpleNamespace(findings=()),
        files=lambda: (Wheel("a", "1"), Wheel("bcd", "2")),
        own=[Wheel("own", "3")],
        pip=Wheel("pip", "21"),
        runtime=[Wheel("typer", "4")],
        collections=[Collection("acme", "base", "1", "7" * 64, "b.tar.gz")],
    )
    sizes = weights(Weight("a.whl", 1500, True, 4000), Weight("b.whl", 2000000, False, None), size=2002000)
    bundle_words.would(planned, order(), sizes)
    assert [" ".join(line.split()) for line in said()] == [
        "would pack for " + preset("3.6").describe(),
        "a 1 a-1-py3-none-any.whl",
        "bcd 2 bcd-2-py3-none-any.whl",
        "own 3 own-3-py3-none-any.whl",
        "pip 21 (runs there to install the others)",
        "Python 3.6.15 python-source/P.tgz",
        "collection 1 acme.base 1 from b.tar.gz",
        "and RPMs from a.iso, b.iso: not looked at in a dry run",
        "how large",
        "to download 1 file, 2.0 MB",
        "in the cache 1 file, 1.5 kB",
        "the bundle about 2.0 MB",
        "on the server known once the wheels are here",
    ]
    render.console(json=True)
    bundle_words.would(planned, order(), sizes)
    assert json.loads(capsys.readouterr().out) == {
        "schema": "offkit/plan-1",
        "target": preset("3.6").to_json(),
        "wheels": ["{}-py3-none-any.whl".format(name) for name in ("a-1", "bcd-2", "own-3")],
        "pip": "pip-21-py3-none-any.whl",
        "runtime": ["typer-4-py3-none-any.whl"],
        "pythons": [dict(PYTHON._asdict())],
        "files": [
            {"filename": "a.whl", "size": 1500, "cached": True, "installed": 4000},
            {"filename": "b.whl", "size": 2000000, "cached": False, "installed": None},
        ],
        "to_download": 2000000,
        "bundle_size": 2002000,
        "collections": [
            {"namespace": "acme", "name": "base", "version": "1", "sha256": "7" * 64, "origin": "b.tar.gz"}
        ],
        "installed_size": None,
        "findings": [],
    }


@pytest.mark.parametrize(("files", "installed", "rows"), [
    ([(7, True, 9)], 9,
     ["to download nothing", "in the cache 1 file, 7 B", "the bundle about 7 B", "on the server about 9 B"]),
    ([(None, False, None), (7, False, None)], None,
     ["to download 2 files, 7 B and 1 of unknown size", "in the cache nothing", "the bundle at least 7 B",
      "on the server known once the wheels are here"]),
])  # fmt: skip
def test_how_large(said, files, installed, rows):
    """What nobody knows is not guessed."""
    bundle_words.how_large(weights(*(Weight("x", *one) for one in files), size=7, installed=installed))
    assert [" ".join(line.split()) for line in said()] == ["how large", *rows]


def packed(tmp_path, **more):
    path = tmp_path / "a-1-py3-none-any.whl"
    path.write_bytes(b"x" * 1500)
    made = types.SimpleNamespace(
        packed=types.SimpleNamespace(
            path=Path("/out/b.tar"),
            size=2000,
            sha256="5" * 64,
            digest="6" * 64,
            manifest=types.SimpleNamespace(options={}),
        ),
        lock=types.SimpleNamespace(wheels=[Wheel("a", "1")]),
        wheels=[(Wheel("a", "1"), path)],
        checklist=Checklist(LIBRARIES),
        downloaded=2,
        downloaded_size=3000,
        cached=4,
        rpms=types.SimpleNamespace(titles=("x-1", "y-2"), size=5000),
        findings=[Finding("LIB002", WARNING, "s", "m")],
        sources=(),
        lacking=types.SimpleNamespace(rpms=(), others=(), sure=True),
        proofs=[Proof("closure", "2026-01-31T12:00:00Z", "here", True, "1 pin")],
        difference=None,
        parted=None,
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_what_was_packed(tmp_path, said):
    """Where it is, what is in it, what the server must have, and how it goes on."""
    bundle_words.done(packed(tmp_path), order())
    lines = said()
    assert lines == [
        "{} /out/b.tar  2.0 kB  for {}".format(render.mark("ok"), preset("3.6").describe()),
        "    a  1  1.5 kB",
        "  carries Python 3.6.15 (source, compiled on the server), for a server without one",
        "  carries 2 RPMs from a.iso, b.iso, 5.0 kB",
        "    x-1, y-2",
        "  closure passed on 2026-01-31 (here): 1 pin",
        "  downloaded 2 files, 3.0 kB, from the cache 4",
        "  sha256 " + "5" * 64,
        "  needs from the server: glibc, libSM.so.6 (libSM), libX.so.1 (package unknown)",
        "! LIB002  s: m",
        "",
        "Carry it to the server, then:  tar -xf b.tar install.sh && sh install.sh b.tar",
    ]
    plain = packed(
        tmp_path,
        rpms=types.SimpleNamespace(titles=(), size=0),
        downloaded=0,
        findings=[],
        proofs=[],
        checklist=Checklist(()),
    )
    own = {"namespace": "acme", "name": "base", "version": "1", "sha256": "7" * 64, "origin": "b.tar.gz"}
    plain.packed.manifest.options["control_node"] = {"collections": [own, "", {"namespace": "acme"}]}
    bundle_words.done(plain, order((), True))
    assert said() == [
        *lines[:2],
        "  carries acme.base 1 from b.tar.gz",
        "  downloaded nothing, from the cache 4",
        lines[7],
        "  needs from the server: glibc",
        *lines[-2:],
        "and there, with the inventory and the servers' bundle:",
        "    PREFIX/current/bin/ansible-playbook -i inventory offkit.fleet.deploy -e offkit_bundle=bundle.tar",
        "    PREFIX/current/bin/ansible-playbook -i inventory offkit.fleet.doctor",
    ]


def test_what_is_wanted_when_they_run(tmp_path, said):
    """A line for each use, below all of them the one to run; what few use is named, and told with -v."""

    def want(code, subject, severity, use, fix):
        return Finding(code, severity, subject, "is not on every el9; p needs it for " + use, (), fix)

    here = "on the server: yum install {}\nor have it carried: --iso FILE or --rpm-repo URL"
    found = [
        want("NEED001", "liba.so.1", WARNING, "Chromium", here.format("a-libs")),
        want("NEED001", "libb.so.1", WARNING, "Chromium", here.format("b-libs")),
        want("NEED002", "java", WARNING, "reports", here.format("java-headless")),
        want("NEED002", "ffmpeg", WARNING, "videos", "ffmpeg-free from EPEL 9: it is on no ISO"),
        want("NEED003", "cjk-fonts", INFO, "labels", here.format("fonts")),
        want("NEED002", "git", INFO, "versions", "nothing: git comes with the bundle"),
        want("NEED007", "libcuda.so.1", INFO, "GPUs", "the NVIDIA driver"),
    ]
    bundle_words.done(packed(tmp_path, findings=found), order())
    own = [
        "! NEED001  2 libraries are not on every el9: liba.so.1, libb.so.1; p needs them for Chromium",
        "! NEED002  java: is not on every el9; p needs it for reports",
        "! NEED002  ffmpeg: is not on every el9; p needs it for videos",
        "      fix        ffmpeg-free from EPEL 9: it is on no ISO",
        "· NEED007  libcuda.so.1: is not on every el9; p needs it for GPUs",
        "      fix        the NVIDIA driver",
        "  may be wanted when they run, too: cjk-fonts (-v says for what)",
        "",
        "on the server (or have it carried: --iso FILE or --rpm-repo URL):",
        "  yum install a-libs b-libs java-headless",
        "",
    ]
    assert said()[9:-1] == own
    render.console(verbose=True)
    bundle_words.done(packed(tmp_path, findings=found), order())
    told = "\n".join(said())
    assert [told.count("{}: {}\n".format(each.subject, each.message)) for each in found] == [1] * len(found)
    assert "may be wanted" not in told


@pytest.mark.parametrize(("rpms", "others", "sure", "lines"), [
    (("libSM", "java-headless"), (), True,
     ["on the server (or have it carried: --iso FILE or --rpm-repo URL):",
      "  yum install a-libs java-headless libSM"]),
    ((), (("libX.so.1", "which nobody knows"),), True,
     ["on the server (or have it carried: --iso FILE or --rpm-repo URL):",
      "  yum install a-libs java-headless", "  libX.so.1: which nobody knows"]),
    (("libSM",), (), False,
     ["on the server (or have it carried: --iso FILE or --rpm-repo URL):",
      "  yum install a-libs java-headless libSM",
      "  what is installed there is not known, and yum leaves it as it is"]),
])  # fmt: skip
def test_one_line_is_whole(tmp_path, said, rpms, others, sure, lines):
    """What packages want when they run and what their ELF files want, in order and once; below it what
    nobody knows."""
    names = ("java-headless", "a-libs")
    found = [Finding("NEED002", WARNING, name, "is missing", (), needs.to_install(name)) for name in names]
    lacking = types.SimpleNamespace(rpms=rpms, others=others, sure=sure)
    bundle_words.done(packed(tmp_path, findings=found, lacking=lacking), order())
    told = said()
    assert told[told.index("") + 1 : -2] == lines
    assert not any("fix" in line for line in told)


def test_what_nobody_knows_is_said_without_a_line(tmp_path, said):
    """Nothing is to be typed, as far as is known."""
    lacking = types.SimpleNamespace(rpms=(), others=(("libX.so.1", "from EPEL"),), sure=True)
    bundle_words.done(packed(tmp_path, findings=[], lacking=lacking), order())
    assert said()[-5:-2] == ["", "on the server:", "  libX.so.1: from EPEL"]


def test_each_target_has_its_line(tmp_path, said):
    """With the names of its packages."""
    made = types.SimpleNamespace(
        packed=packed(tmp_path).packed,
        counted=types.SimpleNamespace(downloaded=0, downloaded_size=0, cached=2),
        findings=(),
        difference=None,
        parted=None,
        parts=[
            (name, packed(tmp_path, findings=[], order=order(()), lacking=types.SimpleNamespace(
                rpms=rpms, others=(), sure=True)))
            for name, rpms in (("el7", ("mesa-libGL",)), ("el8", ()), ("el9", ("libglvnd-glx",)))
        ],
    )  # fmt: skip
    bundle_words.done_for_several(made)
    told = said()
    here = "on the server (or have it carried: --iso FILE or --rpm-repo URL):"
    assert told[told.index("") + 1 : -2] == [
        "el7: " + here, "  yum install mesa-libGL", "", "el9: " + here, "  yum install libglvnd-glx",
    ]  # fmt: skip


def test_what_several_targets_want(said):
    """Their packages have names of their own, so each group has its command."""
    fix = "on the server: yum install {}\nor have it carried: --iso FILE or --rpm-repo URL"
    found = [
        Finding(
            "NEED001",
            WARNING,
            target + each,
            "is not found; p needs it for x",
            (),
            fix.format(each + target[:3]),
        )
        for target in ("el7: ", "el9: ")
        for each in ("a", "b")
    ]
    bundle_words._found(found)
    assert said() == [
        "! NEED001  el7: 2 libraries are not found: a, b; p needs them for x",
        "      fix        on the server: yum install ael7 bel7",
        "! NEED001  el9: 2 libraries are not found: a, b; p needs them for x",
        "      fix        on the server: yum install ael9 bel9",
        "      fix both   have it carried: --iso FILE or --rpm-repo URL",
    ]


def test_the_report(tmp_path, capsys):
    """All of it."""
    render.console(json=True)
    bundle_words.done(packed(tmp_path), order())
    assert json.loads(capsys.readouterr().out) == {
        "schema": "offkit/bundle-report-1",
        "target": preset("3.6").to_json(),
        "path": "/out/b.tar",
        "size": 2000,
        "sha256": "5" * 64,
        "digest": "6" * 64,
        "difference": None,
        "parts": None,
        "wheels": [
            {
                "name": "a",
                "version": "1",
                "filename": "a-1-py3-none-any.whl",
                "from": "https://host/simple",
            }
        ],
        "libraries": [json.loads(json.dumps(one._asdict())) for one in LIBRARIES],
        "downloaded": 2,
        "downloaded_size": 3000,
        "pythons": [dict(PYTHON._asdict())],
        "rpms": ["x-1", "y-2"],
        "sources": [],
        "proofs": [
            {"kind": "closure", "when": "2026-01-31T12:00:00Z", "on": "here", "passed": True, "said": "1 pin"}
        ],
        "findings": [Finding("LIB002", WARNING, "s", "m").to_json()],
    }


def test_the_next_step_is_for_a_shell(said):
    """Whatever the file is called."""
    packed = types.SimpleNamespace(path=Path("/out/my b.tar"))
    bundle_words._carry(types.SimpleNamespace(packed=packed, findings=(), difference=None, parted=None))
    assert said()[-1].endswith("tar -xf 'my b.tar' install.sh && sh install.sh 'my b.tar'")
