# SPDX-License-Identifier: Apache-2.0
"""apt sources in both styles, as machines have them."""
import pytest

from distribution import debian_codename, debian_sources, machine_sources, os_release, parse_deb822, parse_one_line

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # comment
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg check-valid-until=no] http://mirror.example/debian-security bookworm-security main
"""
DEB822 = """\
Types: deb deb-src
# a comment between fields
URIs: http://mirror.example/debian http://other.example/debian
Suites: trixie trixie-updates
Components: main
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abcd
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: trixie
Components: main

types: deb
uris: http://mirror.example/debian-security
suites: trixie-security
components: main
signed-by: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def test_one_line():
    archive, security = parse_one_line(ONE_LINE)
    assert (archive.uri, archive.suites, archive.components) == (
        "http://mirror.example/debian", ["bookworm"], ["main", "contrib"])
    assert archive.options == {}
    assert security.options == {"Arch": "amd64", "Signed-By": "/k.gpg", "Check-Valid-Until": "no"}


def test_deb822():
    sources = parse_deb822(DEB822)
    assert [s.uri for s in sources] == ["http://mirror.example/debian", "http://other.example/debian",
                                        "http://mirror.example/debian-security"]
    assert sources[0].suites == ["trixie", "trixie-updates"]
    assert sources[0].options["Signed-By"].count("\n") == 4
    assert sources[2].options == {"Signed-By": "/usr/share/keyrings/debian-archive-keyring.gpg"}


@pytest.mark.parametrize("style, codename", [("sources.list", "bookworm"), ("sources.list.d/debian.sources", "trixie")])
def test_machine(tmp_path, style, codename):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / style).write_text(ONE_LINE if codename == "bookworm" else DEB822)
    (tmp_path / "sources.list.d" / "vendor.list").write_text(f"deb https://a.vendor.example {codename} main\n")
    archive, security = debian_sources(codename, machine_sources(tmp_path))
    assert archive.uri == "http://mirror.example/debian"
    assert security.uri == "http://mirror.example/debian-security"
    assert "Architectures" not in archive.options and "Arch" not in security.options


def test_no_security_suite(tmp_path):
    (tmp_path / "sources.list").write_text("deb http://mirror.example/debian bookworm main\n")
    archive, security = debian_sources("bookworm", machine_sources(tmp_path))
    assert archive is not None and security is None


def test_stable_by_alias(tmp_path):
    (tmp_path / "sources.list").write_text("deb http://mirror.example/debian oldstable main\n")
    assert debian_sources("bookworm", machine_sources(tmp_path))[0] is not None


def test_no_source(tmp_path):
    assert debian_sources("bookworm", machine_sources(tmp_path)) == (None, None)


@pytest.mark.parametrize("text, codename", [
    ('ID=debian\nVERSION_ID="12"\n', "bookworm"), ("ID=debian\nVERSION_ID=13\n", "trixie"),
    ("ID=debian\n", None), ('ID=ubuntu\nVERSION_ID="12"\nID_LIKE=debian\n', None)])
def test_codename(tmp_path, text, codename):
    (tmp_path / "os-release").write_text(text)
    assert debian_codename(os_release(tmp_path / "os-release")) == codename
