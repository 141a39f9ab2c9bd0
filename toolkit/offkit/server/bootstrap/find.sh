# --- a Python that fits -------------------------------------------------------------------

refused=
refuse() {
    refused="$refused
    $1: $2"
}

# Whether a path is that of the platform-python of EL 8: package python36 gives the same file another name.
of_system() {
    case $1 in */libexec/* | */platform-python*) ;; *) return 1 ;; esac
    case $(readlink -f -- "$1" 2>/dev/null || printf '%s' "$1") in */platform-python*) ;; *) return 1 ;; esac
}

# Sets $found when $1 is a Python of the right version that can read wheels.
consider() {
    case "
$seen" in *"
$1
"*) return ;; esac
    seen="$seen$1
"
    [ -e "$1" ] || [ -L "$1" ] || return
    if [ ! -x "$1" ] || [ -d "$1" ]; then
        refuse "$1" "is not an executable file"
        return
    fi
    if of_system "$1"; then
        refuse "$1" "belongs to the system (dnf runs on it) and is not for applications${OFFKIT_PACKAGES:+: yum install $OFFKIT_PACKAGES}"
        return
    fi
    # Python 2 and 3.3 have no -I; these mean the same for a single import of a built-in module.
    within=$(command -v timeout >/dev/null 2>&1 && printf 'timeout 20')
    # shellcheck disable=SC2086 # words of a command
    answer=$($within "$1" -E -s -S -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1 </dev/null)
    status=$?
    if [ "$status" -eq 124 ] && [ -z "$answer" ]; then
        refuse "$1" "does not answer"
    elif [ "$status" -ne 0 ]; then
        case $answer in
            Traceback*) answer=$(printf '%s\n' "$answer" | tail -n 1) ;;
            *) answer=$(printf '%s\n' "$answer" | head -n 1) ;;
        esac
        case $1 in
            */shims/*) answer="$answer (a pyenv shim; use --python ${PYENV_ROOT:-$HOME/.pyenv}/versions/*/bin/python$OFFKIT_PYTHON)" ;;
        esac
        refuse "$1" "does not run (exit $status): $answer"
    elif [ "$answer" != "$OFFKIT_PYTHON" ]; then
        refuse "$1" "is Python $answer, not $OFFKIT_PYTHON"
    elif ! "$1" -I -S -c 'import zlib' 2>/dev/null; then
        refuse "$1" "was compiled without zlib and cannot read wheels: yum install zlib-devel, compile it again"
    else
        found=$1
    fi
}

# Whether $1, a Python that was considered, is built as those are that wheels are made for: a CPython of
# 64 bits, without --with-pydebug and the like. Whether it is one for this bundle, offkit says.
ordinary() {
    "$1" -I -S -c 'import sys
flags = "m" if sys.version_info < (3, 8) else ""
sys.exit(sys.implementation.name != "cpython" or sys.maxsize < 2**32 or sys.abiflags != flags)' >/dev/null 2>&1
}

# Considers $1 as one of several: one of another build will do only when there is no ordinary one.
consider_too() {
    consider "$1"
    if [ -n "$found" ] && ! ordinary "$found"; then
        unusual=${unusual:-$found}
        found=
    fi
}

# Sets $found to the interpreter to hand over to, empty when there is none. With --get-python only
# one that came that way will do.
find_python() {
    seen=
    found=
    unusual=
    look_for_python
    found=${found:-$unusual}
}

look_for_python() {
    if [ -n "$python" ]; then
        case $python in */*) ;; *) python=$(command -v -- "$python" || printf '%s' "$python") ;; esac
        [ -e "$python" ] || fail 4 "--python: $python does not exist"
        consider "$python"
        return
    fi
    case $get_python in
        source) first_of "$prefix"/python/*[0-9]/bin/"python$OFFKIT_PYTHON" && return ;;
        build) first_of "$prefix"/python/*-build/bin/"python$OFFKIT_PYTHON" && return ;;
    esac
    case $get_python in source | build) return ;; esac
    for name in "python$OFFKIT_PYTHON" python3 python; do
        candidate=$(command -v -- "$name" 2>/dev/null) || candidate=
        case $candidate in /*) [ -n "$found" ] || consider_too "$candidate" ;; esac
    done
    [ -n "$found" ] ||
        first_of "/usr/bin/python$OFFKIT_PYTHON" "/usr/local/bin/python$OFFKIT_PYTHON" \
            /opt/python*/bin/"python$OFFKIT_PYTHON" /opt/rh/*/root/usr/bin/"python$OFFKIT_PYTHON" \
            "${PYENV_ROOT:-${HOME:-/}/.pyenv}"/versions/*/bin/"python$OFFKIT_PYTHON" \
            "${HOME:-/}"/.pyenv/versions/*/bin/"python$OFFKIT_PYTHON" \
            "$prefix"/python/*/bin/"python$OFFKIT_PYTHON" "$prefix"/python/*/usr/bin/"python$OFFKIT_PYTHON" \
            /usr/bin/python3 /usr/local/bin/python3 /usr/libexec/platform-python
}

# Sets $found to the first of these paths that will do.
first_of() {
    for candidate in "$@"; do
        [ -n "$found" ] || consider_too "$candidate"
    done
    [ -n "$found" ]
}

