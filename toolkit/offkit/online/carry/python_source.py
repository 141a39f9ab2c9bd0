"""A CPython source tarball for the bundle: is it one, of which version, and can the target build it?

What a release wants from the system is in its "Configure Python" documentation (build
requirements); what an EL has, in its own packages. An hour of compiling beyond the gap is too
late to find out that an ISO has OpenSSL 1.0.2.
"""

from __future__ import annotations

import re
from pathlib import Path

from offkit.edges import releases
from offkit.model import layout, toolchain
from offkit.model.carried import SOURCE, Carried
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.release import Release
from offkit.model.target import Target
from offkit.online.carry import tarball

UNUSABLE = "PY030"  # no such tarball
OTHER_VERSION = "PY031"
CANNOT_BE_BUILT = "PY032"

_WHAT = "a CPython source tarball (Python-X.Y.Z.tgz or .tar.xz of python.org)"
_DEFINE = re.compile(r'^#\s*define\s+(PY_\w+)\s+"?([^"\s]+)"?', re.MULTILINE)


def look(path: Path) -> Carried:
    """Read it. Raises UsageError, RequestError (PY030) or IntegrityError (PY030, damaged)."""
    tarball.usable(path, "--python-source")
    seen: set[str] = set()
    defines: dict[str, str] = {}
    with tarball.reading(path, UNUSABLE, _WHAT) as entries:
        for inner, member, read in entries:
            if inner in ("configure", "Include/patchlevel.h") and member.isreg():
                seen.add(inner)
                if inner.startswith("Include"):
                    defines = dict(_DEFINE.findall(read().decode("latin-1")))
    wrong = _wrong(entries, seen, defines)
    if wrong:
        raise tarball.refused(UNUSABLE, path, wrong, f"give {_WHAT}")
    version = ".".join(defines[f"PY_{part}_VERSION"] for part in ("MAJOR", "MINOR", "MICRO"))
    member_name = layout.PYTHON_SOURCE + path.name
    return Carried(SOURCE, member_name, version, tarball.sha256(path), entries.unpacked)


def _wrong(entries: tarball.Entries, seen: set[str], defines: dict[str, str]) -> str:
    """Why it is no usable source tarball; "" when it is one."""
    wrong = entries.wrong(_WHAT, [name for name in ("configure", "Include/patchlevel.h") if name not in seen])
    if wrong:
        return wrong
    numbers = [defines.get(f"PY_{part}_VERSION", "") for part in ("MAJOR", "MINOR", "MICRO")]
    if not all(number.isdecimal() for number in numbers):
        return "its Include/patchlevel.h gives no version"
    if "FINAL" not in defines.get("PY_RELEASE_LEVEL", ""):
        return f"is a pre-release ({defines.get('PY_VERSION', 'without a version')})"
    return ""


def misfits(source: Carried, target: Target) -> list[Finding]:
    """Everything that keeps the target from building it with what its ISO has."""
    name = Path(source.member).name
    found = version_misfits(source, target)
    series = (source.release[0], source.release[1])
    own = releases.of(target.el, target.name)
    for wanted, has in toolchain.lacks(series, own):
        fix = f"use {_older(own)}, a ready-made build (--python-build), or {_newer(series)}"
        message = f"CPython {source.series} needs {wanted}; the ISO of {target.name} has {has}"
        found.append(Finding(CANNOT_BE_BUILT, ERROR, name, message, (), fix))
    return found


def out_of_reach(target: Target) -> list[Finding]:
    """A warning when neither the ISO of the target nor compiling there gives that Python."""
    own = releases.of(target.el, target.name)
    lacks = toolchain.lacks(target.python_series, own)
    if target.python_minor in own.pythons or not lacks:
        return []
    message = (
        f"no ISO of {target.name} has it, and it cannot be compiled with what such an ISO has ({lacks[0][1]})"
    )
    fix = (
        f"unless the server has it: use {_older(own)}, carry a build (--python-build), "
        f"or {_newer(target.python_series)}"
    )
    return [Finding(CANNOT_BE_BUILT, WARNING, f"CPython {target.python_minor}", message, (), fix)]


def _older(own: Release) -> str:
    """The last series that can be compiled from that release's discs, for people."""
    major, minor = min(want.since for want in toolchain.WANTS if toolchain.lacks(want.since, own))
    return f"{major}.{minor - 1} or older"


def _newer(series: tuple[int, int]) -> str:
    """The oldest release whose discs are not known to lack anything for it, as an option."""
    return f"--target {toolchain.able(series, releases.known()).name}"


def version_misfits(carried: Carried, target: Target) -> list[Finding]:
    """PY031 when it is not the Python that the wheels are for, or an older one."""
    name = Path(carried.member).name
    if carried.series != target.python_minor:
        message = f"is CPython {carried.version}, the bundle is for {target.python_minor}"
        fix = f"use --python {carried.series}, or give CPython {target.python_minor}"
    elif carried.release < tuple(int(part) for part in target.python.split(".")):
        message = (
            f"is CPython {carried.version}, older than the {target.python} that packages were chosen for"
        )
        fix = f"use --python {carried.version}, or give a newer one"
    else:
        return []
    return [Finding(OTHER_VERSION, ERROR, name, message, (), fix)]
