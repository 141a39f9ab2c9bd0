"""Whatever the bytes are, rewriting gives a program that can be read, or one typed error."""

import os
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offkit.elf import reader, rpath

with open(os.path.realpath(sys.executable), "rb") as _source:
    REAL = _source.read()
_HEAD = min(len(REAL), 1 << 15)  # the headers, and of small programs all
edits = st.lists(st.tuples(st.integers(0, _HEAD), st.binary(min_size=1, max_size=8)), max_size=6)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(edits, st.sampled_from([None, len(REAL) // 2, len(REAL) - 1]))
def test_mutated_programs(changes, length):
    """NotElf, BadElf and Unfit are ValueErrors; nothing else is raised."""
    data = bytearray(REAL)
    for at, new in changes:
        data[at : at + len(new)] = new
    try:
        changed = rpath.rewrite(bytes(data[:length]), "$ORIGIN/../offkit/lib64")
    except ValueError:
        return
    assert reader.read(changed).rpath == "$ORIGIN/../offkit/lib64"
