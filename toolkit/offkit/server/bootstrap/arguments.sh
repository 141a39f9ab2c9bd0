# --- what was asked for -------------------------------------------------------------------

usage() {
    cat <<END
usage: sh install.sh [BUNDLE] [--prefix DIR] [--python PATH] [--iso FILE]... [--rpm-repo DIR|URL]...
                  [--no-root] [--get-python build|source|packages] [--ld-so-conf] [--keep N]
                  [--allow-missing] [--smoke] [--dry-run] [--json] [-q] [-v]

Install an offkit bundle with Python $OFFKIT_PYTHON; if the server has none, it comes from the bundle or
from the distribution's media: ISO files (--iso), or directories with a repodata/, local or under
http://HOST:PORT/PATH (--rpm-repo).
Without BUNDLE, the only *.tar (or *.parts, its index) beside install.sh is used. All options are those of 'offkit install'.

       sh install.sh --probe >server.json
Describe this server for 'offkit bundle --target server.json', as 'offkit probe' does; it needs no Python.
END
}

# An option with nothing in it is a variable that was not set, and no wish for the default.
must_say() {
    [ -n "$2" ] || fail 2 "$1 is given, but empty" \
        "check whether a shell variable is unset; omit the option to use the default"
}

# Takes one option that has a value.
set_option() {
    must_say "$1" "$2"
    case $1 in
        --prefix) prefix=$2 ;;
        --keep) keep=$2 ;;
        --python) python=$2 ;;
        --iso) isos=$isos$2$newline ;;
        --rpm-repo)
            if is_url "$2"; then set -- "$1" "$(printf '%s\n' "$2" | sed 's,/*$,,')"; fi
            repo_dirs=$repo_dirs$2$newline
            ;;
        --get-python) get_python=$2 ;;
    esac
}

# Sets what start.sh lists; $bundle stays empty when none is named, $unknown is for 'offkit install'
# to refuse, unless there is none to do it.
read_arguments() {
    bundle='' parts='' prefix='' keep='' python='' isos='' repo_dirs='' get_python=''
    no_root='' dry_run='' quiet='' verbose='' ld_so_conf='' unknown=''
    previous=
    options=1
    for argument in "$@"; do
        if [ -n "$previous" ]; then # the value of an option is no option itself, whatever it is called
            set_option "$previous" "$argument"
            previous=
            continue
        fi
        case $options$argument in
            1--prefix | 1--keep | 1--python | 1--iso | 1--rpm-repo | 1--get-python) previous=$argument ;;
            1--prefix=* | 1--keep=* | 1--python=* | 1--iso=* | 1--rpm-repo=* | 1--get-python=*)
                set_option "${argument%%=*}" "${argument#*=}"
                ;;
            1-h | 1--help) usage && exit 0 ;;
            1--no-root) no_root=1 ;;
            1--allow-missing | 1--smoke) ;; # a matter of 'offkit install'
            1--dry-run) dry_run=1 ;;
            1--ld-so-conf) ld_so_conf=1 ;;
            1--json) json=1 ;;
            1-q | 1--quiet) quiet=1 ;;
            1-v | 1--verbose) verbose=1 ;;
            1-qv | 1-vq) quiet=1 verbose=1 ;;
            1--) options= ;;
            1-?*) unknown=${unknown:-$argument} ;;
            *)
                must_say BUNDLE "$argument"
                [ -z "$bundle" ] || unknown=${unknown:-$argument}
                bundle=${bundle:-$argument}
                ;;
        esac
    done
    [ -z "$previous" ] || unknown=${unknown:-$previous}
    [ "$(id -u)" -eq 0 ] || no_root=1
    check_media
    case ${keep:-all} in
        all) ;;
        *[!0-9]*) misused_keep ;;
        *[1-9]*) ;;
        *) misused_keep ;;
    esac
    case $get_python in
        '' | build | source | packages) ;;
        *) fail 2 "--get-python takes one of build, source, packages, not '$get_python'" ;;
    esac
    [ -n "$prefix" ] || default_prefix
    case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
}

misused_keep() { fail 2 "--keep takes a number from 1, or 'all', not '$keep'"; }

default_prefix() {
    prefix=${HOME:-}/@OFFKIT_USER_PREFIX@
    [ "$(id -u)" -ne 0 ] || prefix=@OFFKIT_ROOT_PREFIX@
}

# Ends with 2 when a medium is not what its option takes, 4 when it may not be read. All at once, and as
# 'offkit install' says it (cli/options.py).
check_media() {
    wrong=
    cure=
    while IFS= read -r medium; do
        [ -n "$medium" ] || continue
        if is_url "$medium"; then
            misused "--iso takes a file, not a URL" "--rpm-repo takes the URL of a repository"
        elif is_packed "$medium"; then
            misused "--iso: $medium is packed" "unpack it first (gunzip, unxz, bunzip2, unzstd)"
        elif [ ! -e "$medium" ]; then
            misused "--iso: $medium does not exist" "give the file"
        elif [ -d "$medium" ]; then
            misused "--iso: $medium is a directory" "--rpm-repo takes the directory of a repository"
        elif [ ! -f "$medium" ]; then
            misused "--iso: $medium is not a regular file" "mount a disc that is in a drive: --rpm-repo takes the directory"
        fi
    done <<END
$isos
END
    while IFS= read -r medium; do
        [ -n "$medium" ] || continue
        if is_metadata "$medium"; then
            misused "--rpm-repo: $(without_secrets "$medium") is the metadata of a repository" "give the directory or the URL that repodata/ is in"
        elif [ "${medium#file:}" != "$medium" ]; then
            misused "--rpm-repo: $medium is a URL of this machine's own files" "give the directory: --rpm-repo DIR"
        elif is_url "$medium"; then
            good_url "$medium" || misused "--rpm-repo: $(without_secrets "$medium") is not @OFFKIT_URL_FORM@"
        elif [ ! -e "$medium" ]; then
            misused "--rpm-repo: $(without_secrets "$medium") does not exist" "give the directory"
        elif [ ! -d "$medium" ]; then
            case $medium in
                *.rpm) misused "--rpm-repo: $medium is a package" "give the directory that it is in" ;;
                *.repo) misused "--rpm-repo: $medium describes repositories" "give the directory or the URL that it names as baseurl=" ;;
                *) misused "--rpm-repo: $medium is not a directory" "--iso takes an ISO file" ;;
            esac
        fi
    done <<END
$repo_dirs
END
    [ -z "$wrong" ] || fail 2 "${wrong%"$newline"}" ${cure:+"${cure%"$newline"}"}
    while IFS= read -r medium; do
        [ -z "$medium" ] || is_url "$medium" || [ -r "$medium" ] || fail 4 "no permission to read $medium"
    done <<END
$isos$repo_dirs
END
}

is_packed() { case $1 in @OFFKIT_PACKED@) ;; *) return 1 ;; esac; }

is_metadata() { printf '%s\n' "$1" | grep -Eq '(^|/)repodata(/+repomd\.xml)?/*$'; }

# Adds to $wrong and, once each, to $cure.
misused() {
    wrong=$wrong$1$newline
    case $newline$cure in
        *"$newline${2:-}$newline"*) ;;
        *) cure=$cure${2:+$2$newline} ;;
    esac
}

# Sets $bundle to the only *.tar beside install.sh.
find_bundle() {
    here=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd -P) || exit 4
    count=0
    for candidate in "$here"/*.tar "$here"/*.parts; do
        [ -f "$candidate" ] || continue
        bundle=$candidate
        count=$((count + 1))
    done
    if [ "$count" -ne 1 ]; then
        usage >&2
        fail 2 "$count bundles (*.tar, *.parts) beside install.sh: give the one that is meant"
    fi
}

# As server/bundle/file.py.
check_bundle() {
    case $bundle in
        *.[0-9][0-9][0-9]*) [ ! -f "${bundle%.*}.parts" ] || bundle=${bundle%.*}.parts ;;
    esac
    if [ -d "$bundle" ]; then
        set -- "$bundle"/*.parts
        [ "$#" -ne 1 ] || [ ! -f "$1" ] || bundle=$1
    fi
    name_one="give the bundle.tar that 'offkit bundle' wrote"
    [ -e "$bundle" ] || fail 2 "$bundle does not exist" "$name_one"
    [ ! -d "$bundle" ] || fail 2 "$bundle is a directory" "$name_one"
    [ -f "$bundle" ] || fail 2 "$bundle is not a regular file" "$name_one"
    [ -r "$bundle" ] || fail 4 "$bundle cannot be read: Permission denied" "check its permissions, or read it as another user"
    find_parts
}

