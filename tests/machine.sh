#!/bin/sh
# What 'make demo' and 'make test' need of this machine:
#     sh tests/machine.sh GOAL [PYTHON]
# prints the Python to go on with; GOAL is what make was asked for. What is missing is said all at once, with
# the packages that have it (exit 1). Nothing is installed or changed.
set -u

goal=$1 named=${2:-}
case $goal in
    demo) wanted_here=600 wanted_temporary=200 ;;
    *) wanted_here=1500 wanted_temporary=2000 ;;
esac

# What is called, and the package where that has another name: by make, by this script, by install.sh.
tools='git make tar sed grep awk:gawk df:coreutils id:coreutils'

# What installs git, make, tar and such a Python, by what os-release(5) says in ID and ID_LIKE; "-" where the
# system has no such Python. The first row counts that has the word, and the release by its number or by its
# name: Ubuntu's or Debian's for what is made from them, which numbers its own releases otherwise.
systems() {
    while read -r words releases line; do
        case ",$words," in *",$1,"*) ;; *) continue ;; esac
        case ",$releases," in
            *",${major:-?},"* | *",${codename:-?},"* | ",*,")
                install=${line#-}
                return 0
                ;;
        esac
    done <<'END'
debian,ubuntu        jessie,stretch,buster,bullseye,trusty,xenial,bionic,focal  -
debian,ubuntu        *          apt-get install git make python3 python3-venv
amzn                 2023       dnf install git make tar python3.11
amzn                 *          -
ol                   8,9        dnf install git make tar python3.11
ol                   5,6,7      -
rhel,centos          8,9        dnf install git make tar python3.11
rhel,centos          5,6,7      -
rhel,centos,fedora   *          dnf install git make tar python3
opensuse-tumbleweed  *          zypper install git make tar python3
opensuse-leap        15         zypper install git make tar python311
opensuse-leap        16         zypper install git make tar python313
arch                 *          pacman -S --needed git make tar python
darwin               *          xcode-select --install; brew install python
END
    return 1
}

newline='
'
missing='' packages='' cure=''
lack() { missing=$missing$newline"  $1"; }

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

# ask COMMAND: sets $version, $absent and $path; fails with what it says in $answer when it does not start.
ask() {
    while read -r mark version absent path; do
        [ "$mark" != machine: ] || return 0
    done <<END
$("$1" -c "$question" 2>/dev/null)
END
    answer=$("$1" -c "$question" 2>&1)
    case $answer in
        pyenv:*) answer=${answer%%"$newline"*} ;; # what follows is advice
        *) answer=${answer##*"$newline"} ;;
    esac
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
python='' told=''
if [ -n "$named" ]; then
    set -- "$named"
else
    set -- python3 python3.14 python3.13 python3.12 python3.11 python3.10
fi
for candidate in "$@"; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if ! ask "$candidate"; then
        why="$candidate does not start: $answer"
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
[ -n "$python" ] || lack "Python 3.10 or newer with venv and ensurepip (${told:-there is no ${named:-python3}})"

for tool in $tools; do
    command -v "${tool%:*}" >/dev/null 2>&1 && continue
    case $tool in
        *:*) lack "${tool%:*} (${tool#*:})" ;;
        *) lack "$tool" ;;
    esac
    packages="$packages ${tool#*:}"
done

# Whether a program can be run there. Where none can be put, other words are for it.
runs() {
    program=$(mktemp "$1/.machine-XXXXXX") || return 0
    printf '#!/bin/sh\n' >"$program" && chmod 700 "$program" && "$program"
    set -- $?
    rm -f -- "$program"
    [ "$1" -ne 126 ]
} 2>/dev/null

# room DIRECTORY MEGABYTES. Three numbers and "N%" stand between the name of a file system and its directory,
# and both may have blanks.
room() {
    number='[0-9]\{1,\} \{1,\}'
    free=$({ df -Pk "$1" | LC_ALL=C sed -n "2s|.* $number$number\\([0-9]\\{1,\\}\\) \\{1,\\}[0-9]*[%-] \\{1,\\}/.*|\\1|p"; } 2>/dev/null)
    free=$((${free:-$2 * 1024} / 1024))
    [ "$free" -lt "$2" ] || return 0
    lack "room: $2 MB in $1 (free: $free MB)"
    cure='make room, or set TMPDIR (for what is temporary) and clone elsewhere'
}

# usable DIRECTORY MEGABYTES
usable() {
    if [ -w "$1" ]; then
        room "$1" "$2"
    else
        lack "permission to write in $1"
    fi
}

# Scripts hold the path of what they start (ENV028), and commands of an environment are scripts.
here=$(CDPATH='' cd -P -- "${0%/*}/.." && pwd) || exit 1
case $here in
    *[\'\"\$\`\\]* | *"$newline"*) lack "another place: quotes, \$ and line breaks in its path are not for scripts ($here)" ;;
esac
usable "$here" "$wanted_here"
runs "$here" || lack "permission to run programs in $here (is it mounted noexec?): clone elsewhere"

temporary=${TMPDIR:-/tmp}
if [ "${temporary#/}" = "$temporary" ]; then
    lack "a directory for temporary files: TMPDIR is $temporary, which is another one in each directory; name it from / on"
elif [ ! -d "$temporary" ]; then
    lack "a directory for temporary files: TMPDIR is $temporary, which is none"
else
    usable "$temporary" "$wanted_temporary"
    # Tests put programs there, the demo does not.
    [ "$goal" = demo ] || runs "$temporary" ||
        lack "permission to run programs in $temporary (is it mounted noexec?): set TMPDIR to another directory"
fi

# offkit bundle keeps what it downloads in the user's cache.
kept=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
while [ -n "$kept" ] && [ ! -e "$kept" ] && [ "$kept" != / ] && [ "$kept" != . ]; do
    kept=$(dirname -- "$kept" 2>/dev/null)
done
[ -z "$kept" ] || [ -w "$kept" ] ||
    lack "permission to write in $kept, where downloads are kept: set HOME or XDG_CACHE_HOME to another directory"

[ -n "$missing" ] || {
    printf '%s\n' "$python"
    exit 0
}

# What this system calls what is missing.
ID='' ID_LIKE='' VERSION_ID='' VERSION_CODENAME='' UBUNTU_CODENAME='' DEBIAN_CODENAME=''
for release in "${OS_RELEASE:-/etc/os-release}" /usr/lib/os-release; do # another one is for tests
    [ -r "$release" ] || continue
    # shellcheck disable=SC1090 # os-release(5): assignments for a shell
    . "$release"
    break
done
[ "$(uname -s 2>/dev/null)" != Darwin ] || ID=darwin
major=${VERSION_ID%%.*}
codename=${UBUNTU_CODENAME:-${DEBIAN_CODENAME:-$VERSION_CODENAME}}
install=''
for word in $ID $ID_LIKE; do
    ! systems "$word" || break
done
if [ -n "$install" ]; then
    for package in $packages; do
        case " $install " in *" $package "*) ;; *) install="$install $package" ;; esac
    done
fi
{
    printf 'make %s: this machine lacks%s\n' "$goal" "$missing"
    if [ -z "$packages" ] && [ -n "$python" ]; then
        :
    elif [ -z "$install" ]; then
        printf 'install it with the package manager of this system'
        [ -n "$python" ] || printf '; a Python elsewhere:  make %s PYTHON=/path/to/python3.12' "$goal"
        printf '\n'
    elif [ "$ID" = darwin ] || [ "$(id -u 2>/dev/null)" = 0 ]; then
        printf 'install it:  %s\n' "$install"
    elif command -v sudo >/dev/null 2>&1; then
        printf 'install it:  sudo %s\n' "$install"
    else
        printf 'install it, as root:  %s\n' "$install"
    fi
    [ -z "$cure" ] || printf '%s\n' "$cure"
} >&2
exit 1
