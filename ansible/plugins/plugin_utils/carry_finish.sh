# A complete file takes its place. POSIX sh.
# $1 the file, $2 its SHA-256, $3 its mode
set -- "$1" "$2" "$3" "$(sha256sum <"$1.part")"
if [ "${4%% *}" != "$2" ]; then
    rm -f "$1.part"
    echo "offkit-carry damaged ${4%% *}"
    exit 65
fi
chmod "$3" "$1.part" && mv -f "$1.part" "$1"
