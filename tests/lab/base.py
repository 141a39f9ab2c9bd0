"""The system below every yum target: Debian's dnf and glibc, arranged like a minimal CentOS.

What is like CentOS: yum, rpm, an rpm database with true provides, /usr/lib64 on the loader's
path, and no python3 on PATH. What is not: yum is dnf, glibc is bookworm's.
"""

import collections
import csv
import functools
import glob
import os
import re
import shutil
import subprocess

import cache
import enter
import rpms
from flavours import FLAVOURS

SUITE = "bookworm"
# yum runs on a Python, but the system has none: as on CentOS it is not for others.
YUM_PYTHON = "/usr/libexec/yum-python"
_HERE = os.path.dirname(os.path.abspath(__file__))
_GONE = ("usr/bin/python3*", "usr/bin/py3*", "usr/bin/pydoc3*", "usr/bin/pygettext3*", "usr/bin/perl*")
# rpm's database is root's own on Debian, and the system's for everybody on CentOS.
_RPM_MACROS = "%_dbpath /var/lib/rpm\n"
# Of these the discs have 32-bit packages too, as the real ones do: nothing that offkit may install.
_I386 = (
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "zlib1g",
    "libbsd0",
    "libmd0",
    "libuuid1",
    "libsm6",
    "libice6",
    "libx11-6",
    "libxau6",
    "libxcb1",
    "libxdmcp6",
    "libxext6",
    "libxrender1",
)
# Debian's name: rpm's, the folder it comes from, the one it goes to
_ARCHITECTURES = {
    "amd64": ("x86_64", "x86_64-linux-gnu", "/usr/lib64/"),
    "i386": ("i686", "i386-linux-gnu", "/usr/lib/"),
}
_YUM_CONF = """\
[main]
gpgcheck=1
installonly_limit=5
clean_requirements_on_remove=True
best=False
skip_if_unavailable=False
"""


def table(el):
    """{Debian package: RPM name on that EL}, from libraries.csv."""
    with open(os.path.join(_HERE, "libraries.csv"), encoding="utf-8", newline="") as text:
        return {row["deb"]: row[FLAVOURS[el].names] for row in csv.DictReader(text)}


def mirror():
    """$OFFKIT_LAB_MIRROR, else where apt itself gets that suite from, else "": debootstrap's own choice."""
    chosen = os.environ.get("OFFKIT_LAB_MIRROR")
    return chosen if chosen is not None else _apts()


@functools.cache
def _apts():
    """apt is asked once: every recipe names the mirror, and an answer takes seconds on a busy machine."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    known = [
        line.split(" ", 1)[1].rstrip("/")
        for line in asked.stdout.splitlines()
        if line.startswith(SUITE + " ")
    ]
    return known[0] if known else ""


def system():
    """The cached root directory; made in about a minute, from the Debian mirror."""
    return cache.kept(
        "system",
        (SUITE, mirror(), YUM_PYTHON, _YUM_CONF, _RPM_MACROS, *_GONE, cache.source(_debootstrap)),
        _debootstrap,
    )


def donors():
    """The cached directory with one extracted Debian package per folder, named DEB_VERSION_ARCHITECTURE."""
    wanted = [*sorted(table(7)), *(deb + ":i386" for deb in _I386)]
    return cache.kept("donors", (SUITE, mirror(), *wanted), lambda path: download(path, wanted))


def installed(el):
    """RPMs without files, as Packages, for what ``system()`` already holds under other paths."""
    root = system()
    names = table(el)
    provides = collections.defaultdict(set)
    versions = {}
    for deb, version in _debs(root).items():
        name = names.get(deb, "lab-base")
        versions.setdefault(name, version if name != "lab-base" else "1")
        provides[name].update(rpms.provides(_libraries(root, deb)))
    provides["glibc"] |= {"rtld(GNU_HASH)", "/sbin/ldconfig", "/usr/sbin/ldconfig"}
    provides["lab-base"] |= {"/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/env", "/usr/bin/bash"}
    return [
        rpms.Package(name, versions[name], "{} of the lab's base system".format(name), provides=sorted(given))
        for name, given in sorted(provides.items())
        if given
    ]


def donated(el):
    """RPMs with the files of the donors, as Packages: everything that an ISO's library RPMs hold."""
    names = table(el)
    files = collections.defaultdict(dict)
    versions = {}
    for folder in sorted(os.listdir(donors())):
        deb, version, architecture = folder.split("_")
        arch, triplet, target = _ARCHITECTURES[architecture]
        if (names[deb], arch) == ("glibc", "x86_64"):
            continue  # never replaced
        for pattern in ("usr/lib/" + triplet, "lib/" + triplet):
            for path in sorted(glob.glob(os.path.join(donors(), folder, pattern, "*.so*"))):
                files[names[deb], arch][target + os.path.basename(path)] = path
        versions.setdefault(names[deb], version)
    return [
        rpms.Package(name, versions[name], name + " for the lab", files=held, ldconfig=True, arch=arch)
        for (name, arch), held in sorted(files.items())
    ]


def _debootstrap(root):
    include = "dnf,rpm,python3-dnf,cpio,gawk,xz-utils"
    # Mounts that it makes go with the namespace.
    cache.run(
        [
            "unshare",
            "-m",
            "debootstrap",
            "--variant=minbase",
            "--include=" + include,
            SUITE,
            root,
            *filter(None, [mirror()]),
        ]
    )
    os.makedirs(os.path.join(root, "usr/libexec"), exist_ok=True)
    (python,) = glob.glob(os.path.join(root, "usr/bin/python3.[0-9]*"))
    os.rename(python, root + YUM_PYTHON)
    for pattern in _GONE:
        for path in glob.glob(os.path.join(root, pattern)):
            os.unlink(path)
    _rewrite(os.path.join(root, "usr/bin/dnf-3"), r"\A#!.*", "#!" + YUM_PYTHON)
    os.symlink("dnf-3", os.path.join(root, "usr/bin/yum"))
    write(root, "etc/dnf/dnf.conf", _YUM_CONF)
    os.symlink("dnf/dnf.conf", os.path.join(root, "etc/yum.conf"))
    write(root, "etc/rpm/macros.lab", _RPM_MACROS)
    write(root, "etc/ld.so.conf.d/lab.conf", "/lib64\n/usr/lib64\n")
    os.makedirs(os.path.join(root, "etc/pki/rpm-gpg"))
    for folder in ("var/cache/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/perl"):
        shutil.rmtree(os.path.join(root, folder), ignore_errors=True)
    os.makedirs(os.path.join(root, "var/cache/apt/archives/partial"))


def download(path, wanted):
    """Debian packages, each extracted into a folder DEB_VERSION_ARCHITECTURE of the new directory ``path``.

    Into a root of its own: they have to be those of the suite, not of this machine.
    """
    os.makedirs(path)
    scratch = path + ".root"
    cache.remove(scratch)
    cache.run(["cp", "-a", "--reflink=auto", system(), scratch])
    try:
        shutil.copy("/etc/resolv.conf", os.path.join(scratch, "etc/resolv.conf"))
        get = ["apt-get", "-q", "-o", "APT::Sandbox::User=root"]
        foreign = ["dpkg", "--add-architecture", "i386"]
        for argv in (
            foreign,
            [*get, "update"],
            ["sh", "-c", 'cd /tmp && exec "$@"', "sh", *get, "download", *wanted],
        ):
            done = enter.run(scratch, argv, network=True)
            if done.returncode != 0:
                raise RuntimeError((done.stdout + done.stderr).decode("utf-8", "replace"))
        for archive in sorted(glob.glob(os.path.join(scratch, "tmp", "*.deb"))):
            deb, version, architecture = os.path.basename(archive)[: -len(".deb")].split("_")
            folder = "{}_{}_{}".format(deb, _plain(version), architecture)
            cache.run(["dpkg-deb", "-x", archive, os.path.join(path, folder)])
    finally:
        cache.remove(scratch)


def _debs(root):
    """{package: upstream version} of what dpkg installed."""
    found = {}
    with open(os.path.join(root, "var/lib/dpkg/status"), encoding="utf-8") as status:
        for block in status.read().split("\n\n"):
            name = re.search(r"^Package: (.*)$", block, re.MULTILINE)
            version = re.search(r"^Version: (.*)$", block, re.MULTILINE)
            if name and version:
                found[name.group(1)] = _plain(version.group(1))
    return found


def libc(glibc):
    """(its path inside, its bytes): the system's C library, which says of itself that it is another version.

    Nothing else is different: what asks confstr(3), gnu_get_libc_version(3) or getconf(1) is told this.
    """
    (path,) = glob.glob(os.path.join(system(), "usr/lib/*/libc.so.6"))
    with open(path, "rb") as source:
        data = source.read()
    (own,) = set(re.findall(rb"glibc (\d\.\d\d)\0", data))
    return os.path.relpath(path, system()), data.replace(b" " + own, b" " + glibc.encode())


def _libraries(root, deb):
    """The shared libraries of an installed package, as host paths."""
    found = []
    for name in (deb + ":amd64.list", deb + ".list"):
        path = os.path.join(root, "var/lib/dpkg/info", name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                # /lib is a link to usr/lib inside; the path stays below the root either way
                found += [root + line.strip() for line in lines if re.search(r"\.so(\.\d+)+$", line.strip())]
    return [each for each in found if os.path.exists(each)]


def _plain(version):
    """1:2.3-4+deb12u1 (also 1%3a2.3) to 2.3: the version that upstream gave it."""
    upstream = re.sub(r"^\d+(:|%3a)", "", version)
    return re.sub(r"[^A-Za-z0-9.]", ".", upstream.rsplit("-", 1)[0])


def _rewrite(path, pattern, text):
    with open(path, encoding="utf-8") as source:
        changed = re.sub(pattern, text, source.read(), count=1)
    with open(path, "w", encoding="utf-8") as target:
        target.write(changed)


def write(root, name, text):
    """A text file below a root."""
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as target:
        target.write(text)
