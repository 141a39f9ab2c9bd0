"""No byte of a bundle can change unnoticed, and noticing writes nothing."""

import os
import shutil
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

import bundle_maker
from offkit.model.errors import EXIT_INTEGRITY, OffkitError
from offkit.server.bundle import bundle_file

LONG = bundle_maker.wheel("w" * 110)
MADE = bundle_maker.make(dict([LONG, bundle_maker.wheel("alpha")]))
POSITIONS = st.integers(0, len(MADE.data) - 1)


def refusal(data):
    """The error of a bundle with these bytes; asserts that the directory stays as it was."""
    root = tempfile.mkdtemp(prefix="offkit-test-")
    try:
        path = os.path.join(root, "bundle.tar")
        with open(path, "wb") as sink:
            sink.write(data)
        before = bundle_maker.listing(root)
        try:
            bundle_file.verify(bundle_file.read_manifest(path))
        except OffkitError as error:
            assert bundle_maker.listing(root) == before
            return error
        return None
    finally:
        shutil.rmtree(root)


def test_unchanged_is_accepted():
    """The property below is not true of everything."""
    assert refusal(MADE.data) is None


@settings(max_examples=300, deadline=None)
@given(POSITIONS, st.integers(1, 255))
def test_any_changed_byte_is_refused(position, change):
    """Whichever byte, whatever it becomes: exit code 3 and a named finding."""
    data = bytearray(MADE.data)
    data[position] ^= change
    error = refusal(bytes(data))
    assert error is not None
    assert error.exit_code == EXIT_INTEGRITY
    assert error.findings
    assert all(finding.code.startswith("BUN") and finding.subject for finding in error.findings)


@settings(max_examples=100, deadline=None)
@given(POSITIONS)
def test_any_truncation_is_refused(length):
    """A bundle cut anywhere is not a bundle."""
    error = refusal(MADE.data[:length])
    assert error is not None
    assert error.exit_code == EXIT_INTEGRITY
    assert {finding.code for finding in error.findings} <= {"BUN007", "BUN008"}


@settings(max_examples=100, deadline=None)
@given(POSITIONS, st.binary(min_size=1, max_size=1500))
def test_any_insertion_is_refused(position, inserted):
    """Bytes put in between, anywhere."""
    changed = MADE.data[:position] + inserted + MADE.data[position:]
    error = refusal(changed)
    assert error is not None
    assert error.exit_code == EXIT_INTEGRITY
    assert error.findings


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3000))
def test_rubbish_is_refused(data):
    """Any bytes at all give a finding, never another exception."""
    error = refusal(data)
    assert error is not None
    assert error.exit_code == EXIT_INTEGRITY
