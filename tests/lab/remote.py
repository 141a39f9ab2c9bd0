"""An overlay layer with what a server has to be managed from afar: sshd, sudo and curl, and whose keys open it.

The programs are Debian's. What they need beyond the system lies in a folder that only they look in,
so a server with it has not one library more for anybody else.
"""

import functools
import glob
import os
import shutil

import base
import cache
import targets

# Debian package: where its programs go ("" for a library), as pattern in the package -> directory inside
_WANTED = {
    "openssh-server": {"usr/sbin/sshd": "usr/sbin"},
    "openssh-sftp-server": {"usr/lib/openssh/sftp-server": "usr/libexec/openssh"},
    "openssh-client": {"usr/bin/ss[h]": "usr/bin", "usr/bin/s[cf][pt]*": "usr/bin", "usr/bin/ssh-keygen": "usr/bin"},
    "sudo": {"usr/bin/sudo": "usr/bin", "usr/libexec/sudo/*.so*": "usr/libexec/sudo"},
    "curl": {"usr/bin/curl": "usr/bin"},
}  # fmt: skip
_LIBRARIES = (
    "libbrotli1",
    "libcurl4",
    "libgssapi-krb5-2",
    "libidn2-0",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "libldap-2.5-0",
    "libnghttp2-14",
    "libpsl5",
    "librtmp1",
    "libsasl2-2",
    "libssh2-1",
    "libssl3",
    "libwrap0",
)
_FOLDER = "usr/libexec/lab-remote"
_SEARCHED = "/{}:/usr/libexec/sudo".format(_FOLDER)
_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/authorized_keys/%u
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
AcceptEnv LANG LC_*
Subsystem sftp /usr/libexec/openssh/sftp-server
"""
# The ordinary user becomes root with a word, as an administrator's account does.
_SUDOERS = "Defaults secure_path={}\nroot ALL=(ALL) ALL\n{} ALL=(ALL) NOPASSWD: ALL\n"
_PAM = "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n"
_ACCOUNTS = (
    ("passwd", "sshd:x:74:74:sshd:/run/sshd:/usr/sbin/nologin\n"),
    ("group", "sshd:x:74:\n"),
)


def keys():
    """The cached directory with ``host`` and ``control``, private keys, and their ``.pub``."""
    return cache.kept("sshkeys", (cache.source(_generate),), _generate)


def known_hosts(pattern):
    """The line of a known_hosts file for hosts of that pattern."""
    with open(os.path.join(keys(), "host.pub"), encoding="ascii") as text:
        return "{} {}\n".format(pattern, " ".join(text.read().split()[:2]))


@functools.cache
def layer():
    """The layer's directory, for all ELs alike."""
    recipe = (
        base.system(),
        targets.layer(7),
        keys(),
        repr((_WANTED, _LIBRARIES, _SEARCHED, _SSHD, _SUDOERS, _PAM, _ACCOUNTS)),
        cache.source(_arrange, _place, _configure),
    )
    return cache.kept("remote", recipe, _arrange)


def _generate(path):
    os.makedirs(path, mode=0o700)
    for name in ("host", "control"):
        words = ["-q", "-t", "ed25519", "-N", "", "-C", "the lab's " + name]
        cache.run(["ssh-keygen", *words, "-f", os.path.join(path, name)])


def _arrange(path):
    debs = path + ".debs"
    cache.remove(debs)
    base.download(debs, sorted([*_WANTED, *_LIBRARIES]))
    for deb in (*_WANTED, *_LIBRARIES):
        (package,) = glob.glob(os.path.join(debs, deb + "_*"))
        for pattern, folder in _WANTED.get(deb, {}).items():
            _place(package, pattern, os.path.join(path, folder))
        for pattern in ("lib/*/*.so.*", "usr/lib/*/*.so.*"):
            _place(package, pattern, os.path.join(path, _FOLDER))
    _configure(path)
    cache.remove(debs)


def _place(package, pattern, folder):
    """Programs and libraries, with the one folder where they find what the system does not have."""
    os.makedirs(folder, exist_ok=True)
    for found in glob.glob(os.path.join(package, pattern)):
        placed = os.path.join(folder, os.path.basename(found))
        shutil.copy2(found, placed, follow_symlinks=False)
        if os.path.islink(placed):
            continue
        mode = os.stat(found).st_mode
        cache.run(["patchelf", "--force-rpath", "--set-rpath", _SEARCHED, placed])
        os.chmod(placed, mode)  # sudo is root's


def _configure(path):
    base.write(path, "etc/ssh/sshd_config", _SSHD)
    shutil.copy(os.path.join(keys(), "host"), os.path.join(path, "etc/ssh/ssh_host_ed25519_key"))
    os.chmod(os.path.join(path, "etc/ssh/ssh_host_ed25519_key"), 0o600)
    with open(os.path.join(keys(), "control.pub"), encoding="ascii") as text:
        key = text.read()
    for user in ("root", targets.USER):
        base.write(path, "etc/ssh/authorized_keys/" + user, key)
    base.write(path, "etc/sudoers", _SUDOERS.format(targets.enter.PATH, targets.USER))
    os.chmod(os.path.join(path, "etc/sudoers"), 0o440)
    base.write(path, "etc/pam.d/sudo", _PAM)
    for name, line in _ACCOUNTS:
        with open(os.path.join(targets.layer(7), "upper/etc", name), encoding="utf-8") as text:
            base.write(path, "etc/" + name, text.read() + line)
