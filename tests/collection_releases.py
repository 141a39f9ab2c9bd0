"""What the collection knows of releases, as its plugins/plugin_utils/releases.py: made from repo-config.

The collection is installed by itself and reads nothing outside. "make releases" writes that file.
"""

from offkit.edges import releases

HEAD = '''\
"""What offkit knows of releases, for a control node: made by "make releases" from repo-config/releases."""

'''


def text():
    """The module's source."""
    known = [each for each in releases.known().all if each.el]
    ids = sorted({name for each in known for name in each.ids})
    lines = ["# os-release IDs whose VERSION_ID begins with the Enterprise Linux major"]
    lines += ["EL_IDS = ("] + ['    "{}",'.format(name) for name in ids] + [")"]
    others = {
        "{}:{}".format(name, version): each.name
        for each in releases.known().all
        for name, version in each.versions
        if not each.el or name in each.followers
    }
    lines += [
        "# Systems whose VERSION_ID is their own, by ID:VERSION_ID, which may go on after a dot; what offkit calls",
        "# them",
        "OTHERS = {",
    ]
    lines += ['    "{}": "{}",'.format(each, others[each]) for each in sorted(others)] + ["}"]
    lines += ["# What install.sh gets where no Python is: the one that Enterprise Linux ships"]
    shipped = {each.el: each.pythons[each.python].version for each in known if each.python in each.pythons}
    lines += ["SHIPPED = {"] + ['    {}: "{}",'.format(el, shipped[el]) for el in sorted(shipped)] + ["}"]
    lines += ["# The same of the others, by what offkit calls them", "OTHERS_SHIPPED = {"]
    own = {
        each.name: each.pythons[each.python].version
        for each in releases.known().all
        if not each.el and each.python in each.pythons
    }
    lines += ['    "{}": "{}",'.format(name, own[name]) for name in sorted(own)] + ["}"]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(text(), end="")
