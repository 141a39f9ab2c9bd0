#!/bin/sh
# The Debian packages that the lab is made with, and what some tests want beyond it; only what is
# not there yet.
set -eu

[ "$(id -u)" -eq 0 ] || { echo "the lab needs root: its targets are file systems and namespaces" >&2; exit 1; }
command -v apt-get >/dev/null 2>&1 || { echo "the lab needs a Debian or Ubuntu (apt-get)" >&2; exit 1; }

missing=
for pair in createrepo_c:createrepo-c modifyrepo_c:createrepo-c rpmbuild:rpm rpmsign:rpm gpg:gnupg \
    rpm2cpio:rpm2cpio dnf:dnf xorriso:xorriso genisoimage:genisoimage bsdtar:libarchive-tools \
    debootstrap:debootstrap cpio:cpio unshare:util-linux mksquashfs:squashfs-tools busybox:busybox \
    dpkg-deb:dpkg xz:xz-utils bzip2:bzip2 patchelf:patchelf gcc:gcc make:make readelf:binutils asciinema:asciinema ffmpeg:ffmpeg \
    tmux:tmux bmake:bmake qemu-aarch64-static:qemu-user-static ip:iproute2 tc:iproute2 ssh:openssh-client podman:podman runc:runc; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
# Ubuntu's debootstrap does not depend on the key ring that signs bookworm.
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
[ -n "$missing" ] || exit 0

export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2086  # a list of words
apt-get -q install -y --no-install-recommends $missing
