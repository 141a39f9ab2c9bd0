"""offkit.fleet.survey: what a server is, asked with sh; no Python is needed there."""

import os

from ansible_collections.offkit.fleet.plugins.plugin_utils import remote, server, source
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem

from ansible import constants as C


class ActionModule(Action):
    """See the documentation in plugins/modules/survey.py."""

    ARGUMENTS = {
        "prefix": {"type": "str", "default": ""},
        "bundle": {"type": "path"},
    }

    def act(self, args, result, task_vars):
        if args["prefix"]:
            args["prefix"] = self.on_server(args["prefix"], "offkit_prefix")
        bundle = None if args["bundle"] is None else _bundle(args["bundle"])
        said = remote.sh(self, remote.script("survey"), args["prefix"])
        survey = server.read(said.stdout)
        if "prefix" not in survey:
            raise Problem("the server's sh did not answer (exit {}): {}".format(said.rc, said.last()))
        facts = server.facts(survey)
        refused = refusals(survey, facts, (bundle or {}).get("target") or {})
        if refused:
            raise Problem("; ".join(refused))
        result.update(
            changed=False,
            server=facts,
            bundle=bundle,
            msg="{}, {}, glibc {}".format(facts["system"], facts["arch"], facts["glibc"]),
            ansible_facts={"offkit_server": facts},
            _ansible_facts_cacheable=True,
        )
        return


def _bundle(path):
    if not path:
        raise Problem("offkit_bundle is not set: -e offkit_bundle=bundle.tar names one on the control node")
    path = os.path.abspath(path)
    try:
        return source.describe(path, C.DEFAULT_LOCAL_TMP)
    except OSError as error:
        raise Problem("offkit_bundle: {} cannot be read on the control node: {}".format(path, error.strerror))
    except ValueError as error:
        raise Problem("offkit_bundle: {}: {}".format(path, error))


def refusals(survey, facts, target):
    """Why no bundle, or not this one, can ever run here: known before it is carried."""
    found = []
    if survey.get("kernel") != "Linux":
        found.append("this is {}, not Linux: offkit deploys to Linux".format(survey.get("kernel")))
    elif not facts["glibc"]:
        found.append(
            "this server has no glibc, which the wheels in a bundle need ({})".format(facts["system"])
        )
    wanted = target.get("arch")
    if wanted and facts["arch"] and wanted != facts["arch"]:
        found.append(
            "this server is {}, the bundle is for {}: on the other side, offkit bundle --arch {}".format(
                facts["arch"], wanted, facts["arch"]
            )
        )
    return found
