"""Whether this machine can run the lab, and if not, why."""

import os
import shutil
import subprocess
import tempfile

import cache

_TOOLS = (
    "bsdtar",
    "createrepo_c",
    "debootstrap",
    "dpkg-deb",
    "gpg",
    "modifyrepo_c",
    "patchelf",
    "rpmbuild",
    "rpmsign",
    "unshare",
    "xorriso",
)
# The upper directory may not be on an overlay itself, as in a container.
_OVERLAY = [
    "sh",
    "-ec",
    "mkdir lower upper work root; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work lab root",
]


def hopeless():
    """Why no lab can be set up on this machine, or ""."""
    if os.environ.get("OFFKIT_LAB") == "0":
        return "OFFKIT_LAB=0"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "the lab needs root: its targets are file systems and namespaces"
    if shutil.which("apt-get") is None:
        return "the lab is made of Debian packages, and this is no Debian or Ubuntu"
    return ""


def reason():
    """Why there is no lab on this machine, or ""."""
    if hopeless():
        return hopeless()
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return "no {} (make lab, or tests/lab/setup.sh, installs what is missing)".format(", ".join(missing))
    for what, argv in (("namespaces", ["true"]), ("overlayfs in {}".format(cache.home()), _OVERLAY)):
        with tempfile.TemporaryDirectory(dir=cache.home()) as folder:
            tried = subprocess.run(
                ["unshare", "-m", "-n", "-u", "-p", "-f", *argv], cwd=folder, capture_output=True, check=False
            )
        if tried.returncode != 0:
            return "no {}: {}".format(what, tried.stderr.decode("utf-8", "replace").strip())
    return ""
