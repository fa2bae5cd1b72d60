"""sipp: scenarios put together from steps, as caller and as callee."""

import shutil

from box import Process, free_port
from matrix import Missing


def sdp(payloads="0 101", direction="", version=1, protocol="RTP/AVP", extra="", family="4"):
    lines = [
        "v=0", f"o=peer 1 {version} IN IP[media_ip_type] [media_ip]", "s=-", "c=IN IP[media_ip_type] [media_ip]",
        "t=0 0", f"m=audio [media_port] {protocol} {payloads}",
    ]
    if "101" in payloads.split():
        lines += ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16"]
    lines += [f"a={direction}"] if direction else []
    return "\n".join(lines + ([extra] if extra else [])) + "\n"


def message(lines, body=""):
    kind = "Content-Type: application/sdp\n" if body.startswith("v=") else ""
    kind = "Content-Type: application/dtmf-relay\n" if body.startswith("Signal") else kind
    text = "\n".join(line for line in lines if line) + f"\n{kind}Content-Length: [len]\n\n{body}"
    return f"<![CDATA[\n{text}\n]]>"


def request(method, number, body="", extra="", uri="sip:[service]@[remote_ip]:[remote_port]", dialog=False, retrans=True,
            branch="[branch]"):
    """A request as the caller sends it; within a dialog it goes by the route set to the Contact."""
    first = f"{method} [next_url] SIP/2.0" if dialog else f"{method} {uri} SIP/2.0"
    to = "[peer_tag_param]" if dialog else ""
    wait = ' retrans="500"' if retrans else ""
    text = message([
        first, f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}", "Max-Forwards: 70",
        "[routes]" if dialog else "", "From: <sip:CALLER@[local_ip]:[local_port]>;tag=[pid]C[call_number]",
        f"To: <sip:[service]@[remote_ip]:[remote_port]>{to}", "Call-ID: [call_id]", f"CSeq: {number} {method}",
        "Contact: <sip:CALLER@[local_ip]:[local_port];transport=[transport]>", extra,
    ], body)
    return f"<send{wait}>{text}</send>\n"


def expect(status, optional=False, checks=(), auth=False, rrs=True, timeout_ms=8000, rtd=""):
    attributes = f'response="{status}" timeout="{timeout_ms}"'
    attributes += ' optional="true"' if optional else ""
    attributes += ' auth="true"' if auth else ""
    attributes += ' rrs="true"' if rrs and not optional else ""
    return f"<recv {attributes}>{actions(checks)}</recv>\n"


def awaited(method, checks=(), timeout_ms=20000, optional=False, rrs=False):
    more = ' optional="true"' if optional else ""
    more += ' rrs="true"' if rrs else ""
    return f'<recv request="{method}" timeout="{timeout_ms}"{more}>{actions(checks)}</recv>\n'


def actions(checks):
    """Regular expressions that the message must match."""
    if not checks:
        return ""
    tests = "".join(
        f'<ereg regexp="{check}" search_in="msg" check_it="true" assign_to="{at + 1}"/>' for at, check in enumerate(checks))
    return f"<action>{tests}</action>"


def reply(status, body="", extra=""):
    """An answer to the last request."""
    text = message([
        f"SIP/2.0 {status}", "[last_Via:]", "[last_Record-Route:]", "[last_From:]", "[last_To:];tag=[pid]S[call_number]",
        "[last_Call-ID:]", "[last_CSeq:]", "Contact: <sip:peer@[local_ip]:[local_port];transport=[transport]>", extra,
    ], body)
    return f"<send>{text}</send>\n"


def answer(status="200 OK", body="", extra=""):
    """An answer within the dialog, whose To has its tag already."""
    return reply(status, body, extra).replace(";tag=[pid]S[call_number]", "")


def pause(milliseconds):
    return f'<pause milliseconds="{milliseconds}"/>\n'


INVITED = expect(100, optional=True) + expect(180, optional=True) + expect(183, optional=True)
ACK = request("ACK", 1, dialog=True, retrans=False)
SET_UP = request("INVITE", 1, sdp()) + INVITED + expect(200) + ACK
BYE = request("BYE", 99, dialog=True) + expect(200, rrs=False)


def ack(number):
    return request("ACK", number, dialog=True, retrans=False)


def scenario(steps, caller):
    used = max((int(part.split('"')[0]) for part in steps.split('assign_to="')[1:]), default=0)
    variables = ",".join(str(at + 1) for at in range(used))
    reference = f'<Reference variables="{variables}"/>\n' if used else ""
    return ('<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="cell">\n'
            + steps.replace("CALLER", caller) + reference + "</scenario>\n")


def command(world, name, steps, *more, ip="127.0.0.1", port=None):
    if not shutil.which("sipp"):
        raise Missing("sipp is not installed (package sip-tester)")
    folder = world.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.xml"
    file.write_text(scenario(steps, name), encoding="latin-1")
    own = ["-i", ip, "-p", str(port or free_port()), "-mp", str(free_port() // 4 * 4 - 2000)]
    return Process(["sipp", "-sf", file, "-m", "1", "-nostdin", *own, "-timeout", "60", "-timeout_error",
                    "-trace_err", "-trace_msg", *more], folder / "sipp.out", cwd=folder), folder


def succeeded(process, folder, limit=60):
    code = process.end(limit)
    if code != 0:
        errors = [line for file in sorted(folder.glob("*_errors.log")) for line in file.read_text(errors="replace").splitlines()]
        raise AssertionError(f"sipp ended with {code}: {' / '.join(errors[-6:])[:600] or process.text()[-300:]} ({folder})")


def call(world, name, steps, *more, box=None, target=None, ip="127.0.0.1"):
    """Calls the box by these steps; all of them must come true."""
    target = target or f"127.0.0.1:{(box or world.box).port}"
    process, folder = command(world, name, steps, target, *more, ip=ip)
    with process:
        succeeded(process, folder)


def callee(world, name, steps, *more):
    """A peer that waits for one call; its process, folder and port."""
    port = free_port()
    process, folder = command(world, name, steps, *more, port=port)
    return process, folder, port
