"""All checks of the doctor, in order, and their sum."""

import os
from typing import List, Mapping, NamedTuple, Optional, Tuple

from offkit.edges.tree import Tree
from offkit.elf.search import Resolution
from offkit.model.finding import INFO, Finding
from offkit.model.report import Reporter
from offkit.target.doctor import cures as remedies
from offkit.target.doctor import environment, interpreter, libraries, machine, packages


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


class Examination(NamedTuple):
    summary: Summary
    findings: List[Finding]
    resolutions: List[Resolution]


def examine(
    environment_dir: str,
    root: str = "/",
    variables: Optional[Mapping[str, str]] = None,
    reporter: Optional[Reporter] = None,
) -> Examination:
    """Everything that is wrong with the environment at ``environment_dir`` on the server below ``root``.

    ``environment_dir`` is a path inside that root. Nothing there is executed, imported or
    changed. ``variables`` is the process environment (LD_LIBRARY_PATH, the locale); it is
    used only for the running system. Raises EnvironmentProblem when there is no environment.
    """
    report = reporter or Reporter()
    tree = Tree(root)
    live = tree.root == ""
    variables = (os.environ if variables is None else variables) if live else {}
    env, findings = environment.locate(tree, environment_dir)
    cures = remedies.read(tree)
    report.step("looking for libraries as the loader does")
    paths = _library_path(variables.get("LD_LIBRARY_PATH", ""))
    libs = libraries.inspect(tree, env, cures, paths)
    missing, devel = interpreter.inspect(tree, env, cures, libs.loaded or (env.interpreter,))
    report.step("comparing installed files with their records")
    installed = packages.inspect(tree, env)
    findings += missing + libs.findings + installed.findings
    findings += _by_variable(libs.resolutions)
    if live:
        findings += machine.judge(env, machine.observe(env, variables))
    findings += machine.generation(tree, env)
    summary = Summary(
        environment=env.where,
        python=env.python,
        interpreter=env.interpreter,
        system=cures.system,
        el=cures.el,
        elf_files=libs.elf_files,
        modules=libs.modules,
        distributions=len(installed.distributions),
        files=installed.files,
        install_line=remedies.combined(cures, libs.rpms + devel),
    )
    return Examination(summary, findings, libs.resolutions)


def _library_path(text: str) -> Tuple[str, ...]:
    """LD_LIBRARY_PATH takes semicolons too (ld.so(8))."""
    return tuple(text.replace(";", ":").split(":")) if text else ()


def _by_variable(resolutions: List[Resolution]) -> List[Finding]:
    names = sorted({each.name for each in resolutions if each.how == "LD_LIBRARY_PATH"})
    if not names:
        return []
    message = "{} found only through it; a service does not have your shell's variables".format(
        ", ".join(names) + (" is" if len(names) == 1 else " are")
    )
    fix = "write the directory into /etc/ld.so.conf.d/ and run ldconfig"
    return [Finding("ENV007", INFO, "LD_LIBRARY_PATH", message, (), fix)]
