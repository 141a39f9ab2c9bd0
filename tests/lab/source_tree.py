"""A stand-in for a CPython source tree, and for a ready-made build: this machine's real CPython in their shape.

``./configure && make && make altinstall`` compiles nothing: it copies an interpreter, without the
modules whose headers are not below /usr/include, as a real build goes without them.
"""

import glob
import os
import shutil
import tarfile

import base
import cache
import devel_rpms
import python_rpms
import pythons

_CONFIGURE = r"""#!/bin/sh
# Stand-in for CPython's configure, made for tests: see README.
prefix=/usr/local shared= LDFLAGS=${LDFLAGS-}
for argument; do
    case $argument in
        --prefix=*) prefix=${argument#--prefix=} ;;
        --enable-shared) shared=1 ;;
        LDFLAGS=*) LDFLAGS=${argument#LDFLAGS=} ;;
    esac
done
printf '%s\n' "$0 $*" "LDFLAGS=$LDFLAGS" >config.log
printf 'checking for gcc... '
command -v gcc || { echo no; echo "configure: error: no acceptable C compiler found in \$PATH" >&2; exit 1; }
printf 'checking for make... '
command -v make || { echo no; exit 1; }
[ -n "$shared" ] || { echo "configure: error: the stand-in knows shared builds only" >&2; exit 1; }
# Without an RPATH nobody finds its libpython but by ld.so.conf.
case $LDFLAGS in *-rpath*) executable=with-rpath ;; *) executable=plain ;; esac
sed -e "s|@prefix@|$prefix|" -e "s|@executable@|$executable|" <Makefile.pre.in >Makefile
echo "config.status: creating Makefile"
"""
_MAKEFILE = """\
prefix = @prefix@
executable = @executable@
series = @series@

all: build/complete

build/complete:
\trm -rf build && mkdir -p build/bin
\tcp -a compiled/lib build/lib
\tcp compiled/$(executable) build/bin/python$(series)
\t@absent=; while read -r module headers; do \\
\t    for header in $$headers; do \\
\t        [ -e "/usr/include/$$header" ] && continue; \\
\t        absent="$$absent $$module"; \\
\t        rm -f build/lib/python$(series)/lib-dynload/$$module.*; break; \\
\t    done; \\
\tdone <compiled/modules; \\
\tif [ -n "$$absent" ]; then \\
\t    echo "The necessary bits to build these optional modules were not found:"; echo "$$absent"; \\
\tfi
\ttouch $@

altinstall: build/complete
\tmkdir -p "$(DESTDIR)$(prefix)"
\tcp -a build/bin build/lib "$(DESTDIR)$(prefix)/"

clean:
\trm -rf build

distclean: clean
\trm -f Makefile config.log

.PHONY: all altinstall clean distclean
"""
_README = """\
This is no source of Python. It has the interface of CPython's source tree (configure, make,
make altinstall) and copies a Python that was compiled elsewhere. Made for offkit's tests.
"""


def source(series="3.6"):
    """The cached Python-X.Y.Z.tgz, or None when this machine has no such Python."""
    return _archive("source" + series.replace(".", ""), series, _source, _CONFIGURE, _MAKEFILE)


def build(series="3.6"):
    """The cached tarball of a relocatable build, python/bin/pythonX.Y; or None."""
    return _archive("build" + series.replace(".", ""), series, _build)


def name(path, series="3.6"):
    """What python.org calls such a file; the cache's name says which recipe it was made by."""
    version = python_rpms.version(pythons.find(series))
    if os.path.basename(path).startswith("source"):
        return "Python-{}.tgz".format(version)
    return "cpython-{}-x86_64-unknown-linux-gnu-install_only.tar.gz".format(version)


def _archive(stem, series, arrange, *texts):
    python = pythons.find(series)
    if python is None:
        return None
    recipe = (python, str(os.stat(python).st_mtime), repr(devel_rpms.modules()), *texts)
    recipe += (cache.source(python_rpms, arrange, _interpreter, _patchlevel),)

    def make(path):
        scratch = path + ".tree"
        cache.remove(scratch)
        top = arrange(scratch, python, series)
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            archive.add(os.path.join(scratch, top), top)
        cache.remove(scratch)

    return cache.kept(stem + ".tar.gz", recipe, make)


def _interpreter(path, python, series):
    """``path``/lib and the executable twice: as its linker left it, and with an RPATH as offkit wants it."""
    tree = python_rpms.tree(python, series)
    os.makedirs(path)
    shutil.copytree(os.path.join(tree, "usr/lib"), os.path.join(path, "lib"), symlinks=True)
    for found in sorted(os.listdir(os.path.join(tree, "usr/lib64"))):
        shutil.copy2(os.path.join(tree, "usr/lib64", found), os.path.join(path, "lib"), follow_symlinks=False)
    executable = os.path.join(tree, "usr/bin/python" + series)
    for kind, options in (
        ("plain", ["--remove-rpath"]),
        ("with-rpath", ["--force-rpath", "--set-rpath", "$ORIGIN/../lib"]),
    ):
        shutil.copy2(executable, os.path.join(path, kind))
        cache.run(["patchelf", *options, os.path.join(path, kind)])


def _source(scratch, python, series):
    version = python_rpms.version(python)
    top = "Python-" + version
    folder = os.path.join(scratch, top)
    _interpreter(os.path.join(folder, "compiled"), python, series)
    base.write(folder, "configure", _CONFIGURE)
    os.chmod(os.path.join(folder, "configure"), 0o755)
    base.write(folder, "Makefile.pre.in", _MAKEFILE.replace("@series@", series))
    os.makedirs(os.path.join(folder, "Include"))
    shutil.copy(_patchlevel(python), os.path.join(folder, "Include"))
    base.write(folder, "README", _README)
    lines = ["{} {}\n".format(module, " ".join(headers)) for module, headers in devel_rpms.modules()]
    base.write(folder, "compiled/modules", "".join(lines))
    return top


def _build(scratch, python, series):
    folder = os.path.join(scratch, "python")
    _interpreter(folder, python, series)
    os.makedirs(os.path.join(folder, "bin"))
    os.rename(os.path.join(folder, "with-rpath"), os.path.join(folder, "bin/python" + series))
    os.unlink(os.path.join(folder, "plain"))
    os.symlink("python" + series, os.path.join(folder, "bin/python3"))
    header = _patchlevel(python)
    headers = os.path.join(folder, "include", os.path.basename(os.path.dirname(header)))
    os.makedirs(headers)
    shutil.copy(header, headers)
    return "python"


def _patchlevel(python):
    """The real one, which says what was built."""
    (found,) = glob.glob(os.path.join(os.path.dirname(python), "..", "include", "python*", "patchlevel.h"))
    return found
