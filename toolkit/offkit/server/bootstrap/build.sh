# --- a ready-made Python from the bundle ------------------------------------------------------

# Sets $found: PREFIX/python/X.Y.Z-build, unpacked beside it and renamed when it has shown that it
# works here.
python_by_build() {
    read_tarball "$OFFKIT_BUILD"
    home=$prefix/python/$version-build
    building=$prefix/python/.building-$version-build
    plain_prefix
    step "unpack Python $version, ready-made, into $home"
    [ -z "$dry_run" ] || return 0
    verify_bundle
    check_prefix $((unpacked + unpacked / 10))
    lock_pythons
    rm -rf -- "$building"
    make_directory "$building"
    unpack_tarball "$building"
    for tree in "$building"/*/; do tree=${tree%/}; done
    build_works
    (umask 022 && build_receipt >"$tree/@OFFKIT_PYTHON_RECEIPT@")
    [ ! -e "$home" ] || rm -rf -- "$home"
    mv -- "$tree" "$home" || fail PY024 "$tree cannot be renamed to $home" "see who may write there"
    rm -rf -- "$building"
    found=$home/bin/python$OFFKIT_PYTHON
}

# Ends unless it starts, is what it was said to be, and has what offkit cannot do without.
build_works() {
    names=
    for each in $OFFKIT_ESSENTIAL; do names="$names ${each%%:*}"; done
    # shellcheck disable=SC2086 # names of modules
    said=$("$tree/bin/python$OFFKIT_PYTHON" -I -S -c 'import sys
print("%d.%d.%d" % sys.version_info[:3])
for name in sys.argv[1:]:
    __import__(name)' $names 2>&1)
    status=$?
    [ "$status" -eq 0 ] && [ "$said" = "$version" ] && return 0
    rm -rf -- "$building"
    fail PY024 "the ready-made Python $version does not work here (exit $status): $(printf '%s\n' "$said" | tail -n 1)" \
        "bundle one that is made for this system (glibc, processor), or the source: offkit bundle --python-source"
}

build_receipt() {
    cat <<END
{
 "schema": "@OFFKIT_PYTHON_SCHEMA@",
 "origin": "build",
 "version": "$version",
 "archive": "${tarball##*/}",
 "sha256": "$checksum"
}
END
}
