"""Where a bundle is tried: in a container without a network, of an image that is like the server (podman(1)).

The bundle is bound into it read-only, and what is written there ends with it. It ends when its stdin does, so
with this program, however that ends. podman is the user's, with their configuration.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from offkit.edges import host, releases
from offkit.edges.run import Result, kept, run
from offkit.model import proof
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.online.proof.stage import LIMIT, Run

# What is never asked of a registry once the rehearsal has begun, has no proxy's password in its environment,
# and reads the user's files where SELinux would not let it, without changing their labels (podman-run(1)).
_CONTAINER = (
    "--rm",
    "--pull=never",
    "--network=none",
    "--http-proxy=false",
    "--security-opt=label=disable",
    "--user=0:0",
    "--workdir=/",
    "--entrypoint=/bin/sh",
)
_READY = 'mkdir -p "$HOME" && echo && read -r _'
# What it is, and the Python that install.sh would take there, with its own words.
_LOOK = """\
OFFKIT_PYTHON={} OFFKIT_PACKAGES='' prefix=/opt/offkit python='' get_python=''
{}
find_python
uname -m
printf '%s\\n' "$found"
printf '%s' "$refused" | tr '\\n' '\\t'
echo
cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null || :
"""


class Image(NamedTuple):
    """One that fits the target."""

    podman: tuple[str, ...]  # podman's words for it
    system: str

    @property
    def place(self) -> str:
        return "the image"

    @property
    def options(self) -> tuple[str, ...]:
        return ()

    def describe(self) -> str:
        return proof.brief(self.system)

    @contextmanager
    def opened(self, top: Path, shown: Sequence[Path]) -> Iterator[Run]:
        """Raises EnvironmentProblem where it does not start."""
        told = top / "container"
        given = [f"--env=HOME={top / 'home'}", f"--env=TMPDIR={top}", "--env=MPLBACKEND=Agg"]
        bound = [f"--mount=type=bind,{_field('src', path)},{_field('dst', path)},ro" for path in shown]
        words = ["podman", "run", "-i", f"--cidfile={told}", *_CONTAINER, *given, *bound, *self.podman]
        with kept([*words, "-c", _READY], dict(os.environ)) as started:
            if not started.ok:
                raise _failed("the image does not start", started)
            yield partial(_inside, told.read_text(encoding="ascii").strip())


def look(name: str, target: Target, search: str, reporter: Reporter, offline: bool) -> Image:
    """The image of that ``name``, or the root file system in a directory. Pulled, which is said, where it is
    not here. ``search`` is how install.sh finds a Python, "" where the bundle brings one. Raises
    EnvironmentProblem where it cannot be run or is none of the target's."""
    if run(["podman", "--version"]).returncode == 127:
        raise EnvironmentProblem(
            "--image needs podman, which is not on PATH", fix="install it (dnf or apt-get install podman)"
        )
    podman, known = _found(name, reporter, offline)
    script = _LOOK.format(target.python_minor, search or "find_python() { found=; refused=; }")
    done = run(["podman", "run", *_CONTAINER, *podman, "-c", script], dict(os.environ))
    lines = done.stdout.split("\n", 3)
    if not done.ok or len(lines) < 4:
        raise _failed(f"--image {name} cannot be run", done)
    arch, python, refused, text = lines
    about = host.parse_os_release(text)
    called = about.get("PRETTY_NAME") or about.get("NAME") or "an unknown system"
    release = releases.known().name_of(about)
    system = f"{called} {arch}, {known}"
    other = release != target.release and (release or releases.of(target.el, target.name).name)
    if arch != target.arch or other:
        what = f"{called} {arch}" + (f" ({release})" if release else "")
        raise EnvironmentProblem(
            f"--image {name} is {what}; the bundle is for {target.describe()}",
            fix="give an image of that release and architecture, or none",
        )
    if release != target.release:
        reporter.warn(f"--image {name} is {called}; whether that is {target.name} offkit does not know")
    if search and not python:
        said = [one.strip() for one in refused.split("\t") if one.strip()]
        raise EnvironmentProblem(
            "\n    ".join([f"--image {name} has no Python {target.python_minor} that will do", *said]),
            fix="give an image that has one, or carry one with --python-build FILE",
        )
    return Image(podman, system)


def _found(name: str, reporter: Reporter, offline: bool) -> tuple[tuple[str, ...], str]:
    """podman's words for it, and what it is."""
    env = dict(os.environ)
    if os.path.isdir(name):
        top = os.path.realpath(name)
        return ("--rootfs", top + ":O"), f"root file system {os.path.basename(top)}"
    if os.path.isfile(name):
        file = shlex.quote(name)
        raise EnvironmentProblem(
            f"--image {name} is a file; podman has to take it in first",
            fix=f"podman load -i {file} (a saved image) or podman import {file} NAME (a root file system)",
        )
    if not run(["podman", "image", "exists", name], env).ok:
        if offline:
            raise EnvironmentProblem(
                f"--image {name} is not here", fix=f"podman pull {name}, or no --offline"
            )
        reporter.step(f"pulling {name}, which podman does not have yet")
        pulled = run(["podman", "pull", "--quiet", name], env)
        if not pulled.ok:
            raise _failed(f"--image {name} is not here and cannot be pulled", pulled)
    told = run(["podman", "image", "inspect", name], env)
    if not told.ok:
        raise _failed(f"--image {name} cannot be read", told)
    (about,) = json.loads(told.stdout)
    return (about["Id"],), f"image {name} {about.get('Digest') or 'sha256:' + about['Id']}"


def _inside(container: str, argv: Sequence[str], apart: bool = False) -> Result:
    return run(
        ["podman", "exec", container, *(() if apart else LIMIT), *argv], dict(os.environ), gently=apart
    )


def _field(key: str, path: Path) -> str:
    """One field of a mount, which is read as a line of CSV."""
    return '"{}={}"'.format(key, str(path).replace('"', '""'))


def _failed(what: str, done: Result) -> EnvironmentProblem:
    """With podman's last word."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = lines[-1] if lines else f"podman ended with {done.returncode}"
    return EnvironmentProblem(f"{what}: {said.removeprefix('Error: ')}")
