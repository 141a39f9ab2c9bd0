"""A server for probe.sh: a root with its files, and commands that answer as those of its release do."""

import json
import os
import shutil
import subprocess
import sys

from install_sh import SHELLS, program
from offkit.server.system import description

# What the script cannot do without; of the rest each may be missing.
TOOLS = ("awk", "cat", "grep", "head", "id", "readlink", "sed", "sh", "sort", "tr")
CPUINFO = (
    "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: {0} only\n\n"
    "processor\t: 1\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: {0}\n"
)
V2, V3 = "cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"
PACKAGE = "-\t{name}\t{title}\n"
PROVIDE = "+\t{} {} {}\n"


class Described:
    """The root is ``top``/root, PATH ``top``/bin alone: there is no Python unless one is put somewhere."""

    def __init__(self, top):
        self.top = str(top)
        self.root = os.path.join(self.top, "root")
        self.commands = os.path.join(self.top, "bin")
        os.makedirs(self.root)
        os.makedirs(self.commands)
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.commands, tool))

    def put(self, path, text=""):
        """A file below the root."""
        place = self.root + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as sink:
            sink.write(text if isinstance(text, bytes) else text.encode("utf-8"))
        return place

    def command(self, name, *lines, status=0):
        """One that says these lines, whatever it is asked."""
        said = "".join("printf '%s\\n' '{}'\n".format(line.replace("'", "'\\''")) for line in lines)
        self.program(name, said + "exit {}\n".format(status))

    def program(self, name, text):
        from pathlib import Path

        place = Path(self.commands) / name
        if place.exists():
            place.unlink()
        program(place, text)

    def python(self, path, real=None):
        """A Python of that name below the root: the one that runs the tests, or another program."""
        self.put(path, '#!/bin/sh\nexec "{}" "$@"\n'.format(real or sys.executable))
        os.chmod(self.root + path, 0o755)

    def system(self, os_release, arch="x86_64", glibc="2.17", flags=V2):
        """What every release has: its name, an architecture, a C library and processors."""
        self.put("/etc/os-release", "".join("{}={}\n".format(*each) for each in os_release.items()))
        self.program(
            "uname", "case $1 in -m) echo {} ;; *) echo 3.10.0-1160.el7.{} ;; esac\n".format(arch, arch)
        )
        self.command("getconf", "glibc " + glibc)
        self.put("/proc/cpuinfo", CPUINFO.format(flags))
        return self

    def packages(self, rows):
        """rpm, with {"bash-4.2-1.el7.x86_64": [("bash", "=", "4.2-1.el7"), ...]}."""
        lines = []
        for title, provides in rows.items():
            lines.append(PACKAGE.format(name=title.rsplit("-", 2)[0], title=title))
            lines += [PROVIDE.format(*each) for each in provides]
        place = os.path.join(self.top, "rpms")
        with open(place, "w") as sink:
            sink.write("".join(lines))
        self.program(
            "rpm",
            "case \"$*\" in *gpg-pubkey\\**) echo 'f4a80eb5-53a7ff4b gpg(CentOS-7 Key <security@centos.org>)' ;; "
            "*) cat '{}' ;; esac\n".format(place),
        )

    def run(self, shell="sh", args=(), **env):
        """(exit code, stdout, stderr) of the script."""
        script = os.path.join(self.top, "probe.sh")
        with open(script, "w") as sink:
            sink.write(description.script())
        argv = list(SHELLS[shell])
        argv[0] = shutil.which(argv[0])
        if shell == "busybox":
            applets = subprocess.check_output(["busybox", "--list"]).decode().split()
            for tool in set(TOOLS).intersection(applets):
                os.unlink(os.path.join(self.commands, tool))
                os.symlink(shutil.which("busybox"), os.path.join(self.commands, tool))
        done = subprocess.Popen(
            argv + [script, "--root", self.root] + list(args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict({"PATH": self.commands, "HOME": "/root"}, **env),
        )
        out, err = done.communicate()
        return done.returncode, out, err

    def document(self, shell="sh", **env):
        """What it says, parsed; nothing went wrong."""
        code, out, err = self.run(shell, **env)
        assert (code, err) == (0, b"")
        return json.loads(out.decode("ascii"))


RELEASES = {
    "centos7": ({"NAME": '"CentOS Linux"', "ID": '"centos"', "VERSION_ID": '"7"'}, "2.17"),
    "rocky8": ({"NAME": '"Rocky Linux"', "ID": '"rocky"', "VERSION_ID": '"8.10"'}, "2.28"),
    "alma9": ({"NAME": '"AlmaLinux"', "ID": '"almalinux"', "VERSION_ID": '"9.4"'}, "2.34"),
    "rocky10": ({"NAME": '"Rocky Linux"', "ID": '"rocky"', "VERSION_ID": '"10.0"'}, "2.39"),
    "stream10": ({"NAME": '"CentOS Stream"', "ID": '"centos"', "VERSION_ID": '"10"'}, "2.39"),
    "openeuler2003": ({"NAME": '"openEuler"', "ID": '"openEuler"', "VERSION_ID": '"20.03"'}, "2.28"),
    "openeuler2203": ({"NAME": '"openEuler"', "ID": '"openEuler"', "VERSION_ID": '"22.03"'}, "2.34"),
    "openeuler2403": ({"NAME": '"openEuler"', "ID": '"openEuler"', "VERSION_ID": '"24.03"'}, "2.38"),
    "kylin": ({"NAME": '"Kylin Linux Advanced Server"', "ID": '"kylin"', "VERSION_ID": '"V10"'}, "2.28"),
    "kylin11": ({"NAME": '"Kylin Linux Advanced Server"', "ID": '"kylin"', "VERSION_ID": '"V11"'}, "2.38"),
    "anolis8": ({"NAME": '"Anolis OS"', "ID": '"anolis"', "VERSION_ID": '"8.8"'}, "2.28"),
    "anolis23": ({"NAME": '"Anolis OS"', "ID": '"anolis"', "VERSION_ID": '"23"'}, "2.36"),
    "amazon2": ({"NAME": '"Amazon Linux"', "ID": '"amzn"', "VERSION_ID": '"2"'}, "2.26"),
    "amazon2023": ({"NAME": '"Amazon Linux"', "ID": '"amzn"', "VERSION_ID": '"2023"'}, "2.34"),
}
