"""Whether a described server will have the Python that a bundle is for."""

from __future__ import annotations

from collections.abc import Sequence

from offkit.edges import releases
from offkit.model import probed
from offkit.model.finding import WARNING, Finding
from offkit.model.target import Target
from offkit.online.rpms.server import Server

_THERE = "its disc on the server: sh install.sh bundle.tar --iso FILE"
_HERE = "add it to the bundle: {}--python-build FILE or --python-source FILE"


def findings(target: Target, server: Server | None, carried: bool, titles: Sequence[str]) -> list[Finding]:
    """PY036 where it has none, and none comes along: neither ``carried`` nor among the RPMs with these
    titles. With the module of its package where the server hides that."""
    if server is None or server.pythons is None or carried:
        return []
    usable = [one for one in probed.pythons({"pythons": server.pythons}) if one.ordinary and not one.own]
    there = list(dict.fromkeys(one.series for one in usable))
    if target.python_minor in there:
        return []
    shipped = releases.of(target.el, target.name).pythons.get(target.python_minor)
    packages = shipped.install if shipped else ()
    if packages and {title.rsplit("-", 2)[0] for title in titles}.issuperset(packages):
        return []
    has = f"has Python {', '.join(there)} only" if there else "has no Python at all"
    message = f"the server {has} by its description, and the bundle brings none"
    fix = _HERE.format("--iso FILE or --rpm-repo URL, " if packages else "")
    fix += f"; or give {_THERE}" if packages else ""
    for name in packages:
        # A module is called as the package of its Python (EL 8).
        stream = server.streams.get(name, target.python_minor)
        if stream != target.python_minor:
            state = f"has {name}:{stream} enabled" if stream else f"has the module {name} disabled"
            message += f"; it {state}, so dnf hides the package {name}"
            fix = (
                f"on the server: dnf module reset {name}, then 'offkit probe' again; or without that "
                f"package: {_HERE.format('')}"
            )
    return [Finding("PY036", WARNING, f"Python {target.python_minor}", message, (), fix)]
