# --- yum, with these media and nothing else -----------------------------------------------

# Sets $found: the distribution's own Python, installed as root.
python_by_packages() {
    step "install $OFFKIT_PACKAGES with yum from $(media_names)" root
    [ -z "$dry_run" ] || return 0
    open_media
    # shellcheck disable=SC2086 # names of packages
    yum_install "yum install $OFFKIT_PACKAGES from $(media_names)" $OFFKIT_PACKAGES
    refused=
    find_python
    [ -n "$found" ] || python_again
    [ -n "$found" ] || fail PY021 "$OFFKIT_PACKAGES is installed, but provides no usable Python $OFFKIT_PYTHON:$refused" \
        "use ${OFFKIT_MEDIA:-another ISO}"
}

# rpm says that it is installed, and it does not run: files are gone, as after a killed removal.
python_again() {
    damaged=
    for each in $OFFKIT_PAYLOAD; do
        rpm -q "$each" >/dev/null 2>&1 && damaged="$damaged $each"
    done
    step "reinstall$damaged: the installed Python does not run" root
    yum_verb=reinstall
    # shellcheck disable=SC2086 # names of packages
    yum_install "yum reinstall$damaged from $(media_names)" $damaged
    yum_verb=install
    refused=
    find_python
}

# The media as they were named, without their directories.
media_names() {
    names=
    while IFS= read -r each; do
        [ -z "$each" ] || if is_url "$each"; then names="$names, $each"; else names="$names, ${each##*/}"; fi
    done <<END
$isos$repo_dirs
END
    printf '%s' "${names#, }"
}

# yum_install TEXT PACKAGE...: TEXT is what the ledger says of it. With $yum_optional, packages that
# the media do not have are left out. Only root comes here, after open_media.
yum_verb=install
yum_optional=
yum_place=
yum_repos=repos
yum_more=
yum_install() {
    text=$1
    shift
    yum_check
    yum_elsewhere
    yum_repositories
    yum_fetch "$@"
    ledger_begin "$text"
    yum_log "$@"
    [ -z "$verbose" ] || cat "$scratch/yum.log" >&2
    yum_said 'Nothing to do' && [ -n "$yum_optional" ] && yum_status=0
    [ "$yum_status" -eq 0 ] || take_back_keys
    ledger_end
    [ "$yum_place" = "$scratch/yum" ] || rm -rf -- "$yum_place"
    [ "$yum_status" -eq 0 ] || yum_failed
    [ -z "$yum_optional" ] || return 0
    for each in "$@"; do
        rpm -q "$each" >/dev/null 2>&1 ||
            fail RPM023 "yum has reported no error, and rpm does not have $each" "/var/log/yum.log or /var/log/dnf.log says what yum did"
    done
}

# Ends where metadata send yum to a server that nobody named (server/install/supplies.py). What cannot be read here
# yum may be able to read.
yum_elsewhere() {
    while IFS= read -r source; do
        there=$([ -z "$source" ] || lies_at "$source" 2>/dev/null)
        [ -z "$there" ] ||
            fail REPO020 "$(source_name "$source") says of its packages that they lie at $there (xml:base), and yum would fetch them there" \
                "make its metadata anew: createrepo_c DIR; or --no-root, which reads the packages beside the metadata"
    done <<END
$sources
END
}

# Fetches what yum would install of $@, and ends unless it is all there, whole and signed
# (server/install/fetching.py, which says why).
yum_fetch() {
    rm -rf -- "$yum_place/rpms" # of another transaction
    mkdir -p "$yum_place/fetch" "$yum_place/rpms"
    sed '/^gpgkey=/d; s/^gpgcheck=1$/gpgcheck=0/' <"$yum_place/repos/offkit.repo" >"$yum_place/fetch/offkit.repo"
    case $("$yum" --version 2>/dev/null </dev/null | head -n 1) in
        @OFFKIT_YUM_WAYS@
    esac
    yum_more=$yum_fetching
    [ -z "$yum_copies" ] ||
        yum_more="$yum_more $(sed -n 's/^\[\(.*\)\]$/--setopt=\1.copy_local=1/p' <"$yum_place/fetch/offkit.repo" | tr '\n' ' ')"
    yum_repos=fetch
    if ! yum_try "$@"; then
        first="$(cat <"$scratch/yum.log") " # never empty
        first_errors=$(cat <"$scratch/yum.errors")
        kept=$(yum_excludes)
        yum_status_first=$yum_status
        if yum_kind && [ "$code" != RPM004 ]; then
            kept=
        elif [ -n "$yum_modular" ] && yum_hotfixes && yum_try "$@"; then
            yum_take_modules
            first=
        fi
        if [ -n "$kept" ] && [ -n "$first" ]; then
            yum_more="$yum_more $yum_all"
            ! yum_try "$@" || fail RPM020 "packages are kept from yum by $kept" \
                "change that line while this runs (without it yum finds everything: it was tried); nothing was installed"
        fi
        if [ -n "$first" ]; then
            printf '%s\n' "$first" >"$scratch/yum.log"
            printf '%s\n' "$first_errors" >"$scratch/yum.errors"
            yum_status=$yum_status_first
            ledger_added=
            yum_failed
        fi
    elif [ -n "$yum_modular" ] && [ -z "${own_rpms:-}" ] && yum_marked; then
        yum_take_modules
    fi
    yum_repos=repos
    yum_more=
    yum_verify
    yum_signers
}

# Whether all of $@ could be fetched, or is there.
yum_try() {
    yum_log "$@"
    there=" $(for each in "$yum_place"/rpms/*.rpm; do
        HOME=$scratch rpm --dbpath "$scratch/rpmdb" -qp --nosignature --qf '%{NAME} ' "$each" 2>/dev/null
    done)"
    if yum_said 'exiting because "Download Only" specified'; then
        yum_status=0 # some versions end with 1
        if [ -n "$yum_copies" ] && [ "$there" = " " ]; then # though it was told to copy
            say "warning: RPM025 yum says that it has fetched the RPMs, and has not: yum itself checks their signatures, no more"
            return 0
        fi
    fi
    if [ -n "$yum_optional" ]; then
        ! yum_said 'Nothing to do' || yum_status=0
        return "$yum_status"
    fi
    [ "$yum_status" -eq 0 ] || return 1
    for each in "$@"; do # yum 3 is content when it has found one of them
        case $there in *" $each "*) continue ;; esac
        if [ "$yum_verb" = reinstall ] || ! rpm -q "$each" >/dev/null 2>&1; then
            printf 'No match for argument: %s\n' "$each" >>"$scratch/yum.log"
            return 1
        fi
    done
}

yum_take_modules() {
    say "warning: RPM022 dnf's modular filtering keeps out RPMs of modules that $(media_names) does not describe: they are taken all the same"
    say "  (module_hotfixes=1, for this installation only)"
    cat <"$yum_place/hotfixes.repo" >"$yum_place/repos/offkit.repo"
}

# Whether fetched RPMs say that they are of a module, and their repository does not describe it: dnf fetches them,
# and refuses them when it is to install them. Writes .repo files as yum_hotfixes does (server/install/fetching.py).
yum_marked() {
    for each in "$yum_place"/rpms/*.rpm; do
        HOME=$scratch rpm --dbpath "$scratch/rpmdb" -qp --nosignature \
            --qf '%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{MODULARITYLABEL}\n' "$each" 2>/dev/null
    done | awk 'NF == 5 && $5 != "(none)"' >"$scratch/marked"
    [ -s "$scratch/marked" ] || return 1
    # shellcheck disable=SC2046 # names of packages
    read_index $(cut -d ' ' -f 1 <"$scratch/marked")
    set -- "$(awk '
        NR == FNR { marked[$1, $2, $3, $4]; next }
        ($1, $2, $3, $4) in marked { printf "%s ", $9 }' "$scratch/marked" "$index")"
    [ -n "$1" ] && yum_hotfixes "$1"
}

# Writes .repo files in which repositories that describe no modules have module_hotfixes: of those with the
# numbers $1, or of all. Fails where there are none.
yum_hotfixes() {
    count=0
    plain=
    while IFS= read -r source; do
        case $source in dir\ * | url\ *) count=$((count + 1)) ;; *) continue ;; esac
        case " ${1:-$count} " in *" $count "*) ;; *) continue ;; esac
        source_read "$source" repodata/repomd.xml 2>/dev/null | grep -q 'type="modules"' || plain="$plain $count"
    done <<END
$sources
END
    [ -n "$plain" ] || return 1
    PLAIN="$plain " awk '
        { print }
        /^\[offkit-/ {
            name = substr($0, 9, length($0) - 9)
            if (index(ENVIRON["PLAIN"], " " name " ")) print "module_hotfixes=1"
        }' <"$yum_place/repos/offkit.repo" >"$yum_place/hotfixes.repo"
    sed '/^gpgkey=/d; s/^gpgcheck=1$/gpgcheck=0/' <"$yum_place/hotfixes.repo" >"$yum_place/fetch/offkit.repo"
}

# Ends where the state of a module on this server hides the packages of Python from dnf, in a dry run too
# (server/system/streams.py). What the bundle carries is taken whatever modules there are, and so is what a medium
# does not describe.
refuse_hidden() {
    if [ -n "${own_rpms:-}" ] || [ ! -d /etc/dnf/modules.d ]; then return 0; fi
    for each in $OFFKIT_PACKAGES; do
        line=$(newest "$each")
        if [ -z "$line" ] || rpm -q "$each" >/dev/null 2>&1; then continue; fi
        source=$(source_numbered "$(rpm_field "$line" 9)")
        source_read "$source" repodata/repomd.xml 2>/dev/null | grep -q 'type="modules"' || continue
        source_read "$source" "$(rpm_field "$line" 10)" >"$scratch/one.rpm" 2>/dev/null || continue
        label=$(HOME=$scratch rpm --dbpath "$scratch/rpmdb" -qp --nosignature --qf '%{MODULARITYLABEL}\n' \
            "$scratch/one.rpm" 2>/dev/null | sed -n 's/^\([A-Za-z0-9._+-]*:[A-Za-z0-9._+-]*\):.*/\1/p')
        file=/etc/dnf/modules.d/${label%%:*}.module
        if [ -z "$label" ] || [ ! -f "$file" ]; then continue; fi
        has="$(module_option stream <"$file")"
        case $(module_option state <"$file") in
            disabled) hidden="that module is disabled on this server" fix="dnf module reset ${label%%:*}" ;;
            enabled)
                [ "$has" != "${label#*:}" ] || continue
                hidden="this server has ${label%%:*}:$has enabled" fix="if nothing needs that any more: dnf module reset ${label%%:*}"
                ;;
            *) continue ;;
        esac
        fail RPM029 "$each is of the module $label, and $hidden ($file): dnf hides it" \
            "$fix, then dnf module enable $label; or --no-root, which unpacks it below $prefix"
    done
}

# The value of an option of a file of dnf's with one section, on stdin.
module_option() { sed -n "s/^$1[[:blank:]]*=[[:blank:]]*//p" | sed 's/[[:blank:]]*$//' | head -n 1; }

# What of yum's configuration hides packages, for people (server/system/filters.py).
yum_excludes() {
    for each in /etc/yum.conf /etc/dnf/dnf.conf /etc/dnf/libdnf5.conf.d/* /usr/share/dnf5/libdnf.conf.d/*; do
        [ -f "$each" ] || continue
        [ ! -L "$each" ] || [ ! "$each" -ef /etc/dnf/dnf.conf ] || continue # EL 8: yum.conf
        yum_settings <"$each" | FILE=$each awk '{ print ENVIRON["FILE"] ": " $0 }'
    done | awk '{ printf "%s%s", separator, $0; separator = "; " }'
}

# Those settings of [main] of a file on stdin, each with all of its patterns.
yum_settings() {
    LC_ALL=C awk '
        /^[ \t\r]*([#;]|$)/ { next }
        { indent = match($0, /[^ \t]/) }
        name != "" && indent > level { value[name] = value[name] " " $0; next }
        { name = ""; level = indent }
        /^[ \t]*\[/ { inside = /^[ \t]*\[main\]/; next }
        inside && (at = match($0, /[=:]/)) {
            name = tolower(substr($0, 1, at - 1))
            gsub(/^[ \t]+|[ \t]+$/, "", name)
            value[name] = substr($0, at + 1)
        }
        END {
            options = split("exclude excludepkgs includepkgs", option, " ")
            for (i = 1; i <= options; i++) {
                patterns = value[option[i]]
                gsub(/[, \t\r]+/, " ", patterns)
                gsub(/^ | $/, "", patterns)
                if (patterns != "") print option[i] "=" patterns
            }
        }'
}

# Ends with every fetched RPM that is not whole, or that no known key signed.
yum_verify() {
    problems=
    import_keys
    for file in "$yum_place"/rpms/*.rpm; do
        [ ! -f "$file" ] || verify_rpm "${file##*/}" "$(media_names)"
    done
    wrong_rpms
    [ -z "$problems" ] || end_media "nothing was installed"
}

# Of several key files leaves yum those that signed what was fetched: it imports every one that it is told of
# (server/install/fetching.py).
yum_signers() {
    all=$(printf '%s' "$keys" | cut -d ' ' -f 2- | awk '!seen[$0]++')
    case $all in *"$newline"*) ;; *) return 0 ;; esac
    count=0
    numbers=
    while IFS= read -r key; do
        [ "$count" -ne 0 ] || [ -s "$scratch/imported.asc" ] || key=
        rm -rf -- "$scratch/ring.$count"
        mkdir "$scratch/ring.$count"
        HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/ring.$count" --initdb >/dev/null 2>&1
        [ -z "$key" ] || HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/ring.$count" --import "$key" >/dev/null 2>&1
        [ "$count" -eq 0 ] || numbers="$numbers $count"
        count=$((count + 1))
    done <<END
$scratch/imported.asc
$all
END
    signers=
    for file in "$yum_place"/rpms/*.rpm; do
        [ -f "$file" ] || return 0
        for each in 0 $signers $numbers; do
            case $(HOME=$scratch LC_ALL=C rpm --dbpath "$scratch/ring.$each" -Kv "$file" 2>&1 | judge) in signed*) break ;; esac
        done
        case " 0$signers " in *" $each "*) ;; *) signers="$signers $each" ;; esac
    done
    for file in "$yum_place"/keys/*; do
        for each in $signers; do cat <"$(printf '%s\n' "$all" | sed -n "${each}p")"; done >"$file"
    done
    [ -n "$signers" ] || sed '/^gpgkey=/d' <"$yum_place/repos/offkit.repo" >"$yum_place/without.repo"
    [ -n "$signers" ] || cat <"$yum_place/without.repo" >"$yum_place/repos/offkit.repo"
}

# Sets $yum_status; what it says is in $scratch/yum.log, its errors last, and these alone in $scratch/yum.errors.
yum_log() {
    yum_run "$@" >"$scratch/yum.log" 2>"$scratch/yum.errors" </dev/null
    yum_status=$?
    cat <"$scratch/yum.errors" >>"$scratch/yum.log"
}

yum_run() (
    unset PYTHONPATH PYTHONHOME LD_LIBRARY_PATH LD_PRELOAD # yum is a Python program too
    unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY # and libcurl's user
    # shellcheck disable=SC2086 # options without blanks
    LC_ALL=C LANG=C exec "$yum" -y @OFFKIT_YUM_OPTIONS@ ${yum_optional:+"$yum_lenient"} $yum_more \
        "--setopt=reposdir=$yum_place/$yum_repos" "--setopt=cachedir=$yum_place/cache" "$yum_verb" "$@"
)

# Sets $yum; ends when it cannot be used.
yum_check() {
    [ -z "$no_root" ] || yum_refuse RPM006
    yum=$(command -v yum) || yum=$(command -v dnf) || yum=
    if [ -z "$yum" ] || ! command -v rpm >/dev/null 2>&1; then
        fail RPM009 "yum or rpm is not installed" \
            "without yum: --no-root unpacks what is needed from the RPMs"
    fi
    while read -r each base; do
        case $newline$keys in *"$newline$each "*) continue ;; esac
        [ -z "$(rpm_keys)" ] || continue
        fail REPO014 "neither $(cat <"$scratch/media/$each.name") nor /etc/pki/rpm-gpg has the key that signs the packages" \
            "use the distribution's own ISO, or put its key there: $(key_names)"
    done <<END
${bases%"$newline"}
END
    # An older yum 3 knows no exit_on_lock.
    if read -r pid 2>/dev/null <@OFFKIT_YUM_PID@ && kill -0 "$pid" 2>/dev/null; then
        yum_refuse RPM005 "@OFFKIT_YUM_PID@: process $pid"
    fi
}

# Writes a .repo file, one repository with one baseurl for each of $bases. yum splits reposdir at
# spaces and reads its files' lines in ways of its own: it gets names without anything special. RPMs
# that a bundle took out of modules have no module metadata: module_hotfixes (dnf.conf(5)).
yum_repositories() {
    yum_place=$scratch/yum
    case $scratch in
        *[!@OFFKIT_YUM_PLAIN@]*) yum_place=$(mktemp -d /tmp/offkit.XXXXXX) || fail 4 "no temporary directory can be created in /tmp" ;;
    esac
    mkdir -p "$yum_place/repos" "$yum_place/cache" "$yum_place/base" "$yum_place/keys"
    while read -r number each; do
        [ -n "$each" ] || continue
        cat <"$each" >>"$yum_place/keys/$number" || fail REPO014 "$each cannot be read" "check its permissions"
    done <<END
$keys
END
    count=0
    while read -r number each; do
        [ -n "$each" ] || continue
        count=$((count + 1))
        # A proxy in yum.conf is for what lies beyond the gap: yum.conf(5), dnf.conf(5).
        if is_url "$each"; then
            set -- "baseurl=$each" proxy=_none_
        else
            ln -sfn "$each" "$yum_place/base/$count"
            set -- "baseurl=file://$yum_place/base/$count"
        fi
        [ ! -f "$yum_place/keys/$number" ] || set -- "$@" "gpgkey=file://$yum_place/keys/$number"
        printf '%s\n' "[offkit-$count]" "name=offkit $count" "$@" \
            enabled=1 gpgcheck=1 metadata_expire=0 repo_gpgcheck=0 ${own_rpms:+module_hotfixes=1} ''
    done <<END >"$yum_place/repos/offkit.repo"
$bases
END
}

# Whether yum's output has a line like $1; the lines are in $scratch/yum.said.
yum_said() { LC_ALL=C grep -E -- "$1" <"$scratch/yum.log" >"$scratch/yum.said"; }

# Sets $code, $words, $message and $fix to the kind of failure that is called $1, or by default the
# first that yum's output has words of; fails when there is none (model/yum.py).
yum_kind() {
    while IFS= read -r code && IFS= read -r words && IFS= read -r message && IFS= read -r fix; do
        if [ "$code" = "${1:-}" ] || { [ -z "${1:-}" ] && yum_said "$words"; }; then return 0; fi
    done <<'END'
@OFFKIT_YUM_WORDS@
END
    return 1
}

# Ends with the failure called $1, about which yum said $2.
yum_refuse() {
    yum_kind "$1"
    fail "$code" "$message${2:+:$newline    $2}" "$fix"
}

# Ends with the name of what went wrong, with what yum said and what it did all the same.
yum_failed() {
    if ! yum_kind; then
        said=$scratch/yum.errors # without its table of packages
        grep -q '[^ ]' <"$said" || said=$scratch/yum.log
        tail -n 12 "$said" >"$scratch/yum.said"
        code=RPM007 message="yum failed (exit $yum_status)" fix="correct this and run the command again"
    fi
    words=$(sed 's/^ */    /' "$scratch/yum.said" | awk '!seen[$0]++' | head -n 12)
    case $code/$ledger_added in
        RPM005/*) ;;
        */) fix="$fix; nothing was installed" ;;
        *) fix="$fix; it was installed already: $ledger_added" ;;
    esac
    fail "$code" "$message:$newline$words" "$fix"
}

# --- the ledger: what is changed of the system --------------------------------------------

# PREFIX/system/NNNN.text, .before, .after, .files: server/system/ledger.py reads and writes the same.
installed_rpms() {
    rpm -qa --qf '@OFFKIT_PACKAGE@\n' >"$scratch/rpms" 2>"$scratch/rpm.said" ||
        fail RPM009 "rpm cannot list the installed packages: $(tail -n 1 "$scratch/rpm.said")" \
            "'rpm -qa' must work here; 'rpm --rebuilddb' repairs a damaged database"
    LC_ALL=C sort "$scratch/rpms"
}

# Sets $entry to the path of a new entry without its ending, and writes what it is about.
ledger_entry() {
    make_directory "$prefix/system"
    entry=0
    for each in "$prefix"/system/[0-9][0-9][0-9][0-9]*.*; do
        each=${each##*/}
        case $each in *[!0-9]*.*) continue ;; *.text | *.before | *.after | *.files) ;; *) continue ;; esac
        each=${each%.*}
        each=${each#"${each%%[!0]*}"}
        [ "${each:-0}" -le "$entry" ] || entry=$each
    done
    entry=$prefix/system/$(printf '%04d' $((entry + 1)))
    keep "$entry.text" "$1"
}

# keep FILE TEXT: whole or not there.
keep() {
    if ! (umask 022 && printf '%s\n' "$2" >"$1.tmp") || ! mv -f -- "$1.tmp" "$1"; then
        fail ENV024 "$1 cannot be written" "check the free space and the permissions there"
    fi
}

ledger_begin() {
    before=$(installed_rpms) || exit "$?"
    enabled=" $(module_files) "
    ledger_entry "$1"
    keep "$entry.before" "$before"
}

# dnf writes a file for each module that it enables, as it does for a package of a module (python36).
module_files() { for each in /etc/dnf/modules.d/*.module; do [ ! -f "$each" ] || printf '%s ' "$each"; done; }

# Sets $ledger_added. What changed nothing is forgotten.
ledger_end() {
    after=$(installed_rpms) || exit "$?"
    ledger_added=
    new_files=
    for each in $(module_files); do
        case $enabled in *" $each "*) ;; *) new_files=$new_files$each$newline ;; esac
    done
    [ -z "$new_files" ] || keep "$entry.files" "${new_files%"$newline"}"
    if [ -z "$new_files" ] && [ "$before" = "$after" ]; then
        rm -f -- "$entry.before" "$entry.text"
    else
        keep "$entry.after" "$after"
        ledger_added=$(new_rpms | tr '\n' ' ')
    fi
}

# The lines that $before does not have.
new_rpms() { printf '%s\n' "$before" | awk 'NR == FNR { had[$0]; next } !($0 in had)' - "$scratch/rpms"; }

# A yum that fails may have imported a key: it goes again unless packages came with it.
take_back_keys() {
    installed_rpms >/dev/null
    new_rpms >"$scratch/rpms.new"
    ! grep -v '^gpg-pubkey-' <"$scratch/rpms.new" >/dev/null || return 0
    key_words <"$scratch/rpms.new" | while read -r each; do rpm -e "$each"; done
}

# Keys as rpm -e takes them, of lines as installed_rpms has them.
key_words() { sed -n 's/^gpg-pubkey-[0-9]*:\(.*\)\.[^.]*$/gpg-pubkey-\1/p'; }

# --- directories --------------------------------------------------------------------------

# make_directory DIR; what had to be made for it goes again at the end while it is empty.
made=
make_directory() {
    ancestor=$1
    while [ ! -d "$ancestor" ] && [ -n "$ancestor" ]; do
        made=$made$ancestor$newline
        ancestor=${ancestor%/*}
    done
    (umask 022 && mkdir -p -- "$1") ||
        fail ENV027 "$1 cannot be created" "check the permissions there, or choose another place with --prefix"
}

# shellcheck disable=SC2317,SC2329 # called by clean_up
unmake_directories() {
    while IFS= read -r ancestor; do
        [ -z "$ancestor" ] || rmdir -- "$ancestor" 2>/dev/null || :
    done <<END
$(printf '%s' "$made" | awk '{ print length($0) "/" $0 }' | sort -t / -k 1,1nr | cut -d / -f 2-)
END
}
