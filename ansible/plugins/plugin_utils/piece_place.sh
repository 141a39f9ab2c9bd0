# A private directory for pieces on their way, the same for the same file, so that what a killed run
# left is found and used by the next. POSIX sh.
# $1 its name, $2 where: Ansible's remote_tmp, or "system"
# shellcheck disable=SC2016,SC2088 # as Ansible is told it, not as a shell expands it
case $2 in
    system) base=${TMPDIR:-/var/tmp} ;;
    '~') base=$HOME ;;
    '~/'*) base=$HOME/${2#'~/'} ;;
    '$HOME/'*) base=$HOME/${2#'$HOME/'} ;;
    *) base=$2 ;;
esac
umask 077
mkdir -p "$base" 2>/dev/null
place=$base/$1
mkdir "$place" 2>/dev/null
# shellcheck disable=SC3067 # dash, bash and busybox have -O
if [ ! -d "$place" ] || [ -L "$place" ] || [ ! -O "$place" ]; then
    place=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX") || exit 74
fi
chmod 700 "$place" && printf '%s\n' "offkit-carry place $place"
