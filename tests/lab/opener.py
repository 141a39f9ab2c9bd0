"""Run by the root's own Python: what its dynamic loader says about every shared object.

    python3.6 -I -S opener.py SITE_PACKAGES STUB LAST

Each file is opened by the interpreter's own import code, in a process of its own that then ends
(``_imp.create_dynamic`` with a name that no file initialises: no code of the module is run but
its constructors). The loader stops at the first library it does not find. So an empty library
STUB is put under that name into LAST, the directory that the loader asks last of all and where
it therefore hides nothing, and the file is opened again, until nothing is missing any more.

Prints one Python literal: a list with a dictionary for each file opened.
"""

import _imp
import os
import re
import sys

_ABSENT = re.compile(r"^(?P<name>.*): cannot open shared object file: ")
_BAD = re.compile(
    r"^(?P<name>.*): (?P<why>file too short|invalid ELF header|wrong ELF class: .*|cannot read file data.*"
    r"|ELF file's phentsize not the expected size|object file has no dynamic section"
    r"|ELF load command .*|only ET_DYN and ET_EXEC can be loaded|ELF file OS ABI invalid|ELF file ABI version invalid)$"
)
_OLD = re.compile(r"^(?P<path>.*): version `(?P<version>[^']*)' not found \(required by (?P<by>.*)\)$")
_SHARED = re.compile(r"\.so(\.\d+)*$")
_LOG, _SAID = "/tmp/opener.log", "/tmp/opener.said"


class Spec:
    """As much of a module's spec as create_dynamic looks at."""

    name = "offkit_absent"

    def __init__(self, path):
        self.origin = path


def attempt(path):
    """Open once: (what the loader said or "", the log of its search)."""
    for name in (_LOG, _SAID):
        if os.path.exists(name):
            os.remove(name)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(_LOG, os.O_WRONLY | os.O_CREAT, 0o600), 2)
        try:
            _imp.create_dynamic(Spec(path))
        except ImportError as error:
            with open(_SAID, "w", encoding="utf-8", errors="surrogateescape") as said:
                said.write(str(error))
        os._exit(0)
    os.waitpid(child, 0)
    with open(_LOG, encoding="utf-8", errors="surrogateescape") as log:
        searched = log.read()
    if not os.path.exists(_SAID):
        return "", searched  # a constructor ended the process: everything had been found
    with open(_SAID, encoding="utf-8", errors="surrogateescape") as said:
        return said.read(), searched


def found(log):
    """{name asked for: path where it was found or None} from LD_DEBUG=libs. What a constructor looks for by
    itself may be nowhere: the last file that was tried is not there then."""
    names, last = {}, None
    for line in log.splitlines():
        text = line.partition(":")[2].strip()
        if text.startswith("find library="):
            last = text[len("find library=") :].split(" [")[0]
            names[last] = None
        elif text.startswith("trying file=") and last is not None:
            tried = text[len("trying file=") :]
            names[last] = tried if os.path.exists(tried) else None
        elif text.startswith("calling init"):
            last = None
    return names


def lacks(said):
    """Whether the loader has stopped at a library that it does not find, or that is none."""
    return bool(_ABSENT.match(said) or _BAD.match(said))


def judge(path, stub, last):
    """Open until the loader misses nothing: a dictionary of plain values about one file."""
    missing, undo, bad = {}, [], ""
    while True:
        said, log = attempt(path)
        absent, broken = _ABSENT.match(said), _BAD.match(said)
        if not absent and not broken:
            break
        searched = found(log)
        name = absent.group("name") if absent else (list(searched) or [path])[-1]
        if (broken and not searched) or "/" in name or name in missing:
            bad = said  # the file itself, a path in NEEDED, or no progress
            break
        missing[name] = "" if absent else broken.group("why")
        if broken and not missing[name].startswith("wrong ELF class"):
            # The search ends at a damaged file, so that has to go too.
            os.rename(broken.group("name"), broken.group("name") + ".aside")
            undo.append((broken.group("name") + ".aside", broken.group("name")))
        target = os.path.join(last, name)
        if os.path.lexists(target):
            os.rename(target, target + ".aside")
            undo.append((target + ".aside", target))
        os.link(stub, target)
        undo.insert(0, (target, None))
    for source, back in undo:
        if back is None:
            os.remove(source)
    for source, back in undo:
        if back is not None:
            os.rename(source, back)
    old = _OLD.match(said)
    places = {name: place for name, place in found(log).items() if name not in missing}
    return {
        "path": path,
        "missing": missing,
        "bad": bad,
        "old": old.groups() if old else None,
        "said": said,
        "found": places,
    }


def files(top):
    """(modules, other shared objects) below ``top``; those in X.libs are nobody's to open."""
    modules, others = [], []
    for folder, folders, names in os.walk(top, followlinks=True):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not name.endswith(".so") or ".libs/" in path or not os.path.isfile(path):
                continue
            with open(path, "rb") as handle:
                content = handle.read()
            if content[:5] != b"\x7fELF\x02":
                continue
            stem = name.split(".")[0]
            if any(name == stem + suffix for suffix in _imp.extension_suffixes()):
                if b"\0PyInit_" + os.fsencode(stem) + b"\0" in content:
                    modules.append(path)
                    continue
            if b"\0PyInit_" + os.fsencode(stem) + b"\0" not in content:
                others.append(path)
    return modules, others


def main(top, stub, last):
    sys.setdlopenflags(os.RTLD_LAZY)
    modules, others = files(top)
    verdicts = [dict(judge(path, stub, last), module=True) for path in modules]
    mapped = {os.path.realpath(place) for each in verdicts for place in each["found"].values() if place}
    for path in others:
        if os.path.realpath(path) not in mapped:
            verdicts.append(dict(judge(path, stub, last), module=False))
    print(repr(verdicts))


if __name__ == "__main__":
    main(*sys.argv[1:])
