"""The doctor's one deed: the yum line that it prints, run after somebody agreed."""

from typing import Callable, List, Sequence

from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.target.doctor.cures import YUM

_LAST_LINES = 15


def command(rpms: Sequence[str]) -> List[str]:
    """The printed line as an argument list, with the answer that yum itself would ask for."""
    return [*YUM, "-y", "install", *rpms]


def install(rpms: Sequence[str], run: Callable[[Sequence[str]], Result]) -> Result:
    """Run it to the end. Raises EnvironmentProblem with yum's last words when it fails."""
    done = run(command(rpms))
    if done.ok:
        return done
    words = (done.stdout + "\n" + done.stderr).strip().splitlines()[-_LAST_LINES:]
    message = "yum could not install {} (exit code {})".format(" ".join(rpms), done.returncode)
    fix = "'offkit doctor repositories' says what is in yum's way"
    raise EnvironmentProblem(
        message,
        [Finding("REPO009", ERROR, "yum", message, tuple(words), fix)],
        "as root: " + " ".join(done.argv),
    )
