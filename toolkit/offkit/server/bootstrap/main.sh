# --- handing over -------------------------------------------------------------------------

# A signal ends offkit, which cleans up; its exit code is ours. With INT and HUP the terminal may
# have told it already: a second signal changes nothing for it.
# shellcheck disable=SC2317,SC2329 # called by traps
pass_on() {
    [ -n "$starting" ] || exit "$1"
    again=1
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}

# Only a child in the background leaves the shell free to act on a signal.
hand_over() {
    starting=1
    again=
    "$found" -I -S "$scratch/offkit.pyz" install "$@" 9<&- &
    child=$!
    [ -z "$again" ] || kill -TERM "$child" # it came before there was anybody to tell
    again=1
    code=0
    while [ -n "$again" ]; do
        again=
        wait "$child"
        status=$?
        [ "$status" -eq 127 ] || code=$status # 127: it had ended before, and was waited for
    done
    exit "$code"
}

# shellcheck disable=SC2317,SC2329 # called by traps
clean_up() {
    answer "$1"
    stop_work
    close_media
    rm -rf -- "$scratch" ${half:+"$half"} ${yum_place:+"$yum_place"}
    unmake_directories
}

# Says whose $scratch is, and clears away what runs that were killed have left: their process is gone,
# as far as this process namespace can tell.
own_scratch() {
    space=$(readlink /proc/self/ns/pid 2>/dev/null) || return 0
    for old in "${TMPDIR:-/tmp}"/offkit.??????; do
        # shellcheck disable=SC3067 # dash, bash and busybox have -O
        [ -f "$old/owner" ] && [ ! -L "$old" ] && [ -O "$old" ] || continue
        read -r owner owner_space <"$old/owner" || continue
        [ "$owner_space" != "$space" ] || kill -0 "$owner" 2>/dev/null || rm -rf -- "$old"
    done
    printf '%s %s\n' "$$" "$space" 2>/dev/null >"$scratch/owner"
}

main() {
    set -u
    # No name server is asked (resolv.conf(5)): yum wants this machine's full name, and where none
    # answers that is a time-out each.
    export RES_OPTIONS=@OFFKIT_RES_OPTIONS@
    case ${1:-} in
        --probe)
            shift
            probe_server "$@"
            exit
            ;;
    esac
    trap 'answer $?' EXIT
    outside= # the mount namespace that this script was in before enter_namespace
    case ${1:-} in --outside=*) outside=${1#*=} && shift ;; esac
    read_arguments "$@"
    if [ -z "$bundle" ]; then
        find_bundle
        set -- "$bundle" "$@"
    fi
    check_bundle
    of_this_bundle
    @OFFKIT_FIND@
    [ -n "$found" ] || enter_namespace "$@"
    child=
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/offkit.XXXXXX") || fail 4 "no temporary directory can be created: set TMPDIR"
    trap 'clean_up $?' EXIT
    trap 'pass_on 130' INT
    trap 'pass_on 143' TERM
    trap 'pass_on 129' HUP
    own_scratch
    if [ -n "$found" ]; then sweep_pythons; else get_python "$@"; fi
    close_media
    unpack
    hand_over "$@"
}

main "$@"
# sha256 @OFFKIT_SELF_SHA256@
