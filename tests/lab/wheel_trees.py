"""Wheels that are downloaded and unpacked once, each in a tree of its own, and linked into roots.

What pip would do with them is done by hand here (the binary distribution format's "Installing a wheel"), so
that an environment of twenty wheels costs as many links as it has files. Nothing is executed.
"""

import configparser
import csv
import glob
import io
import json
import os
import re
import stat
import sys
import zipfile
from typing import List, NamedTuple

import cache
import environments
from offkit.elf import reader

_SHARED = re.compile(r"\.so(\.\d+)*$")
_INIT = re.compile(r"/__init__\.(py|abi3\.so|cpython-[^/]*\.so|so)$")
_MODULE = re.compile(r"^(\w+)\.(?:py|abi3\.so|cpython-[^/]*\.so|so)$")
_NAME = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
_UP = "../../../"  # from site-packages to the prefix
_NOBODYS = {"tests", "test", "testing", "docs", "doc", "examples", "example", "setup", "benchmarks"}

PLATFORMS = ["manylinux1", "manylinux2010", "manylinux2014"]
PLATFORMS += ["manylinux_2_{}".format(minor) for minor in (5, 12, 17, 24, 26, 27, 28)]
_START = """\
#!{0}/bin/python
import sys
from {1} import {2}
if __name__ == "__main__":
    sys.exit({3}())
"""


def home():
    path = os.path.join(cache.home(), "truth-pool")
    os.makedirs(path, exist_ok=True)
    return path


def download(series, pins):
    """Paths of exactly these wheels for that CPython, in the order of their names."""
    folder = os.path.join(home(), "sets", "{}-{}".format(series, cache.digest([pins])))
    if not os.path.isdir(folder):
        abi = "cp" + series.replace(".", "")
        abis = [abi + "m" if series in ("3.6", "3.7") else abi, "abi3", "none"]
        argv = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        argv += ["--only-binary=:all:", "--implementation=cp", "--dest", folder + ".new"]
        argv += ["--python-version", environments._MICRO.get(series, series)]
        argv += [word for each in abis for word in ("--abi", each)]
        argv += [word for each in PLATFORMS for word in ("--platform", each + "_x86_64")]
        cache.run(argv + pins.split())
        os.rename(folder + ".new", folder)
    return [_shared(path) for path in sorted(glob.glob(folder + "/*.whl"))]


def _shared(path):
    """One copy for all sets, in a directory of its own as in offkit's cache."""
    name = os.path.basename(path)
    common = os.path.join(home(), "wheels", name, name)
    if not os.path.exists(common):
        os.makedirs(os.path.dirname(common), exist_ok=True)
        os.link(path, common)
    elif not os.path.samefile(path, common):
        os.unlink(path)
        os.link(common, path)
    return common


def memory():
    """Where what was read of them is kept."""
    return os.path.join(home(), "read")


def tree(wheel):
    """The directory in which a wheel lies unpacked: ``site`` and ``prefix``."""
    path = os.path.join(home(), "trees", os.path.basename(wheel))
    if not os.path.isdir(path):
        cache.remove(path + ".new")
        unpack(wheel, path + ".new")
        os.rename(path + ".new", path)
    return path


def install(root, series, wheels):
    """An environment at ``environments.PLACE`` below the root, of these wheels."""
    place = root + environments.PLACE
    site = environments.venv(place, series)
    for wheel in wheels:
        unpacked = tree(wheel)
        for top, target in (("site", site), ("prefix", place)):
            if os.path.isdir(os.path.join(unpacked, top)):
                cache.run(["cp", "-al", os.path.join(unpacked, top) + "/.", target])


def _recorded(member):
    """Where it comes to lie, as in RECORD: below site-packages, or ../../../ below the prefix."""
    first, _, rest = member.partition("/")
    kind, _, inner = rest.partition("/")
    if not first.endswith(".data"):
        return member
    if kind in ("purelib", "platlib"):
        return inner
    return _UP + ("bin/" if kind == "scripts" else "") + inner


def unpack(wheel, where):
    with zipfile.ZipFile(wheel) as archive:
        about = next(
            name.split("/")[0]
            for name in archive.namelist()
            if name.endswith(".dist-info/RECORD") and name.count("/") == 1
        )
        moved = []
        for member in archive.infolist():
            if member.is_dir():
                continue
            place = _recorded(member.filename)
            target = "prefix/" + place[len(_UP) :] if place.startswith(_UP) else "site/" + place
            script = place != member.filename and target.startswith("prefix/bin/")
            _write(archive.read(member), os.path.join(where, target), member.external_attr >> 16, script)
            if place != member.filename:
                moved.append(target)
        moved += _starters(archive, about, where)
        with open(os.path.join(where, "site", about, "RECORD"), "a", encoding="utf-8", newline="") as record:
            rows = csv.writer(record, lineterminator="\n")
            for target in moved:
                top, _, rest = target.partition("/")
                rows.writerow([rest if top == "site" else _UP + rest, "", ""])


def _write(content, path, mode, script):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if script and content.startswith(b"#!python"):
        content = b"#!" + os.fsencode(environments.PLACE) + b"/bin/python" + content[len(b"#!python") :]
    with open(path, "wb") as out:
        out.write(content)
    if script or mode & stat.S_IXUSR:
        os.chmod(path, 0o755)


def _starters(archive, about, where):
    """What pip makes of entry points."""
    try:
        text = archive.read(about + "/entry_points.txt").decode("utf-8")
    except KeyError:
        return []
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_file(io.StringIO(text))
    made = []
    for name, value in parser.items("console_scripts") if parser.has_section("console_scripts") else ():
        module, _, function = value.partition("[")[0].strip().partition(":")
        target = "prefix/bin/" + name.strip()
        start = _START.format(
            environments.PLACE, module.strip(), function.split(".")[0].strip(), function.strip()
        )
        _write(start.encode("utf-8"), os.path.join(where, target), 0, True)
        made.append(target)
    return made


def place(root, series):
    return os.path.join(root + environments.PLACE, "lib", "python" + series, "site-packages")


class File(NamedTuple):
    """An ELF file or a script in a wheel."""

    path: str  # below site-packages, or with ../../../ below the prefix, as in RECORD
    name: str  # of the module that it would be
    module: bool  # whether it defines PyInit_NAME
    shared: bool  # named like a library
    arch: str
    soname: str
    needed: List[str]
    interpreter: str
    line: str  # the first of a script, without #!


def files(wheel):
    """What of a wheel may be loaded or started."""
    kept = tree(wheel) + ".json"
    if not os.path.exists(kept):
        found = [each for top in ("site", "prefix") for each in _files(tree(wheel), top)]
        with open(kept + ".new", "w", encoding="utf-8") as out:
            json.dump(found, out)
        os.rename(kept + ".new", kept)
    with open(kept, encoding="utf-8") as text:
        return [File(*each) for each in json.load(text)]


def source(wheel, file):
    """Where one of these lies."""
    top, path = ("prefix", file.path[len(_UP) :]) if file.path.startswith(_UP) else ("site", file.path)
    return os.path.join(tree(wheel), top, path)


def _files(where, top):
    for folder, folders, names in os.walk(os.path.join(where, top)):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            shared = bool(_SHARED.search(name))
            if not os.path.isfile(path) or not (shared or os.stat(path).st_mode & 0o111):
                continue
            with open(path, "rb") as source:
                content = source.read()
            inside = os.path.relpath(path, os.path.join(where, top))
            inside = inside if top == "site" else _UP + inside
            stem = name.split(".")[0]
            if content.startswith(b"#!") and not shared:
                line = content[2:256].partition(b"\n")[0].decode("utf-8", "replace")
                yield File(inside, stem, False, False, "", "", [], "", line.strip())
            elif content.startswith(b"\x7fELF"):
                module = b"\0PyInit_" + os.fsencode(stem) + b"\0" in content
                try:
                    elf = reader.read(io.BytesIO(content))
                except (reader.NotElf, reader.BadElf):
                    continue
                yield File(
                    inside,
                    stem,
                    module,
                    shared,
                    elf.arch_name,
                    elf.soname,
                    list(elf.needed),
                    elf.interpreter,
                    "",
                )


def modules(wheel):
    """What people import of it: what lies at the top, and of namespaces what is below."""
    with zipfile.ZipFile(wheel) as archive:
        paths = [name for name in archive.namelist() if ".data/" not in name.split("/")[0] + "/"]
    packages = {name.rpartition("/")[0] for name in paths if _INIT.search(name)}
    found = {p.replace("/", ".") for p in packages if not any(p.startswith(q + "/") for q in packages)}
    for name in paths:
        single = _MODULE.match(name)
        if single:
            found.add(single.group(1))
    return sorted(name for name in found if _NAME.match(name) and name.split(".")[0] not in _NOBODYS)


def below(wheel):
    """The modules and packages right below those."""
    found = set()
    with zipfile.ZipFile(wheel) as archive:
        for top in modules(wheel):
            inside = re.compile(re.escape(top.replace(".", "/")) + r"/(\w+)(?:\.py|/__init__\.py)$")
            names = {match.group(1) for match in map(inside.match, archive.namelist()) if match}
            found |= {top + "." + name for name in names - _NOBODYS if not name.startswith("__")}
    return found


def repacked(wheel, changed, folder):
    """The wheel with the files of ``changed`` as they are there (None: without them): {path: where}. Itself
    where none of them is its own."""
    with zipfile.ZipFile(wheel) as archive:
        places = {member: _recorded(member) for member in archive.namelist()}
        if not any(place in changed for place in places.values()):
            return wheel
        path = os.path.join(folder, os.path.basename(wheel))
        with zipfile.ZipFile(path, "w") as out:
            for member in archive.infolist():
                content, now = archive.read(member), changed.get(places[member.filename], "")
                if now is None:
                    continue
                if now:
                    with open(now, "rb") as source:
                        content = source.read()
                copy = zipfile.ZipInfo(member.filename)
                copy.external_attr = member.external_attr
                out.writestr(copy, content)
    return path
