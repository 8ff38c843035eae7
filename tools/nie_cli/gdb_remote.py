# SPDX-License-Identifier: Apache-2.0
"""gdb's remote protocol, as much as stopping a machine at an address needs."""
import qemu_socket


class Remote:
    def __init__(self, path, limit=20):
        self.socket = qemu_socket.connect(path, limit)
        self.socket.settimeout(120)
        self.ask("?")

    def byte(self):
        data = self.socket.recv(1)
        if not data:
            raise EOFError("the machine ended")
        return data

    def answer(self):
        while self.byte() != b"$":
            pass
        data = b""
        while (char := self.byte()) != b"#":
            data += char
        self.byte(), self.byte()
        self.socket.sendall(b"+")
        return data.decode()

    def send(self, command):
        total = sum(command.encode()) % 256
        self.socket.sendall(f"${command}#{total:02x}".encode())

    def ask(self, command):
        self.send(command)
        return self.answer()

    def stop_at(self, address):
        """Run until the next time that a core is about to execute this."""
        if self.ask(f"Z1,{address:x},4") != "OK":
            raise RuntimeError("QEMU sets no breakpoint")
        self.ask("c")
        self.ask(f"z1,{address:x},4")

    def step(self):
        self.ask("s")

    def go(self):
        self.send("c")
