"""install.sh in tests: the script and a bundle it is sealed for, a server with few tools, all shells."""

import glob
import os
import re
import shutil
import subprocess
import sys

import pytest

import bundle_maker
from offkit.model import several
from offkit.model.target import Target
from offkit.online.carry import bootstrap
from offkit.server.python import interpreter

SERIES = "{}.{}".format(*sys.version_info[:2])
REAL = interpreter.running()
PYZ = bundle_maker.runtime()
# What a shell is started with. busybox's own awk, dd, od ... are used where it is the shell.
SHELLS = {
    name: argv
    for name, argv in (
        ("dash", ["dash"]),
        ("bash", ["bash", "--posix"]),
        ("busybox", ["busybox", "sh"]),
        ("sh", ["sh"]),
    )
    if shutil.which(argv[0])
}
every_shell = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(
            name,
            marks=[] if name in SHELLS else [pytest.mark.skip(reason="there is no {} here".format(name))],
        )
        for name in ("dash", "bash", "busybox")
    ],
)
# install.sh looks there whatever PATH is, and would find it (bootstrap/find.sh).
_PLACES = ("/usr/bin", "/usr/local/bin", "/opt/python*/bin", "/opt/rh/*/root/usr/bin")
_FOUND = sorted(path for place in _PLACES for path in glob.glob(place + "/python3.6"))
without_python36 = pytest.mark.skipif(bool(_FOUND), reason="{} would be found".format(" ".join(_FOUND)))
with_compiler = pytest.mark.skipif(
    not shutil.which("make") or not shutil.which("gcc"), reason="there is no gcc or no make here"
)
TOOLS = [
    "sh",
    "awk",
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
    "find",
    "grep",
    "gzip",
    "head",
    "id",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "od",
    "printf",
    "pwd",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "sha384sum",
    "sha224sum",
    "sort",
    "stat",
    "tail",
    "tar",
    "touch",
    "tr",
    "uname",
    "uniq",
    "wc",
]

# What the environment is asked for: where to look, what to speak, and what other programs go by.
FOR_OTHERS = {
    "HOME",
    "PATH",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "PYENV_ROOT",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_PRELOAD",
    "BASH_ENV",
    "ENV",
}


def script(pyz=PYZ, series=SERIES, el=7, carried=(), rpms=()):
    """The joined parts, not yet sealed: enough where nothing is taken out of the bundle but offkit.pyz.

    ``el``: a major of Enterprise Linux, or the name of another release."""
    name, major = (el, 0) if isinstance(el, str) else ("el{}".format(el), el)
    return bootstrap.script(Target(name, major, "x86_64", series + ".8", (2, 17)), pyz, carried, rpms)


def make_bundle(pyz=PYZ, series=SERIES, el=7, extra=None, carried=(), rpms=()):
    """(install.sh, the bundle that it is sealed for), as bytes. ``extra``: more members, among them
    those that ``carried`` and ``rpms`` are about."""
    text = script(pyz, series, el, carried, rpms)
    made = bundle_maker.make(pyz=pyz, install_sh=text, extra=extra)
    offset = made.offsets["offkit.pyz"][0]
    digest = bundle_maker.hashlib.sha256(made.data[offset:]).hexdigest()
    text = bootstrap.seal(text, offset, digest)
    made = bundle_maker.make(pyz=pyz, install_sh=text, extra=extra)
    return text, made.data


def make_several(targets, pyz=PYZ):
    """(install.sh, the bundle that it is sealed for) of several targets, a ``bootstrap.For`` each."""
    names = several.names([one.where for one in targets])
    text = bootstrap.script_of_several(list(zip(names, targets)), pyz)
    wheels = dict([bundle_maker.wheel("alpha")])
    made = bundle_maker.several([(one.where, wheels) for one in targets], pyz=pyz, install_sh=text)
    offset = made.offsets["offkit.pyz"][0]
    text = bootstrap.seal(text, offset, bundle_maker.hashlib.sha256(made.data[offset:]).hexdigest())
    made = bundle_maker.several([(one.where, wheels) for one in targets], pyz=pyz, install_sh=text)
    return text, made.data


def write_bundle(medium, **more):
    """Both into a directory; ``more`` as for ``make_bundle``."""
    text, data = make_bundle(**more)
    (medium / "install.sh").write_bytes(text)
    (medium / "bundle.tar").write_bytes(data)


def make_server(path, tools=TOOLS, **more):
    """A directory with medium/install.sh, medium/bundle.tar, an empty tmp, and a bin with few tools."""
    for name in ("bin", "tmp", "medium"):
        (path / name).mkdir()
    write_bundle(path / "medium", **more)
    for tool in tools:
        found = shutil.which(tool)
        if found:
            (path / "bin" / tool).symlink_to(found)
    return path


def tools_of(server, shell):
    """Under busybox its own tools take the place of the others, as on a system made of it."""
    if shell != "busybox":
        return
    applets = subprocess.check_output(["busybox", "--list"]).decode().split()
    for tool in os.listdir(str(server / "bin")):
        if tool in applets and tool not in ("rpm", "rpm2cpio", "cpio", "tar"):
            (server / "bin" / tool).unlink()
            (server / "bin" / tool).symlink_to(shutil.which("busybox"))


def part(name):
    """The text of one part, with the placeholders whose values come with a bundle."""
    return (
        bootstrap.part(name)
        .decode("utf-8")
        .replace("@OFFKIT_VARIABLES@", "")
        .replace("@OFFKIT_TARGET_VALUES@", "")
    )


def after_the_self_check(*names):
    """Those parts joined, "start" the first of them, for a script of a test's own."""
    text = "\n".join(part(name) for name in names)
    return text[text.index("# What every part below goes by") :]


def program(path, text):
    """A shell script as a command, in the place of what may be there: a link to this machine's own is no file
    to write to."""
    if path.is_symlink():
        path.unlink()
    path.write_bytes(("#!/bin/sh\n" + text).encode())
    path.chmod(0o755)
    return path


def real(server, name="python" + SERIES):
    """The Python that runs the tests, as a command of that server."""
    return program(server / "bin" / name, 'exec "{}" "$@"\n'.format(REAL))


def sh(server, *args, **more):
    """(exit code, stdout, stderr) of ``sh install.sh ARGS`` with only the server's bin on PATH."""
    argv = list(SHELLS[more.pop("shell", "sh")])
    errors = more.pop("errors", "replace")
    argv[0] = shutil.which(argv[0])
    environment = {
        "PATH": str(server / "bin"),
        "HOME": str(server),
        "TMPDIR": str(server / "tmp"),
        "LC_ALL": "C",
    }
    environment.update(more.pop("env", {}))
    done = subprocess.Popen(
        argv + [more.pop("script", str(server / "medium" / "install.sh"))] + [str(arg) for arg in args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=more.pop("cwd", "/"),
        **more,
    )
    out, err = done.communicate()
    return done.returncode, out.decode("utf-8", errors), err.decode("utf-8", errors)


def polluted(server, value):
    """An environment in which everything is set that could be a variable of the script."""
    text = (server / "medium" / "install.sh").read_bytes()
    names = {word.decode() for word in re.findall(rb"[A-Za-z_][A-Za-z0-9_]*", text)} - FOR_OTHERS
    assert {"half", "verified", "environment", "scratch", "outside", "IFS", "TAR_OPTIONS"} <= names
    return dict.fromkeys(names, value)
