"""Compile the probes: tiny libraries and a program that opens them, each linked as a case says."""

import functools
import os
import re
import shutil
import subprocess
import tempfile

import elf_maker

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probes")


@functools.lru_cache(maxsize=1)
def obstacle():
    """Why nothing can be compiled here, or ""."""
    if not shutil.which("gcc"):
        return "the probes need gcc"
    try:
        _stand_in("libtried.so")
    except RuntimeError as error:
        return "gcc makes no libraries here: {}".format(error)
    return ""


def program(path, needed=(), rpath=None, runpath=None):
    """The "Python". It opens through libcaller.so when that is among ``needed``."""
    _link(path, "opener.c", needed, rpath, runpath, ["-rdynamic", "-ldl"])


def caller(path, needed=(), rpath=None, runpath=None):
    """The "libpython"."""
    _link(path, "caller.c", needed, rpath, runpath, ["-shared", "-fPIC", "-ldl"])


def library(
    path, needed=(), rpath=None, runpath=None, soname=None, nodeflib=False, versions=(), plain=(), uses=None
):
    """A library or extension module.

    ``versions`` are what it defines, each with a function v_VERSION; ``plain`` are such functions
    without a version; ``uses`` is (library made before, versions that are needed of that one).
    """
    stem = re.sub(r"\W", "_", os.path.basename(path))
    options = ["-shared", "-fPIC", "-nostdlib", "-DPROBE=probe_" + stem]
    code = "".join("int v_{}(void) {{ return 0; }}\n".format(version) for version in [*versions, *plain])
    if soname:
        options.append("-Wl,-soname," + soname)
    if nodeflib:
        options.append("-Wl,-z,nodefaultlib")
    if versions:
        script = "".join("{0} {{ global: v_{0}; }};\n".format(version) for version in versions)
        options.append("-Wl,--version-script," + _write(path + ".map", script))
    if uses:
        other, names = uses
        needed = [*needed, other]
        code += "".join("int v_{}(void);\n".format(name) for name in names)
        code += "int (*probe_uses[])(void) = {{ {} }};\n".format(", ".join("v_" + name for name in names))
    if code:
        options.append(_write(path + ".c", code))
    _link(path, "library.c", needed, rpath, runpath, options)


def decoy(path, needed=()):
    """A library of which all is right but the class: 32-bit. Not compiled: gcc -m32 is rarely there."""
    with open(path, "wb") as handle:
        handle.write(elf_maker.build(soname=os.path.basename(path), needed=needed, bits=32, machine=3))


def both_tags(path, needed, rpath, runpath):
    """A library with DT_RPATH and DT_RUNPATH, which no linker makes."""
    with open(path, "wb") as handle:
        handle.write(elf_maker.build(needed=needed, rpath=rpath, runpath=runpath))


def weak(path, library, versions, rpath):
    """A library that would like versions of another, but needs none: VER_FLG_WEAK."""
    with open(path, "wb") as handle:
        handle.write(elf_maker.build(needed=[library], weak={library: versions}, rpath=rpath))


def text(path, needed=()):
    """A linker script, as -devel packages have them."""
    _write(path, "INPUT(-lc)\n" * 100)


def _link(path, source, needed, rpath, runpath, options):
    """NEEDED entries come from stand-ins with that soname: nothing has to lie where it will be."""
    folder = path + ".needs"
    os.makedirs(folder)
    argv = ["-o", path, os.path.join(SOURCES, source), "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined"]
    for number, name in enumerate(needed):
        stand_in = name
        if not os.path.isfile(name):
            stand_in = os.path.join(folder, "needed{}.so".format(number))
            with open(stand_in, "wb") as handle:
                handle.write(_stand_in(name))
        argv.append(stand_in)
    if rpath is not None:
        argv += ["-Wl,--disable-new-dtags", "-Wl,-rpath," + rpath]
    if runpath is not None:
        argv += ["-Wl,--enable-new-dtags", "-Wl,-rpath," + runpath]
    _gcc(argv + options)
    shutil.rmtree(folder)


@functools.cache
def _stand_in(soname):
    """The bytes of an empty library of that name, to link with."""
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "library")
        _gcc(["-shared", "-nostdlib", "-o", made, "-Wl,-soname," + soname, "-x", "c", os.devnull])
        with open(made, "rb") as handle:
            return handle.read()


def _gcc(argv):
    done = subprocess.run(["gcc", "-w", *argv], capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))


def _write(path, content):
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(content)
    return path
