//! A server of the premises that answers, stalls, cuts, lies and talks nonsense; behind it a local
//! model that always says the same.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::{Down, Llm, LlmEvent, LlmWork, Priority, Prompt, Session, Ticket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::{before, before_resting};
use crate::config::{Hold, Remote};
use crate::engines::{Client, Reply, State};

const GRAMMAR: &str = "root ::= \"{\\\"do\\\":\\\"\" action \"\\\",\\\"args\\\":{\" arg? \"}}\"\naction ::= \"book\" | \"human\"\n\
                       arg ::= \"\\\"day\\\":\\\"\" (\" \" word){1,12} \"\\\"\"\nword ::= \"friday\" | \"three\"\n";
const REMOTE: &str = "{\"do\":\"human\",\"args\":{}}";
const LOCAL: &str = "{\"do\":\"book\",\"args\":{}}";
const DEADLINE: u32 = 400;

/// What the server does with a request.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Says(&'static str),
    Stalls,
    StallsInTheMiddle,
    Cuts,
    Refuses,
    Page,
    Floods,
}

struct Stand {
    url: String,
    asked: Arc<AtomicUsize>,
    bodies: mpsc::Receiver<String>,
    /// A connection that the other side dropped in the middle of an answer.
    dropped: mpsc::Receiver<()>,
}

async fn stand(does: watch::Receiver<Does>) -> Stand {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (body, bodies) = mpsc::channel(64);
    let (gone, dropped) = mpsc::channel(64);
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (does, count, body, gone) = (does.clone(), Arc::clone(&count), body.clone(), gone.clone());
            tokio::spawn(async move {
                let mut stream = stream;
                while let Some(request) = request(&mut stream).await {
                    count.fetch_add(1, Ordering::SeqCst);
                    let _ = body.try_send(request);
                    let does = *does.borrow();
                    if answer(&mut stream, does).await.is_none() {
                        let _ = gone.try_send(());
                        return;
                    }
                }
            });
        }
    });
    Stand { url, asked, bodies, dropped }
}

/// One request's head and body.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let wanted = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= wanted.unwrap_or(0) {
                return Some(text);
            }
        }
    }
}

/// `None` when the connection is over.
async fn answer(stream: &mut TcpStream, does: Does) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let event =
        |text: &str| format!("data: {}\n\n", serde_json::json!({ "choices": [{ "delta": { "content": text } }] }));
    let stop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let until_dropped = async |stream: &mut TcpStream| {
        let mut byte = [0];
        let _ = stream.read(&mut byte).await;
    };
    match does {
        Does::Says(text) => {
            stream.write_all(head.as_bytes()).await.ok()?;
            for piece in text.split_inclusive(',') {
                stream.write_all(event(piece).as_bytes()).await.ok()?;
            }
            stream.write_all(format!("{stop}data: [DONE]\n\n").as_bytes()).await.ok()?;
        }
        Does::Stalls => until_dropped(stream).await,
        Does::StallsInTheMiddle => {
            stream.write_all(format!("{head}{}", event("{\"do\":")).as_bytes()).await.ok()?;
            until_dropped(stream).await;
        }
        Does::Cuts => stream.write_all(format!("{head}{}", event("{\"do\":")).as_bytes()).await.ok()?,
        Does::Refuses => {
            let text = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(text.as_bytes()).await.ok()?;
        }
        Does::Page => {
            stream.write_all(format!("{head}<html>busy</html>\n").as_bytes()).await.ok()?;
        }
        Does::Floods => {
            stream.write_all(head.as_bytes()).await.ok()?;
            while stream.write_all(event("{{{{{{{{{{{{{{{{").as_bytes()).await.is_ok() {}
        }
    }
    None
}

/// A local model with its state, and how often it was asked.
fn local() -> (Client<Llm>, watch::Sender<State>, Arc<AtomicUsize>) {
    let (to_worker, mut work) = mpsc::channel(64);
    let (state, seen) = watch::channel(State::Ready { about: "here".into(), pid: 1, start: 1 });
    let client: Client<Llm> = Client::new(to_worker, seen);
    let (own, asked) = (client.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Some(order) = work.recv().await {
            if let Down::Work(LlmWork::Decide { ticket, .. }) = order {
                count.fetch_add(1, Ordering::SeqCst);
                own.deliver(ticket, Reply::Event(done(ticket)), true);
            }
        }
    });
    (client, state, asked)
}

fn done(ticket: Ticket) -> LlmEvent {
    LlmEvent::Done {
        ticket,
        text: LOCAL.into(),
        prompt_tokens: 1,
        tokens: 1,
        first_ms: 1,
        total_ms: 1,
        confidence: 1.0,
    }
}

fn wanted(url: &str) -> Remote {
    Remote { url: url.to_owned(), model: "large".into(), key_file: None, hold: Hold::JsonSchema, deadline_ms: DEADLINE }
}

fn submit(client: &Client<Llm>) -> (Ticket, mpsc::Receiver<(Ticket, Reply<LlmEvent>)>) {
    let (reply, replies) = mpsc::channel(64);
    let ticket = client.ticket();
    let work = LlmWork::Decide {
        session: Session(1),
        ticket,
        prompt: Prompt { shared: "business: salon\n".into(), own: "caller: a human please\n".into() },
        grammar: GRAMMAR.into(),
        max_tokens: 64,
        priority: Priority::Turn,
    };
    assert!(client.submit(ticket, work, reply));
    (ticket, replies)
}

/// The text of the answer; the pieces make it up.
async fn ask(client: &Client<Llm>) -> String {
    let (_, mut replies) = submit(client);
    let mut pieces = String::new();
    loop {
        match timeout(Duration::from_secs(10), replies.recv()).await.unwrap().unwrap().1 {
            Reply::Event(LlmEvent::Piece { text, .. }) => pieces.push_str(&text),
            Reply::Event(LlmEvent::Done { text, .. }) => {
                assert!(pieces.is_empty() || pieces == text);
                return text;
            }
            Reply::Failed => return "failed".into(),
        }
    }
}

#[tokio::test]
async fn the_server_decides_and_is_asked_as_it_needs() {
    let (_does, seen) = watch::channel(Does::Says("{ \"do\": \"human\", \"args\": {} }"));
    let mut stand = stand(seen).await;
    let (local, _state, asked_local) = local();
    let client = before(local, &wanted(&stand.url)).unwrap();
    assert_eq!(ask(&client).await, REMOTE);
    assert_eq!(asked_local.load(Ordering::SeqCst), 0);
    let request = stand.bodies.recv().await.unwrap();
    assert!(request.starts_with("POST /v1/chat/completions "), "{request}");
    let body: serde_json::Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["stream"], true);
    assert_eq!(body["messages"][1]["content"], "caller: a human please\n");
    let told = body["messages"][0]["content"].as_str().unwrap();
    assert!(told.contains("salon") && told.contains("JSON"), "a large model is told what to do: {told}");
    let schema = &body["response_format"]["json_schema"]["schema"]["properties"];
    assert_eq!(schema["do"]["enum"], serde_json::json!(["book", "human"]));
    assert_eq!(schema["args"]["additionalProperties"]["pattern"], "^( (friday|three))+$");
}

#[tokio::test]
async fn whatever_the_server_does_the_caller_gets_a_decision() {
    for does in [
        Does::Stalls,
        Does::StallsInTheMiddle,
        Does::Cuts,
        Does::Refuses,
        Does::Page,
        Does::Floods,
        Does::Says("{\"do\":\"cancel\",\"args\":{}}"),
        Does::Says("{\"do\":\"book\",\"args\":{\"day\":\" monday\"}}"),
        Does::Says("I am sorry, as a language model"),
        Does::Says(""),
    ] {
        let (_does, seen) = watch::channel(does);
        let stand = stand(seen).await;
        let (local, _state, _) = local();
        let client = before(local, &wanted(&stand.url)).unwrap();
        let asked = Instant::now();
        assert_eq!(ask(&client).await, LOCAL);
        assert_eq!(stand.asked.load(Ordering::SeqCst), 1);
        assert!(asked.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_server_that_fails_is_left_alone() {
    let (_does, seen) = watch::channel(Does::Refuses);
    let stand = stand(seen).await;
    let (local, _state, asked_local) = local();
    let client = before(local, &wanted(&stand.url)).unwrap();
    for _ in 0..6 {
        assert_eq!(ask(&client).await, LOCAL);
    }
    assert_eq!(stand.asked.load(Ordering::SeqCst), 3, "after three failures nobody waits for it");
    assert_eq!(asked_local.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_server_that_is_back_is_found_again() {
    let (does, seen) = watch::channel(Does::Refuses);
    let stand = stand(seen).await;
    let (local, _state, _) = local();
    let client = before_resting(local, &wanted(&stand.url), Duration::ZERO).unwrap();
    for _ in 0..5 {
        assert_eq!(ask(&client).await, LOCAL);
    }
    does.send_replace(Does::Says(REMOTE));
    assert_eq!(ask(&client).await, REMOTE);
}

#[tokio::test]
async fn a_cancelled_question_ends_at_the_server_too() {
    let (_does, seen) = watch::channel(Does::StallsInTheMiddle);
    let mut stand = stand(seen).await;
    let (local, _state, asked_local) = local();
    let client = before(local, &Remote { deadline_ms: 30_000, ..wanted(&stand.url) }).unwrap();
    let (ticket, mut replies) = submit(&client);
    stand.bodies.recv().await.unwrap();
    client.cancel(ticket);
    timeout(Duration::from_secs(10), stand.dropped.recv()).await.unwrap().unwrap();
    assert!(replies.recv().await.is_none(), "answered by nothing");
    assert_eq!(asked_local.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn while_the_server_is_there_the_box_thinks_without_its_local_model() {
    let (does, seen) = watch::channel(Does::Says(REMOTE));
    let stand = stand(seen).await;
    let (local, state, _) = local();
    let client = before(local, &wanted(&stand.url)).unwrap();
    assert_eq!(ask(&client).await, REMOTE);
    state.send_replace(State::Down { why: "killed".into(), since: std::time::Instant::now() });
    assert_eq!(ask(&client).await, REMOTE);
    assert!(client.is_ready());
    does.send_replace(Does::Refuses);
    for _ in 0..3 {
        assert_eq!(ask(&client).await, "failed");
    }
    let mut told = client.state();
    timeout(Duration::from_secs(10), told.wait_for(|state| matches!(state, State::Down { .. })))
        .await
        .unwrap()
        .unwrap();
}
