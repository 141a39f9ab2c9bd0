"""What takes long is made once and kept, under a name that follows from its recipe."""

import contextlib
import fcntl
import glob
import hashlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import time

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [
    os.path.join(_HERE, "..", "makers"),
    os.path.join(_HERE, ".."),
]  # rpm_tools, pythons: for programs
import bare  # noqa: E402

_WEEK = 7 * 24 * 3600


def home():
    """$OFFKIT_LAB_CACHE or ~/.cache/offkit-lab, where the bare roots lie too."""
    path = os.path.realpath(bare.cache())
    if any(character in path for character in ":,\\"):
        raise ValueError("overlayfs takes no ':', ',' or '\\' in a path: {}".format(path))
    return path


def kept(name, recipe, make):
    """The path ``home()/NAME-DIGEST``; when it is not there yet, ``make(path)`` writes it.

    ``recipe`` is everything the result depends on, as an iterable of texts. What is being made
    stands beside it and is renamed when complete, so a kill leaves nothing half-made under the
    name; the next one to make it clears it away. Two processes do not make it twice.
    """
    stem, dot, ending = name.partition(".")
    path = os.path.join(home(), "{}-{}{}{}".format(stem, digest(recipe), dot, ending))
    if os.path.exists(path):
        _used(path)
        return path
    with _locked(stem):
        if not os.path.exists(path):
            _discard_old(stem, ending)
            making = os.path.join(home(), ".making-" + name)
            remove(making)
            say("lab: making {} ...".format(os.path.basename(path)))
            start = time.monotonic()
            make(making)
            os.rename(making, path)
            say("lab: made {} in {:.0f} s".format(os.path.basename(path), time.monotonic() - start))
    return path


def digest(recipe):
    return hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]


def _used(path):
    """Leave a mark in the access time: the modification time belongs to the content."""
    os.utime(path, (time.time(), os.stat(path).st_mtime))


def _discard_old(stem, ending):
    """What an earlier recipe made, once nobody has used it for a week."""
    for path in glob.glob(os.path.join(home(), "{}-*{}".format(stem, ending))):
        name = os.path.basename(path)
        ours = re.fullmatch(
            re.escape(stem) + "-[0-9a-f]{12}" + re.escape("." + ending if ending else ""), name
        )
        if ours and time.time() - os.stat(path).st_atime > _WEEK:
            remove(path)


def source(*things):
    """The text of functions and modules, for a recipe: what they make changes with them."""
    return "\0".join(inspect.getsource(thing) for thing in things)


def remove(path):
    """A file or a whole tree, if there is one."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def run(argv, **more):
    """A step of making: its output is shown when it fails. Returns stdout as text."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        **(more if "input" in more else dict(more, stdin=subprocess.DEVNULL)),
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-30:])
        raise RuntimeError("{} failed with {}:\n{}".format(argv[0], done.returncode, tail))
    return done.stdout


def say(text):
    """To the person waiting; pytest shows it when a test fails."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _locked(stem):
    with open(os.path.join(home(), ".lock-" + stem), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
