"""What the control node of a fleet gets: ansible-core, what it needs, and offkit's own collection."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.utils import canonicalize_name

from offkit.edges import releases
from offkit.model import control_node
from offkit.model.errors import OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target
from offkit.model.url import without_secrets
from offkit.online.carry import collection
from offkit.online.request.locked import LockedWheel

# The last core that manages a Python 3.6 with modules of Ansible's own, and so the
# one with which an administrator's other playbooks go on working on every Enterprise Linux
# (docs.ansible.com, reference_appendices/release_and_maintenance: ansible-core support matrix).
ANSIBLE = "ansible-core==2.16.*"
_SERIES = ((3, 10), (3, 12))  # of the control node, by the same matrix
PYTHON = "3.11"  # what Enterprise Linux has beside its system's Python


def requirements(extra: Sequence[str]) -> tuple[str, ...]:
    """Ansible and what was asked for beside it."""
    return (ANSIBLE, *extra)


def only(targets: Sequence[Target]) -> Target:
    """Raises UsageError for several."""
    if len(targets) > 1:
        raise UsageError(
            "a control node's bundle is for one target", fix="give one --target, or make a bundle for each"
        )
    return targets[0]


def refuse(target: Target) -> None:
    """Raises UsageError for a Python that ansible-core 2.16 does not run on."""
    lowest, highest = _SERIES
    if lowest <= target.python_series <= highest:
        return
    have = [f"{one.name} ({one.pythons[PYTHON].since})" for one in releases.known().shipping(PYTHON)]
    raise UsageError(
        "ansible-core 2.16 runs on Python {}.{} to {}.{}; the control node would have {}".format(
            *lowest, *highest, target.python
        ),
        fix=f"use --python {PYTHON}, which {' and '.join(have)} have on their DVD, or --python-build FILE; "
        "the managed servers do not need it: offkit's playbooks need no Python there",
    )


def core(wheels: Sequence[LockedWheel]) -> str:
    """The version of ansible-core among these wheels; "" where it is none of them."""
    found = [wheel.version for wheel in wheels if canonicalize_name(wheel.name) == "ansible-core"]
    return found[0] if found else ""


def options(
    wheels: Sequence[LockedWheel], collections: Sequence[control_node.Collection] = ()
) -> dict[str, object]:
    """For the manifest of a bundle with these wheels."""
    return control_node.to_options(core(wheels), collections)


def own_wheel(wheels: Sequence[LockedWheel]) -> collection.Wheel:
    """The collection, for a bundle that has ``wheels`` of the index.

    Raises RequestError where one of those has its name: what a stranger put on an index must
    never take the place of it.
    """
    for wheel in wheels:
        if canonicalize_name(wheel.name) in (collection.NAME, collection.OTHERS):
            message = f"is a package on the index ({wheel.filename}) with the name of offkit's own"
            fix = "omit it: --control-node adds the collection"
            found = [Finding("REQ010", ERROR, wheel.name, message, (without_secrets(wheel.url),), fix)]
            raise RequestError(f"{wheel.name} cannot be combined with --control-node", found)
    made = collection.wheel()
    if not made.files:
        raise OffkitError("this offkit is incomplete: ansible/ is missing")
    return made
