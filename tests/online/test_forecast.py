"""What is read of wheels before they leave: files that several bring, and what NumPy 2 refuses."""

import io
import os
import zipfile

import pytest

import bundle_maker
import elf_maker
from offkit.model.errors import IntegrityError
from offkit.online.proof import forecast, numpy_api
from offkit.online.reasons import clashes
from offkit.online.request.locked import LockedWheel
from offkit.online.wheels.ownership import Shared
from target_maker import preset

EL9 = preset("3.9")
# What import_array() leaves in a module, by the headers that it was compiled with.
NUMPY_1_15 = (
    b"\0numpy.core.multiarray\0module compiled against ABI version 0x%x but this version of numpy is 0x%x\0"
)
NUMPY_1_26 = NUMPY_1_15.replace(b"core.multiarray", b"core._multiarray_umath")
NUMPY_2 = NUMPY_1_26 + b"numpy._core._multiarray_umath\0"
CYTHON_1 = (
    b"\0numpy.core.multiarray failed to import\0%s.%s size changed, may indicate binary incompatibility.\0"
)
CYTHON_2 = CYTHON_1 + b"numpy._core.umath failed to import\0"
PYBIND11 = b"\0numpy.core.multiarray\0_ARRAY_API\0"


def surveyed(tmp_path, **packages):
    """A survey of wheels with these files."""
    paths = []
    for name, files in packages.items():
        filename, body = bundle_maker.wheel(name, files=files)
        paths.append(tmp_path / filename)
        paths[-1].write_bytes(body)
    return forecast.survey(paths, EL9)


def test_files_that_several_bring(tmp_path):
    """By the module at their top, where their contents differ, wherever in the wheel they lie."""
    one = {"cv2/__init__.py": b"1", "cv2/cv2.so": b"1", "cv2/same.py": b"s", "one.py": b""}
    two = {"two-1.0.data/purelib/cv2/__init__.py": b"2", "cv2/cv2.so": b"2", "cv2/same.py": b"s"}
    three = {"cv2/cv2.so": b"33", "tests/__init__.py": b"3", "three.py": b""}
    four = {"tests/__init__.py": b"4", "LICENSE": b"4", "four-1.0.data/scripts/run": b"4"}
    five = {
        "LICENSE": b"5",
        "four.py": b"",
        "five-1.0.data/scripts/run": b"5",
        "five-1.0.data/headers/a.h": b"",
    }
    assert surveyed(tmp_path, one=one, two=two, three=three, four=four, five=five).shared == [
        Shared("<prefix>", ("five", "four"), 1, True),
        Shared("LICENSE", ("five", "four"), 1, True),
        Shared("cv2", ("one", "three", "two"), 2),
        Shared("tests", ("four", "three"), 1, True),
    ]


def test_the_same_contents_do_no_harm(tmp_path):
    """The __init__.py of a namespace, in both."""
    files = {"space/__init__.py": b"__path__ = 1\n"}
    assert surveyed(tmp_path, one=dict(files), two=dict(files)).shared == []


@pytest.mark.parametrize(
    ("contents", "refused"),
    [
        (NUMPY_1_15, True),
        (NUMPY_1_26, True),
        (CYTHON_1, True),
        (NUMPY_2, False),
        (CYTHON_2, False),
        (PYBIND11, False),
        (b"", False),
    ],
)
def test_what_numpy_2_refuses(contents, refused):
    for size in (1, 7, 1 << 20):
        marks = numpy_api.Marks()
        for start in range(0, len(contents), size):
            marks.add(contents[start : start + size])
        assert marks.former() is refused


def test_modules_for_numpy_1_beside_numpy_2(tmp_path):
    """An error for what requires NumPy, a warning for what does without; nothing beside NumPy 1."""
    survey = surveyed(
        tmp_path,
        first={"first/a.so": NUMPY_1_26, "first/b.so": NUMPY_1_15},
        second={"second/a.so": NUMPY_1_26},
        third={"third/a.so": NUMPY_2},
    )
    lock = {
        name: LockedWheel(name, "1.0", "", "", "", ("the request",)) for name in ("first", "second", "third")
    }
    lock["numpy"] = LockedWheel("numpy", "2.0.2", "", "", "", ("first", "the request"))
    tried = []

    def holds(constraint):
        tried.append(constraint)
        return {}

    first, second = clashes.of_numpy(survey.numpy_1, lock, holds)
    assert (first.code, first.severity, first.subject) == ("REQ021", "error", "first")
    assert first.message == (
        "1.0 was compiled for NumPy 1 and cannot be loaded with numpy 2.0.2: first/a.so and 1 more file"
    )
    assert first.fix == "add 'numpy<2': the whole request resolves with it"
    assert (second.severity, second.subject) == ("warning", "second")
    assert tried == ["numpy<2"]
    assert clashes.of_numpy(survey.numpy_1, lock, lambda constraint: None)[0].fix == ""
    (first, _) = clashes.of_numpy(survey.numpy_1, lock, lambda constraint: {"numpy": "1.26.4"})
    assert first.fix == "use numpy==1.26.4: the whole request resolves with it"
    assert (
        clashes.of_numpy(survey.numpy_1, dict(lock, numpy=lock["numpy"]._replace(version="1.26.4")), holds)
        == []
    )
    assert clashes.of_numpy(survey.numpy_1, {"first": lock["first"]}, holds) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("large", [1 << 30, 10])
def test_a_library_is_read_wherever_it_lies(tmp_path, monkeypatch, method, large):
    """In the wheel, in memory or in a file: the same is read of it, and a damaged one is none."""
    monkeypatch.setattr(forecast, "_LARGE", large)
    filename, body = bundle_maker.wheel("alpha", files={})
    library = elf_maker.build(needed=["libfar.so.1"], soname="liba.so.1") + NUMPY_1_26
    sink = io.BytesIO(b"in front of it" + body)
    with zipfile.ZipFile(sink, "a", method) as archive:
        archive.writestr("alpha/data.bin", b"d" * 100)
        archive.writestr("alpha/a.so", library)
        archive.writestr("alpha/empty.so", b"")
    path = tmp_path / filename
    path.write_bytes(sink.getvalue())
    survey = forecast.survey([path], EL9)
    assert [one.soname for one in survey.checklist.libraries] == ["libfar.so.1"]
    assert survey.numpy_1 == {"alpha": ["alpha/a.so"]}
    assert os.listdir(tmp_path) == [filename]
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("alpha/a.so")
    damaged = bytearray(sink.getvalue())
    damaged[member.header_offset + 30 + len("alpha/a.so")] = 0xFF  # no kind of block that deflate has
    path.write_bytes(damaged)
    with pytest.raises(IntegrityError):
        forecast.survey([path], EL9)
