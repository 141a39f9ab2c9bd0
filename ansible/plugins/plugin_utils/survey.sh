# What this server is, with sh and the smallest of tools; it may have no Python. POSIX sh; writes nothing.
# $1 the prefix, empty for offkit's own default; sets $prefix
mark() { printf '%s\n' "offkit-survey $*"; }
release() {
    sed -n "s/^[[:blank:]]*$1=//p" /etc/os-release 2>/dev/null | tail -n 1 |
        sed "s/[[:space:]]*\$//; s/^\([\"']\)\(.*\)\1\$/\2/; s/\\\\\(.\)/\1/g"
}
survey() {
    mark kernel "$(uname -s)"
    mark release "$(uname -r)"
    mark arch "$(uname -m)"
    mark id "$(release ID)"
    mark version "$(release VERSION_ID)"
    mark system "$(release PRETTY_NAME)"
    mark glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
    mark user "$(id -u)"
    mark prefix "$prefix"
    if [ -f "$prefix/current/offkit/receipt.json" ]; then
        mark receipt "$(tr -d '\n' <"$prefix/current/offkit/receipt.json")"
    fi
}
prefix=$1
if [ -z "$prefix" ]; then
    prefix=${HOME:-}/.local/share/offkit
    [ "$(id -u)" -ne 0 ] || prefix=/opt/offkit
fi
survey
