"""The drawn truth table as a document: the same for the same rows, on every machine."""

import os
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs", "truth-table.md")
_SHOWN = 4  # as many names stand in the table itself

_INTRO = """# Truth table

What `offkit doctor` says about an environment, against what happens there: {pairs} pairs of an environment and a
root. The {environments} environments are drawn (seed {seed}) from {distributions} distributions for CPython {series},
each with all that it requires (`tests/lab/drawn_pool.csv`); {several} are of several distributions. Each is judged in a
root that has every library, and in others that are drawn too: without some, with spoilt, older or hollow ones, with
damaged files of its own. {states} Written by `make truth-table`; 106 pairs that were chosen by hand
are in [truth-chosen.md](truth-chosen.md).

Inside the root, without a network, each in a process of its own:

- every extension module and library is opened as an import would (`RTLD_NOW`), what auditwheel has put into `*.libs`
  with those who need it, if anybody does; where the loader misses something, until all that it misses is known;
- every program is started, and the loader asked what it would load (`LD_TRACE_LOADED_OBJECTS`); of the scripts
  (but for *.js, which is given to an interpreter by its name) one for each first line;
- every top-level module of every distribution is imported.

From outside, executing nothing, the doctor is asked; and the forecast of the wheels, as `offkit doctor bundle.tar`
does. A pair is equal when these are the same: the names of what is missing, of what is too old, the file that
every name leads to, the files that are refused and why, the loaders and interpreters that are not there, and what
cannot be preloaded; and when the forecast has the doctor's missing and old libraries, loaders and needs, with its
severities. What is no part of that, as the forecast can know little of it or nothing: symbols, static TLS and damage
(LIB005, LIB014 to LIB019, LIB028), scripts, what libraries of the server need themselves, and what Python itself and the processor have (NEED004 to NEED006).

**{equal} of {pairs} pairs are equal.** {unequal}

| in all pairs together | |
|---|--:|
{kinds}

## What no file says

{failing} of {imports} imports failed; {unsaid} of these ({share}) where the doctor tells no error, as nothing that
it reads says so:

{reasons}

What a module imports and its metadata does not require is undecidable for the doctor, which reads ELF files and
metadata. `offkit smoke` imports the same modules, and tells it.

The other way round, an error is to be what makes an import fail, or a program. In {parts} pairs with an error every
top-level module is imported all the same, and what fails is imported by its own name: below a package that loads
nothing that was compiled when it is imported, as PyQt5's, or that tries, and goes on without. The doctor takes all
of such a distribution for wanted, where its own code does not tell parts apart. What failed there (a module, as
Python imports it; where none, the library of a distribution without modules), and in how many pairs:

{below}

In {overdone} pairs an error is told and nothing failed{errors}
"""


def table(rows, pool, seed):
    unsaid = Counter(each for row in rows for each in row.unsaid)
    failing = sum(len(row.failing) for row in rows)
    unequal = [row for row in rows if row.wrong]
    out = [
        _INTRO.format(
            pairs=len(rows),
            environments=len({row.environment for row in rows}),
            distributions=len({name for each in pool for name in each.names}),
            series=", ".join(sorted({each.series for each in pool}, key=lambda s: int(s.split(".")[1]))),
            seed=seed,
            several=len({row.environment for row in rows if " + " in row.environment}),
            equal=len(rows) - len(unequal),
            unequal="The others are marked." if unequal else "",
            kinds="\n".join(_kinds(rows)),
            failing=failing,
            imports=sum(row.counts[3] for row in rows),
            unsaid=sum(unsaid.values()),
            share="{:.1f} %".format(100 * sum(unsaid.values()) / max(failing, 1)),
            reasons=_counted(unsaid),
            states=_states(len({row.code for row in rows})),
            parts=sum(bool(row.parts) for row in rows),
            below=_counted(Counter(each for row in rows for each in row.parts)),
            overdone=sum(bool(row.overdone) for row in rows),
            errors=_counted(Counter(each for row in rows for each in row.overdone), ":\n\n", "."),
        )
    ]
    out += ["## Pairs", ""]
    out.append(
        "| environment | root | opened | programs | imported | missing | too old, refused, not started | imports that fail | |"
    )
    out.append("|---|---|--:|--:|--:|---|---|---|---|")
    for row in rows:
        odd = [*("too old: " + each for each in row.old), *row.refused, *row.dead]
        cells = [
            row.environment,
            _plain(row.root),
            row.counts[0],
            row.counts[1] + row.counts[2],
            row.counts[3],
        ]
        cells += [_names(row.loader), _names(odd), _names(row.failing)]
        cells += ["**" + _plain("; ".join(row.wrong)) + "**" if row.wrong else "equal"]
        out.append("| {} |".format(" | ".join(str(cell) for cell in cells)))
    return "\n".join(out) + "\n"


def _states(count):
    if count == 1:
        return "All were judged by one state of the code."
    return "They were judged by {} states of the code.".format(count)


def _counted(found, before="", nothing="- none"):
    lines = ["- {} ({})".format(_plain(each), count) for each, count in sorted(found.items())]
    return before + "\n".join(lines) if lines else nothing


def _kinds(rows):
    """What was found, and of it what both say."""
    found = Counter()
    for row in rows:
        found["names of missing libraries"] += len(row.loader)
        found["of these, in the environment itself"] += len(row.later)
        found["libraries that are too old"] += len(row.old)
        for each in row.refused:
            found["refused: " + each.partition(":")[0]] += 1
        for each in row.dead:
            found[
                "scripts without their interpreter" if each.startswith("#!") else "programs that do not start"
            ] += 1
        found["files opened"] += row.counts[0]
        found["programs started"] += row.counts[1]
        found["findings that the forecast has too"] += row.foreseen
    return ["| {} | {} |".format(kind, count) for kind, count in found.items()]


def _names(names):
    if not names:
        return "-"
    more = len(names) - _SHOWN
    return _plain(" ".join(names[:_SHOWN])) + (" and {} more".format(more) if more > 0 else "")


def _plain(text):
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def summary(rows):
    wrong, unsaid = sum(bool(row.wrong) for row in rows), sum(len(row.unsaid) for row in rows)
    return "{} pairs, {} not equal, {} imports fail unsaid, {} pairs with an error and no failure".format(
        len(rows), wrong, unsaid, sum(bool(row.overdone) for row in rows)
    )
