# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: survey
short_description: Asks a server what it is, with sh
version_added: "0.1.0"
description:
  - >-
    Learns system, architecture and C library of a server, and refuses one on which a bundle can never
    run before anything is carried there.
  - >-
    The answer is kept as the fact C(offkit_server), in the fact cache too where there is one.
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
  bundle:
    description: A bundle on the control node; a server of another architecture is refused.
    type: path
notes:
  - >-
    Nothing of Ansible's own runs on the server: no Python is needed there, only sh, coreutils and what
    is said above.
"""

EXAMPLES = r"""
---
- name: Survey the server
  offkit.fleet.survey:
    bundle: bundle.tar
  register: surveyed
"""

RETURN = r"""
---
server:
  description: The facts.
  type: dict
  returned: success
  sample: {system: CentOS Linux 7 (Core), el: 7, arch: x86_64, glibc: "2.17", python: 3.6.8}
bundle:
  description: >-
    What the bundle is (src, size, sha256, digest, target, stem, and its name on servers).
  type: dict
  returned: when one was named
"""
