# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: probe
short_description: Describes a server as a target for offkit bundle
version_added: "0.1.0"
description:
  - >-
    Asks the offkit of the server, and where there is none its shell, which says the same; for a server
    without a Python the target names the one that its distribution ships, and says that it is planned.
author:
  - the offkit authors
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  prefix:
    description: Where generations live; empty means offkit's default for the user.
    type: str
    default: ""
notes:
  - >-
    Nothing of Ansible's own runs on the server: no Python is needed there, only sh, coreutils and what
    is said above.
"""

EXAMPLES = r"""
---
- name: Probe
  offkit.fleet.probe:
  register: probed
"""

RETURN = r"""
---
document:
  description: >-
    The target, in the schema offkit/target-2, or offkit/target-1 where the server lacks what its shell
    describes it with (awk, sed, sort, tr).
  type: dict
  returned: success
"""
