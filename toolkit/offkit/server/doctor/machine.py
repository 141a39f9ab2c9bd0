"""ENV: what the machine itself does to the environment. Asked of the running system, so only
for the root that is really running."""

import os
import posixpath
import shlex
from typing import Dict, List, Mapping, NamedTuple, Optional

from offkit.edges import host
from offkit.edges.tree import Tree
from offkit.model import layout
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.words import several
from offkit.server.environment import modules
from offkit.server.environment.environment import Environment

_LITTLE = 64 * 1000 * 1000  # bytes
_FEW = 500  # inodes
_NAMED = 5
_SELINUX = "security.selinux"
# Types that a service confined by SELinux may not map or execute, whatever lies there, and of which systemd
# starts no program (selinux-policy targeted). Files that were moved out of a home or a temporary place keep
# theirs; what lies below /home, /root, /srv or a directory of its own at the top has one by the policy.
_FOREIGN_TYPES = (
    "tmp_t",
    "user_tmp_t",
    "user_home_t",
    "user_home_dir_t",
    "admin_home_t",
    "home_root_t",
    "var_t",
    "default_t",
    "unlabeled_t",
)
# Where the policy has types for programs and libraries, so that restorecon(8) gives them. Elsewhere the same
# has to be said of the place first: semanage-fcontext(8), -e.
_LABELLED = ("/opt/", "/usr/")


class Facts(NamedTuple):
    """What was observed."""

    volume: host.Volume
    shm: bool  # /dev/shm is a directory
    shm_writable: bool
    locale: str  # what the locale variables say; "" when none does
    temporary: Optional[host.Volume] = None  # of TMPDIR
    program: Optional[host.Volume] = None  # of the interpreter


def observe(env: Environment, variables: Mapping[str, str]) -> Facts:
    """Ask the running system; ``variables`` is the process environment."""
    locale = variables.get("LC_ALL") or variables.get("LC_CTYPE") or variables.get("LANG") or ""
    shm = os.path.isdir("/dev/shm")
    writable = os.access("/dev/shm", os.W_OK | os.X_OK)  # also false when mounted read-only
    temporary = host.volume(variables.get("TMPDIR") or "/tmp")
    program = host.volume(env.interpreter) if env.interpreter else None
    return Facts(host.volume(env.where), shm, writable, locale, temporary, program)


def judge(env: Environment, facts: Facts, locale: str = "") -> List[Finding]:
    """What those facts mean for this environment. ``locale``: one with UTF-8 that this server has, "" where
    none is known."""
    found = []
    if facts.volume.noexec:
        point = facts.volume.mount_point
        message = "{} is mounted noexec: no extension module can be loaded".format(point)
        fix = "mount -o remount,exec {}; or install under another --prefix".format(point)
        found.append(Finding("ENV001", ERROR, env.where, message, (point,), fix))
    program = facts.program
    if program is not None and program.noexec and program.mount_point != facts.volume.mount_point:
        point = program.mount_point
        message = "{} is mounted noexec: this Python does not start".format(point)
        fix = "mount -o remount,exec {}; or use another Python".format(point)
        found.append(Finding("ENV001", ERROR, env.interpreter, message, (point,), fix))
    if not facts.shm or not facts.shm_writable:
        message = "is not writable" if facts.shm else "is missing"
        message += ": multiprocessing cannot create locks, so only one process is used"
        fix = "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"
        found.append(Finding("ENV002", WARNING, "/dev/shm", message, ("/dev/shm",), fix))
    if facts.locale.split(".")[0] in ("", "C", "POSIX") and "UTF" not in facts.locale.upper():
        message = "the locale is {}: Python before 3.7 treats text as ASCII".format(facts.locale or "not set")
        fix = "export LC_ALL=" + (locale or "…, a UTF-8 locale from 'locale -a'")
        severity = WARNING if env.series < (3, 7) else INFO
        found.append(Finding("ENV003", severity, "locale", message, ("LC_ALL", "LC_CTYPE", "LANG"), fix))
    if facts.volume.free_bytes < _LITTLE:
        message = "only {} MB free".format(facts.volume.free_bytes // 1000000)
        fix = "free some space on " + facts.volume.mount_point
        found.append(Finding("ENV004", WARNING, facts.volume.mount_point, message, (env.where,), fix))
    if facts.volume.free_inodes is not None and facts.volume.free_inodes < _FEW:
        message = several(facts.volume.free_inodes, "inode") + " free: almost no room for new files"
        fix = "remove files on " + facts.volume.mount_point
        found.append(Finding("ENV010", WARNING, facts.volume.mount_point, message, (env.where,), fix))
    return found + _temporary(facts.temporary)


def _temporary(volume: Optional[host.Volume]) -> List[Finding]:
    """Programs unpack libraries into TMPDIR and load them there; so does ctypes for callbacks."""
    if volume is None:
        return []
    place, point = volume.existing, volume.mount_point
    if volume.noexec:
        message = 'is mounted noexec: libraries unpacked there cannot be loaded ("failed to map segment")'
        fix = "export TMPDIR=DIR on another file system, or mount -o remount,exec {}".format(point)
        return [Finding("ENV009", WARNING, place, message, (point,), fix)]
    if not volume.writable or volume.read_only:
        message = "is the directory for temporary files and is not writable"
        return [
            Finding(
                "ENV009", WARNING, place, message, (point,), "export TMPDIR=DIR with a writable directory"
            )
        ]
    return []


def labels(tree: Tree, env: Environment) -> List[Finding]:
    """SELinux: files whose label keeps services away from them, where it is enforcing."""
    if not _enforcing(tree):
        return []
    bad: Dict[str, List[str]] = {}
    places = [env.where, posixpath.join(env.where, "bin"), env.interpreter, *env.site_packages]
    places += [posixpath.join(top, name) for top in env.site_packages for name in tree.names(top)]
    for place in filter(None, places):
        kind = _type(tree, place)
        if kind in _FOREIGN_TYPES:
            bad.setdefault(kind, []).append(place)
    return [
        Finding(
            "ENV011",
            WARNING,
            env.where,
            "{} labelled {}: a service confined by SELinux may not load from there".format(
                several(len(paths), "place"), kind
            ),
            tuple(paths[:_NAMED]),
            _relabel(modules.real(tree, env.where)),
        )
        for kind, paths in sorted(bad.items())
    ]


def _relabel(where: str) -> str:
    place = shlex.quote(where)
    again = "restorecon -R " + place
    return (
        again if where.startswith(_LABELLED) else "semanage fcontext -a -e /opt {} && {}".format(place, again)
    )


def _enforcing(tree: Tree) -> bool:
    """By selinuxfs on the running system, by the configuration on a mounted one."""
    try:
        if tree.root == "":
            return tree.text("/sys/fs/selinux/enforce").strip() == "1"
        lines = tree.text("/etc/selinux/config").splitlines()
    except OSError:
        return False
    return any(line.strip().lower() == "selinux=enforcing" for line in lines)


def _type(tree: Tree, path: str) -> str:
    """``usr_t`` of ``system_u:object_r:usr_t:s0``; "" without a label."""
    try:
        label = tree.attribute(path, _SELINUX).rstrip(b"\0").decode("ascii", "replace")
    except OSError:
        return ""
    parts = label.split(":")
    return parts[2] if len(parts) > 2 else ""


def generation(tree: Tree, env: Environment) -> List[Finding]:
    """A generation has its receipt from the moment it is complete."""
    receipt = os.path.join(env.where, layout.RECEIPT)
    if not env.generation or tree.is_file(receipt):
        return []
    message = "this generation has no receipt: its installation did not finish"
    return [Finding("ENV005", ERROR, env.where, message, (receipt,), "install the bundle again")]
