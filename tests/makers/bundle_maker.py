"""Small valid bundles from fake wheels, made without a network: what tests install and damage."""

import base64
import functools
import hashlib
import importlib.util
import io
import os
import platform
import struct
import time
import zipfile
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from offkit.model import archive, layout, manifest, parts
from offkit.model import difference as difference_model
from offkit.model import several as naming
from offkit.model.manifest import FORMAT, Manifest, Member, Several
from offkit.model.target import Target
from target_maker import preset

_EPOCH = (1980, 1, 1, 0, 0, 0)
CHECKLIST = b'{"schema": "offkit/checklist-1", "libraries": []}\n'


class Made(NamedTuple):
    """A bundle in memory."""

    data: bytes
    manifest: Union[Manifest, Several]
    text: bytes  # of MANIFEST.json
    offsets: Dict[str, Tuple[int, int, int]]  # path: (header, contents, end of contents)


def zipped(files: Dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with these files, the same bytes each time."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as archive_file:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = (0o100755 if ".data/scripts/" in name else 0o100644) << 16
            archive_file.writestr(info, data, compression)
    return sink.getvalue()


def wheel(
    name: str,
    version: str = "1.0",
    files: Optional[Dict[str, bytes]] = None,
    entry_points: str = "",
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
    extras: Sequence[str] = (),
    python: str = "",
) -> Tuple[str, bytes]:
    """(file name, bytes) of a wheel that pip installs; ``python`` is its Requires-Python."""
    info = "{}-{}.dist-info/".format(name, version)
    metadata = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n".format(name, version)
    metadata += "Requires-Python: {}\n".format(python) if python else ""
    metadata += "".join("Provides-Extra: {}\n".format(one) for one in extras)
    metadata += "".join("Requires-Dist: {}\n".format(one) for one in requires)
    contents = dict(files or {"{}.py".format(name): "__version__ = {!r}\n".format(version).encode("ascii")})
    contents[info + "METADATA"] = metadata.encode("ascii")
    contents[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {}\n".format(
        tag
    ).encode("ascii")
    if entry_points:
        contents[info + "entry_points.txt"] = entry_points.encode("ascii")
    rows = ["{},sha256={},{}".format(path, _urlsafe(data), len(data)) for path, data in contents.items()]
    contents[info + "RECORD"] = ("\n".join(rows) + "\n{}RECORD,,\n".format(info)).encode("ascii")
    return "{}-{}-{}.whl".format(name, version, tag), zipped(contents)


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")


@functools.lru_cache(maxsize=None)
def pip_wheel() -> Tuple[str, bytes]:
    """A wheel of the pip that is installed beside the tests, put together from its files.

    Beside each module lies what its installation has compiled, where zipimport looks first: pip is
    started from its wheel for every installation, and would be compiled anew each time.
    """
    import pip

    top = os.path.dirname(os.path.dirname(pip.__file__))
    stem = "pip-" + pip.__version__
    files = {}
    for part in ("pip", stem + ".dist-info"):
        for directory, names, found in os.walk(os.path.join(top, part)):
            names[:] = [name for name in names if name != "__pycache__"]
            for name in found:
                path = os.path.join(directory, name)
                with open(path, "rb") as source:
                    files[os.path.relpath(path, top)] = source.read()
                if name.endswith(".py"):
                    files.update(_compiled(path, os.path.relpath(path, top)))
    return stem + "-py3-none-any.whl", zipped(files, zipfile.ZIP_STORED)


def _compiled(path: str, member: str) -> Dict[str, bytes]:
    """The bytecode of a module as zipimport takes it beside ``member``, which is dated 1980; {} without."""
    cached = importlib.util.cache_from_source(path)
    if not os.path.isfile(cached):
        return {}
    with open(cached, "rb") as source:
        data = source.read()
    dated = struct.pack("<I", int(time.mktime(_EPOCH + (-1, -1, -1))) & 0xFFFFFFFF)
    size = struct.pack("<I", os.path.getsize(path))
    if hasattr(importlib.util, "source_hash"):  # PEP 552, of 3.7, put flags in between
        return {member + "c": data[:4] + bytes(4) + dated + size + data[16:]}
    return {member + "c": data[:4] + dated + size + data[12:]}


def this_machine() -> Target:
    """A target that the interpreter and the machine running the tests fit."""
    return Target("el7", 7, platform.machine(), platform.python_version(), (2, 17))


def runtime() -> bytes:
    """A stand-in for offkit.pyz that answers ``--version`` and echoes its arguments."""
    main = b"import sys\nprint('runtime', sys.version_info[:2] >= (3, 6), sys.argv[1:])\n"
    return b"#!/usr/bin/env python3\n" + zipped({"__main__.py": main, "helper/__init__.py": b"x = 1\n"})


def requirements(wheels: Dict[str, bytes], but: Sequence[str] = ("pip",)) -> bytes:
    """Pins with hashes, for all wheels but those named."""
    lines = []
    for filename, data in sorted(wheels.items()):
        name, version = filename.split("-")[:2]
        if name not in but:
            lines.append("{}=={} --hash=sha256:{}\n".format(name, version, hashlib.sha256(data).hexdigest()))
    return "".join(lines).encode("ascii")


def make(
    wheels: Optional[Dict[str, bytes]] = None,
    target: Optional[Target] = None,
    extra: Optional[Dict[str, bytes]] = None,
    pyz: Optional[bytes] = None,
    install_sh: bytes = b"#!/bin/sh\nexit 0\n",
    form: int = FORMAT,
    options: Optional[Dict[str, object]] = None,
) -> Made:
    """A bundle of these wheels. ``extra`` adds members or replaces the usual ones."""
    chosen = dict([wheel("alpha"), wheel("beta", "2.1")] if wheels is None else wheels)
    members = {
        layout.INSTALL_SH: install_sh,
        layout.RUNTIME: runtime() if pyz is None else pyz,
        layout.REQUIREMENTS: requirements(chosen),
        layout.CHECKLIST: CHECKLIST,
        layout.REPO_CONFIG + "el7.json": b"{}\n",
    }
    members.update({layout.WHEELS + name: data for name, data in chosen.items()})
    members.update(extra or {})
    return assemble(members, target or preset(), sum(map(len, chosen.values())) * 3, form, options)


def assemble(
    members: Dict[str, bytes],
    target: Target,
    installed_size: int = 0,
    form: int = FORMAT,
    options: Optional[Dict[str, object]] = None,
) -> Made:
    """A bundle of exactly these members, in the order of the layout."""
    told = dict({"requirements": ["alpha"]}, **(options or {}))
    plan = Manifest(target, told, "offkit test", installed_size, _listed(members), form)
    return _made(members, plan)


def _listed(members: Dict[str, bytes]) -> Tuple[Member, ...]:
    order = sorted(members, key=lambda path: (layout.position(path), path))
    return tuple(
        Member(path, len(members[path]), hashlib.sha256(members[path]).hexdigest()) for path in order
    )


def _made(members: Dict[str, bytes], plan: Union[Manifest, Several]) -> Made:
    order = [member.path for member in plan.members]
    text = manifest.dump(plan)
    stream = [(order[0], members[order[0]]), (layout.MANIFEST, text)]
    stream += [(path, members[path]) for path in order[1:]]
    data, offsets = tar(stream, plan.mtime)
    return Made(data, plan, text, offsets)


def several(
    targets: Sequence[Tuple[Target, Dict[str, bytes]]],
    own: Optional[Dict[str, bytes]] = None,
    pyz: Optional[bytes] = None,
    install_sh: bytes = b"#!/bin/sh\nexit 0\n",
) -> Made:
    """A bundle for these targets with their wheels. ``own`` adds members, by their paths in the tar, or
    replaces them."""
    names = naming.names([target for target, _ in targets])
    members = {layout.INSTALL_SH: install_sh, layout.RUNTIME: runtime() if pyz is None else pyz}
    for name, (target, wheels) in zip(names, targets):
        top = manifest.folder(name)
        mine = {
            layout.REQUIREMENTS: requirements(wheels),
            layout.CHECKLIST: CHECKLIST,
            "{}{}.json".format(layout.REPO_CONFIG, target.name): b"{}\n",
        }
        mine.update({path[len(top) :]: data for path, data in (own or {}).items() if path.startswith(top)})
        shared = {layout.WHEELS + each: data for each, data in wheels.items()}
        members.update(shared)
        members.update({top + path: data for path, data in mine.items()})
        view = dict(shared, **mine)
        view[layout.RUNTIME] = members[layout.RUNTIME]
        size = sum(map(len, wheels.values())) * 3
        text = manifest.dump(
            Manifest(target, {"requirements": ["alpha"]}, "offkit test", size, _listed(view))
        )
        members[top + layout.MANIFEST] = text
    members.update(own or {})
    whole = Several(tuple(zip(names, (target for target, _ in targets))), "offkit test", _listed(members))
    return _made(members, whole)


def difference(base: Made, made: Made) -> bytes:
    """What ``made`` has that ``base`` has not."""
    old = difference_model.Base(
        manifest.digest(base.text), frozenset((one.size, one.sha256) for one in base.manifest.members)
    )
    own = Member(layout.MANIFEST, len(made.text), manifest.digest(made.text))
    found = difference_model.of(old, made.manifest.members, own, "offkit test")
    stream = [(layout.DIFFERENCE, difference_model.dump(found))]
    for one in found.members:
        _, start, end = made.offsets[
            one.path[len(layout.NEW) :] if one.path != layout.INSTALL_SH else one.path
        ]
        told = difference_model.INSTALL_SH if one.path == layout.INSTALL_SH else made.data[start:end]
        stream.append((one.path, told))
    return tar(stream)[0]


def parted(data: bytes, size: int, name: str = "bundle.tar") -> Dict[str, bytes]:
    """A bundle in parts of ``size`` bytes, with its index: the files by their names."""
    slices = [data[offset : offset + size] for offset in range(0, len(data), size)]
    listed = [
        parts.Part(parts.name(name, number), (number - 1) * size, len(one), hashlib.sha256(one).hexdigest())
        for number, one in enumerate(slices, 1)
    ]
    index = parts.Index(len(data), size, hashlib.sha256(data).hexdigest(), tuple(listed))
    files = {one.name: one_data for one, one_data in zip(listed, slices)}
    files[name + parts.EXTENSION] = parts.dump(index)
    return files


def tar(
    stream: List[Tuple[str, bytes]], mtime: int = archive.MTIME
) -> Tuple[bytes, Dict[str, Tuple[int, int, int]]]:
    """The archive of these members as they come, and where each lies."""
    out, offsets = b"", {}
    for path, contents in stream:
        header = archive.header(path, len(contents), mtime)
        offsets[path] = (len(out), len(out) + len(header), len(out) + len(header) + len(contents))
        out += header + contents + b"\0" * archive.padding(len(contents))
    return out + archive.END, offsets


def listing(root: str) -> List[Tuple[str, int, int, bytes]]:
    """Everything below ``root``: path, mode, size, contents or link target."""
    found = []
    for directory, names, files in os.walk(root):
        for name in sorted(names + files):
            path = os.path.join(directory, name)
            about = os.lstat(path)
            if os.path.islink(path):
                data = os.fsencode(os.readlink(path))
            elif os.path.isfile(path):
                with open(path, "rb") as source:
                    data = source.read()
            else:
                data = b""
            found.append((os.path.relpath(path, root), about.st_mode, about.st_size, data))
    return sorted(found)
