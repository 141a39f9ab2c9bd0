"""What every test run has in common, on each Python."""

import os
import signal
import sys

import pytest

try:
    import hypothesis
except ImportError:  # the tests of the collection have none
    hypothesis = None

# The online zone is modern Python; what runs on the server is tested on its own CPython 3.6.
collect_ignore = ["online", "house", "lab", "e2e"] if sys.version_info < (3, 10) else []


# The same examples each time, so that a run is red for what was changed; OFFKIT_FUZZ=500 looks for others.
FUZZ = "OFFKIT_FUZZ" in os.environ
if hypothesis:  # how fast a machine is says nothing about what is tested on it
    hypothesis.settings.register_profile(
        "offkit",
        deadline=None,
        derandomize=not FUZZ,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("offkit")


def pytest_configure(config):
    """Tests import helpers that stand beside them (elf_maker, bundle_maker, pythons)."""
    # Messages of the system are asserted in English, in whatever language it speaks (pip asks for the
    # user's); and whoever reaches the world by a proxy reaches this machine without one.
    os.environ["LANGUAGE"] = "en"
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1"]))
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in ("makers", ""):
        path = os.path.join(here, folder)
        if path not in sys.path:
            sys.path.insert(0, path)


@pytest.fixture(autouse=True)
def _as_it_was():
    """Commands that run in this process say how the printer speaks, and who hears signals: until
    their test ends."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in handlers.items():
        if signal.getsignal(each) != handler:
            signal.signal(each, handler)
    printer = sys.modules.get("offkit.cli.render")
    if printer is not None:
        printer.console()


def mark_slow(items):
    """What slow.txt lists, so that -m "not slow" leaves it out."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow.txt")) as source:
        slow = {line.split()[1] for line in source if not line.startswith("#")}
    for item in items:
        if item.nodeid.partition("[")[0] in slow:
            item.add_marker("slow")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """One number repeats a run: other examples are as random as the order, and go by the same seed."""
    mark_slow(items)
    seed = getattr(config.option, "randomly_seed", None)
    if hypothesis and FUZZ and isinstance(seed, int):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                hypothesis.seed(seed)(item.obj)


def pytest_terminal_summary(terminalreporter, config):
    """The header has the seed, but not where pytest is told to be quiet."""
    seed = getattr(config.option, "randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line("in random order; the same again: --randomly-seed={}".format(seed))


def pytest_sessionstart(session):
    """Under nohup or in the background SIGHUP and SIGINT are ignored, and so they would be in every
    command under test. A handler here means the default there (execve(2))."""
    for name in ("SIGHUP", "SIGINT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else lambda *_: None)


def pytest_sessionfinish(session, exitstatus):
    """With OFFKIT_REQUIRE_ALL=1 (as in CI) a skipped test is a failed run: nothing is missing there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("OFFKIT_REQUIRE_ALL") == "1" and exitstatus == 0:
        reporter.write_line("OFFKIT_REQUIRE_ALL: {} tests were skipped".format(len(skipped)), red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
