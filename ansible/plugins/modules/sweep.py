# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: sweep
short_description: Removes older bundles from a server
version_added: "0.1.0"
description:
  - >-
    Removes all but one of the bundles that were carried under the same name. Generations do not need them.
author:
  - the offkit authors
attributes:
  check_mode:
    support: full
    description: Says what would be removed.
  diff_mode:
    support: none
    description: The result names the files.
options:
  directory:
    description: Where bundles are carried to.
    type: str
    required: true
  stem:
    description: The bundles' name before the digest.
    type: str
    required: true
  keep:
    description: The file that stays.
    type: str
    required: true
notes:
  - >-
    Nothing of Ansible's own runs on the server: no Python is needed there, only sh, coreutils and what
    is said above.
"""

EXAMPLES = r"""
---
- name: Remove older bundles
  offkit.fleet.sweep:
    directory: /var/cache/offkit
    stem: "{{ surveyed.bundle.stem }}"
    keep: "{{ surveyed.bundle.name }}"
  become: true
"""

RETURN = r"""
---
removed:
  description: The files.
  type: list
  elements: str
  returned: success
"""
