"""Run by a root's own Python: what really happens to all that is loaded, started or imported there.

    python3.6 -I -S witness.py open FILE    FILE is a Python literal: what to open, start and run (below)
    /env/bin/python -I witness.py import FILE    FILE: names of modules

Prints one Python literal. Each thing is tried in a process of its own; nothing of offkit's is here.
"""

import ast
import functools
import os
import re
import signal
import subprocess
import sys
import time

_FATAL = re.compile(r"error while loading shared libraries: (?P<said>.*)|symbol lookup error: (?P<symbol>.*)")
_ABSENT = re.compile(r"^\s+(?P<name>\S+) => not found$", re.MULTILINE)
_OLD = re.compile(
    r"^.*?: (?P<path>\S+): version `(?P<version>[^']*)' not found \(required by (?P<by>.*)\)$", re.MULTILINE
)
OPENED = "dynamic module does not define"  # what Python misses then: opener asks for a name that is none
_LONGEST = 20  # seconds for a program that says its version, or runs on
_IMPORT = 120


def opened(plan):
    """Each file as an import would (RTLD_NOW); where something is missing, all that is (opener.judge)."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import opener

    verdicts = []
    mapped = set()
    for path, module in plan["open"]:
        if not module and os.path.realpath(path) in mapped:
            continue
        sys.setdlopenflags(os.RTLD_NOW)
        said, log = opener.attempt(path)
        if opener.lacks(said):
            sys.setdlopenflags(os.RTLD_LAZY)
            verdict = dict(opener.judge(path, plan["stub"], plan["last"]), first=said)
        else:
            old = opener._OLD.match(said)
            verdict = {"path": path, "missing": {}, "bad": "", "old": old.groups() if old else None}
            verdict.update(said=said, first=said, found=opener.found(log))
        if said and not said.startswith(OPENED):  # nobody else opens what comes after what it stops at
            mapped.update(os.path.realpath(place) for place in plan["brings"].get(path, ()))
        mapped.update(os.path.realpath(place) for place in verdict["found"].values() if place)
        verdicts.append(dict(verdict, module=module))
    return verdicts


def run(argv, variables):
    """(whether the kernel took it, exit status or None for what ran on, what it said)"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LD_")}
    clean["PATH"] = "/env/bin:" + clean["PATH"]  # as where it is activated
    try:
        child = subprocess.Popen(
            argv, env=dict(clean, **variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd="/tmp", preexec_fn=os.setsid,
        )  # fmt: skip
    except OSError as error:
        return error.strerror, None, ""
    try:
        said, _ = child.communicate(timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return "", None, ""
    return "", child.returncode, said.decode("utf-8", "replace")


def started(path):
    """A program: what the loader lists for it, and what it says when it is started."""
    refused, status, said = run([path, "--version"], {})
    if refused:
        return {"path": path, "refused": refused, "missing": [], "old": [], "fatal": ""}
    fatal = _FATAL.search(said) if status == 127 else None
    _, _, listed = run([path], {"LD_TRACE_LOADED_OBJECTS": "1"})
    return {
        "path": path,
        "refused": "",
        "missing": [match.group("name") for match in _ABSENT.finditer(listed)],
        "old": [match.groups() for match in _OLD.finditer(listed)],
        "fatal": (fatal.group("said") or fatal.group("symbol")) if fatal else "",
    }


def scripted(path):
    """A script: whether the kernel, or env(1), finds who is to read it."""
    refused, status, said = run([path, "--version"], {})
    if refused:
        return {"path": path, "lost": refused}
    lost = status in (126, 127) and "env: " in said and "No such file" in said
    return {"path": path, "lost": said.strip() if lost else ""}


def imported(names):
    """{module: "" or how importing it failed}"""
    outcome = {}
    for name in names:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _import(name, writing)
        os.close(writing)
        limit, said = time.time() + _IMPORT, b""
        signal.signal(signal.SIGALRM, functools.partial(_kill, child))
        signal.alarm(_IMPORT)
        while time.time() < limit:
            piece = os.read(reading, 65536)
            if not piece:
                break
            said += piece
            if said.endswith(b"\0"):
                break
        signal.alarm(0)
        os.close(reading)
        _, status = os.waitpid(child, 0)
        text = said.rstrip(b"\0").decode("utf-8", "replace")
        outcome[name] = text[1:] if text else "ended by itself: status {}".format(status)
    return outcome


def _kill(child, *_):
    os.kill(child, signal.SIGKILL)


def _import(name, writing):
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    text = ""
    try:
        __import__(name)
    except BaseException as error:
        seen = []
        while error is not None and error not in seen:
            seen.append(error)
            error = error.__cause__ or error.__context__
        text = " < ".join("{}: {}".format(type(each).__name__, str(each)[:600]) for each in seen)
    os.write(writing, b"=" + text.encode("utf-8", "replace") + b"\0")
    os.kill(os.getpid(), signal.SIGKILL)


def main(what, plan):
    with open(plan, encoding="utf-8", errors="surrogateescape") as text:
        plan = ast.literal_eval(text.read())
    if what == "import":
        print(ascii(imported(plan)))
        return
    done = {
        "opened": opened(plan),
        "programs": [started(path) for path in plan["programs"]],
        "scripts": [scripted(path) for path in plan["scripts"]],
    }
    print(ascii(done))


if __name__ == "__main__":
    main(*sys.argv[1:])
