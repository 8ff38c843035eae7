# SPDX-License-Identifier: Apache-2.0
"""A socket that QEMU is about to open."""
import socket
import time


def connect(path, limit=20):
    """`limit` in seconds: QEMU makes the file after it has started."""
    connection = socket.socket(socket.AF_UNIX)
    end = time.monotonic() + limit
    while True:
        try:
            connection.connect(str(path))
            return connection
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
