# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: canary
short_description: Chooses the hosts that get their bundle first
version_added: "0.1.0"
description:
  - >-
    Chooses one host for each distinct bundle, among those that were surveyed and carried to without a
    problem. Runs once, on the control node.
author:
  - the offkit authors
attributes:
  check_mode:
    support: full
    description: It only chooses.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  hosts:
    description: The hosts to choose from.
    type: list
    elements: str
    required: true
  surveyed:
    description: >-
      The name of the variable in which the result of M(offkit.fleet.survey) was registered.
    type: str
    default: offkit_surveyed
  carried:
    description: >-
      The name of the variable in which the result of M(offkit.fleet.carry) was registered.
    type: str
    default: offkit_carried
"""

EXAMPLES = r"""
---
- name: Choose
  offkit.fleet.canary:
    hosts: "{{ ansible_play_batch }}"
  register: chosen
  run_once: true
"""

RETURN = r"""
---
first:
  description: The host of each bundle, by its digest.
  type: dict
  returned: success
hosts:
  description: These hosts.
  type: list
  elements: str
  returned: success
"""
