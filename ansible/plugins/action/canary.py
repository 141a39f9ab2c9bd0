"""offkit.fleet.canary: which host is the first to get a bundle."""

from ansible_collections.offkit.fleet.plugins.plugin_utils import hostfile
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action


class ActionModule(Action):
    """See the documentation in plugins/modules/canary.py."""

    _requires_connection = False

    ARGUMENTS = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "surveyed": {"type": "str", "default": "offkit_surveyed"},
        "carried": {"type": "str", "default": "offkit_carried"},
    }

    def act(self, args, result, task_vars):
        variables = task_vars.get("hostvars") or {}
        first = {}
        for host in args["hosts"]:
            if host not in variables:
                continue
            surveyed = variables[host].get(args["surveyed"]) or {}
            carried = variables[host].get(args["carried"]) or {}
            if hostfile.is_bad(surveyed) or hostfile.is_bad(carried) or not surveyed.get("bundle"):
                continue
            first.setdefault(surveyed["bundle"]["digest"], host)
        result.update(changed=False, first=first, hosts=sorted(first.values()))
        result["msg"] = "first: {}".format(", ".join(result["hosts"]) or "nobody")
