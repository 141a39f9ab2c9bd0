"""A signal that comes at a moment when nothing can be raised ends the program all the same."""

import os
import subprocess
import sys

import pytest

import offkit

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))

# It reaches the main thread within a destructor or a callback of a weak reference.
LOST = """
import os, signal, sys, weakref
from offkit.edges import signals
def lost():
    os.kill(os.getpid(), {number})
    for _ in range(1000): pass
class Thing:
    def __del__(self):
        if {where!r} == "destructor":
            lost()
def callback(ref):
    if {where!r} == "callback":
        lost()
signal.signal(signal.SIGINT, signal.SIG_IGN if {ignored} else signal.default_int_handler)
signals.interrupt()
if {once}:
    signals.interrupt_once()
thing = Thing()
ref = weakref.ref(thing, callback)
try:
    del thing
    signal.sigtimedwait([], 60 if hasattr(sys, "unraisablehook") else 0)
    print("not ended")
except KeyboardInterrupt:
    print("ended")
"""
OTHERS = """
from offkit.edges import signals
signals.interrupt()
class Thing:
    def __del__(self): 1 / 0
Thing()
print("goes on")
"""


def run(script):
    """(stdout, stderr) of it in a Python of its own."""
    argv, env = [sys.executable, "-c", script], dict(os.environ, PYTHONPATH=TOOLKIT)
    running = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = running.communicate()
    assert running.returncode == 0, err
    return out.decode(), err.decode()


@pytest.mark.parametrize("where", ["destructor", "callback"])
@pytest.mark.parametrize(
    ("number", "ignored", "once"),
    [
        ("signal.SIGINT", False, False),
        ("signal.SIGINT", False, True),
        ("signal.SIGTERM", False, False),
        ("signal.SIGTERM", True, False),
        ("signal.SIGTERM", True, True),
    ],
)
def test_what_comes_within_a_destructor(where, number, ignored, once):
    out, err = run(LOST.format(where=where, number=number, ignored=ignored, once=once))
    if hasattr(sys, "unraisablehook"):
        assert (out, err) == ("ended\n", "")
    else:  # Python tells of it from 3.8 on
        assert out == "not ended\n"
        assert "KeyboardInterrupt" in err


def test_other_exceptions_are_told_as_before():
    out, err = run(OTHERS)
    assert out == "goes on\n"
    assert "ignored" in err
    assert "ZeroDivisionError" in err
