# --- the plan, told by a Python that is not there yet -------------------------------------

# Sets $found to a Python out of the bundle or the media, unpacked into $scratch, and $planned to
# "VERSION=PATH" of the one that will be there; $found stays empty where nothing can be unpacked or
# run there (no room, noexec), which is no reason to fail yet.
stand_in() {
    found=
    mkdir "$scratch/python"
    case $way in
        build)
            read_tarball "$OFFKIT_BUILD"
            planned=$version=$prefix/python/$version-build/bin/python$OFFKIT_PYTHON
            (trap - EXIT && unpack_tarball "$scratch/python") >/dev/null 2>&1
            ;;
        source)
            [ -z "$isos$repo_dirs" ] || (stand_in_for_source) >/dev/null 2>&1
            read_tarball "$OFFKIT_SOURCE"
            planned=$version=$prefix/python/$version/bin/python$OFFKIT_PYTHON
            ;;
        yum | rpms)
            planned=$version=/usr/bin/python$OFFKIT_PYTHON
            [ "$way" = yum ] || planned=$version=$prefix/python/$version-rpm/usr/bin/python$OFFKIT_PYTHON
            [ -n "$(lacking rpm rpm2cpio cpio)" ] || stand_in_of_rpms
            ;;
    esac
    for each in "$scratch/python/usr/bin/python$OFFKIT_PYTHON" "$scratch/python"/*/bin/"python$OFFKIT_PYTHON"; do
        if [ -x "$each" ] && "$each" -I -S -c 'import zlib' 2>/dev/null; then found=$each; fi
    done
    [ -z "$found" ] || unpack
}

# What is wrong with the packages is for yum to name when it is yum that installs them.
stand_in_of_rpms() {
    if [ "$way" = yum ] && [ -z "$dry_run" ]; then
        (trap - EXIT && fetch_rpms) >/dev/null 2>&1 || return 0
    else
        fetch_rpms
    fi
    (trap - EXIT && unpack_payload "$scratch/python") >/dev/null 2>&1
}

# The media's own Python does as well for this, if they have one.
stand_in_for_source() {
    trap - EXIT
    [ -n "$OFFKIT_PAYLOAD" ] && [ -z "$(lacking rpm rpm2cpio cpio)" ] || return 0
    choose_rpms
    fetch_rpms
    unpack_payload "$scratch/python"
}

# Where media are to bring libraries: ends as offkit would, before a Python is got, when it could not
# install the bundle then (a library that is on none of them).
rehearse() {
    [ -n "$isos$repo_dirs" ] || return 0
    stand_in
    if [ -n "$found" ]; then
        "$found" -I -S "$scratch/offkit.pyz" install --dry-run --planned-python "$planned" "$@" \
            >"$scratch/plan" 2>"$scratch/said" </dev/null
        status=$?
        case $way/$status in
            */0 | */70 | source/4) ;; # 4 may be about the Python that only stands in
            *)
                [ -z "$json" ] || cat <"$scratch/plan"
                answered=1
                cat <"$scratch/said" >&2
                exit "$status"
                ;;
        esac
    fi
    rm -rf -- "$scratch/python"
    found=
}

# Ends the dry run with every step: those noted here, and then those of offkit. Where no Python can
# tell them, in general terms.
rehearse_all() {
    stand_in
    [ -n "$found" ] || rehearse_in_words
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

rehearse_in_words() {
    text="with that Python, offkit: verify every member of $bundle, create an environment in"
    text="$text $prefix/generations, install the wheels into it, check it, and switch $prefix/current to it"
    step "$text"
    if [ -z "$isos$repo_dirs" ]; then
        :
    elif [ -z "$no_root" ] && has_yum; then
        step "before that, install with yum from the media the libraries that this server lacks" root
    else
        step "in doing so, unpack from the RPMs of the media the libraries that this server lacks"
    fi
    # With --json stdout is for one document, which only offkit itself can write.
    [ -z "$json" ] || exec 1>&2
    printf '%s' "$noted" | awk '{ printf "%3d. would %s\n", NR, $0 }'
    exit 0
}

