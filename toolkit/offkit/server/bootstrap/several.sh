# --- a bundle for several targets ---------------------------------------------------------

# What there is, a line each: name, release, architecture, Python, C library.
OFFKIT_TARGETS='@OFFKIT_TARGETS@'

# Takes the target called $1: sets what start.sh says of a bundle for one, and where its own files are.
set_target() {
    OFFKIT_TARGET=$1
    OFFKIT_TOP=targets/$1/
    case $1 in
@OFFKIT_TARGET_VALUES@
    esac
}

# Takes the one that this server is, and sets $found as find_python does: one of its own release comes
# before others, and of them one whose Python is here, then one whose Python can come.
find_target() {
    release=$(release_name)
    machine=$(uname -m)
    glibc=$(root='' && probe_glibc)
    glibc=${glibc:-999.0} # nobody could be asked for it: offkit will look
    ranking=$(printf '%s\n' "$OFFKIT_TARGETS" | rank_targets "$release" "$machine" "$glibc")
    [ -n "$ranking" ] || no_target
    mine=$(printf '%s\n' "$ranking" | sed -n 's/^own //p')
    others=$(printf '%s\n' "$ranking" | sed -n 's/^other //p')
    first=${ranking%%"$newline"*}
    # shellcheck disable=SC2086 # words
    with_python $mine || with_way $mine || with_python $others || with_way $others || look_as "${first#* }"
    [ -n "$found" ] || [ -n "$outside$quiet" ] || say "of $(list_targets) this server takes $OFFKIT_TARGET"
}

# Takes the first of these whose Python is here; fails when there is none.
with_python() {
    for wanted in "$@"; do
        look_as "$wanted"
        [ -z "$found" ] || return 0
    done
    return 1
}

# Takes the first of these whose Python the bundle has, or the media may have; fails when there is none.
with_way() {
    [ -z "$python" ] || return 1
    for wanted in "$@"; do
        look_as "$wanted"
        [ -z "$OFFKIT_BUILD$OFFKIT_SOURCE$OFFKIT_RPMS" ] || return 0
        [ -z "$isos$repo_dirs" ] || [ -z "$OFFKIT_PACKAGES" ] || return 0
    done
    return 1
}

# Takes that target, and looks for its Python.
look_as() {
    set_target "$1"
    own_release
    refused=
    find_python
}

# Of lines as in $OFFKIT_TARGETS those whose wheels run on release $1, architecture $2 and C library $3, the
# best first (model/several.py): "own NAME" those of that release, "other NAME" the rest.
rank_targets() {
    RELEASE=$1 ARCH=$2 GLIBC=$3 LC_ALL=C awk '
        function number(version,    part) {
            split(version, part, ".")
            return part[1] * 10000 + part[2]
        }
        $3 == ENVIRON["ARCH"] && number($5) <= number(ENVIRON["GLIBC"]) {
            print ($2 == ENVIRON["RELEASE"] ? "own" : "other"), number($5), number($4), NR, $1
        }' | LC_ALL=C sort -k 1,1r -k 2,2nr -k 3,3nr -k 4,4n | cut -d ' ' -f 1,5
}

list_targets() { printf '%s\n' "$OFFKIT_TARGETS" | awk '{ printf "%s%s (CPython %s)", (NR > 1 ? ", " : ""), $1, $4 }'; }

no_target() {
    code=ENV022
    lacks="this machine has glibc $glibc"
    if ! printf '%s\n' "$OFFKIT_TARGETS" | cut -d ' ' -f 3 | grep -Fqx -- "$machine"; then
        code=ENV021
        lacks="this machine is $machine"
    fi
    fail "$code" "$lacks, the bundle is for$(
        printf '%s\n' "$OFFKIT_TARGETS" | awk '{ printf "%s %s (%s, CPython %s, glibc %s)", (NR > 1 ? "," : ""), $1, $3, $4, $5 }'
    )" "bundle again on the other side for this server, which 'offkit probe' describes"
}
