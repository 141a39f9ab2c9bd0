# The Pythons of this server: path and version. POSIX sh; after survey.sh.
# shellcheck disable=SC2154 # survey.sh sets prefix
for each in /usr/bin/python3 /usr/bin/python3.[0-9]* /usr/local/bin/python3 /usr/local/bin/python3.[0-9]* \
    /opt/python*/bin/python3 "$prefix"/python/*/bin/python3 /usr/libexec/platform-python /usr/bin/python2 /usr/bin/python; do
    [ -x "$each" ] || continue
    case $each in *-config) continue ;; esac
    version=$("$each" -E -s -S -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
    mark "python:$each" "$version"
done
