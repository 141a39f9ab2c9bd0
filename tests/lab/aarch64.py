"""A server of another processor: Debian's CPython and shell for aarch64, run by qemu.

It is entered in a user namespace, which has binfmt_misc of its own (Linux 6.7): this machine goes on running
nothing but what it is made for. What qemu does not show is written over: /proc/cpuinfo is that of a Neoverse N1.
"""

import functools
import glob
import os
import shutil
import subprocess

import base
import cache

_FORMAT = "/usr/lib/binfmt.d/qemu-aarch64.conf"  # binfmt.d(5), of Debian's qemu-user-static
_FLAGS = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"
_PROCESSOR = (
    "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: {}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
    "CPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n".format(_FLAGS)
)
_RELEASE = """\
NAME="Rocky Linux"
VERSION="9.4 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"
"""
_ENTER = r"""
set -e
folder=$1 lower=$2; shift 2
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
cat "$FORMAT" >/proc/sys/fs/binfmt_misc/register
mount -t overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" lab "$folder/root"
mount --rbind /dev "$folder/root/dev"
mount -t proc none "$folder/root/proc"
mount --bind "$folder/cpuinfo" "$folder/root/proc/cpuinfo"
exec chroot "$folder/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
"""
_NAMESPACES = ("unshare", "-U", "-r", "-m", "-n", "-u", "-p", "-f", "--mount-proc", "--kill-child")


@functools.cache
def reason():
    """Why there is no such server on this machine, or ""."""
    if not os.path.exists(_FORMAT):
        return "no {}: tests/lab/setup.sh installs it".format(_FORMAT)
    tried = subprocess.run(
        [*_NAMESPACES, "mount", "-t", "binfmt_misc", "none", "/proc/sys/fs/binfmt_misc"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "no binfmt_misc in a user namespace: " + tried.stderr.strip() if tried.returncode else ""


def system():
    """The cached root directory; made in half a minute, from the Debian mirror."""
    return cache.kept(
        "aarch64", (base.SUITE, base.mirror(), _RELEASE, cache.source(_debootstrap)), _debootstrap
    )


class Server:
    """An overlay above it, in ``folder``."""

    def __init__(self, folder):
        self._folder = str(folder)
        for name in ("upper/mnt", "work", "root"):
            os.makedirs(os.path.join(self._folder, name))
        with open(os.path.join(self._folder, "cpuinfo"), "w", encoding="ascii") as file:
            file.write(_PROCESSOR)

    def put(self, source, name):
        """Carry a file over the gap, to /mnt."""
        shutil.copy2(str(source), os.path.join(self._folder, "upper/mnt", name))

    def run(self, *argv):
        """In there, without a network: CompletedProcess of texts."""
        command = [*_NAMESPACES, "sh", "-c", _ENTER, "server", self._folder, system(), *argv]
        return subprocess.run(
            command, env={**os.environ, "FORMAT": _FORMAT}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip


def _debootstrap(root):
    """Unpacked by this machine: nothing of a package is run."""
    include = "--include=python3,gawk,file"
    mirror = [base.mirror() or "http://deb.debian.org/debian"]
    cache.run(
        ["unshare", "-m", "debootstrap", "--foreign", "--arch=arm64", "--variant=minbase", include,
         base.SUITE, root, *mirror]
    )  # fmt: skip
    for package in sorted(glob.glob(os.path.join(root, "var/cache/apt/archives/*.deb"))):
        # /lib is a link there, and a directory in some packages.
        unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -C "$2" --keep-directory-symlink -xf -'
        cache.run(["sh", "-c", unpack, "sh", package, root])
    if os.path.islink(os.path.join(root, "proc")):  # debootstrap's own way into this machine's
        os.unlink(os.path.join(root, "proc"))
        os.mkdir(os.path.join(root, "proc"))
    os.symlink("gawk", os.path.join(root, "usr/bin/awk"))
    base.write(root, "usr/lib/os-release", _RELEASE)
    for folder in ("var/cache/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "debootstrap"):
        shutil.rmtree(os.path.join(root, folder), ignore_errors=True)
