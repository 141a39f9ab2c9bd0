"""What an installation would say of this machine, for who only asks."""

import sys
from typing import List, Optional, Sequence

from offkit.edges import host
from offkit.edges.run import run
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import Finding
from offkit.model.manifest import Manifest
from offkit.server.install import preflight
from offkit.server.python import answers, interpreter


def judge(manifest: Optional[Manifest], root: str, known: Sequence[Finding]) -> List[Finding]:
    """Of the Python that runs this too, where it is of the bundle's series: else another one may be here.

    Nothing of another ``root``, whose programs are not run; and nothing where it is ``known`` that the bundle
    is for other machines (ENV021).
    """
    if manifest is None or root != "/" or any(each.code == "ENV021" for each in known):
        return []
    here = host.here()
    found = preflight.host_misfits(here, manifest.target)
    if sys.version_info[:2] != manifest.target.python_series:
        return found
    try:
        owner = interpreter.probe(interpreter.running(), run)
    except EnvironmentProblem:  # it is not for applications, so it is not what would be taken
        return found
    return found + answers.misfits(owner, manifest.target, manifest.options, here.kernel)
