# --- getting a Python ---------------------------------------------------------------------

get_python() { no_python; }

# What was looked at, and where a Python can come from.
no_python() {
    say "error: no Python $OFFKIT_PYTHON that can install this bundle"
    if [ -n "$refused" ]; then
        say "  looked at:$refused"
    fi
    if [ -z "$python" ]; then
        say "  and for python$OFFKIT_PYTHON, python3, python on PATH, in /usr/bin, /usr/local/bin, /opt/python*/bin,"
        say "  /opt/rh/*/root/usr/bin and \$PYENV_ROOT or ~/.pyenv/versions/*/bin"
    fi
    case $OFFKIT_EL/$OFFKIT_PYTHON in
        7/3.6 | 9/3.9) package=python3 ;;
        8/3.[689]) package=python$(printf '%s' "$OFFKIT_PYTHON" | tr -d .) ;;
        [89]/3.11 | [89]/3.12) package=python$OFFKIT_PYTHON ;;
        *) package= ;;
    esac
    if [ -n "$package" ]; then
        repo=repo-config/offkit-el$OFFKIT_EL.repo
        cat >&2 <<END
fix: install $package from the distribution's ISO, as root; the bundle brings the .repo file:
    mkdir -p /mnt/offkit-iso && mount -o loop,ro /path/to/the.iso /mnt/offkit-iso
    tar -xOf '$bundle' $repo >/etc/yum.repos.d/offkit.repo
END
        case $OFFKIT_EL in
            7) say "    (CentOS 7.7 or later, DVD or Everything: older and Minimal ISOs have no python3)" ;;
            *) say "    (in it, put this system's key, a file of /etc/pki/rpm-gpg, in the place of {gpgkey})" ;;
        esac
        say "    yum --disablerepo='*' --enablerepo='offkit-*' install $package"
        say "  or compile Python $OFFKIT_PYTHON (with zlib-devel installed) and pass --python /its/bin/python$OFFKIT_PYTHON"
    else
        say "fix: no ISO of the bundle's target has Python $OFFKIT_PYTHON: compile it (with zlib-devel installed) and"
        say "  pass --python /its/bin/python$OFFKIT_PYTHON; or bundle again for a Python that the ISO has"
    fi
    exit 4
}

