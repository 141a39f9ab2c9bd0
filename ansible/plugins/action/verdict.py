"""offkit.fleet.verdict: a host's results, judged after everybody has been looked at."""

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem


class ActionModule(Action):
    """See the documentation in plugins/modules/verdict.py."""

    _requires_connection = False

    ARGUMENTS = {"results": {"type": "list", "elements": "dict", "required": True}}

    def act(self, args, result, task_vars):
        told = [one for one in args["results"] if one and not one.get("skipped")]
        for one in told:
            if one.get("unreachable"):
                # it was not reached, and is counted as such, without waiting for it again
                raise AnsibleConnectionFailure(str(one.get("msg", "not reached")))
        for one in told:
            if one.get("failed") or one.get("healthy") is False:
                raise Problem(str(one.get("msg") or "failed"))
        result.update(changed=False, msg="; ".join(str(one.get("msg", "")) for one in told))
        return
