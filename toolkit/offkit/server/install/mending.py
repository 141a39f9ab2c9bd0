"""What the doctor's --fix does where the server has no repository to install from: packages from the media
that were named, by the very yum of an installation, with a .repo file of its own that nobody keeps."""

from contextlib import ExitStack
from typing import Any, Dict, List, Sequence

from offkit.edges import run as programs
from offkit.edges.mounts import Drive, MountProblem
from offkit.media import keys, offer
from offkit.media.medium import Source
from offkit.media.offer import Offer
from offkit.model import url
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding, has_errors
from offkit.model.report import Reporter
from offkit.server.doctor.examine import Examination
from offkit.server.install import fetching, supplies
from offkit.server.system import ledger, yum


def repair(
    result: Examination, isos: Sequence[str], others: Sequence[Source], stack: ExitStack, reporter: Reporter
) -> Dict[str, Any]:
    """What was run, for the document. The media are open until ``stack`` closes.

    Raises what media.offer, install.fetching and system.yum raise, and EnvironmentProblem for a medium of
    another release (ENV049), for one that cannot be mounted (REPO012), and where there is no yum (RPM009).
    """
    media = offer.look(isos, others, stack)
    here = keys.server()
    refused = [
        *offer.strangers(media, here),
        *(each._replace(severity=ERROR) for each in supplies.unavailable()),
    ]
    if has_errors(refused):
        raise EnvironmentProblem("nothing was installed", refused)
    run = ledger.english(programs.run, any(url.by_name(one.source) for one in media))
    with Drive() as drive, yum.scratch() as scratch:
        tops = [supplies.laid_out(one, top, scratch) for one, top in zip(media, _mounted(media, drive))]
        wish = supplies.wanted_of(media, supplies.bases(media, tops, here), result.rpms, result.again)
        reporter.step("verifying the RPMs that yum would install")
        fetched = fetching.fetch(wish, here, scratch, run)
        for each in fetched.warnings:
            reporter.warn("{} {} {}".format(each.code, each.subject, each.message))
        supplies.arrange(wish, fetched, scratch)
        before = ledger.installed(run)
        reporter.step(question(result, isos, others))
        return yum.as_document(supplies.call(wish, scratch, before, run, reporter))


def question(result: Examination, isos: Sequence[str], others: Sequence[Source]) -> str:
    """What would be done, for the one who is asked."""
    steps = ((yum.INSTALL, result.rpms), (yum.REINSTALL, result.again))
    done = " and ".join("{} {}".format(verb, " ".join(names)) for verb, names in steps if names)
    places = [*isos, *(one if isinstance(one, str) else one.place for one in others)]
    return "{} with {} from {}".format(done, result.yum, ", ".join(places))


def _mounted(media: Sequence[Offer], drive: Drive) -> List[str]:
    try:
        return supplies.mount(media, drive)
    except MountProblem as problem:
        names = ", ".join(one.name for one in media if one.iso)
        message = "cannot be mounted here: {}".format(problem)
        fix = "unpack it, and name the directory: --rpm-repo DIR"
        found = Finding("REPO012", ERROR, names, message, (), fix)
        raise EnvironmentProblem("nothing was installed", [found])
