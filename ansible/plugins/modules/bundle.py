# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: bundle
short_description: Reads a bundle on the control node
version_added: "0.1.0"
description:
  - >-
    Reads the manifest and the hashes of a bundle.tar, so that the other actions need not.
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
  src:
    description: The bundle that C(offkit bundle) wrote, on the control node.
    type: path
    required: true
"""

EXAMPLES = r"""
---
- name: Read the bundle
  offkit.fleet.bundle:
    src: bundle.tar
  register: bundle
  run_once: true
"""

RETURN = r"""
---
name:
  description: What the bundle is called on the servers; it has the beginning of the digest in it.
  type: str
  returned: success
  sample: bundle-26c22752f1b4.tar
digest:
  description: SHA-256 of its manifest, by which generations and receipts are called.
  type: str
  returned: success
sha256:
  description: SHA-256 of the file.
  type: str
  returned: success
size:
  description: Bytes of the file.
  type: int
  returned: success
target:
  description: The server it is for.
  type: dict
  returned: success
"""
