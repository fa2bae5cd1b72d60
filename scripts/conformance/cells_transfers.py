"""Callers who are sent on, with softphones at either end: REFER, Replaces, and a registrar in the middle."""

import contextlib
import subprocess
import time
import wave

import sipp
from box import PROGRAMS, ROOT, Box, until
from sipp import BYE, SET_UP, answer, awaited, call, expect, pause, reply, request, sdp
from softphones import Baresip, Linphone
from world import ACCOUNT

# When the agent has said who it is and offered its help.
GREETED_S = 8
WISH = "can i speak to a person please"


def wish(world):
    """A microphone into which somebody asks for a person once the greeting is over; nothing else."""
    said = world.folder / "wish.wav"
    if not said.is_file():
        subprocess.run([PROGRAMS / "callbox", "say", WISH, "--voice", "espeak-en-gb+f3", "--out", said, "--set",
                        f"engines.models={ROOT}/models"], check=True, capture_output=True)
    return said


def microphone(world, path, gap_s=GREETED_S):
    """The wish in a recording as long as a call, over the softphone's own tone."""
    with wave.open(str(wish(world))) as spoken:
        rate, words = spoken.getframerate(), spoken.readframes(spoken.getnframes())
    silence = b"\0\0" * rate
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(silence * gap_s + words + silence * 60)


def sends_on(world, name, way, target):
    """A box that sends callers who want a person to this address in this way, at any hour."""
    return Box(world.folder, f"{name}-box", [f"dial.allow={target}", "dial.referrers=127.0.0.1"],
               business=f'\n[transfer]\nto = ["{way} {target}"]\nring_s = 20\nalways = true\n')


def tone_at_the_end(path, seconds=3):
    """The share of the last seconds of a caller's recording in which a softphone's own tone is heard on the right."""
    with wave.open(str(path)) as file:
        count, rate = file.getnframes(), file.getframerate()
        file.setpos(max(0, count - seconds * rate))
        samples = memoryview(file.readframes(count)).cast("h")[1::2]
    return sum(200 < abs(sample) < 1500 for sample in samples) / max(1, len(samples))


def received(log):
    """How often linphone has told that sound comes: every 250 packets."""
    return log.read_text(errors="replace").count("jitter buffer rls stats: count=")


def register(matrix):
    cell = matrix.cell

    @cell("REFER by a caller gets 603", "sipp")
    def strangers_refer_nobody(world, name):
        refer = request("REFER", 2, extra="Refer-To: <sip:anybody@127.0.0.1>", dialog=True)
        call(world, name, SET_UP + pause(300) + refer + expect(603, rrs=False) + pause(200) + BYE)
        assert world.box.ended(name)["outcome"] == "gone"

    @cell("Replaces of no call gets 481", "sipp")
    def replaces_nothing(world, name):
        invite = request("INVITE", 1, sdp(), extra="Replaces: nobody@nowhere;to-tag=a;from-tag=b\nRequire: replaces")
        call(world, name, invite + expect(100, optional=True) + expect(481, rrs=False) + request("ACK", 1, retrans=False))
        assert not world.box.taken(name)

    def phone_of(world, name, peer):
        """A softphone that will say the wish, and how it dials."""
        if peer == "baresip":
            phone = Baresip(world, name)
            microphone(world, phone.folder / "microphone.wav")
            return phone, lambda uri: phone.tell("dial", uri)
        phone = Linphone(world, name)
        microphone(world, phone.folder / "microphone.wav")
        return phone, lambda uri: phone.tell(f"call {uri}")

    @contextlib.contextmanager
    def sent_on(world, name, way, target, peer):
        """A caller who asks for a person and is put through to the target in this way: the box, and the softphone."""
        box = sends_on(world, name, way, target)
        try:
            phone, dial = phone_of(world, name, peer)
            with phone:
                dial(f"sip:box@127.0.0.1:{box.port}")
                yield box, phone
            record = box.ended(name)
        finally:
            box.stop()
        assert record["outcome"] == "transferred", record

    @cell("blind transfer (REFER)", "baresip", "linphone")
    def blind(world, name, peer):
        # The desk is called by the softphone, which says so; the box is out of it.
        steps = awaited("INVITE", timeout_ms=60000) + reply("180 Ringing") + pause(300) + reply("200 OK", sdp("0"))
        steps += awaited("ACK") + awaited("BYE", timeout_ms=30000) + answer()
        process, folder, port = sipp.callee(world, name, steps)
        with process, sent_on(world, name, "blind", f"sip:desk@127.0.0.1:{port}", peer) as (box, phone):
            box.log_has("the caller sent on", "the caller's phone has called somebody", limit=50)
            time.sleep(1)
            phone.tell("hangup" if peer == "baresip" else "terminate all")
            sipp.succeeded(process, folder)

    @cell("attended transfer (REFER with Replaces)", "linphone")
    def attended(world, name):
        with Linphone(world, f"{name}-desk") as desk:
            target = f"sip:desk@127.0.0.1:{desk.sip_port}"
            with sent_on(world, name, "attended", target, "linphone") as (box, _):
                desk.wait("Receiving new incoming call", limit=50)
                desk.tell("answer")
                desk.wait("connected")
                time.sleep(3)
                desk.tell("1")
                box.log_has("the caller put through", "put through", limit=40)
                # The box is out of it, and the two talk on.
                box.ended(name)
                log = desk.folder / "linphone.log"
                until("the caller's phone takes the box's place", lambda: "Replaces: " in log.read_text(errors="replace"))
                before = received(log)
                until("sound of the caller at the desk", lambda: received(log) > before)

    @cell("Replaces puts a caller through to the box", "linphone")
    def put_through(world, name):
        # A colleague has somebody on the line, asks the box, and connects the two.
        # linphone refers to an address without its port: a box at the usual one.
        box = Box(world.folder, f"{name}-box", ["sip.bind=127.0.0.9", "sip.port=5060"])
        with box.process, Linphone(world, name, auto_answer=True) as caller, Linphone(world, f"{name}-colleague") as colleague:
            colleague.tell(f"call sip:{name}@127.0.0.1:{caller.sip_port}")
            colleague.wait("Call 1", "connected")
            time.sleep(1)
            colleague.tell("pause")
            time.sleep(1)
            colleague.tell("call sip:box@127.0.0.9")
            colleague.wait("Call 2", "connected")
            time.sleep(2)
            colleague.tell("transfer 1 --to-call 2")
            box.log_has("the colleague's call, which ends", "call over", limit=15)
            time.sleep(3)
            caller.tell("terminate")
            record = box.ended(name)
        assert (record["packets_received"] or 0) > 50, record
        return f"{record['packets_received']} packets of the caller heard"

    @cell("transfer to an extension at the registrar", "kamailio")
    def registered_desk(world, name):
        kamailio = world.office
        account = (f'@pbx.test>;auth_user=300;auth_pass=\"let me in\";outbound="sip:127.0.0.1:{kamailio.port}";regint=60')
        table = ACCOUNT.format(name="office", user="200", registrar=f"sip:127.0.0.1:{kamailio.port}")
        with Baresip(world, name, account, user="300") as desk:
            desk.process.wait_line("the extension is registered", "200 OK")
            box = Box(world.folder, f"{name}-box", ["dial.allow=sip:300@office"], table,
                      business='\n[transfer]\nto = ["sip:300@office"]\nring_s = 20\nalways = true\n')
            try:
                box.log_has("the registration", "registered:", 'account="office"')
                script = world.folder / f"{name}.txt"
                script.write_text(WISH + "\n" + "[wait 1s] hello is somebody there\n" * 8)
                caller = subprocess.Popen(
                    [PROGRAMS / "callbox", "call", f"sip:box@127.0.0.1:{box.port}", "--json", "--script", script, "--from",
                     "5550100/Anna", "--max-s", "60", "--record", world.folder / f"{name}.wav", "--set", f"engines.models={ROOT}/models"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                desk.wait("CALL_INCOMING", 40)
                desk.tell("accept")
                desk.wait("CALL_ESTABLISHED")
                time.sleep(3)
                desk.tell("sndcode", "1")
                box.log_has("the caller put through", "put through", limit=40)
                time.sleep(6)
                desk.tell("hangup")
                told, _ = caller.communicate(timeout=90)
                record = box.ended("5550100")
            finally:
                box.stop()
        assert record["outcome"] == "transferred", (record, told)
        share = tone_at_the_end(world.folder / f"{name}.wav")
        assert share > 0.4, f"the caller hears the extension in {share:.0%} of the last seconds"
        return f"{record['outcome']}, the caller hears the extension"
