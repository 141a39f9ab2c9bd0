"""offkit.fleet.bundle: what a bundle on the control node is: its target, its packages, its hashes."""

import os

from ansible_collections.offkit.fleet.plugins.plugin_utils import source
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem


class ActionModule(Action):
    """See the documentation in plugins/modules/bundle.py."""

    _requires_connection = False

    ARGUMENTS = {"src": {"type": "path", "required": True}}

    def act(self, args, result, task_vars):
        if not args["src"]:
            raise Problem(
                "offkit_bundle is not set: -e offkit_bundle=bundle.tar names the file that 'offkit bundle' "
                "wrote, on the control node"
            )
        path = os.path.abspath(args["src"])
        try:
            manifest, digest = source.manifest(path)
            sha256 = source.sha256(path)
            size = os.path.getsize(path)
        except OSError as error:
            raise Problem(
                "offkit_bundle: {} cannot be read on the control node: {}".format(path, error.strerror)
            )
        except ValueError as error:
            raise Problem(
                "offkit_bundle: {}: {}; name the file that 'offkit bundle' wrote".format(path, error)
            )
        target = manifest.get("target") or {}
        stem = os.path.basename(path)
        stem = stem[: -len(".tar")] if stem.endswith(".tar") else stem
        result.update(
            changed=False,
            src=path,
            name="{}-{}.tar".format(stem, digest[:12]),
            stem=stem,
            digest=digest,
            sha256=sha256,
            size=size,
            target=target,
            msg="{}, {}, for {} {}, CPython {}".format(
                path, source.size_text(size), target.get("name"), target.get("arch"), target.get("python")
            ),
        )
