# An offkit that is there describes the server better than sh can. POSIX sh; after survey.sh.
# $2 how the line before its document begins
# shellcheck disable=SC2154 # survey.sh sets prefix
if [ -x "$prefix/current/bin/offkit" ]; then
    printf '%s\n' "$2 begins"
    "$prefix/current/bin/offkit" probe --json
fi
