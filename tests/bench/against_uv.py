"""make bench-uv: sets.toml for six servers, locked by offkit and by uv, and every cure that offkit prints tried.

Each pair of a set and a server is asked of PyPI once and kept in RESULTS (.venv/against-uv.json); what is there
is not asked again. The table of it goes to docs/against-uv.md, with why they differ, from differences.toml;
a difference that is not explained there is listed, and makes the exit code 1. JOBS pairs run at a time (1).
"""

import concurrent.futures
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from packaging.utils import canonicalize_name

import printed_cures
from offkit.edges import releases
from offkit.model.target import preset

toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SETS, WHY = os.path.join(HERE, "sets.toml"), os.path.join(HERE, "differences.toml")
DOCS = os.path.join(TOP, "docs", "against-uv.md")
RESULTS = os.environ.get("RESULTS") or os.path.join(TOP, ".venv", "against-uv.json")
JOBS = int(os.environ.get("JOBS", "1"))
BIN = os.path.dirname(sys.executable)
# No two alike in Python and in glibc.
TARGETS = [
    preset(releases.known(), python, name)
    for name, python in (
        ("el7", "3.6"),
        ("el8", "3.8"),
        ("el8", "3.9"),
        ("el9", "3.9"),
        ("el9", "3.12"),
        ("el10", "3.12"),
    )
]
SAME, DIFFER, NEITHER, ONLY_UV, ONLY_OFFKIT = "same", "differ", "neither", "only uv", "only offkit"
MEANING = {
    SAME: "the same pins",
    DIFFER: "other pins",
    NEITHER: "both refuse",
    ONLY_UV: "only uv locks",
    ONLY_OFFKIT: "only offkit locks",
}


def key(target):
    return f"{target.name}/{target.python_minor}"


def environment():
    """PyPI alone for both, whatever this machine's pip is configured to ask besides."""
    left_out = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT", "UV_INDEX_URL")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "NO_COLOR": "1"}


def run(argv):
    began = time.monotonic()
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=environment(), errors="replace"
    )
    return done, round(time.monotonic() - began, 1)


def offkit(requirements, target, *more):
    """{pins, findings, code}: pins are None where it refuses."""
    argv = [
        os.path.join(BIN, "offkit"),
        "lock",
        "--json",
        "--target",
        target.name,
        "--python",
        target.python,
        *more,
    ]
    done, seconds = run([*argv, "--", *requirements])
    said = json.loads(done.stdout) if done.stdout else {}
    pins = {canonicalize_name(wheel["name"]): wheel["version"] for wheel in said.get("wheels", ())}
    return {
        "code": done.returncode,
        "seconds": seconds,
        "pins": pins or None,  # 1 with pins: locked, and what is wrong with it is told
        "findings": said.get("findings", []),
        "error": said.get("message", "") or ("" if said else done.stderr[-2000:]),
    }


def uv(requirements, target):
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "requirements.in")
        with open(source, "w") as out:
            out.write("\n".join(requirements))
        done, seconds = run(
            [shutil.which("uv", path=BIN), "pip", "compile", "-q", "--no-header", "--no-annotate", "--no-config",
             "--only-binary", ":all:", "--python-version", target.python,
             "--python-platform", "x86_64-manylinux_{}_{}".format(*target.glibc), source]
        )  # fmt: skip
    lines = [line.split(";")[0].strip() for line in done.stdout.splitlines() if "==" in line]
    pins = dict(line.split("==") for line in lines)
    pins = {canonicalize_name(name.split("[")[0]): version for name, version in pins.items()}
    return {
        "code": done.returncode,
        "seconds": seconds,
        "pins": pins if done.returncode == 0 else None,
        "error": done.stderr[-3000:],
    }


class Results:
    """What has been asked, in a file."""

    def __init__(self, path):
        self.path = path
        self.all = {}
        self._lock = threading.Lock()
        if os.path.exists(path):
            with open(path) as source:
                self.all = json.load(source)

    def put(self, name, value):
        with self._lock:
            self.all[name] = value
            with open(self.path + ".new", "w") as out:
                json.dump(self.all, out, indent=1)
            os.replace(self.path + ".new", self.path)


def kind(pair):
    """What became of a pair."""
    ours, theirs = pair["offkit"]["pins"], pair["uv"]["pins"]
    if ours is None:
        return NEITHER if theirs is None else ONLY_UV
    return ONLY_OFFKIT if theirs is None else SAME if ours == theirs else DIFFER


def changes(pair):
    """{name: (offkit's version, uv's)}, "" for none."""
    ours, theirs = pair["offkit"]["pins"], pair["uv"]["pins"]
    return {
        name: (ours.get(name, ""), theirs.get(name, ""))
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    }


def ask(results, sets):
    def one(task):
        row, target = task
        name = f"{row['name']} {key(target)}"
        pair = results.all.get(name, {})
        if pair.get("requirements") != row["requirements"]:
            requirements = row["requirements"]
            pair = {
                "requirements": requirements,
                "offkit": offkit(requirements, target),
                "uv": uv(requirements, target),
            }
            results.put(name, pair)
            print("{:<34} {}".format(name, kind(pair)), flush=True)
        if "cures" not in pair:
            pair = {**pair, "cures": printed_cures.tried(pair["offkit"], row["requirements"], target, offkit)}
            results.put(name, pair)
            for cure in pair["cures"]:
                if cure["works"] is False:
                    print("{:<34} does not help: {}".format(name, cure["words"]), flush=True)

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(one, [(row, target) for row in sets for target in TARGETS]))


def table(results, sets, explained):
    """The page, of the sets that have been asked for all servers, and what it leaves unexplained."""
    every = len(sets)
    sets = [
        row
        for row in sets
        if all("cures" in results.all.get(f"{row['name']} {key(at)}", {}) for at in TARGETS)
    ]
    pairs = {
        (row["name"], key(target)): results.all[f"{row['name']} {key(target)}"]
        for row in sets
        for target in TARGETS
    }
    lines = [HEAD.format(sets=len(sets), every=every, targets=len(TARGETS)), ""]
    lines.append("| server | " + " | ".join(MEANING.values()) + " |")
    lines.append("|---|" + "---|" * len(MEANING))
    for target in TARGETS:
        counts = [
            sum(1 for (_, at), pair in pairs.items() if at == key(target) and kind(pair) == each)
            for each in MEANING
        ]
        lines.append(
            f"| {target.name}, CPython {target.python}, glibc {target.glibc_text} | "
            + " | ".join(map(str, counts))
            + " |"
        )
    counts = [sum(1 for pair in pairs.values() if kind(pair) == each) for each in MEANING]
    lines.append("| all | " + " | ".join(map(str, counts)) + " |")
    cures = [cure for pair in pairs.values() for cure in pair["cures"]]
    tried = [cure for cure in cures if cure["works"] is not None]
    lines += ["", CURES.format(len(tried), sum(cure["works"] for cure in tried), len(cures) - len(tried)), ""]
    lines += ["## Where they differ", "", "| set | servers | offkit, uv | why |", "|---|---|---|---|"]
    open_ends = []
    for row in sets:
        for title in (DIFFER, ONLY_UV, ONLY_OFFKIT):
            same = {}
            for target in TARGETS:
                pair = pairs[row["name"], key(target)]
                if kind(pair) == title:
                    what = (
                        "; ".join(f"{n} {a or '–'}, {b or '–'}" for n, (a, b) in changes(pair).items())
                        if title == DIFFER
                        else MEANING[title]
                    )
                    same.setdefault((what, explained.get((row["name"], key(target)), "")), []).append(
                        key(target)
                    )
            for (what, why), servers in same.items():
                lines.append(
                    f"| {row['name']} | {', '.join(servers)} | {what} | {why or '**not explained yet**'} |"
                )
                open_ends += [] if why else [f"{row['name']} {', '.join(servers)}: {what}"]
    lines += ["", "## What both refuse", "", "| set | servers | what offkit says |", "|---|---|---|"]
    for row in sets:
        same = {}
        for target in TARGETS:
            pair = pairs[row["name"], key(target)]
            if kind(pair) == NEITHER:
                errors = [each for each in pair["offkit"]["findings"] if each["severity"] == "error"]
                said = "; ".join(sorted({f"{each['subject']} {each['code']}" for each in errors}))
                same.setdefault(said, []).append(key(target))
        lines += [f"| {row['name']} | {', '.join(servers)} | {said} |" for said, servers in same.items()]
    return "\n".join(lines) + "\n", open_ends


HEAD = """# Locks of offkit beside those of uv

{sets} of the {every} sets of requirements as people have them ([sets.toml](../tests/bench/sets.toml)), each for {targets} servers,
wheels only, from PyPI: `offkit lock` and `uv pip compile --only-binary :all:` with the same full version of Python and
the same glibc. `make bench-uv` makes this page anew."""
CURES = """Of what offkit printed as cures, {} were executed (other versions, `--pre`, another `--python` or `--target`,
a line added or deleted), and {} of them worked; {} more are advice that names no command for this machine."""


def main():
    with open(SETS, "rb") as source:
        sets = toml.load(source)["set"]
    with open(WHY, "rb") as source:
        explained = {
            (row["set"], server): row["why"]
            for row in toml.load(source).get("difference", ())
            for server in row["servers"]
        }
    results = Results(RESULTS)
    ask(results, sets)
    page, open_ends = table(results, sets, explained)
    with open(DOCS, "w") as out:
        out.write(page)
    for each in open_ends:
        print("not explained:", each)
    sys.exit(bool(open_ends))


if __name__ == "__main__":
    main()
