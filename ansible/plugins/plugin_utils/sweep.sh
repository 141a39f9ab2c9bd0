# Bundles of one name in a directory, but for one. POSIX sh.
# $1 the directory, $2 the name before the digest, $3 the file that stays, $4 "remove" or "look"
for each in "$1/$2"-????????????.tar "$1/$2"-????????????.tar.part; do
    [ -f "$each" ] && [ "$each" != "$1/$3" ] && [ "$each" != "$1/$3.part" ] || continue
    digest=${each#"$1/$2-"}
    case ${digest%%.tar*} in *[!0-9a-f]*) continue ;; esac
    [ "$4" = look ] || rm -f -- "$each" || exit 74
    printf '%s\n' "offkit-sweep $each"
done
