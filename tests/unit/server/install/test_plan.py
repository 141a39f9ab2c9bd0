"""What an installation decides before it does anything."""

import pytest

import bundle_maker
from offkit.model.errors import IntegrityError
from offkit.server.bundle import bundle_file
from offkit.server.install import plan
from offkit.server.prefix.generations import Generation, Receipt
from offkit.server.python.interpreter import Interpreter

PYTHON = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())
ALPHA = bundle_maker.wheel("alpha")
PIP = bundle_maker.wheel("pip", "21.3.1")


@pytest.fixture
def bundle(tmp_path):
    """A bundle with a pip, read from a file."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make(dict([ALPHA, PIP])).data)
    return bundle_file.read_manifest(str(path))


def generation(name, digest, current=False, python=PYTHON):
    receipt = Receipt(name, digest, {}, python.path, python.version, "", "", ())
    return Generation(name, "/p/generations/" + name, receipt, current)


def test_a_first_installation(bundle):
    """The steps, in their order, and the names."""
    made = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, [], "t0")
    assert made.outcome == plan.INSTALL
    assert made.id == "0001-" + bundle.digest[:8]
    assert made.building == ".building-0001-{}-t0".format(bundle.digest[:8])
    assert made.generation == "/p/generations/" + made.id
    assert [step.action for step in made.steps] == [
        "environment",
        "wheels",
        "packages",
        "relocate",
        "runtime",
        "receipt",
        "publish",
        "switch",
    ]


def test_a_damaged_generation_counts_for_nothing(bundle):
    """A whole one of the same bundle is gone back to; without one, a new one is built beside it."""
    one = generation("0001-" + bundle.digest[:8], bundle.digest, current=True)
    made = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, [one], "t0", damaged=[one.id])
    assert (made.outcome, made.id) == (plan.INSTALL, "0002-" + bundle.digest[:8])
    two = generation("0002-" + bundle.digest[:8], bundle.digest)
    made = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, [one, two], "t0", damaged=[one.id])
    assert (made.outcome, made.id) == (plan.SWITCH, two.id)


def test_the_programs_it_runs(bundle):
    """venv without pip; pip from its wheel, isolated, without index, hashes required."""
    made = plan.plan(bundle.manifest, bundle.digest, "/opt/a b/ü", PYTHON, [], "t0")
    argv = {step.action: list(step.argv) for step in made.steps if step.argv}
    alias = "/proc/self/cwd/" + made.building
    assert argv["environment"] == [
        PYTHON.path,
        "-I",
        "-m",
        "venv",
        "--without-pip",
        "--prompt",
        "offkit",
        alias,
    ]
    pip = argv["packages"]
    assert pip[:3] == [alias + "/bin/python", "-I", alias + "/tmp/wheels/pip-21.3.1-py3-none-any.whl/pip"]
    for option in ("--isolated", "--no-index", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"):
        assert option in pip
    assert "--no-deps" not in pip
    assert argv["runtime"][:4] == [alias + "/bin/python", "-I", "-S", "-m"]
    assert all(word.encode("ascii") and " " not in word for words in argv.values() for word in words)


def test_children_see_nothing_of_the_user():
    """HOME and TMPDIR are the scratch directory; /etc/pip.conf is off as well."""
    found = plan.child_environment("/s", {"HOME": "/root", "PATH": "/bin", "TMPDIR": "/tmp", "LC_ALL": "C"})
    assert found == {
        "HOME": "/s",
        "PATH": "/bin",
        "TMPDIR": "/s",
        "LC_ALL": "C",
        "PIP_CONFIG_FILE": "/dev/null",
    }


@pytest.mark.parametrize(
    ("existing", "outcome", "number"),
    [
        ([("0001-aaaaaaaa", "other", True)], plan.INSTALL, "0002"),
        ([("0001-aaaaaaaa", "same", True)], plan.NOTHING, "0001"),
        ([("0001-aaaaaaaa", "same", False), ("0002-bbbbbbbb", "other", True)], plan.SWITCH, "0001"),
        ([("0001-aaaaaaaa", "same", False), ("0002-bbbbbbbb", "same", True)], plan.NOTHING, "0002"),
        ([("0001-aaaaaaaa", "same", False), ("0002-bbbbbbbb", "same", False)], plan.SWITCH, "0002"),
    ],
)
def test_what_is_there_decides(bundle, existing, outcome, number):
    """Nothing to do, only a switch, or a new generation beside the others."""
    there = [
        generation(name, bundle.digest if kind == "same" else "f" * 64, now) for name, kind, now in existing
    ]
    made = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, there, "t0")
    assert (made.outcome, made.id.split("-")[0]) == (outcome, number)
    assert [step.action for step in made.steps] == {
        plan.NOTHING: [],
        plan.SWITCH: ["switch"],
    }.get(outcome, [step.action for step in made.steps])


def test_another_interpreter_is_another_generation(bundle):
    """The same bundle for an updated Python is built anew."""
    there = [generation("0001-aaaaaaaa", bundle.digest, True, PYTHON._replace(version="3.6.5"))]
    assert plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, there, "t0").outcome == plan.INSTALL


def test_an_unreadable_receipt_is_not_trusted(bundle):
    """A generation without a receipt counts for the numbers only."""
    there = [Generation("0007-aaaaaaaa", "/p/generations/0007-aaaaaaaa", None, True)]
    assert plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, there, "t0").id.startswith("0008-")


def test_no_pip_is_said(tmp_path):
    """A bundle that cannot install itself is damaged goods."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make(dict([ALPHA])).data)
    bundle = bundle_file.read_manifest(str(path))
    with pytest.raises(IntegrityError, match="no pip"):
        plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, [], "t0")


def test_the_newest_pip_installs():
    """By version, not by spelling."""
    paths = [
        "wheels/pip-9.0.3-py2.py3-none-any.whl",
        "wheels/pip-21.3.1-py3-none-any.whl",
        "wheels/pipx-99-py3-none-any.whl",
    ]
    assert plan.pip_wheel(paths) == "wheels/pip-21.3.1-py3-none-any.whl"


def test_the_index_page():
    """Relative links, quoted."""
    page = plan.index_page(["wheels/a-1.0+local-py3-none-any.whl"]).decode("ascii")
    assert '<a href="wheels/a-1.0%2Blocal-py3-none-any.whl">a-1.0+local-py3-none-any.whl</a>' in page


def test_the_end_of_a_programs_words():
    """Enough to understand, without pip's advertising."""
    text = "\n".join(
        ["line {}".format(number) for number in range(20)] + ["", "WARNING: You are using pip version 1"]
    )
    assert plan.last_lines(text, 3) == ["line 17", "line 18", "line 19"]


def test_older_ones_go_last(bundle):
    """After the switch, announced by name; with nothing new, nothing goes."""
    others = ["0001-00000000", "0002-00000000", "0003-00000000"]
    existing = [generation(name, "00" * 32, current=name == others[1]) for name in others]
    made = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, existing, "t0", 2)
    assert made.remove == ("0001-00000000",)
    assert [(step.action, step.text) for step in made.steps][-1] == (
        "prune",
        "remove 0001-00000000: the last 2 are kept",
    )
    assert made.steps[-2].action == "switch"
    assert plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, existing, "t0").remove == ()
    same = existing + [generation("0004-11111111", bundle.digest)]
    switching = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, same, "t0", 1)
    assert (switching.outcome, switching.remove) == (plan.SWITCH, ())


def test_every_step_word_for_word(bundle):
    """What people read, and every argument of what is run."""
    old = generation("0001-aaaaaaaa", "f" * 64)
    older = generation("0002-bbbbbbbb", "f" * 64, current=True)
    made = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, [old, older], "t0", keep=1)
    place = "/p/generations/" + made.id
    alias = "/proc/self/cwd/" + made.building
    assert made.alias == alias
    pip = (
        alias + "/bin/python",
        "-I",
        alias + "/tmp/wheels/pip-21.3.1-py3-none-any.whl/pip",
        "--isolated",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--no-input",
        "--no-color",
        "install",
        "--no-index",
        "--only-binary=:all:",
        "--require-hashes",
        "--no-warn-script-location",
        "--progress-bar=off",
        "--find-links={}/tmp/index.html".format(alias),
        "--requirement={}/tmp/requirements.txt".format(alias),
    )
    venv = ("/usr/bin/python3.6", "-I", "-m", "venv", "--without-pip", "--prompt", "offkit", alias)
    compiling = (alias + "/bin/python", "-I", "-S", "-m", "compileall", "-q", alias + "/offkit/runtime")
    assert [tuple(step) for step in made.steps] == [
        ("environment", "create a virtual environment with /usr/bin/python3.6", venv, False),
        ("wheels", "unpack 2 wheels (1 MB) into it", (), False),
        ("packages", "install the requirements with pip 21.3.1 from the bundle, hashes required", pip, False),
        ("relocate", "write the final path into scripts: " + place, (), False),
        ("runtime", "unpack and compile offkit itself", compiling, False),
        ("receipt", "write the receipt", (), False),
        ("publish", "rename it to " + place, (), False),
        ("switch", "point /p/current to generations/" + made.id, (), False),
        ("prune", "remove 0001-aaaaaaaa: the last 1 are kept", (), False),
    ]


@pytest.mark.parametrize("outcome", [plan.INSTALL, plan.SWITCH, plan.NOTHING])
def test_where_additions_come(bundle, outcome):
    """Those of the system first, whatever is made; those of the environment with its packages alone."""
    kinds = [(plan.INSIDE, "in"), (plan.SYSTEM, "sys"), (plan.INSIDE, "side"), (plan.SYSTEM, "tem")]
    additions = [plan.Addition(place, plan.Step(name, name), None) for place, name in kinds]
    there = [] if outcome == plan.INSTALL else [generation("0001-a", bundle.digest, outcome == plan.NOTHING)]
    made = plan.plan(bundle.manifest, bundle.digest, "/p", PYTHON, there, "t0", additions=additions)
    actions = [step.action for step in made.steps]
    assert (made.outcome, actions[:2]) == (outcome, ["sys", "tem"])
    if outcome == plan.INSTALL:
        assert actions[4:8] == ["packages", "in", "side", "relocate"]
    else:
        assert actions[2:] == (["switch"] if outcome == plan.SWITCH else [])
        assert (made.building, made.remove) == ("", ())
