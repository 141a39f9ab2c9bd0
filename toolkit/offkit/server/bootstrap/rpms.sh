# --- a Python out of RPMs, without root ---------------------------------------------------

# Sets $rpms: the lines of the index (see read_index) for what this Python is made of, the newest of
# each; ends when the interpreter is on none of the media.
choose_rpms() {
    # shellcheck disable=SC2086 # names of packages, with blanks between
    read_index $OFFKIT_PAYLOAD
    rpms=
    for name in $OFFKIT_PAYLOAD; do
        line=$(newest "$name")
        [ -z "$line" ] || rpms=$rpms$line$newline
    done
    case $rpms in "$OFFKIT_PACKAGES "*) ;; *) no_package ;; esac
    version=$(rpm_field "$rpms" 3 | head -n 1) # a part of paths
    case $version in
        [0-9]*[!0-9A-Za-z.]* | [!0-9]* | *..*)
            damaged "$(source_numbered "$(rpm_field "$rpms" 9 | head -n 1)")" "$version is no version of a Python"
            end_media
            ;;
    esac
}

no_package() {
    where=$(printf '%s' "$sources" | while IFS= read -r source; do
        printf '%s%s' "${comma:-}" "$(source_name "$source")"
        comma=', '
    done)
    fail PY021 "there is no $OFFKIT_PACKAGES, the package of Python $OFFKIT_PYTHON, on $where" \
        "take $OFFKIT_MEDIA"
}

# rpm_field LINE N: a field of a line of the index.
rpm_field() { printf '%s\n' "$1" | cut -d ' ' -f "$2"; }

# Sets $found to a Python below $prefix/python that is made of the media's RPMs: read without
# mounting where there is no root, verified, unpacked beside its place and renamed.
python_by_rpms() {
    plain_prefix
    lacking=$(lacking rpm rpm2cpio cpio)
    [ -z "$lacking" ] || fail RPM009 "there is no $lacking here, which takes a Python out of RPMs" "$another_way"
    place=$prefix/python/$version-rpm
    titles=$(rpm_titles)
    step "take $titles out of $(media_titles), and verify the repository's checksums and the distribution's signatures"
    check_prefix "$(printf '%s' "$rpms" | awk '{ all += $8 } END { printf "%.0f", all / 1024 + 1024 }')"
    step "unpack that to $place"
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
    [ -z "$problems" ] || end_rpms
    fetched=1
}

# The media that $rpms come from, for people.
media_titles() {
    printf '%s' "$rpms" | cut -d ' ' -f 9 | sort -un | while read -r each; do
        source_parts "$(source_numbered "$each")"
        sed -e '/^http/b' -e 's,.*/,,' <"$scratch/media/$number.name"
    done | sort -u | awk '{ printf "%s%s", comma, $0; comma = ", " }'
}

end_rpms() {
    say "${problems#"$newline"}"
    say "nothing was unpacked or installed"
    case $problems in
        *"error: RPM001"* | *"error: RPM002"* | *"error: RPM003"*) exit 3 ;;
        *) exit 4 ;;
    esac
}

# A database of rpm's with nothing in it but the distribution's keys; the system's is not touched.
import_keys() {
    mkdir -p "$scratch/rpmdb"
    LC_ALL=C rpm --dbpath "$scratch/rpmdb" --initdb >/dev/null 2>&1
    while read -r each key; do
        [ -n "$key" ] || continue
        said=$(LC_ALL=C rpm --dbpath "$scratch/rpmdb" --import "$key" 2>&1) ||
            say "warning: ${key##*/} cannot be used as a key: $(printf '%s\n' "$said" | head -n 1)"
    done <<END
$keys
END
}

# Takes the RPM of a line of the index to $scratch/payload; adds to $problems unless it is what the
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
        web_gone "$number" || problem "RPM001 $title is not on $(source_name "$source"), whose metadata name it" "$again"
        return
    fi
    if [ "$(checksum "$(rpm_field "$1" 5)" "$file")" != "$(rpm_field "$1" 6)" ]; then
        has_room || no_room
        problem "RPM001 $title on $(source_name "$source") is damaged or altered: its checksum is not the repository's" "$again"
        return
    fi
    # rpm 4.11 of EL 7: "rsa sha1 (md5) pgp md5 OK", unsigned "sha1 md5 OK"; since 4.14: "digests
    # signatures OK", unsigned "digests OK" (rpmchecksig.c). What is in capitals went wrong. "rsa" or
    # "dsa" alone is a signature of the header, which in EL 7 says nothing of the payload.
    said=$(LC_ALL=C rpm --dbpath "$scratch/rpmdb" -K "$file" 2>&1)
    said=${said##*"$file:"}
    case $said in
        *"NOT OK"*) bad_signature ;;
        *" signatures "*OK | *" pgp "*OK | *" gpg "*OK) ;;
        *" rsa "*OK | *" dsa "*OK)
            problem "RPM002 $title on $(source_name "$source"): only its header is signed, not what is in it" \
                "take the distribution's own ISO or RPMs"
            ;;
        *OK)
            problem "RPM002 $title on $(source_name "$source") is not signed" \
                "take the distribution's own ISO or RPMs: offkit installs nothing unsigned"
            ;;
        *) bad_signature ;;
    esac
}

# For rpm the absence of the key and damage are one answer; its details tell them apart.
bad_signature() {
    details=$(LC_ALL=C rpm --dbpath "$scratch/rpmdb" -Kv "$file" 2>&1)
    case $details in
        *": BAD"* | *"BAD ("*)
            problem "RPM001 $title on $(source_name "$source") is damaged or altered: rpm says$said" "$again"
            ;;
        *NOKEY*)
            id=$(printf '%s\n' "$details" | sed -n 's/.*[kK]ey ID \([0-9a-fA-F]*\): NOKEY.*/\1/p' | head -n 1)
            have=$(printf '%s' "$keys" | sed 's,.*/,,' | tr '\n' ' ')
            problem "RPM003 $title on $(source_name "$source") is signed with key ${id:-unknown}, and that is not here (keys: ${have:-none})" \
                "the key of the distribution belongs at the top of the medium or in /etc/pki/rpm-gpg as $(key_names)"
            ;;
        *) problem "RPM001 $title on $(source_name "$source") cannot be verified: rpm says$said" "$again" ;;
    esac
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
    [ -x "$first" ] || fail PY024 "$(rpm_titles) hold no usr/bin/python$OFFKIT_PYTHON" "take $OFFKIT_MEDIA"
    unpack
    # Its own libpython is not yet where it looks: offkit sees to that.
    said=$(LD_LIBRARY_PATH=$1/usr/lib64 "$first" -I -S "$scratch/offkit.pyz" adopt-python "$1" 2>&1) ||
        fail PY024 "the Python of $(rpm_titles) does not work here: $said" "$another_way"
}

