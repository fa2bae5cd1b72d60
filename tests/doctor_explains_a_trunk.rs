//! `callbox doctor --trunk NAME` says in words what is wrong with a trunk, and its trace shows the
//! talk without who talks.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use appliance::{Reaped, SOON, Site, installed};

/// A peer that answers OPTIONS and REGISTER with one status and INVITE with another.
struct Peer {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    fn new(options: &'static str, invite: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (port, stop) = (socket.local_addr().unwrap().port(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || {
            let mut buffer = [0; 4_096];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let status = match text.split(' ').next() {
                    Some("OPTIONS" | "REGISTER") => options,
                    Some("INVITE") => invite,
                    _ => continue,
                };
                let echoed = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
                let headers: String =
                    text.lines()
                        .filter(|line| echoed.iter().any(|name| line.starts_with(name)))
                        .map(|line| {
                            if line.starts_with("To:") { format!("{line};tag=peer\r\n") } else { format!("{line}\r\n") }
                        })
                        .collect();
                let answer = format!("SIP/2.0 {status}\r\n{headers}Content-Length: 0\r\n\r\n");
                let _ = socket.send_to(answer.as_bytes(), from);
            }
        });
        Peer { port, stop, thread: Some(thread) }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

/// What the doctor says of a trunk with this target, as (step, ok, words).
fn examined(site: &Site, target: &str, more: &[&str]) -> Vec<(String, bool, String)> {
    let table = format!(
        "\n[[trunk]]\nname = \"carrier\"\ntargets = [\"{target}\"]\nuser = \"geheim77\"\npassword = \"wort\"\n"
    );
    diagnosed(site, &table, more)
}

/// The same of what this table describes, which is named carrier.
fn diagnosed(site: &Site, table: &str, more: &[&str]) -> Vec<(String, bool, String)> {
    site.edit("callbox.toml", |text| text + table);
    let words = [&["doctor", "--json", "--trunk", "carrier"], more].concat();
    let output = site.configured(&words, &[]).output().unwrap();
    site.edit("callbox.toml", |text| text.replace(table, ""));
    let told = String::from_utf8(output.stdout).unwrap();
    let steps: Vec<(String, bool, String)> = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            (text("check"), line["ok"].as_bool().unwrap(), text("says"))
        })
        .collect();
    let all_fine = steps.iter().all(|(_, ok, _)| *ok);
    assert_eq!(output.status.code(), Some(if all_fine { 0 } else { 3 }), "{steps:?}");
    steps
}

/// The last step failed and says this.
fn assert_fails(steps: &[(String, bool, String)], step: &str, words: &str) {
    let (name, ok, says) = steps.last().unwrap();
    assert!(!ok && name.starts_with(step) && says.contains(words), "{steps:#?}");
}

#[test]
fn what_can_be_wrong_has_words() {
    let Some(site) = Site::new("doctor-trunk") else { return };
    let told = site.configured(&["doctor", "--json", "--trunk", "other"], &[]).output().unwrap();
    assert!(String::from_utf8_lossy(&told.stdout).contains("no [[trunk]] or [[account]] is named"), "{told:?}");

    assert_fails(&examined(&site, "sip:pbx.invalid", &[]), "name", "has no address");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = taken.local_addr().unwrap().port();
    drop(taken);
    assert_fails(
        &examined(&site, &format!("sip:127.0.0.1:{closed};transport=tcp"), &[]),
        "connection",
        "nothing listens",
    );
    assert_fails(
        &examined(&site, &format!("sip:127.0.0.1:{closed}"), &[]),
        "connection",
        "nothing listens on its UDP port",
    );

    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    let answers = spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(b"SIP/2.0 400 Bad Request\r\n\r\n");
    });
    let steps = examined(&site, &format!("sip:localhost:{port};transport=tls"), &[]);
    assert_fails(&steps, "connection", "does not speak TLS");
    answers.join().unwrap();

    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_fails(&examined(&site, &format!("sip:127.0.0.1:{port}"), &[]), "OPTIONS", "no answer to OPTIONS");

    let peer = Peer::new("403 Forbidden", "403 Forbidden");
    assert_fails(&examined(&site, &format!("sip:127.0.0.1:{}", peer.port), &[]), "OPTIONS", "not on its list");

    for (status, words) in [
        ("404 Not Found", "does not know the number"),
        ("488 Not Acceptable Here", "none of the audio we offer"),
        ("486 Busy Here", "busy"),
        ("503 Service Unavailable", "no line free"),
    ] {
        let peer = Peer::new("200 OK", status);
        let steps = examined(&site, &format!("sip:127.0.0.1:{}", peer.port), &["--call", "015550100"]);
        assert_fails(&steps, "call to", words);
        assert!(steps.iter().any(|(step, ok, _)| step == "OPTIONS" && *ok), "{steps:?}");
    }
}

#[test]
fn a_password_that_is_not_taken_has_words() {
    let Some(site) = Site::new("doctor-password") else { return };
    let asks =
        "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"";
    let peer = Peer::new(asks, asks);
    let steps = examined(&site, &format!("sip:127.0.0.1:{}", peer.port), &[]);
    assert_fails(&steps, "OPTIONS", "asks for a password and does not take ours (401 Unauthorized)");
    assert_fails(&steps, "OPTIONS", "give the [[trunk]] `user` and `password`, or check them");
    let table = format!(
        "\n[[account]]\nname = \"carrier\"\naddress = \"sip:200@pbx.test\"\nregistrar = \"127.0.0.1:{}\"\n\
         password = \"guess\"\n",
        peer.port
    );
    assert_fails(&diagnosed(&site, &table, &[]), "registrar", "its user or password is wrong");
}

/// An authority, and a server under TLS with its certificate for "localhost"; its port.
fn secure_server(folder: &Path) -> (Reaped, u16) {
    std::fs::write(folder.join("extensions"), "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n").unwrap();
    for step in [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout pbx.key -out pbx.csr",
        "x509 -req -in pbx.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out pbx.pem",
    ] {
        let made = Command::new("openssl").args(step.split(' ')).current_dir(folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Command::new("openssl")
        .args(["s_server", "-quiet", "-cert", "pbx.pem", "-key", "pbx.key", "-accept", &format!("127.0.0.1:{port}")])
        .current_dir(folder)
        .stdin(Stdio::piped()) // it ends with its input
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Reaped(server.unwrap());
    let until = Instant::now() + SOON;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "openssl s_server does not listen");
        sleep(Duration::from_millis(20));
    }
    (server, port)
}

#[test]
fn a_certificate_that_is_not_trusted_has_words_and_the_advice_helps() {
    let Some(site) = Site::new("doctor-certificate") else { return };
    if !installed("openssl", "openssl") {
        return;
    }
    let (_server, port) = secure_server(&site.folder);
    let named = format!("sip:localhost:{port};transport=tls");
    let steps = examined(&site, &named, &[]);
    assert_fails(&steps, "connection", "the certificate of localhost is signed by nobody this box trusts");
    assert_fails(&steps, "connection", "set tls.trust to it");
    let trust = format!("tls.trust={}", site.folder.join("ca.pem").display());
    let steps = examined(&site, &format!("sip:127.0.0.1:{port};transport=tls"), &["--set", &trust]);
    assert_fails(&steps, "connection", "the certificate is not for the name 127.0.0.1");
    let steps = examined(&site, &named, &["--set", &trust]);
    let connected = steps.iter().find(|(step, ..)| step.starts_with("connection")).unwrap();
    assert!(connected.1 && connected.2.contains("a certificate for localhost that is trusted"), "{steps:#?}");
    assert_fails(&steps, "OPTIONS", "no answer to OPTIONS");
}

#[test]
fn the_trace_has_the_talk_and_nobody_in_it() {
    let Some(site) = Site::new("doctor-trace") else { return };
    let peer = Peer::new("200 OK", "488 Not Acceptable Here");
    let file = site.folder.join("trunk.pcap");
    let path = file.to_str().unwrap().to_owned();
    let steps = examined(&site, &format!("sip:127.0.0.1:{}", peer.port), &["--call", "015550100", "--pcap", &path]);
    assert!(steps.iter().any(|(step, ok, says)| step == "trace" && *ok && says.contains("messages")), "{steps:?}");
    let bytes = std::fs::read(&file).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    for kept in ["OPTIONS sip:", "INVITE sip:user", "SIP/2.0 488 Not Acceptable Here", "a=rtpmap:"] {
        assert!(text.contains(kept), "{kept} is missing: {text}");
    }
    for gone in ["015550100", "geheim77", "wort", "inline:A"] {
        assert!(!text.contains(gone), "{gone} is there: {text}");
    }
    let Ok(read) = Command::new("tshark").args(["-r", &path, "-d", &format!("udp.port=={},sip", peer.port)]).output()
    else {
        return; // what the file's bytes are is checked in the library's own test
    };
    let shown = String::from_utf8_lossy(&read.stdout);
    assert!(read.status.success() && shown.contains("Request: INVITE sip:user"), "{shown}{read:?}");
}
