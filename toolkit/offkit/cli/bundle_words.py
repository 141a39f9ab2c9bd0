"""What 'offkit bundle' says: of what would be packed, and of what was, for one target and for several."""

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from offkit.cli import render
from offkit.model import groups, needs, sources, words
from offkit.model.control_node import Collection, collections, following
from offkit.model.finding import has_errors
from offkit.model.release import GLIBC

if TYPE_CHECKING:
    from offkit.model.finding import Finding

# Orders, plans and bundles are those of online.bundle, weights those of online.wheels.weights.


def would(planned: Any, order: Any, weights: Any) -> None:
    """For one target, before anything is packed."""
    render.document("offkit/plan-1", **_planned(planned, order, weights))
    _would(planned, order)
    how_large(weights)
    render.findings(planned.lock.findings)


def would_for_several(
    plans: Any, orders: Any, weights: Any, together: Any, findings: "Sequence[Finding]"
) -> None:
    """For several, with the weights and the ``findings`` of all of them."""
    parts = [(*plan, order, each) for plan, (_, order), each in zip(plans, orders, weights)]
    targets = [dict(name=name, **_planned(*part)) for name, *part in parts]
    render.document("offkit/plan-several-1", targets=targets, **_size(together))
    for _, planned, order, each in parts:
        _would(planned, order)
        how_large(each)
    render.title("together, with what they share once")
    render.table(_rows(together))
    render.findings(findings)


def _planned(planned: Any, order: Any, weights: Any) -> Dict[str, Any]:
    return {
        "target": order.target.to_json(),
        "wheels": [wheel.filename for wheel in (*planned.files(), *planned.own)],
        "pip": planned.pip.filename,
        "runtime": [wheel.filename for wheel in planned.runtime],
        "pythons": [dict(one._asdict()) for one in order.pythons.carried],
        "files": [dict(one._asdict()) for one in weights.files],
        **_size(weights),
        "installed_size": weights.installed(),
        "findings": [one.to_json() for one in planned.lock.findings],
        **_collections(planned.collections),
    }


def _size(weights: Any) -> Dict[str, Any]:
    return {
        "to_download": sum(one.size or 0 for one in weights.to_come()),
        "bundle_size": weights.size(),
    }


def _collections(found: "Sequence[Collection]") -> Dict[str, Any]:
    """Of a control node's bundle that has some."""
    return {"collections": [dict(one._asdict()) for one in found]} if found else {}


def _would(planned: Any, order: Any) -> None:
    render.title("would pack for {}".format(order.target.describe()))
    rows = [(wheel.name, wheel.version, wheel.filename) for wheel in planned.files()]
    rows += [(*wheel.filename.split("-")[:2], wheel.filename) for wheel in planned.own]
    rows.append(("pip", planned.pip.version, "(runs there to install the others)"))
    rows += [("Python", one.version, one.member) for one in order.pythons.carried]
    render.table([*rows, *(("collection", one.version, one.describe()) for one in planned.collections)])
    if order.shelves:  # which are wanted the wheels say, that are not here
        render.line("and RPMs from {}: not looked at in a dry run".format(", ".join(order.shelves)))


def how_large(weights: Any) -> None:
    """What is to come, and what it will be then, without RPMs; what nobody says is not guessed."""
    installed = weights.installed()
    there = "known once the wheels are here" if installed is None else "about " + words.size(installed)
    render.title("how large")
    render.table([*_rows(weights), ("on the server", there)])


def _rows(weights: Any) -> List[Tuple[str, str]]:
    some = "at least" if weights.unknown() else "about"
    return [
        ("to download", _files(weights.to_come())),
        ("in the cache", _files(weights.cached())),
        ("the bundle", "{} {}".format(some, words.size(weights.size()))),
    ]


def _files(weights: Any) -> str:
    if not weights:
        return "nothing"
    known = [one.size for one in weights if one.size is not None]
    some = "{}, {}".format(words.several(len(weights), "file"), words.size(sum(known)))
    lacking = len(weights) - len(known)
    return some + (" and {} of unknown size".format(lacking) if lacking else "")


def done(made: Any, order: Any) -> None:
    """For one target."""
    where, packed = order.target, made.packed
    contents = _contents(made, order)
    ansible = collections(packed.manifest.options) if order.control_node else []
    render.document(
        "offkit/bundle-report-1",
        target=where.to_json(),
        path=_path(made),
        size=packed.size,
        sha256=packed.sha256,
        digest=packed.digest,
        difference=_difference(made),
        parts=_parts(made),
        wheels=contents.pop("wheels"),
        libraries=contents.pop("libraries"),
        downloaded=made.downloaded,
        downloaded_size=made.downloaded_size,
        **contents,
        **_collections(ansible),
    )
    _written(made, where.describe())
    _inside(made, order)
    for one in ansible:
        render.line("  carries {}".format(one.describe()))
    _came(made, made)
    _needs(made)
    _found(made.findings, made)
    _carry(made)
    if order.control_node and not has_errors(made.findings):
        render.line("and there, with the inventory and the servers' bundle:")
        for step in following():
            render.line("    PREFIX/current/bin/{} {}".format(step.program, " ".join(step.words)))


def done_for_several(made: Any) -> None:
    """For several."""
    packed = made.packed
    render.document(
        "offkit/bundle-report-several-1",
        path=_path(made),
        size=packed.size,
        sha256=packed.sha256,
        digest=packed.digest,
        difference=_difference(made),
        parts=_parts(made),
        downloaded=made.counted.downloaded,
        downloaded_size=made.counted.downloaded_size,
        targets=[
            dict(name=name, target=got.order.target.to_json(), **_contents(got, got.order))
            for name, got in made.parts
        ],
    )
    number = words.several(len(made.parts), "target")
    _written(made, number)
    for name, got in made.parts:
        render.line("  {}: {}".format(name, got.order.target.describe()))
        _inside(got, got.order)
        _needs(got)
    render.line("  shared by targets: " + _shared(made.parts))
    _came(made.counted, made)
    _found(made.findings)
    for name, got in made.parts:
        _to_install(_line(got), got.lacking, name + ": ")
    _carry(made)


def _path(made: Any) -> str:
    """The file to name where the bundle is wanted."""
    return str(made.parted.listed if made.parted else made.packed.path)


def _difference(made: Any) -> Optional[Dict[str, Any]]:
    between = made.difference
    return dict(between._asdict(), path=_path(made)) if between else None


def _parts(made: Any) -> Optional[Dict[str, Any]]:
    parted = made.parted
    if not parted:
        return None
    return {"folder": str(parted.folder), "index": str(parted.listed), "names": list(parted.names)}


def _written(made: Any, whom: str) -> None:
    """What is there now, and that it is of no use where an error was found."""
    packed, between = made.packed, made.difference
    size = words.size(packed.size)
    if between:
        size = "{} of {}, what the earlier bundle has not,".format(words.size(between.size), size)
    if made.parted:
        size += " in " + words.several(len(made.parted.names), "part")
    path = made.parted.folder if made.parted else packed.path
    text = "{}  {}  for {}".format(path, size, whom)
    if has_errors(made.findings):
        render.bad(text + ": written, but not to be carried; what is wrong is said below")
    else:
        render.good(text)


def _shared(parts: Any) -> str:
    """Of the wheels that more than one target has: how many, and how large they are together."""
    users = Counter(path for _, got in parts for _, path in got.wheels)
    sizes = [path.stat().st_size for path, number in users.items() if number > 1]
    return "{}, {}".format(words.several(len(sizes), "wheel"), words.size(sum(sizes)))


def _contents(made: Any, order: Any) -> Dict[str, Any]:
    return {
        "wheels": [
            {"name": w.name, "version": w.version, "filename": w.filename, "from": w.origin or None}
            for w in made.lock.wheels
        ],
        "libraries": [library._asdict() for library in made.checklist.libraries],
        "pythons": [dict(one._asdict()) for one in order.pythons.carried],
        "sources": [dict(one._asdict()) for one in made.sources],
        "rpms": list(made.rpms.titles),
        "proofs": [dict(one._asdict()) for one in made.proofs],
        "findings": [one.to_json() for one in made.findings],
    }


def _inside(made: Any, order: Any) -> None:
    render.table(
        [(wheel.name, wheel.version, words.size(path.stat().st_size)) for wheel, path in made.wheels],
        "    ",
    )
    for one in order.pythons.carried:
        render.line("  carries {}, for a server without one".format(one.describe()))
    for one in made.sources:
        render.line("  carries " + sources.to_be_compiled(one))
    if made.rpms.titles:
        number = words.several(len(made.rpms.titles), "RPM")
        places = ", ".join(order.shelves)
        render.line("  carries {} from {}, {}".format(number, places, words.size(made.rpms.size)))
        render.line("    " + ", ".join(made.rpms.titles))
    for one in made.proofs:
        render.line("  " + one.describe())


def _needs(made: Any) -> None:
    libraries = [one for one in made.checklist.libraries if one.rpm != GLIBC and not one.in_bundle]
    render.line(
        "  needs from the server: glibc"
        + "".join(", {} ({})".format(one.soname, one.rpm or "package unknown") for one in libraries)
    )


def _found(findings: "Sequence[Finding]", made: Any = None) -> None:
    """What is wrong, and at the end what is to be installed; what may be wanted besides is a line. ``made``:
    for the one target that they are of."""
    aside = [] if render.verbose() else [each for each in findings if needs.is_aside(each)]
    line = _line(made) if made else ""
    render.findings([each for each in findings if each not in aside], last=line)
    wanted = [each.subject for each in aside if not each.fix.startswith(needs.BROUGHT)]
    if wanted:
        render.line("  may be wanted when they run, too: {} (-v says for what)".format(", ".join(wanted)))
    if made:
        _to_install(line, made.lacking)


def _line(made: Any) -> str:
    """For yum, with the alternative to it; "" where nothing is to be installed that is known. What few use is
    no part of it."""
    shown = [each for each in made.findings if render.verbose() or not needs.is_aside(each)]
    fixes = [each.fix for each in shown if each.fix.startswith(needs.ON_SERVER)]
    return groups.joined([*fixes, *map(needs.to_install, made.lacking.rpms)])


def _to_install(line: str, lacking: Any, whose: str = "") -> None:
    """The one line that is typed on the server, whole, and what is not known of it."""
    if not (line or lacking.others):
        return
    command, *others = line.splitlines() or [needs.ON_SERVER]
    where, _, command = command.partition(": ")
    render.line()
    render.line("{}{}{}:".format(whose, where, " ({})".format("; ".join(others)) if others else ""))
    if line:
        render.line("  " + command)
    for soname, what in lacking.others:
        render.line("  {}: {}".format(soname, what))
    if not lacking.sure:
        render.line("  what is installed there is not known, and yum leaves it as it is")


def _came(counted: Any, made: Any) -> None:
    came = "nothing"
    if counted.downloaded:
        size = words.size(counted.downloaded_size)
        came = "{}, {}".format(words.several(counted.downloaded, "file"), size)
    render.line("  downloaded {}, from the cache {}".format(came, counted.cached))
    if made.difference:
        render.line("  sha256 {} of the difference".format(made.difference.sha256))
        render.line("  sha256 {} of the whole bundle".format(made.packed.sha256))
        render.line("  it is to the bundle with the digest {}".format(made.difference.base))
    else:
        render.line("  sha256 {}".format(made.packed.sha256))


def _carry(made: Any) -> None:
    if has_errors(made.findings):
        return
    render.line()
    name = shlex.quote((made.parted.listed if made.parted else made.packed.path).name)
    what = "all files of {}".format(shlex.quote(made.parted.folder.name)) if made.parted else "it"
    if made.difference:
        merge = "offkit merge OLD.tar {} -o NEW.tar".format(name)
        render.line("Carry {} to where the old one is, then:  {}".format(what, merge))
        render.line("and  tar -xf NEW.tar install.sh && sh install.sh NEW.tar")
    elif made.parted:
        render.line("Carry {} to the server, into one directory, then:  sh install.sh {}".format(what, name))
    else:
        render.line("Carry it to the server, then:  tar -xf {0} install.sh && sh install.sh {0}".format(name))
