"""Requirements of sources, made into requirements of wheels that are built here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import Finding
from offkit.model.target import Target
from offkit.model.url import shown
from offkit.online.index import platforms
from offkit.online.reasons import unbuilt
from offkit.online.reasons.causes import Problem
from offkit.online.request.locked import StandIn
from offkit.online.sources import offered
from offkit.online.sources.refusal import Refused


class Maker:
    """Goes through the requirements of one request."""

    def __init__(self, builder: Any, session: Any, target: Target, stand_ins: Sequence[StandIn] = ()) -> None:
        """Of a Builder; ``session`` is pip's. What is carried has a stand-in, and is not built."""
        self._stand_ins = {one.given: one for one in stand_ins if one.given}
        self._builder, self._session, self._target = builder, session, target
        self.problems: list[Problem] = []
        self.told: list[Finding] = []

    def made(self, ireq: Any) -> Any | None:
        """A requirement of pip as it is, or of the wheel of its sources; None where that cannot be built.

        Markers are the target's for now. Raises IntegrityError, and EnvironmentProblem for what --offline
        forbids.
        """
        if ireq.constraint or not offered.is_source(ireq) or not ireq.match_markers():
            return ireq
        carried = self._stand_ins.get(ireq.link.url)
        if carried is not None:
            return offered.of_wheel(ireq, carried.project, offered.link(carried.wheel, carried.sha256))
        if ireq.editable:
            self.told.append(unbuilt.editable(ireq))
        try:
            wheel = self._builder.of(ireq.link, self._session, ireq.hash_options.get("sha256", ()))
            if ireq.name and canonicalize_name(ireq.name) != canonicalize_name(wheel.built.name):
                raise Refused(
                    f"it is {wheel.built.name}, not {ireq.name}", fix=f"ask for it as {wheel.built.name}"
                )
        except Refused as refused:
            minors = platforms.admitted(refused.pythons) if refused.pythons else ()
            self.problems.append(unbuilt.of_request(ireq, refused, self._elsewhere, minors))
            return None
        except EnvironmentProblem as error:  # of the server that has it
            if not error.findings:
                raise
            place = shown(ireq.link.url_without_fragment)
            name = canonicalize_name(ireq.name) if ireq.name else place
            for one in error.findings:  # of the file, whose name may be another; or of what its build needs
                own = one._replace(subject=ireq.name) if ireq.name and one.looked_in == (place,) else one
                self.problems.append(Problem(own, name, hopeless=True))
            return None
        link = offered.link_to(wheel.path, wheel.built.sha256)
        return offered.of_wheel(ireq, wheel.built.name, link)

    def _elsewhere(self, place: str) -> str:
        return platforms.elsewhere(place, self._target) + " here, and ask for it by name"

    def put_in_place(self, pinned: Iterable[Any]) -> None:
        """pip-tools tells what a wheel came of, in the place of the wheel."""
        for ireq in filter(offered.is_source, pinned):
            wheel = self._builder.of(ireq.link, self._session)
            ireq.link = offered.link_to(wheel.path, wheel.built.sha256)
