"""Installing: real venvs and a real pip, no network, and everything that can go wrong."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest

import bundle_maker
import offkit
import waiting
from offkit.edges import files, run
from offkit.edges.host import Host, Volume
from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file
from offkit.server.install import install
from offkit.server.install.plan import plan
from offkit.server.prefix import generations
from offkit.server.python import interpreter

PIP = bundle_maker.pip_wheel()
TOOL = bundle_maker.wheel(
    "alpha",
    files={
        "alpha.py": b"def main():\n    print('alpha runs')\n",
        "alpha-1.0.data/scripts/alpha-tool": b"#!python\nimport alpha\nprint('tool runs')\n",
    },
    entry_points="[console_scripts]\nalpha = alpha:main\n",
)
BETA = bundle_maker.wheel("beta", "2.1", requires=["alpha>=1"])
PYTHON = interpreter.probe(interpreter.running(), run.run)
NOW = "2026-01-31T12:00:00Z"


def save(tmp_path, wheels=(TOOL, BETA), name="bundle.tar", **more):
    """A bundle for this machine, with pip, as a file."""
    made = bundle_maker.make(dict(list(wheels) + [PIP]), bundle_maker.this_machine(), **more)
    path = tmp_path / name
    path.write_bytes(made.data)
    return bundle_file.read_manifest(str(path))


def put(bundle, prefix, runner=run.run, token="t0", keep=None, reporter=None):
    """Plan and apply; the plan."""
    made = plan(
        bundle.manifest, bundle.digest, str(prefix), PYTHON, generations.found(str(prefix)), token, keep
    )
    install.apply(made, bundle, runner, run.clean_environment(), NOW, reporter or Reporter())
    return made


def said(*argv):
    done = subprocess.Popen([str(word) for word in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.communicate()[0].decode("utf-8", "replace")


def fake(problem=None):
    """Instead of venv, pip and compileall: makes what they would make, or fails as told."""

    def runner(argv, env, cwd):
        root = os.path.join(
            cwd, next(name for name in os.listdir(cwd) if name.startswith(".building-") and name[-2] == "t")
        )
        if "venv" in argv:
            os.makedirs(os.path.join(root, "bin"))
            site = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])
            os.makedirs(os.path.join(root, *site.split("/")))
            with open(os.path.join(root, "pyvenv.cfg"), "w") as settings:
                settings.write("home = /usr/bin\n")
        if "install" in argv and problem is not None:
            if isinstance(problem, BaseException):
                raise problem
            return problem
        return Result(argv, 0, "", "")

    return runner


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """(prefix, plan) of one installation into a path with spaces and letters beyond ASCII."""
    base = tmp_path_factory.mktemp("host")
    prefix = base / os.fsdecode("my pläce 文".encode())
    return prefix, put(save(base), prefix)


def test_what_stands_there(installed):
    """One complete generation, current, and nothing else."""
    prefix, made = installed
    assert sorted(os.listdir(str(prefix))) == [".lock", "current", "generations"]
    assert os.listdir(str(prefix / "generations")) == [made.id]
    assert os.readlink(str(prefix / "current")) == "generations/" + made.id
    inside = set(os.listdir(str(prefix / "current" / "offkit")))
    assert inside == {"receipt.json", "MANIFEST.json", "checklist.json", "repo-config", "runtime"}
    assert not (prefix / "current" / "tmp").exists()


def test_the_receipt(installed):
    """What, from what, with what, when."""
    prefix, made = installed
    with open(str(prefix / "current" / "offkit" / "receipt.json"), "rb") as source:
        receipt = json.loads(source.read().decode("ascii"))
    manifest = (prefix / "current" / "offkit" / "MANIFEST.json").read_bytes()
    import hashlib

    assert receipt["schema"] == "offkit/receipt-1"
    assert receipt["id"] == made.id
    assert receipt["manifest"] == hashlib.sha256(manifest).hexdigest()
    assert receipt["packages"] == [{"name": "alpha", "version": "1.0"}, {"name": "beta", "version": "2.1"}]
    assert (receipt["python"], receipt["python_version"]) == (PYTHON.path, PYTHON.version)
    assert receipt["created"] == NOW


def test_its_commands_run(installed):
    """Entry points, scripts and python, through current, whatever the path is called."""
    prefix, _ = installed
    bin_directory = prefix / "current" / "bin"
    assert said(bin_directory / "alpha") == "alpha runs\n"
    assert said(bin_directory / "alpha-tool") == "tool runs\n"
    assert said(bin_directory / "python", "-c", "import beta; print(beta.__version__)") == "2.1\n"
    assert "No module named" in said(bin_directory / "python", "-c", "import pip")


def test_the_launcher_through_links(installed, tmp_path):
    """From /usr/local/bin or anywhere, it starts the runtime of its own generation."""
    prefix, _ = installed
    (tmp_path / "one").symlink_to(prefix / "current" / "bin" / "offkit")
    (tmp_path / "two").symlink_to("one")
    expected = "runtime True ['doctor', 'a b']\n"
    for name in (prefix / "current" / "bin" / "offkit", tmp_path / "two"):
        assert said(name, "doctor", "a b") == expected
    assert (
        said(
            "sh",
            "-c",
            "cd / && PYTHONPATH=/nowhere PYTHONHOME=/nowhere exec \"$0\" doctor 'a b'",
            tmp_path / "two",
        )
        == expected
    )


def test_activation(installed):
    """bin/activate names the final path, in a form that sh can read."""
    prefix, made = installed
    script = '. "$0" && printf "%s\\n" "$VIRTUAL_ENV" && python -c "import alpha; alpha.main()"'
    lines = said("sh", "-c", script, prefix / "current" / "bin" / "activate").splitlines()
    assert lines == [
        made.generation.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "alpha runs",
    ]


def test_no_trace_of_the_building_place(installed):
    """Neither scripts nor settings nor RECORD mention where it was built."""
    prefix, _ = installed
    traces = [
        path
        for path, _, _, data in bundle_maker.listing(str(prefix / "current") + "/")
        if b".building-" in data and not path.endswith(".pyc")
    ]
    assert traces == []


def test_records_vouch_for_the_scripts(installed):
    """Every hash in RECORD is that of the file as it is now."""
    import base64
    import csv
    import hashlib

    prefix, _ = installed
    site = prefix / "current" / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"
    checked = []
    with open(str(site / "alpha-1.0.dist-info" / "RECORD"), encoding="utf-8", newline="") as source:
        for path, digest, _ in csv.reader(source):
            if digest:
                data = (site / path).read_bytes()
                found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                assert digest == "sha256=" + found, path
                checked.append(os.path.basename(path))
    assert {"alpha", "alpha-tool", "alpha.py"} <= set(checked)


def test_readable_by_all(installed):
    """What root installs, everybody may use: no file or directory is private."""
    prefix, _ = installed
    for path, mode, _, _ in bundle_maker.listing(str(prefix / "generations")):
        assert mode & 0o444 == 0o444, path


def test_again_is_nothing_to_do(installed):
    """The second time nothing is written."""
    prefix, made = installed
    before = bundle_maker.listing(str(prefix))
    again = put(save(prefix.parent, name="again.tar"), prefix)
    assert (again.outcome, again.id) == ("nothing", made.id)
    assert bundle_maker.listing(str(prefix)) == before


def test_a_long_prefix(tmp_path):
    """Scripts run although their interpreter's path does not fit a first line."""
    prefix = tmp_path / ("d" * 100) / ("e" * 100)
    put(save(tmp_path), prefix)
    assert said(prefix / "current" / "bin" / "alpha") == "alpha runs\n"
    assert said(prefix / "current" / "bin" / "alpha-tool") == "tool runs\n"


def test_upgrade_and_back(tmp_path):
    """A new generation beside the old; the old bundle again only switches."""
    prefix = tmp_path / "p"
    old, new = save(tmp_path), save(tmp_path, [bundle_maker.wheel("alpha", "2.0")], "new.tar")
    outcomes = [put(bundle, prefix, fake()) for bundle in (old, new, old, old)]
    assert [(one.outcome, one.id[:4]) for one in outcomes] == [
        ("install", "0001"),
        ("install", "0002"),
        ("switch", "0001"),
        ("nothing", "0001"),
    ]
    assert [one.current for one in generations.found(str(prefix))] == [True, False]


def series(tmp_path, count):
    """That many different bundles."""
    versions = [bundle_maker.wheel("alpha", "{}.0".format(n + 1)) for n in range(count)]
    return [save(tmp_path, [one], "{}.tar".format(n)) for n, one in enumerate(versions)]


class Listener(Reporter):
    """Remembers what it was warned of."""

    def __init__(self):
        self.warned = []

    def warn(self, text):
        self.warned.append(text)


def test_the_last_are_kept(tmp_path):
    """Older generations go when a new one is current; numbers are not used again."""
    prefix = tmp_path / "p"
    for bundle in series(tmp_path, 4):
        put(bundle, prefix, fake(), keep=2)
    assert [one.id[:4] for one in generations.found(str(prefix))] == ["0003", "0004"]
    assert generations.leftovers(str(prefix)) == []


def test_the_one_just_left_is_kept(tmp_path):
    """However old it is: it is what a rollback goes to."""
    prefix = tmp_path / "p"
    one, two, three, four = series(tmp_path, 4)
    for bundle in (one, two, three, one):
        put(bundle, prefix, fake())
    put(four, prefix, fake(), keep=1)
    assert [(one.id[:4], one.current) for one in generations.found(str(prefix))] == [
        ("0001", False),
        ("0004", True),
    ]


def test_a_failed_installation_removes_none(tmp_path):
    """Only what is replaced by something that works may go."""
    prefix = tmp_path / "p"
    one, two, three = series(tmp_path, 3)
    put(one, prefix, fake())
    put(two, prefix, fake())
    before = bundle_maker.listing(str(prefix))
    with pytest.raises(EnvironmentProblem):
        put(three, prefix, fake(Result([], -9, "", "")), keep=1)
    assert bundle_maker.listing(str(prefix)) == before


def test_a_rollback_between_plan_and_installation(tmp_path):
    """What has become current since the plan was made does not go."""
    prefix = tmp_path / "p"
    one, two, three = series(tmp_path, 3)
    put(one, prefix, fake())
    put(two, prefix, fake())
    found = generations.found(str(prefix))
    made = plan(three.manifest, three.digest, str(prefix), PYTHON, found, "t0", 1)
    assert made.remove == (found[0].id,)
    generations.switch(str(prefix), found[0].id)
    install.apply(made, three, fake(), run.clean_environment(), NOW, Reporter())
    assert [one.id[:4] for one in generations.found(str(prefix))] == ["0001", "0002", "0003"]


@pytest.mark.parametrize(
    ("trouble", "words", "left"),
    [("rename", "could not be removed: Operation not permitted", ["0001", "0002", "0003"]),
     ("tree", "could not be removed entirely", ["0002", "0003"])],
)  # fmt: skip
def test_what_cannot_be_removed_is_said(tmp_path, monkeypatch, trouble, words, left):
    """The new generation stands all the same."""
    prefix = tmp_path / "p"
    one, two, three = series(tmp_path, 3)
    put(one, prefix, fake())
    put(two, prefix, fake())
    real_rename, real_tree = os.rename, files.remove_tree

    def rename(source, target):
        if trouble == "rename" and "0001" in source:
            raise PermissionError(1, "Operation not permitted", source)
        real_rename(source, target)

    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr(files, "remove_tree", lambda name: "0001" not in name and real_tree(name))
    listener = Listener()
    put(three, prefix, fake(), keep=1, reporter=listener)
    assert any(text.endswith(words) for text in listener.warned)
    assert [one.id[:4] for one in generations.found(str(prefix))] == left
    assert generations.current_id(str(prefix))[:4] == "0003"


@pytest.mark.parametrize(
    ("problem", "error", "words"),
    [
        (Result([], 1, "", "ERROR: [Errno 28] No space left on device"), EnvironmentProblem, "No space left"),
        (Result([], 1, "", "ERROR: No matching distribution found for gamma"), RequestError, "pip failed"),
        (Result([], -9, "Processing x", ""), EnvironmentProblem, "pip failed \\(exit -9\\)"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), EnvironmentProblem, "failed"),
        (KeyboardInterrupt("now"), KeyboardInterrupt, "now"),
    ],
)
def test_failures_leave_what_was_there(tmp_path, problem, error, words):
    """Whatever happens in the middle, the old generation stays current and nothing is left over."""
    prefix = tmp_path / "p"
    put(save(tmp_path), prefix, fake())
    before = bundle_maker.listing(str(prefix))
    with pytest.raises(error, match=words):
        put(save(tmp_path, [BETA], "new.tar"), prefix, fake(problem))
    assert bundle_maker.listing(str(prefix)) == before


def test_pips_own_words_are_told(tmp_path):
    """A requirement that the bundle does not hold: the finding quotes pip."""
    bundle = save(tmp_path, [bundle_maker.wheel("beta", "2.1", requires=["gamma"])])
    with pytest.raises(RequestError) as caught:
        put(bundle, tmp_path / "p")
    text = " ".join(finding.message for finding in caught.value.findings)
    assert "gamma" in text
    assert not (tmp_path / "p").exists()


def test_another_installation_is_at_work(tmp_path):
    """The lock is respected, and said."""
    prefix = tmp_path / "p"
    prefix.mkdir()
    with files.lock(str(prefix / ".lock")), pytest.raises(
        EnvironmentProblem, match="another offkit is running"
    ):
        put(save(tmp_path), prefix, fake())


def test_a_bundle_that_changes_meanwhile(tmp_path):
    """Wheels are hashed once more while they are unpacked."""
    bundle = save(tmp_path)
    data = bytearray((tmp_path / "bundle.tar").read_bytes())
    data[bundle.segments[-1].contents] ^= 1
    (tmp_path / "bundle.tar").write_bytes(bytes(data))
    with pytest.raises(IntegrityError, match=r"pip-.*damaged"):
        put(bundle, tmp_path / "p", fake())
    assert not (tmp_path / "p").exists()


def test_leftovers_of_a_killed_one_are_removed(tmp_path):
    """The next installation cleans up, read-only directories included."""
    prefix = tmp_path / "p"
    left = prefix / "generations" / ".building-0001-x-y" / "lib"
    left.mkdir(parents=True)
    (left / "file").write_bytes(b"")
    left.chmod(0o500)
    made = put(save(tmp_path), prefix, fake())
    assert os.listdir(str(prefix / "generations")) == [made.id]


def test_leftovers_that_come_back_are_removed_too(tmp_path):
    """A pip that outlived its offkit writes on into a directory that was removed."""
    prefix = tmp_path / "p"
    orphan = prefix / "generations" / ".building-0001-x-y"

    def runner(argv, env, cwd):
        orphan.mkdir(exist_ok=True)
        return answer(argv, env, cwd)

    answer = fake()
    made = put(save(tmp_path), prefix, runner, token="t1")
    assert os.listdir(str(prefix / "generations")) == [made.id]


def is_free(lock):
    """Whether nobody holds it."""
    try:
        with files.lock(str(lock)):
            return True
    except BlockingIOError:
        return False


def test_killed_while_pip_works(tmp_path):
    """SIGKILL as soon as pip writes: nothing is current; the next run ends well."""
    code = (
        "import sys\nfrom offkit.edges import run\nfrom offkit.model.report import Reporter\n"
        "from offkit.server.bundle import bundle_file\nfrom offkit.server.install import install\nfrom offkit.server.python import interpreter\nfrom offkit.server.install.plan import plan\n"
        "bundle = bundle_file.read_manifest(sys.argv[1])\n"
        "made = plan(bundle.manifest, bundle.digest, sys.argv[2], interpreter.probe(interpreter.running(), run.run), [], 'killed')\n"
        "install.apply(made, bundle, run.run, run.clean_environment(), 'now', Reporter())\n"
    )
    bundle, prefix = save(tmp_path), tmp_path / "p"
    toolkit = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
    environment = dict(os.environ, PYTHONPATH=toolkit)
    child = subprocess.Popen([sys.executable, "-c", code, bundle.path, str(prefix)], env=environment)
    place = "generations/{}{}-killed/tmp/requirements.txt".format(".building-0001-", bundle.digest[:8])
    waiting.until((prefix / place).exists, child)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert generations.found(str(prefix)) == []
    assert len(generations.leftovers(str(prefix))) == 1
    waiting.until(lambda: is_free(prefix / ".lock"))  # a child that has yet to become pip holds it too
    made = put(bundle, prefix)
    assert generations.current_id(str(prefix)) == made.id
    assert said(prefix / "current" / "bin" / "alpha") == "alpha runs\n"


def test_everything_that_stands_in_the_way(tmp_path):
    """One error with all the findings, before anything is written."""
    bundle = save(tmp_path)
    host = Host("riscv64", (2, 5), {}, "", False)
    volume = Volume("/", "/", 0, 0, True, False, False, True)
    found = install.misfits(bundle, "/p", host, volume, entries=10)
    assert [one.code for one in found] == [
        "ENV021",
        "ENV022",
        "ENV023",
        "ENV027",
        "ENV026",
        "ENV024",
        "ENV025",
    ]


def test_a_survey_asks_the_interpreter_too(tmp_path):
    """No Python at the given path, and a file where the prefix should be: both are said."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentProblem) as caught:
        install.survey(save(tmp_path), str(tmp_path / "file" / "p"), "/nowhere/python3", run.run)
    assert {"PY011", "ENV027"} <= {one.code for one in caught.value.findings}


def test_wheels_are_counted(tmp_path):
    """Files in all wheels; something that is no wheel is said."""
    bundle = save(tmp_path)
    assert install.count_entries(bundle) > 100
    with pytest.raises(IntegrityError, match="not a wheel"):
        install.count_entries(save(tmp_path, [("rubbish-1.0-py3-none-any.whl", b"no zip")], "bad.tar"))
