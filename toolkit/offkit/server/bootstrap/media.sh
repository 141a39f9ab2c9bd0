# --- media: ISO files, directories and URLs -----------------------------------------------

# A medium gets a number and stands as $scratch/media/N: a mounted image, or a link to a directory
# or to an image that is read here, or a directory with what was fetched from a URL. A source is one
# repository on it: "KIND N BASE", KIND being iso, dir or url, BASE a path from the medium's top.
media_count=0
sources=
bases=
keys=
private=

# Goes on in a mount namespace of its own, so that nothing stays mounted whatever happens to this
# process; where there can be none, images are read without mounting them.
enter_namespace() {
    here=$(readlink /proc/self/ns/mnt 2>/dev/null) || here=
    if [ -n "$outside" ] && [ -n "$here" ] && [ "$outside" != "$here" ]; then
        # util-linux of EL 7 leaves a new namespace shared with the old one (unshare(1), 2.23).
        mount --make-rprivate / 2>/dev/null
        # proc(5), mountinfo: optional fields from the seventh to a single hyphen
        if awk '{ for (i = 7; $i != "-" && i < NF; i++) if ($i ~ /^shared:/) exit 1 }' /proc/self/mountinfo; then
            private=1
        fi
        return 0
    fi
    [ -z "$outside" ] && [ -n "$here" ] && [ -z "$no_root$dry_run" ] && [ -n "$isos" ] && [ -f "$0" ] || return 0
    unshare -m sh -c : 2>/dev/null || return 0
    exec unshare -m sh "$0" "--outside=$here" "$@"
}

# Sets $bases, $keys and $sources from --iso and --rpm-repo. Ends with every medium that cannot be
# used at once.
open_media() {
    [ "$media_count" -eq 0 ] || return 0
    mkdir -p "$scratch/media" "$scratch/keys"
    problems=
    while IFS= read -r medium; do
        [ -n "$medium" ] && iso_check "$medium"
    done <<END
$isos
END
    [ -z "$problems" ] || end_media
    [ -z "$isos" ] || [ -z "$private" ] || mount_images
    while IFS= read -r medium; do
        [ -n "$medium" ] || continue
        media_count=$((media_count + 1))
        kind=dir
        if [ -z "$private" ]; then
            kind=iso
            ln -s "$(absolute "$medium")" "$scratch/media/$media_count"
        fi
        add_sources "$kind" "$media_count" "$medium"
        check_disc "$kind $media_count ." "$medium" "$medium"
    done <<END
$isos
END
    while IFS= read -r medium; do
        [ -n "$medium" ] || continue
        media_count=$((media_count + 1))
        if ! is_url "$medium"; then
            ln -s "$(absolute "$medium")" "$scratch/media/$media_count"
            add_sources dir "$media_count" "$medium"
            check_disc "dir $media_count ." "$medium"
        elif command -v curl >/dev/null 2>&1; then
            open_url "$media_count" "$medium"
        else
            problem "REPO018 curl is not in PATH; it is needed to fetch from $medium" \
                "put curl into PATH (every minimal EL has it), or mount the share and use --rpm-repo DIR"
        fi
    done <<END
$repo_dirs
END
    [ -z "$problems" ] || end_media
    find_keys
}

absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$(pwd)" "$1" ;; esac; }

# Mounts every image, or none: then $private is empty and they are read here.
mount_images() {
    number=0
    while IFS= read -r medium; do
        [ -n "$medium" ] || continue
        number=$((number + 1))
        mkdir "$scratch/media/$number"
        said=$(LC_ALL=C mount -t iso9660 -o loop,ro "$(absolute "$medium")" "$scratch/media/$number" 2>&1) && continue
        say "warning: REPO012 $medium cannot be mounted ($(printf '%s\n' "$said" | head -n 1)):"
        say "  it is read without mounting, so yum cannot use it"
        while [ "$number" -gt 0 ]; do
            umount "$scratch/media/$number" 2>/dev/null
            rmdir "$scratch/media/$number"
            number=$((number - 1))
        done
        private=
        return 0
    done <<END
$isos
END
}

close_media() {
    [ -n "$private" ] || return 0
    number=0
    while [ "$number" -lt "$media_count" ]; do
        number=$((number + 1))
        [ -L "$scratch/media/$number" ] || umount "$scratch/media/$number" 2>/dev/null
    done
}

# Adds the repositories of medium $2, which people call $3, to $sources; to $problems when it has none.
add_sources() {
    had=$sources
    printf '%s\n' "$3" >"$scratch/media/$2.name"
    ! source_has "$1 $2 ." repodata/repomd.xml || add_source "$1" "$2" .
    if [ "$1" != url ]; then # which nobody can list
        source_names "$1 $2 ." >"$scratch/media/$2.list"
        while read -r each name; do
            [ "$each" = d ] && source_has "$1 $2 $name" repodata/repomd.xml && add_source "$1" "$2" "$name"
        done <"$scratch/media/$2.list"
    fi
    if [ "$sources" = "$had" ]; then
        for name in $(printf '%s' "$OFFKIT_FOLDERS" | sed "s/{arch}/$(uname -m)/g"); do
            ! source_has "$1 $2 $name" repodata/repomd.xml || add_source "$1" "$2" "$name"
        done
    fi
    [ "$sources" = "$had" ] || return 0
    ! web_gone "$2" || return 0
    if [ "$1" = dir ] && describe_rpms "$2" "$3"; then
        add_source "$1" "$2" .
        return 0
    fi
    problem "REPO010 no yum repository on $3: neither repodata/repomd.xml nor DIR/repodata/repomd.xml" \
        "use ${OFFKIT_MEDIA:-an ISO that has packages; boot and NetInstall ISOs have none}"
}

# Describes the RPMs of medium $1, which has no repodata, in a directory that takes its place; fails where
# there are none (media/loose.py).
describe_rpms() {
    command -v rpm >/dev/null 2>&1 || return 1
    top=$(readlink "$scratch/media/$1")
    described=
    for each in "$top"/*.rpm "$top"/*/*.rpm "$top"/*/*/*.rpm "$top"/*/*/*/*.rpm; do
        [ -f "$each" ] || continue
        case $each in *.src.rpm) continue ;; esac
        if [ "$(head -c 4 "$each" | od -An -tx1 | tr -d ' \n')" != edabeedb ]; then # the magic of a lead
            say "warning: REPO011 $2: ${each#"$top/"} is not an RPM file, and is left out"
            continue
        fi
        if [ -z "$described" ]; then
            described=$scratch/described.$1
            mkdir -p "$described/repodata" "$scratch/rpmdb"
            printf '<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="%s" xmlns:rpm="%s">\n' \
                http://linux.duke.edu/metadata/common http://linux.duke.edu/metadata/rpm >"$described/repodata/primary.xml"
            printf '<?xml version="1.0" encoding="UTF-8"?>\n<filelists xmlns="%s">\n' \
                http://linux.duke.edu/metadata/filelists >"$described/repodata/filelists.xml"
        fi
        href=
        ! describe_rpm "$each" >"$scratch/described.xml" ||
            href=$(sed -n 's/^<location href="\(.*\)"\/>$/\1/p' <"$scratch/described.xml")
        case $href in '' | *[!A-Za-z0-9._+~^-]*)
            problem "REPO011 $2: ${each#"$top/"} is damaged or no RPM" \
                "copy it again, and compare sha256sum on both sides of the gap"
            continue
            ;;
        esac
        [ ! -L "$described/$href" ] || continue # a second copy says nothing new
        ln -s "$each" "$described/$href"
        cat <"$scratch/described.xml" >>"$described/repodata/primary.xml"
        cat <"$scratch/described.files" >>"$described/repodata/filelists.xml"
    done
    [ -n "$described" ] || return 1
    for each in "$top"/RPM-GPG-KEY*; do [ ! -f "$each" ] || ln -s "$each" "$described/${each##*/}"; done
    echo '</metadata>' >>"$described/repodata/primary.xml"
    echo '</filelists>' >>"$described/repodata/filelists.xml"
    {
        printf '%s\n' '<?xml version="1.0"?>' '<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>0</revision>'
        for each in primary filelists; do # yum 3 finds most files in the second alone (online/carry/rpm_repository.py)
            printf '%s\n' "<data type=\"$each\"><checksum type=\"sha256\">$(sum_of sha256sum "$described/repodata/$each.xml")</checksum>" \
                "<location href=\"repodata/$each.xml\"/><timestamp>0</timestamp></data>"
        done
        echo '</repomd>'
    } >"$described/repodata/repomd.xml"
    rm -f "$scratch/media/$1"
    mv "$described" "$scratch/media/$1"
}

# What primary.xml says of the RPM $1, and filelists.xml in $scratch/described.files; fails where rpm cannot read it.
describe_rpm() {
    HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/rpmdb" -qp --nosignature --nodigest --qf 'package\t%{NAME}\t%{ARCH}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{SIZE}\n[provides\t%{PROVIDENAME}\t%{PROVIDEFLAGS}\t%{PROVIDEVERSION}\n][requires\t%{REQUIRENAME}\t%{REQUIREFLAGS}\t%{REQUIREVERSION}\n][conflicts\t%{CONFLICTNAME}\t%{CONFLICTFLAGS}\t%{CONFLICTVERSION}\n][obsoletes\t%{OBSOLETENAME}\t%{OBSOLETEFLAGS}\t%{OBSOLETEVERSION}\n][file\t%{FILENAMES}\n]' "$1" 2>/dev/null >"$scratch/described.tags" || return 1
    SUM=$(sum_of sha256sum "$1") SIZE=$(wc -c <"$1") FILES=$scratch/described.files LC_ALL=C awk -F '\t' '
        function plain(text) {
            gsub(/&/, "\\&amp;", text)
            gsub(/</, "\\&lt;", text)
            gsub(/>/, "\\&gt;", text)
            gsub(/"/, "\\&quot;", text)
            return text
        }
        BEGIN { split("2 4 8 10 12", number, " "); split("LT GT EQ LE GE", sense, " "); for (i in number) word[number[i]] = sense[i] }
        $1 == "package" {
            print "<package pkgid=\"" ENVIRON["SUM"] "\" name=\"" plain($2) "\" arch=\"" plain($3) "\">" >ENVIRON["FILES"]
            print "<version epoch=\"" $4 "\" ver=\"" plain($5) "\" rel=\"" plain($6) "\"/>" >ENVIRON["FILES"]
            print "<package type=\"rpm\"><name>" plain($2) "</name><arch>" plain($3) "</arch>"
            print "<version epoch=\"" $4 "\" ver=\"" plain($5) "\" rel=\"" plain($6) "\"/>"
            print "<checksum type=\"sha256\" pkgid=\"YES\">" ENVIRON["SUM"] "</checksum><summary></summary><description></description>"
            print "<packager></packager><url></url><time file=\"0\" build=\"0\"/>"
            print "<size package=\"" (ENVIRON["SIZE"] + 0) "\" installed=\"" ($7 + 0) "\" archive=\"0\"/>"
            print "<location href=\"" plain($2 "-" $5 "-" $6 "." $3) ".rpm\"/>"
            print "<format><rpm:license></rpm:license><rpm:header-range start=\"0\" end=\"0\"/>"
            next
        }
        $1 == "file" {
            print "<file>" plain($2) "</file>" >ENVIRON["FILES"]
            if ($2 ~ /^\/etc\// || $2 ~ /bin\//) print "<file>" plain($2) "</file>"
            next
        }
        $2 ~ /^rpmlib\(/ || $2 == "(none)" { next }
        {
            entry = "<rpm:entry name=\"" plain($2) "\""
            if ($4 != "" && ($3 % 16) in word) {
                epoch = 0
                version = $4
                if (version ~ /^[0-9]+:/) { epoch = version + 0; sub(/^[0-9]+:/, "", version) }
                release = version
                if (sub(/^[^-]*-/, "", release)) sub(/-.*/, "", version); else release = ""
                entry = entry " flags=\"" word[$3 % 16] "\" epoch=\"" epoch "\" ver=\"" plain(version) "\"" (release == "" ? "" : " rel=\"" plain(release) "\"")
            }
            if (!(($1, entry) in seen)) rows[$1] = rows[$1] entry "/>\n"
            seen[$1, entry]
        }
        END {
            for (kind in rows) printf "<rpm:%s>\n%s</rpm:%s>\n", kind, rows[kind], kind
            print "</format></package>"
            print "</package>" >ENVIRON["FILES"]
        }' <"$scratch/described.tags"
}

add_source() {
    sources=$sources$1\ $2\ $3$newline
    case $1 in
        iso) return 0 ;;
        dir) base=$scratch/media/$2 ;;
        url) base=$(cat <"$scratch/media/$2.name") ;;
    esac
    [ "$3" = . ] || base=$base/$3
    bases=$bases$2\ $base$newline
}

problem() { problems="$problems${newline}error: $1${newline}fix: $2"; }

# Ends with all $problems, and with $1 to say besides.
end_media() {
    say "${problems#"$newline"}${1:+$newline$1}"
    for each in $(printf '%s\n' "$problems" | sed -n 's/^error: \([A-Z]*[0-9]*\) .*/\1/p'); do
        exit_of "$each"
        [ "$status" -ne 3 ] || exit 3
    done
    exit 4
}

# --- files of a source --------------------------------------------------------------------

# source_parts SOURCE sets $kind, $number, $base.
source_parts() {
    kind=${1%% *}
    base=${1#* }
    number=${base%% *}
    base=${base#* }
}

# source_read SOURCE PATH: a file's bytes on stdout; fails when it is not there.
source_read() {
    source_parts "$1"
    case $kind in
        iso) iso_read "$scratch/media/$number" "$base/$2" ;;
        dir) cat <"$scratch/media/$number/$base/$2" ;;
        url) web_get "$number" "$base/$2" && cat <"$scratch/media/$number/$base/$2" ;;
    esac
}

source_has() {
    source_parts "$1"
    case $kind in
        iso) iso_find "$scratch/media/$number" "$base/$2" >/dev/null ;;
        dir) [ -f "$scratch/media/$number/$base/$2" ] ;;
        url) web_get "$number" "$base/$2" ;;
    esac
}

# "d NAME" and "f NAME" for what lies at the source's top.
source_names() {
    source_parts "$1"
    case $kind in
        iso) iso_names "$scratch/media/$number" "$base" ;;
        dir)
            for each in "$scratch/media/$number/$base"/*; do
                if [ -d "$each" ]; then
                    printf 'd %s\n' "${each##*/}"
                elif [ -f "$each" ]; then
                    printf 'f %s\n' "${each##*/}"
                fi
            done
            ;;
    esac
}

# What people call the medium of a source, for messages.
source_name() {
    source_parts "$1"
    printf '%s' "$(cat <"$scratch/media/$number.name")"
    [ "$base" = . ] || printf ' (%s)' "$base"
}

# Sets $keys (media/offer.py): those that this server has for the distribution's packages (a forged disc can
# bring a forged key), else the one that a medium has.
find_keys() {
    own=$(server_keys /etc/pki/rpm-gpg "$(os_release ID)" "$(release_name)")
    printf '%s' "$sources" | sed 's/^\([^ ]* [^ ]*\) .*/\1 ./' | sort -u >"$scratch/tops"
    while IFS= read -r top; do
        source_parts "$top"
        key=$own
        if [ -z "$key" ]; then
            # shellcheck disable=SC2046 # names without blanks
            name=$(medium_key $(source_names "$top" | sed -n 's/^f //p' | key_files))
            [ -n "$name" ] || continue
            key=$scratch/keys/$number/$name
            mkdir "$scratch/keys/$number"
            source_read "$top" "$name" >"$key" || continue
        fi
        keys=$keys$(printf '%s\n' "$key" | sed "s/^/$number /")$newline
    done <"$scratch/tops"
}

# The files in $1 that packages of the distribution $2, whose release is $3, may be signed with: its own by their
# names, then what else its vendor brought; on a release that nobody knows all that are there (media/keys.py).
server_keys() {
    there=$({ own_keys "$2" | sed "s,^.,$1/&," && vendor_keys ""; } | while IFS= read -r each; do
        [ ! -f "$each" ] || printf '%s\n' "$each"
    done | awk '!seen[$0]++')
    if [ -z "$there" ] && [ -z "$3" ]; then
        for each in "$1"/*; do [ ! -f "$each" ] || printf '%s\n' "${each##*/}"; done |
            key_files | usual_keys | LC_ALL=C sort | sed "s,^,$1/,"
    elif [ -n "$there" ]; then
        printf '%s\n' "$there"
    fi
}

# A field of os-release(5).
os_release() {
    for each in /etc/os-release /usr/lib/os-release; do
        [ -r "$each" ] || continue
        sed -n "s/^[[:blank:]]*$1=//p" <"$each" | tail -n 1 |
            sed "s/[[:space:]]*\$//; s/^\([\"']\)\(.*\)\1\$/\2/; s/\\\\\(.\)/\1/g"
        return
    done
}

# What to look for in /etc/pki/rpm-gpg of the distribution $1: its key, or for one that nobody knows
# those of its EL (model/release.py, as the next).
own_keys() {
    known=
    for each in $OFFKIT_KEYS; do
        case $each in *":$1") known="$known ${each%:*}" ;; esac
    done
    for each in ${known:-$OFFKIT_KEYS}; do printf '%s\n' "${each%:*}"; done | uniq
}

key_files() { grep -Ex '@OFFKIT_KEY_NAME@'; }

usual_keys() { grep -Ev '@OFFKIT_KEY_UNUSUAL@'; }

# Which of the key files at a medium's top: a distribution's own, else the shortest name of a usual one.
medium_key() {
    for each in $OFFKIT_KEYS; do
        case " $* " in *" ${each%:*} "*) printf '%s\n' "${each%:*}" && return ;; esac
    done
    printf '%s\n' "$@" | usual_keys | awk 'NF { print length($0), $0 }' |
        LC_ALL=C sort -k 1,1n -k 2 | head -n 1 | cut -d ' ' -f 2
}

# The names of the distributions' keys, for messages.
key_names() { printf '%s\n' "$OFFKIT_KEYS" | sed 's/:[^ ]*//g'; }
