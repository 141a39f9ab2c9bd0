# --- what the bundle holds ----------------------------------------------------------------

# of_bundle COMMAND...: with the bundle on stdin, its parts one after another.
of_bundle() {
    if [ -z "$parts" ]; then
        "$@" <"$bundle"
    else
        all_parts | "$@"
    fi
}

# Whoever reads may stop before the end: that is no error.
all_parts() {
    while IFS= read -r part; do
        [ -z "$part" ] || cat -- "$part" 2>/dev/null || return 0
    done <<END
$parts
END
}

# The bundle, or those of its parts that are not what the index says.
to_copy() {
    altered=
    [ -z "$parts" ] || altered=$(cd -- "$(dirname -- "$bundle")" && sha256sum -c -- "${bundle##*/}" 2>/dev/null | sed -n 's/: FAILED.*//p')
    # shellcheck disable=SC2086 # names without blanks, in one line
    echo ${altered:-the bundle}
}

# Sets $parts to the files that the index $bundle lists (model/parts.py). Ends with 3 unless all of them are beside
# it, whole; what is in them is for verify_bundle and 'offkit install' to see.
find_parts() {
    [ "$(head -c 17 <"$bundle" | tr -d '\0')" = "# offkit/parts-1" ] || return 0
    sum=$(grep -v '^# self ' <"$bundle" | sha256sum)
    [ "# self ${sum%% *}" = "$(tail -n 1 <"$bundle")" ] ||
        fail BUN022 "$bundle is no index of parts, or damaged" "carry the index again: it is small, and lies beside the parts"
    lacking=
    while IFS= read -r part; do
        [ -f "$(dirname -- "$bundle")/$part" ] || lacking="$lacking $part"
        parts=$parts$(dirname -- "$bundle")/$part$newline
    done <<END
$(sed -n 's/^[0-9a-f]\{64\}  \([A-Za-z0-9_.+!-]*\)$/\1/p' <"$bundle")
END
    [ -z "$lacking" ] || fail BUN023 "$bundle: missing beside it:$lacking" "carry what is missing again, and put it beside the index"
}

# Ends with 3 unless the bundle is, behind its manifest, what install.sh was packed with. Once is
# enough, and only what this shell takes out of it needs it: 'offkit install' looks for itself.
verify_bundle() {
    [ -z "${verified:-}" ] || return 0
    if command -v sha256sum >/dev/null 2>&1; then
        sum=$(of_bundle tail -c "+$((${OFFKIT_REST_OFFSET#"${OFFKIT_REST_OFFSET%%[!0]*}"} + 1))" | sha256sum)
        if [ "${sum%% *}" != "$OFFKIT_REST_SHA256" ]; then
            fail 3 "$bundle is damaged: its bytes from $OFFKIT_REST_OFFSET on do not match its install.sh" \
                "copy $(to_copy) again, and compare sha256sum on both sides of the gap"
        fi
    else
        fail 4 "sha256sum is not installed, so the bundle cannot be verified" \
            "install coreutils, or give a Python $OFFKIT_PYTHON with --python to verify it"
    fi
    verified=1
}

# Ends with 2 when the bundle has another install.sh than this one, and a whole one: what this one says of a
# Python, a release or a checksum is not about it.
of_this_bundle() {
    theirs=$(its_script | what_it_knows)
    [ -n "$theirs" ] && [ -f "$0" ] && [ "$theirs" != "$(what_it_knows <"$0")" ] || return 0
    sum=$(its_script | grep -v '^# sha256 ' | sha256sum 2>/dev/null)
    [ "# sha256 ${sum%% *}" = "$(its_script | tail -n 1)" ] || return 0
    fail 2 "$0 is not the install.sh of $bundle, but of another bundle" \
        "extract its own: tar -xf '$bundle' install.sh"
}

# The bundle's install.sh, which is behind its manifest: that is not looked for beyond 16 MiB (server/bundle/autopsy.py).
its_script() { of_bundle head -c 16777216 | LC_ALL=C tar -xOf - install.sh 2>/dev/null; }

what_it_knows() { grep '^OFFKIT_[A-Z0-9_]*='; }

# member NAME: its bytes on stdout; after verify_bundle.
member() { of_bundle env LC_ALL=C tar -xOf - "$1"; }

# shellcheck disable=SC2317,SC2329 # called by of_bundle
unpack_carried() { (cd -- "$scratch/carried/in" && LC_ALL=C tar -xof - @OFFKIT_TOP_WORD@rpms); }

# The bundle's own RPMs as one more directory with a repodata/, called like the bundle.
own_rpms=
take_rpms() {
    verify_bundle
    mkdir -p "$scratch/carried/in"
    of_bundle unpack_carried 2>/dev/null || {
        has_room || no_room
        fail 3 "$bundle: its RPMs cannot be unpacked" "copy the bundle again, and compare sha256sum on both sides of the gap"
    }
    own_rpms=$scratch/carried/${bundle##*/}
    mv -- "$scratch/carried/in/@OFFKIT_TOP@rpms" "$own_rpms"
    repo_dirs=$own_rpms$newline
}

# Takes offkit.pyz out of the bundle into $scratch. tar, not offkit, reads it: nothing from the
# bundle runs before its checksum is known. An error of tar behind offkit.pyz (the bundle is
# truncated) is for 'offkit install' to name.
unpack() {
    [ ! -f "$scratch/offkit.pyz" ] || return 0
    said=$(of_bundle env LC_ALL=C tar -xOf - offkit.pyz 2>&1 >"$scratch/offkit.pyz")
    if command -v sha256sum >/dev/null 2>&1; then
        actual=$(sha256sum <"$scratch/offkit.pyz")
    else
        actual=$("$found" -I -S -c 'import hashlib, sys
print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' <"$scratch/offkit.pyz")
    fi
    [ "${actual%% *}" != "$OFFKIT_PYZ_SHA256" ] || return 0
    # A full disk is no damage. tar may only say that it wrote less than it wanted.
    has_room || no_room
    [ -z "$said" ] || say "$said"
    say "error: $bundle: offkit.pyz is missing or damaged (it does not match install.sh)"
    say "fix: copy $(to_copy) again, and compare sha256sum on both sides of the gap"
    exit 3
}

has_room() { (head -c 65536 /dev/zero >"$scratch/room") 2>/dev/null; }

no_room() {
    fail ENV024 "not enough space in ${TMPDIR:-/tmp} for the files that offkit unpacks there" \
        "free some space there, or set TMPDIR to another directory"
}

