"""What the collection's actions have in common: arguments are checked, and a problem is one line."""

import re

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
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
            try:
                self.act(args, result, task_vars or {})
            except AnsibleConnectionFailure:
                raise
            except AnsibleError as error:  # such as a password that become wants and has not got
                raise Problem(plain(error))
        except Problem as problem:
            # no AnsibleActionFail: with it Ansible prints a traceback that is none
            failure = {"changed": False, "failed": True, "msg": str(problem)}
            if self._task.args.get("judge") == "later":
                failure.update(failed=False, healthy=False)
            return failure
        return result

    def act(self, args, result, task_vars):
        raise NotImplementedError

    def on_server(self, path, what):
        """A path of the server, absolute; ``~`` is the home of the user that is become.

        Raises Problem with the variable's name ``what`` for another one.
        """
        if path.startswith("~"):
            path = self._remote_expand_user(path)
        if not path.startswith("/"):
            raise Problem("{}: {} is not an absolute path on the server".format(what, path))
        return path
