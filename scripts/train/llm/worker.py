"""callbox-llm as Callbox runs it: postcard frames over a socket (src/engine/{frame,protocol}.rs)."""
import os
import socket
import struct
import subprocess

PROTOCOL = 4
HELLO, WORK = 0, 2  # Down
READY, EVENT, FAILED = 0, 2, 3  # Up
DECIDE = 1  # LlmWork
TURN = 0  # Priority
PIECE = 0  # LlmEvent
MOST_TOKENS = 96  # src/dialogue/agent/brain.rs: what is cut off there is invalid here
PATIENCE_S = 60


def number(value):
    """A varint."""
    said = bytearray()
    while value > 127:
        said.append(value & 127 | 128)
        value >>= 7
    return bytes([*said, value])


def text(value):
    return number(len(value.encode())) + value.encode()


class Reader:
    def __init__(self, body):
        self.body, self.at = body, 0

    def number(self):
        value = shift = 0
        while True:
            byte = self.body[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def text(self):
        length = self.number()
        self.at += length
        return self.body[self.at - length: self.at].decode()

    def float(self):
        self.at += 4
        return struct.unpack("<f", self.body[self.at - 4: self.at])[0]


class Worker:
    def __init__(self, program, manifest, core=None):
        """With a core, the worker has that one and no other."""
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE_S)
        self.process = subprocess.Popen([program, "--manifest", manifest, "--slots", "1"], stdin=theirs,
                                        stdout=subprocess.DEVNULL,
                                        preexec_fn=core and (lambda: os.sched_setaffinity(0, {core - 1})))
        theirs.close()
        self.asked = 0
        self._send(number(HELLO) + number(PROTOCOL))
        if Reader(self._receive()).number() != READY:
            raise SystemExit(f"{program} is not ready")

    def _send(self, body):
        self.socket.sendall(struct.pack("<I", len(body)) + body)

    def _take(self, count):
        taken = b""
        while len(taken) < count:
            more = self.socket.recv(count - len(taken))
            if not more:
                raise SystemExit("callbox-llm ended")
            taken += more
        return taken

    def _receive(self):
        return self._take(struct.unpack("<I", self._take(4))[0])

    def decide(self, prompt, grammar):
        """The decision's text, and its times to the first and last token in ms; None where it failed."""
        self.asked += 1
        shared, _, own = prompt.partition("\n")
        self._send(number(WORK) + number(DECIDE) + number(1) + number(self.asked) + text(shared + "\n") + text(own)
                   + text(grammar) + number(MOST_TOKENS) + number(TURN))
        while True:
            heard = Reader(self._receive())
            kind = heard.number()
            if kind == FAILED:
                return None
            if kind != EVENT or heard.number() == PIECE:
                continue
            heard.number()  # the ticket
            said = heard.text()
            heard.number(), heard.number()  # tokens of the prompt, tokens generated
            return said, heard.number(), heard.number()

    def close(self):
        self.socket.close()
        self.process.wait()
