# --- an ISO image without mounting it -----------------------------------------------------

# ISO 9660 (ECMA-119) with the names of Rock Ridge (RRIP 1.12, NM; SUSP 1.12, CE), else with Joliet's, read
# sector by sector with dd, od and awk.

# Adds to $problems unless image $1 is one, and whole.
iso_check() {
    iso_blocks=$(iso_sector "$1" 16 | LC_ALL=C awk '
        { for (i = 1; i <= NF; i++) b[n++] = $i }
        END {
            if (b[0] != 1 || b[1] != 67 || b[2] != 68 || b[3] != 48 || b[4] != 48 || b[5] != 49) exit 1
            printf "%.0f %.0f\n", b[80] + 256 * b[81] + 65536 * b[82] + 16777216 * b[83], b[128] + 256 * b[129]
        }')
    if [ -z "$iso_blocks" ]; then
        problem "REPO010 $1 is not an ISO image (no ISO 9660 volume descriptor in sector 16)" \
            "give the distribution's .iso file; if this is it, copy it again and compare sha256sum"
        return 0
    fi
    iso_has=$(stat -L -c %s -- "$1") || iso_has=$(wc -c <"$1")
    iso_wants=$((${iso_blocks% *} * ${iso_blocks#* }))
    if [ "$iso_has" -lt "$iso_wants" ]; then
        problem "REPO011 $1 is truncated: it has $iso_has bytes, its own header says $iso_wants" \
            "copy it again, and compare sha256sum on both sides of the gap"
    fi
}

# What the volume of image $1 is called (ECMA-119, 8.4.7).
iso_volume() { dd if="$1" bs=8 skip=4101 count=4 2>/dev/null | tr -cd '[:print:]' | sed 's/ *$//'; }

# The bytes of sector $2 (and $3 - 1 more) of image $1, as decimal numbers.
iso_sector() { dd if="$1" bs=2048 skip="$2" count="${3:-1}" 2>/dev/null | od -An -v -tu1; }

# "d EXTENT SIZE" of the root; with " joliet" behind it where the names are those of Joliet: there is no Rock
# Ridge, which announces itself in the first record of the root (SUSP 5.3, SP).
iso_root() {
    iso_of= # the image that it is kept of: it is asked for each directory
    [ ! -s "$scratch/iso.of" ] || IFS= read -r iso_of <"$scratch/iso.of"
    if [ "$iso_of" != "$1" ]; then
        iso_read_root "$1" >"$scratch/iso.root"
        printf '%s\n' "$1" >"$scratch/iso.of"
    fi
    cat <"$scratch/iso.root"
}

iso_read_root() {
    iso_roots=$(iso_sector "$1" 16 16 | LC_ALL=C awk '
        function number(at) { return b[at] + 256 * b[at + 1] + 65536 * b[at + 2] + 16777216 * b[at + 3] }
        { for (i = 1; i <= NF; i++) b[n++] = $i }
        END {
            for (at = 0; at < n && b[at] < 255 && b[at + 1] == 67 && b[at + 2] == 68; at += 2048) {
                root = sprintf("d %.0f %.0f", number(at + 158), number(at + 166))
                if (b[at] == 1 && !plain) plain = root
                if (b[at] == 2 && b[at + 88] == 37 && b[at + 89] == 47) joliet = root " joliet"
            }
            print plain
            print joliet
        }')
    iso_plain=${iso_roots%%"$newline"*}
    iso_extent=${iso_plain#d }
    iso_sector "$1" "${iso_extent% *}" | LC_ALL=C awk '
        { for (i = 1; i <= NF; i++) b[n++] = $i }
        END { exit !(b[34] == 83 && b[35] == 80 && b[38] == 190 && b[39] == 239) }' ||
        iso_plain=$(printf '%s\n' "$iso_roots" | tail -n 1)
    printf '%s\n' "${iso_plain:-${iso_roots%%"$newline"*}}"
}

# iso_entries ISO EXTENT SIZE [NAME]: the entries of a directory, or the one of that name, as
# "KIND EXTENT SIZE NAME"; KIND is d, f, or c where the name goes on elsewhere: then
# "c EXTENT SIZE KIND BLOCK OFFSET LENGTH BEGINNING".
iso_entries() {
    case $(iso_root "$1") in *joliet) iso_wide=1 ;; *) iso_wide= ;; esac
    iso_sector "$1" "$2" "$((($3 + 2047) / 2048))" | WANTED=${4:-} WIDE=$iso_wide LC_ALL=C awk '
        function number(at) { return b[at] + 256 * b[at + 1] + 65536 * b[at + 2] + 16777216 * b[at + 3] }
        function text(at, length_,    s) {
            for (s = ""; length_ > 0; length_--) s = s character[b[at++]]
            return s
        }
        function record(at, end,    id, p, l, name, more, kind, place) {
            id = b[at + 32]
            if (id == 1 && b[at + 33] < 2) return # itself and its parent
            name = more = ""
            for (p = at + 33 + id + (id % 2 == 0); p + 4 <= end; p += l) {
                l = b[p + 2]
                if (l < 4 || p + l > end) break
                if (b[p] == 78 && b[p + 1] == 77) name = name text(p + 5, l - 5)
                if (b[p] == 67 && b[p + 1] == 69 && l >= 28)
                    more = sprintf("%.0f %.0f %.0f", number(p + 4), number(p + 12), number(p + 20))
            }
            kind = int(b[at + 25] / 2) % 2 ? "d" : "f"
            place = sprintf("%.0f %.0f", number(at + 2), number(at + 10))
            if (more != "") {
                if (wanted == "" || substr(wanted, 1, length(name)) == name) print "c", place, kind, more, name
                return
            }
            if (ENVIRON["WIDE"]) { # UCS-2; Joliet 3.0
                for (p = at + 33; p < at + 33 + id; p += 2) name = name (b[p] ? "?" : character[b[p + 1]])
                sub(/;[0-9]*$/, "", name)
            }
            if (name == "") { # no Rock Ridge
                name = tolower(text(at + 33, id))
                sub(/;[0-9]*$/, "", name)
                sub(/\.$/, "", name)
            }
            if (name ~ /\//) return # no name of a file
            if (wanted == "") print kind, place, name
            else if (name == wanted) {
                print kind, place, name
                exit
            }
        }
        BEGIN {
            wanted = ENVIRON["WANTED"]
            for (i = 0; i < 256; i++) character[i] = i > 31 && i < 127 ? sprintf("%c", i) : "?"
        }
        {
            for (i = 1; i <= NF; i++) b[n++] = $i
            if (n < 2048) next
            n = 0
            # Records do not cross sectors; the rest of one is zeros.
            for (at = 0; at < 2048 && b[at] > 33; at += b[at]) {
                if (at + b[at] > 2048) break
                record(at, at + b[at])
            }
        }'
}

# The end of a name that goes on in another place: NM entries of $4 bytes at $3 of block $2.
iso_name_goes_on() {
    iso_sector "$1" "$2" 2 | OFFSET=$3 LENGTH=$4 LC_ALL=C awk '
        { for (i = 1; i <= NF; i++) b[n++] = $i }
        END {
            p = ENVIRON["OFFSET"] + 0
            end = p + ENVIRON["LENGTH"]
            for (; p + 4 <= end && b[p + 2] >= 4; p += b[p + 2])
                if (b[p] == 78 && b[p + 1] == 77)
                    for (i = p + 5; i < p + b[p + 2]; i++) name = name sprintf("%c", b[i])
            print name
        }'
}

# As iso_entries, every name whole: "KIND EXTENT SIZE NAME".
iso_directory() {
    iso_entries "$@" | while read -r entry_kind extent size rest; do
        if [ "$entry_kind" != c ]; then
            printf '%s %s %s %s\n' "$entry_kind" "$extent" "$size" "$rest"
            continue
        fi
        read -r entry_kind block offset length begins <<END
$rest
END
        name=$begins$(iso_name_goes_on "$1" "$block" "$offset" "$length")
        [ -n "${4:-}" ] && [ "$name" != "$4" ] || printf '%s %s %s %s\n' "$entry_kind" "$extent" "$size" "$name"
    done
}

# iso_find ISO PATH: "KIND EXTENT SIZE"; fails when there is no such path.
iso_find() {
    iso_at=$(iso_root "$1")
    iso_at=${iso_at%" joliet"}
    iso_rest=$2/
    while [ -n "$iso_rest" ]; do
        iso_part=${iso_rest%%/*}
        iso_rest=${iso_rest#*/}
        case $iso_part in '' | .) continue ;; esac
        case $iso_at in d\ *) ;; *) return 1 ;; esac
        iso_at=${iso_at#* }
        iso_at=$(iso_directory "$1" "${iso_at% *}" "${iso_at#* }" "$iso_part" | head -n 1)
        iso_at=${iso_at%" $iso_part"}
        [ -n "$iso_at" ] || return 1
    done
    printf '%s\n' "$iso_at"
}

# iso_names ISO PATH: "d NAME" and "f NAME" for what is in a directory.
iso_names() {
    iso_place=$(iso_find "$1" "$2") || return 1
    iso_place=${iso_place#d }
    iso_directory "$1" "${iso_place% *}" "${iso_place#* }" | while read -r entry_kind _ _ name; do
        printf '%s %s\n' "$entry_kind" "$name"
    done
}

# iso_read ISO PATH: a file's bytes on stdout.
iso_read() {
    iso_place=$(iso_find "$1" "$2") || return 1
    case $iso_place in f\ *) iso_place=${iso_place#f } ;; *) return 1 ;; esac
    iso_length=${iso_place#* }
    dd if="$1" bs=2048 skip="${iso_place% *}" count="$(((iso_length + 2047) / 2048))" 2>/dev/null |
        head -c "$iso_length"
}

