"""The errors a user can meet, each with the exit code of its kind.

An error carries findings: all problems of one kind at once, so that nobody crosses the
gap twice for two problems that could have been named together.
"""

from typing import Iterable, Sequence, Tuple, Type

from offkit.model.finding import ERROR, Finding

AGAIN = "copy the bundle again, and compare sha256sum on both sides of the gap"  # what is done about damage

EXIT_OK = 0
EXIT_PROBLEMS = 1
EXIT_USAGE = 2
EXIT_INTEGRITY = 3
EXIT_ENVIRONMENT = 4
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130
EXIT_UNREAD = 141  # as a shell says of a program that SIGPIPE ended: nobody reads any more


class OffkitError(Exception):
    """An expected failure: one headline, and the findings that explain it."""

    exit_code = EXIT_PROBLEMS

    def __init__(self, message: str, findings: Sequence[Finding] = (), fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.findings: Tuple[Finding, ...] = tuple(findings)
        self.fix = fix


class RequestError(OffkitError):
    """What was asked for cannot be had: no such version, no wheel for the target, a conflict."""

    exit_code = EXIT_PROBLEMS


class UsageError(OffkitError):
    """The command line asks for something that makes no sense."""

    exit_code = EXIT_USAGE


class IntegrityError(OffkitError):
    """A bundle or a file is damaged, tampered with, or not what its manifest says."""

    exit_code = EXIT_INTEGRITY


class EnvironmentProblem(OffkitError):
    """This machine cannot do it: wrong target, no space, noexec, no permission, no interpreter."""

    exit_code = EXIT_ENVIRONMENT


# Findings by which an installation ends, where it is not the environment that is wrong.
EXITS = {
    "RPM001": EXIT_INTEGRITY,
    "RPM002": EXIT_INTEGRITY,
    "RPM003": EXIT_INTEGRITY,
    "RPM004": EXIT_PROBLEMS,
    "REPO011": EXIT_INTEGRITY,
    "REPO014": EXIT_INTEGRITY,
    "BUN022": EXIT_INTEGRITY,
    "BUN023": EXIT_INTEGRITY,
}


def of(code: str) -> Type[OffkitError]:
    """The error that such a finding is."""
    kinds = {EXIT_PROBLEMS: RequestError, EXIT_INTEGRITY: IntegrityError}
    return kinds.get(EXITS.get(code, EXIT_ENVIRONMENT), EnvironmentProblem)


def of_all(codes: Iterable[str]) -> Type[OffkitError]:
    """The error that several findings about media are together: damage is said before all else."""
    return IntegrityError if IntegrityError in map(of, codes) else EnvironmentProblem


def of_request(codes: Iterable[str]) -> Type[OffkitError]:
    """The error that several findings about a request are together: with a server that cannot be asked (NET),
    nobody knows whether the rest is all that is wrong."""
    return EnvironmentProblem if any(code.startswith("NET") for code in codes) else RequestError


def damaged(code: str, subject: str, message: str, fix: str = "") -> IntegrityError:
    """An IntegrityError with a single finding about ``subject``."""
    return IntegrityError(message, [Finding(code, ERROR, subject, message, (), fix)])
