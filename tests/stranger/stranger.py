"""The README's two commands on a machine that nobody here made: a stock Debian 12, with the packages
that README names and no others, an ordinary user, a fresh clone.

python tests/stranger/stranger.py             make demo and make test, on a terminal
python tests/stranger/stranger.py --odd       blanks and letters beyond ASCII in HOME and clone, umask 077,
                                              LC_ALL=C, TZ=Pacific/Apia, another TMPDIR, no terminal
Options: --only 3.13 (that CPython instead of Debian's), --also 3.6 (beside it), --user root|nobody,
--commands "make demo" "make check", --logs DIR.

Needs root, debootstrap, unshare, overlayfs and a network; the root is cached where the lab's are. Only
the way to the package indexes is taken over from this machine: name servers, certificates, pip's options.
"""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "lab"), os.path.join(ROOT, "tests")]

import base  # noqa: E402  (of the lab)
import cache  # noqa: E402
import enter  # noqa: E402
import pythons  # noqa: E402

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
UID = {"root": 0, "nobody": 65534, "user": 1000}
# What the CPythons of pyenv are linked with, where they stand in for Debian's.
LIBRARIES = "libssl3 libffi8 libsqlite3-0 libreadline8 libbz2-1.0 liblzma5 libncursesw6 libuuid1 zlib1g"
# How this machine reaches the indexes; anything else of its environment stays outside.
INDEX = re.compile(
    r"^(PIP_(?!FIND_LINKS|CACHE)\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(?i:https?_proxy|no_proxy))$"
)
FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")

# In namespaces of its own: overlay, /dev, /proc, /sys; then the root becomes the only one (a chroot
# would forbid user namespaces, which an ordinary user of a real machine has).
_ENTER = (
    r"""
set -e
lower=$1 folder=$2 hostname=$3; shift 3
root=$folder/root
mount -t overlay -o "redirect_dir=on,lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" stranger "$root"
"""
    + enter.DEVICES
    + r"""
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount --rbind -o ro /sys "$root/sys"
while [ "$1" != -- ]; do
    mkdir -p "$root$3"
    mount --bind "$2" "$root$3"
    [ "$1" = rw ] || mount -o remount,ro,bind "$root$3"
    shift 3
done
shift
echo "$hostname" > /proc/sys/kernel/hostname
mkdir "$root/.outside"
cd "$root"
pivot_root . .outside
umount -l /.outside
rmdir /.outside
exec "$@"
"""
)

# A shell on a terminal of its own: what it shows goes to stdout, nobody types.
_TERMINAL = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(["sh", "-c", sys.argv[1]])))
"""


def packages():
    """Those that README tells a user of Debian to install."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as text:
        (line,) = re.findall(r"apt-get install ([a-z0-9 -]+)", text.read())
    return line.split()


def system(only):
    """The cached root directory with those packages; for another CPython, with its libraries in Debian's place."""
    wanted = packages()
    if only:
        wanted = [name for name in wanted if not name.startswith("python3")] + LIBRARIES.split()

    def make(path):
        argv = ["unshare", "-m", "debootstrap", "--variant=minbase", "--include=" + ",".join(wanted)]
        cache.run([*argv, base.SUITE, path, *filter(None, [base.mirror()])])

    return cache.kept("stranger", (base.SUITE, base.mirror(), *wanted), make)


class Stranger:
    """A machine in a scratch directory, above the cached root; nothing of it stays."""

    def __init__(self, folder, options):
        self._folder, self._options = folder, options
        self._lower = system(options.only)
        self.home = (
            "/home/Zoë Müller"
            if options.odd
            else {"root": "/root"}.get(options.user, "/home/" + options.user)
        )
        self.clone = self.home + ("/my työ/offkit" if options.odd else "/offkit")
        self.temporary = "/var/tmp/an other" if options.odd else "/tmp"
        for name in ("upper", "work", "root", "mnt"):
            os.mkdir(os.path.join(folder, name))
        self._binds = ["ro", os.path.join(folder, "mnt"), "/mnt"]
        self._path, self._compiled = PATH, []
        for series in filter(None, (options.only, options.also)):
            python = pythons.find(series)
            if python is None:
                sys.exit("no CPython {} on PATH or under pyenv".format(series))
            place = "/opt/python" + series
            self._binds += ["ro", os.path.dirname(os.path.dirname(python)), place]
            self._compiled.append(place)
            self._path = place + "/bin:" + self._path if options.only else self._path + ":" + place + "/bin"
        for path in FILES:
            if os.path.exists(path):
                os.makedirs(os.path.dirname(folder + "/upper" + path), exist_ok=True)
                shutil.copy(os.path.realpath(path), folder + "/upper" + path)
        # The two clones download the same: what pip keeps is shared, nothing else.
        kept = os.path.join(cache.home(), "stranger-pip-{}".format(UID[options.user]))
        os.makedirs(kept, exist_ok=True)
        os.chown(kept, UID[options.user], UID[options.user])
        self._binds += ["rw", kept, self.home + "/.cache/pip"]
        subprocess.run(
            ["git", "-C", ROOT, "bundle", "create", "-q", folder + "/mnt/offkit.bundle", "HEAD", "main"],
            check=True,
        )
        self._settle()

    def _settle(self):
        """An account, a home, and the directory for what is temporary."""
        user, uid = self._options.user, UID[self._options.user]
        lines = [
            "set -e",
            "mkdir -p '{}' '{}'".format(self.home, self.temporary),
            "chmod 1777 '{}'".format(self.temporary),
        ]
        if user == "user":
            lines.append("useradd -M -u {} -d '{}' -s /bin/bash user".format(uid, self.home))
        for place in self._compiled:
            lines.append("echo {}/lib > /etc/ld.so.conf.d/{}.conf".format(place, os.path.basename(place)))
        lines.append("ldconfig")
        lines.append("chown -R {0}:{0} '{1}'".format(uid, self.home))
        self._run(["sh", "-c", "\n".join(lines)], check=True)

    def _argv(self, argv):
        unshare = ["unshare", "-m", "-u", "-i", "-p", "-f", "--kill-child", "sh", "-c", _ENTER, "enter"]
        return [*unshare, self._lower, self._folder, "stranger", *self._binds, "--", *argv]

    def _run(self, argv, **more):
        # C.UTF-8: the names above are what a shell in there is given.
        return subprocess.run(
            self._argv(argv), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}, **more
        )

    def variables(self):
        """What a login gives, and the way to the indexes."""
        user = self._options.user
        found = {name: value for name, value in os.environ.items() if INDEX.match(name)}
        found.update(HOME=self.home, USER=user, LOGNAME=user, SHELL="/bin/bash", PATH=self._path)
        if self._options.odd:
            found.update(LC_ALL="C", TZ="Pacific/Apia", TMPDIR=self.temporary)
        else:
            found.update(LANG="C.UTF-8", TERM="xterm-256color", COLUMNS="100", LINES="40")
        return found

    def do(self, command, log, where=None):
        """Run it as that user, in the clone; (exit code, seconds). Its output goes to the file ``log``."""
        uid = str(UID[self._options.user])
        as_user = ["setpriv", "--reuid", uid, "--regid", uid, "--init-groups"]
        if uid != "0":
            as_user += ["--inh-caps=-all", "--bounding-set=-all"]
        umask = "077" if self._options.odd else "022"
        inside = "umask {} && cd '{}' && {}".format(umask, where or self.clone, command)
        if self._options.odd:
            argv = ["setsid", "-w", "sh", "-c", inside]
        else:
            argv = ["python3", "-c", _TERMINAL, inside]
        began = time.monotonic()
        with open(log, "wb") as output:
            done = subprocess.run(
                self._argv([*as_user, "env", "-i", *("{}={}".format(*pair) for pair in self.variables().items()), *argv]),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        return done.returncode, time.monotonic() - began


def lines_of(log):
    """A log's lines as a terminal leaves them, without its colours."""
    with open(log, encoding="utf-8", errors="replace") as text:
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.read().replace("\r\n", "\n"))
    return [line.rpartition("\r")[2].rstrip() for line in plain.split("\n") if line.strip()]


def skipped(lines):
    """{reason: number of tests} of every pytest run in there, and of what make leaves out as a whole."""
    found = collections.Counter()
    for line in lines:
        one = re.match(r"SKIPPED \[(\d+)\] \S+?(?::\d+)?: (.*)", line)
        if one:
            found[re.sub(r"/\S*/|\d{2,}", "…", one.group(2))] += int(one.group(1))
        elif line.startswith("skipped: "):
            found["(a whole suite) " + line[len("skipped: ") :]] += 1
    return found


def table(found):
    """The skipped tests by reason, the most first."""
    rows = ["{:6}  {}".format(number, reason) for reason, number in found.most_common()]
    return "\n".join(["skipped  why", *rows, "{:6}  in all".format(sum(found.values()))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--odd", action="store_true")
    parser.add_argument("--only", metavar="X.Y", default="")
    parser.add_argument("--also", metavar="X.Y", default="")
    parser.add_argument("--user", choices=sorted(UID), default="user")
    parser.add_argument("--commands", nargs="+", default=["make demo", "make test"])
    parser.add_argument("--logs", metavar="DIR", default="")
    options = parser.parse_args()
    logs = options.logs or tempfile.mkdtemp(prefix="offkit-stranger-")
    os.makedirs(logs, exist_ok=True)
    title = "{} of a stock Debian{}{}{}".format(
        options.user, " with odd surroundings" if options.odd else "",
        ", CPython {} alone".format(options.only) if options.only else "",
        ", and CPython {}".format(options.also) if options.also else "",
    )  # fmt: skip
    print("== {} ({})".format(title, " ".join(packages())), flush=True)
    folder = tempfile.mkdtemp(prefix=".stranger-", dir=cache.home())
    failed, left_out = [], collections.Counter()
    try:
        stranger = Stranger(folder, options)
        clone = "git clone -q /mnt/offkit.bundle '{}'".format(stranger.clone)
        for command, where in [(clone, stranger.home), *((each, None) for each in options.commands)]:
            log = os.path.join(logs, re.sub(r"\W+", "-", command.split(" /")[0]).strip("-") + ".log")
            code, seconds = stranger.do(command, log, where)
            lines = lines_of(log)
            print("$ {}\n{}".format(command, "\n".join("  " + line for line in lines[-12:])), flush=True)
            print("  -> exit {} after {:.0f} s".format(code, seconds), flush=True)
            left_out += skipped(lines)
            if code != 0:
                failed.append(command)
                print("  what failed (all of it: {}):".format(log))
                print(
                    "\n".join("  " + line for line in lines if re.match(r"(FAILED|ERROR|E  )", line))[-6000:],
                    flush=True,
                )
    finally:
        shutil.rmtree(folder)
    print(table(left_out))
    if failed:
        sys.exit("not well: " + ", ".join(failed))


if __name__ == "__main__":
    main()
