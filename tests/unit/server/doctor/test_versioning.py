"""Symbol versions as people read them."""

import pytest

from offkit.elf import reader
from offkit.server.doctor import versioning


@pytest.mark.parametrize(
    ("defined", "asked", "text"),
    [
        ((), ["GLIBC_2.28"], ""),
        (
            ("GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5"),
            ["GLIBC_2.28", "GLIBC_2.18"],
            "; it has GLIBC up to 2.17",
        ),
        (("GLIBC_2.17", "GLIBC_PRIVATE"), ["GLIBC_2.28"], "; it has GLIBC up to 2.17"),
        (("GLIBC_PRIVATE", "OTHER_1"), ["GLIBC_2.28"], ""),
        (
            ("GLIBCXX_3.4.19", "CXXABI_1.3.7", "CXXABI_1.3.10", "GLIBCXX_3.4.2"),
            ["GLIBCXX_3.4.21", "CXXABI_1.3.11"],
            "; it has CXXABI up to 1.3.10, GLIBCXX up to 3.4.19",
        ),
        (("GLIBCXX_3.4.19", "GLIBC_2.17"), ["GLIBC_2.28"], "; it has GLIBC up to 2.17"),
    ],
)
def test_how_far_a_library_goes(defined, asked, text):
    """In each family that was asked for, by number and not by letter."""
    assert versioning.newest(defined, asked) == text


def test_order():
    versions = ["GLIBC_2.17", "GLIBC_2.2.5", "CXXABI_1.3", "GLIBC_2.9", "GLIBC_2", "GLIBC_PRIVATE"]
    assert sorted(versions, key=reader.version_key) == [
        "CXXABI_1.3",
        "GLIBC_PRIVATE",
        "GLIBC_2",
        "GLIBC_2.2.5",
        "GLIBC_2.9",
        "GLIBC_2.17",
    ]
