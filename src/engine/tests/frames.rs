//! Frames survive any split and refuse any garbage.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::Cursor;

use engine::{
    Down, Error, FrameBuffer, LlmWork, MAX_FRAME, PROTOCOL, Prompt, Session, Stt, SttWork, Ticket, TranscriptKind, Up,
    frame, read_frame, write_frame,
};
use proptest::prelude::*;

fn messages() -> Vec<Down<SttWork>> {
    vec![
        Down::Hello { protocol: PROTOCOL },
        Down::Ping(7),
        Down::Work(SttWork::Feed { session: Session(1), samples: (-500..500).collect() }),
        Down::Work(SttWork::Transcribe {
            session: Session(u64::MAX),
            ticket: Ticket(3),
            kind: TranscriptKind::Final,
            language: Some("en".to_owned()),
            due_ms: 0,
        }),
        Down::Cancel(Ticket(3)),
        Down::Close(Session(1)),
    ]
}

fn stream() -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages() {
        write_frame(&mut bytes, &message).expect("it fits");
    }
    bytes
}

fn shown(message: &Down<SttWork>) -> String {
    format!("{message:?}")
}

#[test]
fn what_is_written_is_read() {
    let mut bytes = Cursor::new(stream());
    for message in messages() {
        let read: Down<SttWork> = read_frame(&mut bytes).expect("a whole frame");
        assert_eq!(shown(&read), shown(&message));
    }
    assert!(matches!(read_frame::<Down<SttWork>>(&mut bytes), Err(Error::Closed)));
}

#[test]
fn an_end_inside_a_frame_is_no_clean_end() {
    let bytes = stream();
    for cut in 1..6 {
        let read = read_frame::<Down<SttWork>>(&mut Cursor::new(&bytes[..cut]));
        assert!(matches!(read, Err(Error::Socket(_))), "{cut}: {read:?}");
    }
}

#[test]
fn a_frame_too_long_is_refused_on_both_sides() {
    let samples = vec![i16::MIN; MAX_FRAME];
    let long = Down::Work(SttWork::Feed { session: Session(1), samples });
    assert!(matches!(frame::encode(&long), Err(Error::FrameTooLong { .. })));
    let announced = u32::try_from(MAX_FRAME + 1).expect("it fits").to_le_bytes();
    let mut buffer = FrameBuffer::new();
    buffer.push(&announced);
    assert!(matches!(buffer.pop::<Down<SttWork>>(), Err(Error::FrameTooLong { .. })));
    let read = read_frame::<Down<SttWork>>(&mut Cursor::new(announced));
    assert!(matches!(read, Err(Error::FrameTooLong { .. })));
}

#[test]
fn bytes_after_the_message_are_refused() {
    let mut bytes = frame::encode(&Down::<SttWork>::Ping(1)).expect("it fits");
    bytes.push(0);
    bytes[0] += 1;
    let mut buffer = FrameBuffer::new();
    buffer.push(&bytes);
    assert!(matches!(buffer.pop::<Down<SttWork>>(), Err(Error::FrameGarbled { .. })));
}

#[test]
fn a_buffer_does_not_grow_with_what_has_passed() {
    let mut buffer = FrameBuffer::new();
    let frame = frame::encode(&messages()[2]).expect("it fits");
    for _ in 0..10_000 {
        buffer.push(&frame);
        assert!(buffer.pop::<Down<SttWork>>().expect("a whole frame").is_some());
    }
    assert!(format!("{buffer:?}").len() < 100_000);
}

#[test]
fn work_knows_its_ticket() {
    use engine::{Engine, Llm};
    let prompt = Prompt { shared: String::new(), own: String::new() };
    assert_eq!(Llm::ticket(&LlmWork::Prefill { session: Session(1), prompt }), None);
    assert_eq!(Stt::ticket(&SttWork::Reset { session: Session(1) }), None);
    let kind = TranscriptKind::Partial;
    let work = SttWork::Transcribe { session: Session(1), ticket: Ticket(5), kind, language: None, due_ms: 0 };
    assert_eq!(Stt::ticket(&work), Some(Ticket(5)));
}

proptest! {
    #[test]
    fn messages_survive_any_split(cuts in prop::collection::vec(1_usize..600, 1..40)) {
        let bytes = stream();
        let mut buffer = FrameBuffer::new();
        let (mut read, mut at) = (Vec::new(), 0);
        for cut in cuts.iter().cycle() {
            let end = (at + cut).min(bytes.len());
            buffer.push(&bytes[at..end]);
            while let Some(message) = buffer.pop::<Down<SttWork>>().expect("whole frames") {
                read.push(shown(&message));
            }
            at = end;
            if at == bytes.len() {
                break;
            }
        }
        prop_assert_eq!(read, messages().iter().map(shown).collect::<Vec<_>>());
    }

    #[test]
    fn garbage_is_an_error_or_a_message_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut buffer = FrameBuffer::new();
        buffer.push(&bytes);
        while let Ok(Some(_)) = buffer.pop::<Down<SttWork>>() {}
        let _ = read_frame::<Down<LlmWork>>(&mut Cursor::new(&bytes));
        let _ = frame::decode::<Down<LlmWork>>(&bytes);
        let _ = frame::decode::<Up<engine::LlmEvent>>(&bytes);
        let _ = frame::decode::<Up<engine::TtsEvent>>(&bytes);
        let _ = frame::decode::<Up<engine::Transcript>>(&bytes);
    }
}
