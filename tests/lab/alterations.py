"""What is done to a bare root before it is judged: libraries put in, taken out, spoilt.

Libraries that Enterprise Linux has beyond glibc are stand-ins: ELF files that the real loader
maps, with the names and the NEEDED entries of the real ones and nothing else. So a root is the
same on every machine. libstdc++, libgcc_s and libz are this machine's own.
"""

import glob
import os
import platform

import bare
import elf_maker
import environments

REAL = ("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1")

# soname: NEEDED, as on Enterprise Linux (readelf -d), without glibc's.
STAND_INS = {
    "libICE.so.6": "",
    "libSM.so.6": "libICE.so.6 libuuid.so.1",
    "libuuid.so.1": "",
    "libXau.so.6": "",
    "libxcb.so.1": "libXau.so.6",
    "libX11.so.6": "libxcb.so.1",
    "libX11-xcb.so.1": "",
    "libXext.so.6": "libX11.so.6",
    "libXrender.so.1": "libX11.so.6",
    "libXi.so.6": "libX11.so.6 libXext.so.6",
    "libXcomposite.so.1": "libX11.so.6",
    "libXcursor.so.1": "libXrender.so.1 libXfixes.so.3 libX11.so.6",
    "libXdamage.so.1": "libX11.so.6",
    "libXfixes.so.3": "libX11.so.6",
    "libXrandr.so.2": "libXext.so.6 libXrender.so.1 libX11.so.6",
    "libXss.so.1": "libX11.so.6 libXext.so.6",
    "libXtst.so.6": "libX11.so.6 libXext.so.6 libXi.so.6",
    "libGLdispatch.so.0": "",
    "libGLX.so.0": "libGLdispatch.so.0 libX11.so.6",
    "libGL.so.1": "libGLX.so.0 libGLdispatch.so.0",
    "libEGL.so.1": "libGLdispatch.so.0",
    "libGLU.so.1": "libGL.so.1 libstdc++.so.6",
    "libpcre.so.1": "",
    "libglib-2.0.so.0": "libpcre.so.1",
    "libgthread-2.0.so.0": "libglib-2.0.so.0",
    "libgobject-2.0.so.0": "libglib-2.0.so.0 libffi.so.6",
    "libgmodule-2.0.so.0": "libglib-2.0.so.0",
    "libgio-2.0.so.0": "libgmodule-2.0.so.0 libgobject-2.0.so.0 libglib-2.0.so.0 libz.so.1",
    "libffi.so.6": "",
    "libexpat.so.1": "",
    "libbz2.so.1": "",
    "libpng15.so.15": "libz.so.1",
    "libfreetype.so.6": "libz.so.1 libbz2.so.1 libpng15.so.15",
    "libfontconfig.so.1": "libfreetype.so.6 libexpat.so.1 libuuid.so.1",
    "libsystemd.so.0": "",
    "libdbus-1.so.3": "libsystemd.so.0",
    "libxkbcommon.so.0": "",
    "libxkbcommon-x11.so.0": "libxkbcommon.so.0 libxcb.so.1",
    "libxcb-cursor.so.0": "libxcb.so.1",
    "libxcb-glx.so.0": "libxcb.so.1",
    "libxcb-icccm.so.4": "libxcb.so.1",
    "libxcb-image.so.0": "libxcb-shm.so.0 libxcb.so.1",
    "libxcb-keysyms.so.1": "libxcb.so.1",
    "libxcb-randr.so.0": "libxcb.so.1",
    "libxcb-render.so.0": "libxcb.so.1",
    "libxcb-render-util.so.0": "libxcb-render.so.0 libxcb.so.1",
    "libxcb-shape.so.0": "libxcb.so.1",
    "libxcb-shm.so.0": "libxcb.so.1",
    "libxcb-sync.so.1": "libxcb.so.1",
    "libxcb-util.so.1": "libxcb.so.1",
    "libxcb-xfixes.so.0": "libxcb.so.1",
    "libxcb-xinerama.so.0": "libxcb.so.1",
    "libxcb-xkb.so.1": "libxcb.so.1",
    "libasound.so.2": "",
    "libnspr4.so": "",
    "libplc4.so": "libnspr4.so",
    "libplds4.so": "libnspr4.so",
    "libnssutil3.so": "libnspr4.so libplc4.so libplds4.so",
    "libnss3.so": "libnssutil3.so libplc4.so libplds4.so libnspr4.so",
    "libsmime3.so": "libnss3.so libnssutil3.so",
    "libpulse.so.0": "",
    "libpulse-mainloop-glib.so.0": "libpulse.so.0 libglib-2.0.so.0",
    "libgtk-3.so.0": "libglib-2.0.so.0",
    "libgdk-3.so.0": "libglib-2.0.so.0",
    "libgdk_pixbuf-2.0.so.0": "libglib-2.0.so.0",
    "libcairo.so.2": "",
    "libatk-1.0.so.0": "libglib-2.0.so.0",
    "libpango-1.0.so.0": "libglib-2.0.so.0",
    "libpangocairo-1.0.so.0": "libpango-1.0.so.0",
    "libcups.so.2": "",
    "libgssapi_krb5.so.2": "",
    "libodbc.so.2": "",
    "libpq.so.5": "",
    "libwayland-client.so.0": "",
    "libwayland-cursor.so.0": "libwayland-client.so.0",
    "libwayland-egl.so.1": "",
    "libwayland-server.so.0": "",
    "libxslt.so.1": "",
    "libxml2.so.2": "libz.so.1",
    "libgstreamer-1.0.so.0": "libglib-2.0.so.0",
    "libgstapp-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgstbase-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgstvideo-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgstaudio-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgsttag-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgstpbutils-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgstgl-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgstallocators-1.0.so.0": "libgstreamer-1.0.so.0",
    "libgstphotography-1.0.so.0": "libgstreamer-1.0.so.0",
    "libspeechd.so.2": "libglib-2.0.so.0",
    "libtiff.so.5": "libz.so.1",
    "libudev.so.1": "",
    "libdrm.so.2": "",
    "libgbm.so.1": "libdrm.so.2",
    "libpcsclite.so.1": "",
    "libmysqlclient.so.18": "",
    "libmysqlclient.so.21": "",
    "libfbclient.so.2": "",
    "libmimerapi.so": "",
    "libhwloc.so.5": "",
    "libhwloc.so.15": "",
}

# What a library of Enterprise Linux 7 defines (libstdc++ 4.8.5).
EL7 = {
    "libstdc++.so.6": (
        ["GLIBCXX_3.4"]
        + ["GLIBCXX_3.4.{}".format(number) for number in range(1, 20)]
        + ["CXXABI_1.3"]
        + ["CXXABI_1.3.{}".format(number) for number in range(1, 8)]
        + ["CXXABI_TM_1"]
    )
}

LIB64 = "/usr/lib64"
ASIDE = "/opt/vendor/lib"  # a directory that nobody told the loader about


def library(name, bits=64):
    """The bytes of a stand-in."""
    needed = STAND_INS.get(name, "").split()
    if bits == 32:
        return elf_maker.build(soname=name, needed=needed, bits=32, machine=3)
    return elf_maker.build(soname=name, needed=needed, machine=_MACHINE)


_MACHINE = {"x86_64": 62, "aarch64": 183}.get(platform.machine(), 62)


class Alteration:
    """One root being prepared. Each method is one word of the table's "root" column."""

    def __init__(self, root):
        self.root = root

    def apply(self, steps):
        """``steps`` is text: ``everything; without libSM.so.6``. ldconfig runs where the text
        says so, else at the end."""
        listed = [step.strip() for step in steps.split(";")]
        if "ldconfig" not in listed and "no ld.so.cache" not in listed:
            listed.append("ldconfig")
        for step in listed:
            for words, method in _WORDS:
                if step.startswith(words):
                    method(self, *step[len(words) :].split())
                    break
            else:
                raise ValueError("no such alteration: {!r}".format(step))

    def bare(self):
        pass

    def everything(self):
        self.plus(*REAL, *STAND_INS)

    def plus(self, *names):
        for name in names:
            self._put(name, LIB64)

    def without(self, *names):
        for name in names:
            os.remove(self.root + LIB64 + "/" + name)

    def only_32_bit(self, *names):
        for name in names:
            self._write(LIB64 + "/" + name, library(name, 32))

    def decoy_32_bit(self, *names):
        """A 32-bit one where the search looks first, the right one behind it."""
        for name in names:
            self._write("/opt/compat/lib/" + name, library(name, 32))
        bare.write(self.root, "etc/ld.so.conf", "/opt/compat/lib\n" + LIB64 + "\n")

    def broken_link(self, *names):
        for name in names:
            self._clear(LIB64 + "/" + name)
            os.symlink(name + ".0.0", self.root + LIB64 + "/" + name)

    def link_loop(self, *names):
        for name in names:
            self._clear(LIB64 + "/" + name)
            os.symlink(name, self.root + LIB64 + "/" + name)

    def link_out(self, *names):
        """An absolute link, which leads elsewhere inside the root."""
        for name in names:
            self._clear(LIB64 + "/" + name)
            self._put(name, ASIDE)
            os.symlink(ASIDE + "/" + name, self.root + LIB64 + "/" + name)

    def text(self, *names):
        for name in names:
            self._write(LIB64 + "/" + name, b"/* GNU ld script */\nINPUT(-lc)\n" * 40)

    def empty(self, *names):
        for name in names:
            self._write(LIB64 + "/" + name, b"")

    def cut(self, *names):
        for name in names:
            self._write(LIB64 + "/" + name, library(name)[:80])

    def directory(self, *names):
        for name in names:
            self._clear(LIB64 + "/" + name)
            os.mkdir(self.root + LIB64 + "/" + name)

    def aside(self, *names):
        for name in names:
            self._clear(LIB64 + "/" + name)
            self._put(name, ASIDE)

    def configured(self):
        bare.write(self.root, "etc/ld.so.conf", LIB64 + "\n" + ASIDE + "\n")

    def in_usr_lib(self, *names):
        for name in names:
            self._clear(LIB64 + "/" + name)
            self._put(name, "/usr/lib")

    def hwcaps(self, *names):
        """Only in the subdirectory for CPUs of the second level, which every CI machine has."""
        for name in names:
            self._clear(LIB64 + "/" + name)
            self._put(name, LIB64 + "/glibc-hwcaps/x86-64-v2")

    def usr_lib_hwcaps(self, *names):
        for name in names:
            self._clear(LIB64 + "/" + name)
            self._put(name, "/usr/lib/glibc-hwcaps/x86-64-v2")

    def el7(self, *names):
        """With the symbol versions that Enterprise Linux 7 has, and no newer ones."""
        for name in names:
            content = elf_maker.build(
                soname=name, needed=["libgcc_s.so.1"], machine=_MACHINE, defines=EL7[name]
            )
            self._write(LIB64 + "/" + name, content)

    def lost(self, *patterns):
        """Files of the environment itself, as after a pip that was killed."""
        for pattern in patterns:
            found = glob.glob(self.root + environments.PLACE + "/lib/python*/site-packages/" + pattern)
            if not found:
                raise ValueError("the environment has no " + pattern)
            for path in found:
                os.remove(path)

    def default(self):
        """Make /usr/lib64 a directory that this ld.so searches by default, as on Enterprise Linux."""
        for folder in ("x86_64-linux-gnu", "aarch64-linux-gnu"):
            os.symlink("../lib64", self.root + "/usr/lib/" + folder)

    def ldconfig(self):
        bare.ldconfig(self.root)

    def no_cache(self):
        self._clear("/etc/ld.so.cache")

    def _put(self, name, folder):
        if name in REAL:
            source = bare.host_library(name)
            with open(source, "rb") as content:
                self._write(folder + "/" + name, content.read())
        else:
            self._write(folder + "/" + name, library(name))

    def _clear(self, path):
        path = self.root + path
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        elif os.path.lexists(path):
            os.remove(path)  # never written in place: it may be shared with the base

    def _write(self, path, content):
        self._clear(path)
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "wb") as handle:
            handle.write(content)
        os.chmod(self.root + path, 0o755)


_WORDS = (
    ("bare", Alteration.bare),
    ("everything", Alteration.everything),
    ("plus ", Alteration.plus),
    ("without ", Alteration.without),
    ("only 32-bit ", Alteration.only_32_bit),
    ("first a 32-bit ", Alteration.decoy_32_bit),
    ("broken link ", Alteration.broken_link),
    ("link to itself ", Alteration.link_loop),
    ("link elsewhere ", Alteration.link_out),
    ("text in place of ", Alteration.text),
    ("empty ", Alteration.empty),
    ("cut short ", Alteration.cut),
    ("a directory named ", Alteration.directory),
    ("unknown directory with ", Alteration.aside),
    ("directory in ld.so.conf", Alteration.configured),
    ("in /usr/lib ", Alteration.in_usr_lib),
    ("only for newer CPUs in /usr/lib ", Alteration.usr_lib_hwcaps),
    ("only for newer CPUs ", Alteration.hwcaps),
    ("as on el7 ", Alteration.el7),
    ("lost ", Alteration.lost),
    ("default directory /usr/lib64", Alteration.default),
    ("ldconfig", Alteration.ldconfig),
    ("no ld.so.cache", Alteration.no_cache),
)
