"""A real CPython of this machine as RPMs: python3 with the command, python3-libs with the rest."""

import glob
import os
import subprocess

import base
import cache
import pythons
import rpms

# test suites, the development parts, and what needs Tk (a package of its own on CentOS)
_LEFT_OUT = ("test", "tests", "idlelib", "turtledemo", "tkinter", "lib2to3", "site-packages")


def packages(series, command, libraries, release, provides=()):
    """The two Packages, one where both have the same name, or none when this machine has no such Python.

    The libraries that its modules need become requirements: rpmbuild reads them.
    """
    python = pythons.find(series)
    if python is None:
        return []
    number = version(python)
    top = tree(python, series)
    held = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            held["/" + os.path.relpath(path, top)] = path
    if command == libraries:
        return [
            rpms.Package(command, number, "Python " + number, held, provides, ldconfig=True, release=release)
        ]
    own = {inside: path for inside, path in held.items() if inside.startswith("/usr/bin/")}
    rest = {inside: path for inside, path in held.items() if inside not in own}
    return [
        rpms.Package(
            command,
            number,
            "Interpreter of the Python language",
            own,
            provides=provides,
            requires=["{}(x86-64) = {}-{}".format(libraries, number, release)],
            release=release,
        ),
        rpms.Package(
            libraries, number, "The libraries of Python " + number, rest, ldconfig=True, release=release
        ),
    ]


def tree(python, series):
    """The cached directory usr/ with that interpreter, laid out as its RPMs do."""
    recipe = (python, str(os.stat(python).st_mtime), *_LEFT_OUT, cache.source(_arrange))
    return cache.kept("python" + series.replace(".", ""), recipe, lambda path: _arrange(path, python, series))


def version(python):
    """3.6.15"""
    asked = [python, "-I", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]
    return subprocess.run(asked, stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def _arrange(path, python, series):
    prefix = os.path.dirname(os.path.dirname(python))
    name = "python" + series
    binary = os.path.join(path, "usr/bin")
    library = os.path.join(path, "usr/lib", name)
    os.makedirs(binary)
    os.makedirs(os.path.join(path, "usr/lib"))
    os.makedirs(os.path.join(path, "usr/lib64"))
    cache.run(["cp", "-a", os.path.realpath(python), os.path.join(binary, name)])
    cache.run(["patchelf", "--remove-rpath", os.path.join(binary, name)])  # it names this machine's folders
    os.symlink(name, os.path.join(binary, "python3"))
    cache.run(["cp", "-a", os.path.join(prefix, "lib", name), library])
    for pattern in (
        *_LEFT_OUT,
        "config-*",
        "lib-dynload/_tkinter*",
        "lib-dynload/_test*",
        "*/test",
        "*/tests",
    ):
        for found in glob.glob(os.path.join(library, pattern)):
            cache.remove(found)
    os.makedirs(os.path.join(library, "site-packages"))
    base.write(library, "site-packages/README.txt", "")
    for found in glob.glob(os.path.join(prefix, "lib", "libpython{}*.so*".format(series))):
        cache.run(["cp", "-a", found, os.path.join(path, "usr/lib64")])
    # rpmbuild sets the files' times back; what is compiled has to agree, or root's Python does it again.
    cache.run(["find", path, "-name", "*.pyc", "-delete"])
    cache.run(["find", path, "-name", "*.py", "-exec", "touch", "-h", "-d", "@" + rpms.EPOCH, "{}", "+"])
    cache.run([python, "-I", "-m", "compileall", "-q", "-d", "/usr/lib/" + name, library])
