"""The collection is imported from the checkout, as Ansible's loader would from where it is installed."""

import importlib.util
import sys
import tempfile

# Without Ansible (in the other environments) there is nothing here to be collected.
collect_ignore_glob = [] if importlib.util.find_spec("ansible.release") else ["test_*.py"]


def pytest_configure(config):
    import collection

    config._offkit_collections = tempfile.TemporaryDirectory(prefix="offkit-collections-")
    sys.path.insert(0, collection.link(config._offkit_collections.name))


def pytest_unconfigure(config):
    config._offkit_collections.cleanup()
