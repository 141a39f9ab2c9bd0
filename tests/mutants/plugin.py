"""For pytest: says to coverage which test is running, or runs chosen tests in a given order."""

import faulthandler
import json
import os

import coverage
import pytest

CHOSEN = os.environ.get("MUTANTS_CHOSEN")  # {test: seconds it may take}, in the order they are to run
# What becomes of tests, a line each. It is open from the start: a test may be another user meanwhile.
TOLD = open(os.environ["MUTANTS_TOLD"], "a", encoding="utf-8")  # noqa: SIM115


def tell(*words):
    TOLD.write(json.dumps(words) + "\n")
    TOLD.flush()


def _function(name):
    return name.partition("[")[0]


class Contexts:
    """A line's context is the test that runs it; the file, where its neighbours profit from it too."""

    def enter(self, name):
        os.environ["MUTANTS_TEST"] = name  # for processes that the test starts
        measuring = coverage.Coverage.current()
        measuring.config.context = name  # for those that it forks
        measuring.switch_context(name)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        self.enter(collector.nodeid)
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        self.enter(item.nodeid)
        yield
        self.enter("")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        before = os.environ["MUTANTS_TEST"]
        if fixturedef.scope != "function":
            self.enter(before.partition("::")[0])
        yield
        self.enter(before)

    def pytest_sessionfinish(self):
        coverage.Coverage.current().save()


class Chosen:
    """Runs the chosen tests only; one that takes too long ends the process."""

    def __init__(self):
        with open(CHOSEN, encoding="utf-8") as source:
            self.limits = json.load(source)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        there = {item.nodeid: item for item in items}
        chosen = [there[name] for name in self.limits if name in there]
        # A mutant may give the cases of a test other names.
        renamed = {_function(name) for name in self.limits if name not in there}
        chosen += [each for each in items if _function(each.nodeid) in renamed and each not in chosen]
        items[:] = chosen

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        tell("began", item.nodeid)
        limit = self.limits.get(item.nodeid, max(self.limits.values()))
        faulthandler.dump_traceback_later(limit, exit=True)
        yield
        faulthandler.cancel_dump_traceback_later()


class Outcomes:
    def pytest_runtest_logreport(self, report):
        tell(report.outcome, report.nodeid, report.duration, report.when)


def pytest_configure(config):
    if CHOSEN:
        config.pluginmanager.register(Chosen())
    elif "COVERAGE_PROCESS_START" in os.environ:
        config.pluginmanager.register(Contexts())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Outcomes())
