# An offkit that is there describes the server, knowing releases better than sh can; else describe.sh, which is
# a part of offkit's own (toolkit/offkit/server/bootstrap/probe.sh). POSIX sh; after survey.sh, before that part.
# $2 how the line before a document begins
# shellcheck disable=SC2154 # survey.sh sets prefix
if [ -x "$prefix/current/bin/offkit" ]; then
    printf '%s\n' "$2 begins"
    "$prefix/current/bin/offkit" probe --json && exit
fi
unset -v IFS GREP_OPTIONS POSIXLY_CORRECT
# shellcheck disable=SC2034 # describe.sh uses it
newline='
'
printf '%s\n' "$2 describes"
