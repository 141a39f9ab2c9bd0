"""What can be in the way of 'offkit repo add' (REPO013)."""

import os
from typing import List, Optional, Sequence, Tuple

from offkit.media import repofile
from offkit.media.offer import Offer
from offkit.model import layout
from offkit.model.finding import ERROR, Finding
from offkit.server.repo import sections
from offkit.server.repo.machine import Kernel
from offkit.server.repo.state import Added, Places, State


def choose(
    at: str, each: Offer, old: State, media: Sequence[Added], places: Places, kernel: Kernel
) -> Tuple[str, bool, List[Finding]]:
    """(where to mount a medium, whether the directory will be offkit's, what is in the way there).

    ``at`` is what was asked for, "" for the usual place; ``media`` are those that stay beside it.
    """
    first = at or places.root + layout.ISO_MOUNT
    used = {one.top: one for one in (*old.media, *media) if one.iso and one.source != each.source}
    place, number = first, 1
    while place in used and not (at and number == 1 and place in {one.top for one in old.media}):
        number += 1
        place = "{}-{}".format(first, number)
    if place in used:
        message = "{} is mounted there".format(used[place].source)
        fix = "omit --at to mount this ISO elsewhere, or run 'offkit repo remove' first"
        return place, False, [Finding("REPO013", ERROR, place, message, (places.json,), fix)]
    made = not os.path.lexists(place)
    mounted = kernel.at(place)
    why = ""
    if mounted is not None:
        why = "something is already mounted there ({}, {})".format(mounted.source, mounted.kind)
    elif not made and not os.path.isdir(place):
        why = "is not a directory"
    elif not made and os.listdir(place):
        why = "is not empty"
    fix = "choose another place: --at DIR; for a disc already mounted: offkit repo add --mount {}".format(
        place
    )
    return place, made, [Finding("REPO013", ERROR, place, why, (), fix)] if why else []


def strangers(places: Places, before: Optional[State]) -> List[Finding]:
    """A file of offkit's name that is not offkit's, or repositories of its names elsewhere."""
    found = []
    for name in sorted(os.listdir(places.repos)) if os.path.isdir(places.repos) else []:
        path = os.path.join(places.repos, name)
        shown = path[len(places.root) :]
        if not name.endswith(".repo") or not os.path.isfile(path):
            continue
        with open(path, "rb") as source:
            text = source.read().decode("utf-8", "surrogateescape")
        if path == places.repo_file:
            if before is None and not text.startswith(sections.MARK):
                message = "already exists, and 'offkit repo add' did not write it"
                fix = "move it away (mv {0} {0}.old), then run the command again".format(shown)
                found.append(Finding("REPO013", ERROR, shown, message, (places.json,), fix))
            continue
        try:
            own = [each.id for each in repofile.parse(text, shown) if each.own]
        except ValueError:
            continue
        if own:
            message = "has repositories with offkit's names: {}".format(", ".join(own))
            found.append(Finding("REPO013", ERROR, shown, message, (), "remove them from it"))
    return found
