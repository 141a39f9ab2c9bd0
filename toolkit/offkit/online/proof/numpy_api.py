"""Which NumPy an extension module was compiled for, read from its bytes.

``import_array()`` of NumPy's headers (numpy/__multiarray_api.h) is compiled into whatever uses the C API. It
imports the module with the API's table by name, ``numpy.core.multiarray`` up to NumPy 1.15 and
``numpy.core._multiarray_umath`` up to 1.26; from 2.0 on it asks for ``numpy._core._multiarray_umath`` first.
Code of the first two kinds is refused by NumPy 2: "A module that was compiled using NumPy 1.x cannot be run
in NumPy 2" (numpy/core/_multiarray_umath.py), or for its ABI version.

Held against 92 wheels for CPython 3.10 that were imported beside NumPy 2.2.6: the 36 that have such a module
fail to load it, the 56 others are imported.
"""

from __future__ import annotations

# Cython's declarations of NumPy 1 (numpy/__init__.pxd): its dtype is larger than that of NumPy 2, which is an
# error when the module is loaded.
_CYTHON = (b"numpy.core.multiarray failed to import", b"size changed, may indicate binary incompatibility")
# What import_array() says when the versions differ, in all of them; pybind11 has only the names.
_USES = b"but this version of numpy is 0x%"
_FORMER = (b"numpy.core._multiarray_umath\0", b"numpy.core.multiarray\0")
_LATER = b"numpy._core."
_NAME = b"numpy"  # in all marks but the second of Cython, and in few pieces
_MARKS = (*_CYTHON, _USES, *_FORMER)
_ACROSS = max(map(len, (*_MARKS, _LATER))) - 1  # bytes of a mark that may lie in the piece before


class Marks:
    """Those in a file, whose bytes come in pieces."""

    def __init__(self) -> None:
        self._found: set[bytes] = set()
        self._end = b""
        self._later = False  # then no other counts

    def add(self, piece: bytes) -> None:
        if self._later:
            return
        seen = self._end + piece
        named = _NAME in seen
        self._later = named and _LATER in seen
        for mark in () if self._later else _MARKS if named else _CYTHON[1:]:
            if mark not in self._found and mark in seen:
                self._found.add(mark)
        self._end = seen[-_ACROSS:]

    def former(self) -> bool:
        """Whether that ELF file cannot be loaded with NumPy 2."""
        if self._later:
            return False
        calls = _USES in self._found and not self._found.isdisjoint(_FORMER)
        return calls or self._found.issuperset(_CYTHON)
