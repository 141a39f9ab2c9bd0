"""make bench-bundle: what locking and bundling cost, beside pip-compile, uv, pip download, pex3 and cp.

All contestants in turns on one machine, ROUNDS (5) times, in one round forwards and in the next backwards; a
ratio, of wall time and of the processors' time, is the median of those of the rounds. What takes long, pex3 and the large wheel, is in the first two
rounds alone, and the table says so; so five end within ten minutes on a quiet machine. What is not installed
is left out, and said. PARTS chooses from lock, cold, warm, wire and large; OFFKIT_TREE measures another
checkout, PEERS is where the others' commands are.
"""

import hashlib
import http.server
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

TOP = os.environ.get("OFFKIT_TREE") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
)
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "makers"), os.path.join(TOP, "toolkit")]

import bundle_maker  # noqa: E402
import elf_maker  # noqa: E402
from offkit.model import checksum  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "5"))
FEW = min(ROUNDS, 2)  # of what takes long
PARTS = os.environ.get("PARTS", "lock cold warm wire large").split()
LARGE = int(os.environ.get("LARGE", "3400"))  # MB
SERIES = "{}.{}".format(*sys.version_info[:2])
TARGET = ["--python", SERIES, "--target", "el9"]
SET = os.path.join(HERE, "bundle.in")
BIN = os.path.dirname(sys.executable)
PEERS = os.path.abspath(os.environ.get("PEERS") or BIN)
COMMAND = "import sys; sys.path.insert(0, sys.argv.pop(1)); from offkit.cli.app import main; main()"


def offkit(*words):
    return [sys.executable, "-c", COMMAND, os.path.join(TOP, "toolkit"), *words]


def program(name):
    """A command of the peers' environment, of this one, or of PATH; None without."""
    places = [os.path.join(place, name) for place in (PEERS, BIN)]
    return next(filter(os.path.exists, places), None) or shutil.which(name)


def asking_pypi():
    """The environment in which all of them ask that index alone: uv knows nothing of what this machine's pip is
    configured to ask besides, which pip and offkit would ask for every project."""
    others = re.compile("(PIP|UV)_(FIND_LINKS|(EXTRA_|DEFAULT_)?INDEX(_URL)?|CONSTRAINT)")
    kept = {name: value for name, value in os.environ.items() if not others.fullmatch(name)}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "NO_COLOR": "1"}


def run(argv, **env):
    """(seconds, those of processors, peak memory in MB) of a command and its children; it must succeed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=said, env={**asking_pypi(), **env})
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        taken = time.perf_counter() - began
        if child.returncode:
            said.seek(0)
            sys.exit("{} failed:\n{}".format(argv, said.read().decode("utf-8", "replace")[-2000:]))
    return taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def contest(rivals, slow=()):
    """(seconds, those of processors) of each, round by round: {name: (argv, env) made anew for each round}; of
    the ``slow`` in the first ones alone."""
    times = {name: [] for name in rivals}
    for number in range(ROUNDS):
        for name in list(rivals)[:: -1 if number % 2 else 1]:
            if number < FEW or name not in slow:
                argv, env = rivals[name]()
                os.sync()  # what others have written is no part of it
                times[name].append(run(argv, **env)[:2])
    return times


def show(title, times, aims):
    """The medians; the first contestant's against each other's, and what is aimed at."""
    first, *others = times
    print("\n" + title)
    for name, measured in times.items():
        taken, worked = zip(*measured)
        print("  {:<34} {:8.2f} s   ({:.2f} to {:.2f}{}), processors {:.2f} s".format(
            name, statistics.median(taken), min(taken), max(taken),
            "" if len(taken) == ROUNDS else ", {} rounds".format(len(taken)), statistics.median(worked)))  # fmt: skip
    for name in others:
        pairs = list(zip(times[first], times[name]))
        wall, processors = (statistics.median(one[at] / other[at] for one, other in pairs) for at in (0, 1))
        verdict(first + " / " + name, wall, aims.get(name))
        verdict("  of processors", processors, None)


def verdict(what, value, aim, unit=""):
    told = (
        "" if aim is None else "aim {}{}: {}".format(aim, unit, "reached" if value <= aim else "NOT reached")
    )
    print("  {:<42} {:.3g}{:<4} {}".format(what, value, unit, told), flush=True)


class Shop(http.server.SimpleHTTPRequestHandler):
    """An index of the wheels in a directory, with or without their metadata beside them; no ranges."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        if not self.path.startswith("/simple/"):
            if self.path.endswith(".metadata"):
                return self.text(metadata(self.translate_path(self.path)[: -len(".metadata")]))
            return super().do_GET()
        name = self.path.split("/")[2]
        files = [one for one in os.listdir(self.directory) if project(one) == name]
        rows = "".join(self.server.row(self.directory, one) for one in sorted(files))
        return self.text(("<!DOCTYPE html>" + rows).encode(), 200 if files else 404)

    def text(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def copyfile(self, source, outputfile):
        self.server.sent += os.fstat(source.fileno()).st_size
        shutil.copyfileobj(source, outputfile, 1 << 20)


class Index(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, directory, beside):
        def handler(*words):
            return Shop(*words, directory=directory)

        super().__init__(("127.0.0.1", 0), handler)
        self.sent, self.beside, self._rows = 0, beside, {}
        self.url = "http://127.0.0.1:{}/simple".format(self.server_port)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def row(self, directory, file):
        if file not in self._rows:
            path = os.path.join(directory, file)
            more = ' data-core-metadata="sha256={}"'.format(hashlib.sha256(metadata(path)).hexdigest())
            self._rows[file] = '<a href="/{0}#sha256={1}"{2}>{0}</a>\n'.format(
                file, sha256(path), more if self.beside else ""
            )
        return self._rows[file]


def project(filename):
    return re.sub(r"[-_.]+", "-", filename.split("-")[0]).lower() if filename.endswith(".whl") else ""


def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA")))


def sha256(path):
    with open(path, "rb") as source:
        return checksum.sha256(source)


def fresh(folder):
    """Caches that nobody has used: what each of the contestants takes for one."""
    place = tempfile.mkdtemp(dir=folder)
    return place, {"XDG_CACHE_HOME": place, "PIP_CACHE_DIR": os.path.join(place, "pip"),
                   "UV_CACHE_DIR": os.path.join(place, "uv")}  # fmt: skip


def lock(folder):
    """Cold: nothing is cached."""

    def cold(*argv):
        def make():
            place, env = fresh(folder)
            return [word and word.replace("PLACE", place) for word in argv], env

        return make

    for name in ("pip-compile", "uv"):
        if not program(name):
            print(name + ": not installed")
    rivals = {
        "offkit lock": cold(*offkit("lock", "-r", SET, *TARGET, "-o", "PLACE/lock.txt")),
        "pip-compile": cold(
            program("pip-compile"), "-q", "--strip-extras", "--pip-args",
            "--only-binary=:all:", "-o", "PLACE/lock.txt", SET,
        ),
        "uv pip compile": cold(
            program("uv"), "pip", "compile", "-q", "--only-binary=:all:",
            "--python-version", SERIES, "-o", "PLACE/lock.txt", SET,
        ),
    }  # fmt: skip
    rivals = {name: one for name, one in rivals.items() if one()[0][0]}
    show("cold lock", contest(rivals), {"pip-compile": 1.0, "uv pip compile": 1.5})


def pins(folder):
    """A lock of the set, the cache that has its wheels, and the wheels in one directory."""
    place, env = fresh(folder)
    path = os.path.join(folder, "lock.txt")
    run(offkit("lock", "-r", SET, *TARGET, "-o", path), **env)
    run(offkit("bundle", "-r", path, *TARGET, "-o", os.path.join(folder, "bundle.tar")), **env)
    wheels = os.path.join(folder, "wheels")
    os.mkdir(wheels)
    for at, _, names in os.walk(os.path.join(place, "offkit", "wheels")):
        for name in names:
            os.link(os.path.join(at, name), os.path.join(wheels, name))
    with open(path) as text:
        print("\n{} pins, {} wheels".format(text.read().count("--hash"), len(os.listdir(wheels))))
    return path, env, wheels


def cold(folder, path):
    def make(*argv):
        def go():
            place, env = fresh(folder)
            return [word.replace("PLACE", place) for word in argv], env

        return go

    rivals = {
        "offkit bundle": make(*offkit("bundle", "-r", path, *TARGET, "-o", "PLACE/bundle.tar")),
        "pip download": make(
            sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", "PLACE/d", "-r", path
        ),
    }
    if program("pex3"):
        rivals["pex3 download"] = make(program("pex3"), "download", "-r", path, "-d", "PLACE/d")
    else:
        print("pex3: not installed")
    show(
        "cold bundle of the pins",
        contest(rivals, ["pex3 download"]),
        {"pip download": 0.8, "pex3 download": 1.0},
    )


def copying(files, out):
    """cp of those into a directory, and sha256sum of what came."""
    script = 'rm -rf "$0"; mkdir "$0"; cp -- "$@" "$0"; sha256sum "$0"/* >/dev/null'
    return ["sh", "-c", script, out, *files]


def warm(folder, path, env, wheels):
    files = [os.path.join(wheels, name) for name in os.listdir(wheels)]
    bundle = offkit("bundle", "-r", path, *TARGET, "-o", os.path.join(folder, "bundle.tar"))
    rivals = {
        "offkit bundle": lambda: (bundle, env),
        "cp and sha256sum": lambda: (copying(files, os.path.join(folder, "copy")), {}),
    }
    show("warm bundle", contest(rivals), {"cp and sha256sum": 1.5})
    if shutil.which("strace"):
        trace = os.path.join(folder, "trace")
        run(["strace", "-f", "-qq", "-e", "trace=network", "-o", trace, *bundle], **env)
        with open(trace) as text:
            verdict("sockets of the internet", text.read().count("AF_INET"), 0)
    else:
        print("  strace: not installed")


def wire(folder, path, wheels):
    """What comes from an index without metadata beside its wheels."""
    size = sum(os.path.getsize(os.path.join(wheels, name)) for name in os.listdir(wheels))
    print("\nover the wire, from an index on this machine")
    for beside in (False, True):
        index = Index(wheels, beside)
        place, env = fresh(folder)
        lines = os.path.join(folder, "pins.in")
        with open(path) as text, open(lines, "w") as out:
            out.write("\n".join(re.findall(r"^\S+==\S+", text.read(), re.M)) + "\n")
        run(offkit("bundle", "-r", lines, *TARGET, "--index-url", index.url, "-o", place + "/b.tar"), **env)
        title = "{}, bytes / those of the wheels".format("with PEP 658" if beside else "without PEP 658")
        verdict(title, index.sent / size, 1.05)
        index.shutdown()
        index.server_close()


def large_wheel(folder):
    """Half a library, half data, stored."""
    name = "offbench_large-1-cp{0}-cp{0}-manylinux2014_x86_64.whl".format(SERIES.replace(".", ""))
    _, small = bundle_maker.wheel("offbench_large", "1", tag=name[len("offbench_large-1-") : -len(".whl")])
    path = os.path.join(folder, name)
    with open(path, "wb") as sink:
        sink.write(small)
    block = os.urandom(1 << 20)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        for member, start in (
            ("offbench_large.so", elf_maker.build(needed=["libc.so.6"])),
            ("offbench_large.bin", b""),
        ):
            info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            with archive.open(info, "w", force_zip64=True) as out:
                out.write(start)
                for _ in range(LARGE // 2):
                    out.write(block)
    return path


def large(folder):
    """Peak memory, from wherever it comes, and time when it is there."""
    shelf = os.path.join(folder, "shelf")
    os.mkdir(shelf)
    wheel = large_wheel(shelf)
    print("\na wheel of {} MB".format(os.path.getsize(wheel) >> 20))
    for title, beside in (("an index", False), ("a directory", None)):
        place, env = fresh(folder)
        out = os.path.join(place, "bundle.tar")
        run(offkit("bundle", "idna", *TARGET, "-o", out), **env)
        where = ["--find-links", shelf]
        if beside is not None:
            index = Index(shelf, beside)
            where = ["--extra-index-url", index.url]
        argv = offkit("bundle", "offbench-large", *TARGET, *where, "-o", out)
        taken, _, peak = run(argv, **env)
        verdict("from {} in {:.1f} s, peak memory".format(title, taken), peak, 150, " MB")
        if beside is None:
            text = os.path.join(place, "lock.txt")
            run(offkit("lock", "offbench-large", *TARGET, *where, "-o", text), **env)
            rivals = {
                "offkit bundle -r lock": lambda o=out, t=text, e=env: (
                    offkit("bundle", "-r", t, *TARGET, "-o", o), e),
                "cp and sha256sum": lambda p=place: (copying([wheel], os.path.join(p, "copy")), {}),
            }  # fmt: skip
            show("that wheel, warm", contest(rivals, rivals), {"cp and sha256sum": 1.3})
        shutil.rmtree(place)


def main():
    print("CPython {}, {} processors, medians of {}".format(SERIES, os.cpu_count(), ROUNDS))
    with tempfile.TemporaryDirectory(prefix="offkit-bench-") as folder:
        if "lock" in PARTS:
            lock(folder)
        if {"cold", "warm", "wire"}.intersection(PARTS):
            path, env, wheels = pins(folder)
            if "cold" in PARTS:
                cold(folder, path)
            if "warm" in PARTS:
                warm(folder, path, env, wheels)
            if "wire" in PARTS:
                wire(folder, path, wheels)
        if "large" in PARTS:
            large(folder)


if __name__ == "__main__":
    main()
