"""Wheel tags a target accepts, best first (PEP 425, PEP 600, PEP 656 excluded), and its markers.

Same order as ``packaging.tags.cpython_tags`` followed by ``compatible_tags``, computed for
a machine that is not here.
"""

from typing import Dict, Iterator, List, Tuple

# PEP 600: the old names are aliases of these glibc versions.
LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
# PEP 599: architectures other than x86 exist from manylinux2014 on.
_OLDEST = {"x86_64": 5, "i686": 5}
_OLDEST_ABI3 = 2  # PEP 384: the stable ABI began with 3.2


def platforms(arch: str, glibc: Tuple[int, int]) -> List[str]:
    """Platform tags of a glibc machine, newest first, in every spelling; ``linux_ARCH`` last."""
    found: List[str] = []
    for minor in range(glibc[1], _OLDEST.get(arch, 17) - 1, -1):
        found.append("manylinux_2_{}_{}".format(minor, arch))
        if (2, minor) in LEGACY:
            found.append("{}_{}".format(LEGACY[(2, minor)], arch))
    found.append("linux_" + arch)
    return found


def cpython_abi(python: Tuple[int, int]) -> str:
    """The ABI tag of an ordinary CPython build: ``cp36m``, ``cp38``. (3.8 dropped the m.)"""
    return "cp{}{}{}".format(python[0], python[1], "m" if python < (3, 8) else "")


def wheel_tags(python: Tuple[int, int], arch: str, glibc: Tuple[int, int]) -> Iterator[str]:
    """``interpreter-abi-platform`` strings, best first."""
    major, minor = python
    here = "cp{}{}".format(major, minor)
    plats = platforms(arch, glibc)
    for abi in (cpython_abi(python), "abi3", "none"):
        for plat in plats:
            yield "-".join((here, abi, plat))
    for older in range(minor - 1, _OLDEST_ABI3 - 1, -1):
        for plat in plats:
            yield "-".join(("cp{}{}".format(major, older), "abi3", plat))
    generic = ["py{}{}".format(major, minor), "py{}".format(major)]
    generic += ["py{}{}".format(major, older) for older in range(minor - 1, -1, -1)]
    for interpreter in generic:
        for plat in plats:
            yield "-".join((interpreter, "none", plat))
    yield here + "-none-any"
    for interpreter in generic:
        yield interpreter + "-none-any"


def markers(python: str, arch: str, kernel: str = "") -> Dict[str, str]:
    """The PEP 508 environment of that CPython ("3.6.15") on Linux."""
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": arch,
        "platform_python_implementation": "CPython",
        "platform_release": kernel,
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "linux",
    }


def split_wheel(filename: str) -> Tuple[str, str, str, List[str]]:
    """(distribution, version, build, expanded tags) of a wheel's file name.

    Raises ValueError when the name is not one of PEP 427.
    """
    stem = filename[:-4] if filename.endswith(".whl") else ""
    parts = stem.split("-")
    if len(parts) not in (5, 6) or not all(parts):
        raise ValueError("not a wheel file name: {}".format(filename))
    build = parts[2] if len(parts) == 6 else ""
    pythons, abis, plats = (part.split(".") for part in parts[-3:])
    expanded = ["-".join((p, a, t)) for p in pythons for a in abis for t in plats]
    return parts[0], parts[1], build, expanded
