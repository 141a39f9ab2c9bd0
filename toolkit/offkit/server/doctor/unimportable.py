"""LIB005 for shared objects with the names of extension modules that are none.

Setuptools gives such names (PEP 3149) to all that it compiles, so libraries that ctypes opens have them
too. One is an error where code imports it by name, which Python refuses: "dynamic module does not define
module export function" (Python/importdl.c).
"""

from typing import Dict, Iterable, List

from offkit.elf import importers
from offkit.elf.objects import LIBRARY, MODULE, Object, exports
from offkit.elf.reach import Owners
from offkit.model.finding import ERROR, Finding
from offkit.server.doctor.shared_objects import imported
from offkit.server.environment.environment import Environment


def inspect(env: Environment, objects: Iterable[Object], owners: Owners) -> List[Finding]:
    """Those that the distributions which bring them import for certain."""
    there = list(objects)
    modules = {importers.dotted(each.path) for each in there if each.kind == MODULE}
    suspects: Dict[str, List[Object]] = {}
    for each in there:
        if each.kind == LIBRARY and imported(env, each.path) and importers.dotted(each.path) not in modules:
            suspects.setdefault(owners.owner(each.path), []).append(each)
    found = []
    for who, those in suspects.items():
        if who:
            mine = {owners.relative(each.path): each for each in those}
            named = importers.named(
                [each._replace(path=path) for path, each in mine.items()],
                owners.sources(who),
                lambda source, who=who: owners.read(who, source),  # type: ignore[misc]
            )
            found += [_finding(env, mine[path]) for path in sorted(named)]
    return found


def _finding(env: Environment, one: Object) -> Finding:
    (symbol,) = exports(one.path)
    message = "is named like an extension module, but does not define {}: it cannot be imported".format(
        symbol.decode("ascii")
    )
    return Finding(
        "LIB005", ERROR, env.shorten(one.path), message, (one.path,), "use another build of the package"
    )
