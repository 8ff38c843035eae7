#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write an arm64 Image whose code is random words: the same ones each time."""
import random
import struct
import sys

SIZE = 64 * 1024

def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_garbage.py OUTPUT")
    words = random.Random("nie garbage")
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, SIZE, 0xA, 0, 0, 0, b"ARM\x64", 0)
    body = b"".join(struct.pack("<I", words.getrandbits(32)) for _ in range((SIZE - len(header)) // 4))
    with open(sys.argv[1], "wb") as output:
        output.write(header + body)

main()
