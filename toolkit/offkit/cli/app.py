"""The entry point: the commands, and the one error boundary."""

import atexit
import errno
import gc
import importlib
import os
import sys
import tempfile
import threading
import traceback
from typing import Any, List, NamedTuple, Optional, Type

import typer

from offkit import __version__
from offkit.cli import plain_text, render
from offkit.edges import signals
from offkit.model.errors import (
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_UNREAD,
    EXIT_USAGE,
    EnvironmentProblem,
    OffkitError,
)
from offkit.model.url import without_secrets

# typer carries its own click since 0.27; this finds the one in use (ClickException).
_UsageProblem: Type[Exception] = typer.BadParameter.__mro__[2]


class _InOrder(typer.core.TyperGroup):
    """Commands in the order of the journey, not of the alphabet."""

    def list_commands(self, ctx: Any) -> List[str]:
        return list(self.commands)


# Of Python, made and not yet gone, after which garbage is looked for. After 700, as by default, it takes a
# tenth of what a short command does: nearly all that is made while modules are imported stays. A page of an
# index has fifteen thousand files; where those are read, it took as much of the time of a lock.
_OBJECTS, _OBJECTS_ONLINE = 20000, 500000
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _version(asked: bool) -> None:
    if asked:
        render.line("offkit {}".format(__version__))
        raise typer.Exit()


def _root(
    version: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_version, is_eager=True
    ),
) -> None:
    pass


# An interpreter that ends looks three times through everything for garbage, which may take half a second:
# what is frozen it passes over (3.6 cannot freeze, and looks once less).
atexit.register(getattr(gc, "freeze", gc.disable))


class Command(NamedTuple):
    """One command: a function in the module of its name."""

    name: str
    summary: str
    online: bool = False  # it is there where the online zone is

    def load(self) -> Any:
        """The function, or repo's own app of commands."""
        if self.online:
            gc.set_threshold(_OBJECTS_ONLINE)
        name = self.name.replace("-", "_")
        module = importlib.import_module("offkit.cli." + name)
        return getattr(module, "app", None) or getattr(module, name)


COMMANDS = (
    Command("lock", "Pin wheels and hashes for a server.", True),
    Command("bundle", "Resolve, download and pack for a server.", True),
    Command("inspect", "Show what is in a bundle."),
    Command("verify", "Check every byte of a bundle."),
    Command("merge", "Make a bundle of an earlier one and a difference."),
    Command("probe", "Describe this server, for --target."),
    Command("install", "Install a bundle beside what is there."),
    Command("doctor", "Say what is wrong and how to fix it."),
    Command("smoke", "Import what is installed, run your own checks."),
    Command("run-badapple", "Process a video to prove that everything works."),
    Command("repo", "Make yum install from local media."),
    Command("generations", "List what has been installed."),
    Command("rollback", "Switch to another generation."),
    Command("report", "Show what a fleet of servers has reported."),
    Command("uninstall", "Remove everything that offkit installed."),
    Command("adopt-python", ""),  # install.sh calls it, and nobody else
)


def made(named: str = "") -> typer.Typer:
    """All commands that this installation has; only ``named``, where it is one of them, for the imports
    of all take longer than most of them run."""
    app = typer.Typer(
        name="offkit",
        cls=_InOrder,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=_HELP,
        help="Deploy Python software, with its wheels and libraries, to servers without a network.",
    )
    app.callback()(_root)
    there = [one for one in COMMANDS if render.has_online_zone() or not one.online]
    for one in [one for one in there if one.name == named] or there:
        loaded, hidden = one.load(), not one.summary
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=one.name, short_help=one.summary)
        else:
            app.command(one.name, context_settings=_HELP, short_help=one.summary, hidden=hidden)(loaded)
    return app


def main(argv: Optional[List[str]] = None) -> None:
    """Run a command line and leave with an exit code of model.errors."""
    args = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(_OBJECTS)
    signals.interrupt()
    render.prepare(args)
    code = _guarded(args)
    if code == EXIT_INTERRUPTED and threading.active_count() > 1:
        render.flush()
        os._exit(code)  # a thread that waits for a server would be waited for
    sys.exit(code)


def _guarded(args: List[str]) -> int:
    """The one error boundary: every way a command can end becomes an exit code and a message."""
    try:
        return _judged(args)
    except BrokenPipeError:  # of the document of an error too
        render.abandon_stdout()  # whoever read it has gone (offkit inspect … | head)
        return EXIT_UNREAD


def _judged(args: List[str]) -> int:
    try:
        return _run(args)
    except KeyboardInterrupt:
        render.interrupted()
        return EXIT_INTERRUPTED
    except OffkitError as error:
        render.error(error)
        return error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno not in _REFUSALS:
            return _internal(args)
        problem = _refusal(error)
        render.error(problem)
        return problem.exit_code
    except MemoryError:
        problem = EnvironmentProblem(
            "out of memory",
            fix="run 'ulimit -v unlimited', or give the server (container, service) more memory",
        )
        render.error(problem)
        return problem.exit_code
    except Exception:
        return _internal(args)


# What a disk or the rights on it refuse, wherever in a command it happens, and what helps.
_REFUSALS = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some space there",
    errno.EROFS: "mount it writable",
    errno.EACCES: "check the permissions there",
    errno.EPERM: "check the permissions there",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def _refusal(error: OSError) -> EnvironmentProblem:
    where = error.filename or os.environ.get("TMPDIR") or "a temporary file"
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    fix = _REFUSALS.get(error.errno or 0, "")
    temporary = error.filename is None or str(where).startswith(tempfile.gettempdir())
    if temporary and error.errno != errno.EMFILE:
        fix += ", or set TMPDIR to another directory"
    return EnvironmentProblem("{}: {}".format(where, error.strerror), fix=fix)


def _internal(args: List[str]) -> int:
    render.internal(_write_log(args), traceback.format_exc().strip().splitlines()[-1])
    return EXIT_INTERNAL


def _run(args: List[str]) -> int:
    with signals.held():
        plain_text.spare()
        command = typer.main.get_command(made(args[0] if args else ""))
    try:
        code = command.main(args or ["--help"], prog_name="offkit", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt
    except typer.Exit as leave:
        return leave.exit_code
    except SystemExit as leave:  # what typer makes of a reader that has gone
        if isinstance(leave.__context__, BrokenPipeError):
            raise leave.__context__
        raise
    except _UsageProblem as error:
        named = args and args[0] in getattr(command, "commands", {})
        render.usage(error, "offkit " + args[0] if named else "offkit")
        return EXIT_USAGE
    if code == EXIT_INTERRUPTED:  # what newer versions of typer make of Ctrl-C
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _write_log(args: List[str]) -> str:
    """The traceback of an internal error, in a file; returns its path, "" when none can be written."""
    try:
        handle, path = tempfile.mkstemp(prefix="offkit-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            log.write("offkit {} on Python {}\n".format(__version__, sys.version))
            log.write(without_secrets("arguments: {!r}\n\n{}".format(args, traceback.format_exc())))
    except OSError:
        return ""
    return path


if __name__ == "__main__":
    main()
