"""Which part of a bundle for several targets is for this server; then the bundle looks like any other."""

from typing import Callable, List, Sequence

from offkit.edges import host
from offkit.edges.run import Result
from offkit.model import several
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.model.several import Machine
from offkit.server.bundle.bundle_file import BundleFile, Opened, Several
from offkit.server.install import preflight
from offkit.server.python import answers, interpreter
from offkit.server.python.interpreter import Interpreter


def take(
    opened: Opened,
    python: str,
    run: Callable[[Sequence[str]], Result],
    reporter: Reporter,
    version: str = "",
    name: str = "",
) -> BundleFile:
    """What of the bundle the interpreter at ``python`` installs here; ``version`` as in ``install.survey``.

    ``name``, where there is one, is that of the target. Raises EnvironmentProblem when no target fits,
    UsageError when none is called ``name``.
    """
    if not isinstance(opened, Several):
        return opened
    within = opened.manifest.targets
    if name:
        return opened.parts[_called(name, [each for each, _ in within])]
    owner = interpreter.probe(python, run)
    owner = owner._replace(version=version or owner.version)
    here = host.here()
    series = ".".join(owner.version.split(".")[:2])
    index = several.choose(
        [target for _, target in within], Machine(here.release, here.arch, here.glibc), series
    )
    if index is None:
        message = "{}: none of its targets is this server: {}".format(opened.path, several.listed(within))
        raise EnvironmentProblem(message, _why(opened, owner, here))
    reporter.step("of {} this server takes {}".format(several.listed(within), within[index][0]))
    return opened.parts[index]


def _called(name: str, names: List[str]) -> int:
    if name not in names:
        raise UsageError("the bundle has no target {}".format(name), fix="one of: " + ", ".join(names))
    return names.index(name)


def _why(opened: Several, owner: Interpreter, here: host.Host) -> List[Finding]:
    """One for each target: what of it is not so here."""
    found = []
    for (name, target), part in zip(opened.manifest.targets, opened.parts):
        against = preflight.host_misfits(here, target)
        against += answers.misfits(owner, target, part.manifest.options, here.kernel)
        wrong = [one for one in against if one.severity == ERROR]
        message = "; ".join(
            "{} {}".format(one.subject, one.message) if one.subject == owner.path else one.message
            for one in wrong
        )
        found.append(wrong[0]._replace(subject=name, message=message))
    return found
