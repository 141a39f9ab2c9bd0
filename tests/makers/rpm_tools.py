"""Real RPMs, signed by a key made for the tests, and ISO images of them: what rpmbuild, gpg,
createrepo_c and xorriso of this machine make."""

import contextlib
import os
import shutil
import subprocess
import tempfile

import pytest

_TOOLS = ("rpmbuild", "rpmsign", "rpm2cpio", "cpio", "gpg", "gpgconf", "createrepo_c", "xorriso")
_SPEC = """\
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%global _binary_payload w2.xzdio
AutoReqProv: no
Name: {name}
Version: {version}
Release: {release}
Summary: {name}
License: MIT
{provides}
%description
Made for tests.
%install
cp -a {stage}/. %{{buildroot}}/
%files
{files}
"""


def need():
    """Skips the test where the tools are missing, and says which."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip("not installed: " + ", ".join(missing))


def need_namespace():
    """Skips the test where nothing can be mounted in a namespace of its own."""
    if os.geteuid() != 0 or subprocess.call(["unshare", "-m", "true"], stderr=subprocess.DEVNULL):
        pytest.skip("no mount namespace can be made here")


@contextlib.contextmanager
def without_blanks(path):
    """It, or a directory of that kind: dnf parts the values of its options at blanks."""
    if " " not in str(path):
        yield path
        return
    place = tempfile.mkdtemp(prefix="offkit-", dir="/tmp")
    try:
        yield type(path)(place)
    finally:
        shutil.rmtree(place)


def run(argv, **more):
    done = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    out = done.communicate()[0].decode("utf-8", "replace")
    assert done.returncode == 0, "{}: {}".format(argv, out)
    return out


def build(folder, name, files, version="3.6.8", release="1.el7", provides=(), arch="x86_64"):
    """The path of an RPM in ``folder`` with these files: {absolute path: bytes or link target}."""
    work = tempfile.mkdtemp(prefix="rpm-", dir="/tmp")  # rpmbuild takes no blanks in a path
    stage = os.path.join(work, "stage")
    for path, content in files.items():
        place = stage + path
        if not os.path.isdir(os.path.dirname(place)):
            os.makedirs(os.path.dirname(place))
        if isinstance(content, bytes):
            with open(place, "wb") as sink:
                sink.write(content)
            os.chmod(place, 0o755 if content.startswith(b"#!") else 0o644)
        else:
            os.symlink(content, place)
    spec = os.path.join(work, "x.spec")
    with open(spec, "w") as sink:
        sink.write(
            _SPEC.format(
                name=name,
                version=version,
                release=release,
                stage=stage,
                files="\n".join(sorted(files)),
                provides="\n".join("Provides: " + each for each in provides),
            )
        )
    define = []
    for setting in (
        "_topdir " + work,
        "_rpmdir " + work,
        "_tmppath " + work,
        "_rpmfilename %{NVRA}.rpm",
    ):
        define += ["--define", setting]
    run(["rpmbuild", "-bb", "--quiet", "--nodeps", "--target", arch + "-linux"] + define + [spec])
    made = "{}-{}-{}.{}.rpm".format(name, version, release, arch)
    shutil.move(os.path.join(work, made), os.path.join(str(folder), made))
    shutil.rmtree(work)
    return os.path.join(str(folder), made)


@contextlib.contextmanager
def near(gnupg):
    """A short path of a GNUPGHOME: sockets of an agent lie in it, and no path of one is longer than
    107 bytes (unix(7)). The agent ends with it."""
    place = tempfile.mkdtemp(prefix="gpg-", dir="/tmp")
    home = os.path.join(place, "home")
    os.symlink(gnupg, home)
    try:
        yield home
    finally:
        run(["gpgconf", "--homedir", home, "--kill", "all"])
        shutil.rmtree(place)


class Key:
    """A signing key with a GNUPGHOME of its own; ``public`` is the path of its public half."""

    def __init__(self, home):
        self.home = str(home)
        self.public = os.path.join(self.home, "public")
        os.makedirs(self.home, mode=0o700)
        who = "offkit tests <tests@offkit.invalid>"
        with near(self.home) as home:
            gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
            run(gpg + ["--passphrase", "", "--quick-gen-key", who, "rsa2048", "sign", "never"])
            run(gpg + ["--armor", "--output", self.public, "--export", "tests@offkit.invalid"])

    def sign(self, *paths):
        define = []
        for setting in ("_gpg_name tests@offkit.invalid", "__gpg " + shutil.which("gpg")):
            define += ["--define", setting]
        with near(self.home) as home:
            run(["rpmsign"] + define + ["--addsign"] + list(paths), env=dict(os.environ, GNUPGHOME=home))


def repository(top, rpms):
    """``rpms`` into top/Packages, and what createrepo_c writes about them, as on CentOS 7."""
    packages = os.path.join(str(top), "Packages")
    os.makedirs(packages)
    for path in rpms:
        shutil.copy(path, packages)
    run(["createrepo_c", "--quiet", "--compatibility", str(top)])


def image(path, top):
    """A directory as an ISO image, with the options that CentOS's discs are made with."""
    flags = ["-quiet", "-V", "CentOS 7 x86_64", "-R", "-J", "-joliet-long", "-T"]
    run(["xorriso", "-as", "mkisofs"] + flags + ["-o", str(path), str(top)])
    return str(path)
