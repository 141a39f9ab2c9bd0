# --- what this server is ------------------------------------------------------------------

# probe_server [--python PATH] [--root DIR]: this server as JSON on stdout (offkit/target-2, whose schema is
# model/schemas/target-2.json), for 'offkit bundle --target FILE'. It needs no Python, writes no file, and
# says no password, token or name of a host. 'offkit probe' runs the same. --root DIR: what lies below DIR.
probe_server() {
    root='' chosen=''
    while [ $# -gt 1 ]; do
        case $1 in
            --root) root=${2%/} ;;
            --python) chosen=$2 ;;
            *) break ;;
        esac
        shift 2
    done
    [ $# -eq 0 ] || {
        printf '%s\n' "usage: probe [--python PATH] [--root DIR]" >&2
        exit 2
    }
    # Every server has them; an image may not.
    missing=
    for tool in awk cat grep head id readlink sed sort tr; do
        command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
    done
    [ -z "$missing" ] || {
        printf '%s\n' "probe: not on PATH:$missing" >&2
        exit 4
    }
    probe_locale
    LC_ALL=C
    export LC_ALL
    printf '{\n'
    json_text arch "$(uname -m)"
    probe_cpu
    json_text crypto_policy "$(probe_first /etc/crypto-policies/state/current /etc/crypto-policies/config)"
    json_text fapolicyd "$(probe_fapolicyd)"
    json_literal fips "$(case $(probe_first /proc/sys/crypto/fips_enabled) in 0) echo false ;; 1) echo true ;; esac)"
    json_text glibc "$(probe_glibc)"
    json_text kernel "$(uname -r)"
    printf '  "keys": {\n'
    probe_key_files | json_list files '  '
    probe_key_ids | json_list ids '  '
    probe_rpm_keys | json_list rpm '  '
    probe_vendor | json_list vendor '  ' last
    printf '  },\n'
    probe_libraries | json_list libraries
    printf '%s' "$locale_told"
    probe_modules
    probe_mounts
    probe_os_release
    probe_packages
    probe_pythons
    probe_repositories
    json_literal root "$([ "$(id -u)" -ne 0 ] || echo true)" false
    json_text schema offkit/target-2
    json_text selinux "$(getenforce 2>/dev/null | tr '[:upper:]' '[:lower:]')"
    probe_space
    probe_locks | json_list versionlock
    probe_yum
    printf '}\n'
}

# JSON in awk, in ASCII: text(S) is a string with what is no UTF-8 as U+FFFD; bare(S) has no user, password or
# query in its URLs (model/url.py).
json_awk='
    function text(s,    i, n, c, o, k, p, v, more, out) {
        if (s ~ /^[ !#-\[\]-~]*$/) return "\"" s "\""
        n = length(s)
        for (i = 1; i <= n; i++) {
            c = substr(s, i, 1)
            o = ord[c]
            if (c == "\"" || c == "\\") out = out "\\" c
            else if (o > 31 && o < 127) out = out c
            else if (o < 128) out = out sprintf("\\u%04x", o)
            else {
                more = o > 193 && o < 224 ? 1 : o > 223 && o < 240 ? 2 : o > 239 && o < 245 ? 3 : 0
                v = o - (more == 1 ? 192 : more == 2 ? 224 : 240)
                for (k = 1; k <= more; k++) {
                    p = ord[substr(s, i + k, 1)] + 0
                    if (p < 128 || p > 191) break
                    v = v * 64 + p - 128
                }
                if (!more || k <= more || (more == 2 && v < 2048) || (more == 3 && v < 65536) || \
                    (v > 55295 && v < 57344) || v > 1114111) out = out "\\ufffd"
                else {
                    i += more
                    if (v < 65536) out = out sprintf("\\u%04x", v)
                    else out = out sprintf("\\u%04x\\u%04x", 55296 + int((v - 65536) / 1024), 56320 + v % 1024)
                }
            }
        }
        return "\"" out "\""
    }
    # busybox matches no byte beyond 127 with . or [^x]: what may be one is taken letter by letter.
    function before(s, ends,    k, n) {
        n = length(s)
        for (k = 1; k <= n && !index(ends, substr(s, k, 1)); k++) continue
        return substr(s, 1, k - 1)
    }
    function bare(s,    at, head, tail, host, port, last, k, out) {
        while ((at = index(s, "://")) > 0) {
            out = out substr(s, 1, at + 2)
            s = substr(s, at + 3)
            head = before(s, " \t,")
            tail = substr(s, length(head) + 1)
            host = before(head, "/?#")
            port = index(host, ":") ? substr(host, index(host, ":") + 1) : ""
            last = 0
            for (k = 1; k <= length(head); k++) if (substr(head, k, 1) == "@") last = k
            if (last && (index(host, "@") || port !~ /^[0-9]*$/)) head = substr(head, last + 1)
            if (index(head, "?")) head = before(head, "?") "?..."
            host = before(head, "/?#")
            sub(/:+$/, "", host)
            out = out host
            s = substr(head, length(host) + 1) tail # where another URL may be
        }
        return out s
    }
    function named(name) { return ENVIRON[name] == "" ? "null" : text(ENVIRON[name]) }
    function member(name, value) {
        body = body (body == "" ? "" : ", ") text(name) ": " value
    }
    function words(s,    n, k, part, out) {
        n = split(s, part, /[ \t,]+/)
        for (k = 1; k <= n; k++) if (part[k] != "") out = out (out == "" ? "" : ", ") text(bare(part[k]))
        return "[" out "]"
    }
    BEGIN { for (o = 1; o < 256; o++) ord[sprintf("%c", o)] = o }
'

# json_text NAME VALUE: null for nothing.
json_text() {
    VALUE=$2 awk "$json_awk"'BEGIN { print "  \"" ARGV[1] "\": " named("VALUE") "," }' "$1"
}

# json_literal NAME VALUE [DEFAULT]
json_literal() { printf '  "%s": %s,\n' "$1" "${2:-${3:-null}}"; }

# json_list NAME [INDENT] [last]: the lines of stdin, sorted; null where the first is the word "null".
json_list() {
    tr -d '\000' | sort -u | awk "$json_awk"'
        BEGIN { name = ARGV[1]; indent = ARGV[2] "  "; end = ARGV[3] == "last" ? "\n" : ",\n"; ARGC = 1 }
        NR == 1 && $0 == "null" { none = 1 }
        { if (!none) printf "%s%s    %s", n++ ? ",\n" : indent text(name) ": [\n", ARGV[2], text($0) }
        END {
            if (none) printf "%s%s: null%s", indent, text(name), end
            else if (n) printf "\n%s]%s", indent, end
            else printf "%s%s: []%s", indent, text(name), end
        }' "$1" "${2:-}" "${3:-}"
}

# Whether there is something to read: nobody may ever write to a FIFO.
probe_readable() { [ -f "$1" ] && [ -r "$1" ]; }

# The first line of the first of these files that can be read.
probe_first() {
    for each in "$@"; do
        probe_readable "$root$each" || continue
        head -n 1 <"$root$each" 2>/dev/null | tr -d '\000'
        return 0
    done
}

# /proc/cpuinfo (proc(5)): the flags that all processors have, the vendor and model of the first, the level of
# the x86-64 psABI.
probe_cpu() {
    awk -F: '
        { name = $1; sub(/[ \t]*$/, "", name); value = $0; sub(/^[^:]*:[ \t]*/, "", value) }
        name == "flags" || name == "Features" {
            processors++
            n = split(value, part, " ")
            for (k = 1; k <= n; k++) if (seen[part[k]]++ == processors - 1) count[part[k]]++
        }
        (name == "vendor_id" || name == "model name") && !(name in had) { had[name] = 1; print name "\t" value }
        END { for (flag in seen) if (seen[flag] == processors) print "flag\t" flag }
    ' "$root/proc/cpuinfo" 2>/dev/null | sort -u | awk -F '\t' -v arch="$(uname -m)" "$json_awk"'
        function all(wanted,    n, k, part) {
            n = split(wanted, part, " ")
            for (k = 1; k <= n; k++) if (!(part[k] in flag)) return 0
            return 1
        }
        BEGIN { level = model = vendor = "null" }
        $1 == "flag" { flag[$2] = 1; flags = flags (flags == "" ? "" : ", ") text($2) }
        $1 == "vendor_id" { vendor = text($2) }
        $1 == "model name" { model = text($2) }
        END {
            if (arch == "x86_64" && flags != "") {
                level = "\"x86-64\""
                if (all("cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3")) {
                    level = "\"x86-64-v2\""
                    if (all("abm avx avx2 bmi1 bmi2 f16c fma movbe xsave")) {
                        level = "\"x86-64-v3\""
                        if (all("avx512bw avx512cd avx512dq avx512f avx512vl")) level = "\"x86-64-v4\""
                    }
                }
            }
            print "  \"cpu\": {\n    \"flags\": [" flags "],\n    \"level\": " level ","
            print "    \"model\": " model ",\n    \"vendor\": " vendor "\n  },"
        }'
}

# fapolicyd(8) keeps programs from being run that no package brought.
probe_fapolicyd() {
    for each in "$root"/proc/[0-9]*/comm; do
        if IFS= read -r name <"$each" && [ "$name" = fapolicyd ]; then
            echo running
            return 0
        fi
    done 2>/dev/null
    if [ -e "$root/usr/sbin/fapolicyd" ]; then echo installed; else echo absent; fi
}

# By getconf(1), else as the library says of itself when it is started.
probe_glibc() {
    {
        getconf GNU_LIBC_VERSION 2>/dev/null ||
            for each in "$root"/lib64/libc.so.6 "$root"/lib/*/libc.so.6; do
                [ ! -x "$each" ] || "$each" 2>/dev/null | head -n 1 | grep '^GNU C Library'
            done
    } | sed -n 's/.*[^0-9.]\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1
}

probe_key_files() {
    for each in "$root"/etc/pki/rpm-gpg/*; do [ ! -f "$each" ] || printf '%s\n' "${each##*/}"; done
}

# "ID FILE" for each key and subkey in these files, "- FILE" for one whose ID is not told here (RFC 4880, 12.2:
# keys of version 4).
probe_key_ids() {
    for each in "$root"/etc/pki/rpm-gpg/*; do
        probe_readable "$each" || continue
        key_packets <"$each" | while IFS= read -r packet; do
            id=
            # shellcheck disable=SC2059 # octal numbers, and nothing else
            [ "$packet" = - ] || id=$(printf "$packet" | sha1sum 2>/dev/null | sed 's/^.\{24\}\(.\{16\}\).*/\1/')
            printf '%s %s\n' "${id:--}" "${each##*/}"
        done
    done
}

# What the fingerprints of the armored keys on stdin are about, in octal numbers for printf; - for another key.
key_packets() {
    tr -d '\000\r' | awk '
        BEGIN {
            alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            for (i = 1; i <= 64; i++) value[substr(alphabet, i, 1)] = i - 1
        }
        /^-----BEGIN PGP PUBLIC KEY BLOCK-----/ { inside = 1; body = n = held = bits = 0; next }
        /^-----END PGP PUBLIC KEY BLOCK-----/ && inside { inside = 0; packets(); next }
        !inside { next }
        !body { body = /^[ \t]*$/; next }
        /^=/ { next }
        {
            for (i = 1; i <= length($0); i++) {
                c = substr($0, i, 1)
                if (!(c in value)) continue
                held = held * 64 + value[c]
                bits += 6
                if (bits < 8) continue
                bits -= 8
                rest = bits == 4 ? 16 : bits == 2 ? 4 : 1 # busybox may have no powers
                b[n++] = int(held / rest)
                held %= rest
            }
        }
        function packets(    at, tag, kind, size, head, out, i) {
            for (at = 0; at < n; at += head + size) {
                tag = b[at] - 128
                if (tag < 0) break
                if (tag >= 64) {
                    tag -= 64
                    size = b[at + 1]
                    head = 2
                    if (size == 255) { head = 6; size = ((b[at + 2] * 256 + b[at + 3]) * 256 + b[at + 4]) * 256 + b[at + 5] }
                    else if (size > 223) break
                    else if (size > 191) { head = 3; size = (size - 192) * 256 + b[at + 2] + 192 }
                } else {
                    kind = tag % 4
                    tag = int(tag / 4)
                    if (kind == 3) break
                    head = kind == 2 ? 5 : kind + 2
                    size = b[at + 1]
                    for (i = 2; i < head; i++) size = size * 256 + b[at + i]
                }
                if (tag != 6 && tag != 14) continue
                if (b[at + head] != 4 || size > 65535) { print "-"; continue }
                out = sprintf("\\231\\%03o\\%03o", int(size / 256), size % 256)
                for (i = 0; i < size; i++) out = out sprintf("\\%03o", b[at + head + i])
                print out
            }
            if (at < n) print "-"
        }'
}

# Those of these files that came with packages of the vendor whose release this is; null where nobody can say.
probe_vendor() {
    command -v rpm >/dev/null 2>&1 || { echo null && return 0; }
    vendor_keys "$root" | sed 's,.*/,,'
}

# The files in /etc/pki/rpm-gpg that came with packages of the vendor of the release below $1, "" for this
# server's own (media/rpm_keys.py).
vendor_keys() {
    for each in "$1"/etc/pki/rpm-gpg/*; do set -- "$@" "${each#"$1"}"; done
    top=$1
    shift
    LC_ALL=C rpm ${top:+--root "$top"} -qf --qf '[%{=VENDOR}\t%{FILENAMES}\n]' /etc/os-release /usr/lib/os-release "$@" 2>/dev/null |
        LC_ALL=C awk -F '\t' '
            $2 == "/etc/os-release" || $2 == "/usr/lib/os-release" { own[$1] }
            $2 ~ /^\/etc\/pki\/rpm-gpg\/./ && $1 != "(none)" { vendor[$2] = $1 }
            END { for (each in vendor) if (vendor[each] in own) print each }' | LC_ALL=C sort
}

# Keys that rpm has: as packages, or since rpm 4.20 in a store of their own (rpmkeys(8)).
probe_rpm_keys() {
    command -v rpm >/dev/null 2>&1 || { echo null && return 0; }
    rpm ${root:+--root "$root"} -qa 'gpg-pubkey*' --qf '%{VERSION}-%{RELEASE} %{SUMMARY}\n' 2>/dev/null
    rpmkeys ${root:+--root "$root"} --list 2>/dev/null
}

# As 'ldconfig -p' says them: NAME (KIND) => PATH.
probe_libraries() {
    for each in ldconfig /sbin/ldconfig /usr/sbin/ldconfig; do
        command -v "$each" >/dev/null 2>&1 || continue
        "$each" ${root:+-r "$root"} -p 2>/dev/null | sed -n 's/^[[:blank:]]*\(.* => .*\)$/\1/p'
        return 0
    done
    echo null
}

# Sets $locale_told; in the locale that this was called in.
probe_locale() {
    locale_told=$(
        SAID=${LANG:-} ALL=${LC_ALL:-} awk "$json_awk"'BEGIN {
            print "  \"locale\": {\n    \"LANG\": " named("SAID") ",\n    \"LC_ALL\": " named("ALL") ","
        }'
        locale -a 2>/dev/null | grep -i 'utf-*8' | json_list utf8 '  ' last
        printf '  },\n.'
    )
    locale_told=${locale_told%.}
}

# Streams of modules that are enabled or installed: of dnf 4 in /etc/dnf/modules.d, of dnf 5 in a file of
# TOML, which becomes the same.
probe_modules() {
    {
        for each in "$root"/etc/dnf/modules.d/*.module; do ! probe_readable "$each" || { cat <"$each" && echo; }; done
        each=$root/usr/lib/sysimage/libdnf5/modules.toml
        ! probe_readable "$each" || probe_toml <"$each"
    } |
        tr -d '\000' | awk "$json_awk"'
            function finish() {
                if (id == "") return
                body = ""
                member("name", text(id))
                member("profiles", words(field["profiles"]))
                member("state", text(field["state"]))
                member("stream", text(field["stream"]))
                print "{" body "}"
                split("", field)
            }
            /^[ \t]*\[.*\]/ { finish(); id = $0; sub(/^[ \t]*\[/, "", id); sub(/\].*/, "", id) }
            /^[a-z]+[ \t]*=/ { key = $0; sub(/[ \t]*=.*/, "", key); value = $0; sub(/^[^=]*=[ \t]*/, "", value); field[key] = value }
            END { finish() }' | probe_objects modules
}

# As libdnf5 writes it (libdnf5/system/state.cpp): a table for each module, or a line of one.
probe_toml() {
    awk '
        function put(text,    key) {
            key = text
            sub(/[ \t]*=.*/, "", key)
            sub(/^[^=]*=[ \t]*/, "", text)
            gsub(/"|\[|\]/, "", text)
            if (key == "enabled_stream") print "stream=" text
            if (key == "installed_profiles") print "profiles=" text
            if (key == "state") print "state=" tolower(text)
        }
        { gsub(/^[ \t]+|[ \t\r]+$/, "") }
        /^\[/ { inside = /^\[modules\]$/; own = sub(/^\[modules\./, "["); if (own) { gsub(/"/, ""); print }; next }
        own { put($0) }
        inside && /=[ \t]*\{.*\}$/ {
            name = $0
            sub(/[ \t]*=.*/, "", name)
            gsub(/"/, "", name)
            print "[" name "]"
            sub(/^[^{]*\{[ \t]*/, "")
            sub(/[ \t]*\}$/, "")
            while (match($0, /^[a-z_]+[ \t]*=[ \t]*(\[[^]]*\]|"[^"]*")/)) {
                put(substr($0, 1, RLENGTH))
                $0 = substr($0, RLENGTH + 1)
                sub(/^[ \t]*,[ \t]*/, "")
            }
        }'
}

# probe_objects NAME: objects, a line each, as a list.
probe_objects() {
    sort -u | awk '
        { printf "%s    %s", n++ ? ",\n" : "  \"" ARGV[1] "\": [\n", $0 }
        BEGIN { name = ARGV[1]; ARGC = 1 }
        END { if (n) printf "\n  ],\n"; else printf "  \"%s\": [],\n", name }' "$1"
}

# What somebody can write to or run from; of options only those that forbid it, none that names anybody. A line
# that is none of fstab(5) is left out: what stands in its second place may be anything.
probe_mounts() {
    awk "$json_awk"'
        BEGIN {
            n = split("autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl hugetlbfs mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs", part, " ")
            for (k = 1; k <= n; k++) virtual[part[k]] = 1
        }
        NF != 6 || $2 !~ /^\// || $3 !~ /^[A-Za-z0-9._-]+$/ { next }
        $3 in virtual || $2 ~ /^\/(dev|proc|run|sys|var\/lib\/(docker|containers|kubelet))\// { next }
        {
            at = $2
            gsub(/\\040/, " ", at)
            gsub(/\\011/, "\t", at)
            gsub(/\\134/, "\\", at)
            body = flags = ""
            n = split($4, part, ",")
            for (k = 1; k <= n; k++)
                if (part[k] ~ /^(nodev|noexec|nosuid|ro)$/) flags = flags (flags == "" ? "" : ", ") text(part[k])
            member("at", text(at))
            member("flags", "[" flags "]")
            member("type", text($3))
            print "{" body "}"
        }' "$root/proc/self/mounts" 2>/dev/null | probe_objects mounts
}

# os-release(5), as edges/host.py reads it; of its fields those that say what it is.
probe_os_release() {
    for each in /etc/os-release /usr/lib/os-release /dev/null; do
        probe_readable "$root$each" || [ "$each" = /dev/null ] || continue
        [ "$each" = /dev/null ] || each=$root$each
        tr -d '\000' <"$each" | awk "$json_awk"'
            BEGIN {
                n = split("ID ID_LIKE NAME PLATFORM_ID PRETTY_NAME VARIANT_ID VERSION VERSION_ID", order, " ")
                for (k = 1; k <= n; k++) wanted[order[k]] = 1
            }
            {
                sub(/^[ \t\r]+/, "")
                sub(/[ \t\r]+$/, "")
                at = index($0, "=")
                if (!at || /^#/) next
                name = substr($0, 1, at - 1)
                value = substr($0, at + 1)
                first = substr(value, 1, 1)
                if (length(value) > 1 && (first == "\"" || first == "\047") && substr(value, length(value)) == first)
                    value = substr(value, 2, length(value) - 2)
                plain = ""
                for (k = 1; k <= length(value); k++) {
                    if (substr(value, k, 1) == "\\" && k < length(value)) k++
                    plain = plain substr(value, k, 1)
                }
                if (name in wanted) { found[name] = plain; had[name] = 1 }
            }
            END {
                printf "  \"os_release\": {"
                for (k = 1; k <= n; k++)
                    if (order[k] in had) printf "%s\n    %s: %s", some++ ? "," : "", text(order[k]), text(found[order[k]])
                print (some ? "\n  }," : "},")
            }'
        return 0
    done
}

# Every package as NAME-[EPOCH:]VERSION-RELEASE.ARCH, with what it provides beside its own name.
probe_packages() {
    if ! command -v rpm >/dev/null 2>&1; then
        json_literal packages ''
        return 0
    fi
    rpm ${root:+--root "$root"} -qa --qf \
        '-\t%{NAME}\t%{NAME}-%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}.%{ARCH}\n[+\t%{PROVIDENAME} %{PROVIDEFLAGS:depflags} %{PROVIDEVERSION}\n]' 2>/dev/null |
        tr -d '\000' | awk -F '\t' '
            $1 == "-" { name = $2; package = $3; if (name != "gpg-pubkey") print package "\t" }
            $1 == "+" && name != "gpg-pubkey" {
                sub(/[ \t]+$/, "", $2)
                gsub(/  +/, " ", $2)
                head = $2
                sub(/ .*/, "", head)
                if (head != name && index(head, name "(") != 1) print package "\t" $2
            }' | sort -u | awk -F '\t' "$json_awk"'
            $1 != package {
                printf "%s", (NR == 1 ? "  \"packages\": {\n" : "],\n") "    " text($1) ": ["
                package = $1
                n = 0
            }
            $2 != "" { printf "%s", (n++ ? ", " : "") text($2) }
            END { print (NR ? "]\n  }," : "  \"packages\": {},") }'
}

# What this asks each Python; nothing of it is newer than 3.4. The last words are the modules of
# repo-config/modules.csv and those that an installation needs (server/python/interpreter.py).
probe_question='
import sys
def say(*words):
    sys.stdout.write(" ".join(words).encode("ascii", "backslashreplace").decode("ascii") + "\n")
    sys.stdout.flush()
say("version", "%d.%d.%d" % sys.version_info[:3])
say("implementation", sys.implementation.name)
say("bits", "64" if sys.maxsize > 2**32 else "32")
try:
    import sysconfig
    say("soabi", sysconfig.get_config_var("SOABI") or "")
except Exception:
    pass
for name in sys.argv[1:]:
    try:
        __import__(name)
    except Exception:
        say("lacks", name)
try:
    import ssl
    say("openssl", ssl.OPENSSL_VERSION)
except Exception:
    pass
try:
    import sqlite3
    say("sqlite", sqlite3.sqlite_version)
except Exception:
    pass
'
probe_asked='_bz2 _crypt _csv _ctypes _curses _curses_panel _dbm _gdbm _hashlib _lzma _multiprocessing
    _posixsubprocess _random _socket _sqlite3 _ssl _struct _tkinter _uuid array binascii fcntl hashlib math nis pyexpat
    readline select unicodedata venv zlib'

# Those that are there, $chosen before all; no virtual environment, no shim of pyenv.
probe_pythons() {
    # shellcheck disable=SC2154 # whoever takes this part in has it
    seen=$newline
    {
        [ -z "$chosen" ] || probe_python "$chosen" true
        for place in $(printf '%s' "${PATH:-}" | tr ' :' '? '); do
            case $place in *[!A-Za-z0-9/._+-]* | */shims) ;; /*) probe_directory "$root$place" ;; esac
        done
        for place in "$root"/usr/bin "$root"/usr/local/bin "$root"/opt/*/bin "$root"/opt/rh/*/root/usr/bin \
            "$root"/opt/offkit/python/*/bin "$root${HOME:-/nonexistent}"/.pyenv/versions/*/bin; do
            probe_directory "$place"
        done
        probe_python "$root/usr/libexec/platform-python" false
    } | probe_objects pythons
}

probe_directory() {
    [ ! -e "$1/../pyvenv.cfg" ] || return 0
    for each in "$1"/python3.[0-9] "$1"/python3.[0-9][0-9] "$1"/python3; do
        probe_python "$each" false
    done
}

# probe_python PATH CHOSEN: a line of JSON, where it answers.
probe_python() {
    case $1 in
        */*) found=$1 ;;
        *) found=$(command -v -- "$1" 2>/dev/null) || return 0 ;;
    esac
    [ -f "$found" ] && [ -x "$found" ] || return 0
    real=$(readlink -f -- "$found" 2>/dev/null) || real=$found
    case $seen in *"$newline$real$newline"*) return 0 ;; esac
    seen=$seen$real$newline
    within=$(command -v timeout >/dev/null 2>&1 && printf 'timeout 20')
    # shellcheck disable=SC2086 # words of a command, names of modules
    $within "$found" -I -S -c "$probe_question" $probe_asked 2>/dev/null </dev/null | CHOSEN=$2 FOUND=${found#"$root"} awk "$json_awk"'
        function told(name) { return name in field && field[name] != "" ? text(field[name]) : "null" }
        { at = index($0, " "); key = substr($0, 1, at - 1); value = substr($0, at + 1) }
        key == "lacks" { lacks = lacks (lacks == "" ? "" : ", ") text(value); next }
        key ~ /^(version|implementation|bits|soabi|openssl|sqlite)$/ { field[key] = value }
        END {
            if (field["version"] !~ /^3\.[0-9]+\.[0-9]+$/) exit
            body = ""
            member("bits", field["bits"] == "64" ? 64 : 32)
            member("chosen", ENVIRON["CHOSEN"])
            member("implementation", told("implementation"))
            member("lacks", "[" lacks "]")
            member("openssl", told("openssl"))
            member("path", text(ENVIRON["FOUND"]))
            member("soabi", told("soabi"))
            member("sqlite", told("sqlite"))
            member("version", told("version"))
            print "{" body "}"
        }'
}

# A .repo file or yum.conf on stdin as lines "SECTION TAB KEY TAB VALUE"; a line that begins with a blank
# goes on with the value before it. What is no id to yum and dnf (dnf.repo.repo_id_invalid) is none
# here: it may be anything.
probe_settings() {
    tr -d '\000\r' | awk '
        function finish() { if (key != "") print id "\t" key "\t" value; key = "" }
        /^[ \t]*[#;]/ { next }
        /^\[/ {
            finish()
            id = ""
            if (match($0, /^\[[A-Za-z0-9_.:-]+\]/)) id = substr($0, 2, RLENGTH - 2)
            print id "\t\t"
            next
        }
        /^[ \t]/ { if (key != "") { gsub(/^[ \t]+|[ \t]+$/, ""); gsub(/\t/, " "); value = value " " $0 } ; next }
        {
            finish()
            if (!match($0, /[=:]/)) next
            key = substr($0, 1, RSTART - 1)
            value = substr($0, RSTART + 1)
            gsub(/[ \t]/, "", key)
            gsub(/^[ \t]+|[ \t]+$/, "", value)
            gsub(/\t/, " ", value)
        }
        END { finish() }'
}

# One section of probe_settings as an object; only what is listed here is said. FILE is its name.
# shellcheck disable=SC2016 # awk
probe_section='
    function lists(name) { return name ~ /^(baseurl|exclude|gpgkey|includepkgs|protected_packages)$/ }
    function known(name) {
        return lists(name) || name ~ /^(best|cost|enabled|gpgcheck|metalink|mirrorlist|module_hotfixes|module_platform_id|name|plugins|priority|skip_if_unavailable)$/
    }
    function finish(    k) {
        if (id != "" && (id == "main") == (ENVIRON["MAIN"] != "") && \
            (id == "main" || !("enabled" in field) || tolower(field["enabled"]) !~ /^(0|no|false|off)$/)) {
            body = ""
            for (k = 1; k <= total; k++) {
                if (order[k] == "file") member("file", text(ENVIRON["FILE"]))
                else if (order[k] == "id") { if (id != "main") member("id", text(id)) }
                else if (order[k] in field)
                    member(order[k], lists(order[k]) ? words(field[order[k]]) : text(bare(field[order[k]])))
            }
            print "{" body "}"
        }
        split("", field)
    }
    BEGIN {
        FS = "\t"
        total = split("baseurl best cost enabled exclude file gpgcheck gpgkey id includepkgs metalink mirrorlist module_hotfixes module_platform_id name plugins priority protected_packages skip_if_unavailable", order, " ")
    }
    $2 == "" { finish(); id = $1 }
    $2 == "excludepkgs" { $2 = "exclude" }
    known($2) { field[$2] = $2 in field && lists($2) ? field[$2] " " $3 : $3 }
    END { finish() }
'

# The repositories that are enabled, with what they leave out.
probe_repositories() {
    for each in "$root"/etc/yum.repos.d/*.repo; do
        probe_readable "$each" || continue
        probe_settings <"$each" | MAIN='' FILE=${each##*/} awk "$json_awk$probe_section"
    done | probe_objects repositories
}

# yum's own settings: of dnf.conf where there is dnf, else of yum.conf.
probe_yum() {
    said=
    for each in /etc/dnf/dnf.conf /etc/yum.conf; do
        probe_readable "$root$each" || continue
        said=$(probe_settings <"$root$each" | MAIN=1 FILE=${each##*/} awk "$json_awk$probe_section")
        break
    done
    printf '  "yum": %s\n' "${said:-null}"
}

# Versions that yum's plug-in keeps, where it is enabled.
probe_locks() {
    for each in "$root"/etc/yum/pluginconf.d/versionlock "$root"/etc/dnf/plugins/versionlock; do
        if ! probe_readable "$each.conf" || ! probe_readable "$each.list"; then continue; fi
        probe_settings <"$each.conf" | awk -F '\t' '
            $1 == "main" && $2 == "enabled" { enabled = $3 }
            END { exit tolower(enabled) !~ /^(1|true|yes|on|enabled)$/ }' || continue
        sed -n '/^[[:blank:]]*[^#[:blank:]]/p' <"$each.list"
    done
}

# What is free where something may be installed; "~" is this user's.
probe_space() {
    for each in / /opt /tmp /var "${HOME:-}"; do
        [ -n "$each" ] && [ -d "$root$each" ] || continue
        kib=$(df -Pk -- "$root$each" 2>/dev/null | awk 'NR == 2 && $4 ~ /^[0-9]+$/ { print $4 }')
        [ -n "$kib" ] || continue
        case $each in "${HOME:-}") each='~' ;; esac
        printf '{"at": "%s", "free_kib": %s}\n' "$each" "$kib"
    done | probe_objects space
}
