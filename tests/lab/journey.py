"""The one command, on a server that has nothing; and what a healthy end of it is."""

import json

import targets

PREFIX = {False: "/opt/offkit", True: targets.HOME + "/.local/share/offkit"}  # root's, the user's
ISO = "CentOS-7-x86_64-Everything.iso"
# "$@" are the options; what is carried lies in the home directory of whoever installs.
COMMAND = 'cd && tar -xf bundle.tar install.sh && exec $0 install.sh bundle.tar "$@"'
# What a doctor may say of a CPython 3.6 that was built with OpenSSL 3, as this machine's.
HASHLIB = {("PY001", "hashlib"), ("PY023", "hashlib")}
# What is left behind on a server after everything was taken back: caches and logs, and rpm's own files.
LEFT = (
    "/etc/ld.so.cache",  # ldconfig writes it anew
    "/var/cache/ldconfig",
    "/var/cache/dnf",
    "/var/lib/dnf",  # the history of its transactions
    "/var/lib/rpm",  # what is in it is asked of rpm
    "/var/log",
    "/root/install.sh",  # the user's own: taken out of the bundle by hand
    targets.HOME + "/install.sh",
    "/root/.cache/offkit",  # run-badapple's clip, which it names
    targets.HOME + "/.cache/offkit",
    "/tmp/frames.txt",  # what it was asked to write
)
# Directories of the home that were made on the way, and are empty again.
EMPTY = ("/root/.cache", *(targets.HOME + each for each in ("/.cache", "/.local", "/.local/share")))


def home(user=False):
    return targets.HOME if user else "/root"


def carry(target, bundle, iso="", user=False, name=ISO):
    """The bundle and perhaps an image into the home directory."""
    target.put(bundle, home(user) + "/bundle.tar")
    if iso:
        target.put(iso, "{}/{}".format(home(user), name))


def install(target, *options, user=False, shell="sh", **how):
    """The command itself, to its end."""
    return target.run(["sh", "-c", COMMAND, shell, *options], user=user, timeout=600, **how)


def offkit(target, *words, user=False, **how):
    """The installed offkit."""
    return target.run([PREFIX[user] + "/current/bin/offkit", *words], user=user, **how)


def python(target, text, user=False, **how):
    """The generation's Python, as anybody starts it: with no variable set."""
    return target.run([PREFIX[user] + "/current/bin/python", "-c", text], user=user, **how)


def doctor(target, user=False):
    """(exit code, {(code, subject)} of what is an error or a warning)"""
    done = offkit(target, "doctor", "--json", user=user)
    assert "Traceback" not in done.stderr, done.stderr
    report = json.loads(done.stdout)
    return done.returncode, {
        (one["code"], one["subject"]) for one in report["findings"] if one["severity"] != "info"
    }


def failed(done):
    """What went wrong, for a person: the end of both outputs."""
    return "exit {}\n{}\n{}".format(done.returncode, done.stdout[-3000:], done.stderr[-3000:])


def rpms(target):
    """Everything that rpm has installed, with the keys."""
    return sorted(target.run(["rpm", "-qa"]).stdout.split())
