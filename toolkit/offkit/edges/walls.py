"""Walls around a program of which nobody knows what it does: namespaces of its own.

Behind them is no network but a loopback of its own, and no process but those that were started there: what a
program leaves behind ends with it, and what it kills is its own (unshare(1), pid_namespaces(7)).
"""

import sys
from typing import Tuple

from offkit.edges.run import run

# As whom: as root, as the same user, as a root of one's own (older util-linux has no -c, or keeps nothing
# that starts the loopback).
_WHO = ((), ("-c", "--keep-caps"), ("-c",), ("-r",))
_ALONE = ("-n", "-p", "-f")
_WITH = (("--kill-child",), ())  # util-linux 2.32
# A container's /proc may be such that no other can be mounted (mount_namespaces(7), "locked").
_PROC = (("--mount-proc",), ())
# They end with this program, however that ends (prctl(2), PR_SET_PDEATHSIG; setpriv of util-linux 2.33).
_LEASH = ("setpriv", "--pdeathsig", "KILL")
# Starts the loopback, which on every server is up (netdevice(7), SIOCSIFFLAGS); becomes the user of the
# number argv[1] where one is said; gives away what --keep-caps kept (prctl(2), PR_CAP_AMBIENT_CLEAR_ALL), is
# bound to its parent again (a change of user unbinds), and becomes the command. A Python that was compiled
# without ctypes goes without these two. That user may not be allowed to read its modules (os.execvp has one).
_INSIDE = """\
import fcntl, os, socket, struct, sys, warnings
try:
    import ctypes
    control = ctypes.CDLL(None).prctl
except ImportError:
    control = None
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 0x41))
except OSError:
    pass
if sys.argv[1]:
    os.setgroups([])
    os.setgid(int(sys.argv[1]))
    os.setuid(int(sys.argv[1]))
if control:
    control(47, 4, 0, 0, 0)
    control(1, 9, 0, 0, 0)
os.execvp(sys.argv[2], sys.argv[2:])
"""


def leash() -> Tuple[str, ...]:
    """The words before a command that is to end with this program; none where this system has no such."""
    return _LEASH if run([*_LEASH, "true"]).ok else ()


def words(user: str = "") -> Tuple[str, ...]:
    """The words before a command that put it behind walls; none where this system does not. ``user``: the
    number of a user and a group that root becomes there."""
    held = leash()
    for who in _WHO:
        for more in _WITH:
            for proc in _PROC:
                found = (*held, "unshare", *who, *_ALONE, *more, *proc, *inside(user))
                if run([*found, "true"]).ok:
                    return found
    return ()


def inside(user: str) -> Tuple[str, ...]:
    """The same without walls: as that user."""
    return (sys.executable, "-I", "-S", "-c", _INSIDE, user)
