"""What the collection's actions have in common: arguments are checked, and a problem is one line."""

import re

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class Problem(Exception):
    """What an administrator can understand and mend; its text becomes the result's ``msg``."""


def plain(message):
    """A result's message in one line, without what newer versions of Ansible put before it."""
    return re.sub(r"^(Task failed: |Action failed: )+", "", " ".join(str(message or "").split()))


class Action(ActionBase):
    """An action with ``ARGUMENTS`` and ``REQUIRED_IF`` as validate_argument_spec takes them, and
    ``act``, which fills the result or raises Problem."""

    _supports_check_mode = True
    _supports_async = False
    ARGUMENTS = {}
    REQUIRED_IF = None

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        try:
            try:
                _, args = self.validate_argument_spec(self.ARGUMENTS, required_if=self.REQUIRED_IF)
            except AnsibleActionFail as error:
                raise Problem(str(error))
            self.act(args, result, task_vars or {})
        except Problem as problem:
            # no AnsibleActionFail: with it Ansible prints a traceback that is none
            return {"changed": False, "failed": True, "msg": str(problem)}
        return result

    def act(self, args, result, task_vars):
        raise NotImplementedError
