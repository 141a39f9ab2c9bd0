# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: verdict
short_description: Judges a host by results that were registered
version_added: "0.1.0"
description:
  - >-
    Fails a host whose command failed, after every host has been processed; a host that was not
    reached is unreachable again, without waiting for it.
author:
  - the offkit authors
attributes:
  check_mode:
    support: full
    description: It only judges.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  results:
    description: The registered results; those that were skipped do not count.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
---
- name: Judge the host
  offkit.fleet.verdict:
    results: ["{{ examined }}"]
"""

RETURN = r"""
---
msg:
  description: One line.
  type: str
  returned: always
"""
