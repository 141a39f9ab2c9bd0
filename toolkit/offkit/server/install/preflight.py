"""What must be true of a machine before anything is written to it. Pure: facts in, findings out."""

import os
import posixpath
from typing import Any, Callable, Dict, List, Optional

from offkit.edges.host import Host, Volume
from offkit.model import control_node, layout
from offkit.model import space as space_model
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.space import Need
from offkit.model.target import Target


def needed_inodes(entries: int) -> int:
    """For ``entries`` files in the wheels, each possibly with its byte code."""
    return 2 * entries + space_model.INODES


def host_misfits(host: Host, target: Target) -> List[Finding]:
    """Architecture, C library and distribution against those the bundle is for."""
    found = []
    again = "bundle again on the other side for this server, which 'offkit probe' describes"
    if host.arch != target.arch:
        found.append(Finding("ENV021", ERROR, "arch", target.on_other_machine(host.arch), (), again))
    if host.glibc is None:
        message = "this machine has no glibc, the wheels need {}".format(target.glibc_text)
        found.append(Finding("ENV022", ERROR, "glibc", message, (), "install on a glibc system"))
    elif host.glibc < target.glibc:
        message = "glibc here is {}.{}, older than the {} that the wheels may need".format(
            host.glibc[0], host.glibc[1], target.glibc_text
        )
        found.append(Finding("ENV022", ERROR, "glibc", message, (), again))
    other = bool(host.release) and not target.el and host.release != target.name
    if host.el != target.el or other:
        message = "this is {}, the bundle is for {}: the wheels fit, but names of RPMs may differ".format(
            host.system, target.name
        )
        found.append(Finding("ENV023", WARNING, "system", message, ("/etc/os-release",), ""))
    return found


def other_release(host: Host, target: Target) -> List[Finding]:
    """ENV048 where a bundle whose Python is not here is for another release than this server is of: that is
    what to begin with. One whose Python is here installs, for its wheels fit by their C library."""
    if not host.release or host.release == target.release:
        return []
    message = "this server is {} ({}), the bundle is for {} and its Python {}".format(
        host.release, host.system, target.release, target.python_minor
    )
    fix = "bundle again on the other side: offkit bundle --target {}".format(host.release)
    return [Finding("ENV048", ERROR, "system", message, ("/etc/os-release",), fix)]


def program_misfits(options: Dict[str, Any], which: Callable[[str], Optional[str]]) -> List[Finding]:
    """What a control node's bundle, by its manifest's ``options``, calls and PATH does not have.

    ``which`` is shutil.which.
    """
    if not control_node.meant(options):
        return []
    lacking = [program for program in control_node.PROGRAMS if not which(program)]
    if not lacking:
        return []
    message = "{} not on PATH, so Ansible cannot reach hosts; the package is {}".format(
        " and ".join(lacking) + (" is" if len(lacking) == 1 else " are"), control_node.CLIENTS
    )
    return [Finding("ENV013", WARNING, lacking[0], message, (), "yum install " + control_node.CLIENTS)]


def prefix_misfits(prefix: str, volume: Volume, space: Need, need_inodes: int) -> List[Finding]:
    """Whether an environment of that size can live and run below ``prefix``."""
    found = []

    def wrong(code: str, message: str, fix: str) -> None:
        found.append(Finding(code, ERROR, prefix, message, (volume.mount_point,), fix))

    elsewhere = "choose another place: --prefix DIR"
    if not volume.directory:
        wrong("ENV027", "{} is not a directory".format(volume.existing), elsewhere)
    elif volume.read_only:
        wrong("ENV027", "{} is mounted read-only".format(volume.mount_point), elsewhere)
    elif not volume.writable:
        wrong(
            "ENV027", "no permission to write in {}".format(volume.existing), elsewhere + ", or run as root"
        )
    if volume.noexec:
        wrong(
            "ENV026",
            "{} is mounted noexec: no library could be loaded from it".format(volume.mount_point),
            elsewhere,
        )
    if volume.free_bytes < space.total:
        free = volume.free_bytes // 1000000
        message = "{}, {} has {} MB free".format(space.describe(), volume.mount_point, free)
        wrong("ENV024", message, "free some space, or " + elsewhere)
    if volume.free_inodes is not None and volume.free_inodes < need_inodes:
        message = "{} inodes are needed, {} has {} free".format(
            need_inodes, volume.mount_point, volume.free_inodes
        )
        wrong("ENV025", message, "remove files, or " + elsewhere)
    for why in unfit(prefix):
        wrong("ENV028", "the path " + why, elsewhere)
    return found


def unfit(prefix: str) -> List[str]:
    """What a path has that keeps it from being a prefix, whatever lies there: predicates."""
    found = []
    try:
        os.fsencode(prefix).decode("utf-8")
    except UnicodeDecodeError:
        found.append("is not UTF-8")
    odd = sorted({char for char in prefix if char in layout.UNFIT})
    if odd:
        found.append("has characters that scripts cannot hold: {}".format(" ".join(map(repr, odd))))
    if ":" in prefix:
        # glibc before 2.27 splits an RPATH after it has put a path for $ORIGIN, and wheels have such.
        found.append("has a colon, which separates the loader's search paths")
    return found


def occupied(
    prefix: str,
    exists: Callable[[str], bool],
    is_link: Callable[[str], bool],
    is_directory: Callable[[str], bool],
) -> List[Finding]:
    """Things under ``prefix`` that stand where offkit's own must be."""
    found = []
    current, place = posixpath.join(prefix, layout.CURRENT), posixpath.join(prefix, layout.GENERATIONS)
    wrong = []
    if not exists("/proc/self/cwd"):
        wrong.append(("/proc", "is not mounted, but building the environment needs /proc/self/cwd"))
    if exists(current) and not is_link(current):
        wrong.append((current, "is not the symbolic link that offkit makes"))
    if exists(place) and not is_directory(place):
        wrong.append((place, "is not a directory"))
    for path, what in wrong:
        message = "{} {}".format(path, what)
        found.append(Finding("ENV029", ERROR, path, message, (), "correct this, or choose another --prefix"))
    return found
