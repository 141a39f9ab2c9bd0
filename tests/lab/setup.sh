#!/bin/sh
# The Debian packages that the lab is made with; only what is not there yet.
set -eu

[ "$(id -u)" -eq 0 ] || { echo "the lab needs root: its targets are file systems and namespaces" >&2; exit 1; }
command -v apt-get >/dev/null 2>&1 || { echo "the lab needs a Debian or Ubuntu (apt-get)" >&2; exit 1; }

missing=
for pair in createrepo_c:createrepo-c modifyrepo_c:createrepo-c rpmbuild:rpm rpmsign:rpm gpg:gnupg \
    xorriso:xorriso bsdtar:libarchive-tools debootstrap:debootstrap cpio:cpio unshare:util-linux \
    dpkg-deb:dpkg xz:xz-utils patchelf:patchelf; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
# Ubuntu's debootstrap does not depend on the key ring that signs bookworm.
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
[ -n "$missing" ] || exit 0

export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2086  # a list of words
apt-get -q install -y --no-install-recommends $missing
