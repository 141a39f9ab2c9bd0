"""The first thing that runs: everything heavier is imported where an interruption is expected."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from offkit.edges import signals

        with signals.held():
            from offkit.cli.app import main as run
        run()
    except KeyboardInterrupt:
        sys.exit(130)  # model.errors.EXIT_INTERRUPTED, which may not have been imported yet
