"""All checks of the doctor, in order, and their sum."""

import os
from typing import Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import host
from offkit.edges.tree import Tree
from offkit.elf.resolution import Resolution
from offkit.media import disc, offer, providers
from offkit.media.medium import Source
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.server.doctor import (
    control_node,
    interpreter,
    libraries,
    machine,
    needs,
    packages,
    policies,
    processor,
    repositories,
    shadows,
    variables,
)
from offkit.server.doctor import cures as remedies
from offkit.server.doctor.checks import INTERPRETER, LIBRARIES, MACHINE, NAMES, NEEDS, PACKAGES, REPOSITORIES
from offkit.server.environment import environment
from offkit.server.system import withheld, yum


class Summary(NamedTuple):
    environment: str
    python: str
    interpreter: str
    system: str
    el: int  # 0: no Enterprise Linux
    elf_files: int  # read, the server's own libraries included
    modules: int  # extension modules judged
    distributions: int
    files: int  # compared with their recorded hash
    install_line: str  # one yum line for all findings, or ""
    kind: str  # "virtual environment", "generation" of offkit, or "Python": the prefix of one itself


class Provider(NamedTuple):
    """The answer to who has a library."""

    soname: str
    rpms: Tuple[str, ...]  # as yum takes them
    source: str  # the repositories that said so, or "table"


class Examination(NamedTuple):
    summary: Summary
    findings: List[Finding]
    resolutions: List[Resolution]
    checks: Tuple[str, ...]  # that were made
    providers: List[Provider]
    repositories: Dict[str, int]  # place → packages, of what was read
    rpms: Tuple[str, ...]  # all to be installed
    again: Tuple[str, ...] = ()  # all to be installed once more: they are here, and damaged
    enabled: Tuple[str, ...] = yum.OWN  # the repositories that take part
    yum: str = "yum"  # what it is called
    known: bool = True  # whether the server has all of these repositories
    doubt: str = ""  # what is not known of the line that installs them


def examine(
    environment_dir: str,
    root: str = "/",
    variables: Optional[Mapping[str, str]] = None,
    reporter: Optional[Reporter] = None,
    checks: Collection[str] = NAMES,
    isos: Sequence[str] = (),
    rpm_repos: Sequence[Source] = (),
) -> Examination:
    """Everything that is wrong with the environment at ``environment_dir`` on the server below ``root``.

    ``environment_dir`` is a path inside that root; ``isos`` and ``rpm_repos`` are paths as this
    process sees them, asked for RPMs in the place of the server's own repositories. Nothing is
    executed, imported or changed. ``variables`` is the process environment (LD_LIBRARY_PATH,
    the locale, TMPDIR); it is used only for the running system. Raises EnvironmentProblem when
    there is no environment.
    """
    tree = Tree(root)
    env, findings = environment.locate(tree, environment_dir)
    arch = processor.arch_of(tree, env.interpreter)
    known = repositories.configured(tree, arch)
    with offer.open_catalog(tree, isos, rpm_repos, known.own, tuple(known.theirs(tree))) as catalog:
        visit = _Visit(tree, env, known, catalog, variables, reporter or Reporter())
        done = visit.make([name for name in NAMES if name in checks])
    first = [each for each in done.findings if each.code == disc.STRANGER]
    return done._replace(findings=first + findings + [each for each in done.findings if each not in first])


class _Visit:
    """One examination: what every check needs, and what each leaves for the others."""

    def __init__(
        self,
        tree: Tree,
        env: environment.Environment,
        known: repositories.Configured,
        catalog: providers.Catalog,
        given: Optional[Mapping[str, str]],
        report: Reporter,
    ) -> None:
        self._tree, self._env, self._known, self._catalog = tree, env, known, catalog
        self._live = tree.root == ""
        self._variables = (os.environ if given is None else given) if self._live else {}
        against = withheld.for_a_command(catalog, tree, known.matching)
        self._cures = known.cures(tree, catalog, against)
        self._report = report

    def make(self, checks: List[str]) -> Examination:
        findings: List[Finding] = []
        rpms: List[str] = []
        again: List[str] = []
        libs = libraries.NOTHING
        if {INTERPRETER, LIBRARIES, MACHINE}.intersection(checks):
            libs = self._look_for_libraries()
        if INTERPRETER in checks:
            loaded = libs.loaded or (self._env.interpreter,)
            missing, devel = interpreter.inspect(self._tree, self._env, self._cures, loaded)
            findings += missing
            rpms += devel
        if LIBRARIES in checks:
            findings += libs.findings
            rpms += libs.rpms
            again += libs.again
        path = self._variables.get("PATH", "").split(":")
        if NEEDS in checks:
            wanting, bringing = needs.inspect(self._tree, self._env, self._cures, path)
            findings += wanting
            rpms += bringing
        told = libs.unreadable if LIBRARIES in checks else ()
        installed = self._compare(told) if PACKAGES in checks else packages.Packages([], [], 0)
        findings += installed.findings
        again += installed.again
        if PACKAGES in checks:
            findings += shadows.elsewhere(self._tree, self._env)
            findings += shadows.misplaced(self._tree, self._env, host.directory() if self._live else "")
        if MACHINE in checks:
            findings += self._machine(libs)
            clients, packaged = control_node.inspect(self._tree, self._env, self._cures, path)
            findings += clients
            rpms += packaged
        enabled = self._cures.enabled((*rpms, *again))
        if REPOSITORIES in checks:
            needed = enabled if rpms or again else ()
            findings += repositories.inspect(
                self._tree, self._env, self._known, self._cures.own, needed, self._catalog
            )
            ids, theirs = self._known.matching(enabled), self._known.theirs(self._tree)
            findings += withheld.told((*rpms, *again), self._catalog, self._tree, ids, theirs)
        if REPOSITORIES in checks or LIBRARIES in checks:
            findings += self._catalog.findings
        chosen = libs.cures if LIBRARIES in checks else {}
        return Examination(
            self._summary(libs, installed, remedies.combined(self._cures, rpms, again)),
            findings,
            libs.resolutions,
            tuple(checks),
            [
                Provider(soname, cure.rpms + cure.again, cure.source)
                for soname, cure in sorted(chosen.items())
            ],
            dict(self._catalog.read),
            remedies.union(rpms),
            remedies.union(again),
            enabled,
            self._cures.yum,
            self._known.offkits or not set(yum.OWN).intersection(enabled),
            self._cures.doubt(remedies.union((*rpms, *again))),
        )

    def _look_for_libraries(self) -> libraries.Libraries:
        self._report.step("looking for libraries as the loader does")
        paths = _library_path(self._variables.get("LD_LIBRARY_PATH", ""))
        preload = self._variables.get("LD_PRELOAD", "").replace(":", " ").split()
        return libraries.inspect(self._tree, self._env, self._cures, paths, preload)

    def _compare(self, told: Collection[str]) -> packages.Packages:
        self._report.step("comparing installed files with their records")
        return packages.inspect(self._tree, self._env, self._cures, told)

    def _machine(self, libs: libraries.Libraries) -> List[Finding]:
        findings = machine.generation(self._tree, self._env)
        if self._live:
            facts = machine.observe(self._env, self._variables)
            locale = self._cures.release.locale if self._cures.own else ""
            findings = machine.judge(self._env, facts, locale) + findings
            findings += processor.judge(self._tree, self._env, libs.isa, host.cpu())
        findings += variables.inspect(self._tree, self._env, self._variables, libs.resolutions)
        findings += shadows.user_site(self._tree, self._env, self._variables)
        findings += machine.labels(self._tree, self._env)
        return findings + policies.inspect(self._tree, self._env)

    def _summary(self, libs: libraries.Libraries, installed: packages.Packages, install_line: str) -> Summary:
        return Summary(
            environment=self._env.where,
            python=self._env.python,
            interpreter=self._env.interpreter,
            system=self._cures.system,
            el=self._cures.el,
            elf_files=libs.elf_files,
            modules=libs.modules,
            distributions=len(installed.distributions),
            files=installed.files,
            install_line=install_line,
            kind=_kind(self._env),
        )


def _kind(env: environment.Environment) -> str:
    if env.generation:
        return "generation"
    return "Python" if env.own else "virtual environment"


def _library_path(text: str) -> Tuple[str, ...]:
    """LD_LIBRARY_PATH takes semicolons too (ld.so(8))."""
    return tuple(text.replace(";", ":").split(":")) if text else ()
