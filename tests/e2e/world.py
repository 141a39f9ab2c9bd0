"""What the demo and the end-to-end tests share: the online side, a server's Python, no network."""

import os
import platform
import shutil
import subprocess
import sys

import pythons

OFFKIT = os.path.join(os.path.dirname(sys.executable), "offkit")


def without_network():
    """(command prefix that runs in a network namespace of its own, how it is called) or (None, why not)."""
    # -c keeps who one is (util-linux 2.34 and newer)
    for prefix in (["unshare", "-n"], ["unshare", "-cn"], ["unshare", "-rn"]):
        if shutil.which("unshare") is None:
            return None, "unshare (util-linux) is not installed"
        tried = subprocess.run([*prefix, "true"], stderr=subprocess.PIPE, check=False)
        if tried.returncode == 0:
            return prefix, " ".join(prefix)
    return None, "this user may not make network namespaces: " + tried.stderr.decode(errors="replace").strip()


def server_python():
    """(path, series) of the CPython that plays the server: 3.6, or the newest at hand."""
    path = pythons.find("3.6")
    return (path, "3.6") if path else pythons.newest()


def target_args(server):
    """Options of 'offkit bundle' for a server with that Python, a (path, series), on this machine. An
    exact version: what a series alone stands for may be newer than what is here."""
    path, series = server
    if series == "3.6":
        return ["--python", series, *arch()]
    return ["--python", pythons.version(path), "--target", "el9", *arch()]


def arch():
    """The options that mean this machine's architecture."""
    return [] if platform.machine() == "x86_64" else ["--arch", platform.machine()]
