"""What sipp and the box do with each other."""

import json
import subprocess

import sipp
from box import PROGRAMS, ROOT
from sipp import ACK, BYE, INVITED, SET_UP, ack, answer, awaited, call, expect, pause, reply, request, sdp


def finished(world, name, outcome="gone"):
    record = world.box.ended(name)
    assert record["outcome"] == outcome, record
    return f"{record['outcome']}, {record['packets_sent']} packets sent"


def register(matrix):
    cell = matrix.cell

    @cell("call, caller hangs up", "sipp")
    def set_up(world, name):
        call(world, name, SET_UP + pause(500) + BYE)
        return finished(world, name)

    @cell("call without an offer in the INVITE", "sipp")
    def late_offer(world, name):
        offered = expect(200, checks=["m=audio [0-9]+ RTP/AVP"])
        accepts = request("ACK", 1, sdp("0"), dialog=True, retrans=False)
        call(world, name, request("INVITE", 1) + INVITED + offered + accepts + pause(500) + BYE)
        return finished(world, name)

    @cell("call, box hangs up", "sipp")
    def box_hangs_up(world, name):
        # Without a packet of sound the line is dead after 20 s, and the box says so with a BYE.
        call(world, name, SET_UP + awaited("BYE", timeout_ms=35000) + answer())
        return finished(world, name, "line_lost")

    @cell("CANCEL", "sipp")
    def cancel_crosses_the_answer(world, name):
        # The box answers at once: a CANCEL then has no effect (RFC 3261, 9.2), and the call is ended by BYE.
        cancels = request("CANCEL", 1, branch="[branch-5]", retrans=False)
        call(world, name, request("INVITE", 1, sdp()) + INVITED + expect(200) + cancels
             + expect(200, rrs=False) + ACK + pause(200) + BYE)
        return finished(world, name)

    @cell("CANCEL by the box", "sipp")
    def box_cancels(world, name):
        steps = (awaited("INVITE") + reply("180 Ringing") + awaited("CANCEL", timeout_ms=20000)
                 + answer("200 OK"))
        process, folder, port = sipp.callee(world, name, steps)
        with process:
            caller = subprocess.Popen([PROGRAMS / "callbox", "call", f"sip:peer@127.0.0.1:{port}", "--json"],
                                      stdout=subprocess.PIPE, text=True)
            for line in caller.stdout:
                if json.loads(line)["event"] == "ringing":
                    caller.send_signal(2)
            sipp.succeeded(process, folder)
            caller.wait(20)

    @cell("early media", "sipp")
    def early_media(world, name):
        steps = (awaited("INVITE", checks=["m=audio"]) + reply("183 Session Progress", sdp("0"))
                 + pause(800) + reply("200 OK", sdp("0")) + awaited("ACK") + awaited("BYE", timeout_ms=30000) + answer())
        process, folder, port = sipp.callee(world, name, steps, "-rtp_echo")
        with process:
            done = subprocess.run([PROGRAMS / "callbox", "call", f"sip:peer@127.0.0.1:{port}", "--json", "--max-s", "20",
                                   "--answer-wait-s", "1"], capture_output=True, text=True, check=False, timeout=60)
            sipp.succeeded(process, folder)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert any(event["event"] == "answered" for event in events), done.stdout
        summary = events[-1]
        return f"{summary.get('packets_received')} packets echoed"

    @cell("hold and resume", "sipp")
    def hold(world, name):
        held = expect(200, checks=["a=recvonly"])
        resumed = expect(200, checks=["a=sendrecv|m=audio"])
        call(world, name, SET_UP + pause(300)
             + request("INVITE", 2, sdp(direction="sendonly", version=2), dialog=True) + INVITED + held + ack(2) + pause(500)
             + request("INVITE", 3, sdp(direction="sendrecv", version=3), dialog=True) + INVITED + resumed + ack(3)
             + pause(300) + BYE)
        return finished(world, name)

    @cell("hold with inactive", "sipp")
    def inactive(world, name):
        held = expect(200, checks=["a=inactive"])
        call(world, name, SET_UP + pause(200)
             + request("INVITE", 2, sdp(direction="inactive", version=2), dialog=True) + INVITED + held + ack(2) + pause(200)
             + BYE)
        return finished(world, name)

    @cell("re-INVITE to another codec", "sipp")
    def other_codec(world, name):
        changed = expect(200, checks=["m=audio [0-9]+ RTP/AVP 8"])
        call(world, name, SET_UP + pause(200) + request("INVITE", 2, sdp("8", version=2), dialog=True) + INVITED + changed
             + ack(2) + pause(300) + BYE)
        return finished(world, name)

    @cell("re-INVITE without an offer", "sipp")
    def without_offer(world, name):
        offered = expect(200, checks=["m=audio [0-9]+ RTP/AVP"])
        accepts = request("ACK", 2, sdp("0", version=2), dialog=True, retrans=False)
        call(world, name, SET_UP + pause(200) + request("INVITE", 2, dialog=True) + INVITED + offered + accepts + pause(300)
             + BYE)
        return finished(world, name)

    @cell("digits by INFO", "sipp")
    def info(world, name):
        press = "".join(request("INFO", 2 + at, f"Signal={digit}\nDuration=160\n", dialog=True) + expect(200, rrs=False)
                        for at, digit in enumerate("42"))
        call(world, name, SET_UP + pause(4000) + press + pause(3000) + BYE)
        record = world.box.ended(name)
        keyed = world.box.keyed(record)
        assert keyed == "42", f"keyed {keyed!r}"
        return "42"

    @cell("digest (MD5)", "sipp")
    def digest(world, name):
        box = world.guarded_by_md5
        proved = request("INVITE", 2, sdp(), extra="[authentication username=phone password=secret]")
        steps = (request("INVITE", 1, sdp()) + expect(100, optional=True) + expect(401, auth=True, rrs=False)
                 + request("ACK", 1, retrans=False) + proved + INVITED + expect(200) + ack(2) + pause(300) + BYE)
        call(world, name, steps, "-auth_uri", f"service@127.0.0.1:{box.port}", box=box, ip="127.0.0.2")
        assert box.ended(name)["outcome"] == "gone"
        wrong = request("INVITE", 2, sdp(), extra="[authentication username=phone password=guess]")
        steps = (request("INVITE", 1, sdp()) + expect(100, optional=True) + expect(401, auth=True, rrs=False)
                 + request("ACK", 1, retrans=False) + wrong + expect(100, optional=True) + expect(401, rrs=False)
                 + request("ACK", 2, retrans=False))
        call(world, name + "-wrong", steps, "-auth_uri", f"service@127.0.0.1:{box.port}", box=box, ip="127.0.0.7")
        assert not box.taken(name + "-wrong")

    @cell("TCP", "sipp")
    def tcp(world, name):
        call(world, name, SET_UP + pause(300) + BYE, "-t", "t1")
        return finished(world, name)

    @cell("IPv6", "sipp")
    def ipv6(world, name):
        call(world, name, SET_UP + pause(300) + BYE, target=f"[::1]:{world.box.port}", ip="[::1]")
        return finished(world, name)

    @cell("session timer", "sipp")
    def session_timer(world, name):
        small = request("INVITE", 1, sdp(), extra="Session-Expires: 30\nMin-SE: 30\nSupported: timer")
        refused = expect(422, checks=["Min-SE: *90"], rrs=False) + request("ACK", 1, retrans=False)
        good = request("INVITE", 2, sdp(), extra="Session-Expires: 90;refresher=uac\nMin-SE: 90\nSupported: timer")
        agreed = expect(200, checks=["Session-Expires: *90", "refresher=uac"])
        refresh = request("UPDATE", 3, dialog=True, extra="Session-Expires: 90;refresher=uac\nMin-SE: 90\nSupported: timer")
        refreshed = expect(200, checks=["Session-Expires: *90"], rrs=False)
        call(world, name, small + expect(100, optional=True) + refused + good + INVITED + agreed + ack(2) + pause(300)
             + refresh + refreshed + BYE)
        return finished(world, name)

    @cell("unusable offer gets 488", "sipp")
    def unusable(world, name):
        call(world, name, request("INVITE", 1, sdp("18")) + expect(100, optional=True) + expect(488, rrs=False)
             + request("ACK", 1, retrans=False))

    @cell("unknown Require gets 420", "sipp")
    def unknown_require(world, name):
        call(world, name, request("INVITE", 1, sdp(), extra="Require: frobnicate") + expect(100, optional=True)
             + expect(420, checks=["Unsupported: *frobnicate"], rrs=False) + request("ACK", 1, retrans=False))

    @cell("unknown method gets 501", "sipp")
    def unknown_method(world, name):
        call(world, name, request("FROBNICATE", 1) + expect(501, checks=["Allow: "], rrs=False))

    @cell("no dialog gets 481", "sipp")
    def no_dialog(world, name):
        call(world, name, request("BYE", 5).replace(":[remote_port]>\n", ":[remote_port]>;tag=gone\n", 1)
             + expect(481, rrs=False))

    @cell("reliable provisional responses (PRACK)", "sipp")
    def reliable(world, name):
        # The INVITE's own Via and CSeq go with its answer, which comes after the PRACK's.
        invited = awaited("INVITE").replace("></recv>", """><action>
            <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="1"/>
            <ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="2"/></action></recv>""")
        accepted = answer("200 OK", sdp("0")).replace("[last_Via:]", "Via:[$1]").replace("[last_CSeq:]", "CSeq:[$2]")
        steps = (invited + reply("183 Session Progress", sdp("0"), extra="Require: 100rel\nRSeq: 7")
                 + awaited("PRACK", checks=["RAck: *7 *[0-9]+ *INVITE"]).replace('assign_to="1"', 'assign_to="3"')
                 + answer() + pause(300) + accepted + awaited("ACK") + awaited("BYE", timeout_ms=30000) + answer())
        process, folder, port = sipp.callee(world, name, steps)
        with process:
            subprocess.run([PROGRAMS / "callbox", "call", f"sip:peer@127.0.0.1:{port}", "--json", "--max-s", "15",
                            "--answer-wait-s", "1"], capture_output=True, check=False, timeout=60)
            sipp.succeeded(process, folder)

    @cell("UPDATE with an offer", "sipp")
    def update(world, name):
        held = expect(200, checks=["a=recvonly"], rrs=False)
        call(world, name, SET_UP + pause(200)
             + request("UPDATE", 2, sdp(direction="sendonly", version=2), dialog=True) + held + pause(200) + BYE)
        return finished(world, name)

    @cell("transfer to a person, who takes the call", "sipp")
    def transfer(world, name):
        def desk(world, name):
            told = awaited("INVITE", checks=["From: *.*"]).replace("></recv>", "></recv>")
            saved = told.replace("</action>", """
                <ereg regexp=".*" search_in="hdr" header="From:" assign_to="2"/>
                <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="3"/></action>""")
            def mine(method, number, body=""):
                kind = "Content-Type: application/dtmf-relay\n" if body else ""
                return f"""<send retrans="500"><![CDATA[
{method} [$3] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:desk@[local_ip]:[local_port]>;tag=[pid]S[call_number]
To:[$2]
Call-ID: [call_id]
CSeq: {number} {method}
{kind}Content-Length: [len]

{body}
]]></send>\n""" + expect(200, rrs=False)
            steps = (saved + reply("180 Ringing") + pause(500) + reply("200 OK", sdp("0")) + awaited("ACK") + pause(3000)
                     + mine("INFO", 1, "Signal=1\nDuration=160\n") + pause(6000) + mine("BYE", 2))
            process, folder, port = sipp.callee(world, name, steps, "-rtp_echo")
            return process, port, lambda: sipp.succeeded(process, folder)

        return transferred(world, name, desk)


def transferred(world, name, desk):
    """A caller asks for a person; `desk` gives the person's process, its port, and what it does when the caller is there."""
    process, port, answers = desk(world, name)
    with process:
        box = world.box_that_transfers(name, port)
        try:
            script = world.folder / f"{name}.txt"
            script.write_text("can i speak to a person please\n" + "[wait 1s] hello is somebody there\n" * 8)
            caller = subprocess.Popen([PROGRAMS / "callbox", "call", f"sip:box@127.0.0.1:{box.port}", "--json", "--script", script,
                                       "--from", "5550100/Anna", "--max-s", "60", "--set", f"engines.models={ROOT}/models"],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            answers()
            box.log_has("the caller put through", "put through", limit=40)
            caller.communicate(timeout=90)
            record = box.ended("5550100")
        finally:
            box.stop()
    assert record["outcome"] == "transferred", record
    return record["outcome"]
