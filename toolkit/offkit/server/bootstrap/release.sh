# --- releases: this server's, the bundle's, a disc's --------------------------------------

# What offkit calls the release of this server, nothing where it knows none (model/release.py).
release_name() {
    ID=$(os_release ID) VERSION=$(os_release VERSION_ID) LC_ALL=C awk '
        $1 == ENVIRON["ID"] && index(ENVIRON["VERSION"] ".", $2 ".") == 1 {
            print $3
            exit
        }
        $1 == ENVIRON["ID"] && $2 == "-" {
            split(ENVIRON["VERSION"], part, ".")
            if (part[1] ~ /^[0-9]+$/) print $3 part[1]
        }' <<'END'
@OFFKIT_RELEASES@
END
}

# The wheels of a bundle fit on other releases too, by their C library; but a Python comes from the discs of
# the server's own release, under the names that its packages have there. Sets $stranger to that release
# where it is not the bundle's.
stranger=
own_release() {
    stranger=$(release_name)
    case $stranger in '' | "$OFFKIT_RELEASE") stranger= && return ;; esac
    case "$OFFKIT_PYTHON $stranger" in
        @OFFKIT_OTHERS@*)
            OFFKIT_EL=0 OFFKIT_PACKAGES='' OFFKIT_PAYLOAD='' OFFKIT_MEDIA='' OFFKIT_KEYS=''
            case $stranger in el[0-9]*) OFFKIT_EL=${stranger#el} ;; esac
            ;;
    esac
    OFFKIT_RPMS= # those in the bundle are for its own release
}

# Says, before anything else, that this server is of another release than the bundle, and has no such Python;
# of a server that nobody knows, whose packages and discs are named below.
say_stranger() {
    called=$(os_release PRETTY_NAME)
    [ -z "$OFFKIT_PACKAGES" ] || [ -n "$(release_name)" ] ||
        say "warning: ENV023 this is ${called:-a system that does not say what it is}, of which offkit has no file, the bundle is for $OFFKIT_RELEASE: packages and discs below are those of $OFFKIT_RELEASE"
    [ -n "$stranger" ] && [ -z "$OFFKIT_PACKAGES" ] || return 0
    say "error: ENV048 this server is $stranger ($called), the bundle is for $OFFKIT_RELEASE and its Python $OFFKIT_PYTHON"
    say "fix: bundle again on the other side: offkit bundle --target $stranger"
}

# Says when medium $1, which people call $2, is a disc of another release than this server (media/disc.py);
# $3 is the image, where it is one. Adds it to $problems between two Enterprise Linuxes: none of its packages
# would be taken.
check_disc() {
    server=$(release_name)
    [ -n "$server" ] || return 0
    source_read "$1" .treeinfo >"$scratch/treeinfo" 2>/dev/null || : >"$scratch/treeinfo"
    case $1 in
        url\ *) : >"$scratch/discinfo" ;; # one file is asked for there (media/offer.py)
        *) source_read "$1" .discinfo >"$scratch/discinfo" 2>/dev/null || : >"$scratch/discinfo" ;;
    esac
    disc=$(disc_release "$scratch/treeinfo" "$scratch/discinfo" "${3:+$(iso_volume "$3")}")
    told="ENV049 $2 is ${disc#* } (${disc%% *}), and this server is $server"
    case "$server ${disc%% *}" in
        "$server " | "$server $server") ;;
        el[0-9]*" el"[0-9]*) problem "$told" "use ${OFFKIT_MEDIA:-a disc of $server}" ;;
        *) say "warning: $told: its packages are made for another system${newline}fix: use ${OFFKIT_MEDIA:-a disc of $server}" ;;
    esac
}

# "NAME TITLE" of the release that a disc's .treeinfo $1 and .discinfo $2 are of, or its volume, called $3;
# nothing where nobody knows.
disc_release() {
    {
        LC_ALL=C awk '
            /^\[/ { section = $0; next }
            (place = index($0, "=")) && section ~ /^\[(general|release)\]/ {
                name = substr($0, 1, place - 1)
                value = substr($0, place + 1)
                gsub(/^[ \t]+|[ \t\r]+$/, "", name)
                gsub(/^[ \t]+|[ \t\r]+$/, "", value)
                key = section " " name
                if (!(key in said)) said[key] = value
            }
            function first(one, two) { return said[one] != "" ? said[one] : said[two] }
            END {
                family = first("[general] family", "[release] name")
                version = first("[general] version", "[release] version")
                if (family != "" && version != "") print family " " version
            }' "$1"
        sed -n '2{s/^[[:blank:]]*//;s/[[:space:]]*$//;/./p;}' "$2"
        printf '%s\n' "${3:-}" | sed 's/[-_. ]\{0,1\}\([Xx]86\|[Aa][Aa][Rr][Cc][Hh]\|[Aa][Rr][Mm]\)_\{0,1\}64.*//;/./!d'
        sed -n '2{s/^[[:blank:]]*//;s/[[:space:]]*$//;/./s/^/el/p;}' "$2"
    } | TABLE='@OFFKIT_ALIASES@' LC_ALL=C awk '
        BEGIN {
            rows = split(ENVIRON["TABLE"], row, "\n")
            for (i = 1; i <= rows; i++) {
                split(row[i], word, " ")
                alias[i] = word[1]
                release[i] = word[2]
            }
        }
        {
            plain = tolower($0)
            gsub(/[-_ ]/, "", plain)
            for (i = 1; i <= rows; i++) {
                rest = substr(plain, length(alias[i]) + 1)
                if (index(plain, alias[i]) == 1 && rest ~ /^(\.[0-9]+)*(sp[0-9]+)?$/) {
                    if ($0 ~ /^el[0-9]/) sub(/^el/, "Enterprise Linux ")
                    print release[i], $0
                    exit
                }
            }
        }'
}

