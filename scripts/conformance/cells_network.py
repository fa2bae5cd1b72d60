"""What proxies, media relays and scanners and the box do with each other."""

import re
import shutil
import subprocess
import threading

import sipp
from box import PROGRAMS, ROOT, Box, free_port
from matrix import Missing
from network import outside
from sipp import BYE, INVITED, SET_UP, ack, answer, awaited, call, expect, pause, request, sdp
from world import ACCOUNT


def run(*command, limit=60, **more):
    if not shutil.which(command[0]):
        raise Missing(f"{command[0]} is not installed")
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", timeout=limit,
                          check=False, **more)
    return done.returncode, done.stdout + done.stderr


def fail2ban(lines):
    """The sources that scripts/fail2ban's filter finds in a log, its expressions read as fail2ban does."""
    text = (ROOT / "scripts/fail2ban/callbox.conf").read_text()
    block = text.split("failregex =", 1)[1].split("ignoreregex", 1)[0]
    expressions = [line.strip().replace("<HOST>", r"(?P<host>[0-9a-fA-F:.]+)") for line in block.splitlines() if line.strip()]
    assert len(expressions) >= 2, expressions
    found = (re.search(expression, line) for line in lines for expression in expressions)
    return {match["host"] for match in found if match}


def register(matrix):
    cell = matrix.cell

    def by_proxy(steps, user):
        """The same steps to an address of the proxy's."""
        return steps.replace("INVITE sip:[service]@[remote_ip]:[remote_port]", f"INVITE sip:{user}@pbx.test")

    def through(world, name, steps, user, *more):
        kamailio = world.kamailio
        _ = world.registered
        call(world, name, by_proxy(steps, user), *more, target=f"127.0.0.1:{kamailio.port}")

    for user, transport in [("200", "UDP"), ("201", "TCP"), ("202", "TLS")]:
        @cell(f"registers and is called ({transport})", "kamailio")
        def registers(world, name, user=user):
            through(world, name, SET_UP + pause(300) + BYE, user)
            return world.registered.ended(name)["outcome"]

    for transport in ["UDP", "TCP"]:
        @cell(f"is called over the way it registered by (RFC 5626, {transport})", "kamailio")
        def kept(world, name, transport=transport.lower()):
            user = {"udp": "200", "tcp": "201"}[transport]
            table = ACCOUNT.format(name="edge", user=user, registrar=f"sip:127.0.0.1:{world.edge.port};transport={transport}")
            # Over TCP it can only be the connection that it opened: it listens nowhere.
            box = Box(world.folder, f"{name}-box", ['sip.transports=["udp"]'], table)
            try:
                box.log_has("the registration", "registered:", 'account="edge"')
                call(world, name, by_proxy(SET_UP + pause(300) + BYE, user), target=f"127.0.0.1:{world.home.port}")
                return box.ended(name)["outcome"]
            finally:
                box.stop()

    @cell("call, box hangs up", "kamailio")
    def box_hangs_up(world, name):
        through(world, name, SET_UP + awaited("BYE", timeout_ms=35000) + answer(), "200")
        return world.registered.ended(name)["outcome"]

    @cell("hold and resume", "kamailio")
    def hold(world, name):
        steps = (SET_UP + pause(300)
                 + request("INVITE", 2, sdp(direction="sendonly", version=2), dialog=True) + INVITED
                 + expect(200, checks=["a=recvonly"]) + ack(2) + pause(300)
                 + request("INVITE", 3, sdp(version=3), dialog=True) + INVITED + expect(200) + ack(3) + pause(200) + BYE)
        through(world, name, steps, "201")
        return world.registered.ended(name)["outcome"]

    @cell("session timer", "kamailio")
    def session_timer(world, name):
        good = request("INVITE", 1, sdp(), extra="Session-Expires: 90;refresher=uac\nMin-SE: 90\nSupported: timer")
        refresh = request("UPDATE", 2, dialog=True, extra="Session-Expires: 90;refresher=uac\nMin-SE: 90\nSupported: timer")
        steps = (good + INVITED + expect(200, checks=["Session-Expires: *90"]) + ack(1) + pause(200)
                 + refresh + expect(200, checks=["Session-Expires: *90"], rrs=False) + BYE)
        through(world, name, steps, "200")

    @cell("digits by INFO", "kamailio")
    def info(world, name):
        press = "".join(request("INFO", 2 + at, f"Signal={digit}\nDuration=160\n", dialog=True) + expect(200, rrs=False)
                        for at, digit in enumerate("42"))
        through(world, name, SET_UP + pause(4000) + press + pause(3000) + BYE, "200")
        keyed = world.registered.keyed(world.registered.ended(name))
        assert keyed == "42", f"keyed {keyed!r}"

    @cell("digest (SHA-256)", "kamailio")
    def out_with_a_password(world, name):
        # An INVITE of the box's account is challenged by the proxy: doctor calls a number and hangs up.
        steps = awaited("INVITE") + sipp.reply("200 OK", sdp("0")) + awaited("ACK") + awaited("BYE") + answer()
        process, folder, port = sipp.callee(world, name, steps)
        with process:
            world.kamailio.place("300", port)
            told = world.registered.callbox("doctor", "--trunk", "udp", "--call", "300", "--json")
            assert "answered; audio would be" in told, told
            sipp.succeeded(process, folder)

    @cell("call, caller hangs up", "rtpengine")
    def relayed(world, name):
        return relay(world, name, world.box, "200")

    @cell("SRTP (SDES)", "rtpengine")
    def relayed_encrypted(world, name):
        return relay(world, name, world.encrypted, "secure")

    # One after the other: the relay's log does not say whose sound it passes on.
    relaying = threading.Lock()

    def relay(world, name, box, user):
        engine, proxy = world.rtpengine, world.relay
        proxy.place(user, box.port)
        with relaying:
            before = engine.text().count("Confirmed peer address")
            done = subprocess.run([PROGRAMS / "callbox", "call", f"sip:{user}@127.0.0.1:{proxy.port}", "--json", "--from", name,
                                   "--max-s", "6"], capture_output=True, text=True, check=False)
            record = box.ended(name)
            heard = engine.text().count("Confirmed peer address") - before
        assert (record["packets_received"] or 0) > 50, (record, done.stdout, done.stderr)
        assert '"first_audio"' in done.stdout, done.stdout
        assert heard >= 2, f"the relay heard {heard} of the two ends"
        return f"{record['packets_received']} packets relayed"

    @cell("OPTIONS", "sipsak")
    def options(world, name):
        code, text = run("sipsak", "-vv", "-s", f"sip:box@127.0.0.1:{world.box.port}")
        assert code == 0 and "200 OK" in text, text
        return "200 OK"

    @cell("OPTIONS along the way (traceroute)", "sipsak")
    def traceroute(world, name):
        code, text = run("sipsak", "-T", "-s", f"sip:box@127.0.0.1:{world.box.port}")
        assert code == 0, text

    @cell("unknown method gets 501", "sipsak")
    def from_file(world, name):
        file = world.folder / f"{name}.txt"
        file.write_text("FROBNICATE sip:box@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:$port$;branch=z9hG4bK1;rport\n"
                        "From: <sip:a@127.0.0.1>;tag=1\nTo: <sip:box@127.0.0.1>\nCall-ID: sak\nCSeq: 1 FROBNICATE\n"
                        "Max-Forwards: 70\nContent-Length: 0\n\n".replace("$port$", str(free_port())))
        _, text = run("sipsak", "-vvv", "-L", "-f", file, "-s", f"sip:box@127.0.0.1:{world.box.port}", limit=40)
        assert re.search(r"SIP/2.0 (501|400)", text), text[-600:]

    @cell("trashed messages", "sipsak")
    def trashed(world, name):
        run("sipsak", "-R", "-t", "200", "-s", f"sip:box@127.0.0.1:{world.box.port}", limit=60)
        assert world.box.alive() == b"200"

    @cell("scan finds no extension", "sipvicious")
    def no_extension(world, name):
        box, own = world.guarded, outside()
        told = []
        for method in ["REGISTER", "INVITE", "OPTIONS"]:
            _, text = run("svwar", "-x", own, "-m", method, "-e", "100-105,phone", "--force", "--maximumtime", "3",
                          f"udp://{own}:{box.port}", limit=60)
            rows = [line.split("|")[2].strip() for line in text.splitlines() if re.match(r"^\|\s*(\d+|phone)\s*\|", line)]
            # The same of every one of them is no news of any.
            assert not rows or (len(rows) == 6 and len(set(rows)) == 1), text
            told.append(f"{method}: {rows[0] if rows else 'nothing'}")
        assert box.alive() == b"200"
        return ", ".join(told)

    @cell("guessing passwords is shut out", "sipvicious")
    def no_password(world, name):
        box, own = world.targeted, outside()
        _, text = run("svcrack", "-x", own, "-u", "phone", "-r", "100-160", "--maximumtime", "4", "-m", "INVITE",
                      f"udp://{own}:{box.port}", limit=60)
        assert not re.search(r"\|\s*phone\s*\|", text), text
        box.log_has("the ban in the log", f"sip banned source={own}")
        shut_out = fail2ban(box.process.lines)
        assert shut_out == {own}, f"the filter for fail2ban finds {shut_out}"
        assert box.alive() == b"200"
        return "banned; the fail2ban filter finds the source"

    @cell("scan of addresses", "sipvicious")
    def scanned(world, name):
        box, own = world.guarded, outside()
        _, text = run("svmap", "-x", own, "-p", box.port, own, limit=60)
        assert box.alive() == b"200"
        return "finds a SIP device" if "Callbox" in text else "finds nothing"
