"""Run a command inside a root as on a server of its own: no network, own processes, own /dev.

What is mounted lives in a mount namespace that ends with the command, also when it is killed.
Needs root, util-linux's unshare and the kernel's namespaces.
"""

import os
import shutil
import subprocess
import sys

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Gives $root a /dev and a /proc of its own.
DEVICES = r"""
mount -t tmpfs -o mode=755,size=1m dev "$root/dev"
for name in null zero full random urandom tty; do
    : > "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"; ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
"""
# The host's sh runs it inside the new namespaces. First argument: the root; then triples
# "bind SOURCE INSIDE", "shm" or "machine"; then "--" and the command.
_SCRIPT = (
    "set -e; root=$1; shift\n"
    + DEVICES
    + r"""
while [ "$1" != -- ]; do
    case $1 in
    shm) mkdir -m 1777 "$root/dev/shm"; mount -t tmpfs -o mode=1777,size=512m shm "$root/dev/shm"; shift ;;
    machine)
        mount -t tmpfs -o mode=755,size=16m run "$root/run"
        : > "$root/dev/fuse"
        [ ! -e /dev/fuse ] || mount --bind /dev/fuse "$root/dev/fuse"
        [ ! -e /dev/loop-control ] || mknod -m 660 "$root/dev/loop-control" c 10 237
        for number in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
            mknod -m 660 "$root/dev/loop$number" b 7 "$number"
        done
        shift ;;
    bind) mount --bind "$2" "$root$3"; mount -o remount,ro,bind "$root$3"; shift 3 ;;
    esac
done
shift
exec chroot "$root" "$@"
"""
)


def obstacle():
    """Why no root can be entered on this machine, or ""."""
    if not sys.platform.startswith("linux"):
        return "roots are entered on Linux only"
    if os.geteuid() != 0:
        return "entering a root needs root"
    if not shutil.which("unshare", path=PATH) or not shutil.which("chroot", path=PATH):
        return "entering a root needs unshare and chroot (util-linux, coreutils)"
    tried = subprocess.run(
        [shutil.which("unshare", path=PATH), "-m", "-u", "-p", "-n", "-f", "true"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    return "" if tried.returncode == 0 else tried.stderr.decode("utf-8", "replace").strip()


def command(root, argv, network=False, shm=True, binds=(), machine=False):
    """The argument list for subprocess that runs ``argv`` inside ``root``.

    ``binds`` are pairs (host file or directory, path inside), mounted read-only; ``shm=False``
    is a server without /dev/shm; ``machine`` gives it a /run of its own and what mount(8) needs
    in /dev. Missing mount points are made; they stay in the root, empty.
    """
    root = os.path.abspath(root)
    for name in ("dev", "proc"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    extra = ["shm"] * shm + ["machine"] * machine
    for source, inside in binds:
        _mount_point(source, root + inside)
        extra += ["bind", os.path.abspath(source), inside]
    flags = ["-m", "-u", "-p", "-f", "--kill-child"] + ([] if network else ["-n"])
    unshare = shutil.which("unshare", path=PATH)
    return [unshare, *flags, "sh", "-c", _SCRIPT, "enter", root, *extra, "--", *argv]


def _mount_point(source, where):
    if os.path.isdir(source):
        os.makedirs(where, exist_ok=True)
    elif not os.path.lexists(where):
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "wb"):
            pass


def run(root, argv, variables=None, data=None, timeout=300, check=False, **how):
    """Run ``argv`` inside ``root`` to its end: a CompletedProcess with bytes in stdout and stderr.

    The environment is ``variables`` and a PATH, nothing of this process's. ``how`` is as for
    ``command``. After ``timeout`` seconds everything inside is killed (TimeoutExpired).
    """
    stdin = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run(
        command(root, argv, **how),
        env=dict({"PATH": PATH, "HOME": "/root"}, **(variables or {})),
        capture_output=True,
        timeout=timeout,
        check=check,
        **stdin,
    )
