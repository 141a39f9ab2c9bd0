# --- what packages the media have ---------------------------------------------------------

# XML is read by awk tag by tag ("<" separates records), as createrepo writes it: no CDATA, no
# comments, attributes in double quotes.

# Sets $index, a file with a line for each package of the names given that this architecture can
# have: "NAME EPOCH VERSION RELEASE CHECKSUM-TYPE CHECKSUM SIZE INSTALLED-SIZE SOURCE-NUMBER HREF", with
# nothing in a field that means something to anybody. Ends with every repository whose metadata
# cannot be used.
read_index() {
    index=$scratch/index
    : >"$index"
    problems=
    number_of_source=0
    while IFS= read -r source; do
        [ -n "$source" ] || continue
        number_of_source=$((number_of_source + 1))
        read_primary "$source" "$number_of_source" "$*"
    done <<END
$sources
END
    [ -z "$problems" ] || end_media
}

# The source with that number.
source_numbered() { printf '%s' "$sources" | NUMBER=$1 awk 'NR == ENVIRON["NUMBER"] + 0'; }

damaged() {
    problem "REPO011 $(source_name "$1"): $2" \
        "the medium is damaged: copy it again, and compare sha256sum on both sides of the gap"
}

# Adds the packages called $3 (names with blanks between) of source $1, which is number $2, to $index.
read_primary() {
    if primary_of "$1"; then
        $unpacker <"$scratch/primary" | packages_named "$2" "$3" >"$scratch/found"
        # Nobody signed the metadata: a word that is none would be read as something else.
        ! grep -q '^!' <"$scratch/found" || damaged "$1" "$(head -n 1 <"$scratch/found" | cut -c 3-)"
        cat <"$scratch/found" >>"$index"
    fi
    rm -f "$scratch/primary"
}

# The URL of a server where packages of source $1 lie by its metadata (media/rpm.py, network); "" for none, and
# for the server that the source is on.
lies_at() {
    primary_of "$1" || return 0
    there=$($unpacker <"$scratch/primary" | grep -Eio 'xml:base="(https?|ftp):[^"]*"' | head -n 1 | cut -d '"' -f 2)
    rm -f "$scratch/primary"
    [ "$(host_of "$there")" = "$(host_of "$(cat <"$scratch/media/$number.name")")" ] || without_secrets "$there"
}

host_of() { printf '%s\n' "$1" | sed -n 's,^[a-zA-Z]*://,,p' | cut -d / -f 1 | sed 's/.*@//'; }

# Sets $unpacker, and has primary.xml of source $1, packed, in $scratch/primary; adds to $problems where it is of no use.
primary_of() {
    source_read "$1" repodata/repomd.xml >"$scratch/repomd.xml"
    # primary: checksum type, checksum, location; the former may be missing
    wanted=$(LC_ALL=C awk '
        BEGIN { RS = "<"; type = sum = "-" }
        function attribute(name,    rest) {
            if (!match($0, name "=\"[^\"]*\"")) return ""
            rest = substr($0, RSTART, RLENGTH)
            return substr(rest, length(name) + 3, length(rest) - length(name) - 3)
        }
        $1 == "data" { kind = attribute("type") }
        $1 == "checksum" && kind == "primary" {
            type = attribute("type")
            sum = $0
            sub(/^[^>]*>/, "", sum)
            gsub(/[ \t\r\n]/, "", sum)
        }
        $1 == "location" && kind == "primary" { print type, sum, attribute("href") }' <"$scratch/repomd.xml" | head -n 1)
    read -r type sum href <<END
$wanted
END
    if [ -z "$href" ]; then
        damaged "$1" "its repomd.xml lists no primary metadata"
    elif outside "$href"; then
        damaged "$1" "its metadata is outside the medium: $href"
    elif ! source_read "$1" "$href" >"$scratch/primary" 2>/dev/null; then
        has_room || no_room
        web_gone "$number" || damaged "$1" "$href is missing"
    elif [ "$(checksum "$type" "$scratch/primary" "$sum")" != "$sum" ]; then
        damaged "$1" "$href does not match its checksum in repomd.xml ($type)"
    elif ! unpacker_of <"$scratch/primary"; then
        problem "RPM008 $(source_name "$1"): no program here can unpack ${href##*/}" \
            "install one, or give a Python $OFFKIT_PYTHON with --python"
    else
        return 0
    fi
    return 1
}

# Whether a path leads out of its repository (media/repodata.py).
outside() { case /$1/ in //* | */../* | *:*) return 0 ;; *) return 1 ;; esac; }

# checksum TYPE FILE [ELSE]: hexadecimal, or ELSE for a type that is not known here (media/repository.py).
checksum() {
    case $1 in
        @OFFKIT_HASHES@
        *) printf '%s' "${3:-}" ;;
    esac
}

sum_of() {
    output=$("$1" <"$2") || return 1
    printf '%s' "${output%% *}"
}

# Sets $unpacker to what unpacks a file that begins like stdin (edges/unpacking.py); fails where that is not here.
unpacker_of() {
    case $(head -c 6 | od -An -v -tx1 | tr -d ' \n') in
        @OFFKIT_UNPACKERS@
        *) unpacker="cat" ;;
    esac
    command -v "${unpacker% -dc}" >/dev/null 2>&1
}

# Lines of the index from primary.xml on stdin, without what is for another EL; "! TEXT" for a package
# that cannot be described.
packages_named() {
    SOURCE=$1 WANTED=$2 ARCH=$OFFKIT_ARCH EL=$OFFKIT_EL LC_ALL=C awk '
        function attribute(name,    rest) {
            if (!match($0, name "=\"[^\"]*\"")) return ""
            rest = substr($0, RSTART, RLENGTH)
            return substr(rest, length(name) + 3, length(rest) - length(name) - 3)
        }
        function value(    rest) {
            rest = substr($0, index($0, ">") + 1)
            gsub(/[ \t\r\n]/, "", rest)
            return rest
        }
        BEGIN {
            RS = "<"
            n = split(ENVIRON["WANTED"], list, " ")
            for (i = 1; i <= n; i++) wanted[list[i]] = 1
        }
        # 17.el7_9, 39.module+el8.4.0, 1.fc30
        function elsewhere(    tag) {
            if (!match(release, /(^|[._+])el[0-9]+/)) return 0
            tag = substr(release, RSTART, RLENGTH)
            sub(/.*el/, "", tag)
            return ENVIRON["EL"] > 0 && tag != ENVIRON["EL"]
        }
        function odd() {
            return version !~ /^[A-Za-z0-9._+~^]+$/ || release !~ /^[A-Za-z0-9._+~^]+$/ ||
                epoch !~ /^[0-9]+$/ || type !~ /^[a-z0-9-]+$/ || sum !~ /^[0-9a-f-]+$/ ||
                size !~ /^[0-9]+$/ || installed !~ /^[0-9]+$/ || length(epoch size installed) > 40 ||
                href !~ /^[A-Za-z0-9._+~^%@:\/-]+$/
        }
        /^package / {
            inside = 1
            ours = epoch = size = installed = 0
            type = sum = "-" # yum may do without
        }
        !inside { next }
        /^name>/ { ours = value() in wanted; name = value(); next }
        /^format/ || /^\/package>/ { # the rest is long, and says nothing that is asked for here
            if (!ours || (arch != ENVIRON["ARCH"] && arch != "noarch") || elsewhere()) ours = 0
            if (ours && odd()) print "!", "its metadata describes " name " with invalid fields"
            else if (ours)
                print name, epoch, version, release, type, sum, size, installed, ENVIRON["SOURCE"], href
            inside = ours = 0
            next
        }
        !ours { next }
        /^arch>/ { arch = value() }
        /^version / { epoch = attribute("epoch"); version = attribute("ver"); release = attribute("rel") }
        /^checksum / { type = attribute("type"); sum = value() }
        /^size / { size = attribute("package"); installed = attribute("installed") }
        /^location / { href = attribute("href") }'
}

# The line of the index with the newest package called $1; nothing when there is none.
newest() {
    NAME=$1 LC_ALL=C awk '
        # rpmvercmp of rpm (rpmio/rpmvercmp.c): "~" is older than the end, and "^" newer
        function compare(a, b,    x, y, numeric) {
            if (a == b) return 0
            while (a != "" || b != "") {
                sub(/^[^A-Za-z0-9~^]+/, "", a)
                sub(/^[^A-Za-z0-9~^]+/, "", b)
                if (substr(a, 1, 1) == "~" || substr(b, 1, 1) == "~") {
                    if (substr(a, 1, 1) != "~") return 1
                    if (substr(b, 1, 1) != "~") return -1
                    a = substr(a, 2)
                    b = substr(b, 2)
                    continue
                }
                if (substr(a, 1, 1) == "^" || substr(b, 1, 1) == "^") {
                    if (a == "" || (b != "" && substr(b, 1, 1) != "^")) return -1
                    if (b == "" || substr(a, 1, 1) != "^") return 1
                    a = substr(a, 2)
                    b = substr(b, 2)
                    continue
                }
                if (a == "" || b == "") break
                numeric = a ~ /^[0-9]/
                match(a, numeric ? "^[0-9]+" : "^[A-Za-z]+")
                x = substr(a, 1, RLENGTH)
                a = substr(a, RLENGTH + 1)
                if (!match(b, numeric ? "^[0-9]+" : "^[A-Za-z]+")) return numeric ? 1 : -1
                y = substr(b, 1, RLENGTH)
                b = substr(b, RLENGTH + 1)
                if (numeric) {
                    sub(/^0+/, "", x)
                    sub(/^0+/, "", y)
                    if (length(x) != length(y)) return length(x) > length(y) ? 1 : -1
                }
                if (x "" != y "") return x "" > y "" ? 1 : -1
            }
            return a == b ? 0 : (a != "" ? 1 : -1)
        }
        function newer(    order) {
            if ($2 != epoch) return $2 > epoch
            order = compare($3, version)
            return order ? order > 0 : compare($4, release) > 0
        }
        $1 == ENVIRON["NAME"] && (line == "" || newer()) {
            line = $0
            epoch = $2 + 0
            version = $3
            release = $4
        }
        END { if (line != "") print line }' <"$index"
}

