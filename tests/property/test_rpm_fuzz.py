"""Whatever the bytes are, an RPM gives its libraries or one of the errors that are said for it."""

import os
import tempfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rpm_maker
from offkit.edges import unpacking
from offkit.media import cpio, rpm_payload, rpmfile

FILES = {"./usr/lib64/liba.so.1.0": b"\x7fELF" * 50, "./usr/lib64/liba.so.1": "liba.so.1.0"}
WHOLE = [rpm_maker.rpm(files=FILES, compressor=name) for name in ("xz", "gzip", "")]
edits = st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)), max_size=8)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(WHOLE), edits, st.integers(0, 2000))
def test_mutated_rpms(whole, changes, cut):
    """A few bytes changed, the end cut off."""
    data = bytearray(whole)
    for at, new in changes:
        start = at % len(data)
        data[start : start + len(new)] = new
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.rpm")
        with open(path, "wb") as sink:
            sink.write(bytes(data[: len(data) - cut % len(data)] if cut % 2 else data))
        try:
            front, found = rpm_payload.libraries(path, folder)
        except (rpmfile.BadRpm, cpio.BadCpio, unpacking.Damaged, unpacking.Unsupported):
            return
    assert front.name
    assert all(".so" in name and ".." not in name.split("/") for name in found.files)
