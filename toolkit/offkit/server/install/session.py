"""One installation from end to end: from the bundle that was named to what the loader says of it afterwards.

What is decided here: which media serve, which generations count as damaged, which warnings fall
away because something else has made them untrue. ``install`` does what the plan says, and what is
said at the end is for the command.
"""

import os
import time
import uuid
from contextlib import ExitStack, contextmanager
from shlex import quote
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import host, leftovers, releases
from offkit.edges.mounts import Drive
from offkit.edges.run import clean_environment, run
from offkit.edges.tree import Tree
from offkit.media import web
from offkit.media.medium import Source
from offkit.model import checklist, layout, needs, sources, space, url, words
from offkit.model.checklist import Checklist
from offkit.model.errors import OffkitError, RequestError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.needs import Lack as Want
from offkit.model.report import Reporter
from offkit.server.bundle import bundle_file, bundled, requirements
from offkit.server.bundle.bundle_file import BundleFile
from offkit.server.bundle.requirements import Pin
from offkit.server.doctor import checks
from offkit.server.doctor import needs as at_run_time
from offkit.server.doctor.examine import examine
from offkit.server.install import beforehand, compilation, compiler, install, part, proof, step, supplies
from offkit.server.install.compiler import Lack
from offkit.server.install.plan import INSTALL, NOTHING, Plan, Step, plan, same_origin
from offkit.server.install.supplies import Supplies
from offkit.server.prefix import generations, running
from offkit.server.prefix.generations import Generation, Package
from offkit.server.python import interpreter
from offkit.server.python.interpreter import Interpreter
from offkit.server.system import ledger

_OF_RPMS = ("RPM", "REPO014")  # codes of what is wrong with packages, or with the keys for them


class Request(NamedTuple):
    """What was asked for."""

    bundle: str  # path of the file
    prefix: str  # absolute
    python: str  # path of the interpreter for the environment
    keep: Optional[int]  # how many generations stay; None: all
    isos: Sequence[str] = ()
    rpm_repos: Sequence[str] = ()  # directories and URLs
    alone: bool = False  # nothing of the system is changed
    strict: bool = True  # what none of the named media has is an error
    dry_run: bool = False
    coming: Tuple[str, str] = ("", "")  # version and path of a Python to come, for which this one stands in
    before: Sequence[Step] = ()  # what install.sh would do first, in a dry run
    part: str = ""  # of a bundle for several targets the one that is meant, whatever this server is
    smoke: bool = False  # try it before it becomes current


class Outcome(NamedTuple):
    """What came of it, or in a dry run would come."""

    bundle: BundleFile
    plan: Plan
    packages: Tuple[Package, ...]
    earlier: Tuple[str, ...]  # what install.sh had done as root for this, the first generation
    told: Tuple[Finding, ...]  # on the way
    judged: Tuple[
        Finding, ...
    ]  # what is not found, and who has not changed over, with everything in its place


class _Arrived(NamedTuple):
    """The bundle, and where it comes to."""

    bundle: BundleFile
    pins: Sequence[Pin]
    needed: Checklist
    python: Interpreter
    warnings: Sequence[Finding]
    existing: Sequence[Generation]
    damaged: Sequence[Finding]  # the subjects are generations
    lacks: Sequence[Lack]  # what its sources would be compiled with
    wants: Sequence[Want]  # what its packages want when they run, and is not here


def go(request: Request, reporter: Reporter) -> Outcome:
    """Verify, decide, and unless it is a dry run do; progress and warnings go to ``reporter``.

    Raises what bundle_file, install.survey, supplies.prepare, step.prepare and install.apply raise;
    until ``apply`` nothing has been written below the prefix.
    """
    if not request.dry_run:
        leftovers.sweep()  # also where nothing is left to do that needs a scratch of its own
    arrived = _arrive(request, reporter)
    prefix, existing = request.prefix, arrived.existing
    earlier = [] if existing else [entry.text for entry in ledger.read(prefix)]
    with Drive(keep=[prefix]) as drive, ExitStack() as stack:
        english = ledger.english(run, any(map(url.by_name, request.rpm_repos)))
        carried = bundled.unpack(arrived.bundle, stack)
        opened = web.opened(request.rpm_repos, stack)
        stack.enter_context(_taking_back(prefix, arrived.python, existing))
        brought, broken = _supply(request, arrived, opened, carried, drive, english, stack, reporter)
        brought = _compiling(request, arrived, brought, reporter)
        if request.smoke:
            proving = proof.addition(arrived.bundle.manifest, prefix, reporter)
            brought = brought._replace(additions=(*brought.additions, proving))
        made = _plan(request, arrived, broken, brought)
        if made.outcome == INSTALL:
            _refuse(request, arrived, brought)
        brought = _tell(made, arrived, brought, reporter)
        packages = install.packages_of(made)
        if request.dry_run and made.outcome == INSTALL:
            packages = tuple(Package(pin.name, pin.version) for pin in arrived.pins)
        judged: List[Finding] = []
        if not request.dry_run:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            environment, additions = clean_environment(), brought.additions
            packages = install.apply(made, arrived.bundle, run, environment, now, reporter, additions)
            compiled = sources.from_options(arrived.bundle.manifest.options)
            if request.isos or request.rpm_repos or carried or compiled:
                judged = _judge(made.generation, brought.named, (checks.LIBRARIES, checks.NEEDS))
            else:
                judged = _warned(_judge(made.generation, (), (checks.NEEDS,)))
            if any(one.action == "switch" for one in made.steps):
                judged += running.of_before(prefix, running.found(prefix))
    told = (*arrived.warnings, *arrived.damaged, *brought.warnings)
    return Outcome(arrived.bundle, made, packages, tuple(earlier), told, tuple(judged))


def _arrive(request: Request, reporter: Reporter) -> _Arrived:
    opened = bundle_file.read_manifest(request.bundle)
    reporter.step("verifying {}".format(request.bundle))
    bundle_file.verify(opened, reporter)
    version, place = request.coming
    bundle = part.take(opened, request.python, run, reporter, version, request.part)
    pins = requirements.pins(bundle.read(layout.REQUIREMENTS))
    needed = checklist.load(bundle.read(layout.CHECKLIST))
    python, warnings = install.survey(bundle, request.prefix, request.python, run, version)
    for line in describe(bundle, python, request.prefix):
        reporter.note(line)
    existing = generations.found(request.prefix)
    damaged = install.damaged(bundle, python, existing, run)
    for warning in warnings:
        (reporter.note if warning.severity == INFO else reporter.warn)(warning.message)
    compiled = sources.from_options(bundle.manifest.options)
    with_ = python._replace(path=place) if place else python
    lacks = compiler.lacking(compiled, with_, run, bool(place))
    wants = at_run_time.lacking(Tree(), dict(pins), python.path)
    return _Arrived(bundle, pins, needed, python, warnings, existing, damaged, lacks, wants)


def describe(bundle: BundleFile, python: Interpreter, prefix: str) -> List[str]:
    """What was found and compared, in aligned lines."""
    here, volume = host.here(), host.volume(prefix)
    glibc = "{}.{}".format(*here.glibc) if here.glibc else "none"
    return [
        "bundle       digest {}, for {}".format(bundle.digest, bundle.manifest.target.describe()),
        "interpreter  {}, Python {}, {}, {} bits".format(*python[:2] + python[3:5]),
        "machine      {}, {}, glibc {}".format(here.system, here.arch, glibc),
        "space        {}, {} has {} free".format(
            space.of(bundle.manifest).describe(), volume.mount_point, words.size(volume.free_bytes)
        ),
    ]


@contextmanager
def _taking_back(prefix: str, python: Interpreter, existing: Sequence[Generation]) -> Iterator[None]:
    """A request that cannot be satisfied: how to take back what install.sh brought for it before."""
    try:
        yield
    except RequestError as error:
        own = python.path.startswith(os.path.join(prefix, layout.PYTHON, ""))
        if not existing and not error.fix and (own or ledger.read(prefix)):
            error.fix = (
                "the Python that install.sh provided is kept for the next run; to remove it: "
                "tar -xf BUNDLE offkit.pyz && {} offkit.pyz uninstall --prefix {}".format(
                    quote(python.path), quote(prefix)
                )
            )
        raise


def _supply(
    request: Request,
    arrived: _Arrived,
    media: Sequence[Source],
    carried: str,
    drive: Drive,
    english: ledger.Run,
    stack: ExitStack,
    reporter: Reporter,
) -> Tuple[Supplies, List[str]]:
    """Libraries by yum or out of RPMs; and the generations that count for nothing."""
    target, prefix = arrived.bundle.manifest.target, request.prefix
    broken = [each.subject for each in arrived.damaged]
    standing = any(
        same_origin(one, arrived.bundle.digest, arrived.python) and one.id not in broken
        for one in arrived.existing
    )
    packages = () if standing or request.alone else compiler.rpms(arrived.lacks)
    here = host.here()
    wants = needs.rpms(arrived.wants, releases.of(here.el, here.release), "")
    named = supplies.Named(request.isos, media, carried, request.strict, packages, wants)
    brought = supplies.prepare(
        arrived.needed, target, prefix, named, request.alone, drive, english, reporter, stack
    )
    if not brought.additions:
        whole = [one for one in arrived.existing if one.id not in broken]
        strict = request.strict and bool(request.isos or request.rpm_repos)
        with supplies.told_first(brought.warnings):
            taken = step.prepare(
                arrived.bundle, arrived.needed, prefix, arrived.python, whole, brought.media, strict, stack
            )
        brought = brought.joined(taken.additions, taken.warnings, taken.complete)
        broken += taken.outdated
    return brought, broken


def _compiling(request: Request, arrived: _Arrived, brought: Supplies, reporter: Reporter) -> Supplies:
    """With the step that compiles the bundle's sources, where it has any."""
    bundle = arrived.bundle
    carried = sources.from_options(bundle.manifest.options)
    if not carried:
        return brought
    made = compilation.prepare(
        bundle, carried, arrived.python, request.strict, run, clean_environment(), reporter
    )
    spare = [each for each in arrived.lacks if not each.fatal and each.rpm not in brought.installed]
    told = compiler.findings(() if request.strict else spare, WARNING)
    return brought._replace(additions=(*brought.additions, made), warnings=(*brought.warnings, *told))


def _refuse(request: Request, arrived: _Arrived, brought: Supplies) -> None:
    """Raises EnvironmentProblem (ENV034) where the sources could not be compiled; nothing is written yet."""
    left = [each for each in arrived.lacks if not each.rpm or each.rpm not in brought.installed]
    left = [each for each in left if request.strict or each.fatal]
    if left:
        raise compiler.refusal(left, request.alone, bool(request.isos or request.rpm_repos))


def _plan(request: Request, arrived: _Arrived, broken: Sequence[str], brought: Supplies) -> Plan:
    _, path = request.coming
    python = arrived.python._replace(path=path) if path else arrived.python
    token = uuid.uuid4().hex[:8]
    made = plan(
        arrived.bundle.manifest,
        arrived.bundle.digest,
        request.prefix,
        python,
        arrived.existing,
        token,
        request.keep,
        broken,
        brought.additions,
    )
    return made._replace(steps=(*request.before, *made.steps)) if request.dry_run else made


def _tell(made: Plan, arrived: _Arrived, brought: Supplies, reporter: Reporter) -> Supplies:
    """What is wrong and yet no obstacle; returned without the warnings that are not true of this plan."""
    instead = "a new one is built beside it" if made.outcome == INSTALL else made.id + " is intact"
    for each in arrived.damaged if made.outcome != NOTHING else ():
        reporter.warn("{} {}; {}".format(each.subject, each.message, instead))
    if made.outcome != INSTALL:  # what stands may have its own libraries: the doctor knows
        true = tuple(one for one in brought.warnings if one.code != supplies.MISSING)
        brought = brought._replace(warnings=true)
    for each in brought.warnings:
        fix = "; " + each.fix if each.fix else ""
        reporter.warn("{} {}{}".format(each.subject, each.message, fix))
    return brought


def _judge(generation: str, media: Sequence[Source], what: Sequence[str]) -> List[Finding]:
    found = examine(generation, checks=what, rpm_repos=media).findings
    return [each for each in found if each.severity != INFO]


def refused(
    bundle: Optional[BundleFile],
    root: str,
    prefix: str,
    media: Tuple[Sequence[str], Sequence[Source]],
    alone: bool,
    known: Sequence[Finding],
    reporter: Reporter,
) -> List[Finding]:
    """What an installation below ``prefix`` would refuse because of the RPMs that are in the bundle: by the
    very code that does so then. ``media`` are ISOs, and others, beside those RPMs.

    Nothing ``known`` already, and nothing where the bundle does not concern this server.
    """
    if bundle is None or not beforehand.concerns(root, known):
        return []
    isos, others = media
    with Drive(keep=[prefix]) as drive, ExitStack() as stack:
        carried = bundled.unpack(bundle, stack)
        if not carried:
            return []
        python = interpreter.own(run)
        needed = checklist.load(bundle.read(layout.CHECKLIST))
        compiled = sources.from_options(bundle.manifest.options)
        lacks = compiler.lacking(compiled, python, run)
        pins = dict(requirements.pins(bundle.read(layout.REQUIREMENTS)))
        wants = at_run_time.lacking(Tree(), pins, python.path)
        arrived = _Arrived(bundle, (), needed, python, (), (), (), lacks, wants)
        request = Request(bundle.path, prefix, python.path, None, isos, alone=alone, strict=False)
        places = [one if isinstance(one, str) else one.place for one in others]
        english = ledger.english(run, any(map(url.by_name, places)))
        try:
            _supply(request, arrived, others, carried, drive, english, stack, reporter)
        except OffkitError as error:
            told = {(each.code, each.subject) for each in known}
            return [
                each
                for each in error.findings
                if each.severity == ERROR
                and each.code.startswith(_OF_RPMS)
                and (each.code, each.subject) not in told
            ]
    return []


def _warned(found: Sequence[Finding]) -> List[Finding]:
    """Where no medium was named, what is missing may come later."""
    return [each._replace(severity=WARNING) if each.severity == ERROR else each for each in found]
