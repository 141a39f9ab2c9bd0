#!/bin/sh
# What 'make demo' and 'make test' need of this machine:
#     sh tests/machine.sh demo|test [PYTHON]
# prints the Python to go on with. What is missing is said all at once, with the packages that have it
# (exit 1). Nothing is installed or changed.
set -u

what=$1 named=${2:-}
release=${OS_RELEASE:-/etc/os-release} # another one is for tests
here=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd) || exit 1
case $what in
    demo) wanted_here=600 wanted_temporary=200 ;;
    *) wanted_here=1500 wanted_temporary=2000 ;;
esac
newline='
'
missing='' packages=
lack() { missing=$missing$newline"  $1"; }
lack_package() {
    packages=yes
    lack "$1"
}

# One line: its mark, for a shim or a sitecustomize may have something to say as well; version; what of venv
# and pip it cannot import ("-" for nothing); and its path: where a link leads out of another prefix, as its
# real name. venv would take the other's standard library.
question='
import os, sys
absent = []
for name in ("venv", "ensurepip", "ssl", "zlib"):
    try:
        __import__(name)
    except ImportError:
        absent.append(name)
base = os.path.realpath(getattr(sys, "base_prefix", sys.prefix))
path = sys.executable
if os.path.realpath(os.path.dirname(os.path.dirname(path))) != base:
    path = os.path.realpath(path)
print("\nmachine: %d.%d.%d" % sys.version_info[:3] + " " + (",".join(absent) or "-") + " " + path)
'

# ask COMMAND: sets $version, $absent and $path; fails with its last words in $answer when it does not start.
ask() {
    while read -r mark version absent path; do
        [ "$mark" != machine: ] || return 0
    done <<END
$("$1" -c "$question" 2>/dev/null)
END
    answer=$("$1" -c "$question" 2>&1)
    return 1
}

new_enough() {
    case $version in
        3.[0-9].*) return 1 ;;
        3.*) return 0 ;;
        *) return 1 ;;
    esac
}

# Sets $python to the first that will do; what is wrong with the first of all is told.
python=
told=
[ -z "$named" ] || set -- "$named"
[ -n "$named" ] || set -- python3 python3.14 python3.13 python3.12 python3.11 python3.10
for candidate in "$@"; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if ! ask "$candidate"; then
        why="$candidate does not start: ${answer##*"$newline"}"
    elif ! new_enough; then
        why="$candidate is $version"
    elif [ "$absent" != - ]; then
        why="$candidate ($version) lacks $absent"
    else
        python=$path
        break
    fi
    told=${told:-$why}
done
[ -n "$python" ] || lack_package "Python 3.10 or newer with venv and ensurepip (${told:-there is no ${named:-python3}})"

for tool in git make tar; do
    command -v "$tool" >/dev/null 2>&1 || lack_package "$tool"
done

# Scripts hold the path of what they start (ENV028), and commands of an environment are scripts.
case $here in
    *[\'\"\$\`\\]* | *"$newline"*) lack "another place: quotes, \$ and line breaks in its path are not for scripts ($here)" ;;
esac
temporary=${TMPDIR:-/tmp}
for directory in "$here" "$temporary"; do
    if [ ! -d "$directory" ]; then
        lack "a directory for temporary files: TMPDIR is $directory, which is none"
    elif [ ! -w "$directory" ]; then
        lack "permission to write in $directory"
    fi
done

# offkit bundle keeps what it downloads in the user's cache.
kept=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
while [ -n "$kept" ] && [ ! -e "$kept" ] && [ "$kept" != / ] && [ "$kept" != . ]; do
    kept=$(dirname -- "$kept")
done
[ -z "$kept" ] || [ -w "$kept" ] ||
    lack "permission to write in $kept, where downloads are kept: set HOME or XDG_CACHE_HOME to another directory"

# room DIRECTORY MEGABYTES
room() {
    free=$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { printf "%d", $4 / 1024 }')
    [ "${free:-$2}" -ge "$2" ] || lack "room: $2 MB in $1 (free: $free MB)"
}
room "$here" "$wanted_here"
room "$temporary" "$wanted_temporary"

[ -n "$missing" ] || {
    printf '%s\n' "$python"
    exit 0
}

# What the system calls them; nothing where it has no such Python.
install=
if [ "$(uname -s)" = Darwin ]; then
    install="xcode-select --install; brew install python"
elif [ -r "$release" ]; then
    ID='' ID_LIKE='' VERSION_ID=''
    # shellcheck disable=SC1090 # os-release(5): assignments for a shell
    . "$release"
    major=${VERSION_ID%%.*}
    case " $ID $ID_LIKE " in
        *" fedora "*" rhel "* | *" rhel "* | *" centos "*)
            case $major in
                [0-7]) ;;
                8 | 9) install="dnf install git make tar python3.11" ;;
                *) install="dnf install git make tar python3" ;;
            esac
            ;;
        *" fedora "*) install="dnf install git make tar python3" ;;
        *" ubuntu "*) [ "${major:-0}" -lt 22 ] || install="apt-get install git make python3 python3-venv" ;;
        *" debian "*) [ "${major:-99}" -lt 12 ] || install="apt-get install git make python3 python3-venv" ;;
    esac
fi
{
    printf 'make %s: this machine lacks%s\n' "$what" "$missing"
    if [ -n "$packages" ] && [ -n "$install" ]; then
        [ "$(id -u)" -eq 0 ] || [ "${install%% *}" = xcode-select ] || install="sudo $install"
        printf 'install it:  %s\n' "$install"
    elif [ -n "$packages" ]; then
        printf 'install it with the package manager of this system; a Python elsewhere:  make %s PYTHON=/path/to/python3.12\n' "$what"
    fi
    case $missing in *"$newline  room: "*) printf 'make room, or set TMPDIR (for what is temporary) and clone elsewhere\n' ;; esac
} >&2
exit 1
