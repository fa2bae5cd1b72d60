"""What the cells share, made when the first cell wants it."""

import subprocess
import threading
from functools import wraps

from box import Box, free_port
from network import Edge, Kamailio, Rtpengine, certificates

TITLE = """# Behaviours of the box, tried with other programs

Written by `scripts/conformance/run --report FILE`. Each cell is a test that ran; an empty one was not
tried, because the peer can't do it or because others cover it.

"""

# Packages of each peer.
PEERS = {
    "sipp": "sip-tester", "baresip": "baresip-core", "linphone": "linphone-cli", "twinkle": "twinkle-console",
    "kamailio": "kamailio", "rtpengine": "rtpengine-daemon", "sipsak": "sipsak", "sipvicious": "sipvicious",
}

USERS = '\n[[user]]\nname = "phone"\npassword = "secret"\n'
ACCOUNT = '\n[[account]]\nname = "{name}"\naddress = "sip:{user}@pbx.test"\nregistrar = "{registrar}"\npassword = "let me in"\n'


def shared(make):
    """A property made once, whichever cell comes first; where it can't be made, every cell that wants it says so."""
    @wraps(make)
    def get(self):
        with self.lock:
            name = make.__name__
            if name not in self.made:
                try:
                    self.made[name] = make(self)
                except Exception as error:
                    self.made[name] = error
            if isinstance(self.made[name], Exception):
                raise self.made[name]
            return self.made[name]
    return property(get)


class World:
    """Boxes, one for each configuration the cells need, and the network around them."""

    def __init__(self, folder):
        self.folder, self.made, self.lock = folder, {}, threading.RLock()

    @shared
    def box(self):
        """Takes everybody's calls."""
        return Box(self.folder, "open")

    @shared
    def guarded(self):
        """Takes calls of those who prove who they are; whoever is at 127.0.0.1 is its owner."""
        return Box(self.folder, "guarded", tables=USERS)

    @shared
    def targeted(self):
        """The same, for whoever will be banned."""
        return Box(self.folder, "targeted", ["sip.digests=md5"], tables=USERS)

    @shared
    def guarded_by_md5(self):
        """The same for phones that know no better."""
        return Box(self.folder, "guarded-by-md5", ["sip.digests=md5"], tables=USERS)

    @shared
    def encrypted(self):
        """Takes no plain RTP."""
        return Box(self.folder, "encrypted", ["rtp.srtp=required"])

    @shared
    def broad(self):
        """Speaks Opus before all else."""
        return Box(self.folder, "broad", ['rtp.codecs=["opus", "pcmu"]'])

    def box_that_transfers(self, name, port):
        """One of its own, that puts callers through to this port at any hour."""
        return Box(self.folder, f"{name}-box", [f"dial.allow=sip:desk@127.0.0.1:{port}"],
                   business=f'\n[transfer]\nto = ["sip:desk@127.0.0.1:{port}"]\nring_s = 20\nalways = true\n')

    @shared
    def certificates(self):
        return certificates(self.folder / "certificates")

    @shared
    def secure(self):
        """Listens under TLS as well."""
        port = free_port()
        box = Box(self.folder, "secure", [
            'sip.transports=["udp", "tcp", "tls"]', f"tls.port={port}",
            f"tls.certificate={self.certificates}/pbx.pem", f"tls.key={self.certificates}/pbx.key"])
        box.tls_port = port
        return box

    @shared
    def kamailio(self):
        return Kamailio(self.folder / "kamailio", self.certificates)

    @shared
    def office(self):
        """Kamailio again, for phones that know MD5 alone."""
        return Kamailio(self.folder / "office", self.certificates, algorithm="MD5")

    @shared
    def home(self):
        """Kamailio again, which knows edge proxies."""
        return Kamailio(self.folder / "home", self.certificates, define=["WITH_OUTBOUND"])

    @shared
    def edge(self):
        return Edge(self.folder / "edge", self.home)

    @shared
    def rtpengine(self):
        return Rtpengine(self.folder / "rtpengine")

    @shared
    def relay(self):
        """Kamailio again, with rtpengine in the way of the sound."""
        return Kamailio(self.folder / "relay", self.certificates, self.rtpengine)

    @shared
    def registered(self):
        """Registers with Kamailio over UDP, TCP and TLS."""
        at = self.kamailio
        ways = [("udp", "200", f"sip:127.0.0.1:{at.port}"), ("tcp", "201", f"sip:127.0.0.1:{at.port};transport=tcp"),
                ("tls", "202", f"sip:localhost:{at.secure_port};transport=tls")]
        tables = "".join(ACCOUNT.format(name=name, user=user, registrar=registrar) for name, user, registrar in ways)
        box = Box(self.folder, "registered", [f"tls.trust={self.certificates}/ca.pem"], tables)
        for name, _, _ in ways:
            box.log_has(f"the registration over {name}", "registered:", f'account="{name}"')
        return box

    def stop(self):
        for made in self.made.values():
            if hasattr(made, "stop"):
                made.stop()


def versions():
    """What is installed of each peer."""
    def version(package):
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
        return asked.stdout if asked.returncode == 0 and asked.stdout else "not installed"
    return {peer: f"{package} {version(package)}" for peer, package in PEERS.items()}
