#!/bin/sh
{ # Nothing is done before the brace that closes this was read: cut off here, it is a syntax error.
# Installs a bundle on a server that has nothing but sh, tar and coreutils:
#     tar -xf bundle.tar install.sh && sh install.sh bundle.tar [options of offkit install]
# It finds a fitting Python, or gets one, takes offkit.pyz out of the bundle and hands over to it.
# Exit codes: 1 what was asked for cannot be had, 2 usage, 3 damaged bundle or medium, 4 no fitting
# Python, no room, no permission; else those of offkit.

# Options that the tools below take out of the environment (grep(1) of EL 7, tar(1), gzip(1), bzip2(1), xz(1)).
unset -v IFS GREP_OPTIONS TAR_OPTIONS GZIP BZIP BZIP2 XZ_OPT XZ_DEFAULTS POSIXLY_CORRECT

# The last line holds the checksum of all others. A shell reads command by command: whatever
# happened to the rest of this file, this comes first.
if [ -f "$0" ] && command -v sha256sum >/dev/null 2>&1; then
    sum=$(grep -v '^# sha256 ' <"$0" 2>/dev/null | sha256sum)
    if [ "# sha256 ${sum%% *}" != "$(tail -n 1 <"$0" 2>/dev/null)" ]; then
        printf '%s\n' "error: $0 itself is damaged" \
            "fix: extract it from the bundle again: tar -xf bundle.tar install.sh" >&2
        exit 3
    fi
fi
}

# Nothing that the environment holds is a variable of this script: all of them are written here when
# the parts are joined (online/carry/bootstrap.py). What is used before it is set then ends the script (main).
unset -v @OFFKIT_VARIABLES@

# What every part below goes by; lists are separated by newlines.
#   from the arguments: $bundle, $prefix (absolute), $python (--python or empty), $isos, $repo_dirs,
#     $get_python (build, source, packages or empty), and 1 or empty: $no_root (--no-root, or not
#     root), $dry_run, $quiet, $verbose, $json, $ld_so_conf
#   $found: the interpreter to hand over to; $scratch: a directory that goes when this ends
#   open_media sets $bases: "N BASE", BASE a directory with a repodata/ (root, mounted) or a URL, and
#     $keys: "N FILE", the key that medium N is checked with
#   say TEXT, fail CODE TEXT [FIX]..., step TEXT [root], member NAME >FILE
OFFKIT_PYTHON=@OFFKIT_PYTHON@
OFFKIT_RELEASE=@OFFKIT_RELEASE@ # of the bundle's target, as offkit calls it
OFFKIT_EL=@OFFKIT_EL@
OFFKIT_ARCH=@OFFKIT_ARCH@
OFFKIT_PYZ_SHA256=@OFFKIT_PYZ_SHA256@
# Where the bundle goes on behind its manifest, and the checksum of all that: no byte of the bundle
# is used before that is known to be right.
OFFKIT_REST_OFFSET=@OFFKIT_REST_OFFSET@
OFFKIT_REST_SHA256=@OFFKIT_REST_SHA256@
# This Python on the distribution's media: what yum installs, all RPMs that it is made of, and
# which ISO has it. Then the distributions' keys, as they are called in /etc/pki/rpm-gpg (KEY:ID, the
# latter that of os-release(5)).
OFFKIT_PACKAGES='@OFFKIT_PACKAGES@'
OFFKIT_PAYLOAD='@OFFKIT_PAYLOAD@'
OFFKIT_MEDIA='@OFFKIT_MEDIA@'
OFFKIT_KEYS='@OFFKIT_KEYS@'
OFFKIT_FOLDERS='@OFFKIT_FOLDERS@' # where repositories lie on discs and mirrors, below the top (edges/releases.py)
# The member that makes yum's repositories of such a disc; and the key at the disc's top, if it has one.
OFFKIT_REPO=@OFFKIT_REPO@
OFFKIT_REPO_KEY=@OFFKIT_REPO_KEY@
OFFKIT_RPMS=@OFFKIT_RPMS@ # 1 when those packages are in the bundle's own rpms/
# The Pythons in the bundle, empty where there is none: member, version, SHA-256, KiB once unpacked.
OFFKIT_BUILD='@OFFKIT_BUILD@'
OFFKIT_SOURCE='@OFFKIT_SOURCE@'
# What compiling wants besides gcc and make; the modules that come of it; and those without which a
# Python is of no use here (MODULE:PACKAGE,...), with the packages whose absence leaves them out.
OFFKIT_DEVEL='@OFFKIT_DEVEL@'
OFFKIT_MODULES='@OFFKIT_MODULES@'
OFFKIT_ESSENTIAL='@OFFKIT_ESSENTIAL@'

newline='
'

# What is said is kept as well for the document of --json, should this end in an error.
json=
told=
say() {
    [ -z "$json" ] || told=$told$*$newline
    printf '%s\n' "$*" >&2
}

# Sets $status to the exit code of a finding (model/errors.py).
exit_of() {
    case $1 in
        @OFFKIT_EXITS@
        [0-9]*) status=$1 ;;
        *) status=4 ;;
    esac
}

# fail CODE TEXT [FIX]...: CODE is one of docs/doctor-codes.md, which has an exit code, or an exit
# code where there is nothing to look up.
fail() {
    code=$1
    exit_of "$code"
    case $code in
        [0-9]*) say "error: $2" ;;
        *) say "error: $code $2" ;;
    esac
    shift 2
    for fix in "$@"; do
        say "fix: $fix"
    done
    exit "$status"
}

# answer STATUS: with --json, the one document on stdout where offkit itself came to no word. It is
# like offkit's own (cli/render.py).
starting=
answered=
# shellcheck disable=SC2317,SC2329 # called by traps
answer() {
    [ -n "$json" ] && [ "$1" -ne 0 ] && [ -z "$starting$answered" ] || return 0
    answered=1
    TOLD=$told STATUS=$1 LC_ALL=C awk '
        function text(s,    i, c, out) {
            for (i = 1; i <= length(s); i++) {
                c = substr(s, i, 1)
                if (c == "\"" || c == "\\") out = out "\\" c
                else if (c == "\n") out = out "\\n"
                else if (c == "\t") out = out "\\t"
                else if (c < " ") out = out "?"
                else out = out c
            }
            return "\"" out "\""
        }
        function finish() {
            if (message == "") return
            if (error == "") { error = message; cure = fix }
            if (code != "")
                findings = findings (findings == "" ? "" : ",") "{\"code\":" text(code) ",\"severity\":\"error\"," \
                    "\"subject\":\"\",\"message\":" text(message) ",\"looked_in\":[],\"fix\":" text(fix) "}"
        }
        BEGIN {
            n = split(ENVIRON["TOLD"], line, "\n")
            for (k = 1; k <= n; k++) {
                if (line[k] ~ /^error: /) {
                    finish()
                    message = substr(line[k], 8)
                    code = fix = ""
                    into = "message"
                    if (message ~ /^[A-Z]+[0-9][0-9][0-9] /) {
                        code = substr(message, 1, index(message, " ") - 1)
                        message = substr(message, length(code) + 2)
                    }
                } else if (line[k] ~ /^fix: /) {
                    into = "fix"
                    fix = fix (fix == "" ? "" : "\n") substr(line[k], 6)
                } else if (message != "" && line[k] != "") {
                    if (into == "fix") fix = fix "\n" line[k]
                    else message = message "\n" line[k]
                }
            }
            finish()
            if (error == "") error = ENVIRON["STATUS"] == 130 ? "interrupted" : "install.sh failed; its messages are on stderr"
            printf "{\"schema\":\"offkit/error-1\",\"error\":%s,\"exit_code\":%d,\"findings\":[%s],\"fix\":%s}\n",
                text(error), ENVIRON["STATUS"], findings, text(cure)
        }'
}

# step TEXT [root]: what is done now; in a dry run it is only noted, with what needs root.
noted=
arrow='->'
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in *[Uu][Tt][Ff]*8) arrow='→' ;; esac
step() {
    if [ -n "$dry_run" ]; then
        noted=$noted$1${2:+ ($2)}$newline
    elif [ -z "$quiet" ]; then
        say "$arrow $1"
    fi
}

