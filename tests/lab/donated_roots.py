"""What is done to a root with real libraries before it is judged: the steps of ``alterations``, and more.

A wrapper stands in the place of a library and needs it from elsewhere: it has one property for which a loader
may refuse it, and everything else of the real one.
"""

import glob
import os
import struct
import subprocess
import tempfile

import alterations
import bare
import compiler
import donated
import elf_maker
import environments
from offkit.elf import reader

_NOOPEN = 0x40  # DF_1_NOOPEN
_TLS = '__thread char x[{}] __attribute__((tls_model("initial-exec"))); char *{}(void) {{ return x; }}'
WRAPPERS = {
    "much static TLS in ": {"tls": 4000},
    "little static TLS in ": {"tls": 400},
    "an executable stack for ": {"stack": 7},
    "a program in place of ": {"kind": 2},
    "not for dlopen: ": {"flags_1": _NOOPEN},
    "for another system: ": {"osabi": 9},
    "an object file in place of ": {"kind": 1},
    "a filter without its library: ": {"filters": ["libnowhere.so.1"]},
}
MUSL = b"/lib/ld-musl-x86_64.so.1"


class Alteration(alterations.Alteration):
    def apply(self, steps):
        listed = [step.strip() for step in steps.split(";")]
        for step in listed:
            for words, method in (*_WORDS, *alterations._WORDS):
                if step.startswith(words):
                    names = step[len(words) :].split()
                    arguments = [words, *names] if words in WRAPPERS else names
                    getattr(self, method.__name__)(*arguments)  # the words of alterations mean our own
                    break
            else:
                raise ValueError("no such alteration: {!r}".format(step))
        self.ldconfig()

    def everything(self):
        donated.put(self.root, donated.sonames())

    def plus(self, *names):
        donated.put(self.root, names)

    def wrapped(self, words, *names):
        for name in names:
            self._clear(alterations.LIB64 + "/" + name)
            self._put(name, alterations.ASIDE)
            real, how = alterations.ASIDE + "/" + name, WRAPPERS[words]
            content = (
                _with_tls(name, real, **how)
                if "tls" in how
                else elf_maker.build(soname=name, needed=[real], **how)
            )
            self._write(alterations.LIB64 + "/" + name, content)

    def hollow(self, *names):
        """Without a symbol, and without versions."""
        for name in names:
            elf = _elf(os.path.join(donated.folder(), name))
            content = elf_maker.build(soname=name, needed=elf.needed)
            self._write(alterations.LIB64 + "/" + name, content)

    def older(self, *names):
        """Without the newer half of the versions that it defines."""
        for name in names:
            with open(os.path.join(donated.folder(), name), "rb") as source:
                self._write(alterations.LIB64 + "/" + name, without_newest(source.read()))

    def preloaded(self, *names):
        bare.write(self.root, "etc/ld.so.preload", "\n".join(names) + "\n")

    def hollow_own(self, *patterns):
        """A library of the environment, without its symbols."""
        for path in self._own(patterns):
            elf = _elf(path)
            os.remove(path)
            with open(path, "wb") as out:
                out.write(
                    elf_maker.build(
                        soname=elf.soname, needed=elf.needed, runpath=elf.runpath, rpath=elf.rpath
                    )
                )

    def cut_own(self, *patterns):
        for path in self._own(patterns):
            with open(path, "rb") as source:
                content = source.read(200)
            os.remove(path)
            with open(path, "wb") as out:
                out.write(content)

    def musl(self, *patterns):
        """Programs that name musl's loader."""
        for path in self._own(patterns):
            with open(path, "rb") as source:
                content = source.read()
            usual = b"/lib64/ld-linux-x86-64.so.2\0"
            os.remove(path)
            with open(path, "wb") as out:
                out.write(content.replace(usual, MUSL.ljust(len(usual), b"\0"), 1))
            os.chmod(path, 0o755)

    def _own(self, patterns):
        for pattern in patterns:
            found = glob.glob(self.root + environments.PLACE + "/" + pattern)
            if not found:
                raise ValueError("the environment has no " + pattern)
            yield from found

    def lost(self, *patterns):
        for path in self._own(patterns):
            os.remove(path)

    def _put(self, name, folder):
        os.makedirs(self.root + folder, exist_ok=True)
        self._clear(folder + "/" + name)
        os.link(os.path.join(donated.folder(), name), self.root + folder + "/" + name)


OWN = ("lost ", "a hollow own ", "cut short, own ", "musl's loader for ")
_WORDS = (
    *((words, Alteration.wrapped) for words in WRAPPERS),
    ("hollow ", Alteration.hollow),
    ("older ", Alteration.older),
    ("preloaded ", Alteration.preloaded),
    ("lost ", Alteration.lost),
    ("a hollow own ", Alteration.hollow_own),
    ("cut short, own ", Alteration.cut_own),
    ("musl's loader for ", Alteration.musl),
)


def _elf(path):
    with open(path, "rb") as source:
        return reader.read(source)


def _with_tls(soname, needed, tls):
    """Compiled: what makes the loader want it in the static block is a relocation."""
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/real", "wb") as out:
            out.write(compiler._stand_in(needed))
        with open(folder + "/x.c", "w", encoding="utf-8") as out:
            out.write(_TLS.format(tls, "offkit_" + "".join(filter(str.isalnum, soname))))
        argv = ["gcc", "-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", "-Wl,-soname," + soname]
        argv += ["-o", folder + "/x.so", folder + "/x.c", folder + "/real"]
        subprocess.run(argv, check=True)
        with open(folder + "/x.so", "rb") as made:
            return made.read()


def without_newest(content):
    """The newer half of the versions that a library defines is there no more: each entry repeats the name of the
    first, which is the library's own."""
    data = bytearray(content)
    (phoff,), (phsize, phnum) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<HH", data, 54)
    segments = [struct.unpack_from("<IIQQQQQQ", data, phoff + number * phsize) for number in range(phnum)]

    def place(address):
        (found,) = [s[2] + address - s[3] for s in segments if s[0] == 1 and s[3] <= address < s[3] + s[5]]
        return found

    (dynamic,) = [s for s in segments if s[0] == 2]
    tags = dict(
        struct.unpack_from("<QQ", data, at) for at in range(dynamic[2], dynamic[2] + dynamic[5], 16)[::-1]
    )
    at, strings, entries = place(tags[0x6FFFFFFC]), place(tags[5]), []
    for _ in range(tags[0x6FFFFFFD]):
        _, _, _, _, _, aux, following = struct.unpack_from("<HHHHIII", data, at)
        (offset,) = struct.unpack_from("<I", data, at + aux)
        name = data[strings + offset : data.index(b"\0", strings + offset)].decode()
        entries.append((reader.version_key(name), at, at + aux, offset))
        at += following
    for family in {key[0] for key, *_ in entries[1:]}:
        versions = sorted(each for each in entries[1:] if each[0][0] == family)
        for _, entry, aux, _ in versions[len(versions) // 2 :]:
            struct.pack_into("<I", data, entry + 8, 1)  # the hash of no name
            struct.pack_into("<I", data, aux, entries[0][3])
    return bytes(data)


def newest(soname):
    """Whether there is a version to be without."""
    return bool(_elf(os.path.join(donated.folder(), soname)).defines)
