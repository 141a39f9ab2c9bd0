"""One offkit at a time in a directory, and what is said where that one or the system refuses."""

import os
from contextlib import contextmanager
from typing import Iterator

from offkit.edges import files
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding


@contextmanager
def exclusive(directory: str, headline: str, fix: str = "", make: bool = False) -> Iterator[None]:
    """Hold the lock of ``directory``, which is made where it may be missing (``make``); what is made
    inside, everybody may read.

    Raises EnvironmentProblem when another offkit is at work there (ENV030), and for an OSError from
    inside (ENV031, see ``refused``).
    """
    lock = os.path.join(directory, layout.LOCK)
    try:
        with files.umask():
            if make:
                os.makedirs(directory, exist_ok=True)
            with files.lock(lock):
                yield
    except BlockingIOError:
        message = "another offkit is running in {}".format(directory)
        finding = Finding("ENV030", ERROR, directory, message, (lock,), "wait until it has finished")
        raise EnvironmentProblem(message, [finding])
    except OSError as error:
        raise refused(error, directory, headline, fix)


def refused(error: OSError, place: str, headline: str, fix: str = "") -> EnvironmentProblem:
    """The system's refusal (no permission, read-only …) as a finding about the path, else ``place``."""
    subject = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else place
    denied = isinstance(error, PermissionError)
    usual = "run it as the user who installed" if denied else "correct this and run the command again"
    message = error.strerror or str(error)
    return EnvironmentProblem(headline, [Finding("ENV031", ERROR, subject, message, (), fix or usual)])
