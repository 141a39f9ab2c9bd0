"""Sources of a bundle, really compiled: by gcc, for this Python, in a build environment from the bundle."""

import json
import os

import pytest

import bundle_maker
import sdist_maker
from offkit.edges import run
from offkit.model import sources
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file
from offkit.server.install import compilation, compiler, install, session
from offkit.server.install.plan import plan
from offkit.server.prefix import generations
from offkit.server.python import interpreter

pytestmark = pytest.mark.skipif(bool(sdist_maker.lacks()), reason=sdist_maker.lacks() or "gcc is here")
PYTHON = interpreter.probe(interpreter.running(), run.run)
NOW = "2026-01-31T12:00:00Z"
ALPHA = bundle_maker.wheel("alpha")


def save(where, *made, **more):
    path = where / "bundle.tar"
    path.write_bytes(sdist_maker.bundle(*made, **more).data)
    return bundle_file.read_manifest(str(path))


def put(bundle, prefix, strict=True, environment=None):
    """As an installation does it; the path of the generation."""
    carried = sources.from_options(bundle.manifest.options)
    env = run.clean_environment() if environment is None else environment
    step = compilation.prepare(bundle, carried, PYTHON, strict, run.run, env, Reporter())
    existing = generations.found(str(prefix))
    made = plan(bundle.manifest, bundle.digest, str(prefix), PYTHON, existing, "t0", None, (), (step,))
    install.apply(made, bundle, run.run, env, NOW, Reporter(), (step,))
    return made.generation


def answer(generation, *names):
    words = ["import " + ", ".join(names), "print(" + ", ".join(name + ".answer()" for name in names) + ")"]
    done = run.run([os.path.join(generation, "bin", "python"), "-I", "-c", "; ".join(words)])
    return done.stdout.split() or done.stderr


def test_compiled_and_installed(tmp_path, monkeypatch):
    """Two sources, one of which needs the other and a wheel, into a path with a space and letters beyond ASCII.
    Nothing of the caller's environment gets in, and what came of it is written down."""
    monkeypatch.setenv("CC", "false")
    monkeypatch.setenv("CFLAGS", "-DNO_SUCH -march=native")
    monkeypatch.setenv("CPATH", "/nowhere")
    one, two = sdist_maker.sdist("answer"), sdist_maker.sdist("other", "2.0", requires=["answer", "alpha"])
    bundle = save(tmp_path, one, two, wheels=[ALPHA])
    generation = put(bundle, tmp_path / os.fsdecode("my pläce".encode()))
    assert answer(generation, "answer", "other") == ["42", "42"]
    with open(os.path.join(generation, "offkit", "compiled.json"), "rb") as source:
        told = json.loads(source.read().decode("ascii"))
    assert (told["schema"], told["python"]["version"]) == ("offkit/compiled-1", PYTHON.version)
    assert told["compiler"].startswith("gcc")
    assert [(each["name"], each["version"]) for each in told["packages"]] == [
        ("answer", "1.0"),
        ("other", "2.0"),
    ]
    first = told["packages"][0]
    assert first["source"]["file"] == "answer-1.0.tar.gz"
    assert first["wheel"]["file"].endswith(".whl")
    assert first["built_with"] == [{"name": "gccback", "version": "1.0"}]
    with open(os.path.join(generation, "offkit", "receipt.json")) as source:
        receipt = json.load(source)
    assert [each["name"] for each in receipt["packages"]] == ["alpha", "answer", "other"]
    assert not os.path.exists(os.path.join(generation, "tmp"))


def test_what_does_not_compile_leaves_nothing(tmp_path):
    """The compiler's words, the header, and a prefix as it was: there was none."""
    code = "#include <nowhere/odd.h>\n"
    with pytest.raises(EnvironmentProblem) as caught:
        put(save(tmp_path, sdist_maker.sdist("broken", code=code)), tmp_path / "p")
    error = caught.value
    assert error.message == "broken 1.0 could not be compiled; nothing was installed"
    assert {each.code for each in error.findings} == {"ENV035"}
    assert error.findings[0].message == "needs the header nowhere/odd.h"
    assert any("broken.c:1" in each.message for each in error.findings)
    assert os.listdir(str(tmp_path)) == ["bundle.tar"]


def test_an_older_generation_stays(tmp_path):
    """As with any installation that fails."""
    before = put(save(tmp_path, sdist_maker.sdist("answer")), tmp_path / "p")
    with pytest.raises(EnvironmentProblem):
        put(save(tmp_path, sdist_maker.sdist("answer", code="#error no\n")), tmp_path / "p")
    assert os.path.realpath(str(tmp_path / "p" / "current")) == os.path.realpath(before)
    assert os.listdir(str(tmp_path / "p" / "generations")) == [os.path.basename(before)]


def test_a_wheel_of_something_else(tmp_path):
    """What a backend makes must be what the bundle says."""
    _, data = sdist_maker.sdist("answer", "2.0")
    bundle = save(tmp_path, ("other-2.0.tar.gz", data))
    with pytest.raises(EnvironmentProblem) as caught:
        put(bundle, tmp_path / "p")
    assert "other-2.0.tar.gz gave answer-2.0-cp" in caught.value.message


def test_a_lock_with_orders_in_it(tmp_path):
    """pip would obey them."""
    bundle = save(tmp_path, sdist_maker.sdist("answer"), lock="--index-url https://x.example/\n")
    carried = sources.from_options(bundle.manifest.options)
    with pytest.raises(IntegrityError) as caught:
        compilation.prepare(bundle, carried, PYTHON, True, run.run, {}, Reporter())
    assert caught.value.findings[0].code == "BUN014"
    assert caught.value.findings[0].subject == "sources/answer-1.0.build.txt"


def test_a_source_that_is_not_there(tmp_path):
    """The manifest speaks of one that the bundle does not have."""
    bundle = save(tmp_path, sdist_maker.sdist("answer"))
    (one,) = sources.from_options(bundle.manifest.options)
    for lost in (one._replace(member="sources/other-1.tar.gz"), one._replace(lock="sources/other.txt")):
        with pytest.raises(IntegrityError) as caught:
            compilation.prepare(bundle, [lost], PYTHON, True, run.run, {}, Reporter())
        assert caught.value.findings[0].code == "BUN002"
        assert "sources/other" in caught.value.message


def test_state_is_asked_once_more(tmp_path, monkeypatch):
    """yum said that it was done, and there still is no compiler."""
    bundle = save(tmp_path, sdist_maker.sdist("answer"))
    lack = compiler.Lack("gcc", "gcc", ("answer 1.0",), (), True)
    monkeypatch.setattr(compiler, "lacking", lambda *given: [lack])
    with pytest.raises(EnvironmentProblem) as caught:
        put(bundle, tmp_path / "p")
    assert [each.code for each in caught.value.findings] == ["ENV034"]
    assert not (tmp_path / "p").exists()


def test_what_is_known_to_be_missing_may_be_tried(tmp_path):
    """--allow-missing: what a source is known to want, and does not."""
    made = sdist_maker.sdist("answer")
    bundle = save(tmp_path, made, headers=["nowhere/odd.h"])
    with pytest.raises(EnvironmentProblem):
        put(bundle, tmp_path / "p")
    assert answer(put(bundle, tmp_path / "p", strict=False), "answer") == ["42"]


def request(bundle, prefix, **more):
    return session.Request(bundle.path, str(prefix), PYTHON.path, None, alone=True, **more)


def test_refused_before_anything_is_written(tmp_path, monkeypatch):
    """No gcc: the whole list, the command, exit 4; and no prefix."""
    bundle = save(tmp_path, sdist_maker.sdist("answer"))
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    for dry_run in (True, False):
        with pytest.raises(EnvironmentProblem) as caught:
            session.go(request(bundle, tmp_path / "p", dry_run=dry_run), Reporter())
        assert [(each.code, each.subject) for each in caught.value.findings] == [("ENV034", "gcc")]
        assert caught.value.fix == (
            "have root install them: yum install gcc; or run this as root with --iso FILE"
        )
    assert os.listdir(str(tmp_path)) == ["bundle.tar"]


def test_a_dry_run_says_it(tmp_path):
    """As a step of the plan, and writes nothing."""
    bundle = save(tmp_path, sdist_maker.sdist("answer"))
    made = session.go(request(bundle, tmp_path / "p", dry_run=True), Reporter())
    texts = [each.text for each in made.plan.steps]
    assert "compile answer 1.0 with gcc, in environments of their own" in texts
    assert [each.name for each in made.packages] == ["answer"]
    assert os.listdir(str(tmp_path)) == ["bundle.tar"]


def test_what_stands_needs_no_compiler_any_more(tmp_path, monkeypatch):
    """Installed once, the same bundle is found there, whatever has gone since; what came of it is judged by
    the loader's rules like all else."""
    bundle = save(tmp_path, sdist_maker.sdist("answer"))
    done = session.go(request(bundle, tmp_path / "p"), Reporter())
    assert (done.plan.outcome, done.judged) == ("install", ())
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    assert session.go(request(bundle, tmp_path / "p"), Reporter()).plan.outcome == "nothing"
