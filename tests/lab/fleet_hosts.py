"""The servers of the fleet's story: one of each kind, and one sick in each of several ways."""

import contextlib
import glob
import os
import shutil

import base
import cache
import disc
import targets

_LEFT_OUT = shutil.ignore_patterns(
    "test", "tests", "idlelib", "lib-tk", "lib2to3", "*.pyc", "config", "*_tkinter*"
)


def python2():
    """The cached layer with a CPython 2.7 as /usr/bin/python, as CentOS 7 has it; None without one here."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found = sorted(glob.glob(os.path.join(root, "versions/2.7.*/bin/python2.7")))
    if not found:
        return None
    prefix = os.path.dirname(os.path.dirname(found[-1]))
    recipe = (found[-1], str(os.stat(found[-1]).st_mtime), cache.source(_python2))
    return cache.kept("python27", recipe, lambda path: _python2(path, prefix))


def _python2(path, prefix):
    shutil.copytree(
        os.path.join(prefix, "lib/python2.7"), os.path.join(path, "usr/lib/python2.7"), ignore=_LEFT_OUT
    )
    for folder, pattern in (("usr/bin", "bin/python2.7"), ("usr/lib64", "lib/libpython2.7.so*")):
        os.makedirs(os.path.join(path, folder), exist_ok=True)
        for each in glob.glob(os.path.join(prefix, pattern)):
            shutil.copy2(each, os.path.join(path, folder), follow_symlinks=False)
    cache.run(
        ["patchelf", "--force-rpath", "--set-rpath", "/usr/lib64", os.path.join(path, "usr/bin/python2.7")]
    )
    for name in ("python", "python2"):
        os.symlink("python2.7", os.path.join(path, "usr/bin", name))


@contextlib.contextmanager
def pythonic(el):
    """A target on which that EL's Python is installed from its disc, to continue from."""
    series, package, _ = targets.FLAVOURS[el].python
    with targets.target(el) as made:
        made.insert(disc.iso(el))
        made.write("/etc/yum.repos.d/offkit.repo", disc.repository(el))
        yum = ["yum", "-y", "--disablerepo=*", "--enablerepo=offkit-*", "install", package]
        done = made.run(yum)
        assert done.returncode == 0, done.stderr
        done = made.run(["rm", "/etc/yum.repos.d/offkit.repo"])
        assert made.run(["python" + series, "-V"]).returncode == 0, done.stderr
        made.eject()
        yield made


def platform_python():
    """The layer with el8's interpreter of the system's own, which is on no PATH."""
    return cache.kept("platformpython", (base.YUM_PYTHON, cache.source(_platform_python)), _platform_python)


def _platform_python(path):
    folder, name = os.path.split(base.YUM_PYTHON)
    os.makedirs(path + folder)
    os.symlink(name, os.path.join(path + folder, "platform-python"))
