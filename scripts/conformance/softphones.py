"""Softphones without screen and sound card: baresip, linphone, twinkle."""

import json
import math
import os
import pathlib
import shutil
import socket
import struct
import threading
import time
import wave

from box import Process, free_port, until
from matrix import Missing

MODULES = ["/usr/lib/baresip/modules", "/usr/lib64/baresip/modules", "/usr/local/lib/baresip/modules"]


def tone(path, seconds=60, rate=8000, channels=1):
    """A microphone that hears a quiet tone."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        period = [int(600 * math.sin(2 * math.pi * at / 20)) for at in range(20) for _ in range(channels)]
        out.writeframes(struct.pack(f"<{len(period)}h", *period) * (rate // 20 * seconds))


class Baresip:
    """baresip with its control socket."""

    def __init__(self, world, name, account="", modules=(), config="", ip="127.0.0.1", user=""):
        if not shutil.which("baresip"):
            raise Missing("baresip is not installed (package baresip-core)")
        folder = self.folder = world.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        rate, channels = (48000, 2) if "opus" in account else (16000 if "G722" in account else 8000, 1)
        tone(folder / "microphone.wav", rate=rate, channels=channels)
        places = [path for path in MODULES if pathlib.Path(path).is_dir()]
        port = self.port = free_port()
        listen = f"[{ip}]" if ":" in ip else ip
        self.sip_port = free_port(socket.SOCK_DGRAM)
        loaded = "".join(f"module {module}.so\n" for module in ["g711", "g722", "aufile", *modules])
        folder.joinpath("config").write_text(
            f"sip_listen {listen}:{self.sip_port}\nnet_interface {ip}\n"
            f"audio_source aufile,{folder}/microphone.wav\naudio_player aufile,{folder}/heard.wav\n"
            f"audio_alert aufile,{folder}/alert.wav\nmodule_path {places[0]}\n{loaded}"
            f"module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{port}\n"
            f"call_max_calls 2\n{config}")
        folder.joinpath("accounts").write_text(
            f"<sip:{user}{account}\n" if account.startswith("@") else
            f"<sip:{name}@{listen}{account}\n" if ">" in account else f"<sip:{name}@{listen}>;regint=0{account}\n")
        folder.joinpath("contacts").write_text("")
        self.process = Process(["baresip", "-f", folder, "-v"], folder / "baresip.out", cwd=folder)
        self.control = until("baresip's control socket", self._connect, 15)
        self.events, self.buffer = [], b""

    def _connect(self):
        try:
            connection = socket.create_connection(("127.0.0.1", self.port), 2)
            connection.settimeout(0.1)
            return connection
        except OSError:
            return None

    def tell(self, command, parameters=""):
        text = json.dumps({"command": command, "params": parameters}).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))

    def _listen(self):
        try:
            self.buffer += self.control.recv(65536)
        except TimeoutError:
            return
        while b":" in self.buffer:
            length, rest = self.buffer.split(b":", 1)
            if len(rest) <= int(length):
                return
            self.events.append(json.loads(rest[:int(length)]))
            self.buffer = rest[int(length) + 1:]

    def wait(self, kind, limit=15):
        """Waits for an event, which is then forgotten."""
        def found():
            self._listen()
            for at, event in enumerate(self.events):
                if event.get("type") == kind:
                    return self.events.pop(at)
            return None
        try:
            return until(f"baresip's {kind}", found, limit)
        except AssertionError as error:
            seen = [event.get("type") or event.get("data") for event in self.events]
            raise AssertionError(f"{error}; it told {seen}; {' / '.join(self.process.lines[-4:])}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control.close()
        self.process.stop()


class Told:
    """A softphone that is told by its standard input, and whose process is `process`."""

    def tell(self, line):
        self.process.say(line)

    def wait(self, *words, limit=15):
        return self.process.wait_line(f"{type(self).__name__}'s {' '.join(words)!r}", *words, limit=limit)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.say("quit")
        except OSError:
            pass
        self.process.stop()


class Linphone(Told):
    """linphonec, told by its standard input."""

    def __init__(self, world, name, config=None, auto_answer=False):
        if not shutil.which("linphonec"):
            raise Missing("linphonec is not installed (package linphone-cli)")
        folder = self.folder = world.folder / name
        home = folder / "home/.local/share/linphone"
        home.mkdir(parents=True, exist_ok=True)
        self.sip_port = free_port(socket.SOCK_DGRAM)
        # -2: connections are made, none is taken.
        sections = {
            "sip": {"sip_port": self.sip_port, "sip_tcp_port": -2, "sip_tls_port": -2, "verify_server_certs": 0,
                    "verify_server_cn": 0, "guess_hostname": 0, "contact": f"sip:{name}@127.0.0.1", "use_info": 0, "use_ipv6": 0},
            "rtp": {"audio_rtp_port": free_port(socket.SOCK_DGRAM) // 2 * 2},
            "net": {"mtu": 1300},
        }
        for section, values in (config or {}).items():
            sections.setdefault(section, {}).update(values)
        text = "".join(f"[{section}]\n" + "".join(f"{key}={value}\n" for key, value in values.items())
                       for section, values in sections.items())
        folder.joinpath("rc").write_text(text)
        tone(folder / "microphone.wav")
        environment = {**os.environ, "HOME": str(folder / "home")}
        more = ["-a"] if auto_answer else []
        self.process = Process(["linphonec", "-c", folder / "rc", "-d", "6", "-l", folder / "linphone.log", *more], folder / "linphone.out", env=environment, cwd=folder)
        self.process.say("ipv6 disable")
        self.process.say("soundcard use files")
        self.process.say(f"play {folder}/microphone.wav")
        time.sleep(0.7)


class Twinkle(Told):
    """twinkle-console, told by its standard input. Its sound card is ALSA's null device, which gives hardly a sample."""

    # Call-IDs and tags are made of the second it was started in: two of one second are one call (482).
    one_a_second = threading.Lock()

    def __init__(self, world, name, ip, profile="", transport="udp"):
        if not shutil.which("twinkle-console"):
            raise Missing("twinkle-console is not installed (package twinkle-console)")
        folder = self.folder = world.folder / name
        home = folder / "home"
        (home / ".twinkle").mkdir(parents=True, exist_ok=True)
        self.sip_port, rtp_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM) // 2 * 2
        null = "".join(f'{kind}.!default {{ type {"null" if kind == "pcm" else "hw card 0"} }}\n' for kind in ["pcm"])
        (home / ".asoundrc").write_text(null)
        (home / ".twinkle/twinkle.sys").write_text(
            f"dev_ringtone=alsa:default\ndev_speaker=alsa:default\ndev_mic=alsa:default\nstart_user_profile=twinkle\n"
            f"sip_port={self.sip_port}\nrtp_port={rtp_port}\nplay_ringtone=no\nplay_ringback=no\nvalidate_audio_dev=no\n")
        (home / ".twinkle/twinkle.cfg").write_text(
            f"user_name={name}\nuser_domain={ip}\nuser_display={name}\nuse_outbound_proxy=no\nregister_at_startup=no\n"
            f"sip_transport={transport}\ncodecs=g711a,g711u\ndtmf_transport=rfc2833\n{profile}")
        environment = {**os.environ, "HOME": str(home)}
        with Twinkle.one_a_second:
            time.sleep(1.1)
            self.process = Process(["twinkle-console"], folder / "twinkle.out", env=environment, cwd=folder)
        self.process.wait_line("twinkle starts", "Local IP", limit=15)
