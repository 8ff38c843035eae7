# SPDX-License-Identifier: Apache-2.0
"""The console's stream: what is shown, what is kept, however the bytes arrive."""
import json

import pytest

from stream import Stream

GUEST = {"name": "alpha", "vcpus": 1, "private_memory": 1 << 28, "exits": {"mmio": 12}, "end": "off", "detail": ""}
REPORT = b"@nie-report " + json.dumps({"guests": [GUEST]}).encode()
TEXT = b"nie: EL2 kernel\r\n\x1b[32m[alpha]\x1b[0m hi @nie-report\r\n@\n@nie\r\n"


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 4096])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_report_is_kept_and_the_rest_shown(piece, newline):
    data = TEXT + REPORT + newline + b"bye" + newline
    stream, shown = Stream(), b""
    for at in range(0, len(data), piece):
        shown += stream.feed(data[at:at + piece])
    assert shown == TEXT + b"bye" + newline
    assert stream.report == {"guests": [GUEST]} and stream.report_error is None and stream.fault is None


def test_report_without_newline_at_the_end():
    stream = Stream()
    assert stream.feed(REPORT) == b""
    stream.end_line()
    assert stream.report == {"guests": [GUEST]}


def test_a_prompt_is_shown_before_its_newline():
    assert Stream().feed(b"/ # ") == b"/ # "


@pytest.mark.parametrize("text, error", [
    (b"@nie-report {\n", "JSONDecodeError"), (b"@nie-report {}\n", "guests"), (b"@nie-report []\n", "TypeError"),
    (b'@nie-report {"guests": [{"name": "a"}]}\n', "vcpus"),
    (b'@nie-report {"guests": [{"name": "a", "vcpus": "1"}]}\n', "not a int"),
    (REPORT + b"\n" + REPORT + b"\n", "two report lines")])
def test_bad_report(text, error):
    stream = Stream()
    assert stream.feed(text) == b""
    assert error in stream.report_error


def test_first_fault_is_named():
    stream = Stream()
    stream.feed(b"[alpha] half a line\r\nnie: stopped: data abort\r\nnie: stopped: again\r\n")
    assert stream.fault == "stopped: data abort"


def test_a_guest_cannot_fake_a_fault_or_a_report():
    stream = Stream()
    for line in (b"nie: stopped: x", REPORT):
        # Behind its name, alone on the terminal (the VMM starts such lines with a NUL), in a line too long to keep.
        for before in (b"[alpha] ", b"\x1b[36m[alpha]\x1b[0m ", b"\r\n\0", b"\0" + b"x" * 65537, b"\0" + b"x" * 65536):
            stream.feed(b"\n" + before)
            stream.feed(line + b"\n")
    assert stream.fault is None and stream.report is None and stream.report_error is None
    stream.feed(REPORT + b"\n")
    assert stream.report


def test_a_line_without_end_does_not_grow_for_ever():
    stream = Stream()
    for _ in range(300):
        stream.feed(b"x" * 1024)
    assert len(stream.line) < 128 * 1024
