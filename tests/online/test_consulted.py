"""What a lock depends on: whoever answers those questions alike gets the same lock."""

import html

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bundle_maker
from offkit.model import question
from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.online.reasons import cures
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels.kept import Kept
from target_maker import preset

SERIES = "3.8"
PATCHES = (0, 2, 3, 5)


def locked(index, patch, *requirements, files=(), kept=None):
    target = preset(f"{SERIES}.{patch}", "el7")
    with Session(target, getattr(index, "args", index), Reporter(), kept) as session:
        return session.lock(Request(requirements, tuple(files), ()))


def add(server, name, version, python="", **more):
    """As an index has it: what METADATA says of Python is in the row too."""
    filename = server.add(name, version, python=python, **more)
    if python:
        server.put(filename, server.files[filename], requires_python=python)
    return filename


def told(lock):
    return [(one.who, one.needs, one.text, one.answer, one.vital) for one in lock.questions]


def test_what_no_server_of_the_series_answers_differently(mirror):
    """A pure wheel, and everything that the series decides."""
    server = mirror(metadata=True)
    add(server, "alpha", "1", ">=3.6", requires=['beta; python_version < "3.9"', 'win; os_name == "nt"'])
    add(server, "beta", "1", ">=3.7.4,!=3.9.0")
    add(server, "beta", "2", ">=3.9.1")
    assert told(locked(server, 20, "alpha")) == []


def test_what_was_taken_and_what_was_not(mirror):
    """Requires-Python of what is in the lock is vital; of what is newer it decided; the rest was not asked."""
    server = mirror(metadata=True)
    add(server, "alpha", "1", ">=3.8.4")
    add(server, "alpha", "2", ">=3.8.5")
    add(server, "alpha", "3", ">=3.8.30")
    assert told(locked(server, 20, "alpha")) == [
        ("alpha 2", "", ">=3.8.5", True, True),
        ("alpha 3", "", ">=3.8.30", False, False),
    ]


def test_after_a_way_back_everything_counts(mirror):
    """alpha 2 is tried, and fails for an older beta that a later Python could have had."""
    server = mirror(metadata=True)
    add(server, "alpha", "1")
    add(server, "alpha", "2", requires=["beta==1"])
    add(server, "beta", "1", ">=3.8.30")
    add(server, "beta", "2")
    lock = locked(server, 20, "alpha", "beta")
    assert {one.name: one.version for one in lock.wheels} == {"alpha": "1", "beta": "2"}
    assert told(lock) == [("beta 1", "", ">=3.8.30", False, False)]


def test_markers(mirror):
    """What is superfluous harms nobody; what would be missing does, unless the lock has it anyway."""
    server = mirror(metadata=True)
    needs = ['former; python_full_version < "3.8.30"', 'later; python_full_version >= "3.8.30"']
    needs += ['there>=1; python_full_version >= "3.8.30"', 'there>=2; "el9" in platform_release']
    needs += ['never; python_full_version < "3.8.4" and extra == "unasked"']
    add(server, "alpha", "1", requires=[*needs, "there"], extras=["unasked"])
    for name in ("former", "there"):
        add(server, name, "1")
    assert told(locked(server, 20, "alpha")) == [
        ("alpha 1", "former", 'python_full_version < "3.8.30"', True, False),
        ("alpha 1", "later", 'python_full_version >= "3.8.30"', False, True),
        ("alpha 1", "there>=1", 'python_full_version >= "3.8.30"', False, False),
        ("alpha 1", "there>=2", '"el9" in platform_release', False, True),
    ]


def test_extras_that_are_asked_for(mirror):
    server = mirror(metadata=True)
    marker = 'python_full_version < "3.8.4" and extra == "more"'
    add(server, "alpha", "1", requires=["beta; " + marker], extras=["more"])
    lock = locked(server, 20, "alpha[more]")
    assert [(one.needs, one.extras, one.vital) for one in lock.questions] == [("beta", ("", "more"), True)]


def test_the_request_itself(mirror, tmp_path):
    """A line that does not hold for the target, and a limit that would."""
    server = mirror(metadata=True)
    add(server, "alpha", "1")
    limits = tmp_path / "limits.txt"
    limits.write_text('alpha<1; python_full_version < "3.8.4"\nbeta<1; python_full_version < "3.8.4"\n')
    target = preset("3.8.20", "el7")
    with Session(target, server.args, Reporter()) as session:
        asked = ("alpha", 'beta; python_full_version < "3.8.4"')
        lock = session.lock(Request(asked, (), constraints=(limits,)))
    assert told(lock) == [
        ("the request", "alpha<1", 'python_full_version < "3.8.4"', False, True),
        ("the request", "beta", 'python_full_version < "3.8.4"', False, True),
        ("the request", "beta<1", 'python_full_version < "3.8.4"', False, False),
    ]


def test_a_lock_that_stands_depends_on_its_wheels(mirror, tmp_path):
    """There was nothing to choose among."""
    server = mirror(metadata=True)
    add(server, "alpha", "1", ">=3.8.4", requires=['beta; python_full_version < "3.8.30"'])
    add(server, "alpha", "2", ">=3.8.30")
    add(server, "beta", "1")
    file = tmp_path / "lock.txt"
    file.write_text(locked(server, 20, "alpha").text())
    lock = locked(server, 20, files=[file], kept=Kept(tmp_path / "cache"))
    assert told(lock) == [
        ("alpha 1", "", ">=3.8.4", True, True),
        ("alpha 1", "beta", 'python_full_version < "3.8.30"', True, False),
    ]


patches = st.integers(0, 5)
clauses = st.one_of(
    st.just(""),
    st.builds("{}3.8.{}".format, st.sampled_from([">=", "<", "<=", ">", "!=", "=="]), patches),
    st.sampled_from(["<=3.8", ">3.8", ">=3.7"]),
)
limits = st.builds("{}{}".format, st.sampled_from([">=", "<", "!=", "=="]), st.integers(1, 3))
needs = st.builds(
    lambda limit, operator, patch: (
        limit,
        f'python_full_version {operator} "3.8.{patch}"' if operator else "",
    ),
    st.one_of(st.just(""), limits),
    st.sampled_from(["", "<", ">=", "==", "<="]),
    patches,
)


@st.composite
def worlds(draw):
    """Four projects; each asks only for later ones: {(project, version): (Requires-Python, requirements)}."""
    world = {}
    for at, name in enumerate("abcd"):
        for version in range(1, draw(st.integers(1, 3)) + 1):
            others = draw(st.lists(st.sampled_from("abcd"[at + 1 :]), max_size=2)) if at < 3 else []
            lines = [
                other + limit + (f"; {marker}" if marker else "")
                for other, (limit, marker) in ((other, draw(needs)) for other in others)
            ]
            world[name, version] = draw(clauses), lines
    return world


def index(top, world):
    """pip's options for a directory with these projects as PEP 503 has it."""
    rows = {}
    for (name, version), (python, lines) in world.items():
        filename, body = bundle_maker.wheel(name, str(version), requires=lines, python=python)
        (top / name).mkdir(exist_ok=True)
        (top / name / filename).write_bytes(body)
        row = f'<a href="{filename}" data-requires-python="{html.escape(python)}">{filename}</a>'
        rows.setdefault(name, []).append(row if python else row.replace(' data-requires-python=""', ""))
    for name, links in rows.items():
        (top / name / "index.html").write_text("<!DOCTYPE html>" + "".join(links))
    return ["--index-url", top.as_uri()]


@pytest.fixture
def unexplained(monkeypatch):
    """What cannot be had is not looked into: no cure is tried."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(cures, "find", lambda problems, *more: [one.finding for one in problems])


def outcome(args, patch, *requirements):
    """None where there is no lock."""
    try:
        return locked(args, patch, *requirements)
    except RequestError:
        return None


SETTINGS = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def files(lock):
    return [one.filename for one in lock.wheels]


@settings(SETTINGS, max_examples=25)
@given(worlds())
def test_equal_answers_are_the_same_lock(tmp_path_factory, unexplained, world):
    """For every Python of the series, whatever an index has; and where nothing vital differs, the pins of one
    are a lock for the other."""
    args = index(tmp_path_factory.mktemp("index"), world)
    locks = {patch: outcome(args, patch, "a", "b") for patch in PATCHES}
    for lock in filter(None, locks.values()):
        for patch, other in locks.items():
            here = question.environment(f"{SERIES}.{patch}", "x86_64", "", "")
            differ = [one for one in lock.questions if one.ask(here) != one.answer]
            if not differ:
                assert other is not None
                assert files(other) == files(lock)
            elif not any(one.vital for one in differ):
                again = locked(args, patch, *(f"{one.name}=={one.version}" for one in lock.wheels))
                assert files(again) == files(lock)
