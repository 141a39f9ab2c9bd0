"""make demo: the whole journey on real parts. Outputs stay in demo/."""

import os
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.dirname(HERE), HERE]

import world  # noqa: E402  (beside this file)

DEMO = os.path.join(ROOT, "demo")
CURRENT = os.path.join("server", "current", "bin", "offkit")


def say(text=""):
    print(text, flush=True)


def show(*argv, prefix=(), log=None):
    """Print a command as one would type it in demo/, run it there, stop the demo if it fails."""
    say("\n$ " + " ".join(shlex.quote(word) for word in argv))
    with open(os.path.join(DEMO, log), "w", encoding="utf-8") if log else open(os.devnull, "w") as file:
        done = subprocess.Popen([*prefix, *argv], cwd=DEMO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for raw in done.stdout:
            text = raw.decode("utf-8", "replace")
            sys.stdout.write("  " + text)
            sys.stdout.flush()
            file.write(text)
    if done.wait() != 0:
        say("the demo stops here: exit code {}".format(done.returncode))
        sys.exit(1)


def frame(path, number):
    """The rows of one frame of a conversion in the origin's text format."""
    with open(path, encoding="ascii") as source:
        lines = source.read().split("\n")
    rows = lines.index("1") - 2  # header, "0", the rows of frame 0, "1"
    start = 1 + number * (rows + 1)
    return lines[start + 1 : start + 1 + rows]


def main():
    began = time.time()
    python, series = world.server_python()
    isolated, how = world.without_network()
    shutil.rmtree(DEMO, ignore_errors=True)
    os.mkdir(DEMO)
    say("The online side: {} (Python {}.{}.{})".format(world.OFFKIT, *sys.version_info[:3]))
    say("The server:      CPython {} at {}".format(series, python))
    if series != "3.6":
        say(
            "                 (no CPython 3.6 on PATH or under pyenv, so the newest Python here plays the server)"
        )
    say("The gap:         " + (how if isolated else "NOT closed here, " + how))
    prefix = isolated or []

    show(
        os.path.relpath(world.OFFKIT, DEMO),
        "bundle",
        *world.target_args((python, series)),
        "-o",
        "bundle.tar",
        log="bundle.log",
    )
    if not sys.platform.startswith("linux"):
        show(os.path.relpath(world.OFFKIT, DEMO), "inspect", "bundle.tar")
        say("\nThe next steps need a Linux server: carry demo/bundle.tar to one.")
        return
    say("\n--- from here on there is no network " + "-" * 60)
    if isolated:
        probe = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
        reached = subprocess.run([*prefix, sys.executable, "-c", probe], stderr=subprocess.PIPE, check=False)
        reason = reached.stderr.decode().strip().splitlines()[-1] if reached.returncode else "CONNECTED"
        say("  a connection from in there: " + reason)
    show("tar", "-xf", "bundle.tar", "install.sh", prefix=prefix)
    show(
        "sh",
        "install.sh",
        "bundle.tar",
        "--prefix",
        "server",
        "--python",
        python,
        prefix=prefix,
        log="install.log",
    )
    show("sh", "install.sh", "bundle.tar", "--prefix", "server", "--python", python, prefix=prefix)
    show(CURRENT, "doctor", prefix=prefix, log="doctor.log")
    show(CURRENT, "run-badapple", "-o", "badapple.txt", prefix=prefix, log="run-badapple.log")
    say()
    for row in frame(os.path.join(DEMO, "badapple.txt"), 132):
        say(row.rstrip())
    say("\nDone in {:.0f} s. Results:".format(time.time() - began))
    for name, what in (
        ("bundle.tar", "what crosses the gap"),
        ("server/", "what is installed on the server; its command is server/current/bin/offkit"),
        ("badapple.txt", "the film; play it:  demo/{} run-badapple --play demo/badapple.txt".format(CURRENT)),
        ("*.log", "the output of each command"),
    ):
        say("  demo/{:14} {}".format(name, what))


if __name__ == "__main__":
    main()
