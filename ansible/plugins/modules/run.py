# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: run
short_description: Runs a command of offkit on a server
version_added: "0.1.0"
description:
  - >-
    Runs one of offkit's own commands with C(--json), reads its document and returns what it says in one
    line.
  - >-
    C(install) goes through the bundle's own install.sh, so that no Python needs to be there before.
author:
  - the offkit authors
attributes:
  check_mode:
    support: partial
    description: >-
      C(install) and C(rollback) run with --dry-run; C(doctor) and C(generations) only read; C(run-
      badapple) is skipped.
  diff_mode:
    support: full
    description: The packages of the current generation, before and after.
options:
  command:
    description: >-
      The command. C(smoke) imports every module, C(run-badapple) processes a video to prove that
      everything works.
    type: str
    required: true
    choices: [install, doctor, smoke, run-badapple, rollback, generations]
  arguments:
    description: More of its options, one word per element.
    type: list
    elements: str
    default: []
  prefix:
    description: Where generations live; empty means offkit's default for the user.
    type: str
    default: ""
  bundle:
    description: With C(install), the bundle's absolute path on the server.
    type: str
  src:
    description: >-
      The same bundle on the control node. In check mode it says what would be installed where the
      bundle was not carried.
    type: path
  wait:
    description: Seconds to wait while another offkit is running in the same prefix.
    type: int
    default: 600
  judge:
    description: >-
      V(now) fails the task when the command does; V(later) leaves that to M(offkit.fleet.verdict).
    type: str
    choices: [now, later]
    default: now
  first:
    description: >-
      The results of hosts that installed first. Their own is not repeated; when the bundle is at
      fault, it is not tried elsewhere.
    type: list
    elements: dict
    default: []
notes:
  - >-
    Nothing of Ansible's own runs on the server: no Python is needed there, only sh, coreutils and what
    is said above.
  - >-
    The standard error of the command is shown with C(-v).
"""

EXAMPLES = r"""
---
- name: Install
  offkit.fleet.run:
    command: install
    bundle: /var/cache/offkit/bundle.tar
    arguments: [--keep, "3"]
  become: true

- name: Examine
  offkit.fleet.run:
    command: doctor
"""

RETURN = r"""
---
msg:
  description: One line.
  type: str
  returned: always
  sample: installed 0002-ab12cd34 (numpy 1.19.5, opencv-python-headless 4.6.0.66)
healthy:
  description: Whether the command ended well and found no error.
  type: bool
  returned: always
document:
  description: What it printed with --json.
  type: dict
  returned: when it printed one
findings:
  description: The findings of the document, errors first.
  type: list
  elements: dict
  returned: success
rc:
  description: Its exit code.
  type: int
  returned: when it ran
stderr:
  description: The end of its standard error.
  type: str
  returned: when it ran
server:
  description: As M(offkit.fleet.survey) has it.
  type: dict
  returned: when it ran
generation:
  description: The generation that is current afterwards.
  type: str
  returned: when it ran
"""
