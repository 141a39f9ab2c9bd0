"""ENV: what the machine itself does to the environment. Asked of the running system, so only
for the root that is really running."""

import os
from typing import List, Mapping, NamedTuple

from offkit.edges import host
from offkit.edges.tree import Tree
from offkit.model import layout
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.target.doctor.environment import Environment

_LITTLE = 64 * 1000 * 1000  # bytes


class Facts(NamedTuple):
    """What was observed."""

    volume: host.Volume
    shm: bool  # /dev/shm is a directory
    shm_writable: bool
    locale: str  # what the locale variables say; "" when none does


def observe(env: Environment, variables: Mapping[str, str]) -> Facts:
    """Ask the running system; ``variables`` is the process environment."""
    locale = variables.get("LC_ALL") or variables.get("LC_CTYPE") or variables.get("LANG") or ""
    shm = os.path.isdir("/dev/shm")
    return Facts(host.volume(env.where), shm, os.access("/dev/shm", os.W_OK | os.X_OK), locale)


def judge(env: Environment, facts: Facts) -> List[Finding]:
    """What those facts mean for this environment."""
    found = []
    if facts.volume.noexec:
        point = facts.volume.mount_point
        message = "{} is mounted noexec: no extension module can be loaded".format(point)
        fix = "mount -o remount,exec {}; or install under another --prefix".format(point)
        found.append(Finding("ENV001", ERROR, env.where, message, (point,), fix))
    if not facts.shm or not facts.shm_writable:
        message = "is not writable" if facts.shm else "is not there"
        message += ": multiprocessing cannot make locks, so one process does all"
        fix = "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"
        found.append(Finding("ENV002", WARNING, "/dev/shm", message, ("/dev/shm",), fix))
    if facts.locale.split(".")[0] in ("", "C", "POSIX") and "UTF" not in facts.locale.upper():
        message = "the locale is {}: Python before 3.7 takes text for ASCII".format(facts.locale or "not set")
        fix = "export LC_ALL=en_US.UTF-8 (el7) or C.UTF-8 (el8 and newer)"
        severity = WARNING if env.series < (3, 7) else INFO
        found.append(Finding("ENV003", severity, "locale", message, ("LC_ALL", "LC_CTYPE", "LANG"), fix))
    if facts.volume.free_bytes < _LITTLE:
        message = "{} MB are free".format(facts.volume.free_bytes // 1000000)
        fix = "make room on " + facts.volume.mount_point
        found.append(Finding("ENV004", WARNING, facts.volume.mount_point, message, (env.where,), fix))
    return found


def generation(tree: Tree, env: Environment) -> List[Finding]:
    """A generation has its receipt from the moment it is complete."""
    receipt = os.path.join(env.where, layout.RECEIPT)
    if not env.generation or tree.is_file(receipt):
        return []
    message = "this generation has no receipt: its installation did not finish"
    return [Finding("ENV005", ERROR, env.where, message, (receipt,), "install the bundle again")]
