"""Environments of real wheels, old and new: made once, then linked into roots at /env.

Only wheels are taken, exactly these versions and nothing they depend on, so an environment is
the same on every machine. The packages are never imported here.
"""

import os
import sys

import bare
import cache
import elf_maker

PLACE = "/env"

# Name: (Python, the wheels in it)
SETS = {
    "cv2-42": ("3.6", "opencv-python==4.2.0.34 numpy==1.18.2"),
    "cv2-45": ("3.6", "opencv-python==4.5.5.64 numpy==1.19.5"),
    "headless-36": ("3.6", "opencv-python-headless==4.6.0.66 numpy==1.19.5"),
    "science-36": (
        "3.6",
        "numpy==1.19.5 scipy==1.5.4 pandas==1.1.5 h5py==2.10.0 matplotlib==2.2.5 kiwisolver==1.3.1",
    ),
    "services-36": (
        "3.6",
        "lxml==4.2.1 psycopg2-binary==2.7.7 cryptography==2.1.4 cffi==1.15.1 pyzmq==17.1.2 grpcio==1.48.2",
    ),
    "media-36": ("3.6", "Pillow==5.0.0 shapely==1.8.5.post1 soundfile==0.12.1 matplotlib==3.3.4"),
    "qt-59": ("3.6", "PyQt5==5.9.2 sip==4.19.8"),
    "qt-515": ("3.6", "PyQt5==5.15.6 PyQt5-Qt5==5.15.2 PyQt5-sip==12.9.1"),
    "cv2-38": (
        "3.8",
        "opencv-python==4.5.5.64 numpy==1.24.4 scipy==1.10.1 psycopg2-binary==2.8.6 pyzmq==19.0.2",
    ),
    "mixed-39": (
        "3.9",
        "lxml==4.9.3 Pillow==9.5.0 h5py==3.8.0 shapely==2.0.1 cryptography==3.4.8 numpy==1.23.5 pandas==1.5.3",
    ),
    "qt6-311": ("3.11", "PyQt6==6.6.1 PyQt6-Qt6==6.6.1 PyQt6-sip==13.6.0"),
    "science-311": ("3.11", "numpy==1.26.4 scipy==1.11.4 psycopg2-binary==2.9.9"),
    "mixed-312": (
        "3.12",
        "opencv-python-headless==4.9.0.80 pillow==10.2.0 lxml==5.1.0 grpcio==1.60.0 h5py==3.10.0"
        " cryptography==42.0.2 cffi==1.16.0 pyzmq==25.1.2 shapely==2.0.2",
    ),
    "by-hand": ("3.6", ""),
    "cv2-313": (
        "3.13",
        "opencv-python==4.10.0.84 numpy==2.1.3 pandas==2.2.3 matplotlib==3.9.3 tbb==2022.0.0",
    ),
}
_MICRO = {"3.6": "3.6.8"}
_PLATFORMS = ["manylinux{}_x86_64".format(tag) for tag in ("1", "2010", "2014", "_2_17", "_2_24", "_2_28")]


def installed(name):
    """The cached environment of that name: a directory that is to become /env."""
    series, wheels = SETS[name]
    recipe = [series, wheels, *_PLATFORMS, cache.source(_install, venv, by_hand, elf_maker)]
    return cache.kept("env-" + name, recipe, lambda path: _install(path, series, wheels.split()))


def venv(path, series):
    """The skeleton of a virtual environment of the root's Python; returns its site-packages."""
    site = os.path.join(path, "lib", "python" + series, "site-packages")
    os.makedirs(site)
    os.makedirs(os.path.join(path, "bin"))
    for name in ("python", "python3", "python" + series):
        os.symlink(bare.python_path(series), os.path.join(path, "bin", name))
    with open(os.path.join(path, "pyvenv.cfg"), "w", encoding="utf-8") as config:
        home = os.path.dirname(bare.python_path(series))
        config.write("home = {}\ninclude-system-site-packages = false\nversion = {}.0\n".format(home, series))
    return site


def _install(path, series, wheels):
    site = venv(path, series)
    if not wheels:
        by_hand(site)
        return
    abi = "cp" + series.replace(".", "")
    abis = [abi + "m" if series in ("3.6", "3.7") else abi, "abi3", "none"]
    argv = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    argv += ["--no-compile", "--only-binary=:all:", "--implementation=cp", "--target", site]
    argv += ["--python-version", _MICRO.get(series, series)]
    argv += [word for each in abis for word in ("--abi", each)]
    argv += [word for each in _PLATFORMS for word in ("--platform", each)]
    cache.run(argv + wheels)


def install(path, series, wheels):
    """An environment of these wheel files at ``path``."""
    _install(path, series, wheels)


def by_hand(site):
    """Packages whose libraries hang together in ways that wheels seldom show."""

    def put(path, needed="", **fields):
        name = os.path.basename(path)
        if name.startswith("_"):
            fields["exports"] = ["PyInit_" + name.split(".")[0]]
        os.makedirs(os.path.dirname(os.path.join(site, path)), exist_ok=True)
        with open(os.path.join(site, path), "wb") as handle:
            handle.write(elf_maker.build(needed=needed.split(), **fields))

    # RPATH serves children and grandchildren that have none of their own.
    put("chain/_chain.so", "libone-1.so libz.so.1", rpath="$ORIGIN/libs")
    put("chain/libs/libone-1.so", "libtwo-2.so libSM.so.6")
    put("chain/libs/libtwo-2.so", "libthree-3.so")
    put("chain/libs/libthree-3.so")
    # RUNPATH serves only the file that has it, and silences the RPATH above it.
    put("runs/_runs.so", "libfour-4.so", runpath="$ORIGIN/libs")
    put("runs/libs/libfour-4.so", "libfive-5.so")
    put("runs/libs/libfive-5.so")
    put("mute/_mute.so", "libsix-6.so", rpath="$ORIGIN/libs")
    put("mute/libs/libsix-6.so", "libseven-7.so", runpath="$ORIGIN/nothing")
    put("mute/libs/libseven-7.so")
    # Found by nothing but an import that comes first.
    put("late/_late.so", "liblate.so.1")
    put("late/lib/liblate.so.1", soname="liblate.so.1")
    # A soname that is not the file's name; a second file that asks for the soname.
    put("names/_names.so", "libeight.so libnine.so", rpath="$ORIGIN/libs")
    put("names/libs/libeight.so", soname="libeight.so.8")
    put("names/libs/libnine.so", "libeight.so.8")
    # A library of the wrong class before the right one, a path instead of a name, tokens.
    put("odd/_odd.so", "libten.so $ORIGIN/libs/libeleven.so libtwelve.so", rpath="$ORIGIN/32:${ORIGIN}/libs")
    put("odd/32/libten.so", bits=32, machine=3)
    put("odd/libs/libten.so")
    put("odd/libs/libeleven.so")
    put("odd/libs/libtwelve.so", "libXext.so.6")
    # Versions: one that the library has, one that it has not, a weak one.
    put("old/_old.so", "libver.so.1", rpath="$ORIGIN", needs={"libver.so.1": ["V_1", "V_3"]})
    put("weak/_weak.so", "libver.so.1", rpath="$ORIGIN/../old", weak={"libver.so.1": ["V_9"]})
    put("old/libver.so.1", soname="libver.so.1", defines=["V_1", "V_2"])
