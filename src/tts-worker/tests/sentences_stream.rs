//! A sentence leaves while it is made, and is to the last bit what it would be made in one piece.
//! On a toy with the parts of a real voice (scripts/toy-voice.py).
#![allow(clippy::expect_used, clippy::panic)]

mod common;

use std::sync::OnceLock;

use common::{Models, Worker, data, onnxruntime};
use engine::{Ticket, TtsEvent, Up};
use onnx::{Library, Runtime};
use tts_worker::piper::Graph;

const LONG: &str = "the furnace in the upper hall has been making a very loud noise since early this morning";
const NO_NOISE: [f32; 3] = [0.0, 1.0, 0.0];

/// One in a process.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Library::load(onnxruntime().as_ref()).expect("the library").start("callbox-tts").expect("it starts")
    })
}

fn pieces(graph: &mut Graph, ids: &[i64], at_once: bool) -> Vec<Vec<i16>> {
    let sound = graph.begin(ids, NO_NOISE, 0).expect("it begins");
    let mut sound = if at_once { sound.at_once() } else { sound };
    let length = graph.length(&sound);
    let pieces: Vec<_> = std::iter::from_fn(|| graph.next(&mut sound).expect("it speaks")).collect();
    assert_eq!(pieces.iter().map(Vec::len).sum::<usize>(), length);
    pieces
}

#[test]
fn pieces_are_the_whole_to_the_last_bit() {
    let bytes = std::fs::read(data("toy-vits.onnx")).expect("the toy");
    let ids: Vec<i64> = (0..400).map(|n| 1 + (n * 7) % 43).collect();
    let mut graph = Graph::load(runtime(), &bytes, ids.get(..60).expect("enough")).expect("it loads");
    assert!(graph.streams());
    for length in [1, 2, 5, 12, 15, 18, 30, 31, 32, 45, 70, 120, 400] {
        let ids = ids.get(..length).expect("enough");
        let streamed = pieces(&mut graph, ids, false);
        let whole = pieces(&mut graph, ids, true);
        assert_eq!(whole.len(), 1);
        assert_eq!(streamed.concat(), whole.concat(), "{length} phonemes");
        assert!(length < 70 || streamed.len() >= 3, "{length} phonemes in {} pieces", streamed.len());
    }
    // Where the durations are known, so is where every number begins.
    let sound = graph.begin(&ids, NO_NOISE, 0).expect("it begins");
    let starts = graph.starts(&sound, ids.len()).expect("it tells");
    assert!(starts.is_sorted() && starts.first() == Some(&0));
    assert!(starts.last().is_some_and(|last| *last < graph.length(&sound)));
}

#[test]
fn a_graph_that_is_built_otherwise_speaks_whole_sentences() {
    let bytes = std::fs::read(data("toy.onnx")).expect("the toy");
    let graph = Graph::load(runtime(), &bytes, &[1, 2, 3]).expect("it loads");
    assert!(!graph.streams());
}

#[test]
fn no_call_waits_for_the_sentence_of_another() {
    let models = Models::new("no_call_waits");
    models.add("toy", "toy-vits", "");
    let mut worker: Worker = models.start();
    assert!(!worker.about.contains("whole sentences"), "{}", worker.about);
    let long = [LONG; 6].join(" and ");
    worker.ask(1, "toy", &long, 8_000);
    worker.ask(2, "toy", "yes", 8_000);
    let mut done = Vec::new();
    while done.len() < 2 {
        match worker.next() {
            Up::Event(TtsEvent::Done { ticket, .. }) => done.push(ticket),
            Up::Event(TtsEvent::Audio { .. }) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(done, [Ticket(2), Ticket(1)]);
}

#[test]
fn words_end_where_their_phonemes_do() {
    let models = Models::new("words_end");
    models.add("toy", "toy-vits", "");
    let clause = models.start().speak("toy", LONG, 8_000);
    let words = LONG.split_whitespace().count();
    assert_eq!(clause.word_ends.len(), words);
    assert!(clause.word_ends.windows(2).all(|ends| ends[0] < ends[1]), "{:?}", clause.word_ends);
    assert!(clause.pieces > 3);
    assert_eq!(clause.word_ends.last().copied(), u32::try_from(clause.samples.len()).ok());
}
