"""Carrying out a plan: an environment beside the others, complete before it gets its name.

Whatever goes wrong, the generations that were there and ``current`` stay as they were; what
was being built is removed, now or (after a kill) by the next installation.
"""

import os
import shutil
import zipfile
from contextlib import contextmanager, suppress
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from offkit.edges import files, host
from offkit.edges.exclusive import exclusive
from offkit.edges.host import Host, Volume
from offkit.edges.run import Result
from offkit.model import layout, space, words
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, WARNING, Finding, has_errors
from offkit.model.report import Reporter
from offkit.server.bundle.bundle_file import BundleFile
from offkit.server.install import preflight
from offkit.server.install.build import AGAIN, Builder, Run
from offkit.server.install.damage import damage
from offkit.server.install.plan import INSTALL, Addition, Plan, same_origin
from offkit.server.prefix import generations
from offkit.server.prefix.generations import Generation, Package
from offkit.server.python import answers, interpreter, modules
from offkit.server.python.interpreter import Interpreter
from offkit.server.system import ledger

_NAMED = 3  # of the things that are wrong with a generation


def survey(
    bundle: BundleFile, prefix: str, python: str, run: Callable[[Sequence[str]], Result], version: str = ""
) -> Tuple[Interpreter, List[Finding]]:
    """The interpreter at ``python``, and warnings, when the bundle can be installed here.

    Where it stands in for one that is still to come (a dry run), ``version`` is that one's.
    Raises EnvironmentProblem with everything that stands in the way, and IntegrityError when
    a wheel is none.
    """
    entries = count_entries(bundle)
    found: List[Finding] = []
    owner: Optional[Interpreter] = None
    try:
        owner = interpreter.probe(python, run)
        owner = owner._replace(version=version or owner.version)
        manifest = bundle.manifest
        found += answers.misfits(owner, manifest.target, manifest.options, host.here().kernel)
        found += modules.examine(owner, bundle.manifest.target.el, run)
    except EnvironmentProblem as error:
        found += error.findings
    found += misfits(bundle, prefix, host.here(), host.volume(prefix), entries)
    if owner is None or any(each.code == "PY012" for each in found):
        found = [
            *preflight.other_release(host.here(), bundle.manifest.target),
            *(each for each in found if each.code != "ENV023"),
        ]
    if owner is None or has_errors(found):
        raise EnvironmentProblem("{} cannot be installed here".format(os.path.basename(bundle.path)), found)
    return owner, found


def misfits(bundle: BundleFile, prefix: str, here: Host, volume: Volume, entries: int) -> List[Finding]:
    """What speaks against this machine and this prefix; ``entries`` is the number of files in the wheels."""
    needed = space.of(bundle.manifest)
    found = preflight.host_misfits(here, bundle.manifest.target)
    found += preflight.prefix_misfits(prefix, volume, needed, preflight.needed_inodes(entries))
    found += preflight.program_misfits(bundle.manifest.options, shutil.which)
    found += preflight.occupied(prefix, os.path.lexists, os.path.islink, os.path.isdir)
    return found


def damaged(
    bundle: BundleFile,
    python: Interpreter,
    existing: Sequence[Generation],
    run: Callable[[Sequence[str]], Result],
) -> List[Finding]:
    """ENV033 for each generation of this bundle and interpreter that is not what was installed.

    The subject is the generation's identity. What is no longer whole must be built again.
    """
    found = []
    for one in existing:
        if not same_origin(one, bundle.digest, python):
            continue
        wrong = damage(one, bundle, run)
        if wrong:
            message = "is damaged: " + words.listed(wrong, _NAMED, "; ")
            fix = "'offkit install' of the same bundle builds a new one beside it"
            found.append(Finding("ENV033", WARNING, one.id, message, (one.path,), fix))
    return found


def count_entries(bundle: BundleFile) -> int:
    """Files in all wheels, from their central directories."""
    count = 0
    for member in bundle.manifest.wheels():
        try:
            with bundle.open(member.path) as source, zipfile.ZipFile(source) as wheel:
                count += len(wheel.infolist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            message = "{} is not a wheel: {}".format(member.path, error)
            raise IntegrityError(
                message, [Finding("BUN013", ERROR, member.path, message, (), "bundle again")]
            )
    return count


def apply(
    plan: Plan,
    bundle: BundleFile,
    run: Run,
    environment: Dict[str, str],
    now: str,
    reporter: Reporter,
    additions: Sequence[Addition] = (),
) -> Tuple[Package, ...]:
    """Do what the plan says, and hold the prefix's lock meanwhile; returns what is installed.

    ``environment`` is what children inherit; ``now`` goes into the receipt; ``additions`` are
    those that the plan was made with, and may raise what is theirs. Raises
    EnvironmentProblem (another installation, no space, no permission …), RequestError (pip cannot
    satisfy the requirements) or IntegrityError (the bundle changed).
    """
    if not plan.steps:
        return packages_of(plan)
    fresh = not os.path.lexists(plan.prefix)
    with _leaving_nothing(plan.prefix if fresh else ""), exclusive(
        plan.prefix, "the installation failed", AGAIN, make=True
    ):
        os.makedirs(generations.directory(plan.prefix), exist_ok=True)
        _clean(plan.prefix, reporter)
        _check_still_free(plan)
        builder = Builder(plan, bundle, run, environment, now, reporter, additions)
        packages = builder.go() or packages_of(plan)
        # A pip whose offkit was killed may have gone on writing meanwhile.
        _clean(plan.prefix, reporter)
        return packages


@contextmanager
def _leaving_nothing(prefix: str) -> Iterator[None]:
    """A prefix that was made for an installation that failed goes again, where nothing is in it."""
    try:
        yield
    except BaseException:
        for place in (ledger.directory(prefix), generations.directory(prefix)) if prefix else ():
            with suppress(OSError):
                os.rmdir(place)
        if prefix and os.path.isdir(prefix) and os.listdir(prefix) == [layout.LOCK]:
            with suppress(OSError):
                os.unlink(os.path.join(prefix, layout.LOCK))
                os.rmdir(prefix)
        raise


def packages_of(plan: Plan) -> Tuple[Package, ...]:
    """What the receipt of the planned generation lists; nothing before it is there."""
    for one in generations.found(plan.prefix):
        if one.id == plan.id and one.receipt is not None:
            return one.receipt.packages
    return ()


def _clean(prefix: str, reporter: Reporter) -> None:
    for path in generations.leftovers(prefix) + ledger.leftovers(prefix):
        reporter.note("removing {}, left by an interrupted installation".format(path))
        if not files.remove_tree(path):
            reporter.warn("{} could not be removed entirely".format(path))


def _check_still_free(plan: Plan) -> None:
    """The plan was made without the lock; another installation may have finished in between."""
    if plan.outcome == INSTALL and os.path.lexists(plan.generation):
        message = "another installation has just created {}".format(plan.generation)
        raise EnvironmentProblem(message, fix="run the command again")
