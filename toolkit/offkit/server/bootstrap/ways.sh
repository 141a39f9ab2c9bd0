# --- getting a Python ---------------------------------------------------------------------

another_way="run install.sh without --iso and --rpm-repo: it lists every way to a Python"

# Sets $found to a Python that was got in the first way that there is: a build or a source that
# somebody put into the bundle, else packages of the media. In a dry run it ends here.
get_python() {
    [ -z "$unknown" ] || fail 2 "unknown option or second bundle: $unknown" "sh install.sh --help"
    machine=$(uname -m)
    [ "$machine" = "$OFFKIT_ARCH" ] || fail ENV021 "this machine is $machine, the bundle is for $OFFKIT_ARCH" \
        "bundle again on the other side: offkit bundle --arch $machine"
    own_release
    [ -z "$python" ] || no_python # that one was named, and will not do
    choose_way
    [ -n "$way" ] || no_python
    [ -n "$dry_run" ] || [ -n "$quiet" ] || say "Python $OFFKIT_PYTHON is not installed here; it comes from $way_in_words"
    verify_bundle
    check_prefix 0
    [ -n "$dry_run" ] || rehearse "$@"
    case $way in
        build) python_by_build ;;
        source) python_by_source ;;
        yum) python_by_packages ;;
        rpms) python_by_rpms ;;
    esac
    [ -z "$dry_run" ] || rehearse_all "$@"
    got=$found
    found=
    seen=
    refused=
    consider "$got"
    [ -n "$found" ] || fail PY024 "the Python that was provided cannot be used:$refused" "remove it, and provide one in another way"
}

# Sets $way to the function for what is here and what was asked for; empty when there is none.
choose_way() {
    way=
    wish=$get_python
    [ -n "$wish" ] || [ -z "$OFFKIT_BUILD" ] || wish=build
    if [ -z "$wish" ] && [ -n "$OFFKIT_SOURCE" ]; then
        wish=source
        if ! can_compile && [ -n "$isos$repo_dirs" ] && [ -n "$OFFKIT_PACKAGES" ]; then
            wish=packages
            [ -n "$quiet" ] || say "the source in the bundle cannot be compiled here: missing $(lacking gcc make)"
        fi
    fi
    case ${wish:-packages} in
        build)
            way_in_words="the build in the bundle"
            way=${OFFKIT_BUILD:+build}
            ;;
        source)
            way_in_words="the source in the bundle, compiled here"
            way=${OFFKIT_SOURCE:+source}
            [ -z "$way" ] || [ -z "$isos$repo_dirs" ] || open_media
            ;;
        packages)
            [ -n "$OFFKIT_PACKAGES" ] && [ -n "$isos$repo_dirs$OFFKIT_RPMS" ] || return 0
            from="packages of the media"
            if [ -z "$isos$repo_dirs" ]; then
                from="packages in the bundle"
                take_rpms
            fi
            open_media
            choose_rpms
            way=rpms
            way_in_words="$from, unpacked below $prefix"
            # yum wants images mounted
            if [ -z "$no_root" ] && has_yum && { [ -z "$isos" ] || [ -n "$private$dry_run" ]; }; then
                way=yum
                way_in_words="$from, installed with yum"
                yum_elsewhere
                refuse_hidden
            fi
            ;;
    esac
}

# Compiler and make are here, or yum can get them.
can_compile() {
    [ -n "$(lacking gcc make)" ] || return 0
    [ -z "$no_root" ] && has_yum && { [ -n "$repo_dirs" ] || [ -n "${isos:+$private$dry_run}" ]; }
}

has_yum() { [ -z "$(lacking rpm)" ] && { [ -z "$(lacking yum)" ] || [ -z "$(lacking dnf)" ]; }; }

# Those of the commands that are not here, separated by commas.
lacking() {
    absent=
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || absent="$absent, $tool"
    done
    printf '%s' "${absent#, }"
}

# One at a time gets a Python below this prefix; what a killed one left is nobody's. The lock is on
# the directory itself and ends with this process. Without flock(1) it is left to the caller.
lock_pythons() {
    make_directory "$prefix/python"
    command -v flock >/dev/null 2>&1 || return 0
    exec 9<"$prefix/python"
    flock -n 9 || fail ENV030 "another install.sh is providing a Python in $prefix/python" "wait until it has finished"
}

# Ends unless $1 KiB and the bundle's packages can be written below $prefix, and run from there.
check_prefix() {
    problems=
    [ -n "${environment:-}" ] || environment=$(environment_size)
    needed=$(($1 + environment))
    elsewhere="choose another place: --prefix DIR"
    existing=$prefix
    while [ ! -e "$existing" ] && [ ! -L "$existing" ]; do
        existing=${existing%/*}
        existing=${existing:-/}
    done
    while IFS= read -r why; do
        [ -z "$why" ] || problem "ENV028 $prefix $why" "$elsewhere"
    done <<END
$(unfit "$prefix")
END
    while IFS= read -r why; do
        [ -z "$why" ] || problem "ENV029 $why" "correct this, or choose another --prefix"
    done <<END
$(occupied "$prefix")
END
    if [ ! -d "$existing" ]; then
        problem "ENV027 $existing is not a directory" "$elsewhere"
    else
        mounted=$(mount_of "$existing")
        point=${mounted#*"$newline"}
        case ,${mounted%%"$newline"*}, in
            *,ro,*) problem "ENV027 $point is mounted read-only" "$elsewhere" ;;
            *)
                [ -w "$existing" ] && [ -x "$existing" ] ||
                    problem "ENV027 no permission to write in $existing" "$elsewhere"
                ;;
        esac
        case ,${mounted%%"$newline"*}, in
            *,noexec,*)
                problem "ENV026 $point is mounted noexec: no program could be run from $prefix" "$elsewhere"
                ;;
        esac
        free=$(df -Pk "$existing" 2>/dev/null | awk 'NR == 2 { print $4 }')
        [ "${free:-$needed}" -ge "$needed" ] ||
            problem "ENV024 $((needed / 1024 + 1)) MB are needed for Python and the bundle's packages below $prefix, $((free / 1024)) MB are free" \
                "free some space, or $elsewhere"
        # Those of the file system, where it counts them, and what is free of them.
        inodes=$(df -Pi "$existing" 2>/dev/null | awk 'NR == 2 && $2 > 0 { print $4 }')
        [ "${inodes:-@OFFKIT_INODES@}" -ge @OFFKIT_INODES@ ] ||
            problem "ENV025 @OFFKIT_INODES@ files are needed, $point has inodes for $inodes" "remove files, or $elsewhere"
    fi
    [ -z "$problems" ] || end_media
}

# The options of the mount that directory $1 lies on, and its mount point, a line each.
mount_of() {
    place=$(CDPATH='' cd -P -- "$1" 2>/dev/null && pwd -P) || place=$1
    # proc(5): the longest mount point above it, the last of equal ones
    PLACE=${place%/}/ awk '
        {
            point = $2
            gsub(/\\040/, " ", point)
            gsub(/\\011/, "\t", point)
            gsub(/\\134/, "\\\\", point)
            within = point == "/" ? point : point "/"
            if (index(ENVIRON["PLACE"], within) == 1 && length(within) >= longest) {
                longest = length(within)
                options = $4
                nearest = point
            }
        }
        END { printf "%s\n%s\n", options, nearest }' 2>/dev/null </proc/self/mounts
}

# Ends where a Python below $prefix would not start in every locale: 3.6 reads where its own library
# is as UTF-8, and the C locale of cron has no letters but those of ASCII.
plain_prefix() {
    [ "$OFFKIT_PYTHON" = 3.6 ] || return 0
    case $(printf '%s' "$prefix" | LC_ALL=C tr -d '\001-\177') in
        '') ;;
        *) fail ENV028 "$prefix has non-ASCII characters: a Python 3.6 below it does not start in the C locale" "choose another place: --prefix DIR" ;;
    esac
}

# What the environment takes while it is made, in KiB.
environment_size() {
    bytes=$(member @OFFKIT_TOP_WORD@MANIFEST.json 2>/dev/null | bytes_needed)
    echo $(((bytes + 1023) / 1024))
}

# Bytes for a generation of the bundle whose MANIFEST.json is on stdin (model/space.py).
bytes_needed() {
    LC_ALL=C awk '
        function number() { return substr($0, index($0, ":") + 1) + 0 }
        /^ "installed_size":/ { installed = number() }
        /^   "path":/ { path = $2 }
        /^   "size":/ && path ~ /^"wheels\// { wheels += number() }
        /^   "size":/ && path == "\"offkit.pyz\"," { runtime = number() }
        /^   "size":/ && path ~ /^"(sources|build-wheels)\// { building += number() }
        END { printf "%.0f\n", wheels + int(installed * @OFFKIT_COMPILED@) + runtime * @OFFKIT_RUNTIME@ + @OFFKIT_ENVIRONMENT@ + building * @OFFKIT_BUILDING@ }'
}

# A line for each reason why a path can be no prefix, whatever lies there (server/install/preflight.py).
unfit() {
    return=$(printf '\r')
    case $1 in
        *[@OFFKIT_UNFIT@]* | *"$newline"* | *"$return"*)
            echo "has characters that scripts cannot hold, one of \" ' \$ \` \\ !"
            ;;
    esac
    case $1 in *:*) echo "has a colon, which separates the loader's search paths" ;; esac
    # RFC 3629, 4: the second byte of some sequences has narrower bounds
    printf '%s' "$1" | od -An -v -tu1 | awk '
        function more(count, from, to) { left = count; low = from ? from : 128; high = to ? to : 191 }
        {
            for (i = 1; i <= NF && !bad; i++) {
                if (left) {
                    if ($i < low || $i > high) bad = 1
                    more(left - 1)
                } else if ($i > 193 && $i < 224) more(1)
                else if ($i > 223 && $i < 240) more(2, $i == 224 ? 160 : 0, $i == 237 ? 159 : 0)
                else if ($i > 239 && $i < 245) more(3, $i == 240 ? 144 : 0, $i == 244 ? 143 : 0)
                else if ($i > 127) bad = 1
            }
        }
        END { if (bad || left) print "is not UTF-8" }'
}

# A line for each thing below a prefix that stands where offkit's own must be.
occupied() {
    [ -e /proc/self/cwd ] ||
        echo "/proc is not mounted, but building the environment needs /proc/self/cwd"
    [ ! -e "$1/current" ] || [ -L "$1/current" ] || echo "$1/current is not the symbolic link that offkit makes"
    { [ ! -e "$1/generations" ] && [ ! -L "$1/generations" ]; } || [ -d "$1/generations" ] ||
        echo "$1/generations is not a directory"
}

# --- no way -------------------------------------------------------------------------------

# What was looked at, and every way in which a Python can come here, with what each still needs.
no_python() {
    say_stranger
    say "error: PY020 no Python $OFFKIT_PYTHON that can install this bundle"
    case $get_python in
        build | source) say "  --get-python $get_python: the bundle carries no $get_python" ;;
        packages) say "  --get-python packages: needs --iso FILE or --rpm-repo DIR, or a bundle with RPMs" ;;
    esac
    if [ -n "$refused" ]; then
        say "  tried:$refused"
    fi
    if [ -z "$python$get_python" ]; then
        say "  looked for python$OFFKIT_PYTHON, python3 and python on PATH, in /usr/bin, /usr/local/bin, /opt/python*/bin,"
        say "  /opt/rh/*/root/usr/bin, \$PYENV_ROOT or ~/.pyenv/versions/*/bin and $prefix/python"
    fi
    say "fix: one of these; each says what is missing here"
    again="sh install.sh '$bundle'"
    ways=0
    if [ -n "$OFFKIT_PACKAGES" ]; then
        not_root=
        [ "$(id -u)" -eq 0 ] || not_root=root
        no_yum=$(has_yum || echo yum)
        # What a disc of it is like is not known, or it has none.
        whence="of the distribution's ISO" medium="--iso /path/to/the.iso" carried="--iso FILE"
        [ -n "$OFFKIT_REPO" ] || whence='' medium="--rpm-repo DIR" carried="--rpm-repo URL"
        theirs=$(local_options)
        if [ -n "$theirs" ]; then
            tool=yum
            [ -z "$(lacking yum)" ] || [ -n "$(lacking dnf)" ] || tool=dnf
            way_to "the local repository that this server has already: $tool --disablerepo='*'$theirs install $OFFKIT_PACKAGES, then $again" \
                "$not_root${not_root:+${no_yum:+, }}$no_yum"
        fi
        way_to "the packages $OFFKIT_PAYLOAD${whence:+ $whence}, with yum: $again $medium" \
            "$not_root${not_root:+${no_yum:+, }}$no_yum"
        say "     $OFFKIT_MEDIA"
        way_to "the same packages without root, unpacked below $prefix: $again $medium --no-root" \
            "$(lacking rpm rpm2cpio cpio)"
        say "     for both, the bundle can carry the packages: on the other side, offkit bundle ... $carried"
    fi
    way_to "a source tarball in the bundle, compiled here: on the other side, offkit bundle ... --python-source Python-$OFFKIT_PYTHON.x.tgz" \
        "$(without_compiler)"
    way_to "a ready-made build in the bundle: on the other side, offkit bundle ... --python-build FILE" ""
    way_to "a Python $OFFKIT_PYTHON that you compile (with zlib-devel installed): $again --python /its/bin/python$OFFKIT_PYTHON" \
        "$(lacking gcc make)"
    if [ -z "$OFFKIT_PACKAGES" ]; then
        whose="the bundle's target"
        [ -z "$stranger" ] || whose=$stranger
        say "  (no ISO of $whose has Python $OFFKIT_PYTHON; or bundle again for a Python that it has)"
    elif [ -z "$stranger" ] && [ -n "$OFFKIT_REPO" ]; then
        by_hand
    fi
    exit 4
}

# Options that enable this server's own local repositories, where one of them has the package of this Python;
# nothing where none has (server/doctor/repositories.py, theirs).
local_options() {
    tab=$(printf '\t')
    options=
    last=
    : >"$scratch/local.index"
    while IFS=$tab read -r id rank url place; do
        [ "$id" != "$last" ] && [ -f "$place/repodata/repomd.xml" ] || continue
        last=$id
        lines=$(trap - EXIT && packages_in "$place") || continue
        printf '%s\n' "$lines" >>"$scratch/local.index"
        options="$options --enablerepo=$id"
        [ "$rank" -eq 1 ] || [ -n "$(lacking dnf)" ] || options="$options --setopt=$id.baseurl='$url'"
    done <<END
$(local_directories)
END
    while read -r name _ version _; do
        case "$name $version" in "$OFFKIT_PACKAGES $OFFKIT_PYTHON".*) printf '%s' "$options" && return ;; esac
    done <"$scratch/local.index"
}

# "ID RANK URL DIR", with tabs: the directories that enabled repositories of this server name, in their order.
local_directories() {
    for each in /etc/yum.repos.d/*.repo; do
        ! probe_readable "$each" || probe_settings <"$each"
        printf '\t\t\n'
    done | RELEASE=$(os_release VERSION_ID) ARCH=$(uname -m) LC_ALL=C awk '
        function digit(letter) { return index("0123456789abcdef", tolower(letter)) - 1 }
        function plain(path,    at, code) {
            while ((at = match(path, /%[0-9A-Fa-f][0-9A-Fa-f]/)) > 0) {
                code = digit(substr(path, at + 1, 1)) * 16 + digit(substr(path, at + 2, 1))
                done = done substr(path, 1, at - 1) sprintf("%c", code)
                path = substr(path, at + 3)
            }
            return done path
        }
        function finish(    n, k, url) {
            n = on && id !~ /^offkit-/ ? split(urls, url, /[ ,]+/) : 0
            for (k = 1; k <= n; k++) {
                gsub(/\$(basearch|\{basearch\})/, ENVIRON["ARCH"], url[k])
                gsub(/\$(releasever|\{releasever\})/, release[1], url[k])
                done = ""
                if (url[k] ~ /^file:\/\/\//) print id "\t" k "\t" url[k] "\t" plain(substr(url[k], 8))
            }
        }
        BEGIN { FS = "\t"; split(ENVIRON["RELEASE"], release, ".") }
        $2 == "" { finish(); id = $1; on = 1; urls = "" }
        $2 == "enabled" { on = tolower($3) !~ /^(0|no|false|off)$/ }
        $2 == "baseurl" { urls = $3 }'
}

# Lines of the index (see read_index) for what this Python is made of in the repository $1; ends where that is of
# no use. For a subshell: it takes the place of all media.
packages_in() {
    scratch=$(mktemp -d "$scratch/local.XXXXXX") || exit
    media_count=0 sources='' isos='' repo_dirs=$1$newline
    {
        open_media
        # shellcheck disable=SC2086 # names of packages
        read_index $OFFKIT_PAYLOAD
    } >/dev/null 2>&1
    cat <"$index"
}

# way_to TEXT MISSING
way_to() {
    ways=$((ways + 1))
    say "  $ways. $1"
    [ -z "$2" ] || say "     missing here: $2"
}

# Compiler and make come from the media where there is root to install them.
without_compiler() {
    absent=$(lacking gcc make)
    if [ -n "$absent" ] && [ -z "$no_root" ]; then
        printf '%s (--iso /path/to/the.iso installs it)' "$absent"
    else
        printf '%s' "$absent"
    fi
}

# The first way without offkit, for who wants to see each command.
by_hand() {
    cat >&2 <<END
  or the first way by hand, as root; the bundle contains the .repo file:
    mkdir -p /mnt/offkit-iso && mount -o loop,ro /path/to/the.iso /mnt/offkit-iso
    tar -xOf '$bundle' $OFFKIT_REPO >/etc/yum.repos.d/offkit.repo
END
    [ -n "$OFFKIT_REPO_KEY" ] ||
        say "    (in it, replace {gpgkey} by this system's key, a file in /etc/pki/rpm-gpg)"
    say "    yum --disablerepo='*' --enablerepo='offkit-*' install $OFFKIT_PACKAGES"
}

