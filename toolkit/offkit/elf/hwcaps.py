"""Subdirectories that a loader searches first because the CPU can use what lies in them.

Which ones they are is compiled into the loader: ``glibc-hwcaps/x86-64-v2`` and so on since
glibc 2.33 (sysdeps/x86_64/dl-hwcaps_subdirs.c), and until 2.36 also every combination of
``tls``, the CPU's platform and features (elf/dl-hwcaps.c, ``_dl_important_hwcaps``).
"""

import re
from typing import Collection, List, Tuple

_LEVELS = re.compile(rb"\0(x86-64-v\d(?::x86-64-v\d)*)\0")

# The psABI's levels above the baseline, by the flags' names in /proc/cpuinfo; each includes the last.
X86_64_LEVELS = (
    ("x86-64-v2", "cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3"),
    ("x86-64-v3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"),
    ("x86-64-v4", "avx512bw avx512cd avx512dq avx512f avx512vl"),
)
# What glibc 2.26 and newer calls a platform (sysdeps/x86/cpu-features.c, init_cpu_features).
_HASWELL = "abm avx2 bmi1 bmi2 fma movbe popcnt"
_AVX512_1 = "avx512bw avx512cd avx512dq avx512vl"


def levels(cpu: Collection[str]) -> List[str]:
    """The psABI levels of an x86-64 CPU, highest first."""
    found: List[str] = []
    for name, flags in X86_64_LEVELS:
        if not _has(cpu, flags):
            break
        found.insert(0, name)
    return found


def platform(loader: bytes, arch: str, cpu: Collection[str]) -> str:
    """What this loader puts for ``$PLATFORM`` on this CPU: ``x86_64``, or a kind of CPU."""
    if arch == "x86_64" and b"\0haswell\0" in loader:
        if _has(cpu, "avx512cd avx512er avx512pf"):
            return "xeon_phi"
        if _has(cpu, _HASWELL):
            return "haswell"
    return arch


def subdirectories(loader: bytes, arch: str, cpu: Collection[str]) -> Tuple[str, ...]:
    """In the order in which they are searched, below every directory and before it.

    ``loader`` is the file of ld.so, ``cpu`` the flags of /proc/cpuinfo. Other architectures
    than x86_64 are not known and get none.
    """
    if arch != "x86_64" or not loader:
        return ()
    found: List[str] = []
    compiled = _LEVELS.search(loader)
    if compiled is not None:
        able = levels(cpu)
        names = compiled.group(1).decode("ascii").split(":")
        found += ["glibc-hwcaps/" + name for name in names if name in able]
    if compiled is None or b"Legacy HWCAP" in loader:
        found += _combined(_legacy(loader, arch, cpu))
    return tuple(found)


def _legacy(loader: bytes, arch: str, cpu: Collection[str]) -> List[str]:
    kind = platform(loader, arch, cpu)
    names = ["tls"] + ([kind] if kind != arch else [])
    if b"\0avx512_1\0" in loader and kind != "xeon_phi" and _has(cpu, _AVX512_1):
        names.append("avx512_1")
    return names + [arch]


def _combined(names: List[str]) -> List[str]:
    """Every subset in the given order, the fullest first: a/b/c, a/b, a/c, a, b/c, b, c."""
    count = len(names)
    masks = range(2**count - 1, 0, -1)
    return ["/".join(names[i] for i in range(count) if mask >> (count - 1 - i) & 1) for mask in masks]


def _has(cpu: Collection[str], flags: str) -> bool:
    return set(flags.split()) <= set(cpu)
