# What is there of a file that is to be carried, and how much room. POSIX sh; writes nothing.
# $1 the file, $2 its size in bytes
mark() { printf '%s\n' "offkit-carry $*"; }
sum() { set -- "$(sha256sum <"$1")"; printf '%s' "${1%% *}"; }
size() { set -- "$(wc -c <"$1")"; printf '%s' "${1##* }"; }
command -v sha256sum >/dev/null 2>&1 || mark without sha256sum
[ ! -d "$1" ] || mark directory 1
if [ -f "$1" ]; then
    bytes=$(size "$1")
    mark size "$bytes"
    mode=$(stat -L -c %a "$1" 2>/dev/null) && mark mode "$mode"
    [ "$bytes" != "$2" ] || mark sha256 "$(sum "$1")"
fi
if [ -f "$1.part" ] && [ ! -L "$1.part" ]; then
    mark part "$(size "$1.part")"
    mark part_sha256 "$(sum "$1.part")"
fi
place=$(dirname "$1")
while [ ! -d "$place" ] && [ "$place" != / ]; do place=$(dirname "$place"); done
mark place "$place"
mark free "$(df -Pk "$place" 2>/dev/null | awk 'NR == 2 { print $4 }')"
[ -w "$place" ] || mark unwritable "$(id -un 2>/dev/null || id -u)"
mark end 1
