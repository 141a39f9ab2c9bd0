"""The server a bundle is for: an explicit value, never the running interpreter."""

import re
import textwrap
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from offkit.model import toolchain
from offkit.model.errors import UsageError
from offkit.model.release import Release, Releases
from offkit.model.tags import cpython_abi, markers, wheel_tags

ARCHES = ("x86_64", "aarch64", "ppc64le", "s390x")
# What others call them (dpkg, Go, Docker, Windows).
_ALSO = {"amd64": "x86_64", "x64": "x86_64", "x86-64": "x86_64", "arm64": "aarch64", "ppc64el": "ppc64le"}

# What each text of a target's JSON has to be.
_FORMS = {
    "el": r"[0-9]{1,3}",
    "name": r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "arch": r"[a-z][a-z0-9_]{1,31}",
    "python": r"3\.[0-9]{1,2}\.[0-9]{1,4}",
    "glibc": r"[1-9]\.[0-9]{1,3}",
}

_WIDTH = 80  # of a list of names
THIS_MACHINE = "this machine"  # the name of what runs here, and on no server: what builds
OLDEST, NEWEST = 6, 14  # minor releases of CPython 3 that offkit itself is tested with or built for
# Of each series that a release does not ship, what somebody who compiles Python today would take: its last
# version, or one of its last. A marker that holds for it holds for the next ones.
_SELF_BUILT = {
    "3.6": "3.6.15",
    "3.7": "3.7.17",
    "3.8": "3.8.20",
    "3.9": "3.9.23",
    "3.10": "3.10.18",
    "3.11": "3.11.13",
    "3.12": "3.12.13",
    "3.13": "3.13.13",
    "3.14": "3.14.4",
}


class Target(NamedTuple):
    """A server: EL major, architecture, full CPython version and glibc.

    ``python`` is complete ("3.6.8"): "3.6" would mean 3.6.0 to every marker.
    """

    name: str
    el: int
    arch: str
    python: str
    glibc: Tuple[int, int]
    spelled: str = ""  # in a description's words, with another Python: {0} is 3.9, {1} 3.9.2

    @property
    def python_series(self) -> Tuple[int, int]:
        major, minor = self.python.split(".")[:2]
        return int(major), int(minor)

    @property
    def python_minor(self) -> str:
        """``3.6``"""
        return "{}.{}".format(*self.python_series)

    @property
    def owner(self) -> str:
        """Who has this Python and this glibc, as a sentence begins to say it."""
        return self.name if self.name == THIS_MACHINE else "the server"

    @property
    def abi(self) -> str:
        return cpython_abi(self.python_series)

    @property
    def release(self) -> str:
        """What a server of it says that it is (``Releases.name_of``)."""
        return "el{}".format(self.el) if self.el else self.name

    def on_other_machine(self, arch: str) -> str:
        """What is said where a bundle for this target stands on a machine of another architecture."""
        return "this machine is {}, the bundle is for {}".format(arch, self.arch)

    @property
    def glibc_text(self) -> str:
        return "{}.{}".format(*self.glibc)

    def tags(self) -> List[str]:
        """Wheel tags it accepts, best first."""
        return list(wheel_tags(self.python_series, self.arch, self.glibc))

    def markers(self, kernel: str = "") -> Dict[str, str]:
        """The PEP 508 environment of the server. ``kernel``: what kernels of its release call themselves."""
        return markers(self.python, self.arch, kernel)

    def describe(self) -> str:
        """One line for people."""
        return "{} {}, CPython {} ({}), glibc {}".format(
            self.name, self.arch, self.python, self.abi, self.glibc_text
        )

    def to_json(self) -> Dict[str, Any]:
        return {
            "name": self.name,
            "el": self.el,
            "arch": self.arch,
            "python": self.python,
            "abi": self.abi,
            "glibc": self.glibc_text,
        }


def from_json(data: Any) -> Target:
    """Back from ``to_json``. Raises UsageError on anything else: a field that is none would be a line of
    a lock, or an option of pip."""
    if not isinstance(data, dict):
        raise _none("it is no object")
    for key, form in _FORMS.items():
        if key not in data:
            raise _none("it has no {}".format(key))
        value = str(data[key]) if key == "el" and type(data[key]) is int else data[key]
        if not isinstance(value, str) or not re.fullmatch(form, value):
            raise _none("its {} means nothing".format(key))
    major, minor = data["glibc"].split(".")
    return Target(data["name"], int(data["el"]), data["arch"], data["python"], (int(major), int(minor)))


def _none(why: str) -> UsageError:
    return UsageError("not a target description ({})".format(why))


def machine(arch: str) -> str:
    """An architecture as uname(1) calls it, by the name that anybody else has for it."""
    return _ALSO.get(arch.lower(), arch)


def preset(
    known: Releases, python: Optional[str] = None, name: Optional[str] = None, arch: str = "x86_64"
) -> Target:
    """The target meant by ``--python 3.6``, ``--target el8`` or both.

    A Python series alone means the oldest release that ships it, since what runs there runs on
    the newer ones; a series that none ships means the oldest whose disc is not known to lack what
    it is compiled with. Raises UsageError on names and versions that mean nothing.
    """
    arch = machine(arch)
    if arch not in ARCHES:
        raise UsageError("unknown architecture {!r}".format(arch), fix="one of: " + ", ".join(ARCHES))
    release = _release(known, name) if name is not None else None
    if python is None:
        python = (release or known.all[0]).python
        if not python:
            raise UsageError("which Python {} has is not known".format(name), fix="say which: --python X.Y")
    matched = re.match(r"^3\.(\d+)(\.\d+)?$", python)
    if not matched:
        raise UsageError(
            "--python {!r} is not a CPython 3 version".format(python), fix="write it like 3.6 or 3.6.8"
        )
    minor = int(matched.group(1))
    if not OLDEST <= minor <= NEWEST:
        raise UsageError(
            "Python 3.{} is not supported".format(minor),
            fix="offkit knows CPython 3.{} to 3.{}".format(OLDEST, NEWEST),
        )
    series = "3.{}".format(minor)
    if release is None:
        release = next(iter(known.shipping(series)), None) or toolchain.able((3, minor), known)
    full = python if matched.group(2) else _full_version(release, series)
    return Target(release.name, release.el, arch, full, release.glibc)


def with_python(known: Releases, target: Target, series: str) -> Target:
    """The same server with another CPython ("3.8"): the one that its release ships, where it does."""
    return target._replace(python=_full_version(known.of(target.el, target.name), series))


def _release(known: Releases, name: str) -> Release:
    found = known.named(name)
    if not found.name:
        near = " or ".join(known.near(name))
        message = "did you mean {}?".format(near) if near else "offkit has no file about it"
        names = textwrap.wrap("one of: " + ", ".join(each.name for each in known.all), _WIDTH)
        names.append("or the server itself, as 'offkit probe --script' describes it: --target FILE")
        raise UsageError("unknown target {!r}: {}".format(name, message), fix="\n".join(names))
    return found


def _full_version(release: Release, series: str) -> str:
    shipped = release.pythons.get(series)
    return shipped.version if shipped else _SELF_BUILT.get(series, series + ".0")
