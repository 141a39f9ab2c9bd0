"""Stand-ins for a CPython source tree and for a ready-made build: what they build is a script that
starts the Python that runs the tests. The lab has ones that copy a real CPython.

``configure`` and ``make`` have CPython's interface, write down how they were called, and fail or
wait where a file in HOME asks for it: no variable of the caller reaches them.
"""

import hashlib
import io
import os
import tarfile

from install_sh import REAL
from offkit.model import layout
from offkit.model.carried import BUILD, SOURCE, Carried

VERSION = "3.6.15"
# Answers what is asked of a Python 3.6 and is the running one otherwise, without the modules that
# lib/absent names: None in sys.modules makes an import fail (the import system's documentation).
_PYTHON = r"""#!/bin/sh
here=$(cd "$(dirname "$0")/../lib" && pwd)
unset PYTHONHOME
flags=
while [ "${1-}" != -c ] && [ $# -gt 0 ]; do
    case $1 in -*) flags="$flags $1" && shift ;; *) break ;; esac
done
[ "${1-}" = -c ] || exec "@REAL@" $flags "$@"
text=$2
shift 2
case $text in *version_info*) text="sys.version_info = (3, 6, 15)
$text" ;; esac
exec "@REAL@" $flags -c "import sys
for name in open('$here/absent').read().split(): sys.modules[name] = None
$text" "$@"
"""
_CONFIGURE = r"""#!/bin/sh
# Stand-in for CPython's configure.
echo "configure $*" >>"$HOME/calls"
env | sort >"$HOME/environment"
[ ! -e "$HOME/fail-configure" ] || { echo "configure: error: C compiler cannot create executables" && exit 77; }
for word; do case $word in --prefix=*) prefix=${word#--prefix=} ;; esac; done
sed "s|@prefix@|$prefix|g" <Makefile.in >Makefile
"""
_MAKEFILE = """\
all:
\techo "make $(MAKEFLAGS)" >>"$(HOME)/calls"
\t@if [ -e "$(HOME)/wait-make" ]; then echo started >"$(HOME)/waiting" && exec sleep 600; fi
\t@if [ -e "$(HOME)/fail-make" ]; then echo "gcc: internal compiler error: Killed"; exit 1; fi
\t@if [ -e half.o ]; then echo "half.o: file truncated"; exit 1; fi
\ttouch built

altinstall: all
\tmkdir -p "$(DESTDIR)@prefix@/bin" "$(DESTDIR)@prefix@/lib"
\tcp python "$(DESTDIR)@prefix@/bin/python3.6"
\tcp absent "$(DESTDIR)@prefix@/lib/absent"

clean:
\techo "make clean" >>"$(HOME)/calls"
\trm -f half.o built
"""


def _archive(files, mode="w:gz"):
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as tar:
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode("utf-8")
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(data), 0o755 if data.startswith(b"#!") else 0o644
            tar.addfile(about, io.BytesIO(data))
    return sink.getvalue()


def patchlevel(version=VERSION):
    """Include/patchlevel.h of that release."""
    numbers = zip(("MAJOR", "MINOR", "MICRO"), version.split("."))
    lines = ["#define PY_{}_VERSION\t{}".format(name, number) for name, number in numbers]
    lines += ["#define PY_RELEASE_LEVEL\tPY_RELEASE_LEVEL_FINAL", '#define PY_VERSION\t"{}"'.format(version)]
    return "\n".join(lines) + "\n"


def source(absent="", more="", mode="w:gz"):
    """The bytes of Python-3.6.15.tgz. ``absent``: modules that the Python it builds will lack."""
    top = "Python-" + VERSION
    files = {
        top + "/configure": _CONFIGURE,
        top + "/Makefile.in": _MAKEFILE,
        top + "/Include/patchlevel.h": patchlevel(),
        top + "/python": _PYTHON.replace("@REAL@", REAL),
        top + "/absent": absent,
        top + "/README": "a stand-in " + more,
    }
    return _archive(files, mode)


def build(absent="", python=_PYTHON):
    """The bytes of a ready-made build's tarball."""
    files = {"python/bin/python3.6": python.replace("@REAL@", REAL), "python/lib/absent": absent}
    return _archive(files)


def carry(data, kind=SOURCE, name="Python-3.6.15.tgz"):
    """Options of install_sh.write_bundle for a bundle with that tarball."""
    member = (layout.PYTHON_SOURCE if kind == SOURCE else layout.PYTHON_BUILD) + name
    about = Carried(kind, member, VERSION, hashlib.sha256(data).hexdigest(), 4096)
    return {"series": "3.6", "extra": {member: data}, "carried": (about,)}


def carry_build(data):
    return carry(data, BUILD, "cpython-3.6.15-install_only.tar.gz")


def calls(server):
    """How configure and make were called so far."""
    try:
        with open(os.path.join(str(server), "calls")) as source_file:
            return source_file.read().splitlines()
    except FileNotFoundError:
        return []
