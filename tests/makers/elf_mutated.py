"""ELF files with a few bytes changed, each read as doctor reads it:

    python elf_mutated.py SEED COUNT

in a process that may take 64 MiB more than it has when it begins, and a second of the processor for each file.
The last line on stdout has what became of them, as JSON. A traceback ends it.
"""

import contextlib
import functools
import glob
import io
import json
import os
import random
import resource
import signal
import sys
import sysconfig

import elf_maker
from offkit.edges import data
from offkit.elf import reader, refusals
from offkit.elf.resolution import Opened, View
from offkit.elf.search import Loader
from offkit.elf.symbols import Symbols

MEMORY, SECONDS = 64 << 20, 1.0
LDSO, PYTHON, LIBRARY, MODULE = "/lib64/ld-linux-x86-64.so.2", "/python", "/lib64/liba.so", "/m.so"
TLS = {"tls": 100, "flags": 0x18, "flags_1": 1}
FILES = [
    elf_maker.build(needed=["liba.so"], exports=["PyInit_m", "b"], wants=["a", "w"], calls=["c"], **TLS),
    elf_maker.build(
        needed=["liba.so"], needs={"liba.so": ["V_1"]}, defines=["X_1"], wants=["a"], soname="m.so"
    ),
    elf_maker.build(filters=["liba.so"], rpath="$ORIGIN", wants=["w"], bits=32, machine=3),
    elf_maker.build(
        needed=["liba.so"], calls=["c"] * 50, exports=["e"] * 50, runpath="/x", little=False, machine=22
    ),
]
RULES = refusals.parse(data.read_text(refusals.TABLE))


class Files(View):
    """One mutated file at a time, opened by a program or needed by a module of it."""

    def __init__(self):
        self.files = {
            LDSO: elf_maker.build(soname="ld-linux-x86-64.so.2"),
            PYTHON: elf_maker.build(needed=["libc.so.6"], interpreter=LDSO, kind=2, exports=["w"]),
            "/lib64/libc.so.6": elf_maker.build(soname="libc.so.6", defines=["GLIBC_2.42"], exports=["c"]),
            LIBRARY: elf_maker.build(soname="liba.so", defines=["V_1"], exports=["a"]),
        }

    def open(self, path):
        if path not in self.files:
            return Opened(problem="no such file", absent=True)
        try:
            return Opened(reader.read(self.files[path]), path)
        except reader.Refused as error:
            return Opened(None, path, str(error), refused=True)
        except (reader.NotElf, reader.BadElf) as error:
            return Opened(None, path, str(error))

    def symbols(self, identity):
        return Symbols(lambda: contextlib.closing(io.BytesIO(self.files[identity])))


def mutated(source, contents):
    """A few bytes are others, most of them near the start and the end, where the tables are."""
    out = bytearray(contents)
    for _ in range(source.randint(1, 12)):
        place = source.choice([source.randrange(len(out)), source.randrange(min(len(out), 4096))])
        width = source.choice([1, 2, 4, 8])
        new = source.choice(
            [b"\0" * width, b"\xff" * width, bytes(source.randrange(256) for _ in range(width))]
        )
        out[place : place + width] = new
    return bytes(out[: source.randrange(1, len(out))] if source.random() < 0.1 else out)


def ask(view, contents):
    """All that is asked of a file, as a module and as a library that one needs."""
    symbols = Symbols(lambda: contextlib.closing(io.BytesIO(contents)))
    symbols.having({b"PyInit_m", b"w", b""})
    symbols.at_once({*symbols.wanted(), b"w"})
    for most in (40, 50):  # by what is known of the file since the first time, too
        symbols.lacks({b"n%d" % number for number in range(most)})
    loader = functools.partial(Loader, process=functools.partial(refusals.Process, RULES))
    view.files[MODULE] = contents
    report = loader(view).program(PYTHON).dlopen(MODULE)
    loader(view).program(MODULE)
    whole = view.files[LIBRARY]
    view.files[LIBRARY], view.files[MODULE] = contents, FILES[0]
    loader(view).program(PYTHON).dlopen(MODULE)
    view.files[LIBRARY] = whole
    return "refused" if report.refusals else "unread" if report.problem else "read"


def main(seed, count):
    own = glob.glob(os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload", "*.so"))
    small = sorted((path for path in own if os.path.getsize(path) < 100000), key=os.path.basename)
    files = list(FILES)
    for path in small[:6]:
        with open(path, "rb") as source:
            files.append(source.read())
    source = random.Random(seed)
    view, found = Files(), {"read": 0, "unread": 0, "refused": 0}
    with open("/proc/self/statm") as statm:
        room = int(statm.read().split()[0]) * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    signal.signal(signal.SIGVTALRM, _too_long)
    for _ in range(count):
        contents = mutated(source, source.choice(files))
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        found[ask(view, contents)] += 1
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    print(json.dumps(found))


def _too_long(signum, frame):
    raise RuntimeError("a file takes more than {} s".format(SECONDS))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
