"""Media whose RPMs hold tiny libraries that no machine has, so that a test can miss them."""

import hashlib
import os

import repo_maker
import rpm_maker
from elf_maker import build
from offkit.media import rpm


class Shelf:
    """Packages of a yum repository, written below a directory."""

    def __init__(self, top):
        self.top = str(top)
        self._rows = []

    def add(self, name, *sonames, needed=(), requires=None, version="1.0", compressor="xz", **fields):
        """A package with these libraries, each needing ``needed``; ``fields`` are those of elf_maker."""
        files = {}
        for soname in sonames:
            files["./usr/lib64/{}.0".format(soname)] = build(soname=soname, needed=needed, **fields)
            files["./usr/lib64/" + soname] = soname + ".0"
        data = rpm_maker.rpm(name, files, version, compressor=compressor)
        provides = [rpm.capability(soname) for soname in sonames]
        provides += [rpm.capability(soname, each) for soname in sonames for each in fields.get("defines", ())]
        if requires is None:
            requires = [rpm.capability(each) for each in needed if each not in sonames]
        return self.put(name, data, provides, requires, version)

    def put(self, name, data, provides, requires=(), version="1.0"):
        """A package of these bytes; returns its path."""
        checksum = "sha256:" + hashlib.sha256(data).hexdigest()
        row = repo_maker.package(name, provides, requires, version, checksum=checksum)
        repo_maker.write(self.top, row["href"], data)
        self._rows.append(row)
        return os.path.join(self.top, row["href"])

    def done(self):
        """Write the metadata and a key; returns the directory."""
        repo_maker.repository(self.top, self._rows)
        repo_maker.write(self.top, "RPM-GPG-KEY-test", b"not looked at\n")
        return self.top
