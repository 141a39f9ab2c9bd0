"""make bench-rpms: RPMs for a bundle out of a repository of 8,000 packages, from a server on this machine.

The metadata are generated, in the sizes of an Enterprise Linux 9's: summaries and descriptions, provides and
requires with versions, some files, 40 module streams, a filelists.xml of which nothing is wanted. One process
serves, another chooses, with a cold cache and then with a warm one, three times each. Seconds are of choosing
alone (metadata, solving, the RPMs): the least, and how many of them a processor worked; memory is the largest of
the process, Python and pip's modules included.
"""

import functools
import gzip
import hashlib
import http.server
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from xml.sax.saxutils import quoteattr

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", "makers"), os.path.join(TOP, "toolkit")]

import repo_maker  # noqa: E402
from distribution_maker import Made, default, stream  # noqa: E402

PACKAGES, STREAMS, WANTED, ROUNDS = 8000, 40, 12, 3
MOST_SECONDS, MOST_MEMORY = 5, 400  # of a processor, and MB: what is promised
WORDS = [
    "library",
    "tools",
    "runtime",
    "for",
    "applications",
    "that",
    "use",
    "the",
    "common",
    "interface",
    "of",
    "a",
    "system",
    "and",
    "its",
    "files",
]


def generate(top, number=PACKAGES, seed=9):
    """The repository; returns {name: its library}."""
    draw = random.Random(seed)
    rows, files, modular, sonames = [], [], {}, {}
    for index in range(number):
        name = "{}{}-{}".format(
            draw.choice(["lib", "", "perl-", "python3-", "texlive-"]), draw.choice(WORDS), index
        )
        version, release = (
            "{}.{}.{}".format(*(draw.randrange(20) for _ in range(3))),
            "{}.el9".format(draw.randrange(60)),
        )
        if index < STREAMS * 5:
            release = "1.module_el9+{}".format(index)
            modular.setdefault(index % STREAMS, []).append(Made(name, version, release))
        soname = "lib{}.so.{}".format(name, draw.randrange(9))
        sonames[name] = soname
        provides = [name, "{}(x86-64)".format(name), soname + "()(64bit)"]
        provides += ["{}(V_{})(64bit)".format(soname, minor) for minor in range(draw.randrange(40))]
        earlier = list(sonames)
        requires = ["libc.so.6(GLIBC_2.{})(64bit)".format(minor) for minor in (2, 4, 14, 34)]
        requires += ["rtld(GNU_HASH)", "/bin/sh", "(glibc if glibc)"]
        for other in draw.sample(earlier[:-1], min(len(earlier) - 1, draw.choice([0, 1, 1, 2, 3]))):
            requires.append(draw.choice([other, sonames[other] + "()(64bit)"]))
        if draw.random() < 0.002:
            requires.append("/usr/share/{}/7".format(draw.choice(earlier)))
        rows.append(row(draw, name, version, release, provides, requires, contents(name)))
        files.append('<package pkgid="{0}" name={1} arch="x86_64"><version epoch="0" ver="1" rel="1"/>{2}</package>\n'.format(
            index, quoteattr(name), "".join("<file>/usr/share/{}/{}</file>".format(name, each) for each in range(30))))  # fmt: skip
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="http://linux.duke.edu/metadata/{}" packages="{}"'
    primary = (head.format("common", number) + ' xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n' + "".join(rows)
               + "</metadata>\n").encode()  # fmt: skip
    filelists = (head.format("filelists", number) + ">\n" + "".join(files) + "</metadata>\n").encode()
    modules = "".join(
        stream("module{}".format(each), "1", made) + default("module{}".format(each), "1")
        for each, made in modular.items()
    ).replace('"el8"', '"el9"')
    listed = []
    for kind, data in (("primary", primary), ("filelists", filelists), ("modules", modules.encode())):
        packed = gzip.compress(data, 6)
        href = "repodata/{}.gz".format({"modules": "modules.yaml"}.get(kind, kind + ".xml"))
        repo_maker.write(top, href, packed)
        listed.append((kind, href, packed, len(data)))
    repo_maker.write(top, "repodata/repomd.xml", repo_maker.repomd(*listed))
    sizes = {kind: (len(packed), size) for kind, _, packed, size in listed}
    return sonames, sizes


def contents(name):
    """An RPM that nobody opens."""
    return (name.encode() + b"\n") * 4000


def row(draw, name, version, release, provides, requires, data):
    def entries(kind, names):
        text = "".join(
            "<rpm:entry name={}{}/>".format(
                quoteattr(each), ' flags="EQ" epoch="0" ver="{}" rel="{}"'.format(version, release) if each == name and kind == "provides" else "")
            for each in names
        )  # fmt: skip
        return "<rpm:{0}>{1}</rpm:{0}>".format(kind, text)

    text = " ".join(draw.choice(WORDS) for _ in range(60))
    return (
        '<package type="rpm"><name>{0}</name><arch>x86_64</arch><version epoch="0" ver="{1}" rel="{2}"/>'
        '<checksum type="sha256" pkgid="YES">{3}</checksum><summary>{4}</summary><description>{5}</description>'
        "<packager>CentOS BuildSystem</packager><url>https://example.org/{0}</url>"
        '<time file="1500000000" build="1500000000"/><size package="{6}" installed="{6}" archive="{6}"/>'
        '<location href="Packages/{0}.rpm"/><format><rpm:license>MIT</rpm:license><rpm:vendor>CentOS</rpm:vendor>'
        "<rpm:group>Unspecified</rpm:group><rpm:buildhost>x86-01.example.org</rpm:buildhost>"
        '<rpm:sourcerpm>{0}-{1}-{2}.src.rpm</rpm:sourcerpm><rpm:header-range start="4504" end="20000"/>'
        "{7}{8}<file>/usr/bin/{0}</file><file>/etc/{0}.conf</file></format></package>\n"
    ).format(name, version, release, hashlib.sha256(data).hexdigest(), text[:60], text * 3, len(data),
             entries("provides", provides), entries("requires", requires))  # fmt: skip


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, and RPMs that are made when they are asked for; ``asked`` is all of it."""

    asked: list = []  # noqa: RUF012
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.asked.append(self.path)
        if not self.path.startswith("/Packages/"):
            return super().do_GET()
        data = contents(os.path.basename(self.path)[: -len(".rpm")])
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None

    def log_message(self, *words):
        pass


def choose(url, cache, sonames):
    """In a process of its own: what it took."""
    from pathlib import Path

    from offkit.edges import releases
    from offkit.model.checklist import Checklist, Library
    from offkit.model.report import Reporter
    from offkit.model.target import preset
    from offkit.online.carry import rpms
    from offkit.online.resolve.lock import Session
    from offkit.online.rpms.places import Fetching

    target = preset(releases.known(), None, "el9")
    (more,) = rpms.more([url], (), (None,), False)
    wanted = Checklist(tuple(Library(each, (), ("wheel: x.so",), "", False) for each in sonames))
    with Session(target, ["--no-index"], Reporter()) as session:
        more = more._replace(fetching=Fetching(lambda: session.repository.session, Path(cache)))
        session.repository  # noqa: B018  (pip's own start is no part of this)
        began, working = time.perf_counter(), time.process_time()
        chosen = rpms.choose((), wanted, target, (), more)
        seconds, worked = time.perf_counter() - began, time.process_time() - working
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": seconds,
        "worked": worked,
        "memory": memory,
        "rpms": len(chosen.titles),
        "size": chosen.size,
    }


def main():
    with tempfile.TemporaryDirectory() as top:
        sonames, sizes = generate(os.path.join(top, "place"))
        wanted = random.Random(1).sample(sorted(sonames.values())[PACKAGES // 2 :], WANTED)
        handler = functools.partial(Handler, directory=os.path.join(top, "place"))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:{}".format(server.server_address[1])
        print("{} packages; packed and unpacked MB: {}".format(PACKAGES, ", ".join(
            "{} {:.1f} {:.1f}".format(kind, *(each / 1e6 for each in pair)) for kind, pair in sizes.items())))  # fmt: skip
        failed = False
        for warm in (False, True):
            rounds = []
            for each in range(ROUNDS):
                Handler.asked.clear()
                cache = os.path.join(top, "cache {}".format(0 if warm else each))
                done = subprocess.run([sys.executable, __file__, url, cache, *wanted],
                                      check=True, stdout=subprocess.PIPE, text=True)  # fmt: skip
                rounds.append(json.loads(done.stdout))
            found = min(rounds, key=lambda one: one["seconds"])
            memory = max(one["memory"] for one in rounds)
            files = [each for each in Handler.asked if each.startswith("/Packages/")]
            print("{}: {seconds:.1f} s ({worked:.1f} s of a processor), {memory:.0f} MB, {rpms} RPMs chosen; ".format(
                "warm" if warm else "cold", **dict(found, memory=memory)), end="")  # fmt: skip
            print("{} requests, {} of them RPMs, filelists.xml {}".format(len(Handler.asked), len(files),
                "fetched" if any("filelists" in one for one in Handler.asked) else "not fetched"))  # fmt: skip
            failed |= found["worked"] > MOST_SECONDS or memory > MOST_MEMORY
            failed |= len(files) != (0 if warm else found["rpms"])
        server.shutdown()
    return failed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(choose(sys.argv[1], sys.argv[2], sys.argv[3:])))
    else:
        sys.exit(main())
