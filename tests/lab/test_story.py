"""From no Python at all to a healthy environment on a network-less server, from its signed disc alone."""

import json
import os
import subprocess
import sys

import pytest

import needs
import story
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

OFFKIT = os.path.join(os.path.dirname(sys.executable), "offkit")
PYTHONS = {7: "3.6", 8: "3.6", 9: "3.9"}
# What `import cv2` stops at first, and all that has to be installed.
MISSING = {
    7: ("libSM.so.6", "libICE libSM libX11 libXext libXrender", "4.2.0"),
    8: ("libSM.so.6", "libICE libSM libX11 libXext libXrender", "4.2.0"),
    9: ("libGL.so.1", "libICE libSM libX11 libXext libglvnd-glx libxcb", "4.5.5"),
}


@pytest.fixture(scope="module", params=[7, 8, 9], ids="el{}".format)
def told(request, tmp_path_factory):
    """(EL, {step: what it did}): bundled online, then everything on a target without a network."""
    el = request.param
    bundle = tmp_path_factory.mktemp("story") / "bundle.tar"
    made = subprocess.run(
        [
            OFFKIT,
            "bundle",
            *story.REQUIREMENTS[el],
            "--python",
            PYTHONS[el],
            "--target",
            "el{}".format(el),
            "-o",
            bundle,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout
    if not targets.disc.python(el):
        pytest.skip("no CPython {} on PATH or under pyenv".format(PYTHONS[el]))
    with targets.target(el) as target:
        steps = story.tell(target, bundle)
    for name, step in steps.items():
        print("{:5.1f} s  exit {:<3} {}".format(step.seconds, step.code, name))
    return el, steps


def missing_in(step):
    """Sonames of a doctor's JSON that are said to be missing."""
    return {one["subject"] for one in json.loads(step.out)["findings"] if one["code"].startswith("LIB")}


def test_there_is_no_network_and_no_python(told):
    """Nothing but lo, no route; install.sh says that it found no Python and what to do."""
    el, steps = told
    interfaces = [line.split(":")[0].strip() for line in steps["network"].out.splitlines() if ":" in line]
    assert interfaces == ["lo"]
    assert steps["without Python"].code == 4
    assert "error: PY020 no Python {} ".format(PYTHONS[el]) in steps["without Python"].err


def test_python_comes_from_the_disc(told):
    """By the lines that install.sh printed, with the bundle's .repo file; the key is asked about once."""
    _, steps = told
    assert steps["repository file"].code == 0, steps["repository file"].err
    done = steps["install Python"]
    assert done.code == 0, done.err
    assert "Key imported successfully" in done.out
    assert "python3-libs-3." in done.out.split("Installed:")[1]


def test_the_bundle_installs_and_the_import_fails_as_it_did(told):
    """With the loader's own words, one library at a time."""
    el, steps = told
    assert steps["install"].code == 0, steps["install"].err
    assert steps["import fails"].code == 1
    assert MISSING[el][0] + ": cannot open shared object file" in steps["import fails"].err


def test_doctor_names_everything_in_one_go(told):
    """libSM, libXrender, libXext of the story and what else is missing, and one line that cures all."""
    el, steps = told
    assert steps["doctor"].code == steps["doctor as JSON"].code == 1
    expected = {7: {"libSM.so.6", "libICE.so.6", "libXrender.so.1", "libXext.so.6", "libX11.so.6"}}
    expected[8] = expected[7]
    if el in expected:
        assert missing_in(steps["doctor as JSON"]) == expected[el]
    assert {"libSM.so.6", "libXext.so.6", MISSING[el][0]} <= missing_in(steps["doctor as JSON"])
    line = "yum --disablerepo='*' --enablerepo='offkit-*' install " + MISSING[el][1]
    assert story.printed_line(steps["doctor"].out) == line
    assert json.loads(steps["doctor as JSON"].out)["install_line"] == line


def test_the_printed_line_cures(told):
    """Run as printed against the bundle's .repo file with gpgcheck=1; then cv2 imports."""
    el, steps = told
    assert steps["repository"].code == 0, steps["repository"].err
    assert steps["cure"].code == 0, steps["cure"].err
    installed = steps["cure"].out.split("Installed:")[1]
    for name in MISSING[el][1].split():
        assert " {}-".format(name) in installed
    assert steps["import"].out == MISSING[el][2] + "\n", steps["import"].err


def test_doctor_is_quiet_then(told):
    """Exit 0, no line to run, and not a word but about what this very server really lacks.

    That is _hashlib in a CPython 3.6 that was built with OpenSSL 3.
    """
    _, steps = told
    quiet, report = steps["doctor is quiet"], json.loads(steps["doctor as JSON after"].out)
    assert quiet.code == 0
    assert quiet.err == ""
    said = {(one["code"], one["subject"]) for one in report["findings"] if one["severity"] != "info"}
    assert said == ({("PY001", "hashlib")} if steps["lacking"].code else set())
    assert (quiet.out == "") == (not said)
    assert report["install_line"] == ""
    assert missing_in(steps["doctor as JSON after"]) == set()
