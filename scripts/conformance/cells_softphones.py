"""What softphones and the box do with each other."""

import json
import subprocess
import time

from box import PROGRAMS, until
from cells_sipp import transferred
from network import outside
from softphones import Baresip, Linphone, Twinkle


def finished(box, name, outcome="gone", packets=20):
    record = box.ended(name)
    assert record["outcome"] == outcome, record
    assert (record["packets_received"] or 0) > packets, f"too little was heard: {record}"
    return f"{record['packets_received']} packets heard, {record['packets_sent']} sent"


def calling(peer, user="peer", host="127.0.0.1", more=()):
    """`callbox call` to a softphone that answers; its events."""
    return subprocess.Popen([PROGRAMS / "callbox", "call", f"sip:{user}@{host}:{peer.sip_port}", "--json", "--max-s", "20",
                             "--answer-wait-s", "2", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(caller):
    out, errors = caller.communicate(timeout=60)
    events = [json.loads(line) for line in out.splitlines()]
    assert events and events[-1]["event"] == "summary", out + errors
    return events


def register(matrix):
    cell = matrix.cell

    def baresip_calls(world, name, box, uri, account="", modules=(), config="", ip="127.0.0.1", talk=2.0, packets=20):
        with Baresip(world, name, account, modules, config, ip) as phone:
            phone.tell("dial", uri)
            phone.wait("CALL_ESTABLISHED")
            time.sleep(talk)
            phone.tell("hangup")
            return finished(box, name, packets=packets)

    @cell("call, caller hangs up", "baresip")
    def baresip_set_up(world, name):
        return baresip_calls(world, name, world.box, f"sip:box@127.0.0.1:{world.box.port}")

    @cell("call, box hangs up", "baresip")
    def baresip_box_hangs_up(world, name):
        with Baresip(world, name) as phone:
            caller = calling(phone, name)
            phone.wait("CALL_INCOMING")
            phone.tell("accept")
            phone.wait("CALL_ESTABLISHED")
            phone.wait("CALL_CLOSED", 40)
            events = told(caller)
        assert any(event["event"] == "answered" for event in events), events
        return f"{events[-1]['packets_received']} packets heard"

    @cell("CANCEL by the box", "baresip")
    def baresip_cancelled(world, name):
        with Baresip(world, name) as phone:
            caller = calling(phone, name)
            phone.wait("CALL_INCOMING")
            caller.send_signal(2)
            phone.wait("CALL_CLOSED")
            caller.wait(20)

    @cell("hold and resume", "baresip")
    def baresip_hold(world, name):
        with Baresip(world, name) as phone:
            phone.tell("dial", f"sip:box@127.0.0.1:{world.box.port}")
            phone.wait("CALL_ESTABLISHED")
            time.sleep(1)
            phone.tell("hold")
            time.sleep(2)
            phone.tell("resume")
            time.sleep(2)
            phone.tell("hangup")
            says = finished(world.box, name)
        return says

    @cell("digits (RFC 4733)", "baresip")
    def baresip_digits(world, name):
        with Baresip(world, name) as phone:
            phone.tell("dial", f"sip:box@127.0.0.1:{world.box.port}")
            phone.wait("CALL_ESTABLISHED")
            time.sleep(4)
            for digit in "42":
                phone.tell("sndcode", digit)
                time.sleep(0.5)
            time.sleep(3)
            phone.tell("hangup")
            record = world.box.ended(name)
        keyed = world.box.keyed(record)
        assert keyed == "42", f"keyed {keyed!r}"
        return "42"

    @cell("wideband (G.722)", "baresip")
    def baresip_wide(world, name):
        says = baresip_calls(world, name, world.box, f"sip:box@127.0.0.1:{world.box.port}", ";audio_codecs=G722/16000/1")
        world.box.log_has("the codec in the log", "call over", "G722")
        return says

    @cell("wideband (Opus)", "baresip")
    def baresip_opus(world, name):
        account = ";audio_codecs=opus/48000/2"
        says = baresip_calls(world, name, world.broad, f"sip:box@127.0.0.1:{world.broad.port}", account, ["opus"])
        world.broad.log_has("the codec in the log", "call over", "opus")
        with Baresip(world, f"{name}-called", account, ["opus"]) as phone:
            caller = calling(phone, f"{name}-called", more=["--codecs", "opus"])
            phone.wait("CALL_INCOMING")
            phone.tell("accept")
            phone.wait("CALL_CLOSED", 40)
            summary = told(caller)[-1]
        assert (summary["codec"], summary["packets_received"] > 20) == ("opus", True), summary
        return f"{says}; called: {summary['packets_received']} packets heard"

    @cell("digest (MD5)", "baresip")
    def baresip_digest(world, name):
        box = world.guarded_by_md5
        uri = f"sip:box@127.0.0.8:{box.port}"
        account = ">;regint=0;auth_user=phone;auth_pass=secret"
        # Its audio leaves from 127.0.0.1, which no description names: the box must not listen to it.
        return baresip_calls(world, name, box, uri, account, ip="127.0.0.8", packets=-1)

    @cell("TCP", "baresip")
    def baresip_tcp(world, name):
        return baresip_calls(world, name, world.box, f"sip:box@127.0.0.1:{world.box.port};transport=tcp")

    @cell("TLS", "baresip")
    def baresip_tls(world, name):
        uri = f"sip:box@127.0.0.1:{world.secure.tls_port};transport=tls"
        return baresip_calls(world, name, world.secure, uri, config=f"sip_cafile {world.certificates}/ca.pem\n")

    @cell("IPv6", "baresip")
    def baresip_ipv6(world, name):
        return baresip_calls(world, name, world.box, f"sip:box@[::1]:{world.box.port}", ip="::1")

    @cell("SRTP (SDES)", "baresip")
    def baresip_srtp(world, name):
        return baresip_calls(world, name, world.encrypted, f"sip:box@127.0.0.1:{world.encrypted.port}",
                             ";mediaenc=srtp-mand", modules=["srtp"])

    @cell("SRTP (DTLS)", "baresip")
    def baresip_dtls(world, name):
        account = ";mediaenc=dtls_srtp"
        says = baresip_calls(world, name, world.encrypted, f"sip:box@127.0.0.1:{world.encrypted.port}", account, ["dtls_srtp"])
        with Baresip(world, f"{name}-called", account, ["dtls_srtp"]) as phone:
            caller = calling(phone, f"{name}-called", more=["--dtls"])
            phone.wait("CALL_INCOMING")
            phone.tell("accept")
            phone.wait("CALL_CLOSED", 40)
            heard = told(caller)[-1]["packets_received"]
            assert "DTLS-SRTP complete" in phone.process.text(), "the keys came by another way"
        assert heard > 20, f"{says}; called: {heard} packets heard"
        return f"{says}; called: {heard} packets heard"

    @cell("transfer to a person, who takes the call", "baresip")
    def baresip_desk(world, name):
        def desk(world, name):
            phone = Baresip(world, "desk")

            def answers():
                phone.wait("CALL_INCOMING", 40)
                phone.tell("accept")
                phone.wait("CALL_ESTABLISHED")
                time.sleep(3)
                phone.tell("sndcode", "1")
                time.sleep(6)
                phone.tell("hangup")

            return phone, phone.sip_port, answers

        return transferred(world, name, desk)

    def linphone_calls(world, name, box, uri, config=None, talk=2.5):
        with Linphone(world, name, config) as phone:
            phone.tell(f"call {uri}")
            phone.wait("connected")
            time.sleep(talk)
            phone.tell("terminate")
            return finished(box, name)

    @cell("call, caller hangs up", "linphone")
    def linphone_set_up(world, name):
        return linphone_calls(world, name, world.box, f"sip:box@127.0.0.1:{world.box.port}")

    @cell("call, box hangs up", "linphone")
    def linphone_box_hangs_up(world, name):
        with Linphone(world, name, auto_answer=True) as phone:
            events = told(calling(phone))
        assert any(event["event"] == "answered" for event in events), events
        return f"{events[-1]['packets_received']} packets heard"

    @cell("CANCEL by the box", "linphone")
    def linphone_cancelled(world, name):
        with Linphone(world, name) as phone:
            caller = calling(phone)
            phone.wait("Receiving new incoming call")
            caller.send_signal(2)
            caller.wait(20)
            until("linphone notices", lambda: "ended" in phone.process.text() or "terminated" in phone.process.text())

    @cell("hold and resume", "linphone")
    def linphone_hold(world, name):
        with Linphone(world, name) as phone:
            phone.tell(f"call sip:box@127.0.0.1:{world.box.port}")
            phone.wait("connected")
            time.sleep(1)
            phone.tell("pause")
            time.sleep(2)
            phone.tell("resume")
            time.sleep(2)
            phone.tell("terminate")
            return finished(world.box, name)

    @cell("digits (RFC 4733)", "linphone")
    def linphone_digits(world, name):
        with Linphone(world, name) as phone:
            phone.tell(f"call sip:box@127.0.0.1:{world.box.port}")
            phone.wait("connected")
            time.sleep(4)
            for digit in "42":
                phone.tell(digit)
                time.sleep(0.6)
            time.sleep(3)
            phone.tell("terminate")
            record = world.box.ended(name)
        keyed = world.box.keyed(record)
        assert keyed == "42", f"keyed {keyed!r}"
        return "42"

    @cell("digest (SHA-256)", "linphone")
    def linphone_digest(world, name):
        at = outside()
        config = {"auth_info_0": {"username": name, "userid": "phone", "passwd": "secret", "realm": "callbox", "domain": "127.0.0.1",
                                   "algorithm": "SHA-256", "available_algorithms": "MD5,SHA-256"}}
        return linphone_calls(world, name, world.guarded, f"sip:box@{at}:{world.guarded.port}", config)

    @cell("TCP", "linphone")
    def linphone_tcp(world, name):
        return linphone_calls(world, name, world.box, f"sip:box@127.0.0.1:{world.box.port};transport=tcp")

    @cell("TLS", "linphone")
    def linphone_tls(world, name):
        uri = f"sip:box@127.0.0.1:{world.secure.tls_port};transport=tls"
        return linphone_calls(world, name, world.secure, uri)

    @cell("SRTP (SDES)", "linphone")
    def linphone_srtp(world, name):
        config = {"sip": {"media_encryption": "srtp", "media_encryption_mandatory": 1}}
        return linphone_calls(world, name, world.encrypted, f"sip:box@127.0.0.1:{world.encrypted.port}", config)

    @cell("wideband (Opus)", "linphone")
    def linphone_opus(world, name):
        says = linphone_calls(world, name, world.broad, f"sip:box@127.0.0.1:{world.broad.port}")
        world.broad.log_has("the codec in the log", "call over", "opus")
        return says

    @cell("SRTP (DTLS)", "linphone")
    def linphone_dtls(world, name):
        config = {"sip": {"media_encryption": "dtls", "media_encryption_mandatory": 1}}
        says = linphone_calls(world, name, world.encrypted, f"sip:box@127.0.0.1:{world.encrypted.port}", config)
        log = (world.folder / name / "linphone.log").read_text(errors="replace")
        assert "UDP/TLS/RTP/SAVP" in log, "the keys came by another way"
        with Linphone(world, f"{name}-called", config, auto_answer=True) as phone:
            heard = told(calling(phone, more=["--dtls"]))[-1]["packets_received"]
        assert heard > 20, f"{says}; called: {heard} packets heard"
        return f"{says}; called: {heard} packets heard"

    def twinkle_calls(world, name, meanwhile=lambda phone: time.sleep(2), transport="udp"):
        with Twinkle(world, name, outside(), transport=transport) as phone:
            phone.tell(f"call sip:box@{outside()}:{world.box.port}")
            phone.wait("far end answered call")
            meanwhile(phone)
            phone.tell("bye")
            return finished(world.box, name, packets=-1)

    @cell("call, caller hangs up", "twinkle")
    def twinkle_set_up(world, name):
        return twinkle_calls(world, name)

    @cell("hold and resume", "twinkle")
    def twinkle_hold(world, name):
        def hold(phone):
            time.sleep(1)
            phone.tell("hold")
            time.sleep(1.5)
            phone.tell("retrieve")
            time.sleep(1.5)
        return twinkle_calls(world, name, hold)

    @cell("digits (RFC 4733)", "twinkle")
    def twinkle_digits(world, name):
        def press(phone):
            time.sleep(4)
            phone.tell("dtmf 42")
            time.sleep(4)
        says = twinkle_calls(world, name, press)
        keyed = world.box.keyed(world.box.ended(name))
        assert keyed == "42", f"keyed {keyed!r}, {says}"
        return "42"

    @cell("TCP", "twinkle")
    def twinkle_tcp(world, name):
        return twinkle_calls(world, name, transport="tcp")

    @cell("call, box hangs up", "twinkle")
    def twinkle_box_hangs_up(world, name):
        with Twinkle(world, name, outside()) as phone:
            caller = calling(phone, name, outside())
            phone.wait("incoming call")
            phone.tell("answer")
            phone.wait("far end ended call", limit=40)
            events = told(caller)
        assert any(event["event"] == "answered" for event in events), events
        return f"{events[-1]['packets_received']} packets heard"

    @cell("CANCEL by the box", "twinkle")
    def twinkle_cancelled(world, name):
        with Twinkle(world, name, outside()) as phone:
            caller = calling(phone, name, outside())
            phone.wait("incoming call")
            caller.send_signal(2)
            phone.wait("far end cancelled call")
            caller.wait(20)
