"""offkit.fleet.survey: what a server is, asked with sh; no Python is needed there."""

from ansible_collections.offkit.fleet.plugins.plugin_utils import remote, server
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem


class ActionModule(Action):
    """See the documentation in plugins/modules/survey.py."""

    ARGUMENTS = {
        "prefix": {"type": "str", "default": ""},
        "target": {"type": "dict"},
    }

    def act(self, args, result, task_vars):
        said = remote.sh(self, remote.script("survey"), args["prefix"])
        survey = server.read(said.stdout)
        if "prefix" not in survey:
            raise Problem("the server's sh did not answer (exit {}): {}".format(said.rc, said.last()))
        facts = server.facts(survey)
        refused = refusals(survey, facts, args["target"] or {})
        if refused:
            raise Problem("; ".join(refused))
        result.update(
            changed=False,
            server=facts,
            msg="{}, {}, glibc {}".format(facts["system"], facts["arch"], facts["glibc"]),
            ansible_facts={"offkit_server": facts},
            _ansible_facts_cacheable=True,
        )
        return


def refusals(survey, facts, target):
    """Why no bundle, or not this one, can ever run here: known before it is carried."""
    found = []
    if survey.get("kernel") != "Linux":
        found.append("this is {} and not Linux: offkit deploys to Linux".format(survey.get("kernel")))
    elif not facts["glibc"]:
        found.append("there is no glibc here, which the wheels in a bundle need ({})".format(facts["system"]))
    wanted = target.get("arch")
    if wanted and facts["arch"] and wanted != facts["arch"]:
        found.append(
            "this server is {}, the bundle is for {}: on the other side, offkit bundle --arch {}".format(
                facts["arch"], wanted, facts["arch"]
            )
        )
    return found
