# One more piece of a file. POSIX sh.
# $1 the unfinished file, $2 how many bytes it has, $3 the piece
umask 022
directory=$(dirname "$1")
[ -d "$directory" ] || mkdir -p "$directory" || exit 74
[ "$2" != 0 ] || rm -f "$1" || exit 74
has=0
if [ -e "$1" ]; then
    set -- "$1" "$2" "$3" "$(wc -c <"$1")"
    has=${4##* }
fi
if [ "$has" != "$2" ]; then
    echo "$1 has $has bytes and not $2" >&2
    exit 65
fi
cat "$3" >>"$1"
