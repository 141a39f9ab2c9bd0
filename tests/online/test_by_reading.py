"""What is proven of each bundle by reading its wheels, and what its manifest says of that."""

import pytest

import bundle_maker
from offkit.model import manifest, proof
from offkit.model.checklist import Checklist, Library
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.report import Reporter
from offkit.online import bundle
from offkit.online.bundle import Order
from offkit.online.proof import by_reading
from offkit.online.request.locked import Lock, LockedWheel, Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch, store
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")


def locked(cache, name, version="1", requires=(), extras=(), **more):
    filename, body = bundle_maker.wheel(name, version, {f"{name}.py": b""}, requires=requires, **more)
    path = store.keep(filename, body, cache)
    return LockedWheel(name, version, filename, "", store.sha256(path), (), tuple(extras))


@pytest.mark.parametrize(("wheels", "missing"), [
    ([("alpha", "1", ["beta>=1"]), ("beta", "2")], []),
    ([("alpha", "1", ["beta>=3"]), ("beta", "2")], [("beta", "is needed by alpha 1 (beta>=3); the lock has 2")]),
    ([("alpha", "1", ["beta>=3", "gamma"])], [
        ("beta", "is needed by alpha 1 (beta>=3) and not in the lock"),
        ("gamma", "is needed by alpha 1 (gamma) and not in the lock"),
    ]),
    ([("alpha", "1", ['beta; python_version < "3.7"'])], [
        ("beta", 'is needed by alpha 1 (beta; python_version < "3.7") and not in the lock')]),
    ([("alpha", "1", ['beta; python_version >= "3.7"', 'beta; sys_platform == "win32"'])], []),
    ([("alpha", "1", ["beta (>1.*)"]), ("beta", "2")], []),  # as the target's own pip reads it
    ([("alpha", "1", ["beta @ https://example.org/beta-2-py3-none-any.whl"]), ("beta", "2")], [
        ("beta", "is needed by alpha 1 (beta @ https://example.org/beta-2-py3-none-any.whl), from another place "
                 "than an index")]),
])  # fmt: skip
def test_what_is_closed(tmp_path, wheels, missing):
    """Each requirement that holds on the target, whatever this interpreter is; all that is missing at once."""
    lock = Lock(EL7, tuple(locked(tmp_path, *one) for one in wheels))
    found = by_reading.closure(lock, tmp_path)
    assert [(one.code, one.severity) for one in found.findings] == [("REQ022", ERROR)] * len(missing)
    assert [(one.subject, one.message) for one in found.findings] == missing
    assert (found.proof.kind, found.proof.when, found.proof.passed) == ("closure", "", not missing)
    expected = ": ".join(missing[0]) if missing else "each requirement of each wheel is met"
    assert found.proof.said == expected


def test_a_wheel_that_changed_is_not_the_one_that_was_locked(tmp_path):
    """Its hash says so."""
    wheel = locked(tmp_path, "alpha")
    (path,) = tmp_path.glob("wheels/*/*.whl")
    path.write_bytes(b"rotten")
    store._checked.clear()
    found = by_reading.closure(Lock(EL7, (wheel,)), tmp_path)
    assert f"1 with sha256 {wheel.sha256} is not in the cache" in found.proof.said


@pytest.fixture
def order(mirror, tmp_path, monkeypatch):
    """Make a bundle of what an index has; nothing but the index is asked."""
    server = mirror(metadata=True)
    server.add("alpha", "1", requires=["beta", 'gamma; extra == "more"'], extras=["more"])
    server.add("beta", "2")
    server.add("gamma", "3")
    server.add("pip", "21.3.1")
    for name in ("typer", "click"):
        server.add(name, "1")
    monkeypatch.setattr(bundle, "_runtime", lambda session: ())
    monkeypatch.setattr(bundle.runtime, "build", lambda paths, cache: b"pyz")
    monkeypatch.setattr(bundle.bootstrap, "script", lambda *given: b"#!/bin/sh\n")
    monkeypatch.setattr(bundle.bootstrap, "seal", lambda contents, offset, digest: contents)

    def make(*requirements, name="b.tar"):
        request = Request(requirements, (), tuple(server.args))
        return bundle.bundle(Order(request, EL7, tmp_path / name, tmp_path / "cache"), Reporter())

    return make


def test_an_extra_that_was_asked_for_counts(order):
    """And one that nobody has does not."""
    done = order("alpha[more,none]")
    assert {one.name: one.extras for one in done.lock.wheels} == {"alpha": ("more",), "beta": (), "gamma": ()}
    assert [(one.kind, one.passed) for one in done.proofs] == [
        ("closure", True), ("forecast", True), ("syntax", True),
    ]  # fmt: skip
    without = done.lock._replace(wheels=tuple(one for one in done.lock.wheels if one.name != "gamma"))
    found = by_reading.closure(without, done.packed.path.parent / "cache")
    assert [one.subject for one in found.findings] == ["gamma"]


def test_the_same_bundle_twice_is_the_same_bytes(order, tmp_path):
    """The proofs in its manifest have no date: they hold at any time."""
    once, again = order("alpha"), order("alpha", name="c.tar")
    assert once.packed.sha256 == again.packed.sha256
    assert (tmp_path / "b.tar").read_bytes() == (tmp_path / "c.tar").read_bytes()
    told = proof.from_options(once.packed.manifest.options)
    assert told == list(once.proofs)
    assert {one.when for one in told} == {""}
    assert manifest.load(manifest.dump(once.packed.manifest)) == once.packed.manifest


def test_a_bundle_that_is_not_closed(order, monkeypatch):
    """Is written, and says so."""
    real = by_reading.standing.look
    monkeypatch.setattr(by_reading.standing, "look", lambda pins, *more: real(pins[:1], *more))
    done = order("alpha")
    assert [one.code for one in done.findings if one.severity == ERROR] == ["REQ022"]
    assert done.proofs[0].describe() == (
        "closure FAILED (METADATA of 2 wheels): beta: is needed by alpha 1 (beta) and not in the lock"
    )


def of(severity, subject):
    return Finding("REQ020", severity, subject, "in the words of an interpreter")


@pytest.mark.parametrize(("findings", "passed", "said"), [
    ([], True, "all of them compile"),
    ([of(WARNING, "alpha")], True, "files that may never be imported do not compile: alpha"),
    ([of(WARNING, "alpha"), of(ERROR, "beta")], False, "cannot be imported: beta"),
    ([of(ERROR, c) for c in "abcdefg"], False, "cannot be imported: a, b, c, d, e and 2 more"),
])  # fmt: skip
def test_syntax(findings, passed, said):
    """In words that are the same whichever interpreter has read the sources."""
    found = by_reading.syntax(findings, "3.6")
    assert (found.passed, found.said, found.when) == (passed, said, "")
    assert found.on == "sources of the wheels, grammar of Python 3.6"


def test_forecast():
    """How much the server has to have, beside its C library and what the bundle brings."""
    libraries = Checklist(
        tuple(
            Library(soname, (), ("x",), rpm, inside)
            for soname, rpm, inside in (("libc.so.6", "glibc", False), ("libGL.so.1", "mesa", False), ("libSM.so.6", "libSM", True))
        )
    )  # fmt: skip
    words = "needs 1 library of the server beside the C library"
    for installed, more in ((True, ""), (False, "; what is installed there is not known")):
        found = by_reading.forecast([Finding("LIB001", INFO, "x", "y")], libraries, installed)
        assert (found.passed, found.said) == (True, words + more)
    least = Checklist(libraries.libraries[:1])
    found = by_reading.forecast([], least, False)
    assert found.said == "needs no library of the server beside the C library"
    failed = by_reading.forecast([Finding("LIB002", ERROR, "libc.so.6", "too new")], libraries, False)
    assert (failed.passed, failed.said) == (False, "libc.so.6: too new")


def test_extras_of_a_lock(mirror, tmp_path):
    """A lock with hashes keeps them, resolved again or not."""
    server = mirror(metadata=True)
    server.add("alpha", "1.0", extras=["more"])
    with Session(EL7, server.args, Reporter(), Kept(tmp_path)) as session:
        lock = session.lock(Request(("Alpha[More]==1",), (), ()))
        (stored,) = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter()).files
    assert stored.wheel.extras == ("more",)
    file = tmp_path / "lock.txt"
    file.write_text(f"alpha[more]==1.0 --hash=sha256:{stored.wheel.sha256}\n")
    with Session(EL7, [], Reporter(), Kept(tmp_path)) as session:
        assert session.lock(Request((), (file,), ())).wheels[0].extras == ("more",)
