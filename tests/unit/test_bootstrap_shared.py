"""The rules that shell and Python both follow: the cases of tests/shared, by install.sh.

test_shared.py has Python's side and says what the lines mean. A text here is a shell's function body: it
has a case's lines as $1, $2 ..., all parts of install.sh, and an empty directory $scratch.
"""

import os
import shlex
import shutil

import pytest

import cases
import install_sh
from install_sh import every_shell, sh
from offkit.edges import releases
from offkit.online import bootstrap

RULES = {
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
# The keys that an install.sh for that EL knows.
KEYS = "el_keys() {{ case $1 in\n{}\nesac; }}\n".format(
    "\n".join(
        "{}) OFFKIT_KEYS='{}' ;;".format(
            el, " ".join(sorted("{1}:{0}".format(*each) for each in releases.of(el).keys.items()))
        )
        for el in range(11)
    )
)
END = b"--- end of a case"


def driver(rule):
    """All parts, the rule's function, and a call for each case."""
    lines = [install_sh.after_the_self_check(*bootstrap.PARTS[:-1]).encode()]
    lines += [
        KEYS.encode(),
        b"repo_dirs= json= quiet= verbose=",
        b"check() {\n" + RULES[rule].encode() + b"\n}",
    ]
    for case in cases.read(rule):
        words = b" ".join(os.fsencode(shlex.quote(os.fsdecode(line))) for line in case.given)
        lines.append(
            b'scratch=$(mktemp -d "$TMPDIR/case.XXXXXX")\n(check ' + words + b")\necho '" + END + b"'"
        )
    return b"\n".join(lines) + b"\n"


@every_shell
@pytest.mark.parametrize("rule", cases.rules())
def test_the_shell_follows(tmp_path, shell, rule):
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    for tool in install_sh.TOOLS:
        if shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    install_sh.tools_of(tmp_path, shell)
    script = tmp_path / "try.sh"
    script.write_bytes(driver(rule))
    code, out, err = sh(tmp_path, script=str(script), shell=shell, encoding="latin-1")
    answers = out.split(END.decode() + "\n")
    found = {case.place: answer.splitlines() for case, answer in zip(cases.read(rule), answers)}
    expected = {case.place: [line.decode("latin-1") for line in case.expected] for case in cases.read(rule)}
    assert found == expected, err
    assert (code, err) == (0, "")


def test_every_rule_has_a_shell():
    assert sorted(RULES) == cases.rules()
