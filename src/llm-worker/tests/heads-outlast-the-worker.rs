//! What all prompts begin with is read once, whatever becomes of the worker: the next one takes it back from
//! the daemon's file, if that is whole.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod worker;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use engine::rig::Rig;
use engine::{Llm, Prompt};
use worker::{End, ask, manifest, program, prompt};

struct Kept(PathBuf);

impl Kept {
    fn new(test: &str) -> Self {
        Kept(std::env::temp_dir().join(format!("callbox-heads-{test}-{}", std::process::id())))
    }

    fn file(&self) -> File {
        File::options().read(true).write(true).create(true).truncate(false).open(&self.0).expect("a file")
    }

    fn worker(&self) -> Rig<Llm> {
        Rig::keeping(program(), &["--manifest", &manifest(), "--slots", "4"], self.file()).expect("the worker starts").0
    }

    /// What the first worker answers, which lives until something is kept.
    fn first(&self) -> (String, u32) {
        let mut worker = self.worker();
        let answer = answer(&mut worker);
        self.settle();
        answer
    }

    /// Waits until something is kept: the header, which comes last, is there.
    fn settle(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        let mut first = [0];
        while self.file().read_exact_at(&mut first, 0).is_err() || first == [0] {
            assert!(Instant::now() < until, "nothing is kept");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A head of more than 64 tokens.
fn long(said: &str) -> Prompt {
    Prompt { shared: "business: dental\n".repeat(16), own: prompt(said).own }
}

/// The answer, and the prompt tokens that were read for it.
fn answer(rig: &mut Rig<Llm>) -> (String, u32) {
    match ask(rig, 1, long("what are your hours")) {
        End::Done { text, prompt_tokens, .. } => (text, prompt_tokens),
        End::Failed(why) => panic!("the decision failed: {why}"),
    }
}

#[test]
fn the_next_worker_goes_on_where_the_last_one_was() {
    let kept = Kept::new("next");
    let (text, all) = kept.first();
    let (again, rest) = answer(&mut kept.worker());
    assert_eq!(again, text);
    assert!(rest + 60 < all, "{rest} of {all} tokens read");
}

#[test]
fn what_is_not_whole_is_read_again() {
    let kept = Kept::new("whole");
    let (text, all) = kept.first();
    let mut byte = [0];
    kept.file().read_exact_at(&mut byte, 5_000).expect("it is longer");
    kept.file().write_all_at(&[byte[0] ^ 1], 5_000).expect("it can be written");
    assert_eq!(answer(&mut kept.worker()), (text, all));
}
