"""make bench-doctor: what judging an environment costs, beside ldd, lddtree and auditwheel.

One environment with hundreds of ELF files, all contestants in turns on one machine, the median of
a few rounds. Every contestant looks at the same files; offkit looks at the interpreter and the
standard library besides. What is not installed is left out, and said. Environments are kept in
~/.cache/offkit-bench (or $OFFKIT_BENCH).
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "tests", "makers")]

import pythons  # noqa: E402
import repo_maker  # noqa: E402

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an offkit that is installed is not compiled each time
KEEP = os.environ.get("OFFKIT_BENCH") or os.path.expanduser("~/.cache/offkit-bench")
PACKAGES = [
    "numpy",
    "scipy",
    "pandas",
    "opencv-python-headless",
    "matplotlib",
    "scikit-learn",
    "lxml",
    "h5py",
    "pillow",
]
ROUNDS = 5
LEAST = 300  # ELF files

# The doctor's judgement of the libraries alone, inside a process that has started: its seconds, and the
# memory of the process at its greatest, in kB.
JUDGE = """
import resource, sys, time
sys.path.insert(0, sys.argv[1])
from offkit.server.doctor.examine import examine
began = time.perf_counter()
result = examine(sys.argv[2], checks=["libraries"])
taken = time.perf_counter() - began
print(taken, result.summary.elf_files, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
COMMAND = "import sys; sys.path.insert(0, sys.argv.pop(1)); from offkit.cli.app import main; main()"
AUDIT = """
import sys
from pathlib import Path
from auditwheel.lddtree import ldd
for path in sys.stdin.read().splitlines():
    ldd(Path(path))
"""
REPODATA = """
import sys, time
sys.path.insert(0, sys.argv[1])
from offkit.media.medium import Directory
from offkit.edges.tree import Tree
began = time.perf_counter()
index = Directory(Tree("/"), sys.argv[2]).repository("").search({"liba77.so.5()(64bit)"})
print(time.perf_counter() - began, index.total)
"""


def environment(name, packages):
    """A virtual environment below KEEP, made once."""
    place = os.path.join(KEEP, name)
    if not os.path.exists(os.path.join(place, "complete")):
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        pip = [os.path.join(place, "bin", "python"), "-m", "pip", "install", "-q", "--only-binary=:all:"]
        subprocess.run([*pip, "--disable-pip-version-check", *packages], check=True)
        open(os.path.join(place, "complete"), "w").close()
    return place


def elf_files(top):
    """Every shared object of an environment, once."""
    found = []
    for folder, _, names in os.walk(os.path.join(top, "lib")):
        for name in names:
            path = os.path.join(folder, name)
            if (name.endswith(".so") or ".so." in name) and not os.path.islink(path):
                with open(path, "rb") as source:
                    if source.read(4) == b"\x7fELF":
                        found.append(path)
    return sorted(found)


def seconds(argv, text=None):
    """(wall time, stdout). Whoever cannot do its work at all is no rival: that ends the run."""
    began = time.perf_counter()
    done = subprocess.run(argv, input=text and text.encode(), capture_output=True, check=False)
    taken = time.perf_counter() - began
    if b"Traceback" in done.stderr or done.returncode > 1:
        sys.exit("{} failed:\n{}".format(argv[0], done.stderr.decode("utf-8", "replace")[-800:]))
    return taken, done.stdout.decode("utf-8", "replace")


def each_alone(argv, paths):
    """One process for each file, as in a shell loop."""
    began = time.perf_counter()
    for path in paths:
        subprocess.run([*argv, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def judge(python, place):
    """(seconds, ELF files read, MB of memory) of the judgement alone."""
    _, out = seconds([python, "-c", JUDGE, os.path.join(TOP, "toolkit"), place])
    taken, files, memory = out.split()
    return float(taken), int(files), int(memory) / 1000


def contest(place, paths):
    """{contestant: median seconds}"""
    python, series = sys.executable, "{}.{}".format(*sys.version_info[:2])
    command = [python, "-c", COMMAND, os.path.join(TOP, "toolkit"), "doctor", place, "libraries", "-q"]
    rivals = {
        "offkit, the judgement on CPython " + series: lambda: judge(python, place)[0],
        "offkit doctor libraries, start to end": lambda: seconds(command)[0],
        "ldd, all files at once": lambda: seconds(["ldd", *paths])[0],
        "ldd, file by file": lambda: each_alone(["ldd"], paths),
    }
    old = pythons.find("3.6")
    if old:
        rivals["offkit, the judgement on CPython 3.6"] = lambda: judge(old, place)[0]
    if shutil.which("lddtree"):
        tree = [
            os.path.join(environment("lddtree", ["pyelftools"]), "bin", "python"),
            shutil.which("lddtree"),
        ]
        rivals["lddtree (pax-utils), all files at once"] = lambda: seconds([*tree, *paths])[0]
    else:
        print("lddtree: not installed (Debian: pax-utils)")
    if sys.version_info >= (3, 10):
        other = os.path.join(environment("auditwheel", ["auditwheel==6.4.2"]), "bin", "python")
        rivals["auditwheel's lddtree, in one process"] = lambda: seconds(
            [other, "-c", AUDIT], "\n".join(paths)
        )[0]
    times = {name: [] for name in rivals}
    for _ in range(ROUNDS):
        for name, run in rivals.items():
            times[name].append(run())
    return {name: statistics.median(taken) for name, taken in times.items()}


def growth(paths):
    """Seconds and MB for 1, 3 and 9 copies of the same modules: [(files, seconds, MB)]."""
    rows = []
    with tempfile.TemporaryDirectory(dir=KEEP) as folder:
        for copies in (1, 3, 9):
            place = os.path.join(folder, str(copies))
            site = os.path.join(place, "lib", "python{}.{}".format(*sys.version_info[:2]), "site-packages")
            for number in range(copies):
                for path in paths:
                    target = os.path.join(site, "copy{}".format(number), path.partition("site-packages/")[2])
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    os.link(path, target)
            with open(os.path.join(place, "pyvenv.cfg"), "w") as config:
                config.write("home = {}\n".format(os.path.dirname(os.path.realpath(sys.executable))))
            os.makedirs(os.path.join(place, "bin"))
            os.symlink(os.path.realpath(sys.executable), os.path.join(place, "bin", "python3"))
            runs = [judge(sys.executable, place) for _ in range(ROUNDS)]
            taken = statistics.median(taken for taken, _, _ in runs)
            rows.append((copies * len(paths), taken, max(memory for _, _, memory in runs)))
    return rows


def repodata():
    """{interpreter: median seconds} for a primary.xml.gz of 4,000 packages."""
    packages = [
        repo_maker.package(
            "package-{}".format(number),
            ["lib{}{}.so.{}()(64bit)".format(letter, number, number % 9) for letter in "abc"]
            + ["package-{}(x86-64)".format(number)],
            ["libc.so.6(GLIBC_2.{})(64bit)".format(minor) for minor in range(2, 12)] + ["rtld(GNU_HASH)"],
        )
        for number in range(4000)
    ]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        repo_maker.repository(folder, packages)
        for python in (pythons.find("3.6"), sys.executable):
            if python:
                argv = [python, "-c", REPODATA, os.path.join(TOP, "toolkit"), folder]
                taken = [float(seconds(argv)[1].split()[0]) for _ in range(ROUNDS)]
                found[python] = statistics.median(taken)
    return found


def main():
    place = environment("environment", PACKAGES)
    paths = elf_files(place)
    print("{} ELF files of {}; median of {} rounds".format(len(paths), ", ".join(PACKAGES), ROUNDS))
    if len(paths) < LEAST:
        sys.exit("fewer than {} files: this measures nothing".format(LEAST))
    times = contest(place, paths)
    ldd = times["ldd, all files at once"]
    for name, taken in times.items():
        print("  {:42} {:7.3f} s   {:6.3f} of ldd".format(name, taken, taken / ldd))
    print("growth with the number of files")
    rows = growth(paths)
    for files, taken, memory in rows:
        print(
            "  {:5} files {:7.3f} s   {:6.3f} ms each   {:4.0f} MB".format(
                files, taken, 1000 * taken / files, memory
            )
        )
    print("repodata of 4,000 packages")
    for python, taken in repodata().items():
        print("  {:42} {:7.3f} s".format(python, taken))


if __name__ == "__main__":
    main()
