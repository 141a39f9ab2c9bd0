# --- media on a server beyond the gap -----------------------------------------------------

# A medium of the kind url: its files are fetched by curl to $scratch/media/N when they are asked
# for, as media/web.py does it. No proxy, no redirect, no ~/.curlrc, and no key that the server
# brings along: over plain HTTP that would vouch for nothing.

is_url() { case $1 in http://* | https://*) return 0 ;; *) return 1 ;; esac; }

# As offkit takes it (model/url.py).
good_url() {
    case $1/ in */../* | *"$newline"*) return 1 ;; esac
    printf '%s\n' "$1" | LC_ALL=C grep -Eqx -- @OFFKIT_URL@
}

# A URL as it may be shown, and anything else as it is (model/url.py).
without_secrets() {
    case $1 in *://*) ;; *) printf '%s\n' "$1" && return ;; esac
    shown=${1#*://}
    authority=${shown%%[/?#]*}
    case $authority in
        *@*) shown=${authority##*@}${shown#"$authority"} ;;
        *:*[!0-9]*) shown=${shown##*@} ;; # no port: a password with a slash
    esac
    case $shown in *\?*) shown="${shown%%\?*}?..." ;; esac
    printf '%s\n' "${1%%://*}://$shown"
}

# Sets $host to a URL's host and port.
url_host() {
    host=${1#*://}
    host=${host%%/*}
}

url_port() {
    url_host "$1"
    case ${host##*]}/$1 in
        *:*/http*) echo "${host##*:}" ;;
        */https:*) echo 443 ;;
        *) echo 80 ;;
    esac
}

# Whether a URL's host is a name, for which somebody has to be asked, and no address.
by_name() {
    url_host "$1"
    case $host in \[*) return 1 ;; *[!0-9.:]*) ;; *) return 1 ;; esac
}

# The URL of file $2, as it is called, below $1.
url_join() {
    printf '%s/' "$1"
    printf '%s\n' "$2" |
        sed 's/%/%25/g; s/\^/%5E/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g; s/@/%40/g; s/,/%2C/g; s/=/%3D/g; s,^\./,,'
}

# open_url N URL
open_url() {
    mkdir "$scratch/media/$1"
    # An address is all that is needed; a name may be asked of the name servers beyond the gap.
    ! by_name "$2" || unset RES_OPTIONS
    add_sources url "$1" "$2"
    [ "$sources" != "$had" ] || return 0
    check_disc "url $1 ." "$2"
    web_gone "$1" || :
}

# Adds to $problems when medium N does not answer; else fails.
web_gone() {
    [ -s "$scratch/media/$1.gone" ] || return 1
    gone=$(cat <"$scratch/media/$1.gone")
    case $problems in *"$gone"*) ;; *) problems=$problems$newline$gone ;; esac
}

# web_get N PATH: fetches that file to $scratch/media/N/PATH unless it is there; fails when the server
# has none, or does not answer (web_gone). Goes on where a transfer was cut.
web_get() {
    [ ! -s "$scratch/media/$1.gone" ] || return 1
    [ ! -f "$scratch/media/$1/$2" ] || return 0
    ! outside "$2" || return 1
    case $2 in *[!A-Za-z0-9._+~^%@/,=\ \#?-]*) return 1 ;; esac
    web_url=$(url_join "$(cat <"$scratch/media/$1.name")" "$2")
    web_part=$scratch/media/$1.part
    rm -f -- "$web_part"
    futile=0
    web_had=0
    web_calls=0
    while [ "$futile" -lt @OFFKIT_CURL_TRIES@ ] && [ "$web_calls" -lt @OFFKIT_CURL_MOST@ ]; do
        web_calls=$((web_calls + 1))
        set -- "$1" "$2" @OFFKIT_CURL@ -o "$web_part" "$web_url"
        [ "$web_had" -eq 0 ] || set -- "$@" -C "$web_had"
        web_status=0
        answer=$(shift 2 && LC_ALL=C "$@" 2>"$scratch/curl.said") || web_status=$?
        case $web_status/$answer in
            0/*)
                [ -e "$web_part" ] || : >"$web_part" # an empty file: older curls make none
                case $2 in */repomd.xml) ! is_page "$web_part" || { web_status=page && break; } ;; esac
                mkdir -p "$scratch/media/$1/$(dirname -- "$2")" && mv -- "$web_part" "$scratch/media/$1/$2"
                return
                ;;
            22/404 | 22/410) return 1 ;;
            23/*) no_room ;;
            33/* | 22/416) rm -f -- "$web_part" ;; # it cannot go on there: from the beginning
            22/40[13])
                # So some say of what they do not have (media/web.py); of all other files it is told.
                case $2 in */.treeinfo) return 1 ;; esac
                break
                ;;
            22/5* | @OFFKIT_CURL_AGAIN@) ;;
            *) break ;;
        esac
        web_now=$(stat -c %s "$web_part" 2>/dev/null) || web_now=0
        if [ "$web_now" -gt "$web_had" ]; then futile=0; else futile=$((futile + 1)); fi
        web_had=$web_now
        [ "$futile" -eq @OFFKIT_CURL_TRIES@ ] || sleep 1
    done
    case $web_status/$answer/$2 in 22/5*/.treeinfo) return 1 ;; esac # nobody needs it
    web_failed "$1" "$2" >"$scratch/media/$1.gone"
    return 1
}

# Whether file $1 is a web page, as portals and proxies send it for every URL (media/repodata.py).
is_page() { head -c 4096 "$1" | tr 'A-Z\n' 'a-z ' | grep -Eq '^[^<]*(<\?xml[^>]*> *)?(<!--.*--> *)?<(!doctype +html|html)[ >]'; }

# What $web_status and $answer say of medium N, at PATH.
web_failed() {
    web_name=$(cat <"$scratch/media/$1.name")
    said=$(tail -n 1 "$scratch/curl.said" | sed 's/^curl: ([0-9]*) //')
    case $web_status in
        page) set -- "answers with a web page where ${2#./} should be" "@OFFKIT_PORTAL@" ;;
        22) set -- "answers HTTP $answer" "check the path on that server, and whether this host may read it" ;;
        47) set -- "redirects (HTTP $answer); offkit follows no redirects" "give the URL where the files are" ;;
        *) set -- "cannot be reached: ${said:-curl exited with $web_status}" \
            "check that it is still serving, and that its firewall lets this host in (there: firewall-cmd --add-port=$(url_port "$web_name")/tcp); then run the same command again" ;;
    esac
    printf 'error: REPO017 %s %s\nfix: %s\n' "$web_name" "$1" "$2"
}
