"""Packages that cannot live together: what is known of a lock, and what is said of it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from offkit.edges import data
from offkit.model import clashes as table
from offkit.model.checklist import Checklist
from offkit.model.errors import RequestError
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.online import bundle
from offkit.online.proof import forecast
from offkit.online.reasons import clashes
from offkit.online.request.locked import Lock, LockedWheel, Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch
from offkit.online.wheels.ownership import Shared
from target_maker import preset

SCHEMA = json.loads(data.read_text("repo-config/clashes.schema.json"))
CLASHES = json.loads(data.read_text(table.TABLE))
REQUEST = ("the request",)


def found(server, python, *requirements, name=None):
    """Findings of a lock by code, with how often it was resolved again."""
    with Session(preset(python, name), server.args, Reporter()) as session:
        told = session.lock(Request(requirements, ())).findings
    return [one for one in told if one.code in ("REQ019", "REQ021")]


def test_the_table_is_what_the_schema_says():
    """And the schema what its own rules say."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(CLASHES, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"source": ""},
        {"with": "b>=1", "openssl": "1.1.1"},
        {"package": "Big_Name"},
        {"why": "a key that nobody reads"},
    ],
)
def test_what_the_schema_refuses(change):
    """Rows without a source, with two conditions, with names as nobody looks them up."""
    row = dict(CLASHES["failures"][0], **change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(dict(CLASHES, failures=[row]), SCHEMA)


def test_which_of_three_to_keep(mirror):
    """The one that has what all the others have, where nothing else needs those."""
    names = ("opencv-contrib-python", "opencv-python", "opencv-python-headless")
    server = mirror()
    for name in names:
        server.add(name.replace("-", "_"), "4.6")
    (told,) = found(server, "3.6", *names)
    assert (told.code, told.severity, told.subject) == ("REQ019", "warning", " / ".join(names))
    assert told.message == "each brings its own cv2: what is installed last overwrites the others"
    assert told.looked_in == tuple(name + ": needed by the request" for name in names)
    assert told.fix == (
        "keep opencv-contrib-python, which has what the others have: "
        "delete opencv-python, opencv-python-headless from the request"
    )


def test_one_alone_is_no_rival(mirror):
    server = mirror()
    server.add("opencv_python")
    assert found(server, "3.6", "opencv-python") == []


@pytest.mark.parametrize(
    ("lock", "fix"),
    [
        ({"opencv-python": REQUEST, "opencv-python-headless": ("other",)}, ""),
        ({"opencv-python": ("other",), "opencv-python-headless": REQUEST}, "keep opencv-python, "),
        ({"opencv-python": REQUEST, "opencv-contrib-python-headless": REQUEST}, ""),
        ({"opencv-python": REQUEST, "somebody-elses": REQUEST}, ""),
    ],
)
def test_what_cannot_be_deleted_is_not_proposed(lock, fix):
    """What another package needs, what has something that no other has, and what is not known."""
    known = {name: LockedWheel(name, "4.6", "", "", "", via) for name, via in lock.items()}
    (told,) = clashes.overlaps([Shared("cv2", tuple(sorted(known)), 62)], known)
    assert told.message.startswith("each brings its own 62 files of cv2: ")
    assert told.fix.startswith(fix)
    assert bool(told.fix) == bool(fix)


def test_what_fails_is_told_with_a_cure_that_was_tried(mirror):
    """A row of two packages: an error. Where the request itself rules the cure out, its word on that goes; what
    another package rules out is no cure."""
    server = mirror()
    server.add("jinja2", "2.11.3", requires=["MarkupSafe>=0.23"])
    server.add("markupsafe", "2.1.5")
    server.add("markupsafe", "2.0.1")
    (told,) = found(server, "3.9", "jinja2")
    assert (told.code, told.severity, told.subject) == ("REQ021", "error", "jinja2")
    assert told.message == (
        "2.11.3 cannot be imported with markupsafe 2.1.5: "
        "ImportError: cannot import name 'soft_unicode' from 'markupsafe'"
    )
    assert told.fix == "add 'markupsafe<2.1': the whole request resolves with it"
    assert found(server, "3.9", "jinja2", "markupsafe<2.1") == []
    (told,) = found(server, "3.9", "jinja2", "markupsafe==2.1.5")
    assert told.fix == "use markupsafe==2.0.1: the whole request resolves with it"
    server.add("strict", "1", requires=["markupsafe>=2.1"])
    (told,) = found(server, "3.9", "jinja2", "strict", "markupsafe==2.1.5")
    assert told.fix == ""


def test_what_fails_beside_what_cannot_be_had(mirror):
    """Both are told at once; the cure of the one has what the other wants, and each holds when it is done."""
    server = mirror()
    server.add("jinja2", "2.11.3", requires=["MarkupSafe>=0.23"])
    server.add("markupsafe", "2.1.5")
    server.add("markupsafe", "2.0.1")
    server.add("compiled", "2", tag="cp310-cp310-win_amd64")
    server.add("compiled", "3")

    def problems(*requirements):
        with Session(preset("3.9"), server.args, Reporter()) as session:
            try:
                return list(session.lock(Request(requirements, ())).findings)
            except RequestError as error:
                return error.findings

    told = {one.subject: one for one in problems("compiled==2", "jinja2")}
    assert {name: one.code for name, one in told.items()} == {"compiled": "REQ001", "jinja2": "REQ021"}
    assert told["compiled"].fix == "use compiled==3, markupsafe==2.0.1: the whole request resolves with them"
    assert told["jinja2"].fix == "add 'markupsafe<2.1': everything but compiled resolves with it"
    assert problems("compiled==3", "jinja2", "markupsafe==2.0.1") == []
    assert problems("jinja2", "markupsafe<2.1") == []
    server.add("strict", "1", requires=["markupsafe>=2.1"])
    told = {one.subject: one.fix for one in problems("compiled==2", "jinja2", "strict")}
    assert told == {"compiled": "use compiled==3: the whole request resolves with it", "jinja2": ""}
    # On another Python it would be the same, and that is told of this one alone.
    server.add("newer", "1", tag="cp310-none-any")
    assert [one.fix for one in problems("newer", "jinja2", "strict") if one.subject == "newer"] == [""]
    (told,) = [one.fix for one in problems("newer", "jinja2") if one.subject == "newer"]
    assert "the whole request with markupsafe==2.0.1 resolves with --python 3.10" in told


def test_several_cures(mirror):
    """All together where they hold together; where one cannot be had, the others alone."""
    server = mirror()
    server.add("celery", "5.2.7", requires=["importlib-metadata>=1.4"])
    server.add("jinja2", "2.11.3", requires=["markupsafe"])
    for name, versions in (("importlib_metadata", ("4.8", "6.7")), ("markupsafe", ("2.0.1", "2.1.5"))):
        for version in versions:
            server.add(name, version)
    fixes = {one.subject: one.fix for one in found(server, "3.7", "celery", "jinja2")}
    how = "add '{}': the whole request resolves with it"
    assert fixes == {"celery": how.format("importlib-metadata<5"), "jinja2": how.format("markupsafe<2.1")}
    fixes = {one.subject: one.fix for one in found(server, "3.7", "celery", "jinja2", "markupsafe==2.1.5")}
    instead = "use markupsafe==2.0.1: the whole request resolves with it"
    assert fixes == {"celery": how.format("importlib-metadata<5"), "jinja2": instead}


def test_what_fails_on_some_pythons_only(mirror):
    """The others have that module themselves, and do not ask the package."""
    server = mirror()
    server.add("celery", "5.2.7", requires=["importlib-metadata>=1.4"])
    server.add("importlib_metadata", "6.7.0")
    assert [one.subject for one in found(server, "3.7", "celery")] == ["celery"]
    assert found(server, "3.8", "celery") == []


def test_what_is_known_to_fail_is_no_cure(mirror):
    """Neither in the place of a version that nobody has, nor of one that fails: the next that holds is told."""
    server = mirror()
    server.add("pandas", "2.0.3", requires=["numpy>=1.20.3"])
    server.add("numpy", "1.26.4")
    server.add("numpy", "2.0.2")
    with Session(preset("3.9"), server.args, Reporter()) as session:
        with pytest.raises(RequestError) as caught:
            session.lock(Request(("pandas==2.0.3", "numpy==2.0.9"), ()))
        (told,) = caught.value.findings  # not 2.0.2, which is the nearest
        assert told.fix == "use numpy==1.26.4: the whole request resolves with it"
        with pytest.raises(RequestError) as caught:
            session.lock(Request(("pandas==2.0.3", "numpy==1.26.9"), ()))
        (told,) = caught.value.findings
        assert told.fix == "use numpy==1.26.4: the whole request resolves with it"
    # What fails whatever is done is no reason against the nearest of another project.
    server.add("flask", "2.0.1", requires=["werkzeug"])
    server.add("flask", "2.0.3", requires=["werkzeug"])
    server.add("werkzeug", "3.0")
    server.add("alpha", "1.2.3")
    server.add("alpha", "1.9")
    with Session(preset("3.9"), server.args, Reporter()) as session:
        with pytest.raises(RequestError) as caught:
            session.lock(Request(("flask==2.0.1", "alpha==1.2.4"), ()))
        told, fails = caught.value.findings
        assert told.fix == "use alpha==1.2.3: the whole request resolves with it"
        assert (fails.code, fails.subject, fails.fix) == ("REQ021", "flask", "")
    (told,) = found(server, "3.9", "pandas==2.0.3", "numpy==2.0.2")
    assert (told.code, told.severity, told.subject) == ("REQ021", "error", "pandas")
    assert told.fix == "use numpy==1.26.4: the whole request resolves with it"


@pytest.mark.parametrize(
    ("python", "name", "told"),
    [
        ("3.9", "el7", True),
        ("3.7", "el7", True),
        ("3.10", "el7", False),
        ("3.9", "el8", False),
        ("3.11", "el9", False),
    ],
)
def test_an_openssl_that_is_too_old(mirror, python, name, told):
    """D6: only where a Python of that series can have it: 3.10 itself wants a newer one."""
    server = mirror()
    server.add("urllib3", "2.0.7")
    server.add("urllib3", "1.26.20")
    found_here = found(server, python, "urllib3", name=name)
    assert [one.code for one in found_here] == ["REQ021"] * told
    for one in found_here:
        assert one.severity == "warning"
        assert one.message == (
            "2.0.7 cannot be imported with the OpenSSL 1.0.2k of el7, which a Python {} compiled there has: "
            "ImportError: urllib3 v2 only supports OpenSSL 1.1.1+".format(python)
        )
        assert one.fix == "add 'urllib3<2': the whole request resolves with it"


def test_what_the_wheels_show_takes_the_place_of_what_was_expected():
    """Of the files; whatever else was found of the lock stays."""
    order = bundle.Order(Request(("one", "two"), ()), preset("3.9", "el9"), Path("b.tar"), Path("cache"))
    wheels = tuple(LockedWheel(name, "1", "", "", "", REQUEST) for name in ("one", "two"))
    before = (Finding("REQ013", "warning", "one", "yanked"), Finding("REQ019", "warning", "one / two", "cv2"))
    lock = Lock(order.target, wheels, before)
    survey = forecast.Survey(Checklist(()), [], 0, [Shared("cv2", ("one", "two"), 3)], {})
    told = bundle._clashes(order, order.request, lock, survey)
    assert [(one.code, one.message.split(":")[0]) for one in told] == [
        ("REQ013", "yanked"),
        ("REQ019", "each brings its own 3 files of cv2"),
    ]


@pytest.mark.network
def test_three_packages_that_own_cv2(wheel_cache, tmp_path):
    """From the real index: which to keep, and the same of the wheels, counted."""
    names = ("opencv-contrib-python", "opencv-python", "opencv-python-headless")
    order = bundle.Order(
        Request(tuple(name + "==4.6.0.66" for name in names), ()), preset("3.6"), tmp_path / "b", wheel_cache
    )
    with Session(order.target, (), Reporter()) as session:
        lock = session.lock(order.request)
        paths = [
            one.path
            for one in fetch.fetch(lock.wheels, session.repository.session, wheel_cache, Reporter()).files
        ]
    (before,) = [one for one in lock.findings if one.code == "REQ019"]
    (after,) = [
        one
        for one in bundle._clashes(order, order.request, lock, forecast.survey(paths, order.target))
        if one.code == "REQ019" and one.severity == "warning"
    ]
    assert before.subject == after.subject == " / ".join(names)
    assert after.fix == before.fix
    assert after.fix.startswith("keep opencv-contrib-python, which has what the others have")
    assert re.match(r"each brings its own \d+ files of cv2: ", after.message)


@pytest.mark.network
def test_requests_beside_an_old_openssl(lock):
    """D6: from the real index; the cure is taken as a constraint and holds."""
    (told,) = [one for one in lock("3.9", "requests", name="el7").findings if one.code == "REQ021"]
    assert (told.subject, told.severity) == ("urllib3", "warning")
    assert told.fix == "add 'urllib3<2': the whole request resolves with it"
    assert [
        one for one in lock("3.9", "requests", "urllib3<2", name="el7").findings if one.code == "REQ021"
    ] == []


# Each a pair before and after a project was built for NumPy 2; contourpy is pybind11, ruptures without the C API.
@pytest.mark.network
@pytest.mark.parametrize(
    ("requirement", "files"),
    [
        ("bottleneck==1.3.7", 4),
        ("bottleneck==1.4.2", 0),
        ("cftime==1.6.2", 1),
        ("cftime==1.6.4", 0),
        ("contourpy==1.0.7", 0),
        ("contourpy==1.2.1", 0),
        ("ml-dtypes==0.3.2", 1),
        ("ml-dtypes==0.5.1", 0),
        ("numexpr==2.8.4", 1),
        ("numexpr==2.10.1", 0),
        ("opencv-python-headless==4.5.5.64", 1),  # D7
        ("opencv-python-headless==4.10.0.84", 0),
        ("ruptures==1.1.8", 0),
        ("shapely==2.0.2", 2),
        ("shapely==2.0.6", 0),
    ],
)
def test_real_wheels_beside_numpy_2(wheel_cache, requirement, files):
    """D7 and its like: what was compiled for NumPy 1 is known, with the one cure; nothing else is suspected."""
    order = bundle.Order(Request((requirement,), ()), preset("3.9", "el9"), Path("b.tar"), wheel_cache)
    with Session(order.target, (), Reporter()) as session:
        lock = session.lock(order.request)
        name = requirement.split("==")[0]
        wheels = [one for one in lock.wheels if one.name == name]
        fetched = fetch.fetch(wheels, session.repository.session, wheel_cache, Reporter()).files
    survey = forecast.survey([one.path for one in fetched], order.target)
    assert {package: len(paths) for package, paths in survey.numpy_1.items()} == (
        {name: files} if files else {}
    )
    told = bundle._clashes(order, order.request, lock, survey)
    assert [(one.code, one.severity, one.subject, one.fix) for one in told if one.code == "REQ021"] == (
        [("REQ021", "error", name, "add 'numpy<2': the whole request resolves with it")] if files else []
    )
