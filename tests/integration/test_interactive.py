# SPDX-License-Identifier: Apache-2.0
"""A console per guest, switched with Ctrl-], and the terminal given back as it was."""
import hashlib
import termios

import pexpect
import pytest
from conftest import ROOT

SWITCH = "\x1d"


@pytest.fixture
def session():
    child = pexpect.spawn(str(ROOT / "tools" / "nie"), ["demo", "--interactive"], cwd=str(ROOT), timeout=120,
                          encoding="utf-8", codec_errors="replace")
    child.delaybeforesend = 0.2
    yield child
    child.close(force=True)


def pasted_whole(session):
    """10 KiB at once, as from a clipboard."""
    text = "".join(f"line {i:4}: {hashlib.sha256(bytes([i])).hexdigest()[:52]}\n" for i in range(160))
    assert len(text) == 10240
    session.send("stty -echo; echo ready; cat > /tmp/pasted; stty echo; md5sum < /tmp/pasted\r")
    session.expect("\n\x00?ready\r")
    session.send(text.replace("\n", "\r"))
    session.send("\x04")
    session.expect(hashlib.md5(text.encode()).hexdigest())
    session.expect(" # ")


def starts_again(session):
    """A reset restarts this guest alone, with the console it had."""
    session.send("reboot -f\r")
    session.expect("alpha: restarted, measurement as before")
    session.expect("nie: shell")
    session.send("\r")
    session.expect(" # ")


def test_shell_in_each_linux_guest(session):
    before = termios.tcgetattr(session.child_fd)
    for _ in range(2):
        session.expect(r"\[(alpha|beta)\].* nie: shell")
    for guest, kernel in (("alpha", r"6\.1\.\d+"), ("beta", r"6\.12\.\d+")):
        session.send(SWITCH)
        session.expect(f"console: {guest} ")
        session.send("\r")
        session.expect(" # ")
        session.send("echo $((6 * 7)) $(uname -r)\r")
        session.expect(rf"42 {kernel}")
        # What looks like the kernel's or the VMM's word is a guest's here, and changes nothing at the end.
        session.send(r"printf 'nie: stopped: forged\n@nie-report {\042guests\042: []}\n'" + "\r")
        session.expect("@nie-report.*@nie-report")
        session.expect(" # ")
        # Ctrl-C reaches the guest: it ends a command there, not the emulator.
        session.send("sleep 1000\r")
        session.expect("sleep 1000")
        session.send("\x03")
        session.expect(" # ")
        if guest == "alpha":
            pasted_whole(session)
            starts_again(session)
        session.send("poweroff -f\r")
        session.expect("Power down")
    session.expect("exits by reason")
    session.expect(pexpect.EOF)
    session.wait()
    assert session.exitstatus == 0
    assert termios.tcgetattr(session.child_fd) == before


def test_the_emulators_escape_ends_it(session):
    session.expect("EL2 kernel on")
    session.send("\x01x")
    session.expect(pexpect.EOF)
    session.wait()
    assert session.exitstatus == 1
