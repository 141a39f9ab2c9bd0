"""offkit.fleet.carry: one big file to a server, once, and from where it was cut."""

import os

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.text.formatters import human_to_bytes
from ansible_collections.offkit.fleet.plugins.plugin_utils import remote, source
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem

from ansible import constants as C

_MARK = "offkit-carry"


class ActionModule(Action):
    """See the documentation in plugins/modules/carry.py."""

    ARGUMENTS = {
        "src": {"type": "path", "required": True},
        "dest": {"type": "str", "required": True},
        "sha256": {"type": "str"},
        "part_size": {"type": "str", "default": "16M"},
        "mode": {"type": "str", "default": "0644"},
    }

    def act(self, args, result, task_vars):
        args["dest"] = self.on_server(args["dest"], "dest (offkit_bundle_dir)")
        self._check(args)
        src, dest = args["src"], args["dest"]
        size = os.path.getsize(src)
        digest = args["sha256"] or source.sha256(src)
        state = self._state(dest, size)
        before = {"path": dest, "size": int(state.get("size", 0)), "sha256": state.get("sha256", "")}
        if "size" not in state:
            before = None
        same = state.get("sha256") == digest
        result.update(dest=dest, size=size, sha256=digest, changed=not same, sent=0, resumed_at=0)
        if same:
            self._keep(result, state, args)
            return
        begun = self._resumable(src, size, state)
        self._room(state, size - begun, dest)
        if self._task.diff:
            after = {"path": dest, "size": size, "sha256": digest}
            result["diff"] = {"before": before or "", "after": after}
        left = source.size_text(size - begun)
        if self._task.check_mode:
            result["msg"] = "would carry {} to {}".format(left, dest)
            return
        self._send(src, dest, size, begun, args)
        self._finish(dest, digest, args["mode"])
        result.update(sent=size - begun, resumed_at=begun)
        from_there = ", the rest of {}".format(source.size_text(size)) if begun else ""
        result["msg"] = "carried {}{} to {}".format(left, from_there, dest)

    def _check(self, args):
        """Every argument that cannot be, at once."""
        wrong = []
        if not os.path.isfile(args["src"]):
            wrong.append("src: {} does not exist on the control node".format(args["src"]))
        elif not os.access(args["src"], os.R_OK):
            wrong.append("src: no permission to read {} on the control node".format(args["src"]))
        if args["dest"].endswith("/"):
            wrong.append("dest: {} is not the path of a file".format(args["dest"]))
        digest = args["sha256"]
        if digest is not None:
            args["sha256"] = digest = digest.lower()
            if len(digest) != 64 or digest.strip("0123456789abcdef"):
                wrong.append("sha256: {} is not a SHA-256 in hexadecimal".format(digest))
        try:
            args["part_size"] = human_to_bytes(args["part_size"])
            if args["part_size"] < 64 * 1024:
                wrong.append("part_size: must be at least 64K")
        except ValueError as error:
            wrong.append("part_size: {}".format(error))
        if not args["mode"] or args["mode"].strip("01234567") or len(args["mode"]) > 5:
            wrong.append("mode: {} is not octal, like 0644 (in quotes)".format(args["mode"]))
        if wrong:
            raise Problem("; ".join(wrong))

    def _state(self, dest, size):
        said = remote.sh(self, remote.script("carry_state"), dest, size)
        state = remote.fields(said.stdout, _MARK)
        if "end" not in state:
            raise Problem("the server's sh did not answer (exit {}): {}".format(said.rc, said.last()))
        if "without" in state:
            raise Problem("{} not found on the server; install coreutils".format(state["without"]))
        if "directory" in state:
            raise Problem("{} is a directory there; give a file".format(dest))
        return state

    def _keep(self, result, state, args):
        """It is there already; its mode may not be the one."""
        wanted = args["mode"].lstrip("0") or "0"
        result["msg"] = "{} is already there".format(args["dest"])
        if "mode" in state and (state["mode"].lstrip("0") or "0") != wanted:
            result.update(changed=True, msg="{}: mode {} -> {}".format(args["dest"], state["mode"], wanted))
            if not self._task.check_mode:
                self._must(remote.sh(self, 'chmod "$1" "$2"', args["mode"], args["dest"]), "its mode")

    def _resumable(self, src, size, state):
        """How many bytes of an earlier attempt are the file's own."""
        part = int(state.get("part", 0))
        if 0 < part <= size and state.get("part_sha256") == source.sha256(src, part):
            return part
        return 0

    def _room(self, state, needed, dest):
        if "unwritable" in state:
            raise Problem(
                "{} may not write in {} on the server; use become, or another offkit_bundle_dir".format(
                    state["unwritable"], state["place"]
                )
            )
        free = state.get("free", "")
        if free.isdigit() and int(free) * 1024 < needed:
            raise Problem(
                "not enough space for {}: {} are needed below {}, {} are free".format(
                    dest, source.size_text(needed), state["place"], source.size_text(int(free) * 1024)
                )
            )

    def _send(self, src, dest, size, offset, args):
        """The pieces that are missing. What was added stays there for the next attempt."""
        other = self._is_become_unprivileged()
        where = "system" if other else self.get_shell_option("remote_tmp", default="~/.ansible/tmp")
        name = "offkit-carry-" + source.name_hash(dest)
        said = remote.sh(self, remote.script("piece_place"), name, where, become=False)
        place = remote.fields(said.stdout, _MARK).get("place")
        if said.rc or not place:
            raise Problem("no directory for pieces on the server: " + said.last())
        there = place + "/piece"
        try:
            while offset < size:
                length = min(args["part_size"], size - offset)
                self._put(src, offset, length, there)
                if other:
                    self._hand_over(place, there)
                said = remote.sh(self, remote.script("carry_append"), dest + ".part", offset, there)
                self._must(said, "{} bytes from {} on".format(length, offset))
                offset += length
        finally:
            remote.sh(self, 'rm -rf "$1"', place, become=False)

    def _hand_over(self, place, there):
        """What one unprivileged user has put there is for another to read."""
        try:
            self._fixup_perms2((place, there), execute=False)
        except AnsibleConnectionFailure:
            raise
        except AnsibleError:
            raise Problem(
                "{} cannot hand files to {} on the server: install its acl package, or set "
                "ansible_shell_allow_world_readable_temp (others there can read the bundle then while it "
                "is carried)".format(self._get_remote_user(), self.get_become_option("become_user"))
            )

    def _put(self, src, offset, length, there):
        here = source.piece(src, offset, length, C.DEFAULT_LOCAL_TMP)
        try:
            self._connection.put_file(here, there)
        finally:
            os.unlink(here)

    def _finish(self, dest, digest, mode):
        said = remote.sh(self, remote.script("carry_finish"), dest, digest, mode)
        damaged = remote.fields(said.stdout, _MARK).get("damaged")
        if damaged:
            raise Problem(
                "{} arrived damaged (SHA-256 {}, not {}) and was removed; check that it did not change on "
                "the control node, then run this again".format(dest, damaged, digest)
            )
        self._must(said, dest)

    def _must(self, said, what):
        if said.rc:
            raise Problem("{} could not be written (exit {}): {}".format(what, said.rc, said.last()))
