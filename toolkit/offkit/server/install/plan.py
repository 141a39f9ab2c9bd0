"""What an installation will do, decided before anything is done. Pure.

The environment is built in ``generations/.building-…`` and renamed when it is complete. All
programs run with ``generations`` as working directory and see the environment under an alias
below /proc/self/cwd: short, ASCII and without spaces whatever the prefix is called, so that
neither pip, venv nor CPython 3.6 under a C locale meets a path it cannot spell.
server.install.scripts then puts the final path where the alias was written down.
"""

import os
from typing import Callable, Container, Dict, List, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import quote

from offkit.edges import files
from offkit.model import layout, words
from offkit.model.errors import IntegrityError, RequestError
from offkit.model.finding import ERROR, Finding, together
from offkit.model.manifest import Manifest
from offkit.model.tags import split_wheel
from offkit.server.prefix import generations
from offkit.server.prefix.generations import Generation
from offkit.server.python.interpreter import Interpreter

INSTALL = "install"
SWITCH = "switch"
NOTHING = "nothing"

PROC = "/proc/self/cwd/"
SCRATCH = "tmp"  # below the environment while it is built: wheels, index, HOME, TMPDIR


class Step(NamedTuple):
    """One thing to do. ``action`` is the name server.install.build knows it by."""

    action: str
    text: str  # for people
    argv: Tuple[str, ...] = ()  # where a program is run, in the directory of generations
    root: bool = False  # it changes the system, so an ordinary user cannot do it


# Where an addition comes: before the environment is made; when the bundle's wheels are beside it and not
# yet installed; when its packages are in it, before anything is given its final path; or when it is complete
# in its final place, and not yet current.
SYSTEM, AHEAD, INSIDE, BEHIND = "system", "ahead", "inside", "behind"
# pip as it is run here, whatever it does.
PIP = ("--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-input", "--no-color")


class Addition(NamedTuple):
    """A step that not every installation has, together with what it does.

    ``do`` is called with the path of the environment while it is built and the step's argv,
    under the prefix's lock. What it raises ends the installation: the environment is removed,
    the system stays as the step left it. A SYSTEM step is also done where no environment is made
    (the outcomes SWITCH and NOTHING; the path is then that of the generation), and so is one BEHIND,
    after which a complete generation stays.
    """

    place: str  # SYSTEM, AHEAD, INSIDE or BEHIND
    step: Step  # its action names nothing else's
    do: Callable[[str, Sequence[str]], None]


class Plan(NamedTuple):
    outcome: str  # INSTALL, SWITCH or NOTHING
    prefix: str
    id: str
    building: str  # name of the directory while it is built
    python: Interpreter
    steps: Tuple[Step, ...]
    remove: Tuple[str, ...] = ()  # older generations that go once the new one is current

    @property
    def generation(self) -> str:
        """The path of the generation once it is complete."""
        return os.path.join(generations.directory(self.prefix), self.id)

    @property
    def alias(self) -> str:
        """The environment while it is built, as the programs that build it see it."""
        return PROC + self.building


def plan(
    bundle: Manifest,
    digest: str,
    prefix: str,
    python: Interpreter,
    existing: Sequence[Generation],
    token: str,
    keep: Optional[int] = None,
    damaged: Container[str] = (),
    additions: Sequence[Addition] = (),
) -> Plan:
    """The steps that make the bundle with that manifest the current generation under ``prefix``.

    ``digest`` is that of the bundle; ``token`` makes the name of the building directory unique: a pip
    that outlived a killed offkit may still be writing to the last one. A new generation and the newest
    others, ``keep`` in all, stay (None: every one); where nothing new is made, nothing is removed. The
    identities in ``damaged`` count for nothing: a new generation is built beside them. ``additions`` come
    in their order; server.install.install.apply must be given the same. Raises IntegrityError when the
    bundle has no pip to install with.
    """
    before, ahead, inside, behind = (
        tuple(one.step for one in additions if one.place == place)
        for place in (SYSTEM, AHEAD, INSIDE, BEHIND)
    )
    same = [one for one in existing if one.id not in damaged and same_origin(one, digest, python)]
    if any(one.current for one in same):
        current = next(one for one in same if one.current)
        return Plan(NOTHING, prefix, current.id, "", python, (*before, *behind))
    if same:
        name = same[-1].id
        return Plan(SWITCH, prefix, name, "", python, (*before, *behind, _switch(prefix, name)))
    name = generations.next_id([one.id for one in existing], digest)
    building = "{}{}-{}".format(layout.BUILDING, name, token)
    made = Plan(INSTALL, prefix, name, building, python, (), generations.beyond(existing, keep))
    steps = [*before, *_steps(made, bundle, ahead, inside), *behind, _switch(prefix, name)]
    if made.remove:
        text = "remove {}: the last {} are kept".format(", ".join(made.remove), keep)
        steps.append(Step("prune", text))
    return made._replace(steps=tuple(steps))


def same_origin(one: Generation, digest: str, python: Interpreter) -> bool:
    """Whether a generation was made from that bundle with that interpreter, by its receipt."""
    receipt = one.receipt
    if receipt is None or receipt.manifest != digest:
        return False
    return python.same(files.path(receipt.python), receipt.python_version)


def _switch(prefix: str, name: str) -> Step:
    link = os.path.join(prefix, layout.CURRENT)
    return Step("switch", "point {} to {}/{}".format(link, layout.GENERATIONS, name))


def _steps(made: Plan, bundle: Manifest, ahead: Sequence[Step], inside: Sequence[Step]) -> List[Step]:
    wheels = bundle.wheels()
    pip = pip_wheel([member.path for member in wheels])
    alias, scratch = made.alias, "{}/{}".format(made.alias, SCRATCH)
    venv = (made.python.path, "-I", "-m", "venv", "--without-pip", "--prompt", "offkit", alias)
    install = (
        alias + "/bin/python",
        "-I",
        "{}/{}/pip".format(scratch, pip),
        *PIP,
        "install",
        "--no-index",
        "--only-binary=:all:",
        "--require-hashes",
        "--no-warn-script-location",
        "--progress-bar=off",
        "--find-links=" + scratch + "/index.html",
        "--requirement=" + scratch + "/" + layout.REQUIREMENTS,
    )
    runtime = "{}/{}".format(alias, layout.GENERATION_RUNTIME)
    compiling = (alias + "/bin/python", "-I", "-S", "-m", "compileall", "-q", runtime)
    version = split_wheel(pip[len(layout.WHEELS) :])[1]
    size = sum(member.size for member in wheels)
    return [
        Step("environment", "create a virtual environment with {}".format(made.python.path), venv),
        Step(
            "wheels",
            "unpack {} ({} MB) into it".format(words.several(len(wheels), "wheel"), -(-size // 1000000)),
        ),
        *ahead,
        Step(
            "packages",
            "install the requirements with pip {} from the bundle, hashes required".format(version),
            install,
        ),
        *inside,
        Step("relocate", "write the final path into scripts: {}".format(made.generation)),
        Step("runtime", "unpack and compile offkit itself", compiling),
        Step("receipt", "write the receipt"),
        Step("publish", "rename it to {}".format(made.generation)),
    ]


def pip_wheel(paths: Sequence[str]) -> str:
    """The member to install with: the newest ``wheels/pip-*.whl``."""
    found = [path for path in paths if path.startswith(layout.WHEELS + "pip-")]
    if not found:
        message = "the bundle has no pip to install with"
        raise IntegrityError(
            message,
            [
                Finding(
                    "BUN012",
                    ERROR,
                    layout.WHEELS + "pip-*.whl",
                    message,
                    (),
                    "bundle again on the other side",
                )
            ],
        )
    return max(found, key=_version_order)


def _version_order(path: str) -> List[int]:
    return [int(part) for part in path.split("-")[1].split(".") if part.isdecimal()]


def index_page(paths: Sequence[str]) -> bytes:
    """What pip is given for --find-links: a page, since pip follows its links as they are
    written but resolves symlinks in the path of a directory."""
    links = ['<a href="{}">{}</a>'.format(quote(path), path.split("/")[-1]) for path in paths]
    return "<!DOCTYPE html>\n<html><body>\n{}\n</body></html>\n".format("<br>\n".join(links)).encode("ascii")


def child_environment(scratch: str, base: Dict[str, str]) -> Dict[str, str]:
    """The environment of pip and venv: nothing of the user's is read or written.

    /etc/pip.conf counts even with --isolated; a PIP_CONFIG_FILE of /dev/null turns all
    configuration files off (pip's configuration.py, _load_config_files).
    """
    own = {
        "HOME": scratch,
        "TMPDIR": scratch,
        "PIP_CONFIG_FILE": os.devnull,
    }
    return dict(base, **own)


def last_lines(text: str, count: int = 8) -> List[str]:
    """The end of a program's output, without blank lines and pip's decoration."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    kept = [
        line for line in lines if not line.startswith(("WARNING: You are using pip", "You should consider"))
    ]
    return kept[-count:]


def unsupplied(lost: Sequence[Finding]) -> RequestError:
    """The end of an installation whose media were to have libraries, and have not."""
    return RequestError("libraries are on none of the media; the bundle was not installed", together(lost))
