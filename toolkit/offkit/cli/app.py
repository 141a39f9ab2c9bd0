"""The entry point: the commands, and the one error boundary."""

import os
import sys
import tempfile
import traceback
from typing import Callable, List, Optional, Type

import typer

from offkit import __version__
from offkit.cli import render
from offkit.model.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE, OffkitError

# typer carries its own click since 0.27; this finds the one in use (ClickException).
_UsageProblem: Type[Exception] = typer.BadParameter.__mro__[2]

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    name="offkit",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_HELP,
    help="Python software, its wheels and its libraries, onto servers without a network.",
)


def _version(asked: bool) -> None:
    if asked:
        render.line("offkit {}".format(__version__))
        raise typer.Exit()


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", help="Say the version.", callback=_version, is_eager=True
    ),
) -> None:
    pass


def _commands() -> None:
    """Register what this installation can do: the online commands only where their zone is."""
    from offkit.cli import doctor, inspect, install, probe, run_badapple, verify

    if render.has_online_zone():
        from offkit.cli import bundle, lock

        _add("lock", lock.lock)
        _add("bundle", bundle.bundle)
    _add("inspect", inspect.inspect)
    _add("verify", verify.verify)
    _add("probe", probe.probe)
    _add("install", install.install)
    _add("doctor", doctor.doctor)
    _add("run-badapple", run_badapple.run_badapple)


def _add(name: str, function: Callable[..., Optional[int]]) -> None:
    app.command(name, context_settings=_HELP)(function)


def main(argv: Optional[List[str]] = None) -> int:
    """Run a command line; returns nothing to a shell but the exit code of model.errors."""
    args = list(sys.argv[1:] if argv is None else argv)
    render.prepare(args)
    try:
        code = _run(args)
    except KeyboardInterrupt:
        render.interrupted()
        code = EXIT_INTERRUPTED
    except OffkitError as error:
        render.error(error)
        code = error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone (offkit inspect … | head). Nothing to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception:
        render.internal(_write_log(args))
        code = EXIT_INTERNAL
    sys.exit(code)


def _run(args: List[str]) -> int:
    _commands()
    command = typer.main.get_command(app)
    try:
        code = command.main(args, prog_name="offkit", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt
    except typer.Exit as leave:
        return leave.exit_code
    except _UsageProblem as error:
        render.usage(error)
        return EXIT_USAGE
    return code if isinstance(code, int) else 0


def _write_log(args: List[str]) -> str:
    """The traceback of an internal error, in a file; returns its path."""
    handle, path = tempfile.mkstemp(prefix="offkit-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write("offkit {} on Python {}\n".format(__version__, sys.version))
        log.write("arguments: {!r}\n\n".format(args))
        log.write(traceback.format_exc())
    return path


if __name__ == "__main__":
    main()
