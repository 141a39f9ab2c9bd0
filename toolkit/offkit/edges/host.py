"""Questions to the machine itself. Each is an observation and a pure reading of it."""

import os
import platform
import re
from typing import Dict, NamedTuple, Optional, Tuple

from offkit.edges import releases
from offkit.edges.proc import told
from offkit.edges.tree import Tree
from offkit.model.cpu import Cpu


class Volume(NamedTuple):
    """The file system that holds (or would hold) a path."""

    mount_point: str
    existing: str  # the nearest ancestor that exists
    free_bytes: int  # for this user
    free_inodes: Optional[int]  # None where the file system has no fixed number (btrfs, xfs says plenty)
    noexec: bool
    read_only: bool
    writable: bool  # this user may create entries in ``existing``
    directory: bool  # ``existing`` is a directory


class Host(NamedTuple):
    """What an installation wants to know, apart from the interpreter."""

    arch: str
    glibc: Optional[Tuple[int, int]]  # None on another C library
    os_release: Dict[str, str]
    kernel: str
    root: bool

    @property
    def el(self) -> int:
        """The Enterprise Linux major, 0 on anything else."""
        return releases.known().el_major(self.os_release)

    @property
    def release(self) -> str:
        """What offkit calls the release, "" for what it does not know."""
        return releases.known().name_of(self.os_release)

    @property
    def system(self) -> str:
        return self.os_release.get("PRETTY_NAME") or self.os_release.get("NAME") or "an unknown system"


def here() -> Host:
    """This machine."""
    release = os_release(Tree("/"))
    return Host(platform.machine(), glibc(), release, platform.release(), os.geteuid() == 0)


def glibc() -> Optional[Tuple[int, int]]:
    """Version of the running glibc by confstr(3), None on another libc."""
    try:
        return parse_glibc(os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (ValueError, OSError):
        return None


def parse_glibc(text: str) -> Optional[Tuple[int, int]]:
    """``glibc 2.17`` to (2, 17)."""
    found = re.match(r"^glibc (\d+)\.(\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else None


def cpu() -> Cpu:
    """This machine's, by /proc/cpuinfo."""
    return parse_cpu(told("/proc/cpuinfo"))


def parse_cpu(text: str) -> Cpu:
    """/proc/cpuinfo (proc(5)): the flags are those that all processors have, the vendor is the first's."""
    lines = re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    sets = [frozenset(line.split()) for line in lines]
    vendor = re.search(r"^vendor_id\s*:(.*)$", text, re.MULTILINE)
    flags = frozenset.intersection(*sets) if sets else frozenset()
    return Cpu(vendor.group(1).strip() if vendor else "", flags)


def os_release(tree: Tree) -> Dict[str, str]:
    """What the system below ``tree`` calls itself: by the first of two files that is there, else {}."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return parse_os_release(tree.text(path))
        except OSError:
            continue
    return {}


def parse_os_release(text: str) -> Dict[str, str]:
    """os-release(5): shell-like assignments, without the shell."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
            value = value[1:-1]
        found[name] = re.sub(r"\\(.)", r"\1", value)
    return found


def directory() -> str:
    """Where this process was started, or has gone since; "" where that is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def volume(path: str) -> Volume:
    """Where ``path`` lies or would lie, by statvfs(3); OSError only when not even / can be asked."""
    existing = os.path.abspath(path)
    while not os.path.lexists(existing):
        existing = os.path.dirname(existing)
    facts = os.statvfs(existing if os.path.exists(existing) else os.path.dirname(existing))
    return Volume(
        mount_point=_mount_point(existing),
        existing=existing,
        free_bytes=facts.f_bavail * facts.f_frsize,
        free_inodes=facts.f_favail if facts.f_files else None,
        noexec=bool(facts.f_flag & os.ST_NOEXEC),
        read_only=bool(facts.f_flag & os.ST_RDONLY),
        writable=os.access(existing, os.W_OK | os.X_OK),
        directory=os.path.isdir(existing),
    )


def _mount_point(path: str) -> str:
    point = os.path.realpath(path)
    while not os.path.ismount(point) and point != os.path.dirname(point):
        point = os.path.dirname(point)
    return point
