"""Which libraries wheels want of a system: tests/wanted_sonames.csv, the most wanted first.

    make sonames WHEELS="NAME[==VERSION]… FILE.whl… DIRECTORY…"

For whoever adds to repo-config/sonames.csv. What a wheel carries itself is not counted, and neither is glibc's own. A name is asked of the index with pip, for CPython 3.11 on x86_64, and of the file only those
parts come that are read: names of its members, then its ELF files, the large ones aside. A directory is an
environment, or anything with site-packages in it.
"""

import contextlib
import csv
import os
import re
import sys
import zipfile

from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.models.target_python import TargetPython
from pip._internal.network.lazy_wheel import LazyZipOverHTTP
from pip._internal.network.session import PipSession
from pip._vendor.packaging.requirements import Requirement

from offkit.edges import releases
from offkit.elf import reader

MOST = 24 << 20  # bytes of a wheel's members, packed, that come over the network: the small ones first
PLATFORMS = ["manylinux_2_{}_x86_64".format(minor) for minor in range(39, 4, -1)]
PLATFORMS += ["manylinux{}_x86_64".format(old) for old in ("2014", "2010", "1")]
ELF_NAME = re.compile(r"\.so(\.[0-9.]+)?$|/(bin|libexec|driver|scripts)/[^/.]+$")
SHOWN = 8  # distributions that are named
OWN = re.compile(r"-[0-9a-f]{8}(?=\.so)")  # what auditwheel puts into a name


def of_files(files):
    """Sonames that some of these (name, bytes) want and none is."""
    wants, brings = set(), set()
    for name, read in files:
        brings.add(os.path.basename(name))
        data = read()
        if data[:4] != b"\x7fELF":
            continue
        with contextlib.suppress(ValueError):
            elf = reader.read(data)
            wants.update(elf.needed)
            brings.add(elf.soname)
    return {each for each in wants - brings if "/" not in each and not OWN.search(each)}


def of_wheel(source, most=MOST):
    """The same of a wheel."""
    with zipfile.ZipFile(source) as archive:
        found = [one for one in archive.infolist() if ELF_NAME.search(one.filename)]
        files, taken = [], 0
        for one in sorted(found, key=lambda one: one.compress_size):
            taken += one.compress_size
            files.append((one.filename, (lambda one=one: archive.read(one)) if taken <= most else bytes))
        for name, read in files:
            if read is bytes:
                print("# not read: {}".format(name), file=sys.stderr)
        return of_files(files)


def of_directory(top):
    """What is installed there, by distribution: the folders and files at the top of each site-packages."""
    found = {}
    for folder, _, names in os.walk(top):
        place, _, inside = folder.rpartition("/site-packages")
        for name in names if place else ():
            owner = (inside.lstrip("/") or name).partition("/")[0]
            path = os.path.join(folder, name)
            if ELF_NAME.search(path) and os.path.isfile(path):
                found.setdefault(re.sub(r"\.libs$|\..*so$", "", owner).lower(), []).append(path)
    return {owner: of_files([(path, lambda path=path: _bytes(path)) for path in paths])
            for owner, paths in found.items()}  # fmt: skip


def _bytes(path):
    with open(path, "rb") as file:
        return file.read()


def of_project(name, session, finder):
    """What the newest wheel of a project wants that pip would take."""
    wanted = Requirement(name)
    best = finder.find_best_candidate(wanted.name, wanted.specifier).best_candidate
    if best is None or not best.link.is_wheel:
        return set()
    return of_wheel(LazyZipOverHTTP(best.link.url_without_fragment, session, chunk_size=1 << 18))


def main(words):
    """Read all that is named, and print."""
    session = PipSession(retries=2)
    python = TargetPython(PLATFORMS, (3, 11), ["cp311", "abi3", "none"], "cp")
    scope = SearchScope.create([], ["https://pypi.org/simple"], False)
    finder = PackageFinder.create(
        LinkCollector(session, scope), SelectionPreferences(False), target_python=python
    )
    glibc = {soname for soname, rpm in releases.known().unknown.sonames.items() if rpm}
    wanted = {}
    for word in words:
        try:
            if os.path.isdir(word):
                found = of_directory(word)
            elif os.path.isfile(word):
                found = {os.path.basename(word).partition("-")[0].lower(): of_wheel(word, sys.maxsize)}
            else:
                found = {word: of_project(word, session, finder)}
        except Exception as error:  # one that cannot be had is named, and the others count
            print("# {}: {!r}".format(word, error), file=sys.stderr)
            continue
        for owner, sonames in found.items():
            for soname in sonames - glibc:
                wanted.setdefault(soname, set()).add(re.sub("[-_.]+", "-", owner.partition("=")[0].lower()))
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["distributions", "soname", "wanted_by"])
    for soname, owners in sorted(wanted.items(), key=lambda item: (-len(item[1]), item[0])):
        out.writerow([len(owners), soname, " ".join(sorted(owners)[:SHOWN])])


if __name__ == "__main__":
    main(sys.argv[1:])
