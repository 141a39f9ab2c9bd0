"""ld.so.cache in its three formats."""

import re
import shutil
import struct
import subprocess

import pytest

from offkit.elf.cache import BadCache, CacheEntry, parse

LDCONFIG = shutil.which("ldconfig") or shutil.which("ldconfig", path="/sbin:/usr/sbin")


def new_format(entries, order="<"):
    """A cache as glibc >= 2.32 writes it."""
    table, strings = b"", b""
    base = 48 + 24 * len(entries)
    for entry in entries:
        key = base + len(strings)
        strings += entry.soname.encode() + b"\0"
        value = base + len(strings)
        strings += entry.path.encode() + b"\0"
        table += struct.pack(order + "iIIIQ", entry.flags, key, value, entry.osversion, entry.hwcap)
    counts = struct.pack(order + "II", len(entries), len(strings))
    return b"glibc-ld.so.cache1.1" + counts + b"\0" * 20 + table + strings


def old_format(entries, behind=b""):
    """What libc5-era loaders read; ``behind`` is the new part of a compat file."""
    table, strings = b"", b""
    for entry in entries:
        key = len(strings)
        strings += entry.soname.encode() + b"\0"
        value = len(strings)
        strings += entry.path.encode() + b"\0"
        table += struct.pack("<iII", entry.flags, key, value)
    head = b"ld.so-1.7.0\0" + struct.pack("<I", len(entries)) + table
    if not behind:
        return head + strings
    return head + b"\0" * (-len(head) % 8) + behind


SM = CacheEntry("libSM.so.6", "/lib64/libSM.so.6", 0x0303, 0, 0)
SM32 = CacheEntry("libSM.so.6", "/lib/libSM.so.6", 0x0003, 0, 0)
FAST = CacheEntry("libz.so.1", "/lib64/glibc-hwcaps/x86-64-v3/libz.so.1", 0x0303, 0, 1 << 62)


def test_new_format():
    """Entries with flags and hwcap, in file order."""
    assert parse(new_format([SM, SM32, FAST])) == [SM, SM32, FAST]


def test_big_endian():
    """s390x writes its own byte order."""
    assert parse(new_format([SM], order=">")) == [SM]


def test_old_format():
    """Names are relative to the end of the table."""
    assert parse(old_format([SM, SM32])) == [SM, SM32]


def test_compat_format_prefers_the_new_part():
    """Enterprise Linux 7 and 8: both in one file, and the new part has the hwcap."""
    assert parse(old_format([SM], behind=new_format([SM, FAST]))) == [SM, FAST]


def test_which_entries_a_program_considers():
    """A 64-bit program passes over 32-bit entries; an unknown machine takes all."""
    assert SM.fits(64, 62)
    assert not SM32.fits(64, 62)
    assert SM32.fits(32, 3)
    assert SM.fits(64, 9999)
    assert SM.baseline
    assert not FAST.baseline


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        b"ld.so-1.7.0",
        b"ld.so-1.7.0\0\xff\xff\xff\xff",
        b"glibc-ld.so.cache1.1",
        new_format([SM])[:60],
        new_format([SM])[:-1],
        old_format([SM])[:-1],
    ],
)
def test_junk_is_a_typed_error(data):
    """Never an IndexError or struct.error."""
    with pytest.raises(BadCache):
        parse(data)


@pytest.mark.skipif(LDCONFIG is None, reason="no ldconfig")
@pytest.mark.parametrize("style", ["old", "compat", "new"])
def test_what_ldconfig_writes(tmp_path, style):
    """Real caches of each format hold what ``ldconfig -p`` says."""
    path = str(tmp_path / "cache")
    done = subprocess.run([LDCONFIG, "-X", "-c", style, "-C", path], stderr=subprocess.PIPE, check=False)
    if done.returncode:
        pytest.skip("this ldconfig writes no {} cache".format(style))
    listed = subprocess.run([LDCONFIG, "-p", "-C", path], stdout=subprocess.PIPE, check=True)
    said = re.findall(r"^\t(\S+) \(.*\) => (.+)$", listed.stdout.decode(), re.MULTILINE)
    with open(path, "rb") as source:
        entries = parse(source.read())
    assert len(said) > 10
    assert [(entry.soname, entry.path) for entry in entries] == said
