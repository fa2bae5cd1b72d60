"""A box of our own for the cells, and processes that end with them."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("CALLBOX_BIN_DIR", ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release"))
SOON = 25.0


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(what, found, limit=SOON):
    """Looks again and again, for other programs are waited for; what is found, or the failure says `what`."""
    end = time.monotonic() + limit
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit:.0f} s")
        time.sleep(0.05)


class Process:
    """A program whose output is kept, that can be told things, and that is gone at the end."""

    def __init__(self, command, log, env=None, cwd=None):
        self.lines, self.log = [], log
        self.child = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=env, cwd=cwd, text=True, errors="replace", bufsize=1, start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with open(self.log, "w", encoding="utf-8") as log:
            for line in self.child.stdout:
                self.lines.append(line.rstrip("\n"))
                log.write(line)
                log.flush()

    def say(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def text(self):
        return "\n".join(self.lines)

    def wait_line(self, what, *needles, limit=SOON):
        """The first line that has all of these."""
        def found():
            line = next((line for line in list(self.lines) if all(needle in line for needle in needles)), None)
            if not line and self.child.poll() is not None:
                raise AssertionError(f"{what}: {self.child.args[0]} has ended")
            return line
        try:
            return until(what, found, limit)
        except AssertionError as error:
            raise AssertionError(f"{error}; the end of {self.log}: {' / '.join(self.lines[-4:])}") from None

    def end(self, limit=SOON):
        """Its exit code, waited for."""
        try:
            return self.child.wait(limit)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"{self.child.args[0]} still ran after {limit:.0f} s; its output is {self.log}") from None

    def stop(self):
        if self.child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, 15)
            try:
                self.child.wait(3)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.child.pid, 9)
                self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Box:
    """`callbox run` with a salon and these settings."""

    def __init__(self, folder, name, settings=(), tables="", business=""):
        self.folder = folder / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.callbox("init", self.folder, "--business", "salon", config=False)
        config = self.folder / "callbox.toml"
        config.write_text(config.read_text() + tables)
        rules = self.folder / "business/business.toml"
        rules.write_text(rules.read_text() + business)
        # However busy this machine is, calls are let in.
        self.settings = ["sip.bind=::", "sip.port=0", f"engines.models={ROOT}/models", "sip.max_calls=60",
                         "calls.answer_within_ms=0", *settings]
        arguments = [word for setting in self.settings for word in ("--set", setting)]
        self.process = Process([PROGRAMS / "callbox", "run", "--config", config, *arguments], self.folder / "log")
        ready = self.process.wait_line("the box gets ready", "ready sip:", limit=120)
        self.port = int(ready.rsplit(":", 1)[1])

    def callbox(self, *words, config=True):
        more = ["--config", self.folder / "callbox.toml"] if config else []
        done = subprocess.run([PROGRAMS / "callbox", *map(str, words), *more], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def calls(self):
        return [json.loads(line) for line in self.callbox("calls", "list", "--json", "--limit", "1000").splitlines()]

    def taken(self, caller):
        """The ended calls of this caller."""
        return [call for call in self.calls() if call["caller_number"] == caller and call["ended_unix_ms"]]

    def ended(self, caller, limit=SOON):
        """The one call of this caller, once it has ended: its record."""
        return until(f"a call of {caller} in the record", lambda: self.taken(caller), limit)[0]

    def keyed(self, call):
        lines = map(json.loads, self.callbox("calls", "show", call["id"], "--json").splitlines())
        return "".join(line.get("keyed", "") for line in lines)

    def log_has(self, what, *needles, limit=SOON):
        return self.process.wait_line(what, *needles, limit=limit)

    def alive(self):
        """A plain OPTIONS is answered."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.settimeout(3)
            port, mark = phone.getsockname()[1], os.urandom(6).hex()
            phone.sendto((
                f"OPTIONS sip:box@127.0.0.1:{self.port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{mark}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:alive@127.0.0.1>;tag={mark}\r\nTo: <sip:box@127.0.0.1>\r\n"
                f"Call-ID: {mark}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode(), ("127.0.0.1", self.port))
            return phone.recv(4096).split(b" ")[1]

    def stop(self):
        self.process.stop()
