"""Pythons that lay out packages in ways of their own: the running one with an altered sysconfig and site.

The alterations are those of the distributions, as far as paths go. The interpreter, the standard
library and the virtual environments made with it are real.
"""

import os
import shutil
import subprocess
import sys
import sysconfig

from offkit.server.python import interpreter

_DEFAULT = """
def _as_default(scheme):
    for function in (get_path, get_paths):
        function.__defaults__ = (scheme,) + function.__defaults__[1:]
"""
# Appended to sysconfig. Debian: posix_local outside of environments. Fedora: posix_prefix becomes
# /usr/local's outside of environments, and rpm_prefix is what it was. Homebrew and Apple: the default
# of a framework build is a place that has nothing to do with any prefix.
SCHEMES = {
    "plain": "",
    "debian": """
_INSTALL_SCHEMES["posix_local"] = dict(
    _INSTALL_SCHEMES["posix_prefix"],
    purelib="{base}/local/lib/python{py_version_short}/dist-packages",
    platlib="{platbase}/local/lib/python{py_version_short}/dist-packages",
)
if sys.prefix == sys.base_prefix:
    _as_default("posix_local")
""",
    "fedora": """
_INSTALL_SCHEMES["rpm_prefix"] = _INSTALL_SCHEMES["posix_prefix"]
if sys.prefix == sys.base_prefix:
    _INSTALL_SCHEMES["posix_prefix"] = dict(
        _INSTALL_SCHEMES["posix_prefix"],
        purelib="{base}/local/lib/python{py_version_short}/site-packages",
        platlib="{platbase}/local/lib64/python{py_version_short}/site-packages",
    )
""",
    "framework": """
_INSTALL_SCHEMES["osx_framework_library"] = dict(
    _INSTALL_SCHEMES["posix_prefix"],
    purelib="/opt/homebrew/lib/python{py_version_short}/site-packages",
    platlib="/opt/homebrew/lib/python{py_version_short}/site-packages",
)
_as_default("osx_framework_library")
""",
}


def make(place, kind="plain", without=()):
    """The path of such an interpreter, below the directory ``place``; ``without`` are names in its
    standard library that are left out."""
    running = interpreter.running()
    name = "python{}.{}".format(*sys.version_info[:2])
    library = os.path.join(str(place), "lib", name)
    for folder in (os.path.join(str(place), "bin"), library):
        os.makedirs(folder)
    stdlib = sysconfig.get_path("stdlib")
    for entry in os.listdir(stdlib):
        if entry not in ("site-packages", "dist-packages", "sysconfig", "sysconfig.py", *without):
            os.symlink(os.path.join(stdlib, entry), os.path.join(library, entry))
    os.mkdir(os.path.join(library, "site-packages"))
    module = os.path.join("sysconfig", "__init__.py") if sys.version_info >= (3, 13) else "sysconfig.py"
    if os.path.dirname(module):
        shutil.copytree(os.path.join(stdlib, "sysconfig"), os.path.join(library, "sysconfig"))
    with open(os.path.join(stdlib, module), encoding="utf-8") as source:
        text = source.read()
    with open(os.path.join(library, module), "w", encoding="utf-8") as target:
        target.write(text + _DEFAULT + SCHEMES[kind])
    made = os.path.join(str(place), "bin", name)
    shutil.copy(os.path.realpath(running), made)
    return made


def environment(python, place):
    """The path of ``bin/python`` of a virtual environment made with it, without pip."""
    subprocess.check_call([python, "-I", "-m", "venv", "--without-pip", str(place)])
    return os.path.join(str(place), "bin", "python")


def ask(python, question, *options):
    """What it prints for a line of code, in lines; ``options`` are the interpreter's."""
    printed = subprocess.check_output([python, *options, "-c", question])
    return [line for line in os.fsdecode(printed).splitlines() if line]
