"""Bare roots: glibc, a few small tools and a real CPython, and no library beyond what they need.

A base is made once for each Python and kept (``cache()``); a root is a tree of hard links to
it, so that sixty of them cost little. Never write into a file of a root in place: remove it
and make a new one, as rpm and pip do.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

import pythons

LIB = "usr/lib64"
PREFIX = "usr/local"  # of Python

# glibc's own libraries; libcrypt.so.1 was one of them until Enterprise Linux 8.
_GLIBC = re.compile(
    r"(ld-linux-x86-64|libc|libm|libmvec|libdl|libpthread|librt|libutil|libresolv|libnsl|libanl"
    r"|libBrokenLocale|libthread_db|libnss_files|libnss_dns|libcrypt)\.so\.\d+$"
)
TOOLS = [
    "sh",
    "basename",
    "cat",
    "chmod",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "dirname",
    "env",
    "false",
    "grep",
    "gzip",
    "head",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "mknod",
    "mktemp",
    "mv",
    "od",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tar",
    "test",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "wc",
]
_LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "turtledemo", "tkinter", "lib2to3"}
_LAYOUT = 1  # raise it when bases are made differently: old ones are then not used


def cache():
    """Where everything lies that is made once: $OFFKIT_LAB_CACHE or ~/.cache/offkit-lab."""
    chosen = os.environ.get("OFFKIT_LAB_CACHE") or os.path.expanduser("~/.cache/offkit-lab")
    os.makedirs(chosen, exist_ok=True)
    return chosen


def python_path(series):
    """Where Python is inside: /usr/local/bin/python3.6."""
    return "/{}/bin/python{}".format(PREFIX, series)


def make(where, series="3.6", stdlib="full"):
    """A root at ``where``, which must not exist yet; returns its absolute path.

    ``stdlib`` is "full" (with all libraries that the standard library's modules need, but
    without tkinter) or "glibc" (without the modules that need more than glibc: the Python that
    was compiled on a machine without zlib-devel and openssl-devel). LookupError when this
    machine has no such Python.
    """
    where = os.path.abspath(where)
    link_tree(base(series, stdlib), where)
    return where


def link_tree(source, where):
    """``where`` as a copy of the directory ``source`` that shares its files where it can."""
    os.makedirs(os.path.dirname(where), exist_ok=True)
    same = os.stat(source).st_dev == os.stat(os.path.dirname(where)).st_dev
    subprocess.run(["cp", "-al" if same else "-a", source, where], check=True)


def discard(root):
    """Remove a root, whatever its permissions have become."""
    subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)


def ldconfig(root):
    """Write etc/ld.so.cache anew from etc/ld.so.conf, as ldconfig on that server would."""
    subprocess.run(
        [shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin"), "-r", root],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # it mentions every damaged file; some are damaged on purpose
        check=True,
    )


def base(series, stdlib="full"):
    """The cached root that others are linked to; made on first use."""
    python = _real_python(series)
    facts = [_LAYOUT, stdlib, python, os.stat(python).st_mtime, _stamp(host_library("libc.so.6"))]
    mark = hashlib.sha256(repr(facts).encode()).hexdigest()[:10]
    final = os.path.join(cache(), "bare-{}-{}-{}".format(series, stdlib, mark))
    if not os.path.isdir(final):
        draft = tempfile.mkdtemp(dir=cache())
        os.chmod(draft, 0o755)
        try:
            _build(draft, python, series, stdlib)
            os.rename(draft, final)
        except BaseException:
            discard(draft)
            if not os.path.isdir(final):  # else another process was faster
                raise
    return final


def _real_python(series):
    """Path of the interpreter itself, below its prefix; what was found may be a pyenv shim."""
    found = pythons.find(series)
    if found is None:
        raise LookupError("no CPython {} on PATH or under pyenv".format(series))
    ask = "import os, sys; print(os.path.join(os.path.realpath(sys.base_prefix), 'bin', 'python' + sys.argv[1]))"
    asked = subprocess.run([found, "-I", "-c", ask, series], stdout=subprocess.PIPE, check=True)
    return asked.stdout.decode().strip()


def _stamp(path):
    return os.stat(path).st_size, os.stat(path).st_mtime


def _build(root, python, series, stdlib):
    for name in (
        "usr/bin",
        "usr/sbin",
        "usr/lib",
        LIB,
        "etc",
        "dev",
        "proc",
        "tmp",
        "root",
        "var/tmp",
        "opt",
    ):
        os.makedirs(os.path.join(root, name))
    for name in ("bin", "sbin", "lib", "lib64"):
        os.symlink("usr/" + name, os.path.join(root, name))
    for name in ("tmp", "var/tmp"):
        os.chmod(os.path.join(root, name), 0o1777)
    _write(root, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    _write(root, "etc/group", "root:x:0:\n")
    _write(root, "etc/ld.so.conf", "/{}\n".format(LIB))
    os.symlink(python_path(series), os.path.join(root, "usr/bin/python" + series))
    libraries = set()
    folder = os.path.dirname(host_library("libc.so.6"))
    for name in os.listdir(folder):
        if _GLIBC.match(name):
            libraries.add(os.path.join(folder, name))
    for tool in TOOLS:
        path = shutil.which(tool, path="/usr/bin:/bin")
        if path:
            shutil.copy2(os.path.realpath(path), os.path.join(root, "usr/bin", tool))
            libraries.update(host_libraries(path))
    libraries.update(_copy_python(root, python, series, stdlib))
    for path in libraries:
        if os.path.basename(path) not in os.listdir(os.path.join(root, LIB)):
            shutil.copy2(os.path.realpath(path), os.path.join(root, LIB, os.path.basename(path)))
    ldconfig(root)


def _copy_python(root, python, series, stdlib):
    """Copies it below PREFIX, where it finds itself; returns the libraries it needs."""
    prefix = os.path.dirname(os.path.dirname(python))
    name = "python" + series
    os.makedirs(os.path.join(root, PREFIX, "bin"))
    shutil.copy2(python, os.path.join(root, PREFIX, "bin", name))
    target = os.path.join(root, PREFIX, "lib", name)

    def ignore(folder, names):
        odd = {each for each in names if each.startswith(("config-", "_tkinter")) or ".opt-" in each}
        return odd | (_LEFT_OUT & set(names))

    shutil.copytree(os.path.join(prefix, "lib", name), target, symlinks=True, ignore=ignore)
    os.makedirs(os.path.join(target, "site-packages"))
    needed = set(host_libraries(python))
    plain = {os.path.basename(path) for path in needed}
    for module in glob.glob(os.path.join(target, "lib-dynload", "*.so")):
        libraries = host_libraries(os.path.join(prefix, "lib", name, "lib-dynload", os.path.basename(module)))
        more = [path for path in libraries if not _GLIBC.match(os.path.basename(path))]
        if stdlib == "full":
            needed.update(libraries)
        elif any(os.path.basename(path) not in plain for path in more):
            os.remove(module)
    return needed


def host_libraries(path):
    """Paths of the libraries that a file of this machine (one to be trusted) is linked with."""
    listed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return [line.split()[2] for line in listed.stdout.decode().splitlines() if "=> /" in line]


def host_library(soname):
    """Path of this machine's own library of that name; LookupError when it has none."""
    for folder in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64"):
        if os.path.exists(os.path.join(folder, soname)):
            return os.path.join(folder, soname)
    raise LookupError("no {} on this machine".format(soname))


def add_library(root, soname):
    """Put this machine's own ``soname`` (libz.so.1) into the root; ldconfig is the caller's."""
    path = host_library(soname)
    target = os.path.join(root, LIB, soname)
    if os.path.lexists(target):
        os.remove(target)
    shutil.copy2(os.path.realpath(path), target)


def _write(root, name, text):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.remove(path)  # it may be a link to the base's
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)


write = _write
