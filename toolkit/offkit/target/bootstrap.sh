#!/bin/sh
# Installs a bundle on a server that has nothing but sh, tar and coreutils:
#     tar -xf bundle.tar install.sh && sh install.sh bundle.tar [options of offkit install]
# It looks for a fitting Python, takes offkit.pyz out of the bundle and hands over to it.
# Exit codes: 2 usage, 3 damaged bundle, 4 no fitting Python or no room; else those of offkit.

# The last line holds the checksum of all others. A shell reads command by command: whatever
# happened to the rest of this file, this comes first.
if [ -f "$0" ] && command -v sha256sum >/dev/null 2>&1; then
    sum=$(grep -v '^# sha256 ' <"$0" 2>/dev/null | sha256sum)
    if [ "# sha256 ${sum%% *}" != "$(tail -n 1 <"$0" 2>/dev/null)" ]; then
        printf '%s\n' "error: $0 itself is damaged" \
            "fix: take it out of the bundle again: tar -xf bundle.tar install.sh" >&2
        exit 3
    fi
fi

set -u

OFFKIT_PYTHON=@OFFKIT_PYTHON@
OFFKIT_EL=@OFFKIT_EL@
OFFKIT_PYZ_SHA256=@OFFKIT_PYZ_SHA256@

say() { printf '%s\n' "$*" >&2; }
fail() {
    code=$1
    shift
    say "error: $*"
    exit "$code"
}

usage() {
    cat <<END
usage: sh install.sh [BUNDLE] [--prefix DIR] [--python PATH] [--keep N] [--dry-run]
                  [--json] [-q] [-v]

Install an offkit bundle with Python $OFFKIT_PYTHON. Without BUNDLE, the only *.tar beside
install.sh is taken. All options are those of 'offkit install'.
END
}

# --- what was asked for -------------------------------------------------------------------

# An option with nothing in it is a variable that was not set, and no wish for the default.
must_say() { [ -n "$2" ] || fail 2 "$1 is given, but empty (a variable that is not set?)"; }

# Sets $bundle and $python from the arguments; $bundle stays empty when none is named.
read_arguments() {
    bundle=
    python=
    previous=
    for argument in "$@"; do
        case $previous in
            --prefix | --keep) must_say "$previous" "$argument" ;;
            --python) must_say "$previous" "$argument" && python=$argument ;;
            *)
                case $argument in
                    -h | --help) usage && exit 0 ;;
                    --prefix=* | --keep=*) must_say "${argument%%=*}" "${argument#*=}" ;;
                    --python=*) must_say --python "${argument#--python=}" && python=${argument#--python=} ;;
                    -*) ;;
                    *) must_say BUNDLE "$argument" && bundle=${bundle:-$argument} ;;
                esac
                ;;
        esac
        # The value of an option is no option itself, whatever it is called.
        case $previous in
            --prefix | --keep | --python) previous= ;;
            *) previous=$argument ;;
        esac
    done
}

# Sets $bundle to the only *.tar beside install.sh.
find_bundle() {
    here=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd -P) || exit 4
    count=0
    for candidate in "$here"/*.tar; do
        [ -f "$candidate" ] || continue
        bundle=$candidate
        count=$((count + 1))
    done
    if [ "$count" -ne 1 ]; then
        usage >&2
        fail 2 "$count *.tar files beside install.sh: name the bundle"
    fi
}

check_bundle() {
    [ -e "$bundle" ] || fail 2 "there is no $bundle"
    [ ! -d "$bundle" ] || fail 2 "$bundle is a directory: name the bundle.tar that 'offkit bundle' wrote"
    [ -f "$bundle" ] || fail 2 "$bundle is not a regular file: name the bundle.tar that 'offkit bundle' wrote"
    [ -r "$bundle" ] || fail 4 "no permission to read $bundle"
}

# --- a Python that fits -------------------------------------------------------------------

refused=
refuse() {
    refused="$refused
    $1: $2"
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
    case $(readlink -f -- "$1" 2>/dev/null || printf '%s' "$1") in
        */libexec/platform-python*)
            case $1 in */libexec/* | */platform-python*)
                refuse "$1" "belongs to the system (dnf runs on it), not for applications: yum install python36"
                return
                ;;
            esac
            ;;
    esac
    # Python 2 and 3.3 have no -I; these mean the same for a single import of a built-in module.
    answer=$("$1" -E -s -S -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1)
    status=$?
    if [ "$status" -ne 0 ]; then
        case $answer in
            Traceback*) answer=$(printf '%s\n' "$answer" | tail -n 1) ;;
            *) answer=$(printf '%s\n' "$answer" | head -n 1) ;;
        esac
        case $1 in
            */shims/*) answer="$answer (a shim of pyenv; name --python ${PYENV_ROOT:-$HOME/.pyenv}/versions/*/bin/python$OFFKIT_PYTHON)" ;;
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

# Sets $found to the interpreter to hand over to, empty when there is none.
find_python() {
    seen=
    found=
    if [ -n "$python" ]; then
        case $python in */*) ;; *) python=$(command -v -- "$python" || printf '%s' "$python") ;; esac
        [ -e "$python" ] || fail 4 "--python: there is no $python"
        consider "$python"
    else
        for name in "python$OFFKIT_PYTHON" python3 python; do
            candidate=$(command -v -- "$name" 2>/dev/null) || candidate=
            case $candidate in /*) [ -n "$found" ] || consider "$candidate" ;; esac
        done
        for candidate in "/usr/bin/python$OFFKIT_PYTHON" "/usr/local/bin/python$OFFKIT_PYTHON" \
            /opt/python*/bin/"python$OFFKIT_PYTHON" /opt/rh/*/root/usr/bin/"python$OFFKIT_PYTHON" \
            "${PYENV_ROOT:-${HOME:-/}/.pyenv}"/versions/*/bin/"python$OFFKIT_PYTHON" \
            "${HOME:-/}"/.pyenv/versions/*/bin/"python$OFFKIT_PYTHON" \
            /usr/bin/python3 /usr/local/bin/python3 /usr/libexec/platform-python; do
            [ -n "$found" ] || consider "$candidate"
        done
    fi
}

# What was looked at, and where a Python can come from.
no_python() {
    say "error: no Python $OFFKIT_PYTHON that can install this bundle"
    if [ -n "$refused" ]; then
        say "  looked at:$refused"
    fi
    if [ -z "$python" ]; then
        say "  and for python$OFFKIT_PYTHON, python3, python on PATH, in /usr/bin, /usr/local/bin, /opt/python*/bin,"
        say "  /opt/rh/*/root/usr/bin and \$PYENV_ROOT or ~/.pyenv/versions/*/bin"
    fi
    case $OFFKIT_EL/$OFFKIT_PYTHON in
        7/3.6 | 9/3.9) package=python3 ;;
        8/3.[689]) package=python$(printf '%s' "$OFFKIT_PYTHON" | tr -d .) ;;
        [89]/3.11 | [89]/3.12) package=python$OFFKIT_PYTHON ;;
        *) package= ;;
    esac
    if [ -n "$package" ]; then
        repo=repo-config/offkit-el$OFFKIT_EL.repo
        cat >&2 <<END
fix: install $package from the distribution's ISO, as root; the bundle brings the .repo file:
    mkdir -p /mnt/offkit-iso && mount -o loop,ro /path/to/the.iso /mnt/offkit-iso
    tar -xOf '$bundle' $repo >/etc/yum.repos.d/offkit.repo
END
        case $OFFKIT_EL in
            7) say "    (CentOS 7.7 or later, DVD or Everything: older and Minimal ISOs have no python3)" ;;
            *) say "    (in it, put this system's key, a file of /etc/pki/rpm-gpg, in the place of {gpgkey})" ;;
        esac
        say "    yum --disablerepo='*' --enablerepo='offkit-*' install $package"
        say "  or compile Python $OFFKIT_PYTHON (with zlib-devel installed) and pass --python /its/bin/python$OFFKIT_PYTHON"
    else
        say "fix: no ISO of the bundle's target has Python $OFFKIT_PYTHON: compile it (with zlib-devel installed) and"
        say "  pass --python /its/bin/python$OFFKIT_PYTHON; or bundle again for a Python that the ISO has"
    fi
    exit 4
}

# --- offkit itself ------------------------------------------------------------------------

# Takes offkit.pyz out of the bundle into $scratch. tar, not offkit, reads it: nothing from the
# bundle runs before its checksum is known. An error of tar behind offkit.pyz (the bundle is
# truncated) is for 'offkit install' to name.
unpack() {
    said=$(LC_ALL=C tar -xOf - offkit.pyz <"$bundle" 2>&1 >"$scratch/offkit.pyz")
    if command -v sha256sum >/dev/null 2>&1; then
        actual=$(sha256sum <"$scratch/offkit.pyz")
    else
        actual=$("$found" -I -S -c 'import hashlib, sys
print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' <"$scratch/offkit.pyz")
    fi
    [ "${actual%% *}" != "$OFFKIT_PYZ_SHA256" ] || return 0
    # A full disk is no damage. tar may only say that it wrote less than it wanted.
    if ! (head -c 65536 /dev/zero >"$scratch/room") 2>/dev/null; then
        say "error: no room in ${TMPDIR:-/tmp} for offkit itself (2 MB)"
        say "fix: free some space there, or set TMPDIR to another directory"
        exit 4
    fi
    [ -z "$said" ] || say "$said"
    say "error: $bundle: offkit.pyz is missing or damaged (not what install.sh was packed with)"
    say "fix: copy the bundle again, and compare sha256sum on both sides of the gap"
    exit 3
}

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
    "$found" -I -S "$scratch/offkit.pyz" install "$@" &
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

main() {
    read_arguments "$@"
    if [ -z "$bundle" ]; then
        find_bundle
        set -- "$bundle" "$@"
    fi
    check_bundle
    find_python
    [ -n "$found" ] || no_python
    starting=
    child=
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/offkit.XXXXXX") || fail 4 "no room for a temporary file: set TMPDIR"
    trap 'rm -rf -- "$scratch"' EXIT
    trap 'pass_on 130' INT
    trap 'pass_on 143' TERM
    trap 'pass_on 129' HUP
    unpack
    hand_over "$@"
}

main "$@"
# sha256 @OFFKIT_SELF_SHA256@
