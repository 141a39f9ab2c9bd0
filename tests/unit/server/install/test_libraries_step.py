"""Installing without root where libraries are missing: real environments, a real pip, a medium as a directory."""

import builtins
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

import bundle_maker
from elf_maker import build
from library_maker import Shelf
from offkit.cli import app, render
from offkit.edges import host, run
from offkit.edges.tree import Tree
from offkit.media import medium, rpm_keys
from offkit.media.rpm_keys import NO_KEY, SIGNED, Verdict
from offkit.model import checklist, layout
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from offkit.server.install import install, step
from offkit.server.install.plan import INSTALL, NOTHING, plan
from offkit.server.libraries import record
from offkit.server.prefix import generations, inventory, uninstall
from offkit.server.python import interpreter

PIP = bundle_maker.pip_wheel()
PYTHON = interpreter.probe(interpreter.running(), run.run)
NOW = "2026-01-31T12:00:00Z"
A, B, C = "libofftest-a.so.1", "libofftest-b.so.1", "libofftest-c.so.1"
MODULE = "alpha_native.so"
OPEN = "import _ctypes, sys; _ctypes.dlopen(sys.argv[1], 2); print('opened')"

pytestmark = pytest.mark.skipif(
    bundle_maker.this_machine().arch != "x86_64", reason="the makers write x86_64"
)


@pytest.fixture(autouse=True)
def signed(monkeypatch):
    """The RPMs here are unsigned; what rpm says of real ones is tested in the lab."""
    monkeypatch.setattr(rpm_keys.KeyRing, "check", lambda ring, path: Verdict(SIGNED, "f4a80eb5"))


@pytest.fixture
def disc(tmp_path):
    shelf = Shelf(tmp_path / "disc")
    shelf.add("a", A, needed=[B])
    shelf.add("b", B)
    shelf.add("c", C)
    return shelf.done()


def told_of_libraries(taken):
    """The warnings, but for the one where there is no rpm to check signatures with."""
    return [each for each in taken.warnings if each.code != "RPM009" or shutil.which("rpm")]


def save(tmp_path, needed=(A,), told=None, name="bundle.tar", carried=None, **fields):
    """A bundle whose module needs libraries; ``told`` is what its checklist says of them, ``carried``
    a directory with RPMs that come in it."""
    elf = build(needed=needed, exports=["PyInit_alpha_native"], **fields)
    alpha = bundle_maker.wheel("alpha", files={"alpha.py": b"", MODULE: elf})
    wanted = needed if told is None else told
    rows = tuple(Library(each, (), ("alpha: " + MODULE,), "", False) for each in wanted)
    extra = {layout.CHECKLIST: checklist.dump(Checklist(rows))}
    for folder, _, names in os.walk(str(carried or os.devnull)):
        for each in names:
            path = os.path.join(folder, each)
            with open(path, "rb") as source:
                extra[layout.RPMS + os.path.relpath(path, str(carried))] = source.read()
    made = bundle_maker.make(dict([alpha, PIP]), bundle_maker.this_machine(), extra=extra)
    path = tmp_path / name
    path.write_bytes(made.data)
    return bundle_file.read_manifest(str(path))


def needs(bundle):
    """What its checklist says."""
    return checklist.load(bundle.read(layout.CHECKLIST))


def put(bundle, prefix, *discs, python=PYTHON, dry=False, named=True):
    """Prepare, plan, apply: the plan."""
    prefix = str(prefix)
    existing = generations.found(prefix)
    with ExitStack() as stack:
        taken = step.prepare(
            bundle,
            needs(bundle),
            prefix,
            python,
            existing,
            [medium.of(one) for one in discs],
            named and bool(discs),
            stack,
        )
        token = "t{}".format(len(existing))
        made = plan(
            bundle.manifest,
            bundle.digest,
            prefix,
            python,
            existing,
            token,
            None,
            taken.outdated,
            taken.additions,
        )
        if not dry:
            environment = run.clean_environment()
            install.apply(made, bundle, run.run, environment, NOW, Reporter(), taken.additions)
    return made


def opened(generation):
    """What the generation's Python says of the module, with no variable set that the loader reads."""
    (path,) = [os.path.join(site, MODULE) for site in sites(generation)]
    python = os.path.join(generation, "bin", "python")
    done = subprocess.run(
        [python, "-I", "-c", OPEN, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={}
    )
    return done.stdout.decode("utf-8", "replace").strip()


def sites(generation):
    return environment.locate(Tree("/"), generation)[0].site_packages


def libraries_found(generation):
    """Without what the standard library of this machine's Python lacks (tkinter where there is no Tk)."""
    found = [each for each in examine(generation, variables={}).findings if each.code.startswith("LIB")]
    return [each for each in found if each.code != "LIB001" or each.subject in (A, B, C)]


def test_what_is_missing_is_taken_and_found(tmp_path, disc):
    """The doctor agrees, and says where the libraries are from; the scripts and the records are whole."""
    made = put(save(tmp_path), tmp_path / "prefix", disc)
    (text,) = [each.text for each in made.steps if each.action == "libraries"]
    assert text == "unpack {}, {} from 2 RPMs on disc (no root needed)".format(B, A)
    assert not any(each.root for each in made.steps)
    assert opened(made.generation) == "opened"
    told = libraries_found(made.generation)
    assert [each.code for each in told] == ["LIB012"]
    assert "2 libraries in this generation, from 2 RPMs on disc: a-1.0-1.el7.x86_64, b-1.0" in told[0].message
    assert [each.code for each in examine(made.generation, checks=("packages",)).findings] == []
    assert inventory.read(str(tmp_path / "prefix")).findings == ()


def test_a_dry_run_writes_nothing(tmp_path, disc):
    """And names what would be taken."""
    made = put(save(tmp_path), tmp_path / "prefix", disc, dry=True)
    assert [each.action for each in made.steps].count("libraries") == 1
    assert not (tmp_path / "prefix").exists()


def test_where_nothing_is_missing_nothing_is_taken(tmp_path, disc):
    made = put(save(tmp_path, needed=["libc.so.6"]), tmp_path / "prefix", disc)
    assert [each.action for each in made.steps].count("libraries") == 0
    assert os.path.islink(os.path.join(made.generation, "bin", "python"))


def test_what_the_checklist_did_not_foresee(tmp_path, disc):
    """The doctor looks again when the packages are there, and the medium is asked again."""
    made = put(save(tmp_path, needed=[A, C], told=[A]), tmp_path / "prefix", disc)
    listed = record.read(Tree("/"), made.generation)
    assert {each.soname for each in listed.entries} == {A, B, C}
    assert opened(made.generation) == "opened"


def test_a_module_with_a_runpath(tmp_path, disc):
    """Its libraries are loaded when Python starts, and the doctor knows."""
    made = put(save(tmp_path, needed=[A], runpath="$ORIGIN/nowhere"), tmp_path / "prefix", disc)
    assert record.read(Tree("/"), made.generation).preloaded == (A,)
    assert opened(made.generation) == "opened"
    assert [each.code for each in libraries_found(made.generation)] == ["LIB012"]
    (site,) = sites(made.generation)
    os.unlink(os.path.join(site, record.PTH))
    assert "cannot open shared object file" in opened(made.generation)
    assert [each.code for each in libraries_found(made.generation)] == ["LIB012", "LIB001"]


def test_nowhere_to_be_had(tmp_path, disc):
    """Before anything is written."""
    with pytest.raises(RequestError) as caught:
        put(save(tmp_path, needed=["libofftest-x.so.1", "libofftest-y.so.1"]), tmp_path / "prefix", disc)
    assert [each.code for each in caught.value.findings] == ["RPM004"]
    assert not (tmp_path / "prefix").exists()


def test_no_room(tmp_path, disc, monkeypatch):
    from offkit.edges import host

    real = host.volume(str(tmp_path))
    monkeypatch.setattr(host, "volume", lambda path: real._replace(free_bytes=1000))
    with pytest.raises(EnvironmentProblem) as caught:
        put(save(tmp_path), tmp_path / "prefix", disc)
    assert [each.code for each in caught.value.findings] == ["ENV024"]


def test_again_does_nothing(tmp_path, disc):
    bundle = save(tmp_path)
    put(bundle, tmp_path / "prefix", disc)
    assert put(bundle, tmp_path / "prefix", disc).outcome == NOTHING


def test_an_installation_without_the_libraries_is_made_anew_with_them(tmp_path, disc):
    """The same bundle, first without a medium; the older generation stays."""
    bundle = save(tmp_path)
    first = put(bundle, tmp_path / "prefix")
    assert "cannot open shared object file" in opened(first.generation)
    second = put(bundle, tmp_path / "prefix", disc)
    assert (second.outcome, os.path.isdir(first.generation)) == (INSTALL, True)
    assert opened(second.generation) == "opened"


def test_libraries_that_were_altered_are_damage(tmp_path, disc):
    """To the doctor, and to an installation of the same bundle."""
    bundle = save(tmp_path)
    made = put(bundle, tmp_path / "prefix", disc)
    path = os.path.join(made.generation, "offkit", "lib64", B)
    with open(path, "ab") as sink:
        sink.write(b"x")
    assert [(each.code, each.subject) for each in libraries_found(made.generation)[1:]] == [("LIB013", B)]
    (found,) = install.damaged(bundle, PYTHON, generations.found(str(tmp_path / "prefix")), run.run)
    assert "offkit/lib64/{} is altered".format(B) in found.message
    os.unlink(path)
    codes = [(each.code, each.subject) for each in libraries_found(made.generation)[1:]]
    assert codes == [("LIB013", B)]


def test_a_list_that_cannot_be_read_is_told(tmp_path, disc):
    made = put(save(tmp_path), tmp_path / "prefix", disc)
    with open(os.path.join(made.generation, layout.GENERATION_LIBRARY_LIST), "w") as sink:
        json.dump({"schema": "another"}, sink)
    assert [each.code for each in libraries_found(made.generation)] == ["LIB013"]


def test_a_new_bundle_takes_over_what_an_earlier_generation_has(tmp_path, disc):
    """Without the medium; what it needs comes along, and the record keeps where it was from."""
    first = put(save(tmp_path), tmp_path / "prefix", disc)
    made = put(save(tmp_path, needed=[A], name="next.tar", soname="next"), tmp_path / "prefix", named=False)
    (text,) = [each.text for each in made.steps if each.action == "libraries"]
    assert text == "copy {}, {} from an earlier generation".format(B, A)
    assert opened(made.generation) == "opened"
    before, after = (record.read(Tree("/"), each.generation).entries for each in (first, made))
    assert set(before) == set(after)


def test_only_what_is_whole_is_taken_over(tmp_path, disc):
    """What it needs, too."""
    first = put(save(tmp_path), tmp_path / "prefix", disc)
    with open(os.path.join(first.generation, "offkit", "lib64", B), "ab") as sink:
        sink.write(b"x")
    with ExitStack() as stack:
        existing = generations.found(str(tmp_path / "prefix"))
        bundle = save(tmp_path, name="next.tar", soname="next")
        taken = step.prepare(
            bundle, needs(bundle), str(tmp_path / "prefix"), PYTHON, existing, [], False, stack
        )
    assert (taken.additions, taken.complete) == ((), False)


def test_the_medium_comes_first_and_the_rest_is_taken_over(tmp_path, disc):
    other = Shelf(tmp_path / "other")
    other.add("c", C)
    put(save(tmp_path), tmp_path / "prefix", disc)
    bundle = save(tmp_path, needed=[A, C], name="next.tar")
    made = put(bundle, tmp_path / "prefix", other.done(), named=False)
    (text,) = [each.text for each in made.steps if each.action == "libraries"]
    assert text.startswith("unpack {} from 1 RPM on other (no root needed); copy ".format(C))
    assert opened(made.generation) == "opened"


def test_everything_goes_with_the_prefix(tmp_path, disc):
    prefix = tmp_path / "prefix"
    put(save(tmp_path), prefix, disc)
    uninstall.apply(uninstall.plan(str(prefix)), "t", Reporter())
    assert not prefix.exists()


def test_an_interpreter_that_offkit_brought_gets_what_its_modules_lack(tmp_path, disc):
    """What matters of it; what nobody has is no obstacle."""
    series = "python{}.{}".format(*sys.version_info[:2])
    prefix = tmp_path / "prefix"
    base = prefix / "python" / "1" / "usr"
    for folder in ("bin", "lib/{}/lib-dynload".format(series), "lib/{}/encodings".format(series)):
        (base / folder).mkdir(parents=True)
    os.symlink(os.path.realpath(sys.executable), str(base / "bin" / series))
    for name in ("os.py", "site.py", "encodings/__init__.py"):
        (base / "lib" / series / name).write_text("")
    dynload = base / "lib" / series / "lib-dynload"
    (dynload / "_ssl.so").write_bytes(build(needed=[A, "libofftest-none.so.1"], exports=["PyInit__ssl"]))
    brought = PYTHON._replace(path=str(base / "bin" / series))
    made = put(save(tmp_path, needed=["libc.so.6"]), prefix, disc, python=brought, dry=True)
    (text,) = [each.text for each in made.steps if each.action == "libraries"]
    assert text.startswith("unpack {}, {} from".format(B, A))


@pytest.fixture
def offkit_install(monkeypatch, tmp_path):
    """Run ``offkit install --no-root`` into a prefix: (exit code, stdout, stderr)."""
    endings = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    handlers = [signal.getsignal(number) for number in endings]

    def run_it(bundle, *args):
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True))
        words = ["install", bundle.path, "--prefix", str(tmp_path / "prefix"), "--no-root"]
        with pytest.raises(SystemExit) as left:
            app.main(words + list(args))
        said = [stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr)]
        return (left.value.code, *said)

    yield run_it
    for number, handler in zip(endings, handlers):
        signal.signal(number, handler)
    render.console()


def test_out_of_the_bundle_and_then_out_of_a_generation(tmp_path, disc, offkit_install):
    """As it is typed: RPMs that a bundle carries are a medium, and what was taken from it outlives it."""
    code, _, err = offkit_install(save(tmp_path, carried=disc))
    assert code == 0, err
    first = os.path.realpath(str(tmp_path / "prefix" / "current"))
    assert opened(first) == "opened"
    assert "from 2 RPMs on bundle.tar" in libraries_found(first)[0].message
    code, _, err = offkit_install(save(tmp_path, needed=[A], name="next.tar", soname="next"))
    assert code == 0, err
    second = os.path.realpath(str(tmp_path / "prefix" / "current"))
    assert (second != first, opened(second)) == (True, "opened")


def test_a_bundle_is_opened_and_its_checklist_read_once(tmp_path, disc, offkit_install, monkeypatch):
    """Libraries out of a medium, and the doctor's judgement in the end, included."""
    bundle, opened, read = save(tmp_path), [], []
    real = {"os": os.open, "io": builtins.open, "load": checklist.load}
    there = os.path.samefile

    def counted(which):
        def call(path, *args, **more):
            if not isinstance(path, int) and os.path.exists(path) and there(path, bundle.path):
                opened.append(which)
            return real[which](path, *args, **more)

        return call

    monkeypatch.setattr(os, "open", counted("os"))
    monkeypatch.setattr(builtins, "open", counted("io"))
    monkeypatch.setattr(checklist, "load", lambda text: read.append(text) or real["load"](text))
    code, _, err = offkit_install(bundle, "--rpm-repo", disc)
    assert (code, opened, len(read)) == (0, ["os"], 1), err


@pytest.mark.skipif(shutil.which("xorriso") is None, reason="xorriso is not installed")
def test_a_disc_of_another_vendor(tmp_path, disc, offkit_install, monkeypatch):
    """Kylin's on a CentOS, known by the name of its volume alone: nobody is sent after a key first."""
    iso = str(tmp_path / "kylin.iso")
    argv = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "Kylin-Server-10", "-o", iso, disc]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    monkeypatch.setattr(host, "os_release", lambda tree: {"ID": "centos", "VERSION_ID": "7"})
    monkeypatch.setattr(rpm_keys.KeyRing, "check", lambda ring, path: Verdict(NO_KEY, "f4a80eb5"))
    code, _, err = offkit_install(save(tmp_path), "--iso", iso)
    assert code == 3
    told = [line for line in err.splitlines() if line[:1] not in "→- "]
    assert told[0] == "error: a medium is not for this server", err
    assert "ENV049  {}: is Kylin".format(iso) in told[1]
    assert "is Kylin-Server-10 (kylin10), and this server is el7" in told[1]
    assert "RPM003" in told[2]


def test_out_of_a_repository_as_it_is_typed(tmp_path, disc, offkit_install):
    """What it lacks stops it, unless it may be missing; what the doctor finds then is in the exit code."""
    bundle = save(tmp_path, needed=[A, "libofftest-x.so.1"])
    code, out, err = offkit_install(bundle, "--rpm-repo", disc)
    assert (code, "RPM004" in err, os.path.exists(str(tmp_path / "prefix"))) == (1, True, False)
    code, out, err = offkit_install(bundle, "--rpm-repo", disc, "--allow-missing")
    assert (code, "LIB001" in out + err) == (1, True)


@pytest.mark.parametrize(("more", "complete"), [((), True), (("libofftest-x.so.1",), False)])
def test_whether_nothing_will_be_missing(tmp_path, disc, more, complete):
    """What no medium has is a warning where nobody named one, with all media that were asked."""
    bundle = save(tmp_path, needed=[A, *more])
    with ExitStack() as stack:
        chosen = [medium.of(disc)]
        taken = step.prepare(
            bundle, needs(bundle), str(tmp_path / "prefix"), PYTHON, [], chosen, False, stack
        )
    assert (len(taken.additions), taken.outdated, taken.complete) == (1, (), complete)
    assert [
        (each.code, each.severity, each.subject, each.looked_in) for each in told_of_libraries(taken)
    ] == [("RPM004", "warning", name, ("disc",)) for name in more]


def test_nothing_on_any_medium(tmp_path, disc):
    """Nothing is done then, and without a medium nothing is said either: the doctor will."""
    bundle = save(tmp_path, needed=["libofftest-x.so.1"])
    for chosen, codes in (([medium.of(disc)], ["RPM004"]), ([], [])):
        with ExitStack() as stack:
            taken = step.prepare(
                bundle, needs(bundle), str(tmp_path / "prefix"), PYTHON, [], chosen, False, stack
            )
        assert (taken.additions, taken.complete) == ((), False)
        assert [each.code for each in told_of_libraries(taken)] == codes


def test_media_that_are_named_have_to_have_it(tmp_path, disc):
    """Said of all that is lacking, before anything is written."""
    bundle = save(tmp_path, needed=[A, "libofftest-x.so.1", "libofftest-y.so.1"])
    chosen = [medium.of(disc)]
    with ExitStack() as stack, pytest.raises(RequestError) as caught:
        step.prepare(bundle, needs(bundle), str(tmp_path / "prefix"), PYTHON, [], chosen, True, stack)
    assert caught.value.message == "libraries are on none of the media; the bundle was not installed"
    assert [(each.severity, each.subject) for each in caught.value.findings] == [
        ("error", "libofftest-x.so.1, libofftest-y.so.1"),
    ]


def test_generations_that_are_without_these_libraries(tmp_path, disc):
    """Those of this bundle count as outdated; one that has them is enough, and no medium is read then."""
    bundle = save(tmp_path)

    def made(name, *sonames, digest=bundle.digest):
        path = tmp_path / name
        (path / "offkit").mkdir(parents=True)
        rows = [record.LibraryFile(each, "r", "p", "m", "0", 1, "k") for each in sonames]
        (path / "offkit" / "libraries.json").write_bytes(record.dump(record.Record(tuple(rows), ())))
        receipt = generations.Receipt(name, digest, {}, PYTHON.path, PYTHON.version, "", "", ())
        return generations.Generation(name, str(path), receipt, False)

    without = made("0001-a", B)
    other = made("0002-b", digest="f" * 64)
    whole = made("0003-c", A, B)
    chosen = [medium.of(disc)]
    prefix = str(tmp_path / "prefix")
    with ExitStack() as stack:
        taken = step.prepare(bundle, needs(bundle), prefix, PYTHON, [without, other], chosen, True, stack)
        assert (taken.outdated, taken.complete, len(taken.additions)) == (("0001-a",), True, 1)
        taken = step.prepare(
            bundle, needs(bundle), prefix, PYTHON, [without, other, whole], chosen, True, stack
        )
        assert taken == step.Prepared((), (), (), True)
