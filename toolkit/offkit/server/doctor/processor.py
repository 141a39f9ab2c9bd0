"""Instruction sets that installed files were built for, against what this processor has.

Two files say so: an ELF file in its GNU property note, and NumPy in a sentence that it would
print when it stops at import. Nothing else can be known without running code.
"""

import posixpath
import re
from typing import Dict, List

from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.elf.hwcaps import X86_64_LEVELS
from offkit.model.cpu import Cpu
from offkit.model.finding import ERROR, Finding
from offkit.server.environment.environment import Environment

_LEVELS = {level: flags for level, (_, flags) in enumerate(X86_64_LEVELS, 2)}
# NumPy's names that differ from those of /proc/cpuinfo, and its groups (npy_cpu_features.h).
_NUMPY = {
    "SSE3": "pni",
    "SSE41": "sse4_1",
    "SSE42": "sse4_2",
    "FMA3": "fma",
    "LAHF": "lahf_lm",
    "LZCNT": "abm",
    "X86_V2": _LEVELS[2],
    "X86_V3": _LEVELS[2] + " " + _LEVELS[3],
    "X86_V4": _LEVELS[2] + " " + _LEVELS[3] + " " + _LEVELS[4],
}
_SENTENCE = re.compile(rb"NumPy was built with baseline optimizations: \n?\(([A-Z0-9_ ]{0,400})\)")
_MAX_MODULE = 64 * 1024 * 1024  # bytes


def judge(tree: Tree, env: Environment, isa: Dict[str, int], cpu: Cpu) -> List[Finding]:
    """``isa`` maps files to the level that they need. Nothing is said of what is not known, or no x86."""
    if not (cpu.vendor and cpu.flags):
        return []
    findings = []
    for level in sorted(set(isa.values())):
        wanted = " ".join(_LEVELS[each] for each in range(2, level + 1))
        lacking = cpu.lacks(wanted)
        if lacking:
            paths = sorted(path for path, own in isa.items() if own == level)
            message = "{} was built for x86-64-v{}; this processor has no {}".format(
                env.shorten(paths[0]), level, " ".join(lacking)
            )
            findings.append(_finding("x86-64-v{}".format(level), message, paths))
    for path in _numpy_modules(tree, env):
        names = numpy_baseline(tree, path).split()
        lacking = [name for name in names if cpu.lacks(_NUMPY.get(name, name.lower()))]
        if lacking:
            message = "it was built for processors with {}; this one has no {}".format(
                " ".join(names), " ".join(lacking)
            )
            findings.append(_finding("numpy", message, [path]))
    return findings


def _finding(subject: str, message: str, paths: List[str]) -> Finding:
    fix = "bundle again with an older version of the package, which was built for older processors"
    return Finding("ENV012", ERROR, subject, message, tuple(paths), fix)


def _numpy_modules(tree: Tree, env: Environment) -> List[str]:
    found = []
    for top in env.site_packages:
        for core in ("core", "_core"):
            directory = posixpath.join(top, "numpy", core)
            found += [
                posixpath.join(directory, name)
                for name in tree.names(directory)
                if name.startswith("_multiarray_umath.") and name.endswith(".so")
            ]
    return found


def numpy_baseline(tree: Tree, path: str) -> str:
    """``SSE SSE2 SSE3``, from the text inside the compiled module; "" where it has none (< 1.20)."""
    try:
        with tree.open(path) as source:
            matched = _SENTENCE.search(source.read(_MAX_MODULE))
    except OSError:
        return ""
    return matched.group(1).decode("ascii") if matched else ""


def arch_of(tree: Tree, path: str) -> str:
    """The machine that an executable is for, ``x86_64`` where that cannot be told."""
    try:
        with tree.open(path) as source:
            return reader.read(source).platform or "x86_64"
    except (OSError, ValueError):
        return "x86_64"
