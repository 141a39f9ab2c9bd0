#!/bin/sh
# sh link.sh COLLECTION COLLECTIONS: the first where Ansible looks for it below the second.
set -eu
mkdir -p "$2/ansible_collections/offkit"
ln -sfn "$1" "$2/ansible_collections/offkit/fleet"
