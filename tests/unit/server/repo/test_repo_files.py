"""The files that 'offkit repo' writes: fstab lines, .repo files, other people's switched off."""

import codecs
import configparser
import os
import shutil
import subprocess

import pytest

from offkit.edges import mounts
from offkit.media import repofile
from offkit.media.repofile import Base
from offkit.server.repo import fstab, others, sections

LINE = "/i/c7.iso /mnt/offkit-iso iso9660 loop,ro,nofail 0 0"


def test_a_line_of_fstab():
    """fstab(5) writes spaces in octal."""
    assert fstab.line("/i/c7.iso", "/mnt/offkit-iso") == LINE
    assert fstab.line("/my isos/a\\b.iso", "/mnt/x").startswith("/my\\040isos/a\\134b.iso /mnt/x ")


@pytest.mark.parametrize("text", ["", "/dev/sda1 / xfs defaults 0 0\n", "# end\n\n", "a b c", "a\r\nb\n"])
def test_in_and_out_of_fstab(text):
    """Byte for byte as it was, also where its last line had no end."""
    added = fstab.add(text, LINE)
    assert added.endswith(LINE + "\n")
    assert fstab.add(added, LINE) == added
    assert fstab.remove(added, LINE, fstab.open_ended(text)) == text
    assert fstab.remove(text, LINE, fstab.open_ended(text)) == text


def test_what_came_after_it_stays():
    """Somebody appended a line meanwhile; one that only begins alike is another one."""
    text = fstab.add("a b\n", LINE) + LINE + ",x\nlast\n"
    assert fstab.remove(text, LINE, False) == "a b\n" + LINE + ",x\nlast\n"
    assert fstab.remove("a b\n" + LINE + "\nlast", LINE, True) == "a b\nlast"


BASES = [
    Base("offkit-baseos", "Rocky 8.iso, BaseOS", "/mnt/my disc/BaseOS", "/etc/pki/rpm-gpg/KEY"),
    Base("offkit-appstream", "ü$%\n", "/mnt/a,b$c/AppStream", "/mnt/a,b$c/KEY"),
]


@pytest.mark.parametrize("enabled", [False, True])
def test_sections(enabled):
    """One URL each, gpgcheck=1, nothing in it that yum would split or replace; ASCII."""
    text = sections.text(BASES, enabled)
    assert text.startswith(sections.MARK + "\n")
    text.encode("ascii")
    found = repofile.parse(text, "offkit.repo")
    assert [each.id for each in found] == ["offkit-baseos", "offkit-appstream"]
    assert {(each.enabled, each.checked, each.expire, len(each.urls)) for each in found} == {
        (enabled, True, "0", 1)
    }
    assert [repofile.directory(each.urls[0]) for each in found] == [base.directory for base in BASES]
    assert [repofile.directory(each.keys[0]) for each in found] == [base.key for base in BASES]
    assert not any("$" in url or "," in url for each in found for url in each.urls + each.keys)
    options = configparser.RawConfigParser()
    options.read_string(text)
    for section in options.sections():
        assert not options.has_option(section, "module_hotfixes")
        assert not options.has_option(section, "skip_if_unavailable")


def test_a_byte_order_mark():
    """Some editors put one at the beginning; dnf reads past it, and so does who switches off."""
    text = codecs.BOM_UTF8 + b"[a]\nname=x\nbaseurl=file:///x\n"
    (found,) = repofile.parse(text.decode(), "x")
    assert (found.id, found.enabled, found.urls) == ("a", True, ("file:///x",))
    off = others.disabled(text)
    assert off == codecs.BOM_UTF8 + b"[a]\nenabled=0\nname=x\nbaseurl=file:///x\n"
    assert [each.enabled for each in repofile.parse(off.decode(), "x")] == [False]


@pytest.mark.skipif(shutil.which("dnf") is None or os.geteuid() != 0, reason="no dnf here, or not root")
def test_dnf_reads_past_a_byte_order_mark(tmp_path):
    """The real one."""
    (tmp_path / "rd").mkdir()
    (tmp_path / "rd/own.repo").write_bytes(codecs.BOM_UTF8 + b"[own]\nname=x\nbaseurl=file:///nowhere\n")
    argv = ["dnf", "-q", "--installroot", str(tmp_path / "root"), "--releasever", "7"]
    argv += ["--setopt=reposdir=/proc/self/cwd/rd", "repolist"]
    said = subprocess.run(argv, cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    assert b"own" in said


@pytest.mark.parametrize(
    ("text", "off"),
    [
        (b"[a]\nenabled=1\nname=x\n", b"[a]\nenabled=0\nname=x\n"),
        (b"[a]\nname=x\n[b]\nEnabled : yes\n", b"[a]\nenabled=0\nname=x\n[b]\nenabled=0\n"),
        (b"# c\n\n[a]\r\nname=\xff\r\n", b"# c\n\n[a]\r\nenabled=0\r\nname=\xff\r\n"),
        (b"[main]\nenabled=1\n[a]", b"[main]\nenabled=1\n[a]\nenabled=0\n"),
        (b"", b""),
    ],
)
def test_switched_off(text, off):
    """Every section but [main], whether it says so or not; all other bytes stay."""
    assert others.disabled(text) == off
    assert others.disabled(off) == off
    assert not any(each.enabled for each in repofile.parse(off.decode("latin-1"), "x"))


def test_mountinfo():
    """proc(5): optional fields end at a hyphen, spaces are octal."""
    text = (
        "36 35 98:0 / /mnt/my\\040disc rw,noatime shared:1 master:2 - iso9660 /dev/loop0 ro,utf8\n"
        "40 35 0:36 / / rw - overlay lab rw\nnonsense\n"
    )
    assert mounts.parse(text) == [
        mounts.Mount("/mnt/my disc", "iso9660", "/dev/loop0", True),
        mounts.Mount("/", "overlay", "lab", False),
    ]
    assert mounts.parse("") == []
