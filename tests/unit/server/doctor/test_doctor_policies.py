"""FIPS mode, the crypto policy and fapolicyd. No kernel or daemon of a test machine has them: the files by which
they are known are put into a made root."""

import os

import pytest

from elf_maker import build
from offkit.edges import data
from offkit.model import surroundings
from offkit.server.doctor.examine import examine
from server_maker import SITE, Server

KNOWN = surroundings.parse(data.read_text(surroundings.TABLE))
OWN = {name: says for (kind, name), says in KNOWN.items() if kind == surroundings.OWN_CRYPTO}
CODES = ("ENV018", "ENV019", "ENV020")
# As rules.d of fapolicyd 1.1 comes, shortened to what is decided here.
RULES = [
    "allow perm=any uid=0 : dir=/var/tmp/",
    "allow perm=any uid=0 trust=1 : all",
    "allow perm=open exe=/usr/bin/rpm : all",
    "deny_audit perm=any pattern=ld_so : all",
    "allow perm=open all : ftype=application/x-sharedlib trust=1",
    "deny_audit perm=open all : ftype=application/x-sharedlib",
    "deny_audit perm=execute all : all",
    "allow perm=open all : all",
]


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "root")
    server.module("a", needed=["libc.so.6"])
    return server


def said(server):
    return [each for each in examine("/opt/env", server.root).findings if each.code in CODES]


def fips(server, on="1"):
    server.put("/proc/sys/crypto/fips_enabled", on + "\n")


def test_nothing_of_it(server):
    assert said(server) == []
    fips(server, "0")
    server.put("/etc/crypto-policies/state/current", "DEFAULT\n")
    server.put("/usr/sbin/fapolicyd", build())  # installed, and not running
    server.put("/proc/1/comm", "systemd\n")
    assert said(server) == []


def test_fips_mode(server):
    """A fact, and no alarm: what fails is in nobody's files."""
    fips(server)
    (found,) = said(server)
    assert (found.code, found.severity, found.subject, found.fix) == ("ENV018", "info", "FIPS mode", "")
    assert "usedforsecurity=False" in found.message


@pytest.mark.parametrize(
    "path",
    [
        "psycopg2_binary.libs/libcrypto-d3570994.so.1.0.2k",
        "psycopg2/.libs/libssl-3e69114b.so.1.1",
        "x.libs/libcrypto.so.3",
    ],
)
def test_a_wheel_with_an_openssl_of_its_own(server, path):
    server.distribution("psycopg2_binary", "2.8.6", {path: build(soname=os.path.basename(path))})
    assert said(server) == []
    fips(server)
    _, found = said(server)
    assert (found.code, found.severity, found.looked_in) == ("ENV018", "warning", (path,))
    assert found.message.startswith("has no say in {}: ".format(path))


def test_another_library_of_a_wheel(server):
    """libcryptopp, libsodium: not OpenSSL."""
    server.distribution("x", "1", {"x.libs/libcryptopp-1.so.8": build(soname="libcryptopp-1.so.8")})
    fips(server)
    assert [each.severity for each in said(server)] == ["info"]


@pytest.mark.parametrize(("package", "what"), sorted(OWN.items()))
def test_packages_that_compute_themselves(server, package, what):
    """Each row of the table, with and without the mode, and without the package."""
    server.distribution(package, "1.0")
    assert said(server) == []
    fips(server)
    _, found = said(server)
    assert (found.severity, found.message) == (
        "info",
        "has no say in what these compute with themselves: {} ({})".format(package, what),
    )


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("DEFAULT", ""),
        ("LEGACY", ""),
        ("DEFAULT:SHA1", ""),
        ("FUTURE", "is FUTURE: RSA keys of less than 3072 bits"),
        ("FUTURE:AD-SUPPORT", "is FUTURE:AD-SUPPORT: RSA keys of less than 3072 bits"),
    ],
)
def test_the_crypto_policy(server, policy, words):
    server.put("/etc/crypto-policies/state/current", policy + "\n")
    found = said(server)
    assert [(each.code, each.severity, each.subject) for each in found] == (
        [("ENV019", "info", "crypto policy")] if words else []
    )
    assert all(each.message.startswith(words) for each in found)


def fapolicyd(server, rules=RULES, compiled="/etc/fapolicyd/compiled.rules"):
    server.put("/usr/sbin/fapolicyd", build())
    server.put("/proc/711/comm", "fapolicyd\n")
    server.put("/etc/fapolicyd/fapolicyd.conf", "permissive = 0\n")
    server.put("/etc/fapolicyd/fapolicyd.trust", "# comment\n/usr/local/bin/x 5 " + "0" * 64 + "\n")
    server.put(compiled, "# generated\n" + "".join(rule + "\n" for rule in rules))


NAME = "a.cpython-36m-x86_64-linux-gnu.so"
LINE = "{}/{} 5 {}\n".format(SITE, NAME, "0" * 64)


@pytest.mark.parametrize("compiled", ["/etc/fapolicyd/compiled.rules", "/etc/fapolicyd/fapolicyd.rules"])
def test_fapolicyd_trusts_nothing_that_was_installed(server, compiled):
    """What fapolicyd's issue 135 has in its log: each shared object of an environment denied."""
    fapolicyd(server, compiled=compiled)
    (found,) = said(server)
    assert (found.code, found.severity, found.subject) == ("ENV020", "error", "fapolicyd")
    assert found.message == "does not trust 1 shared object: nobody can load {}".format(NAME)
    assert found.fix == (
        "as root, for each new generation too: fapolicyd-cli --file add /opt/env/ && fapolicyd-cli --update"
    )


@pytest.mark.parametrize("place", ["/etc/fapolicyd/fapolicyd.trust", "/etc/fapolicyd/trust.d/ours"])
def test_what_fapolicyd_was_told_to_trust(server, place):
    """fapolicyd-cli(8) writes a line for each file; one that came later is missing."""
    fapolicyd(server)
    server.put(place, LINE)
    assert said(server) == []
    server.module("later", needed=["libc.so.6"])
    (found,) = said(server)
    assert "later." in found.message
    assert NAME not in found.message


@pytest.mark.parametrize(
    "rule",
    [
        "allow perm=any all : dir=/opt/",
        "allow perm=open all : dir=/opt/env/ ftype=application/x-sharedlib",
        "allow perm=open exe=/usr/bin/python3.6 : all",
        "allow perm=any all : all",
    ],
)
def test_a_rule_of_the_administrators_own(server, rule):
    """Before the one that denies it lets somebody load them, so it is not for the doctor to say."""
    fapolicyd(server, [rule, *RULES])
    assert said(server) == []
    fapolicyd(server, [*RULES, rule])
    assert [each.code for each in said(server)] == ["ENV020"]


@pytest.mark.parametrize(
    "rule", ["allow perm=any all : dir=/opt/other/", "allow perm=any exe=/usr/bin/dnf : all"]
)
def test_a_rule_for_something_else(server, rule):
    fapolicyd(server, [rule, *RULES])
    assert [each.code for each in said(server)] == ["ENV020"]


def test_fapolicyd_that_denies_nothing(server):
    """Permissive, or without the rule about shared objects."""
    fapolicyd(server, [rule for rule in RULES if "sharedlib" not in rule])
    assert said(server) == []
    fapolicyd(server)
    server.put("/etc/fapolicyd/fapolicyd.conf", "# x\npermissive = 1\n")
    assert said(server) == []


def test_scripts_that_fapolicyd_does_not_let_start(server):
    """Shell scripts may (72-shell.rules), and bin/python is a link to what an RPM brought."""
    server.put("/opt/env/bin/tool", "#!/opt/env/bin/python\n")
    server.put("/opt/env/bin/activate", "# shell\n")
    fapolicyd(server)
    server.put("/etc/fapolicyd/trust.d/ours", LINE)
    (found,) = said(server)
    assert (found.code, found.severity) == ("ENV020", "error")
    assert found.message == "does not trust 1 script: nobody can start bin/tool"
    fapolicyd(server, ["allow perm=execute all : dir=/opt/env/", *RULES])
    assert said(server) == []
    fapolicyd(server, [rule for rule in RULES if "perm=execute" not in rule])
    assert said(server) == []
    fapolicyd(server)
    server.put("/etc/fapolicyd/trust.d/ours", LINE + "/opt/env/bin/tool 5 {}\n".format("0" * 64))
    assert said(server) == []


def test_the_systems_own_python(server):
    """What RPMs brought is trusted as theirs, and in no file."""
    fapolicyd(server)
    server.link("/usr/bin/python3.6", "/usr/local/bin/python3.6")
    found = examine("/usr", server.root, checks=["machine"]).findings
    assert [each for each in found if each.code == "ENV020"] == []


def test_fapolicyd_of_a_mounted_system(server):
    """Where nothing runs, by what systemd starts."""
    fapolicyd(server)
    server.remove("/proc/711/comm")
    assert said(server) == []
    server.link(
        "/etc/systemd/system/multi-user.target.wants/fapolicyd.service",
        "/usr/lib/systemd/system/fapolicyd.service",
    )
    assert [each.code for each in said(server)] == ["ENV020"]


def test_fapolicyd_whose_rules_one_may_not_read(server):
    """As an ordinary user: only that it runs is certain."""
    fapolicyd(server)
    server.remove("/etc/fapolicyd/compiled.rules")
    (found,) = said(server)
    assert (found.severity, found.message) == (
        "info",
        "is running, and this user may not read what it trusts: it may deny what is in /opt/env",
    )
