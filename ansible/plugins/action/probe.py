"""offkit.fleet.probe: a server as a target, with or without a Python, with or without an offkit."""

import uuid

from ansible_collections.offkit.fleet.plugins.plugin_utils import document as documents
from ansible_collections.offkit.fleet.plugins.plugin_utils import remote, server, target
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem


class ActionModule(Action):
    """See the documentation in plugins/modules/probe.py."""

    ARGUMENTS = {"prefix": {"type": "str", "default": ""}}

    def act(self, args, result, task_vars):
        if args["prefix"]:
            args["prefix"] = self.on_server(args["prefix"], "offkit_prefix")
        begins = "offkit-probe-" + uuid.uuid4().hex[:12]
        parts = ("survey", "pythons", "probe", "describe")
        text = "\n".join([*map(remote.script, parts), "probe_server"])
        said = remote.sh(self, text, args["prefix"], begins)
        survey = server.read(said.stdout)
        if "prefix" not in survey:
            raise Problem("the server's sh did not answer (exit {}): {}".format(said.rc, said.last()))
        facts = server.facts(survey)
        own, _, told = said.stdout.partition(begins + " describes")
        found = documents.find(own.partition(begins + " begins")[2])
        result.update(changed=False, failed=False, healthy=True, server=facts)
        if not found or found.get("schema") not in ("offkit/target-1", "offkit/target-2"):
            try:
                found = dict(target.describe(survey, facts), **(documents.find(told) or {}))
            except ValueError as error:
                result.update(healthy=False, msg=str(error), document=None)
                return
        result.update(
            document=found,
            msg=target.line(found),
            ansible_facts={"offkit_server": facts},
            _ansible_facts_cacheable=True,
        )
