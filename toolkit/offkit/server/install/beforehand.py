"""What an installation would say of this machine, for who only asks."""

import sys
from typing import List, Optional, Sequence

from offkit.edges import host, releases
from offkit.edges.host import Host
from offkit.edges.run import run
from offkit.model import layout, probed
from offkit.model.errors import OffkitError
from offkit.model.finding import Finding
from offkit.model.manifest import Manifest
from offkit.server.install import preflight
from offkit.server.python import answers, interpreter
from offkit.server.system import description

_OTHER_MACHINE = "ENV021"


def concerns(root: str, known: Sequence[Finding]) -> bool:
    """Not of another ``root``, whose programs are not run; nor where it is ``known`` that the bundle is for
    other machines."""
    return root == "/" and all(each.code != _OTHER_MACHINE for each in known)


def judge(manifest: Optional[Manifest], root: str, known: Sequence[Finding]) -> List[Finding]:
    """Of the Python that runs this too, where it is of the bundle's series: else another one may be here.
    Nothing where it does not ``concerns`` this server."""
    if manifest is None or not concerns(root, known):
        return []
    here, target = host.here(), manifest.target
    found = preflight.host_misfits(here, target)
    if sys.version_info[:2] != target.python_series:
        strange = _without_python(here, manifest)
        return [*strange, *(each for each in found if not strange or each.code != "ENV023")]
    owner = interpreter.own(run)
    if not owner.version:
        return found
    return found + answers.misfits(owner, target, manifest.options, here.kernel)


def _without_python(here: Host, manifest: Manifest) -> List[Finding]:
    """ENV048 where neither this server nor the discs of its own release have the bundle's Python, and it does
    not bring one."""
    target = manifest.target
    found = preflight.other_release(here, target)
    brought = any(
        one.path.startswith((layout.PYTHON_BUILD, layout.PYTHON_SOURCE)) for one in manifest.members
    )
    if not found or brought or target.python_minor in releases.known().named(here.release).pythons:
        return []
    try:
        there = probed.pythons(description.describe(run, interpreter.running()))
    except OffkitError:  # nobody can tell
        return []
    return [] if any(each.series == target.python_minor and not each.own for each in there) else found
