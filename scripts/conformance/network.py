"""Kamailio and rtpengine, started for the cells and gone with them."""

import shutil
import socket
import subprocess

from box import ROOT, Process, free_port, until
from matrix import Missing, Unreachable


def outside():
    """An address of this machine that is not loopback: who comes from 127.0.0.1 is the box's owner, and not asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.99", 9))  # sends nothing
        except OSError:
            raise Unreachable("this machine has no IPv4 address but loopback") from None
        return probe.getsockname()[0]


def certificates(folder):
    """An authority, and its certificate for localhost and 127.0.0.1."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("extensions").write_text("basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for step in [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout pbx.key -out pbx.csr",
        "x509 -req -in pbx.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out pbx.pem",
    ]:
        subprocess.run(["openssl", *step.split(" ")], cwd=folder, check=True, capture_output=True)
    return folder


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Kamailio:
    """Registrar and proxy with Record-Route; with an engine it relays the sound as well."""

    def __init__(self, folder, certificates, engine=None, algorithm="SHA-256", define=()):
        if not shutil.which("kamailio"):
            raise Missing("kamailio is not installed (packages kamailio and kamailio-tls-modules)")
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.secure_port, control = free_port(), free_port(), folder / "control.sock"
        text = ROOT.joinpath("tests/data/kamailio.cfg").read_text()
        for word, value in [("TLSPORT", self.secure_port), ("PORT", self.port), ("FOLDER/pbx", f"{certificates}/pbx"),
                            ("FOLDER", folder), ("ALGORITHM", algorithm)]:
            text = text.replace(word, str(value))
        if engine:
            text = text.replace("RTPENGINE", str(engine.ng_port))
        folder.joinpath("kamailio.cfg").write_text(text)
        define = [*define, *(["WITH_RELAY"] if engine else [])]
        more = [word for name in define for word in ("-A", name)]
        self.control = control
        self.process = Process(["kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-f", "kamailio.cfg", "-Y", folder, *more],
                               folder / "log", cwd=folder)
        until("Kamailio listens", lambda: listens(self.secure_port))

    def place(self, user, port):
        """From now on this user is at this port of the machine: a REGISTER by hand, for it has no password."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.settimeout(5)
            own = phone.getsockname()[1]
            phone.sendto((
                f"REGISTER sip:pbx.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{own}{user};rport\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:{user}@pbx.test>;tag={own}\r\nTo: <sip:{user}@pbx.test>\r\nCall-ID: {own}{user}\r\n"
                f"CSeq: 1 REGISTER\r\nX-Placed: yes\r\nContact: <sip:{user}@127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
            ).encode(), ("127.0.0.1", self.port))
            answer = phone.recv(4096)
            assert answer.startswith(b"SIP/2.0 200"), answer

    def stop(self):
        self.process.stop()


class Edge:
    """Kamailio as a proxy at the edge of a network, which keeps the ways that registrations came over (RFC 5626)."""

    def __init__(self, folder, registrar):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        text = ROOT.joinpath("tests/data/kamailio-edge.cfg").read_text()
        for word, value in [("PORT", self.port), ("REGISTRAR", registrar.port)]:
            text = text.replace(word, str(value))
        folder.joinpath("kamailio.cfg").write_text(text)
        self.process = Process(["kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-f", "kamailio.cfg", "-Y", folder],
                               folder / "log", cwd=folder)
        until("the edge listens", lambda: listens(self.port))

    def stop(self):
        self.process.stop()


class Rtpengine:
    """The media relay, without its kernel module."""

    def __init__(self, folder):
        if not shutil.which("rtpengine"):
            raise Missing("rtpengine is not installed (package rtpengine-daemon)")
        folder.mkdir(parents=True, exist_ok=True)
        self.ng_port = free_port(socket.SOCK_DGRAM)
        self.process = Process(["rtpengine", "-f", "-E", "--table=-1", "--interface=127.0.0.1",
                                f"--listen-ng=127.0.0.1:{self.ng_port}", "-m", "31000", "-M", "31200", "-L", "6",
                                f"--pidfile={folder}/pid", "--config-file=none"], folder / "log", cwd=folder)
        until("rtpengine starts", lambda: "Startup complete" in self.process.text(), 15)

    def text(self):
        return self.process.text()

    def stop(self):
        self.process.stop()
