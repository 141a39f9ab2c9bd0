"""A server to play with: an overlay above the cached system, entered without a network.

Nothing is mounted on this machine: each command gets its file systems in a mount namespace of
its own, which ends with it. What a command wrote stays in the target's folder until that goes.
"""

import contextlib
import functools
import glob
import os
import pty
import shutil
import stat
import subprocess
import tempfile
import time

import base
import cache
import disc
import enter
import extras
import flavours
import rpms
from flavours import FLAVOURS

DISC = "/mnt/offkit-iso"  # where offkit's repository files expect the disc
# redirect_dir: a directory of a layer below can be renamed, as on every other file system.
# lower directories, folder, disc ("" for none), then the command of enter.py
_MOUNT = r"""
set -e
lower=$1 folder=$2 disc=$3; shift 3
mount -t overlay -o "redirect_dir=on,lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" lab "$folder/root"
[ -z "$disc" ] || mount -o loop,ro "$disc" "$folder/disc"
exec "$@"
"""
# A login; C.UTF-8 is the one UTF-8 locale of the system and stands for en_US.UTF-8.
VARIABLES = {"HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "USER": "root", "LOGNAME": "root"}
# The one person with an account; nothing of the system is theirs.
USER = "worker"
HOME = "/home/" + USER
_UID = 1000
_DAY = 24 * 3600
# The first process of a server that is up: a shell that buries the dead, whoever their parents were.
_INIT = ["bash", "-c", "while :; do sleep 1000 & wait; done"]
_AS_USER = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--inh-caps=-all"]


class Target:
    """A yum target in ``folder``; it is there for as long as the folder is."""

    def __init__(self, folder, el=7, above=None, tools=False):
        self.folder = os.path.realpath(folder)
        self.flavour = FLAVOURS[el]
        below = above.layers if above else [os.path.join(layer(el), "upper"), *extras.drive(), base.system()]
        if tools:
            below = [extras.tools(), *below]
        self.layers = [os.path.join(self.folder, "upper"), *below]  # the topmost first
        self._disc, self._at = None, DISC
        self._pid = 0
        for name in ("upper", "work", "root", "disc"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)

    def path(self, inside):
        """Where a path lies on this machine, if the target has written it: to read, or to put there."""
        return os.path.join(self.folder, "upper", inside.lstrip("/"))

    def put(self, source, inside):
        """Carry a file over the gap."""
        self._folder_of(inside)
        shutil.copy2(str(source), self.path(inside))
        self._give(inside)

    def write(self, inside, text):
        self._folder_of(inside)
        base.write(self.path("/"), inside.lstrip("/"), text)
        self._give(inside)

    def _folder_of(self, inside):
        """Make the directories above in the upper layer, as they are in the layers below."""
        folder = os.path.dirname(inside.rstrip("/"))
        if os.path.isdir(self.path(folder)):
            return
        self._folder_of(folder)
        os.mkdir(self.path(folder))
        below = [layer + folder for layer in self.layers[1:] if os.path.isdir(layer + folder)]
        if below:
            status = os.stat(below[0])
            os.chown(self.path(folder), status.st_uid, status.st_gid)
            os.chmod(self.path(folder), status.st_mode)

    def _give(self, inside):
        """What is carried into the user's home is theirs."""
        while (inside + "/").startswith(HOME + "/"):
            os.chown(self.path(inside), _UID, _UID)
            inside = os.path.dirname(inside)

    def insert(self, iso, at=DISC):
        """An ISO file into the drive: its files are below ``at`` from the next command on."""
        self._disc = os.path.realpath(iso)
        self._at = at

    def eject(self):
        self._disc = None

    def command(self, argv, network=False, shm=True, binds=()):
        """The argument list for subprocess that runs ``argv`` inside, as in enter.command."""
        if self._pid:
            return ["nsenter", "-t", str(self._pid), "-m", "-u", "-n", "-p", "-r", "-w", *argv]
        mounted = ""
        binds = list(binds)
        if self._disc and disc.mountable(self._disc):
            mounted = self._disc
            binds.append((os.path.join(self.folder, "disc"), self._at))
        elif self._disc:
            binds.append((self._unpacked(), self._at))
        for source, inside in binds:  # enter.py makes them in the directory below the overlay
            if os.path.isdir(source):
                os.makedirs(self.path(inside), exist_ok=True)
            elif not os.path.exists(self.path(inside)):
                self.write(inside, "")
        root = os.path.join(self.folder, "root")
        lower = ":".join(self.layers[1:])
        inner = enter.command(root, argv, network=network, shm=shm, binds=binds, machine=True)
        return ["unshare", "-m", "sh", "-c", _MOUNT, "target", lower, self.folder, mounted, *inner]

    def _unpacked(self):
        """The disc as a directory: shared when it is one of the lab's own, else the target's."""
        if os.path.dirname(self._disc) == cache.home():
            return disc.unpacked(self._disc)
        status = os.stat(self._disc)
        folder = os.path.join(self.folder, "unpacked-{}".format(status.st_ino))
        if not os.path.isdir(folder):
            disc.unpack(self._disc, folder)
        return folder

    @contextlib.contextmanager
    def up(self):
        """The server stays on: what one command mounted is there for the next. All of it ends at the end.

        What the disc and the binds are is settled by then.
        """
        waiting = subprocess.Popen(self.command(_INIT), stdin=subprocess.DEVNULL)
        try:
            self._pid = _inside(waiting)
            yield self
        finally:
            self._pid = 0
            waiting.kill()
            waiting.wait()

    def run(self, argv, typed="", variables=None, timeout=300, user=False, **how):
        """Run to the end: a CompletedProcess with texts. With ``user`` it is the ordinary one who does.

        ``typed`` is what the person at the terminal answers, from the start in its buffer: yum
        takes a yes to a key from a terminal only. Without it there is no terminal.
        """
        keyboard, terminal = pty.openpty() if typed else (None, os.open(os.devnull, os.O_RDONLY))
        argv, environment = _login(argv, user)
        try:
            if typed:
                os.write(keyboard, typed.encode())
            return subprocess.run(
                self.command(argv, **how),
                env=dict(environment, **(variables or {})),
                stdin=terminal,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        finally:
            for handle in (terminal, keyboard):
                if handle is not None:
                    os.close(handle)

    def start(self, argv, user=False):
        """Begin it, without a word to anybody: a Popen. When that is killed, everything inside is."""
        argv, environment = _login(argv, user)
        null = subprocess.DEVNULL
        return subprocess.Popen(self.command(argv), env=environment, stdin=null, stdout=null, stderr=null)


def _login(argv, user):
    """(the words of the command, the variables of whoever runs it)"""
    words = [str(word) for word in argv]
    environment = dict(VARIABLES, PATH=enter.PATH)
    if not user:
        return words, environment
    return [*_AS_USER, *words], dict(environment, HOME=HOME, USER=USER, LOGNAME=USER)


def _inside(waiting):
    """The process that the namespaces began with, once it is where it belongs."""
    children = "/proc/{0}/task/{0}/children".format(waiting.pid)
    while waiting.poll() is None:
        with open(children, encoding="ascii") as text:
            first = text.read().split()
        # A mount on the way is a child for a moment, and may be gone before it is looked at.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if first and _comm(first[0]) == _INIT[0]:
                return int(first[0])
        time.sleep(0.002)
    raise RuntimeError("the target did not start")


def _comm(pid):
    with open("/proc/{}/comm".format(pid), encoding="ascii") as text:
        return text.read().strip()


@contextlib.contextmanager
def target(el=7, above=None, tools=False):
    """A new Target in a directory that goes at the end.

    ``above`` is another one that it continues from; that one has to stand still meanwhile. With
    ``tools`` it has strace and busybox in /usr/local/bin.
    """
    folder = tempfile.mkdtemp(prefix="target-", dir=cache.home())
    try:
        yield Target(folder, above.flavour.el if above else el, above, tools)
    finally:
        cache.remove(folder)


def discard_old():
    """The targets and fleets of runs that were killed, after a day."""
    for path in glob.glob(os.path.join(cache.home(), "target-*")) + glob.glob(
        os.path.join(cache.home(), "fleet-*")
    ):
        if time.time() - os.stat(path).st_mtime > _DAY:
            cache.remove(path)


@functools.cache
def layer(el):
    """The cached overlay layer that turns the system into that EL."""
    flavour = FLAVOURS[el]
    recipe = (
        base.system(),
        rpms.public_key(),
        repr(flavour),
        flavours.glibc(el),
        *map(repr, base.installed(el)),
        cache.source(rpms, _arrange, _account, base.libc),
    )
    return cache.kept(flavour.dist, recipe, lambda path: _arrange(path, flavour))


def _account(upper):
    """The user, in the system's own files."""
    for name, line in (
        ("etc/passwd", "{0}:x:{1}:{1}:a user:{2}:/bin/bash\n"),
        ("etc/group", "{0}:x:{1}:\n"),
    ):
        with open(os.path.join(base.system(), name), encoding="utf-8") as lines:
            base.write(upper, name, lines.read() + line.format(USER, _UID, HOME))
    os.makedirs(upper + HOME, mode=0o700)
    os.chown(upper + HOME, _UID, _UID)


def _arrange(folder, flavour):
    """os-release, the stock repositories, the key, and an rpm database that knows what is there."""
    upper = os.path.join(folder, "upper")
    os.makedirs(upper)
    release = "".join('{}="{}"\n'.format(*pair) for pair in flavour.os_release.items())
    base.write(upper, "usr/lib/os-release", release)
    os.makedirs(os.path.join(upper, "etc"))
    os.symlink("../usr/lib/os-release", os.path.join(upper, "etc/os-release"))
    base.write(upper, flavour.told, flavour.redhat_release + "\n")
    _account(upper)
    name, text = flavour.stock
    base.write(upper, "etc/yum.repos.d/" + name, text)
    os.makedirs(os.path.join(upper, "etc/pki/rpm-gpg"))
    shutil.copy(rpms.public_key(), os.path.join(upper, "etc/pki/rpm-gpg", flavour.key))
    if flavour.future:
        base.write(upper, "etc/pki/rpm-gpg/" + flavour.future, rpms.UNREADABLE_KEY)
    for name, text in flavour.variables:
        base.write(upper, "etc/yum/vars/" + name, text + "\n")
    if not flavour.dnf:
        os.makedirs(os.path.join(upper, "usr/bin"))
        os.mknod(os.path.join(upper, "usr/bin/dnf"), stat.S_IFCHR)  # overlayfs: it is not there
    glibc = flavours.glibc(flavour.el)
    if glibc:
        inside, data = base.libc(glibc)
        os.makedirs(os.path.join(upper, os.path.dirname(inside)))
        with open(os.path.join(upper, inside), "wb") as target:
            target.write(data)
        os.chmod(target.name, 0o755)
    packages = [
        rpms.Package(
            flavour.release_package,
            flavour.version,
            flavour.redhat_release,
            provides=["system-release = {}".format(flavour.version), "redhat-release"],
        ),
        *base.installed(flavour.el),
    ]
    if glibc:
        packages = [each._replace(version=glibc) if each.name == "glibc" else each for each in packages]
    built = rpms.build(packages, flavour.el, os.path.join(upper, "mnt", "rpms"))
    for name in ("work", "root"):
        os.makedirs(os.path.join(folder, name))
    inside = ["/mnt/rpms/" + os.path.basename(path) for path in built]
    enter_rpm = enter.command(os.path.join(folder, "root"), ["rpm", "-i", "--nosignature", *inside])
    cache.run(
        ["unshare", "-m", "sh", "-c", _MOUNT, "layer", base.system(), folder, "", *enter_rpm],
        env={"HOME": "/root", "PATH": enter.PATH},
    )
    shutil.rmtree(os.path.join(upper, "mnt", "rpms"))
