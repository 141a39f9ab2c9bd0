"""The collection of this checkout as an installed one, in a directory of links."""

import os

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(TOP, "ansible")


def link(folder):
    """Make ``folder`` a collections path that has offkit.fleet; returns it."""
    place = os.path.join(str(folder), "ansible_collections", "offkit")
    os.makedirs(place, exist_ok=True)
    if not os.path.islink(os.path.join(place, "fleet")):
        os.symlink(SOURCE, os.path.join(place, "fleet"))
    return str(folder)


def environment(folder):
    """The variables under which Ansible's commands find it, and keep everything else below ``folder``."""
    return dict(
        os.environ,
        ANSIBLE_COLLECTIONS_PATH=link(folder),
        ANSIBLE_HOME=os.path.join(str(folder), "home"),
        ANSIBLE_LOCALHOST_WARNING="false",
        NO_COLOR="1",
        ANSIBLE_NOCOLOR="1",
    )
