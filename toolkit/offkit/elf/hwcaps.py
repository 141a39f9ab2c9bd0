"""Subdirectories that a loader searches first because the CPU can use what lies in them.

Which ones they are is compiled into the loader: ``glibc-hwcaps/x86-64-v2`` and so on since
glibc 2.33 and in later builds of EL 8's 2.28 (sysdeps/x86_64/dl-hwcaps_subdirs.c), and until 2.36
also every combination of ``tls``, the CPU's platform and features (elf/dl-hwcaps.c,
``_dl_important_hwcaps``).

Platform and features are the kernel's word, ``x86_64`` (AT_PLATFORM), until glibc 2.25. From 2.26
on ``init_cpu_features`` (sysdeps/x86/cpu-features.c) decides: ``haswell``, ``xeon_phi`` and
``avx512_1`` are for Intel's CPUs alone (``arch_kind_intel``), whatever those of others can do; from
2.27 on every CPU has the feature ``x86_64`` besides its platform. 2.37 searches none of this any
more, and ``$PLATFORM`` is still ``haswell`` there. The levels do not ask who made the CPU, but they
ask for flags of CPUID leaf 0x80000001, which is read for makers that glibc knows and for no other.
"""

import re
from typing import List, Tuple

from offkit.model.cpu import Cpu

_LEVELS = re.compile(rb"\0(x86-64-v\d(?::x86-64-v\d)*)\0")

# The psABI's levels above the baseline, by the flags' names in /proc/cpuinfo; each includes the last.
X86_64_LEVELS = (
    ("x86-64-v2", "cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3"),
    ("x86-64-v3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"),
    ("x86-64-v4", "avx512bw avx512cd avx512dq avx512f avx512vl"),
)
INTEL = "GenuineIntel"
_MAKERS = (INTEL, "AuthenticAMD", "HygonGenuine", "CentaurHauls", "Shanghai")
_XEON_PHI = "avx512cd avx512er avx512pf"
_HASWELL = "abm avx2 bmi1 bmi2 fma movbe popcnt"
_AVX512_1 = "avx512bw avx512cd avx512dq avx512vl"


def levels(cpu: Cpu) -> List[str]:
    """The psABI levels that glibc sees in an x86-64 CPU, highest first."""
    found: List[str] = []
    for name, flags in X86_64_LEVELS:
        if cpu.vendor not in _MAKERS or not cpu.has(flags):
            break
        found.insert(0, name)
    return found


def platform(loader: bytes, arch: str, cpu: Cpu) -> str:
    """What this loader puts for ``$PLATFORM`` on this CPU: ``x86_64``, or a kind of CPU."""
    if arch == "x86_64" and _by_maker(loader) and cpu.vendor == INTEL:
        if cpu.has(_XEON_PHI):
            return "xeon_phi"
        if cpu.has(_HASWELL):
            return "haswell"
    return arch


def subdirectories(loader: bytes, arch: str, cpu: Cpu) -> Tuple[str, ...]:
    """In the order in which they are searched, below every directory and before it; once each,
    though the loader may come to one again.

    ``loader`` is the file of ld.so. Other architectures than x86_64 are not known and get none.
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
    return tuple(sorted(set(found), key=found.index))


def _by_maker(loader: bytes) -> bool:
    return b"\0haswell\0" in loader


def _legacy(loader: bytes, arch: str, cpu: Cpu) -> List[str]:
    names = ["tls", platform(loader, arch, cpu)]
    if b"\0avx512_1\0" in loader and cpu.vendor == INTEL and cpu.has(_AVX512_1) and not cpu.has("avx512er"):
        names.append("avx512_1")
    return names + ([arch] if _by_maker(loader) else [])


def _combined(names: List[str]) -> List[str]:
    """Every subset in the given order, the fullest first: a/b/c, a/b, a/c, a, b/c, b, c."""
    count = len(names)
    masks = range(2**count - 1, 0, -1)
    return ["/".join(names[i] for i in range(count) if mask >> (count - 1 - i) & 1) for mask in masks]
