# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: report
short_description: Gathers what was found on every host into one report
version_added: "0.1.0"
description:
  - >-
    Runs once, on the control node. Writes the document of each host to DIRECTORY/hosts, and says what
    was done in a line for each host or in the table of C(offkit report), with an HTML page.
  - >-
    With V(probe) the targets are written to DIRECTORY/targets, and equal ones are named together.
author:
  - the offkit authors
attributes:
  check_mode:
    support: full
    description: Shows the same, and leaves nothing on the control node.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  results:
    description: >-
      What was done (V(deploy), V(doctor), V(smoke), V(verify), V(rollback) or V(probe)), and the name of the
      variable that was registered, or a list of such names: then the first that is bad counts, else
      the last.
    type: dict
    required: true
  hosts:
    description: The hosts it was done on.
    type: list
    elements: str
    required: true
  directory:
    description: Where the report is written.
    type: path
    required: true
  table:
    description: Have offkit make a table and the page index.html of all that is in the directory.
    type: bool
    default: false
  offkit:
    description: >-
      The offkit command of the control node; by default the one beside Ansible's Python, else the one
      on PATH.
    type: path
"""

EXAMPLES = r"""
---
- name: Report
  offkit.fleet.report:
    results:
      doctor: examined
    hosts: "{{ ansible_play_batch }}"
    directory: ./offkit-report
    table: true
  run_once: true
"""

RETURN = r"""
---
directory:
  description: Where it was written.
  type: str
  returned: success
page:
  description: The HTML page.
  type: str
  returned: when one was written
targets:
  description: With V(probe), the hosts of each distinct target.
  type: dict
  returned: with probe
"""
