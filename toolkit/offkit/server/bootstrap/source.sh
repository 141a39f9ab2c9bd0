# --- a Python compiled from the source in the bundle ----------------------------------------

# Sets $found: PREFIX/python/X.Y.Z, made in PREFIX/python/.building-X.Y.Z and renamed when it is
# complete. What an interrupted run has done counts, as long as nothing differs that it depends on.
python_by_source() {
    read_tarball "$OFFKIT_SOURCE"
    home=$prefix/python/$version
    building=$prefix/python/.building-$version
    log=$prefix/python/$version.log
    source_possible
    if [ -n "$dry_run" ]; then
        can_compile || compiler_here
        [ -z "$no_root" ] && [ -n "$isos$repo_dirs" ] &&
            step "install gcc, make and -devel packages with yum from $(media_names)" root
        step "compile Python $version in $building, with a log in $log, and rename it to $home"
        [ -z "$ld_so_conf" ] || step "write /etc/ld.so.conf.d/offkit-$version.conf and run ldconfig" root
        return 0
    fi
    verify_bundle
    check_prefix $((unpacked * 7))
    get_compiler
    lock_pythons
    source_settings
    source_start
    source_unpack
    if [ ! -f "$building/configured" ]; then
        step "configuring Python $version (log: $log)"
        # shellcheck disable=SC2086 # options without spaces
        attend "configuring" in_tree "CFLAGS=$cflags" "LDFLAGS=$ldflags" sh ./configure $options ||
            source_failed "configuring" "$?"
        : >"$building/configured"
    fi
    if [ ! -f "$building/compiled" ]; then
        step "compiling Python $version"
        source_make || source_failed "compiling" "$?"
        : >"$building/compiled"
    fi
    step "installing Python $version into $home"
    rm -rf -- "$building/stage"
    attend "installing" in_tree make altinstall "DESTDIR=$building/stage" || source_failed "installing" "$?"
    staged=$building/stage$home
    source_modules
    (umask 022 && source_receipt >"$staged/@OFFKIT_PYTHON_RECEIPT@")
    source_publish
    found=$home/bin/python$OFFKIT_PYTHON
}

# Sets $tarball (the member), $version, $checksum and $unpacked (KiB) from $OFFKIT_SOURCE or _BUILD.
read_tarball() {
    # shellcheck disable=SC2086 # four words
    set -- $1
    tarball=$1 version=$2 checksum=$3 unpacked=$4
}

# What speaks against compiling before anything is done.
source_possible() {
    # make and the compiler split at spaces, and make reads a $ in its own way.
    case $home in
        *[!A-Za-z0-9/._+-]*)
            fail PY022 "no Python can be compiled into $home: make accepts only letters, digits and . _ + - in a path" \
                "choose another --prefix"
            ;;
    esac
    [ -z "$ld_so_conf" ] || [ -z "$no_root" ] ||
        fail RPM006 "--ld-so-conf writes to /etc, which needs root" "omit it: libpython is then found by RPATH"
}

# The packages of $1 that are not installed.
not_installed() {
    for each in $1; do
        rpm -q "$each" >/dev/null 2>&1 || printf '%s ' "$each"
    done
}

# Gets compiler and headers from the media, as root; some -devel packages are on none: what that
# means is known once the modules are tried.
get_compiler() {
    absent=
    if [ -z "$no_root" ] && [ -n "$isos$repo_dirs" ] && command -v rpm >/dev/null 2>&1; then
        absent=$(not_installed "gcc make $OFFKIT_DEVEL")
        [ -z "$absent" ] || open_media
        if [ -n "$absent" ] && [ -z "$bases" ]; then
            say "warning: REPO012 the media could not be mounted, so yum cannot use them: Python is compiled with what is installed"
        elif [ -n "$absent" ]; then
            step "installing ${absent% } with yum from $(media_names)"
            yum_optional=1
            # shellcheck disable=SC2086 # names of packages
            yum_install "yum install ${absent% } from $(media_names), to compile Python $version" $absent
            yum_optional=
            absent=$(not_installed "$absent")
            [ -z "$absent" ] || say "not on the media: ${absent% }"
        fi
    fi
    compiler_here
}

# Ends unless gcc and make are here.
compiler_here() {
    lacks=$(lacking gcc make)
    [ -z "$lacks" ] || case $no_root/$isos$repo_dirs in
        /?*)
            fail RPM004 "Python $version cannot be compiled: $lacks missing on the media" \
                "use a fuller ISO (DVD or Everything), or bundle a ready-made build (--python-build)"
            ;;
        1/*)
            fail PY022 "Python $version cannot be compiled here: missing $lacks" \
                "have them installed (yum install gcc make $OFFKIT_DEVEL), or give an ISO with --iso: its Python needs no compiler (--get-python packages)"
            ;;
        *)
            fail PY022 "Python $version cannot be compiled here: missing $lacks" \
                "give the distribution's ISO with --iso FILE: it has them and the -devel packages"
            ;;
    esac
}

# gcc 4.8 miscompiles Python with --enable-optimizations (profile-guided), gcc 12 with the
# vectorizer that it counts to -O2. A DT_RPATH, unlike the DT_RUNPATH that --enable-new-dtags makes,
# also serves what libpython and the modules load.
source_settings() {
    cflags="-O2 -fno-tree-vectorize"
    options="--prefix=$home --enable-shared --with-ensurepip=no"
    ldflags="-Wl,-rpath,$home/lib -Wl,--disable-new-dtags"
    [ -z "$ld_so_conf" ] || ldflags=
    compiler=$(LC_ALL=C gcc --version 2>/dev/null | head -n 1)
    # shellcheck disable=SC2086 # names of packages
    identity="$(LC_ALL=C rpm -q $OFFKIT_DEVEL 2>/dev/null | grep -v 'not installed')
$checksum
$options
$cflags $ldflags
${compiler:-none}"
}

# Takes up what an earlier run has left, or begins anew.
source_start() {
    stop_orphan
    resumed=
    if [ "$(cat "$building/identity" 2>/dev/null)" = "$identity" ]; then
        resumed=1
        step "continuing the interrupted compilation of Python $version"
    else
        rm -rf -- "$building"
        make_directory "$building"
        keep "$building/identity" "$identity"
        (umask 022 && : >"$log")
    fi
}

# A make whose install.sh was killed may still be at work in $building.
stop_orphan() {
    read -r orphan 2>/dev/null <"$building/pid" || return 0
    seconds=0
    while case $(readlink "/proc/$orphan/cwd" 2>/dev/null) in "$building"/*) true ;; *) false ;; esac do
        if [ "$seconds" -lt 10 ]; then kill -TERM "$orphan"; else kill -KILL "$orphan"; fi 2>/dev/null
        sleep 1
        seconds=$((seconds + 1))
    done
    rm -f -- "$building/pid"
}

source_unpack() {
    if [ ! -f "$building/unpacked" ]; then
        step "unpacking ${tarball##*/}"
        rm -rf -- "$building/source"
        make_directory "$building/source"
        unpack_tarball "$building/source"
        : >"$building/unpacked"
    fi
    for tree in "$building/source"/*/; do tree=${tree%/}; done
}

# unpack_tarball DIR
unpack_tarball() {
    member "$tarball" 2>/dev/null | head -c 6 >"$scratch/head"
    unpacker_of <"$scratch/head" || fail PY024 "${unpacker% -dc} is not installed, which is needed to unpack ${tarball##*/}" \
        "install it, or bundle again with an archive compressed with gzip"
    said=$( (member "$tarball" | $unpacker | (umask 022 && cd "$1" && LC_ALL=C tar -xof -)) 2>&1) && return 0
    case $said in
        *'No space left'* | *'Wrote only'* | *'disk quota'*)
            fail ENV024 "not enough space in $1 to unpack ${tarball##*/}" "free some space, or choose another --prefix"
            ;;
    esac
    fail PY024 "${tarball##*/} cannot be unpacked: $(printf '%s\n' "$said" | tail -n 1)" "check the directory that it is unpacked to"
}

# in_tree [NAME=VALUE]... COMMAND...: in the source tree, with none of the caller's variables but these.
# shellcheck disable=SC2317,SC2329 # called by attend
in_tree() {
    cd "$tree" && umask 022 &&
        exec env -i "PATH=$PATH" "HOME=${HOME:-/}" "TMPDIR=${TMPDIR:-/tmp}" LC_ALL=C "$@"
}

source_make() {
    jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
    attend "compiling" in_tree make "-j$jobs" && return 0
    status=$?
    # Whoever was killed may have left half an object file, which make takes for a whole one.
    [ -n "$resumed" ] || return "$status"
    resumed=
    attend "cleaning" in_tree make clean
    attend "compiling again" in_tree make "-j$jobs"
}

# attend WHAT COMMAND...: in the background, so that a signal is acted on at once; its output goes
# to the log. A terminal is shown how it goes.
work=
ticker=
attend() {
    what=$1
    shift
    "$@" >>"$log" 2>&1 </dev/null 9<&- &
    work=$!
    printf '%s\n' "$work" >"$building/pid"
    if [ -t 2 ] && [ -z "$quiet$json" ]; then
        tick "$what" "$(date +%s)" 9<&- &
        ticker=$!
    fi
    wait "$work"
    status=$?
    work=
    stop_ticker
    rm -f -- "$building/pid"
    return "$status"
}

# Ends with the shell that it reports for, however that ends.
tick() {
    while kill -0 "$$" 2>/dev/null; do
        printf '\r  %s: %s s, %s lines of log  ' "$1" "$(($(date +%s) - $2))" "$(wc -l <"$log" | tr -d ' ')" >&2
        sleep 1
    done
}

stop_ticker() {
    [ -n "$ticker" ] || return 0
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null
    ticker=
    say
}

# What runs beside this shell ends with it; for clean_up.
# shellcheck disable=SC2317,SC2329 # called by clean_up
stop_work() {
    stop_ticker
    [ -n "$work" ] || return 0
    kill -TERM "$work" 2>/dev/null
    wait "$work" 2>/dev/null
    work=
}

source_failed() {
    lines=$(tail -n 12 "$log" | sed 's/^/    /')
    case $lines in
        *'No space left on device'*)
            fail ENV024 "$1 Python $version failed: no space left:$newline$lines" \
                "free some space, then run the same command again: it continues where it stopped"
            ;;
    esac
    fail PY022 "$1 Python $version failed (exit $2); the end of $log:$newline$lines" \
        "correct this, then run the same command again: it continues where it stopped"
}

# Sets $missing to the modules that cannot be imported. Ends when this Python is of no use without
# one: nothing is installed then. What else is missing 'offkit install' says, before pip is run.
source_modules() {
    # shellcheck disable=SC2086 # names of modules
    missing=$(env -i "LD_LIBRARY_PATH=$staged/lib" "PYTHONHOME=$staged" LC_ALL=C \
        "$staged/bin/python$OFFKIT_PYTHON" -s -S -c 'import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError:
        print(name)' $OFFKIT_MODULES 2>>"$log") || source_failed "starting" "$?"
    packages=
    for each in $OFFKIT_ESSENTIAL; do
        case "$newline$missing$newline" in
            *"$newline${each%%:*}$newline"*)
                devel=$(printf '%s' "${each#*:}" | tr , ' ')
                devel=${devel:-what has its headers}
                say "error: PY023 ${each%%:*}: the new Python lacks it: compiled without $devel"
                case " $packages " in *" $devel "*) ;; *) packages="$packages $devel" ;; esac
                ;;
        esac
    done
    [ -n "$packages" ] || return 0
    rm -rf -- "$building"
    fail PY023 "Python $version was compiled, but is unusable without these; it was not installed" \
        "install$packages (give the distribution's ISO with --iso, as root), then run the same command again; the log is $log"
}

source_receipt() {
    cat <<END
{
 "schema": "@OFFKIT_PYTHON_SCHEMA@",
 "origin": "source",
 "version": "$version",
 "archive": "${tarball##*/}",
 "sha256": "$checksum",
 "configure": "$options",
 "cflags": "$cflags",
 "ldflags": "$ldflags",
 "missing": "$(printf '%s' "$missing" | tr '\n' ' ')",
 "compiler": "$(printf '%s' "$compiler" | sed 's/["\\]//g')"
}
END
}

source_publish() {
    if [ -n "$ld_so_conf" ]; then
        conf=/etc/ld.so.conf.d/offkit-$version.conf
        ledger_entry "$conf for Python $version"
        keep "$entry.files" "$conf"
        keep "$conf" "$home/lib"
    fi
    if [ -e "$home" ]; then
        mv -- "$home" "$building/old"
    fi
    mv -- "$staged" "$home" || fail PY022 "$staged cannot be renamed to $home" "check the permissions there"
    [ -z "$ld_so_conf" ] || ldconfig
    rm -rf -- "$building"
}

# A run that was killed after it had given the new Python its name has left the place where it was
# made. It goes, unless somebody is at work.
sweep_pythons() {
    name=${found#"$prefix/python/"}
    name=${name%%/*}
    [ -z "$dry_run" ] && [ "$name" != "${found%%/*}" ] && [ -d "$prefix/python/.building-$name" ] || return 0
    command -v flock >/dev/null 2>&1 && exec 9<"$prefix/python" && flock -n 9 || return 0
    rm -rf -- "$prefix/python/.building-$name"
}
