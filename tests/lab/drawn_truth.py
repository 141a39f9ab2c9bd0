"""The drawn truth table: environments from a pool of distributions, in roots that are drawn as well.

make truth-table   judges all pairs and writes docs/truth-table.md

What the doctor says of a pair, and the forecast of its wheels, is held against what happens there: what the
loader opens, which programs start, what can be imported (witness.py). Everything follows from SEED and from
drawn_pool.csv; what an environment wants of a server is learned in its first root, which has everything.
"""

import argparse
import ast
import contextlib
import csv
import functools
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Dict, List, NamedTuple, Tuple

import bare
import cache
import compiler
import donated
import donated_roots
import drawn_table
import elf_maker
import enter
import environments
import truth
import wheel_trees
import witness
from offkit.elf import reader
from offkit.model.finding import ERROR
from offkit.online.proof import forecast
from offkit.server.doctor import forecast as beforehand
from offkit.server.doctor import needs
from offkit.server.doctor.checks import INTERPRETER, LIBRARIES, NEEDS
from offkit.server.doctor.examine import examine
from target_maker import preset

HERE = os.path.dirname(os.path.abspath(__file__))
POOL = os.path.join(HERE, "drawn_pool.csv")
SEED, ENVIRONMENTS, ROOTS = 16, 190, 3
_RELEASE = "el9"
_VENDORED = re.compile(r"/[^/]*\.libs/")  # where auditwheel puts what it brings along
_MISSING = ("LIB001", "LIB003", "LIB004", "LIB008", "LIB025")
_REFUSED = {
    "LIB005": "damaged",
    "LIB014": "symbol",
    "LIB015": "static TLS",
    "LIB016": "executable",
    "LIB017": "ABI",
    "LIB018": "stack",
    "LIB028": "alignment",
}
_SAID = (
    ("symbol", re.compile(r"^(?P<path>[^:]*): undefined symbol: ")),
    ("static TLS", re.compile(r"^(?P<path>.*): cannot allocate memory in static TLS block")),
    (
        "executable",
        re.compile(r"^(?P<path>.*): cannot dynamically load (?:position-independent )?executable"),
    ),
    ("executable", re.compile(r"^(?P<path>.*): shared object cannot be dlopen\(\)ed")),
    ("stack", re.compile(r"^(?P<path>.*): cannot enable executable stack")),
    ("alignment", re.compile(r"^(?P<path>.*): ELF load command .* not (?:page-|properly )aligned")),
)
_DAMAGED = re.compile(
    r"^(?P<path>.*): (?:file too short|invalid ELF header|cannot read file data.*|ELF load command .*)$"
)
_ELSE = re.compile(
    r"dynamic module does not define|: version `|cannot open shared object file|file too short|invalid ELF header"
    r"|wrong ELF class|cannot read file data|ELF load command|ELF file OS ABI invalid|only ET_DYN and ET_EXEC"
)
# Of the needs those of Python itself, which may be another one then, and of the processor, which no root has,
# are not foreseen.
_FORESEEN = (
    "LIB001",
    "LIB002",
    "LIB003",
    "LIB004",
    "LIB025",
    "LIB026",
    "NEED001",
    "NEED002",
    "NEED003",
    "NEED007",
    "NEED008",
)
_PASSED = re.compile(r"object '([^']*)' from /etc/ld\.so\.preload cannot be preloaded")
_GONE = re.compile(r"([^\s:'\"]+): cannot open shared object file")


_VISIT = """\
set -e
LD_DEBUG=libs {} -I -S /opener/witness.py open /opener/open
/env/bin/python -I /opener/witness.py import /opener/import
"""


class Environment(NamedTuple):
    series: str
    names: Tuple[str, ...]
    pins: str

    @property
    def title(self):
        return "{} on {}".format(" + ".join(self.names), self.series)


def pool():
    with open(POOL, encoding="utf-8", newline="") as text:
        return [Environment(r["series"], (r["distribution"],), r["wheels"]) for r in csv.DictReader(text)]


def draw(count, seed=SEED):
    """So many environments, a third of them of several distributions that agree."""
    chance, rows, drawn = random.Random(seed), pool(), []
    left = list(rows)
    chance.shuffle(left)
    while len(drawn) < count and left:
        first = left.pop()
        many = chance.random() < 0.33
        if many:
            fitting = [each for each in left if each.series == first.series]
            chance.shuffle(fitting)
            for each in fitting[: chance.randint(1, 2)]:
                together = _together(first, each)
                if together is not None:
                    first = together
                    left.remove(each)
        drawn.append(first)
    return drawn


def _together(one, other):
    """None where the two want another version of something."""
    pins = dict(pin.split("==") for pin in one.pins.split())
    for name, version in (pin.split("==") for pin in other.pins.split()):
        if pins.setdefault(name, version) != version:
            return None
    return Environment(
        one.series, one.names + other.names, " ".join("==".join(p) for p in sorted(pins.items()))
    )


class Row(NamedTuple):
    environment: str
    root: str
    counts: Tuple[int, int, int, int]  # files opened, programs, kinds of scripts, modules imported
    loader: Tuple[str, ...]  # what the loader misses
    later: Tuple[str, ...]
    old: Tuple[str, ...]
    refused: Tuple[str, ...]
    dead: Tuple[str, ...]  # programs and scripts that do not start
    failing: Tuple[str, ...]  # imports
    errors: int  # that the doctor tells
    foreseen: int  # findings that the forecast tells too
    wrong: Tuple[str, ...]  # everything in which they differ
    unsaid: Tuple[str, ...]  # imports that fail where no file says so
    parts: Tuple[str, ...]  # what fails below those modules, where none of these does and errors are told
    overdone: Tuple[str, ...]  # errors, and nothing of all that fails
    seconds: float
    code: str  # the state of the doctor


class Stand:
    """One environment in a root that is altered and restored."""

    def __init__(self, environment, where):
        self.environment, self.root = environment, where
        self.series = environment.series
        self.wheels = wheel_trees.download(self.series, environment.pins)
        bare.make(where, self.series, stdlib="full")
        os.link(where + "/usr/bin/sh", where + "/usr/bin/bash")  # no server is without
        self.base = bare.base(self.series, "full")
        wheel_trees.install(where, self.series, self.wheels)
        self.site = "/env/lib/python{}/site-packages".format(self.series)
        self.files, self.sources = {}, {}
        for wheel in self.wheels:
            for each in wheel_trees.files(wheel):
                path = self._placed(each)
                self.files[path], self.sources[path] = each, wheel_trees.source(wheel, each)
        self.modules = sorted({name for wheel in self.wheels for name in wheel_trees.modules(wheel)})
        self.surveyed = self._survey(self.wheels)
        self.wanted = ()
        self.own = ()
        self.brings = {path: self._brought(path) for path, each in self.files.items() if each.module}

    def _brought(self, path):
        """What of the environment is loaded with a module where nothing is amiss."""
        named = {}
        for other, each in self.files.items():
            for name in (os.path.basename(other), each.soname):
                named.setdefault(name, set()).add(other)
        found, todo = set(), [path]
        while todo:
            more = {other for name in self.files[todo.pop()].needed for other in named.get(name, ())}
            todo += more - found
            found |= more
        return sorted(found)

    def _survey(self, wheels):
        return forecast.survey(
            [pathlib.Path(each) for each in wheels],
            # Of a release that offkit knows, what all its servers have is no question; these roots have less.
            preset(self.series, _RELEASE)._replace(name="drawn", el=0),
            pathlib.Path(wheel_trees.memory()) if wheels is self.wheels else None,
        )

    def restore(self, changed):
        for folder in ("usr/lib64", "usr/lib", "etc", "opt"):
            bare.discard(os.path.join(self.root, folder))
            bare.link_tree(os.path.join(self.base, folder), os.path.join(self.root, folder))
        for path, source in self.sources.items() if changed else ():
            if not os.path.lexists(self.root + path) or not os.path.samefile(self.root + path, source):
                if os.path.lexists(self.root + path):
                    os.remove(self.root + path)
                os.link(source, self.root + path)

    def judge(self, steps):
        start = time.monotonic()
        altered = any(words in steps for words in donated_roots.OWN)
        try:
            donated_roots.Alteration(self.root).apply(steps)
            survey = self._altered() if altered else self.surveyed
            happened = self._happened()
            if not self.wanted:
                self._learn(happened)
            return self._compare(steps, happened, survey, start)
        finally:
            self.restore(altered)

    def _altered(self):
        changed = {}
        for path, each in self.files.items():
            real = self.root + path
            if not os.path.exists(real):
                changed[each.path] = None
            elif os.stat(real).st_nlink == 1:
                changed[each.path] = real
        with tempfile.TemporaryDirectory(dir=os.path.dirname(self.root)) as folder:
            wheels = [wheel_trees.repacked(wheel, changed, folder) for wheel in self.wheels]
            return self._survey(wheels)

    def _happened(self):
        """What the witness saw, with what it was asked about."""
        suffixes = _suffixes(self.series)
        libraries, modules, programs, scripts = [], [], [], {}
        needed = {name for each in self.files.values() for name in each.needed}
        for path, each in sorted(self.files.items()):
            if not os.path.exists(self.root + path):
                continue
            if each.line and not path.endswith(".js"):  # which is given to an interpreter by its name
                scripts.setdefault(each.line, path)
            elif not each.shared:
                if each.interpreter:
                    programs.append(path)
            elif any(os.path.basename(path) == each.name + suffix for suffix in suffixes) and each.module:
                modules.append(path)
            elif not each.module and each.arch == "x86_64":
                libraries.append(path)
        users = {path: bool(needed & {os.path.basename(path), self.files[path].soname}) for path in libraries}
        libraries = [path for path in libraries if not (users[path] and _VENDORED.search(path))]
        libraries.sort(key=users.get)
        plan = {
            "open": [(path, True) for path in modules] + [(path, False) for path in libraries],
            "programs": programs,
            "scripts": sorted(scripts.values()),
            "brings": self.brings,
            "stub": "/opener/stub.so",
            "last": "/usr/lib",
        }
        return self._witness(plan)

    def _witness(self, plan):
        """Both halves of witness.py in one visit: entering a root is the dearest part."""
        os.makedirs(self.root + "/opener", exist_ok=True)
        for name in ("opener.py", "witness.py"):
            shutil.copy2(os.path.join(HERE, name), self.root + "/opener/" + name)
        with open(self.root + "/opener/stub.so", "wb") as stub:
            stub.write(elf_maker.build(soname=""))
        bare.write(self.root, "opener/open", repr(plan))
        bare.write(self.root, "opener/import", repr(self.modules))
        lines, said = self._run(_VISIT.format(bare.python_path(self.series)))
        opened, imports = lines
        passed = set(_PASSED.findall(said))
        return dict(ast.literal_eval(opened), imports=ast.literal_eval(imports), passed=passed)

    def _run(self, commands):
        done = enter.run(self.root, ["sh", "-c", commands], timeout=900)
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode != 0:
            raise RuntimeError(said[-2000:])
        return done.stdout.decode("utf-8", "surrogateescape").splitlines(), said

    def _parts(self, opened, said):
        """What fails that is imported by its own name, below a module that loads none of it or does without:
        the extension modules that the loader refuses, and of a distribution whose libraries it refuses the
        packages below the first. Where none of these fails, the libraries of those without any module."""
        said_of = {each["path"]: each["first"] for each in opened}
        refused = {path for path, text in said_of.items() if text and not text.startswith(witness.OPENED)}
        found, names = set(), set()
        for wheel in self.wheels:
            modules = wheel_trees.modules(wheel)
            mine = [each for each in wheel_trees.files(wheel) if self._placed(each) in refused]
            names.update(_dotted(each.path) for each in mine if each.module)
            if mine and not all(each.module for each in mine):
                names.update(wheel_trees.below(wheel))
            if not modules:
                paths = {each.path: said_of[self._placed(each)] for each in mine if not each.module}
                found.update(path for path, text in paths.items() if _covered(text, said))
        names = sorted(name for name in names if name.replace(".", "_").isidentifier())
        bare.write(self.root, "opener/import", repr(names))
        lines, _ = self._run("/env/bin/python -I /opener/witness.py import /opener/import")
        imports = ast.literal_eval(lines[-1])
        failing = {name for name, text in imports.items() if _of_loader(text) and _covered(text, said)}
        return failing or found

    def _placed(self, each):
        return os.path.normpath(os.path.join(self.site, each.path))

    def _learn(self, happened):
        """What is wanted of a server, and which of its own libraries the environment loads."""
        base = set(os.listdir(os.path.join(self.base, bare.LIB)))
        found = {p for each in happened["opened"] for p in each["found"].values() if p}
        system = {os.path.basename(path) for path in found if path.startswith("/usr/lib64/")}
        self.wanted = tuple(sorted(system - base)) or ("",)
        self.own = tuple(
            sorted(
                os.path.relpath(os.path.normpath(path), environments.PLACE)
                for path in found
                if path.startswith("/env/") and os.path.normpath(path) in self.files
            )
        )

    def _compare(self, steps, happened, survey, start):
        examination = examine(environments.PLACE, root=self.root, checks=[INTERPRETER, LIBRARIES, NEEDS])
        said = examination.findings
        before = beforehand.examine(
            survey.checklist,
            preset(self.series, _RELEASE),
            self.root,
            bundled=needs.Bundled(dict(pin.split("==") for pin in self.environment.pins.split()), ()),
        ).findings
        opened, programs = happened["opened"], happened["programs"]
        wrong = []
        loader = {name for each in opened + programs for name in self._missing(each)}
        doctor = {each.subject for each in said if each.code in _MISSING and "/" not in each.subject}
        _differ(wrong, "missing", {n for n in loader if "/" not in n}, doctor)
        old = {os.path.basename(each["old"][0]) for each in opened if each["old"]}
        old |= {os.path.basename(one[0]) for each in programs for one in each["old"]}
        _differ(wrong, "too old", old, {each.subject for each in said if each.code == "LIB002"})
        wrong += truth._elsewhere(self.root, opened, examination.resolutions)
        refused, beside = self._refused(opened, programs, wrong)
        told = {
            (_REFUSED[each.code], truth._real(self.root, each.looked_in[0]))
            for each in said
            if each.code in _REFUSED and each.looked_in and each.subject != "static TLS"
        }
        # It stops at the first of them; whoever else is loaded with that is refused as well.
        _differ(
            wrong, "refused", refused, {each for each in told if each in refused or each[1] not in beside}
        )
        gone = {self.files_interpreter(each["path"]) for each in programs if each["refused"]}
        _differ(wrong, "no loader", gone, {each.subject for each in said if each.code == "LIB026"})
        lost = {_interpreter(self.files[each["path"]].line) for each in happened["scripts"] if each["lost"]}
        _differ(wrong, "no interpreter", lost, {each.subject for each in said if each.code == "LIB027"})
        _differ(
            wrong, "preloaded", happened["passed"], {each.subject for each in said if each.code == "LIB019"}
        )
        theirs = self._theirs(opened)
        mine, foreseen = (
            {_plain(each) for each in those if each.code.startswith(_FORESEEN) and each.subject not in theirs}
            for those in (said, before)
        )
        _differ(wrong, "forecast", mine, foreseen)
        failing = {name: text for name, text in happened["imports"].items() if text}
        unsaid = [
            "{}: {}".format(name, _short(text)) for name, text in failing.items() if not _covered(text, said)
        ]
        errors = [each for each in said if each.severity == ERROR]
        dead = [each for each in programs if each["fatal"] or each["refused"]]
        silent = errors and not (failing or dead or lost)
        parts = self._parts(opened, said) if silent else ()
        return Row(
            self.environment.title,
            steps,
            (len(opened), len(programs), len(happened["scripts"]), len(self.modules)),
            tuple(sorted(loader)),
            tuple(sorted({each.subject for each in said if each.code == "LIB003"})),
            tuple(sorted(old)),
            tuple(sorted("{}: {}".format(*each) for each in refused)),
            tuple(sorted([each["path"] for each in dead] + ["#!" + each for each in lost])),
            tuple(sorted(failing)),
            len(errors),
            len(mine),
            tuple(wrong),
            tuple(unsaid),
            tuple(sorted(parts)),
            tuple(sorted({"{} {}".format(each.code, each.subject) for each in errors}))
            if silent and not parts
            else (),
            time.monotonic() - start,
            _code(),
        )

    def _missing(self, each):
        """Of what auditwheel has put aside and nobody needs by its name: not what lies beside it, for whoever
        opens that has loaded this before."""
        if not _VENDORED.search(each["path"]):
            return list(each["missing"])
        own = {os.path.basename(path) for path in self.files if os.path.exists(self.root + path)}
        return [name for name in each["missing"] if name not in own]

    def _theirs(self, opened):
        """What libraries of the server need themselves: no package manager leaves that out, and no wheel says it."""
        found = {place for each in opened for place in each["found"].values() if place}
        needed = set()
        for place in {truth._real(self.root, place) for place in found if place.startswith("/usr/")}:
            with contextlib.suppress(OSError, ValueError), open(self.root + place, "rb") as file:
                needed.update(reader.read(file).needed)  # a link may lead nowhere, and a file be damaged
        return needed

    def files_interpreter(self, path):
        with open(self.root + path, "rb") as source:
            content = source.read()
        if donated_roots.MUSL in content:
            return donated_roots.MUSL.decode()
        return self.files[path].interpreter

    def _refused(self, opened, programs, wrong):
        refused, beside = set(), set()
        tried = [(each["first"], each["path"], each["found"]) for each in opened]
        for said, path, names in tried + [(each["fatal"], each["path"], {}) for each in programs]:
            found = [(kind, regex.match(said)) for kind, regex in _SAID]
            matched = [(kind, match.group("path")) for kind, match in found if match]
            # Of what may not be opened it says the name that was asked for.
            refused.update(
                (kind, truth._real(self.root, names.get(place) or place)) for kind, place in matched
            )
            if matched:
                beside.update(truth._real(self.root, place) for place in (path, *names.values()) if place)
            damaged = _DAMAGED.match(said)
            if damaged and damaged.group("path") == path:
                refused.add(("damaged", truth._real(self.root, path)))
            elif damaged:  # what it needs, which is missing by that
                beside.add(truth._real(self.root, damaged.group("path")))
            elif said and not (matched or _ELSE.search(said)):
                wrong.append("not understood: " + said)
        return refused, beside


def _differ(wrong, what, loader, doctor):
    if loader != doctor:
        more, less = sorted(doctor - loader, key=str), sorted(loader - doctor, key=str)
        wrong.append("{}: false {}, missed {}".format(what, more, less))


def _plain(each):
    return "LIB001" if each.code == "LIB004" else each.code, each.severity, each.subject


def _interpreter(line):
    words = line.split()
    if words and words[0] == "/usr/bin/env":
        return next((word for word in words[1:] if not re.match(r"-|\w+=", word)), "")
    return words[0] if words else ""


def _covered(text, said):
    """Whether the doctor has told an error that this failure follows from."""
    errors = [each for each in said if each.severity == ERROR]
    names = {os.path.basename(name) for name in _GONE.findall(text)}
    if names:
        return any(os.path.basename(each.subject) in names for each in errors)
    if "undefined symbol" in text:
        return any(each.code == "LIB014" for each in errors)
    return bool(errors)


def _of_loader(text):
    """Whether the loader has said it, and not the code."""
    said = [each.partition(": ")[2] for each in text.split(" < ")]
    return any(_GONE.search(each) or _ELSE.search(each) or _refusal(each) for each in said)


def _refusal(said):
    return any(regex.search(said) for _, regex in _SAID)


def _dotted(path):
    """The module that a file is."""
    folder, name = os.path.split(path)
    return os.path.join(folder, name.split(".")[0]).replace("/", ".")


@functools.cache
def _code():
    """Of all that judges, what the code is: offkit's, its data, and this directory's."""
    top = os.path.dirname(os.path.dirname(HERE))
    found = []
    for folder in ("toolkit", "repo-config", os.path.join("tests", "lab")):
        for path in sorted(pathlib.Path(top, folder).rglob("*")):
            if path.suffix in (".py", ".csv", ".json") and path != pathlib.Path(drawn_table.__file__):
                found += [str(path.relative_to(top)), path.read_text(encoding="utf-8")]
    return cache.digest(found)


def _short(text):
    return text.split(" < ")[0][:160]


def _suffixes(series):
    tag = "cpython-{}{}".format(series.replace(".", ""), "m" if series in ("3.6", "3.7") else "")
    return [".{}-x86_64-linux-gnu.so".format(tag), ".abi3.so", ".so"]


def roots(stand, count, chance):
    """Texts of so many roots for what a stand wants and has."""
    wanted, own = [name for name in stand.wanted if name], list(stand.own)
    programs = [
        os.path.relpath(path, environments.PLACE)
        for path, each in stand.files.items()
        if each.interpreter and not each.shared
    ]
    kinds = ["bare"] + ["preloaded"] * (chance.random() < 0.1)
    if wanted:
        kinds += ["without", "without", "some", "some", "spoilt", "spoilt", "wrapped", "hollow", "older"]
    if own:
        kinds += ["own", "own"] if wanted else ["own"] * 4
    if programs:
        kinds += ["musl"]
    made = []
    for _ in range(20 * count):
        steps = _steps(chance.choice(kinds), wanted, own, programs, chance)
        if steps and steps not in made:
            made.append(steps)
        if len(made) == count:
            break
    return made


_SPOILT = ("only 32-bit ", "first a 32-bit ", "broken link ", "link to itself ", "link elsewhere ")
_SPOILT += ("text in place of ", "empty ", "cut short ", "a directory named ", "unknown directory with ")
_SPOILT += ("in /usr/lib ", "only for newer CPUs ")


def _steps(kind, wanted, own, programs, chance):
    def several(names):
        return " ".join(sorted(chance.sample(names, min(len(names), chance.randint(1, 3)))))

    if kind == "bare":
        return "bare"
    if kind == "without":
        return "everything; without " + several(wanted)
    if kind == "some":
        return "bare; plus " + " ".join(sorted(chance.sample(wanted, (len(wanted) + 1) // 2)))
    if kind == "spoilt":
        return "everything; " + chance.choice(_SPOILT) + several(wanted)
    if kind == "wrapped":
        return "everything; " + chance.choice(list(donated_roots.WRAPPERS)) + chance.choice(wanted)
    if kind == "hollow":
        return "everything; hollow " + chance.choice(wanted)
    if kind == "older":
        fitting = [name for name in wanted if donated_roots.newest(name)]
        return "everything; older " + chance.choice(fitting) if fitting else ""
    if kind == "own":
        words = chance.choice(["lost ", "a hollow own ", "cut short, own "])
        return "everything; " + words + chance.choice(own)
    if kind == "musl":
        return "everything; musl's loader for " + chance.choice(programs)
    gone = "libgone.so.1 /opt/libnowhere.so"
    return "everything; preloaded " + (chance.choice(wanted) if wanted and chance.random() < 0.5 else gone)


def judge(environment, count, seed, folder):
    """The rows of one environment: the root with everything first."""
    where = tempfile.mkdtemp(dir=folder)
    try:
        stand = Stand(environment, os.path.join(where, "root"))
        rows = [stand.judge("everything")]
        chance = random.Random("{} {}".format(seed, environment.title))
        rows += [stand.judge(steps) for steps in roots(stand, count - 1, chance)]
        return rows
    finally:
        bare.discard(where)


def judged(resume) -> Dict[str, List[Row]]:
    """The rows of each environment that a file has."""
    done = {}
    if resume and os.path.exists(resume):
        with open(resume, encoding="utf-8") as lines:
            for line in lines:
                rows = [Row(*_tuples(each)) for each in json.loads(line)]
                done[rows[0].environment] = rows
    return done


def judge_all(drawn, count, seed, resume="", progress=None, workers=0):
    """The rows of all environments, on as many processors as there are. ``resume`` is a file with a line for
    each that was judged before; it grows."""
    donated.folder()
    _code()  # of now, whatever is written while it runs
    done = judged(resume)
    left, failed = [each for each in drawn if each.title not in done], []
    with tempfile.TemporaryDirectory(prefix="offkit-truth-", dir=bare.cache()) as folder:
        with ProcessPoolExecutor(workers or os.cpu_count() or 1) as processes:
            futures = {processes.submit(judge, each, count, seed, folder): each for each in left}
            for future in as_completed(futures):
                if future.exception() is not None:
                    failed.append("{}: {!r}".format(futures[future].title, future.exception()))
                    print("!! " + failed[-1], file=sys.stderr, flush=True)
                    continue
                rows = future.result()
                done[rows[0].environment] = rows
                if resume:
                    with open(resume, "a", encoding="utf-8") as out:
                        out.write(json.dumps(rows) + "\n")
                for row in rows if progress else ():
                    progress(row)
    if failed:
        raise RuntimeError("not judged: " + "; ".join(failed))
    return [row for each in drawn for row in done[each.title]]


def _tuples(fields):
    return [tuple(each) if isinstance(each, list) else each for each in fields]


def main():
    parser = argparse.ArgumentParser(description="Judge drawn pairs, and write docs/truth-table.md.")
    parser.add_argument("--environments", type=int, default=ENVIRONMENTS, metavar="N")
    parser.add_argument("--roots", type=int, default=ROOTS, metavar="N", help="for each environment")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N")
    parser.add_argument("--only", default="", metavar="TEXT", help="environments that have it in their title")
    parser.add_argument("--resume", default="", metavar="FILE", help="what an interrupted run has judged")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes; as many as processors"
    )
    parser.add_argument("--judged", action="store_true", help="only what --resume has")
    parser.add_argument("--write", action="store_true", help="write docs/truth-table.md")
    options = parser.parse_args()
    reason = truth.obstacle() or compiler.obstacle()
    if reason:
        print("skipped: " + reason, file=sys.stderr)
        return 1 if os.environ.get("OFFKIT_REQUIRE_ALL") == "1" else 0
    drawn = [each for each in draw(options.environments, options.seed) if options.only in each.title]
    if options.judged:
        done = judged(options.resume)
        drawn = [each for each in drawn if each.title in done]

    def progress(row):
        mark = "X" if row.wrong else "?" if row.unsaid else "="
        print("{}  {}: {} ({:.1f} s)".format(mark, row.environment, row.root, row.seconds), file=sys.stderr)
        for each in (*row.wrong, *row.unsaid):
            print("      " + each, file=sys.stderr)

    rows = judge_all(drawn, options.roots, options.seed, options.resume, progress, options.workers)
    text = drawn_table.table(rows, pool(), options.seed)
    if options.write and not options.only:
        with open(drawn_table.TABLE, "w", encoding="utf-8") as document:
            document.write(text)
    print(drawn_table.summary(rows))
    return 0 if not any(row.wrong for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
