"""Building a generation: a virtual environment, the packages, offkit itself, the receipt.

Every step is one of server.install.plan; the caller holds the prefix's lock.
"""

import io
import os
import re
import zipfile
from typing import Callable, Dict, Optional, Sequence, Tuple

from offkit import __version__
from offkit.edges import files, host, releases, sites
from offkit.edges.host import Host
from offkit.edges.run import Result
from offkit.model import layout, record
from offkit.model.errors import EnvironmentProblem, OffkitError, RequestError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.server.bundle.bundle_file import BundleFile
from offkit.server.environment import threshold
from offkit.server.install import scripts
from offkit.server.install.plan import SCRATCH, Addition, Plan, child_environment, index_page, last_lines
from offkit.server.prefix import generations
from offkit.server.prefix.generations import Package, Receipt

# argv, environment, working directory
Run = Callable[[Sequence[str], Dict[str, str], str], Result]

AGAIN = "correct this and run the command again; earlier generations are untouched"
_LAUNCHER = """#!/bin/sh
# Started through any chain of symlinks (PREFIX/current, /usr/local/bin), it belongs to the
# generation it lies in. The runtime sees neither the user's packages (-S) nor variables (-I).
self=$(readlink -f -- "$0") || exit 4
generation=${self%/bin/*}
python=$generation/bin/python
# Where bin/python is a copy, this is what it needs the library and the modules of.
base=$generation/offkit/interpreter
[ -L "$base" ] || base=$python
if [ ! -x "$base" ] || [ ! -x "$python" ]; then
    exec >&2
    echo "error: the Python of this installation is gone: $(readlink -m -- "$base" || echo "$base")"
    echo "  looked at: $base, which leads there"
    echo "fix: install that Python again, or the bundle with another one: sh install.sh bundle.tar"
    exit 4
fi
exec "$python" -I -S "$generation/offkit/runtime" "$@"
"""


class Builder:
    """One installation under way."""

    def __init__(
        self,
        plan: Plan,
        bundle: BundleFile,
        run: Run,
        environment: Dict[str, str],
        now: str,
        reporter: Reporter,
        additions: Sequence[Addition] = (),
    ) -> None:
        self._additions = {one.step.action: one.do for one in additions}
        self._plan, self._bundle, self._run, self._now, self._reporter = plan, bundle, run, now, reporter
        self._base = generations.directory(plan.prefix)
        self._root = os.path.join(self._base, plan.building) if plan.building else plan.generation
        self._environment = child_environment("{}/{}".format(plan.alias, SCRATCH), environment)
        self._packages: Tuple[Package, ...] = ()
        self._left: Optional[str] = None  # the generation that was current before

    def go(self) -> Tuple[Package, ...]:
        """All steps; the packages that a new environment holds. Removes what it began when one fails."""
        doing: Dict[str, Callable[[Sequence[str]], None]] = {
            "environment": self._make_environment,
            "wheels": self._unpack_wheels,
            "packages": self._install_packages,
            "relocate": self._relocate,
            "runtime": self._unpack_runtime,
            "receipt": self._write_receipt,
            "publish": self._publish,
            "switch": self._switch,
            "prune": self._prune,
        }
        try:
            for step in self._plan.steps:
                self._reporter.step(step.text)
                if step.action in self._additions:
                    self._additions[step.action](self._root, step.argv)
                else:
                    doing[step.action](step.argv)
        except BaseException:
            if self._root != self._plan.generation:
                files.remove_tree(self._root)
            raise
        return self._packages

    def _program(self, argv: Sequence[str], what: str) -> Result:
        self._reporter.note("$ " + " ".join(argv))
        result = self._run(argv, self._environment, self._base)
        for line in result.stdout.splitlines() + result.stderr.splitlines():
            self._reporter.note(line)
        if not result.ok:
            raise _failed(what, result)
        return result

    def _make_environment(self, argv: Sequence[str]) -> None:
        os.mkdir(self._root)
        self._program(argv, "venv")

    def _unpack_wheels(self, argv: Sequence[str]) -> None:
        scratch = os.path.join(self._root, SCRATCH)
        os.mkdir(scratch, 0o700)
        members = self._bundle.manifest.wheels()
        with self._reporter.bar("unpacking", sum(member.size for member in members), "B") as bar:
            for member in members:
                files.write_below(scratch, member.path, self._bundle.chunks(member.path))
                bar.advance(member.size)
        files.write_below(scratch, "index.html", [index_page([member.path for member in members])])
        files.write_below(scratch, layout.REQUIREMENTS, self._bundle.chunks(layout.REQUIREMENTS))

    def _install_packages(self, argv: Sequence[str]) -> None:
        self._program(argv, "pip")
        files.remove_tree(os.path.join(self._root, SCRATCH))
        os.mkdir(os.path.join(self._root, SCRATCH), 0o700)
        self._packages = tuple(
            generations.package(_contents(os.path.join(site, name, "METADATA")))
            for site in sites.below(self._root)
            for name in sorted(os.listdir(site))
            if name.endswith(".dist-info")
        )

    def _relocate(self, argv: Sequence[str]) -> None:
        alias = self._plan.alias.encode("ascii")
        final = os.fsencode(self._plan.generation)
        changed: Dict[str, bytes] = {}
        bin_directory = os.path.join(self._root, "bin")
        for name in sorted(os.listdir(bin_directory)):
            path = os.path.join(bin_directory, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            before = _contents(path)
            after = scripts.relocate_script(before, alias, final)
            if name.lower().startswith("activate"):
                after = scripts.relocate_text(after, alias, final)
            if after != before:
                files.replace(path, after)
                changed["bin/" + name] = after
        settings = os.path.join(self._root, "pyvenv.cfg")
        files.replace(settings, scripts.relocate_settings(_contents(settings), alias, final))
        for site in sites.below(self._root):
            relative = os.path.relpath(site, self._root)
            for name in sorted(os.listdir(site)):
                path = os.path.join(site, name, "RECORD")
                if changed and name.endswith(".dist-info") and os.path.isfile(path):
                    text = _contents(path).decode("utf-8")
                    amended = record.amended(text, relative, changed)
                    if amended != text:
                        files.replace(path, amended.encode("utf-8"))

    def _unpack_runtime(self, argv: Sequence[str]) -> None:
        runtime = os.path.join(self._root, *layout.GENERATION_RUNTIME.split("/"))
        os.makedirs(runtime)
        with zipfile.ZipFile(io.BytesIO(self._bundle.read(layout.RUNTIME))) as archive:
            for name in archive.namelist():
                if not name.endswith(("/", ".pyc")):
                    files.write_below(runtime, name, [archive.read(name)])
        site = sites.below(self._root)[0]
        for name, content in threshold.files():
            files.write_below(site, name, [content])
        module = os.path.join(os.path.relpath(site, self._root), threshold.MODULE)
        self._program([*argv, os.path.join(self._plan.alias, module)], "compileall")
        launcher = os.path.join(self._root, "bin", "offkit")
        files.replace(launcher, _LAUNCHER.encode("ascii"), 0o755)

    def _write_receipt(self, argv: Sequence[str]) -> None:
        bundle, plan = self._bundle, self._plan
        files.write_below(self._root, layout.GENERATION_MANIFEST, [bundle.text])
        files.write_below(self._root, layout.GENERATION_CHECKLIST, bundle.chunks(layout.CHECKLIST))
        for member in bundle.manifest.members:
            if member.path.startswith(layout.REPO_CONFIG):
                tail = member.path[len(layout.REPO_CONFIG) :]
                ready = _with_key(bundle.read(member.path), host.here())
                files.write_below(self._root, layout.GENERATION_REPO_CONFIG + "/" + tail, [ready])
        for member in bundle.manifest.below(layout.SMOKE):
            tail = member.path[len(layout.SMOKE) :]
            files.write_below(self._root, layout.GENERATION_SMOKE + "/" + tail, bundle.chunks(member.path))
        receipt = Receipt(
            id=plan.id,
            manifest=bundle.digest,
            target=bundle.manifest.target.to_json(),
            python=files.text(plan.python.path),
            python_version=plan.python.version,
            created=self._now,
            made_by="offkit " + __version__,
            packages=self._packages,
        )
        files.write_below(self._root, layout.RECEIPT, [generations.dump(receipt)])

    def _publish(self, argv: Sequence[str]) -> None:
        files.remove_tree(os.path.join(self._root, SCRATCH))
        # One call for thousands of files: what the name promises must survive a power cut.
        os.sync()
        os.rename(self._root, self._plan.generation)
        self._root = self._plan.generation
        files.sync_directory(self._base)

    def _switch(self, argv: Sequence[str]) -> None:
        self._left = generations.current_id(self._plan.prefix)
        generations.switch(self._plan.prefix, self._plan.id)

    def _prune(self, argv: Sequence[str]) -> None:
        """What cannot be removed is said, and no more: the new generation stands."""
        prefix, token = self._plan.prefix, self._plan.building.rpartition("-")[2]
        # The plan was made without the lock: a rollback may have come in between.
        for name in self._plan.remove:
            if name in (self._left, self._plan.id):
                continue
            path = os.path.join(generations.directory(prefix), name)
            try:
                done = generations.remove(prefix, name, token)
            except OSError as error:
                self._reporter.warn("{} could not be removed: {}".format(path, error.strerror))
                continue
            if not done:
                self._reporter.warn("{} could not be removed entirely".format(path))


def _with_key(repo: bytes, here: Host) -> bytes:
    """A .repo file with this distribution's own key in it, as far as it is known and present."""
    own = releases.known().told(here.os_release).keys.get(here.os_release.get("ID", ""), ())
    paths = ["/etc/pki/rpm-gpg/" + name for name in own]
    found = next((path for path in paths if os.path.isfile(path)), None)
    return repo.replace(b"{gpgkey}", b"file://" + found.encode("ascii")) if found else repo


def _contents(path: str) -> bytes:
    with open(path, "rb") as source:
        return source.read()


def _failed(what: str, result: Result) -> OffkitError:
    """pip's own words, and whose fault it is: the machine's or the requirements'."""
    said = last_lines(result.stderr) or last_lines(result.stdout)
    errno: Optional[str] = next((line for line in said if re.search(r"\[Errno \d+\]", line)), None)
    message = "{} failed (exit {})".format(what, result.returncode)
    unsatisfied = re.search(
        r"No matching distribution|ResolutionImpossible|Could not find a version", result.stderr
    )
    if unsatisfied:
        fix = "the bundle lacks packages that its requirements need here: bundle again on the other side"
        return RequestError(message, [Finding("PKG020", ERROR, what, line, (), "") for line in said], fix)
    headline = "{}: {}".format(message, errno) if errno else message
    return EnvironmentProblem(
        headline, [Finding("ENV032", ERROR, what, line, (), "") for line in said], AGAIN
    )
