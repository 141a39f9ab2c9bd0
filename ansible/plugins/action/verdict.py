"""offkit.fleet.verdict: a host's results, judged after everybody has been looked at."""

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.offkit.fleet.plugins.plugin_utils import hostfile
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem, plain


class ActionModule(Action):
    """See the documentation in plugins/modules/verdict.py."""

    _requires_connection = False

    ARGUMENTS = {"results": {"type": "list", "elements": "dict", "required": True}}

    def act(self, args, result, task_vars):
        told = [one for one in args["results"] if one and not one.get("skipped")]
        for one in told:
            if one.get("unreachable"):
                # it was not reached, and is counted as such, without waiting for it again
                raise AnsibleConnectionFailure(plain(one.get("msg")) or "not reached")
        for one in told:
            if hostfile.is_bad(one):
                raise Problem(plain(one.get("msg")) or "failed")
        result.update(changed=False, msg="; ".join(str(one.get("msg", "")) for one in told))
        return
