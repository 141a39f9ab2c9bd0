# --- a Python out of RPMs, without root ---------------------------------------------------

# Sets $rpms: the lines of the index (see read_index) for what this Python is made of, the newest of
# each; ends when the interpreter is on none of the media.
choose_rpms() {
    # shellcheck disable=SC2086 # names of packages, with blanks between
    read_index $OFFKIT_PAYLOAD
    rpms=
    version=
    for name in $OFFKIT_PAYLOAD; do
        line=$(newest "$name")
        [ -z "$line" ] || rpms=$rpms$line$newline
    done
    case $rpms in "$OFFKIT_PACKAGES "*) ;; *) no_package ;; esac
    version=$(rpm_field "$rpms" 3 | head -n 1) # a part of paths
    case $version in
        [0-9]*[!0-9A-Za-z.]* | [!0-9]* | *..*)
            damaged "$(source_numbered "$(rpm_field "$rpms" 9 | head -n 1)")" "$version is not a Python version"
            end_media
            ;;
        "$OFFKIT_PYTHON".*) ;;
        *) no_package ;;
    esac
}

# $version: of a package that has the name and is another Python, as on the disc of another release.
no_package() {
    where=$(printf '%s' "$sources" | while IFS= read -r source; do
        printf '%s%s' "${comma:-}" "$(source_name "$source")"
        comma=', '
    done)
    say_stranger
    fail PY021 "$OFFKIT_PACKAGES, the package of Python $OFFKIT_PYTHON, is ${version:-missing} on $where" \
        "use $OFFKIT_MEDIA"
}

# rpm_field LINE N: a field of a line of the index.
rpm_field() { printf '%s\n' "$1" | cut -d ' ' -f "$2"; }

# Sets $found to a Python below $prefix/python that is made of the media's RPMs: read without
# mounting where there is no root, verified, unpacked beside its place and renamed.
python_by_rpms() {
    plain_prefix
    lacking=$(lacking rpm rpm2cpio cpio)
    [ -z "$lacking" ] || fail RPM009 "missing here: $lacking, needed to unpack a Python from RPMs" "$another_way"
    place=$prefix/python/$version-rpm
    titles=$(rpm_titles)
    step "take $titles from $(media_titles), and verify the repository's checksums and the distribution's signatures"
    check_prefix "$(printf '%s' "$rpms" | awk '{ all += $8 } END { printf "%.0f", all / 1024 + 1024 }')"
    step "unpack them to $place"
    [ -z "$dry_run" ] || return 0
    fetch_rpms
    unpack_rpms "$place"
}

# For people, with commas.
rpm_titles() { printf '%s' "$rpms" | awk '{ sub(/.*[ \/]/, ""); printf "%s%s", comma, $0; comma = ", " }'; }

# Takes all $rpms to $scratch/payload, or ends with what is wrong with any.
fetched=
fetch_rpms() {
    [ -z "$fetched" ] || return 0
    mkdir -p "$scratch/payload"
    import_keys
    problems=
    while IFS= read -r line; do
        [ -z "$line" ] || fetch_rpm "$line"
    done <<END
$rpms
END
    wrong_rpms
    [ -z "$problems" ] || end_media "nothing was unpacked or installed"
    fetched=1
}

# The media that $rpms come from, for people.
media_titles() {
    printf '%s' "$rpms" | cut -d ' ' -f 9 | sort -un | while read -r each; do
        source_parts "$(source_numbered "$each")"
        sed -e '/^http/b' -e 's,.*/,,' <"$scratch/media/$number.name"
    done | sort -u | awk '{ printf "%s%s", comma, $0; comma = ", " }'
}

# The keys that somebody has imported into rpm, armoured (media/rpm_keys.py).
rpm_keys() { LC_ALL=C rpm -q gpg-pubkey --qf '%{DESCRIPTION}\n' 2>/dev/null | sed -n '/^-----BEGIN PGP/,/^-----END PGP/p'; }

# A database of rpm's with nothing in it but the distribution's keys, and those that rpm has already; the
# system's is not touched.
import_keys() {
    mkdir -p "$scratch/rpmdb"
    rpm_keys >"$scratch/imported.asc"
    HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/rpmdb" --initdb >/dev/null 2>&1
    usable=
    unusable=
    while read -r each key; do
        [ -n "$key" ] || continue
        if said=$(HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/rpmdb" --import "$key" 2>&1); then
            usable=1
        else
            unusable="${unusable}warning: ${key##*/} cannot be used as a key: $(printf '%s\n' "$said" | head -n 1)$newline"
        fi
    done <<END
$keys
END
    # One of several may be for a newer rpm.
    [ -n "$usable" ] || [ -z "$unusable" ] || say "${unusable%"$newline"}"
    [ ! -s "$scratch/imported.asc" ] ||
        HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/rpmdb" --import "$scratch/imported.asc" >/dev/null 2>&1
}

# Takes the RPM of a line of the index to $scratch/payload; notes it as wrong unless it is what the
# repository names and what the distribution signed.
fetch_rpm() {
    source=$(source_numbered "$(rpm_field "$1" 9)")
    title=${1##*[ /]}
    file=$scratch/payload/$title
    again="copy the medium again, and compare sha256sum on both sides of the gap"
    href=$(rpm_field "$1" 10)
    if outside "$href" || ! source_read "$source" "$href" >"$file" 2>/dev/null; then
        has_room || no_room
        source_parts "$source"
        web_gone "$number" || wrong_rpm RPM001 "$title" "$(source_name "$source")" "is missing, although the metadata lists it" "$again"
        return
    fi
    if [ "$(checksum "$(rpm_field "$1" 5)" "$file")" != "$(rpm_field "$1" 6)" ]; then
        has_room || no_room
        wrong_rpm RPM001 "$title" "$(source_name "$source")" "is damaged or altered: the checksum in the metadata is another" "$again"
        return
    fi
    verify_rpm "$title" "$(source_name "$source")"
}

# Notes it as wrong unless $file, which people call $1, from the medium $2, is whole and signed.
verify_rpm() {
    # HOME: a ~/.rpmmacros could change what is checked.
    verdict=$(HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/rpmdb" -Kv "$file" 2>&1 | judge)
    again="copy the medium again, and compare sha256sum on both sides of the gap"
    case $verdict in
        signed*) ;;
        "no key"*)
            have=$(printf '%s' "$keys" | sed 's,.*/,,' | sort -u | tr '\n' ' ')
            wrong_rpm RPM003 "$1" "$2" "is signed with key ${verdict#*"$newline"}, which is not available here (keys: ${have:-none})" \
                "put the distribution's key into the medium's top directory or /etc/pki/rpm-gpg as $(key_names)"
            ;;
        unsigned)
            wrong_rpm RPM002 "$1" "$2" "is not signed" "use the distribution's own ISO or RPMs: offkit installs nothing unsigned"
            ;;
        unsigned*) wrong_rpm RPM002 "$1" "$2" "is not signed: ${verdict#*"$newline"}" "use the distribution's own ISO or RPMs" ;;
        *) wrong_rpm RPM001 "$1" "$2" "is damaged or altered: rpm says ${verdict#*"$newline"}" "$again" ;;
    esac
}

# wrong_rpm CODE PACKAGE MEDIUM WHAT FIX: a note for wrong_rpms; WHAT begins with "is".
wrong_rpm() { printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$scratch/wrong"; }

# Adds the notes to $problems: what is the same of several packages once (model/finding.py).
wrong_rpms() {
    [ -s "$scratch/wrong" ] || return 0
    problems=$problems$newline$(LC_ALL=C awk -F '\t' '
        {
            key = $1 FS $3 FS $4 FS $5
            if (!(key in names)) keys[++count] = key
            several[key] = key in names
            names[key] = names[key] (several[key] ? ", " : "") $2
        }
        END {
            for (i = 1; i <= count; i++) {
                split(keys[i], part, FS)
                if (several[keys[i]]) sub(/^is/, "are", part[3])
                print "error: " part[1], names[keys[i]], "on", part[2], part[3]
                print "fix: " part[4]
            }
        }' <"$scratch/wrong")
    rm -f "$scratch/wrong"
}

# What rpm -Kv printed means (media/rpm_keys.py): signed, unsigned, no key or damaged, and in a second
# line the key's identity or why.
judge() {
    LC_ALL=C awk '
        NF { last = $0 }
        /@OFFKIT_NO_SHA1@/ { without_sha1 = 1 }
        /^[ \t]/ && match($0, /: (@OFFKIT_RPM_WORDS@)([^A-Za-z0-9_]|$)/) {
            label = substr($0, 1, RSTART - 1)
            sub(/^[ \t]+/, "", label)
            word = substr($0, RSTART + 2)
            sub(/[^A-Z].*/, "", word)
            if (word == "BAD") bad = bad (bad == "" ? "" : ", ") label
            if (word == "BAD" && label !~ /\/SHA1 Signature/) broken = 1
            if (tolower(label) ~ /digest$/) {
                digests++
                wrong = wrong || word != "OK"
            }
            if (label ~ /^Payload SHA/) whole = 1
            if (!match(label, /key (ID|fingerprint:?) [0-9a-fA-F]+/)) next
            id = substr(label, RSTART, RLENGTH)
            sub(/.* /, "", id)
            if (length(id) < 8) next
            if (label !~ /^Header/) whole = 1
            if (signatures++ && (word == "OK" || unknown)) next
            unknown = word != "OK"
            key = id
        }
        END {
            sub(/^[ \t]+/, "", last)
            sub(/[ \t]+$/, "", last)
            if (bad != "" && without_sha1 && digests && !broken && !wrong) print "unsigned\n@OFFKIT_SHA1_ONLY@"
            else if (bad != "" || wrong || !digests) print "damaged\n" (bad != "" ? bad : last != "" ? last : "rpm printed nothing")
            else if (!signatures) print "unsigned"
            else if (!whole) print "unsigned\n@OFFKIT_HEADER_ONLY@"
            else print (unknown ? "no key\n" : "signed\n") key
        }'
}

# Puts $scratch/payload, unpacked, at $1, complete or not at all. Sets $found.
unpack_rpms() {
    lock_pythons
    rm -rf -- "$prefix/python"/.building-*-rpm # of a run that was killed: nobody else is at work
    half=$prefix/python/.building-${1##*/}
    make_directory "$half"
    unpack_payload "$half"
    rm -rf -- "$1" # what may be there was no candidate: it does not run
    mv -- "$half" "$1" || fail ENV027 "$half cannot be renamed to $1" "choose another place: --prefix DIR"
    half=
    found=$1/usr/bin/python$OFFKIT_PYTHON
}

# Unpacks $scratch/payload into the directory $1 and makes the Python there work.
unpack_payload() {
    for file in "$scratch/payload"/*; do
        # What a package does not own itself, such as usr/bin, gets the mode of the umask.
        said=$( (umask 022 && cd -- "$1" && rpm2cpio "$file" |
            LC_ALL=C cpio -idmu --quiet --no-absolute-filenames) 2>&1) ||
            fail RPM008 "${file##*/} cannot be unpacked to $1: $(printf '%s\n' "$said" | tail -n 1)" "$another_way"
    done
    first=$1/usr/bin/python$OFFKIT_PYTHON
    # On EL 8 a link to where the package has the program: not to this system's own.
    link=$(readlink "$first" 2>/dev/null) || link=
    case $link in /*) [ ! -x "$1$link" ] || first=$1$link ;; esac
    [ -x "$first" ] || fail PY024 "usr/bin/python$OFFKIT_PYTHON is missing in $(rpm_titles)" "use $OFFKIT_MEDIA"
    unpack
    # Its own libpython is not yet where it looks: offkit sees to that.
    said=$(LD_LIBRARY_PATH=$1/usr/lib64 "$first" -I -S "$scratch/offkit.pyz" adopt-python "$1" 2>&1) ||
        fail PY024 "the Python from $(rpm_titles) does not work here: $said" "$another_way"
}

