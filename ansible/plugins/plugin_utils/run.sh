# One of offkit's commands, its document on stdout behind the line that says "begins". POSIX sh;
# after survey.sh.
# $2 the command, $3 the bundle ("" where there is none to install), $4 how the line begins;
# then the command's arguments
# shellcheck disable=SC2154 # survey.sh sets prefix
command=$2 bundle=$3 begins=$4
shift 4
marked() { printf '%s\n' "$begins $*"; }
scratch=${TMPDIR:-/tmp}
# what runs that were killed have left: their process is gone
for old in "$scratch/offkit-run.$(id -u)".*; do
    # shellcheck disable=SC3067 # dash, bash and busybox have -O
    [ -d "$old" ] && [ ! -L "$old" ] && [ -O "$old" ] || continue
    kill -0 "${old##*.}" 2>/dev/null || rm -rf -- "$old"
done
own=$scratch/offkit-run.$(id -u).$$
(umask 077 && mkdir -- "$own") || {
    marked own "$scratch"
    exit 74
}
trap 'rm -rf -- "$own"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
offkit=
if [ "$command" = install ]; then
    if [ ! -f "$bundle" ]; then
        marked absent "$bundle"
        exit 75
    fi
    if ! LC_ALL=C tar -xOf - install.sh <"$bundle" >"$own/install.sh" 2>"$own/said" || [ ! -s "$own/install.sh" ]; then
        cat "$own/said" >&2
        marked unreadable "$bundle"
        exit 76
    fi
else
    if [ -x "$prefix/current/bin/offkit" ]; then
        offkit=$prefix/current/bin/offkit
    fi
    case $command in
        rollback | generations)
            # to go back with, when the current one does not start: the newest that does
            if [ -z "$offkit" ] || ! "$offkit" --version >/dev/null 2>&1; then
                for each in "$prefix"/generations/*/bin/offkit; do
                    if [ -x "$each" ] && "$each" --version >/dev/null 2>&1; then offkit=$each; fi
                done
            fi
            ;;
    esac
    if [ -z "$offkit" ]; then
        marked missing "$prefix"
        exit 77
    fi
fi
marked begins
case $command in
    install) sh "$own/install.sh" "$bundle" --prefix "$prefix" --json "$@" ;;
    run-badapple) "$offkit" run-badapple --json -o "$own/badapple.txt" "$@" ;;
    doctor | smoke | rollback | generations) "$offkit" "$command" --prefix "$prefix" --json "$@" ;;
esac
