"""The truth table: what the doctor says about an environment, against what the loader says.

make truth   judges all pairs, prints the table and writes docs/truth-chosen.md

A pair is an environment of real wheels in a bare root that was altered. The loader's verdict is
that of the root's own Python and ld.so, inside (opener.py); the doctor's is ``examine`` with
that root, from outside.
"""

import argparse
import ast
import os
import platform
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Dict, List, NamedTuple, Tuple

import alterations
import bare
import elf_maker
import enter
import environments
import pairs
import pythons
from offkit.server.doctor.examine import examine

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TABLE = os.path.join(TOP, "docs", "truth-chosen.md")
_LAST = "/usr/lib"  # of the directories compiled into Debian's and Fedora's ld.so, one that has nothing
_SITE = "/env/lib/python{}/site-packages"


class Row(NamedTuple):
    """One pair, judged twice."""

    environment: str
    root: str
    modules: int
    others: int  # shared objects that packages open by name
    loader: Tuple[str, ...]  # what the loader misses
    doctor: Tuple[str, ...]  # what the doctor calls missing
    later: Tuple[str, ...]  # of these: what an earlier import may have loaded by then
    too_old: Tuple[str, ...]  # libraries that lack a symbol version, by the loader
    too_old_doctor: Tuple[str, ...]
    elsewhere: Tuple[str, ...]  # "name: loader's path, doctor's path" where they differ
    odd: Tuple[str, ...]  # what the loader said that is no verdict

    @property
    def false_alarms(self) -> List[str]:
        return sorted(set(self.doctor) - set(self.loader))

    @property
    def misses(self) -> List[str]:
        return sorted(set(self.loader) - set(self.doctor))

    @property
    def equal(self) -> bool:
        return not (self.false_alarms or self.misses or self.elsewhere or self.odd) and (
            set(self.too_old) <= set(self.too_old_doctor) and bool(self.too_old) == bool(self.too_old_doctor)
        )


def judge(environment: str, steps: str, where: str) -> Row:
    """Build the pair's root at ``where``, which must not exist, and ask both. Removes it again."""
    series = environments.SETS[environment][0]
    bare.make(where, series, stdlib="glibc")
    try:
        bare.link_tree(environments.installed(environment), where + environments.PLACE)
        alterations.Alteration(where).apply(steps)
        return compare(environment, steps, where, series)
    finally:
        bare.discard(where)


def compare(environment: str, steps: str, root: str, series: str) -> Row:
    verdicts = ask_loader(root, series)
    examination = examine(environments.PLACE, root=root, checks=["libraries"])
    missing = {each.subject for each in examination.findings if each.code in ("LIB001", "LIB004", "LIB008")}
    later = {each.subject for each in examination.findings if each.code == "LIB003"}
    old = {each.subject for each in examination.findings if each.code == "LIB002"}
    return Row(
        environment,
        steps,
        sum(each["module"] for each in verdicts),
        sum(not each["module"] for each in verdicts),
        tuple(sorted({name for each in verdicts for name in each["missing"]})),
        tuple(sorted(name for name in missing | later if "/" not in name)),
        tuple(sorted(later)),
        tuple(sorted({os.path.basename(each["old"][0]) for each in verdicts if each["old"]})),
        tuple(sorted(old)),
        tuple(_elsewhere(root, verdicts, examination.resolutions)),
        tuple(each["said"] for each in verdicts if each["bad"]),
    )


def ask_loader(root: str, series: str, folder: str = "") -> List[Dict]:
    """What opener.py printed, run by the root's Python without a network.

    ``folder`` is where it opens all that is there; the environment's site-packages by default.
    """
    os.makedirs(root + "/opener", exist_ok=True)
    shutil.copy2(os.path.join(HERE, "opener.py"), root + "/opener/opener.py")
    with open(root + "/opener/stub.so", "wb") as stub:
        stub.write(elf_maker.build(soname=""))
    argv = [bare.python_path(series), "-I", "-S", "/opener/opener.py"]
    argv += [folder or _SITE.format(series), "/opener/stub.so", _LAST]
    done = enter.run(root, argv, variables={"LD_DEBUG": "libs"})
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode("utf-8", "replace")[-2000:])
    return ast.literal_eval(done.stdout.decode("utf-8", "surrogateescape"))


def _elsewhere(root, verdicts, resolutions):
    """Names that the two found in different files."""
    said: Dict[str, set] = {}
    for each in resolutions:
        if each.path and each.how != "already loaded":
            said.setdefault(each.name, set()).add(_real(root, each.path))
    for each in verdicts:
        for name, path in each["found"].items():
            if path is not None and _real(root, path) not in said.get(name, ()):
                yield "{}: {}, {}".format(name, path, " ".join(sorted(said.get(name, ["not found"]))))


def _real(root, path):
    """Without symbolic links, inside the root."""
    inside = os.path.normpath(path)
    for _ in range(40):
        if not os.path.islink(root + inside):
            break
        inside = os.path.normpath(os.path.join(os.path.dirname(inside), os.readlink(root + inside)))
    folder = os.path.realpath(root + os.path.dirname(inside))
    return os.path.join(folder[len(os.path.realpath(root)) :] or "/", os.path.basename(inside))


def judge_all(pairs, progress=None):
    """The rows, in the order of ``pairs``, made on as many processors as there are."""
    with tempfile.TemporaryDirectory(prefix="offkit-truth-", dir=bare.cache()) as folder:
        for environment in dict.fromkeys(name for name, _ in pairs):
            environments.installed(environment)
        work = [
            (name, steps, os.path.join(folder, str(number))) for number, (name, steps) in enumerate(pairs)
        ]
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            futures = [pool.submit(judge, *each) for each in work]
            for future in as_completed(futures):
                if progress:
                    progress(future.result())
            return [future.result() for future in futures]


_INTRO = """# Chosen pairs

What `offkit doctor` says about an environment, against what the dynamic loader says: {pairs} pairs of an
environment and a root that really lacks what it lacks, chosen by hand. Written by `make truth`; those that are drawn, with programs
and imports, are in [the truth table](truth-table.md).

- *The loader*: inside the root and without a network, the root's own Python opens every extension
  module, and every other library that no module brings along, each in a process of its own. The loader
  stops at the first library it misses; an empty one is then put where it looks last, and the file is
  opened again, until it misses nothing. "Missing" are all names it stopped at.
- *The doctor*: `offkit doctor --root ROOT /env`, from outside, executing nothing.
- *At run time*: of the missing ones, those that lie in the environment itself, so that an import that comes
  first may have loaded them. Nothing decides that before it runs; the doctor reports them apart (LIB003).
- *Too old*: libraries that do not define a symbol version that is asked for.

For every library that both find, the file is the same too. The roots hold glibc, a few tools, CPython, and
stand-ins: libraries with the names and the dependencies that Enterprise Linux's have, and no code. Some
plug-ins of Qt ask for libraries that "everything" does not have.

**{equal} of {pairs} pairs are equal; {false} false alarms, {misses} misses.**
"""
_SHOWN = 9  # as many names stand in the table itself


def table(rows):
    """The document, as text: the same for the same rows, on every machine."""
    out = [
        _INTRO.format(
            pairs=len(rows),
            equal=sum(row.equal for row in rows),
            false=sum(len(row.false_alarms) for row in rows),
            misses=sum(len(row.misses) for row in rows),
        )
    ]
    out += ["## Environments", "", "| name | CPython | wheels |", "|---|---|---|"]
    for name in dict.fromkeys(row.environment for row in rows):
        series, wheels = environments.SETS[name]
        out.append("| {} | {} | {} |".format(name, series, ", ".join(wheels.split()) or "made by hand"))
    out += ["", "## Pairs", ""]
    out += [
        "| environment | root | modules | other | missing: the loader | the doctor | at run time | too old |"
    ]
    out += ["|---|---|--:|--:|---|---|---|---|"]
    notes: Dict[Tuple[str, ...], int] = {}
    for row in rows:
        cells = [row.environment, row.root, row.modules, row.others, _names(row.loader, notes)]
        cells += ["the same" if row.equal else "**" + _difference(row) + "**"]
        cells += [_names(row.later, notes), ", ".join(row.too_old)]
        out.append("| {} |".format(" | ".join(str(cell) for cell in cells)))
    if notes:
        out += ["", "## Long lists", ""]
        out += ["{}. {}".format(number, " ".join(names)) for names, number in notes.items()]
    return "\n".join(out) + "\n"


def _names(names, notes):
    if not names:
        return "-"
    if len(names) <= _SHOWN:
        return " ".join(names)
    return "{} libraries, list {}".format(len(names), notes.setdefault(names, len(notes) + 1))


def _difference(row):
    parts = [("false alarms", row.false_alarms), ("misses", row.misses), ("elsewhere", row.elsewhere)]
    parts += [("not understood", row.odd)]
    if set(row.too_old) != set(row.too_old_doctor):
        parts.append(("too old, by the doctor", row.too_old_doctor))
    return "; ".join("{}: {}".format(name, ", ".join(each)) for name, each in parts if each)


def obstacle():
    """Why the table cannot be made here, or ""."""
    if platform.machine() != "x86_64":
        return "the truth table's wheels are for x86_64"
    found = enter.obstacle()
    if found:
        return found
    wanted = sorted({environments.SETS[name][0] for name, _ in pairs.PAIRS})
    lacking = [series for series in wanted if pythons.find(series) is None]
    return "no CPython {} on PATH or under pyenv".format(", ".join(lacking)) if lacking else ""


def main():
    parser = argparse.ArgumentParser(description="Judge all pairs and print the truth table.")
    parser.add_argument("--write", action="store_true", help="write docs/truth-chosen.md too")
    parser.add_argument("--only", metavar="TEXT", default="", help="pairs whose 'environment: root' has it")
    options = parser.parse_args()
    reason = obstacle()
    if reason:
        print("skipped: " + reason, file=sys.stderr)
        return 1 if os.environ.get("OFFKIT_REQUIRE_ALL") == "1" else 0
    chosen = [pair for pair in pairs.PAIRS if options.only in ": ".join(pair)]

    def progress(row):
        print("{}  {}: {}".format("=" if row.equal else "X", row.environment, row.root), file=sys.stderr)

    rows = judge_all(chosen, progress)
    text = table(rows)
    print(text, end="")
    if options.write and not options.only:
        with open(TABLE, "w", encoding="utf-8") as document:
            document.write(text)
    return 0 if all(row.equal for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
