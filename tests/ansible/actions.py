"""An action of the collection on this machine, by Ansible's own local connection and a shell of choice."""

import importlib
import os
import types

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.plugins.action import ActionBase  # noqa: F401 (for tests that change it)
from ansible.plugins.loader import connection_loader
from ansible.template import Templar


def action(name, args, **how):
    """The action plugin offkit.fleet.NAME with these arguments; ``how``: check, diff, delegate_to, run_once."""
    module = importlib.import_module("ansible_collections.offkit.fleet.plugins.action." + name)
    context = PlayContext()
    connection = connection_loader.get("local", context, os.devnull)
    connection._shell.set_options()
    connection.set_options()
    loader = DataLoader()
    task = types.SimpleNamespace(
        action="offkit.fleet." + name,
        args=dict(args),
        async_val=0,
        check_mode=how.get("check", False),
        diff=how.get("diff", False),
        environment=how.get("environment", []),
        delegate_to=how.get("delegate_to"),
        run_once=how.get("run_once", False),
        no_log=False,
    )
    return module.ActionModule(task, connection, context, loader, Templar(loader=loader), None)


def run(name, args, variables=None, **how):
    """Its result."""
    return action(name, args, **how).run(task_vars=dict({"inventory_hostname": "web01"}, **(variables or {})))
