# Copyright: the offkit authors
# MIT License (see LICENSE)
"""Documentation of the action plugin of this name; nothing of it runs on a server."""

DOCUMENTATION = r"""
---
module: carry
short_description: Carries a large file to a server once, resumably
version_added: "0.1.0"
description:
  - >-
    Copies a file in pieces. It is skipped when a file with the right SHA-256 is already there; what an
    earlier attempt left is verified and continued.
  - >-
    Pieces are collected in DEST.part. The file takes its place by one rename when its SHA-256 is right;
    until then whatever was there stays.
  - >-
    The free space is checked first; a lack of it is reported in numbers.
author:
  - the offkit authors
attributes:
  check_mode:
    support: full
    description: Says what would be carried; writes nothing.
  diff_mode:
    support: full
    description: Size and SHA-256, before and after.
options:
  src:
    description: The file on the control node.
    type: path
    required: true
  dest:
    description: Its absolute path on the server. Missing directories are created.
    type: str
    required: true
  sha256:
    description: SHA-256 of O(src), where it is known; otherwise it is computed for every host.
    type: str
  part_size:
    description: >-
      Size of a piece, such as C(16M). An interrupted transfer resumes with the piece it was at.
    type: str
    default: 16M
  mode:
    description: The file's mode, octal and in quotes.
    type: str
    default: "0644"
notes:
  - >-
    Nothing of Ansible's own runs on the server: no Python is needed there, only sh, coreutils and what
    is said above.
  - >-
    sha256sum, awk and df are used on the server.
  - >-
    The file belongs to the user that Ansible becomes.
"""

EXAMPLES = r"""
---
- name: Carry the bundle
  offkit.fleet.carry:
    src: bundle.tar
    dest: /var/cache/offkit/bundle.tar
  become: true
"""

RETURN = r"""
---
dest:
  description: The path on the server.
  type: str
  returned: success
sent:
  description: Bytes that were carried this time.
  type: int
  returned: success
resumed_at:
  description: Bytes that an earlier attempt had left.
  type: int
  returned: success
sha256:
  description: SHA-256 of the file.
  type: str
  returned: success
size:
  description: Bytes of the file.
  type: int
  returned: success
"""
