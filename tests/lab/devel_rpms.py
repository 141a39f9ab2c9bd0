"""What a Python is compiled with, as RPMs: make (Debian's), and gcc and the headers (stand-ins).

Compiling is not what the lab tests; what is there and what is not decides, and that is true here.
"""

import os

import base
import cache
import extras
import flavours
import rpms
from offkit.edges import data
from offkit.model.packages import MODULES, parse_modules

# -devel package: its header below /usr/include, and the package with the library itself
HEADERS = {
    "bzip2-devel": ("bzlib.h", "bzip2-libs"),
    "expat-devel": ("expat.h", "expat"),
    "gdbm-devel": ("gdbm.h", "gdbm gdbm-libs"),
    "glibc-devel": ("crypt.h", "glibc"),
    "libdb-devel": ("db.h", "libdb"),
    "libffi-devel": ("ffi.h", "libffi"),
    "libnsl2-devel": ("rpcsvc/nis.h", "libnsl2"),
    "libtirpc-devel": ("tirpc/rpc/rpc.h", "libtirpc"),
    "libuuid-devel": ("uuid/uuid.h", "libuuid"),
    "libxcrypt-devel": ("crypt.h", "glibc"),
    "ncurses-devel": ("ncurses.h", "ncurses-libs"),
    "openssl-devel": ("openssl/ssl.h", "openssl-libs"),
    "readline-devel": ("readline/readline.h", "readline"),
    "sqlite-devel": ("sqlite3.h", "sqlite sqlite-libs"),
    "tcl-devel": ("tcl.h", ""),
    "tk-devel": ("tk.h", ""),
    "xz-devel": ("lzma.h", "xz-libs"),
    "zlib-devel": ("zlib.h", "zlib"),
    "zlib-ng-compat-devel": ("zlib.h", "zlib-ng-compat"),
}
# Those are in CodeReady Builder (PowerTools), which no DVD has.
_ELSEWHERE = {
    8: ("libnsl2-devel", "libtirpc-devel"),
    9: ("libnsl2-devel", "libtirpc-devel"),
    10: ("gdbm-devel",),
}
_GCC = """\
#!/bin/sh
# Stands in for the compiler: it is there, and says which one it would be. It compiles nothing.
case ${1-} in
    --version | -v) echo "gcc (the lab's stand-in) 4.8.5" ;;
    -dumpversion) echo 4.8.5 ;;
    *) echo "gcc: the lab's stand-in compiles nothing" >&2; exit 1 ;;
esac
"""


def packages(el):
    """gcc, make, and the -devel packages of the release that are on that EL's discs."""
    files = stand_ins()
    runtime = set(base.table(el).values())
    found = [
        rpms.Package("make", "3.82", "GNU make", {"/usr/bin/make": extras.make()}),
        rpms.Package(
            "gcc",
            "4.8.5",
            "Stand-in for the compiler",
            {"/usr/bin/gcc": files + "/gcc", "/usr/bin/cc": files + "/cc"},
            requires=["glibc-devel"],
        ),
    ]
    for name in sorted({*_named(el), "glibc-devel"} - set(_ELSEWHERE.get(el, ()))):
        header, library = HEADERS[name]
        inside = {"/usr/include/" + header: os.path.join(files, name)}
        if name == "glibc-devel" and el != 7:
            inside = {"/usr/include/features.h": os.path.join(files, name)}  # crypt.h is libxcrypt's there
        needs = [each for each in library.split() if each in runtime]
        found.append(rpms.Package(name, "1.0", "Stand-in for the headers of " + name, inside, requires=needs))
    return found


def modules():
    """[(extension module, its headers)] as on el7: what a build without a header lacks.

    pyexpat is not among them: a CPython is built with its own expat.
    """
    return [
        (extension, [HEADERS[name][0] for name in flavours.release(7).module(row.name).devel])
        for row in parse_modules(data.read_text(MODULES))
        for extension in row.extensions
        if extension != "pyexpat"
    ]


def _named(el):
    return {name for module in flavours.release(el).modules.values() for name in module.devel}


def stand_ins():
    """The cached directory with the stand-ins' files."""
    return cache.kept("stand-ins", (_GCC, repr(HEADERS), cache.source(_write)), _write)


def _write(path):
    os.makedirs(path)
    base.write(path, "gcc", _GCC)
    os.chmod(os.path.join(path, "gcc"), 0o755)
    os.symlink("gcc", os.path.join(path, "cc"))
    for name, (header, _) in HEADERS.items():
        base.write(path, name, "/* stands in for {} of {} */\n".format(header, name))
