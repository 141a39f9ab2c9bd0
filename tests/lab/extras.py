"""Overlay layers beside the system: the disc driver where the kernel has none, and a test host's tools.

mount(8) calls /sbin/mount.TYPE where there is one. Where the kernel has no iso9660, this one reads
the image by FUSE (fuseiso): the same mount(8), loop device and bytes, another reader.
"""

import functools
import glob
import os
import shutil

import base
import cache

# Debian package: the files of it that are wanted, as patterns
_DRIVE = {"fuseiso": ["usr/bin/fuseiso"], "libfuse2": ["lib/*/libfuse.so.2*"]}
# Not busybox-static: its shell takes busybox's own rpm before the real one.
_TOOLS = {
    "busybox": ["bin/busybox"],
    "strace": ["usr/bin/strace"],
    "libunwind8": ["usr/lib/*/libunwind*.so.*"],
}
_MAKE = {"make": ["usr/bin/make"]}
_FOLDER = "usr/libexec/lab"  # nobody finds these on PATH
_HELPER = """\
#!/bin/sh
# mount.iso9660 DEVICE DIRECTORY [-sfnv] [-o OPTIONS]: stands in for the kernel's driver
device=$1 directory=$2
exec env LD_LIBRARY_PATH=/{folder} /{folder}/fuseiso -n "$device" "$directory" \\
    -o "ro,nosuid,nodev,allow_other,fsname=$device,subtype=iso9660" >/dev/null 2>&1
"""
# The system's libraries are older or absent: strace brings its own, and only for itself.
_STRACE = """\
#!/bin/sh
exec /lib64/ld-linux-x86-64.so.2 --library-path /{folder} /{folder}/strace "$@"
"""


@functools.cache
def kernel_reads_discs():
    """Whether the kernel has iso9660, or loads it when asked."""
    with open("/proc/filesystems", encoding="ascii") as known:
        if "\tiso9660" in known.read():
            return True
    release = os.uname().release
    return bool(glob.glob("/lib/modules/{}/kernel/fs/isofs/isofs.ko*".format(release)))


def drive():
    """The layers (at most one) that let ``mount -t iso9660`` work on a target."""
    return [] if kernel_reads_discs() else [_layer("drive", _DRIVE, {"usr/sbin/mount.iso9660": _HELPER})]


def tools():
    """A layer with /usr/local/bin/busybox and strace: for hosts of tests, no target has them."""
    return _layer("tools", _TOOLS, {"usr/local/bin/strace": _STRACE, "usr/local/bin/busybox": ""})


def make():
    """The path of Debian's make, which is what the discs' make package holds."""
    return os.path.join(_layer("make", _MAKE, {}), _FOLDER, "make")


def _layer(name, wanted, scripts):
    recipe = (base.SUITE, base.mirror(), repr(wanted), repr(scripts), cache.source(_arrange))
    return cache.kept(name, recipe, lambda path: _arrange(path, wanted, scripts))


def _arrange(path, wanted, scripts):
    """``scripts``: path inside -> text; an empty one is a link to the program of that name."""
    debs = path + ".debs"
    cache.remove(debs)
    base.download(debs, sorted(wanted))
    folder = os.path.join(path, _FOLDER)
    os.makedirs(folder)
    for deb, patterns in wanted.items():
        (package,) = glob.glob(os.path.join(debs, deb + "_*"))
        for found in sorted(
            each for pattern in patterns for each in glob.glob(os.path.join(package, pattern))
        ):
            shutil.copy2(found, folder, follow_symlinks=False)
    for inside, text in scripts.items():
        where = os.path.join(path, inside)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        if text:
            base.write(path, inside, text.format(folder=_FOLDER))
            os.chmod(where, 0o755)
        else:
            os.symlink("/" + os.path.join(_FOLDER, os.path.basename(inside)), where)
    cache.remove(debs)
