"""install.sh with yum: how it is called, what the ledger says, and what its failures are called.

yum and rpm are stand-ins that say what real ones say (dnf 4, yum 3.4.3); the lab has a real dnf.
"""

import hashlib
import os
import shlex

import pytest

import install_sh
import repo_maker
import source_maker
from install_sh import REAL, every_shell, program, sh

pytestmark = [
    install_sh.without_python36,
    pytest.mark.skipif(os.geteuid() != 0, reason="yum is called as root only"),
]

TOOLS = [*install_sh.TOOLS, "flock", "gcc", "make", "nproc", "sleep"]
KEY = "RPM-GPG-KEY-CentOS-7"
# rpm keeps its database in HOME/rpmdb, one line a package.
RPM = r"""
[ "$1" != --dbpath ] || shift 2
case $1 in
    -qp) for file; do :; done; cat "$file" ;;
    -Kv) cat "${0%/*}/../rpm.says" ;;
    -qa) cat "$HOME/rpmdb" ;;
    -q) shift; for name; do grep -q "^$name-[0-9]*:" "$HOME/rpmdb" || { echo "package $name is not installed"; exit 1; }; done ;;
    -e) grep -v "^gpg-pubkey-0:${2#gpg-pubkey-}" "$HOME/rpmdb" >"$HOME/rpmdb.new"; mv "$HOME/rpmdb.new" "$HOME/rpmdb" ;;
esac
"""
# What it says of a package that is whole (rpm 4.11).
WHOLE = """\
/x.rpm:
    Header V3 RSA/SHA256 Signature, key ID f4a80eb5: OK
    Header SHA1 digest: OK (4d1e)
    V3 RSA/SHA256 Signature, key ID f4a80eb5: OK
    MD5 digest: OK (77b8)
"""
# yum does what HOME/yum.does says, with the packages in $wanted; what it only fetches, HOME/yum.fetches says.
YUM = r"""
case $* in *--version*) cat "$HOME/yum.version"; exit ;; esac
wanted=
into=
for word; do
    [ -z "${install-}" ] || wanted="$wanted $word"
    case $word in
        install) install=1 ;;
        --downloaddir=*) into=${word#--downloaddir=} ;;
        --setopt=destdir=*) into=${word#--setopt=destdir=} ;;
    esac
done
install=
if [ -n "$into" ]; then
    printf '%s\n' "$@" >>"$HOME/yum.fetched"
    . "$HOME/yum.fetches"
    for name in $wanted; do printf '%s ' "$name" >"$into/$name-1.0-1.el7.x86_64.rpm"; done
    case $* in *--downloaddir=*) echo 'exiting because "Download Only" specified' ;; esac
    exit
fi
printf '%s\n' "$@" >"$HOME/yum.argv"
for word; do case $word in --setopt=reposdir=*) cp "${word#--setopt=reposdir=}"/offkit.repo "$HOME/seen.repo" ;; esac; done
wanted=
for word; do [ -z "${install-}" ] || wanted="$wanted $word"; [ "$word" != install ] || install=1; done
. "$HOME/yum.does"
"""
INSTALLS = r"""
for name in $wanted; do echo "$name-0:1.0-1.el7.x86_64" >>"$HOME/rpmdb"; done
echo "gpg-pubkey-0:f4a80eb5-53a7ff4b.(none)" >>"$HOME/rpmdb"
printf '#!/bin/sh\ncase $* in *version_info*) echo 3.6 && exit ;; esac\nexec "@REAL@" "$@"\n' >"$HOME/bin/python3.6"
chmod +x "$HOME/bin/python3.6"
echo Complete!
""".replace("@REAL@", REAL)
OLD = ["bash-0:4.2-1.el7.x86_64", "gpg-pubkey-0:352c64e5-52ae6884.(none)"]


@pytest.fixture(autouse=True)
def _no_yum_at_work():
    if os.path.exists("/var/run/yum.pid"):
        pytest.skip("a yum is at work on this machine")


def medium(place, names=("python3", "python3-libs")):
    """A directory with a repository of that shape, and the key."""
    packages = [repo_maker.package(name, version="3.6.8", checksum="sha256:" + "0" * 64) for name in names]
    repo_maker.repository(str(place), packages)
    (place / KEY).write_bytes(b"a key\n")
    return place


def prepare(path, **more):
    server = install_sh.make_server(path, TOOLS, **dict({"series": "3.6"}, **more))
    program(server / "bin" / "rpm", RPM)
    program(server / "bin" / "yum", YUM)
    (server / "rpmdb").write_text("\n".join(OLD) + "\n")
    (server / "yum.version").write_text("3.4.3\n")
    (server / "yum.does").write_text(INSTALLS)
    (server / "yum.fetches").write_text("")
    (server / "rpm.says").write_text(WHOLE)
    (server / "a disc").mkdir()
    medium(server / "a disc")
    return server


@pytest.fixture
def server(tmp_path):
    return prepare(tmp_path)


def install(server, *args, **more):
    options = ["--prefix", server / "prefix", "--rpm-repo", server / "a disc"]
    return sh(server, server / "medium" / "bundle.tar", *(options + list(args)), **more)


def lines(path):
    return path.read_text().splitlines()


@every_shell
@pytest.mark.parametrize("version", ["3.4.3", "4.14.0"])
def test_python_by_yum(server, shell, version):
    """From the media alone, with signatures checked, the system's own cache and files untouched."""
    install_sh.tools_of(server, shell)
    (server / "yum.version").write_text(version + "\n")
    code, out, err = install(server, shell=shell)
    assert (code, out[:12]) == (0, "runtime True"), err
    argv = lines(server / "yum.argv")
    assert argv[:2] == ["-y", "--noplugins"]
    for word in (
        "--disablerepo=*",
        "--enablerepo=offkit-*",
        "--setopt=exit_on_lock=1",
        "--setopt=metadata_expire=0",
    ):
        assert word in argv
    assert argv[-2:] == ["install", "python3"]
    assert "--setopt=install_weak_deps=0" in argv
    scratch = str(server / "tmp")
    assert next(word for word in argv if "reposdir=" in word).startswith("--setopt=reposdir=" + scratch)
    assert next(word for word in argv if "cachedir=" in word).startswith("--setopt=cachedir=" + scratch)
    repo = (server / "seen.repo").read_text()
    assert repo.count("baseurl=file://" + scratch) == repo.count("[offkit-") == 1
    assert "\ngpgcheck=1\n" in repo
    assert "\ngpgkey=file://" + scratch in repo
    assert "module_hotfixes" not in repo
    assert "RPM025" not in err
    fetched = lines(server / "yum.fetched")
    assert "--downloadonly" in fetched
    assert ("--setopt=offkit-1.copy_local=1" in fetched) == (version == "3.4.3")
    assert os.listdir(scratch) == []


@every_shell
def test_the_ledger(server, shell):
    """What was there before and after, and a line for people: uninstall can take it back."""
    install_sh.tools_of(server, shell)
    assert install(server, shell=shell)[0] == 0
    place = server / "prefix" / "system"
    assert sorted(os.listdir(str(place))) == ["0001.after", "0001.before", "0001.text"]
    assert lines(place / "0001.before") == sorted(OLD)
    new = ["python3-0:1.0-1.el7.x86_64", "gpg-pubkey-0:f4a80eb5-53a7ff4b.(none)"]
    assert lines(place / "0001.after") == sorted(OLD + new)
    assert lines(place / "0001.text") == ["yum install python3 from a disc"]


def test_the_next_number(server):
    """Behind whatever is there, without a number of ours in the way."""
    place = server / "prefix" / "system"
    place.mkdir(parents=True)
    for name in ("0001.before", "0008.text", "0009.before", "notes.txt"):
        (place / name).write_text("")
    assert install(server)[0] == 0
    assert (place / "0010.after").exists()


DNF = "Error: GPG check FAILED"
REFUSALS = [
    ("RPM001", 3, ["Package python3-3.6.8-1.x86_64.rpm: checksum doesn't match", "[Errno 256] has incorrect checksum"]),
    ("RPM001", 3, ["Error unpacking rpm package python3", "error: unpacking of archive failed: cpio: read"]),
    ("RPM002", 3, ["Package python3-3.6.8-1.x86_64.rpm is not signed", DNF]),
    ("RPM003", 3, ["Public key for python3-3.6.8-1.x86_64.rpm is not installed. Failing package is: x", DNF]),
    ("RPM003", 3, ['The GPG keys listed for the "offkit 1" repository are already installed but they are not '
                   "correct for this package."]),
    ("RPM004", 1, ["Error: Package: python3 (offkit-1)", "           Requires: libtirpc.so.1()(64bit)"]),
    ("RPM004", 1, ["Error: ", " Problem: conflicting requests", "  - nothing provides libtirpc needed by python3"]),
    ("RPM004", 1, ["No package python3 available.", "Error: Nothing to do"]),
    ("RPM004", 1, ["No match for argument: python3", "Error: Unable to find a match: python3"]),
    ("RPM005", 4, ["Existing lock /var/run/yum.pid: another copy is running as pid 77.",
                   "Another app is currently holding the yum lock; exiting as configured by exit_on_lock"]),
    ("RPM005", 4, ["Failed to obtain the transaction lock (logged in as: root)."]),
    ("RPM005", 4, ["error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)"]),
    ("REPO011", 3, ["Errors during downloading metadata for repository 'offkit-1':",
                    "Error: Failed to download metadata for repo 'offkit-1': Cannot download repomd.xml"]),
    ("REPO011", 3, ["failure: repodata/repomd.xml from offkit-1: [Errno 256] No more mirrors to try."]),
    ("ENV024", 4, ["Error Summary", "Disk Requirements:", "   At least 10MB more space needed on the / filesystem."]),
    ("REPO006", 4, ["Config error: Parsing file \"/etc/dnf/dnf.conf\" failed: IniParser: Missing '=' at line 3"]),
    ("RPM007", 4, ["Traceback", "KeyError: 'something new'"]),
]  # fmt: skip


@every_shell
@pytest.mark.parametrize(("code", "status", "said"), REFUSALS)
def test_each_failure_has_its_name(server, shell, code, status, said):
    """With yum's own words, and nothing half done: neither files nor an entry in the ledger."""
    install_sh.tools_of(server, shell)
    words = "\n".join(said).replace("'", "'\\''")
    (server / "yum.does").write_text("echo '{}' >&2\nexit 1\n".format(words))
    found, out, err = install(server, shell=shell)
    assert (found, out) == (status, ""), err
    assert "error: {} ".format(code) in err
    assert said[-1].strip() in err or said[0].strip() in err
    assert "nothing was installed" in err or code == "RPM005"
    assert not (server / "prefix").exists()
    assert os.listdir(str(server / "tmp")) == []


def test_of_an_unknown_failure_its_errors_are_shown(server):
    """Not the table of packages before them."""
    (server / "yum.does").write_text(
        "n=0; while [ $n -lt 30 ]; do n=$((n + 1)); echo package $n; done; echo 'Error: a riddle' >&2; exit 1\n"
    )
    err = install(server)[2]
    assert "error: RPM007 yum failed (exit 1):" in err
    assert "    Error: a riddle\n" in err
    assert "package 30" not in err


def test_yum_3_is_content_with_half(server):
    """It ends well when one of two packages is there."""
    (server / "yum.fetches").write_text("echo 'No package python3 available.'\nexit 0\n")
    code, _, err = install(server)
    assert code == 1
    assert "error: RPM004" in err
    assert not (server / "yum.argv").exists()


def test_yum_3_that_copies_nothing(server):
    """It goes on as yum would, and says what was not looked at."""
    (server / "yum.fetches").write_text("echo 'exiting because \"Download Only\" specified'\nexit 0\n")
    code, _, err = install(server)
    assert code == 0, err
    assert "warning: RPM025 yum says" in err
    (server / "yum.version").write_text("4.14.0\n")
    (server / "bin" / "python3.6").unlink()
    (server / "rpmdb").write_text("\n".join(OLD) + "\n")
    assert install(server, "--prefix", server / "other")[0] == 1


def test_a_python_that_does_not_run_and_is_not_fetched(server):
    """A reinstallation is verified as an installation is; so it is said where nothing could be."""
    (server / "rpmdb").write_text("\n".join([*OLD, "python3-0:1.0-1.el7.x86_64"]) + "\n")
    (server / "yum.does").write_text("exit 0\n")
    text = YUM.replace("install) install=1", "install | reinstall) install=1")
    program(server / "bin" / "yum", text)
    (server / "yum.fetches").write_text(
        "case $* in *reinstall*) echo 'exiting because \"Download Only\" specified'; exit 0 ;; esac\n"
    )
    code, _, err = install(server)
    assert (code, err.count("warning: RPM025 yum says")) == (4, 1), err
    assert "error: PY021 python3 is installed, but provides no usable Python" in err


def test_yum_that_did_not_do_what_it_said(server):
    """It ended with 0, and rpm is asked: RPM023."""
    (server / "yum.does").write_text("exit 0\n")
    code, _, err = install(server)
    assert code == 4
    assert "error: RPM023 yum has reported no error, and rpm does not have python3" in err


@every_shell
@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("MD5 digest: OK", "MD5 digest: BAD", "RPM001", "is damaged or altered: rpm says MD5 digest"),
        ("f4a80eb5: OK", "f4a80eb5: NOKEY", "RPM003", "is signed with key f4a80eb5"),
    ],
)
def test_a_package_that_is_not_whole(server, shell, old, new, code, words):
    """rpm -K says so before yum is let at it."""
    install_sh.tools_of(server, shell)
    (server / "rpm.says").write_text(WHOLE.replace(old, new))
    status, _, err = install(server, shell=shell)
    assert status == 3
    assert "error: {} python3-1.0-1.el7.x86_64.rpm on a disc {}".format(code, words) in err
    assert "nothing was installed" in err
    assert not (server / "yum.argv").exists()
    assert lines(server / "rpmdb") == OLD
    assert not (server / "prefix").exists()


def configured(server, options):
    """A yum.conf that install.sh reads in the place of this machine's; its path."""
    (server / "yum.conf").write_text("[main]\n" + options)
    return instead(server, "/etc/yum.conf", server / "yum.conf")


def instead(server, path, own):
    """Has install.sh use ``own`` in the place of a path of this machine's; gives it as a text."""
    text = (server / "medium" / "install.sh").read_text()
    body = text[: text.rindex("# sha256 ")].replace(path, str(own))
    whole = body + "# sha256 " + hashlib.sha256(body.encode()).hexdigest() + "\n"
    (server / "medium" / "install.sh").write_text(whole)
    return str(own)


FETCHES_MODULAR = """\
for name in $wanted; do
    echo "$name 0 3.6.8 1.el7 python36:3.6:8100020240101000000:17efdbc7" >"$into/$name-3.6.8-1.el7.x86_64.rpm"
done
exit 0
"""


@every_shell
@pytest.mark.parametrize(
    ("version", "described", "told"),
    [("4.14.0", False, True), ("4.14.0", True, False), ("3.4.3", False, False)],
)
def test_a_modular_rpm_that_dnf_fetches_and_refuses(server, shell, version, described, told):
    """By its label, where its repository describes no modules; offkit takes it, and says so."""
    install_sh.tools_of(server, shell)
    (server / "yum.version").write_text(version + "\n")
    (server / "yum.fetches").write_text(FETCHES_MODULAR)
    if described:
        repomd = server / "a disc" / "repodata" / "repomd.xml"
        modules = '<data type="modules"><location href="repodata/modules.yaml"/></data></repomd>'
        repomd.write_text(repomd.read_text().replace("</repomd>", modules))
    code, _, err = install(server, shell=shell)
    assert code == 0, err
    assert ("warning: RPM022" in err) == told, err
    assert ("module_hotfixes=1" in (server / "seen.repo").read_text()) == told


@every_shell
@pytest.mark.parametrize(
    ("state", "words", "fix"),
    [
        ("disabled", "that module is disabled on this server", "dnf module reset python36, then "),
        (
            "enabled\nstream = 3.5",
            "this server has python36:3.5 enabled",
            "if nothing needs that any more: dnf module reset python36, then ",
        ),
        ("enabled\nstream=3.6", "", ""),
        ("disabled", "", ""),
    ],
    ids=["off", "another", "same", "undescribed"],
)
def test_a_module_whose_state_hides_python(server, shell, state, words, fix):
    """A dry run says it as the run does. What the medium does not describe as a module is taken (RPM022)."""
    install_sh.tools_of(server, shell)
    (server / "yum.version").write_text("4.14.0\n")
    (server / "module.d").mkdir()
    place = str(server / "module.d")
    instead(server, "/etc/dnf/modules.d", shlex.quote(place))
    (server / "module.d/python36.module").write_text("[python36]\nname=python36\nstate = {}\n".format(state))
    (server / "a disc/Packages").mkdir()
    label = "python36:3.6:8100020240101000000:17efdbc7\n"
    (server / "a disc/Packages/python3-3.6.8-1.el7.x86_64.rpm").write_text(label)
    if words or "3.6" in state:
        repomd = server / "a disc" / "repodata" / "repomd.xml"
        modules = '<data type="modules"><location href="repodata/modules.yaml"/></data></repomd>'
        repomd.write_text(repomd.read_text().replace("</repomd>", modules))
    dry, run = install(server, "--dry-run", shell=shell), install(server, shell=shell)
    if not words:
        assert "RPM029" not in dry[2] + run[2]
        assert run[0] == 0, run[2]
        return
    told = "error: RPM029 python3 is of the module python36:3.6, and {} ({}/python36.module): dnf hides it\n"
    for code, _, err in (dry, run):
        assert code == 4
        assert told.format(words, place) in err
        assert "fix: " + fix + "dnf module enable python36:3.6; or --no-root, which unpacks it below" in err
    assert not (server / "yum.argv").exists()


def sent_to(place, base):
    """The medium's packages are said to lie below this URL."""
    xml = repo_maker.primary(
        [repo_maker.package(name, version="3.6.8") for name in ("python3", "python3-libs")]
    )
    xml = xml.replace(b"<location ", b'<location xml:base="%s" ' % base.encode())
    repo_maker.repository(str(place), (), xml=xml)


@every_shell
def test_packages_that_lie_on_a_server_by_their_metadata(server, shell):
    """xml:base, as createrepo --baseurl writes it: yum would ask that server, which nobody named. A dry run says
    it as the run does."""
    install_sh.tools_of(server, shell)
    sent_to(server / "a disc", "http://user:secret@origin.example/x")
    for options in (["--dry-run"], []):
        code, _, err = install(server, *options, shell=shell)
        assert code == 4
        assert (
            "error: REPO020 {} says of its packages that they lie at http://origin.example/x (xml:base), and yum "
            "would fetch them there\n".format(server / "a disc")
        ) in err
        assert "fix: make its metadata anew: createrepo_c DIR; or --no-root" in err
    assert not (server / "yum.fetched").exists()
    sent_to(server / "a disc", "media://1234.5#2")
    code, _, err = install(server, shell=shell)
    assert code == 0, err


def test_what_the_administrator_excludes(server):
    """The line is named: without it yum finds the package, as was tried."""
    conf = configured(server, "exclude=python3*,\n  kernel\n[base]\nexclude=x\n")
    (server / "yum.fetches").write_text(
        'case $* in *--disableexcludes=all*) ;; *) echo "No package python3 available."; exit 0 ;; esac\n'
    )
    code, _, err = install(server)
    assert code == 4
    assert "error: RPM020 packages are kept from yum by {}: exclude=python3* kernel".format(conf) in err
    assert not (server / "yum.argv").exists()


@pytest.mark.parametrize(
    ("version", "option"),
    [
        ("3.4.3", "--disableexcludes=all"),
        ("4.14.0", "--disableexcludes=all"),
        ("dnf5 version 5.2.6", "--setopt=disable_excludes=*"),
    ],
)
def test_without_excludes_in_each_program_s_way(server, version, option):
    """dnf 5 does not know the option of the others."""
    conf = configured(server, "exclude=python3*\n")
    (server / "yum.version").write_text(version + "\n")
    (server / "yum.fetches").write_text(
        'case $* in *{}*) ;; *) echo "No match for argument: python3"; exit 1 ;; esac\n'.format(option)
    )
    assert (
        "error: RPM020 packages are kept from yum by {}: exclude=python3*".format(conf) in install(server)[2]
    )


RINGS = r"""
case $1/$3 in
    --dbpath/--import) mkdir -p "$2"; cat "$4" >>"$2/keys"; exit ;;
    --dbpath/-Kv) grep -q SIGNER "$2/keys" 2>/dev/null && cat "${0%/*}/../rpm.says" && exit; sed 's/f4a80eb5: OK/f4a80eb5: NOKEY/' "${0%/*}/../rpm.says"; exit ;;
    -q/--qf) cat "$HOME/imported.asc"; exit ;;
    -qf/*) exit 1 ;;
esac
"""


@every_shell
@pytest.mark.parametrize("imported", ["", "-----BEGIN PGP\nSIGNER\n-----END PGP\n"])
def test_the_one_of_several_keys_that_signed(server, shell, imported):
    """All that this server has by their names are looked at, and yum imports the one that is needed, which is
    none where rpm has it."""
    install_sh.tools_of(server, shell)
    pki = server / "pki"
    pki.mkdir()
    (pki / "RPM-GPG-KEY-CentOS-7").write_text("another\n")
    (pki / "RPM-GPG-KEY-redhat-release").write_text("SIGNER\n")
    (pki / "RPM-GPG-KEY-oracle").write_text("SIGNER too\n")
    (server / "imported.asc").write_text(imported)
    instead(server, "/etc/pki/rpm-gpg", pki)
    program(server / "bin" / "rpm", RINGS + RPM)
    does = (server / "yum.does").read_text()
    keep = "for word; do case $word in --setopt=reposdir=*) cat ${word#*=reposdir=}/../keys/* ;; esac; done >$HOME/keys"
    (server / "yum.does").write_text(keep + "\n" + does)
    code, _, err = install(server, shell=shell)
    assert code == 0, err
    assert (server / "keys").read_text() == ("" if imported else "SIGNER too\n")
    assert ("gpgkey=" in (server / "seen.repo").read_text()) == (not imported)


def test_a_key_goes_again_when_nothing_came_of_it(server):
    """yum imports it before it finds that it is the wrong one."""
    text = 'echo "gpg-pubkey-0:f4a80eb5-53a7ff4b.(none)" >>"$HOME/rpmdb"\necho "Package x is not signed"\nexit 1\n'
    (server / "yum.does").write_text(text)
    assert install(server)[0] == 3
    assert lines(server / "rpmdb") == OLD
    assert not (server / "prefix").exists()


def test_what_a_failed_yum_did_all_the_same(server):
    """Stays in the ledger, and is said."""
    (server / "yum.does").write_text(INSTALLS + "echo 'KeyError: 1'\nexit 1\n")
    code, _, err = install(server)
    assert code == 4
    assert "it was installed already: " in err
    assert "python3-0:1.0-1.el7.x86_64" in err
    assert (server / "prefix" / "system" / "0001.after").exists()


def test_killed_in_between(server):
    """An entry without its end: another one follows."""
    (server / "yum.does").write_text(INSTALLS + 'kill -KILL "$PPID"\n')
    assert install(server)[0] == -9
    place = server / "prefix" / "system"
    assert sorted(os.listdir(str(place))) == ["0001.before", "0001.text"]
    (server / "yum.does").write_text(INSTALLS)
    (server / "bin" / "python3.6").unlink()
    assert install(server)[0] == 0
    assert (place / "0002.after").exists()


def test_another_yum_is_at_work(server, monkeypatch):
    """An old yum 3 would wait for ever: its pid file is looked at first."""
    text = (server / "medium" / "install.sh").read_text()
    pid_file = server / "yum.pid"
    pid_file.write_text("{}\n".format(os.getpid()))
    body = text[: text.rindex("# sha256 ")].replace("/var/run/yum.pid", str(pid_file))
    whole = body + "# sha256 " + hashlib.sha256(body.encode()).hexdigest() + "\n"
    (server / "medium" / "install.sh").write_text(whole)
    code, _, err = install(server)
    assert code == 4
    assert "error: RPM005 another process is changing" in err
    assert "process {}".format(os.getpid()) in err
    assert not (server / "yum.argv").exists()
    assert not (server / "prefix").exists()


def test_a_temporary_directory_with_spaces(server):
    """yum splits what it is given at spaces, so it is given a place without."""
    (server / "a tmp").mkdir()
    before = set(os.listdir("/tmp"))
    code, _, err = install(server, env={"TMPDIR": str(server / "a tmp")})
    assert code == 0, err
    assert not [word for word in lines(server / "yum.argv") if " " in word]
    assert not [name for name in set(os.listdir("/tmp")) - before if name.startswith("offkit.")]
    assert os.listdir(str(server / "a tmp")) == []


def test_a_dry_run_writes_nothing(server):
    """What would be installed, and that it needs root."""
    code, out, _ = install(server, "--dry-run")
    assert code == 0
    assert "1. would install python3 with yum from a disc (root)" in out
    assert not (server / "yum.argv").exists()
    assert not (server / "prefix").exists()


def with_source(path, does):
    data = source_maker.source()
    server = prepare(path, **source_maker.carry(data))
    (server / "yum.does").write_text(does)
    return server


@install_sh.with_compiler
@every_shell
@pytest.mark.parametrize(
    ("version", "option"),
    [("4.14.0", "--setopt=strict=0"), ("dnf5 version 5.2.6", "--setopt=skip_unavailable=1")],
)
def test_a_compiler_and_headers_by_yum(tmp_path, shell, version, option):
    """Before the source is unpacked; what the media do not have is named, and is no failure."""
    does = (
        'wanted=" $wanted "\nwanted=${wanted% tk-devel *}${wanted#* tk-devel }\n'
        + INSTALLS.split("printf")[0]
    )
    server = with_source(tmp_path, does)
    install_sh.tools_of(server, shell)
    (server / "yum.version").write_text(version + "\n")
    code, _, err = install(server, shell=shell)
    assert code == 0, err
    argv = lines(server / "yum.argv")
    wanted = argv[argv.index("install") + 1 :]
    assert {"gcc", "make", "zlib-devel", "openssl-devel", "libffi-devel"} <= set(wanted)
    assert option in argv
    assert "not on the media: " in err
    assert "tk-devel" in err.split("not on the media: ")[1].splitlines()[0]
    assert (server / "prefix" / "python" / "3.6.15").is_dir()
    assert (server / "prefix" / "system" / "0001.after").exists()


@install_sh.with_compiler
def test_media_without_a_compiler(tmp_path):
    """A Minimal ISO: RPM004, and nothing is left."""
    server = with_source(tmp_path, "echo 'No match for argument: gcc'\necho 'Error: Nothing to do'\nexit 1\n")
    (server / "bin" / "gcc").unlink()
    (server / "bin" / "make").unlink()
    code, _, err = install(server)
    assert code == 1, err
    assert "error: RPM004 Python 3.6.15 cannot be compiled: gcc, make missing on the media" in err
    assert not (server / "prefix").exists()


@install_sh.with_compiler
def test_all_is_installed_already(tmp_path):
    """yum is not called."""
    server = with_source(tmp_path, "exit 1\n")
    text = (server / "medium" / "install.sh").read_text()
    devel = next(line for line in text.splitlines() if line.startswith("OFFKIT_DEVEL="))
    names = ["gcc", "make"] + devel.split("'")[1].split()
    (server / "rpmdb").write_text("".join("{}-0:1-1.el7.x86_64\n".format(name) for name in names))
    code, _, err = install(server)
    assert code == 0, err
    assert not (server / "yum.argv").exists()
    assert not (server / "prefix" / "system").exists()


@install_sh.with_compiler
@every_shell
@pytest.mark.parametrize("options", [(), ("--get-python", "source")])
def test_a_source_that_cannot_be_compiled_here(tmp_path, shell, options):
    """Without root and compiler the media are the next way, unless the source was asked for."""
    server = with_source(tmp_path, "exit 1\n")
    install_sh.tools_of(server, shell)
    (server / "bin" / "gcc").unlink()
    code, out, err = install(server, "--no-root", "--dry-run", *options, shell=shell)
    if options:
        assert (code, out) == (4, "")
        assert "error: PY022 Python 3.6.15 cannot be compiled here: missing gcc" in err
    else:
        assert "the source in the bundle cannot be compiled here: missing gcc" in err
        # what this bare server lacks for the next way
        assert "error: RPM009 missing here: rpm2cpio, cpio" in err
    assert not (server / "prefix").exists()
