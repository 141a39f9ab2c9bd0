"""RPMs with true metadata: real files packed by rpmbuild, which reads their provides itself."""

import os
import shutil
from types import MappingProxyType
from typing import Mapping, NamedTuple, Sequence

import cache
import rpm_tools
from flavours import FLAVOURS

EPOCH = "1500000000"  # one moment for all, so that the same content gives the same RPM
_ELFDEPS = "/usr/lib/rpm/elfdeps"

# Of OpenPGP's version 6 and of an algorithm that no rpm before 4.20 knows, as post-quantum keys are.
UNREADABLE_KEY = """\
-----BEGIN PGP PUBLIC KEY BLOCK-----

xkoGagAAAB4AAABAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj
JCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==
-----END PGP PUBLIC KEY BLOCK-----
"""

_NOTHING: Mapping[str, str] = MappingProxyType({})

_HEAD = """\
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%global _binary_payload {payload}
%global _buildhost build.offkit.lab
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global __python_provides %{{nil}}
%global __python_requires %{{nil}}
%global __requires_exclude ^/usr/(local/)?bin/
Name: lab
Version: 1
Release: 1.{dist}
Summary: The source of the lab's packages
License: various
Vendor: offkit lab
%description
Made for tests.
%install
cp -a {stage}/. %{{buildroot}}/
"""
_ONE = """\
%package -n {name}
Version: {version}
Release: {release}
Summary: {summary}
{lines}
%description -n {name}
{summary}, made for tests.
%files -n {name}
{files}
"""


class Package(NamedTuple):
    name: str
    version: str
    summary: str
    files: Mapping[str, str] = _NOTHING  # path inside: the file, link or directory that it is a copy of
    provides: Sequence[str] = ()
    requires: Sequence[str] = ()
    ldconfig: bool = False
    release: str = ""  # by default 1.el7 and so on
    arch: str = "x86_64"


def provides(paths):
    """What rpm says that shared libraries provide: libz.so.1()(64bit), libz.so.1(ZLIB_1.2.0)(64bit)."""
    text = "".join(path + "\n" for path in paths)
    return sorted(set(cache.run([_ELFDEPS, "--provides"], input=text).split("\n")) - {""}) if text else []


def build(packages, el, out):
    """``packages`` into the directory ``out``, by one rpmbuild for each architecture; the paths, sorted."""
    os.makedirs(out, exist_ok=True)
    for arch in sorted({package.arch for package in packages}):
        work = out + ".work"
        cache.remove(work)
        stage = os.path.join(work, "stage")
        os.makedirs(stage)
        spec = [_HEAD.format(payload=FLAVOURS[el].payload, dist=FLAVOURS[el].dist, stage=stage)]
        for package in packages:
            if package.arch == arch:
                spec.append(_described(package, el))
                for inside, source in package.files.items():
                    _copy(source, stage + inside)
        with open(os.path.join(work, "lab.spec"), "w", encoding="utf-8") as target:
            target.write("".join(spec))
        settings = ("_topdir " + work, "_rpmdir " + out, "_rpmfilename %{NVRA}.rpm")
        define = [word for setting in settings for word in ("--define", setting)]
        cache.run(
            [
                "rpmbuild",
                "-bb",
                "--quiet",
                "--nodeps",
                "--target",
                arch + "-linux",
                *define,
                work + "/lab.spec",
            ],
            env=dict(os.environ, SOURCE_DATE_EPOCH=EPOCH),
        )
        cache.remove(work)
    return sorted(os.path.join(out, name) for name in os.listdir(out) if name.endswith(".rpm"))


def _described(package, el):
    """Its part of the spec."""
    lines = [] if package.files else ["AutoReqProv: no"]
    lines += ["Provides: " + each for each in package.provides]
    lines += ["Requires: " + each for each in package.requires]
    text = _ONE.format(
        name=package.name,
        version=package.version,
        release=package.release or "1." + FLAVOURS[el].dist,
        summary=package.summary,
        lines="\n".join(lines),
        files="\n".join(
            ['%dir "{}"'.format(folder) for folder in _own_folders(package)]
            + ['"{}"'.format(inside) for inside in sorted(package.files)]
        ),
    )
    if package.ldconfig:
        text += "%post -n {0} -p /sbin/ldconfig\n%postun -n {0} -p /sbin/ldconfig\n".format(package.name)
    return text


def _own_folders(package):
    """The directories that come and go with the package: those that no system has anyway."""
    found = set()
    for inside in package.files:
        folder = os.path.dirname(inside)
        while folder.count("/") > 2:
            found.add(folder)
            folder = os.path.dirname(folder)
    return sorted(found)


def _copy(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(source) and not os.path.islink(source):
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


# --- signatures ---------------------------------------------------------------------------


def key():
    """The cached GNUPGHOME with the one key that signs; its public half is ``public`` in there."""
    return cache.kept("key", ("1",), generate_key)


def public_key():
    return os.path.join(key(), "public")


def sign(paths, home=""):
    """Sign RPMs in place, with the lab's key or that of another GNUPGHOME."""
    home = home or key()
    settings = ("_gpg_name lab@offkit.invalid", "_gpg_digest_algo sha256", "__gpg " + shutil.which("gpg"))
    define = [word for setting in settings for word in ("--define", setting)]
    with rpm_tools.near(home) as short:
        cache.run(["rpmsign", *define, "--addsign", *paths], env=dict(os.environ, GNUPGHOME=short))


def generate_key(home):
    """A GNUPGHOME with a key of its own; its public half is the file ``public``."""
    os.makedirs(home, mode=0o700)
    name = "offkit lab (not CentOS) <lab@offkit.invalid>"
    with rpm_tools.near(home) as short:
        gpg = ["gpg", "--homedir", short, "--batch", "--quiet"]
        cache.run([*gpg, "--passphrase", "", "--quick-gen-key", name, "rsa2048", "sign", "never"])
        cache.run(
            [*gpg, "--armor", "--output", os.path.join(home, "public"), "--export", "lab@offkit.invalid"]
        )
