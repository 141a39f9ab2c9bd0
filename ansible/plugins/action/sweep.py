"""offkit.fleet.sweep: older bundles of the same name leave the servers they were carried to."""

from ansible_collections.offkit.fleet.plugins.plugin_utils import remote
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem

_MARK = "offkit-sweep "


class ActionModule(Action):
    """See the documentation in plugins/modules/sweep.py."""

    ARGUMENTS = {
        "directory": {"type": "str", "required": True},
        "stem": {"type": "str", "required": True},
        "keep": {"type": "str", "required": True},
    }

    def act(self, args, result, task_vars):
        args["directory"] = self.on_server(args["directory"], "directory (offkit_bundle_dir)")
        how = "look" if self._task.check_mode else "remove"
        said = remote.sh(self, remote.script("sweep"), args["directory"], args["stem"], args["keep"], how)
        if said.rc:
            raise Problem("older bundles cannot be removed (exit {}): {}".format(said.rc, said.last()))
        removed = [row[len(_MARK) :] for row in said.stdout.splitlines() if row.startswith(_MARK)]
        result.update(changed=bool(removed), removed=removed)
        verb = "would remove" if self._task.check_mode else "removed"
        result["msg"] = "{} {}".format(verb, ", ".join(removed) or "nothing")
