"""The rules that shell and Python both follow: the cases of tests/shared, by install.sh.

test_shared.py has Python's side and says what the lines mean. A text here is a shell's function body: it
has a case's lines as $1, $2 ..., all parts of install.sh, and an empty directory $scratch.
"""

import json
import os
import re
import shlex
import shutil

import pytest
import typer

import cases
import install_sh
from install_sh import every_shell, sh
from offkit.cli import app
from offkit.edges import data, releases
from offkit.model.release import told_keys
from offkit.online.carry import bootstrap, rules

RULES = {
    "arguments": r"""
        cd "$scratch" && mkdir @directory && mkfifo @fifo && : >@file && : >@file.rpm && : >@file.repo && : >@bundle
        trap 'answer "$?"' EXIT
        json=1
        read_arguments --json "$@" 2>/dev/null
        check_bundle 2>/dev/null
        """,
    "checksum": """
        kind=$1 sum=$2
        shift 2
        printf '%s\\n' "$@" >"$scratch/file"
        [ "$(checksum "$kind" "$scratch/file" "$sum")" != "$sum" ] || cat "$scratch/file"
        """,
    "default-prefix": 'id() { echo "$user"; }; user=$1 HOME=$2; default_prefix; printf "%s\\n" "$prefix"',
    "error-document": """trap 'answer "$?"' EXIT; json=1; fail "$@" 2>/dev/null""",
    "excludes": """printf '%s\\n' "$@" | yum_settings""",
    "exits-of-many": """
        problems=
        for each; do problem "$each x" y; done
        (end_media) 2>/dev/null
        echo "$?"
        """,
    "key-words": 'printf "%s\\n" "$@" | key_words',
    "ledger-files": r"""
        prefix=$scratch rpms_now=$1 modules_now=
        rpm() { [ -z "$rpms_now" ] || printf '%s\n' $rpms_now; }
        module_files() { printf '%s' "$modules_now"; }
        ledger_begin x
        rpms_now=$2 modules_now=$3
        ledger_end
        ls "$prefix/system"
        """,
    "ledger-number": """
        mkdir "$scratch/system"
        for each; do : >"$scratch/system/$each"; done
        prefix=$scratch
        ledger_entry x
        echo "${entry##*/}"
        """,
    "os-release": """
        name=$1
        shift
        printf '%s\\n' "$@" >"$scratch/os-release"
        printf '%s\\n' "$(os_release "$name")"
        """,
    "python-place": """
        OFFKIT_PYTHON=$1 prefix=$2
        (plain_prefix) 2>/dev/null && printf '%s\\n' "$2"
        """,
    "repo-file": """
        mkdir "$scratch/directory" && : >"$scratch/key"
        own_rpms= bases="1 $scratch/directory" keys="1 $scratch/key"
        case $1 in url) bases='1 http://m/c7' ;; bundle) own_rpms=1 ;; esac
        yum_repositories
        grep '=' "$yum_place/repos/offkit.repo" | grep -Ev '^(name|baseurl|gpgkey)=' | LC_ALL=C sort
        """,
    "repositories": """
        for each; do mkdir -p "$scratch/media/1/$each/repodata" && : >"$scratch/media/1/$each/repodata/repomd.xml"; done
        problems=
        add_sources dir 1 name
        printf '%s' "$sources" | cut -d ' ' -f 3 | LC_ALL=C sort
        """,
    "sweep": r"""
        export TMPDIR=$scratch
        here=$(readlink /proc/self/ns/pid)
        mkdir "$scratch/mine"
        sh -c : &
        gone=$!
        wait "$gone"
        count=0
        for each; do
            count=$((count + 1))
            mkdir "$scratch/offkit.00000$count"
            case $each in gone*) pid=$gone ;; *) pid=$$ ;; esac
            case $each in *elsewhere*) space='pid:[1]' ;; *) space=$here ;; esac
            echo "$pid $space" >"$scratch/offkit.00000$count/owner"
        done
        (scratch=$scratch/mine && own_scratch)
        count=0
        for each; do
            count=$((count + 1))
            [ ! -d "$scratch/offkit.00000$count" ] || printf '%s\n' "$each"
        done
        """,
    "system-python": """
        for each; do
            path=$scratch${each%% *}
            mkdir -p "${path%/*}"
            case $each in *' -> '*) ln -s "${each##* }" "$path" ;; *) : >"$path" ;; esac
        done
        for each; do
            ! of_system "$scratch${each%% *}" || printf '%s\\n' "${each%% *}"
        done
        """,
    "url-join": 'base=$1; shift; for each; do url_join "$base" "$each"; done',
    "exits": 'for code; do (fail "$code" x) 2>/dev/null; echo "$?"; done',
    "medium-key": """
        el_keys "$1"
        shift
        medium_key $(printf '%s\\n' "$@" | key_files)
        """,
    "own-key": """
        el_keys "$1"
        own_keys "$2"
        """,
    "server-keys": r"""
        el_keys "$1"
        release=el$1 id=$2 brought=
        [ "$1" -ne 0 ] || release=
        shift 2
        for each; do
            : >"$scratch/${each#* }"
            case $each in vendor*) brought=$brought$scratch/${each#* }$newline ;; esac
        done
        vendor_keys() { printf '%s' "$brought"; }
        server_keys "$scratch" "$id" "$release" | sed 's,.*/,,'
        """,
    "occupied": r"""
        for each; do
            case ${each%% *} in
                file) : >"$scratch/${each#* /}" ;;
                directory) mkdir "$scratch/${each#* /}" ;;
                link-to-directory) ln -s . "$scratch/${each#* /}" ;;
                link-to-nothing) ln -s nothing "$scratch/${each#* /}" ;;
            esac
        done
        occupied "$scratch" | sed "s,^$scratch,,; s/ .*//"
        """,
    "prefix": '[ -n "$(unfit "$1")" ] || printf "%s\\n" "$1"',
    "disc": r"""
        touch "$scratch/0" "$scratch/1" "$scratch/2"
        printf '%s\n' "$@" | awk '{ if ($0 == "---") part++; else print > (scratch "/" (part + 0)) }' scratch="$scratch"
        disc_release "$scratch/0" "$scratch/1" "$(cat <"$scratch/2")"
        """,
    "release-name": r"""
        printf '%s\n' "$@" >"$scratch/os-release"
        release_name
        """,
    "signature": 'printf "%s\\n" "$@" | judge',
    "space": 'printf "%s\\n" "$@" | bytes_needed',
    "path": 'for each; do outside "$each" || printf "%s\\n" "$each"; done',
    "release": r"""
        OFFKIT_EL=$1 OFFKIT_ARCH=x86_64
        shift
        for each; do
            printf '<package type="rpm"><name>p</name><arch>x86_64</arch><version epoch="0" ver="1" rel="%s"/>
                <size package="1" installed="1"/><location href="p.rpm"/></package>' "$each"
        done | packages_named 1 p | cut -d ' ' -f 4
        """,
    "target-rank": r"""
        machine=$1
        shift
        printf '%s\n' "$@" | rank_targets $machine
        """,
    "unpack": """
        printf "$1" >"$scratch/packed"
        unpacker_of <"$scratch/packed"
        $unpacker <"$scratch/packed"
        """,
    "url": """
        if good_url "$1"; then
            set_option --rpm-repo "$1"
            printf '%s\\n' "${repo_dirs%"$newline"}"
            url_port "$1"
            if by_name "$1"; then echo name; else echo address; fi
        else
            echo no
        fi
        """,
    "version": """
        index=$scratch/index
        newer() {
            printf 'p %s first\\np %s second\\n' "$1" "$2" >"$index"
            newest p | cut -d ' ' -f 5
        }
        case $(newer "$1" "$2") in
            second) echo -1 ;;
            *) if [ "$(newer "$2" "$1")" = first ]; then echo 0; else echo 1; fi ;;
        esac
        """,
    "volume": r"""
        prefix=$scratch/m/x/y options=rw inodes=-
        mkdir "$scratch/m"
        for each; do
            case $each in
                need*) environment=${each#* } ;;
                free*) kilobytes=${each#* } ;;
                inodes*) inodes=${each#* } ;;
                mounted*) options=$options,${each#* } ;;
                *file) : >"$scratch/m/x" ;;
                *link-to-nothing) ln -s nothing "$scratch/m/x" ;;
            esac
        done
        df() {
            echo Filesystem
            case $1/$inodes in
                -Pi/-) echo "x 0 0 0 - $scratch" ;;
                -Pi/*) echo "x 9 9 $inodes 1% $scratch" ;;
                *) echo "x 9 9 $kilobytes 1% $scratch" ;;
            esac
        }
        mount_of() { printf '%s\n' "$options" "$scratch"; }
        (check_prefix 0 2>&1) | sed -n 's/^error: \([A-Z0-9]*\) .*/\1/p' | LC_ALL=C sort
        """,
    "web": r"""
        mkdir -p "$scratch/media/1"
        echo http://media01:8017/c7 >"$scratch/media/1.name"
        printf '%s\n' "$@" >"$scratch/script"
        sleep() { :; }
        curl() {
            from=0
            while [ "$#" -gt 0 ]; do
                case $1 in -o) part=$2 ;; -C) from=$2 ;; esac
                shift
            done
            echo "from $from" >>"$scratch/calls"
            read -r code answer size words <"$scratch/script"
            sed 1d "$scratch/script" >"$scratch/rest" && mv "$scratch/rest" "$scratch/script"
            [ "$size" = - ] || head -c "$size" /dev/zero >>"$part"
            [ -z "$words" ] || echo "$words" >&2
            printf '%s' "$answer"
            return "$code"
        }
        ending() {
            cat "$scratch/calls"
            if [ -f "$scratch/media/1/x" ]; then
                echo "got $(stat -c %s "$scratch/media/1/x")"
            elif [ -s "$scratch/media/1.gone" ]; then
                sed 's/^error: //; s/^fix: //' "$scratch/media/1.gone"
            else
                echo "${1:-none}"
            fi
        }
        (web_get 1 x 2>"$scratch/said")
        ending "$(sed -n 's/^error: \([A-Z0-9]*\) .*/\1/p' "$scratch/said")"
        """,
    "yum-command": r"""
        printf '#!/bin/sh\nprintf "%%s\\\\n" "$@"\n' >"$scratch/yum"
        chmod +x "$scratch/yum"
        yum=$scratch/yum yum_place=SCRATCH yum_optional= yum_verb=$1
        shift
        yum_run "$@"
        """,
    "yum-words": """
        printf '%s\\n' "$@" >"$scratch/yum.log"
        if yum_kind; then echo "$code"; else echo RPM007; fi
        """,
}
# Programs that a rule's cases take besides those that every server has.
MORE = {"arguments": ["mkfifo"], "unpack": ["bzip2", "xz"]}
# The keys that an install.sh for that EL knows.
KEYS = "el_keys() {{ case $1 in\n{}\nesac; }}\n".format(
    "\n".join(
        "{}) OFFKIT_KEYS='{}' ;;".format(
            el, " ".join("{}:{}".format(*each) for each in told_keys(releases.of(el).keys))
        )
        for el in range(11)
    )
)
# The same rules where a script of the collection follows them, which is $here/NAME.sh.
COLLECTION = {
    "default-prefix": """
        id() { echo "$user"; }
        user=$1 HOME=$2
        set -- ''
        . "$here/survey.sh" >/dev/null
        printf '%s\\n' "$prefix"
        """,
    "os-release": """
        name=$1
        shift
        printf '%s\\n' "$@" >"$scratch/os-release"
        set -- ''
        . "$here/survey.sh" >/dev/null
        printf '%s\\n' "$(release "$name")"
        """,
}
HERE = os.path.join(data.directory("ansible"), "plugins", "plugin_utils")
END = "--- end of a case"


def driver(tmp_path, rule, body):
    """All parts, the rule's function, and a call for each case; files of the system are in $scratch."""
    here = tmp_path / "here"
    here.mkdir()
    for name in os.listdir(HERE):
        if name.endswith(".sh"):
            with open(os.path.join(HERE, name)) as source:
                (here / name).write_text(source.read().replace("/etc/os-release", '"$scratch/os-release"'))
    parts = install_sh.after_the_self_check(*bootstrap.SEVERAL).partition('\nmain "$@"\n')[0]
    parts = parts.replace("/etc/os-release", '"$scratch/os-release"')
    lines = [parts, KEYS, "repo_dirs= json= quiet= verbose= here=" + shlex.quote(str(here))]
    lines += ["check() {", body, "}"]
    for case in cases.read(rule):
        words = " ".join(shlex.quote(word) for word in cases.text(case.given))
        lines += [
            'scratch=$(mktemp -d "$TMPDIR/case.XXXXXX")',
            "(check {})".format(words),
            "echo '{}'".format(END),
        ]
    return os.fsencode("\n".join(lines) + "\n")


def _lines(*parts):
    return [line for part in parts for line in str(part).splitlines()]


@every_shell
@pytest.mark.parametrize(
    ("rule", "body"),
    [*sorted(RULES.items()), *sorted(COLLECTION.items())],
    ids=[*sorted(RULES), *("collection-" + rule for rule in sorted(COLLECTION))],
)
def test_the_shell_follows(tmp_path, shell, rule, body):
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    for tool in [*install_sh.TOOLS, *MORE.get(rule, ())]:
        if shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
        elif tool in MORE.get(rule, ()):
            pytest.skip("there is no {} here".format(tool))
    install_sh.tools_of(tmp_path, shell)
    script = tmp_path / "try.sh"
    script.write_bytes(driver(tmp_path, rule, body))
    code, out, err = sh(tmp_path, script=str(script), shell=shell, errors="surrogateescape")
    found = [answer.splitlines() for answer in out.split(END + "\n")[:-1]]
    if rule == "error-document":
        found = [[json.dumps(json.loads(line)) for line in answer] for answer in found]
    if rule == "arguments":
        said = [json.loads(answer[0]) if answer else {} for answer in found]
        found = [_lines(each["exit_code"], each["error"], each["fix"]) if each else [] for each in said]
    expected = [cases.text(case.expected) for case in cases.read(rule)]
    places = [case.place for case in cases.read(rule)]
    assert dict(zip(places, found)) == dict(zip(places, expected)), err
    assert (code, err, len(found)) == (0, "", len(expected))


def test_every_rule_has_a_shell():
    assert sorted(RULES) == cases.rules()


def test_every_text_is_filled_in():
    """Each is used, and no placeholder is left but those that come with a bundle."""
    parts = b"".join(map(bootstrap._part, bootstrap.SEVERAL))
    for name in rules.texts():
        assert "@OFFKIT_{}@".format(name).encode() in parts, name
    assert b"@OFFKIT_" not in bootstrap.seal(install_sh.script(), 0, "0" * 64)


def test_the_options_are_those_of_install(tmp_path):
    """What 'offkit install' takes, install.sh takes too, with a value or without, and no more."""
    command = typer.main.get_command(app.made()).commands["install"]
    options = [each for each in command.params if each.name != "bundle" and not each.hidden]
    values = {"--get-python": "build", "--keep": "5", "--iso": "/dev/null", "--rpm-repo": "/"}
    lines = [install_sh.after_the_self_check(*bootstrap.PARTS[:-1])]
    for each in options:
        for name in each.opts:
            words = [name] if each.is_flag else [name, values.get(name, "x")]
            lines.append("(check_media() { :; }")
            lines.append('read_arguments {} -- b; echo "$unknown$bundle")'.format(" ".join(words)))
            if not each.is_flag:
                lines.append("(check_media() { :; }")
                lines.append('read_arguments {} ; echo "$unknown")'.format(name))
    lines.append('(read_arguments b --unheard-of; echo "$unknown")')
    script = tmp_path / "try.sh"
    script.write_bytes(os.fsencode("\n".join(lines) + "\n"))
    code, out, err = sh(tmp_path, script=str(script), env={"PATH": os.environ["PATH"]})
    expected = []
    for each in options:
        for name in each.opts:
            expected += ["b"] if each.is_flag else ["b", name]
    assert (code, out.splitlines(), err) == (0, [*expected, "--unheard-of"], "")
    part = install_sh.part("arguments")
    taken = set(re.findall(r"--[a-z][a-z-]+", part[part.index("set_option()") : part.index("check_media()")]))
    assert taken <= {name for each in options for name in each.opts} | {"--help"}
