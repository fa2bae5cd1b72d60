//! A stand-in for a hub of models on loopback, which answers as a test tells it to: also wrongly,
//! slowly, or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, missing_docs)]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use sha2::{Digest, Sha256};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub headers: HashMap<String, String>,
}

impl Request {
    pub fn range(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// After so many bytes of the body..
    pub stop_after: Option<usize>,
    /// ..hold the connection open and send no more, instead of closing it.
    pub stall: bool,
    /// Goes on for ever, in chunks.
    pub endless: bool,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Answer { status, headers: Vec::new(), body: Vec::new(), stop_after: None, stall: false, endless: false }
    }

    /// The file, or the rest of it that was asked for.
    pub fn file(request: &Request, file: &[u8]) -> Self {
        let answer = match request.range() {
            None => Answer { body: file.to_vec(), ..Answer::status(200) },
            Some(first) if first < file.len() => {
                let range = format!("bytes {first}-{}/{}", file.len() - 1, file.len());
                Answer { body: file[first..].to_vec(), ..Answer::status(206) }.with("Content-Range", range)
            }
            Some(_) => Answer::status(416),
        };
        answer.with("Content-Type", "application/octet-stream")
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn cut_after(self, bytes: usize) -> Self {
        Answer { stop_after: Some(bytes), ..self }
    }

    pub fn stall_after(self, bytes: usize) -> Self {
        Answer { stop_after: Some(bytes), stall: true, ..self }
    }
}

/// A running stand-in. Its threads end with the test's process.
pub struct Hub {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Hub {
    /// Answers each request by `answer`, which also gets how many came before it.
    pub fn start(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hub = Hub { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, answer) = (Arc::clone(&hub.seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    let before = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    // A client that has enough closes; that is not this side's failure.
                    let _ = write(stream, &answer(&request, before));
                });
            }
        });
        hub
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let headers = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
    let headers = headers.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_lowercase(), value.to_owned()))
    });
    Some(Request { path, headers: headers.collect() })
}

fn write(mut stream: TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", answer.status);
    let says_length = answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if answer.endless {
        head += "Transfer-Encoding: chunked\r\n";
    } else if !says_length {
        head += &format!("Content-Length: {}\r\n", answer.body.len());
    }
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if answer.endless {
        let chunk = [format!("{:x}\r\n", 1 << 16).as_bytes(), &vec![7; 1 << 16], b"\r\n"].concat();
        loop {
            stream.write_all(&chunk)?;
        }
    }
    let most = answer.stop_after.unwrap_or(usize::MAX).min(answer.body.len());
    stream.write_all(&answer.body[..most])?;
    if answer.stall {
        let _ = stream.read(&mut [0]); // until the client gives up
    }
    Ok(())
}

/// Bytes that are not all alike; the same for the same seed.
pub fn weights(length: usize, seed: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A fresh `models/field` of a test with one model `m` of one file `m.gguf`, as `hold` writes it.
pub fn models(test: &str, hold: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hub-{test}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let field = folder.join("models/field");
    fs::create_dir_all(&field).unwrap();
    let manifest = format!(
        "name = \"m\"\nkind = \"llm\"\nlicence = \"MIT\"\nlanguages = [\"en\"]\nmemory_mb = 1\nprofiles = [\"cpu\"]\n\
         [[files]]\npath = \"m.gguf\"\nurl = \"https://huggingface.co/a/b/resolve/main/m.gguf\"\n{hold}\n\
         [llm]\nprompt = \"chat-1\"\n"
    );
    fs::write(field.join("m.toml"), manifest).unwrap();
    field
}

/// The lines of a manifest that pin a file.
pub fn pinned(file: &[u8]) -> String {
    format!("sha256 = \"{}\"\nbytes = {}", sha256(file), file.len())
}
