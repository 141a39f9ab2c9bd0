"""A server in a directory: an Enterprise Linux root with a Python and an environment, all fake."""

import base64
import hashlib
import os

from elf_maker import build

LDSO = "/lib64/ld-linux-x86-64.so.2"
SITE = "/opt/env/lib/python3.6/site-packages"
DYNLOAD = "/usr/lib64/python3.6/lib-dynload"
# What Python imports at every start.
STDLIB = [
    "_collections_abc.py",
    "_sitebuiltins.py",
    "abc.py",
    "codecs.py",
    "encodings/__init__.py",
    "encodings/aliases.py",
    "encodings/utf_8.py",
    "genericpath.py",
    "io.py",
    "os.py",
    "posixpath.py",
    "site.py",
    "stat.py",
]
# Everything of the module table that CPython 3.6 has.
EXTENSIONS = [
    "_ssl",
    "_hashlib",
    "zlib",
    "_ctypes",
    "_bz2",
    "_lzma",
    "_sqlite3",
    "_curses",
    "_curses_panel",
    "_crypt",
    "readline",
    "_dbm",
    "_gdbm",
    "_tkinter",
    "nis",
    "pyexpat",
]


class Server:
    """Files below ``root``, written by the path that the server itself would use."""

    def __init__(self, root):
        self.root = str(root)
        self.put("/etc/os-release", 'ID="centos"\nVERSION_ID="7"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n')
        self.put(LDSO, build(soname="ld-linux-x86-64.so.2") + b"\0/lib64/\0/usr/lib64/\0")
        self.library("libc.so.6", defines=["GLIBC_2.2.5", "GLIBC_2.17"])
        self.put("/usr/local/bin/python3.6", build(needed=["libc.so.6"], interpreter=LDSO, kind=2))
        for name in STDLIB:
            self.put("/usr/lib64/python3.6/" + name, "")
        self.link("/usr/local/lib64", "/usr/lib64")
        for name in EXTENSIONS:
            self.put(
                "{}/{}.cpython-36m-x86_64-linux-gnu.so".format(DYNLOAD, name),
                build(exports=["PyInit_" + name], needed=["libc.so.6"]),
            )
        self.put("/opt/env/pyvenv.cfg", "home = /usr/local/bin\nversion = 3.6.8\n")
        self.link("/opt/env/bin/python", "python3.6")
        self.link("/opt/env/bin/python3.6", "/usr/local/bin/python3.6")
        self.link("/opt/env/lib64", "lib")
        self.directory(SITE)

    def host(self, path):
        """For this process; names are UTF-8 also where the locale is not."""
        return os.fsdecode((self.root + path).encode("utf-8", "surrogateescape"))

    def directory(self, path):
        if not os.path.isdir(self.host(path)):
            os.makedirs(self.host(path))

    def put(self, path, contents):
        self.directory(os.path.dirname(path))
        with open(self.host(path), "wb") as out:
            out.write(contents if isinstance(contents, bytes) else contents.encode("utf-8"))

    def link(self, path, target):
        self.directory(os.path.dirname(path))
        os.symlink(target, self.host(path))

    def remove(self, path):
        os.unlink(self.host(path))

    def library(self, name, directory="/usr/lib64", **fields):
        self.put(directory + "/" + name, build(soname=name, **fields))

    def module(self, path, **fields):
        """An extension module below site-packages, ``cv2/cv2`` say, with the suffix of this Python."""
        name = os.path.basename(path)
        data = build(exports=["PyInit_" + name], **fields)
        self.put("{}/{}.cpython-36m-x86_64-linux-gnu.so".format(SITE, path), data)

    def distribution(self, name, version="1.0", files=(), requires=(), record=None):
        """An installed distribution; ``files`` maps names below site-packages to contents."""
        info = "{}-{}.dist-info".format(name, version)
        metadata = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n".format(name, version)
        metadata += "".join("Requires-Dist: {}\n".format(line) for line in requires)
        contents = dict(files)
        contents[info + "/METADATA"] = metadata
        lines = []
        for path, data in contents.items():
            data = data if isinstance(data, bytes) else data.encode("utf-8")
            self.put(os.path.normpath(SITE + "/" + path), data)
            lines.append(record_line(path, data))
        lines.append("{}/RECORD,,\n".format(info))
        self.put("{}/{}/RECORD".format(SITE, info), "".join(lines) if record is None else record)


def record_line(path, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
    quoted = '"{}"'.format(path.replace('"', '""')) if "," in path or '"' in path else path
    return "{},sha256={},{}\n".format(quoted, digest, len(data))
