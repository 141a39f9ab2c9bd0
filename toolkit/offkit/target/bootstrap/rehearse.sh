# --- a dry run without a Python -----------------------------------------------------------

# Ends the dry run with every step: those noted here, and then those of offkit, which a Python out
# of the bundle or the media tells, unpacked into $scratch. Where there is none, in general terms.
rehearse() {
    found=
    mkdir "$scratch/python"
    case $way in
        build)
            planned=$version=$home/bin/python$OFFKIT_PYTHON
            (trap - EXIT && unpack_tarball "$scratch/python") >/dev/null 2>&1
            ;;
        source)
            planned=$version=$home/bin/python$OFFKIT_PYTHON
            [ -z "$isos$repo_dirs" ] || (rehearse_source) >/dev/null 2>&1
            ;;
        *)
            planned=$(rpm_field "$rpms" 3 | head -n 1)
            case $way in
                rpms) planned=$planned=$place/usr/bin/python$OFFKIT_PYTHON ;;
                yum) planned=$planned=/usr/bin/python$OFFKIT_PYTHON ;;
            esac
            [ -n "$(lacking rpm rpm2cpio cpio)" ] || fetch_rpms
            rehearse_rpms
            ;;
    esac
    for each in "$scratch/python/usr/bin/python$OFFKIT_PYTHON" "$scratch/python"/*/bin/"python$OFFKIT_PYTHON"; do
        if [ -x "$each" ] && "$each" -I -S -c 'import zlib' 2>/dev/null; then found=$each; fi
    done
    [ -n "$found" ] || rehearse_in_words
    unpack
    count=$#
    while IFS= read -r each; do
        [ -z "$each" ] || set -- "$@" --planned-step "$each"
    done <<END
$noted
END
    set -- "$@" --planned-python "$planned"
    # options in front: the arguments given may hold a "--"
    while [ "$count" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        count=$((count - 1))
    done
    hand_over "$@"
}

# What cannot be unpacked or run there (no room, noexec) is no reason to fail yet.
rehearse_rpms() {
    [ -d "$scratch/payload" ] || return 0
    (trap - EXIT && unpack_payload "$scratch/python") >/dev/null 2>&1
}

# The media's own Python does as well for this, if they have one.
rehearse_source() {
    trap - EXIT
    [ -n "$OFFKIT_PAYLOAD" ] && [ -z "$(lacking rpm rpm2cpio cpio)" ] || return 0
    choose_rpms
    fetch_rpms
    unpack_payload "$scratch/python"
}

rehearse_in_words() {
    text="with that Python, offkit: verify every member of $bundle, make an environment in"
    text="$text $prefix/generations, install the wheels into it, check it, and switch $prefix/current to it"
    step "$text"
    if [ -z "$isos$repo_dirs" ]; then
        :
    elif [ -z "$no_root" ] && has_yum; then
        step "before that, what libraries this server lacks for them: install with yum from the media" root
    else
        step "within that, what libraries this server lacks for them: take out of the RPMs of the media"
    fi
    # With --json stdout is for one document, which only offkit itself can write.
    [ -z "$json" ] || exec 1>&2
    printf '%s' "$noted" | awk '{ printf "%3d. would %s\n", NR, $0 }'
    exit 0
}

