//! The caller puts us on hold and comes back: nobody is asked whether they are still there, no
//! word is lost, and music is no speech.

mod stage;

use dialogue::io::Input;
use stage::{Script, Stage};

#[test]
fn nobody_is_asked_anything_while_on_hold() {
    let mut stage = Stage::greeted(Script::default());
    stage.input(Input::Held(true));
    let before = stage.sounds.len();
    // Music on hold is sound to a voice activity detector.
    for after in 0..60 {
        stage.noise(after * 3_000, 1_500);
    }
    stage.run(4 * 60_000);
    assert_eq!(stage.sounds.len(), before, "{:?}", stage.sounds);
    assert_eq!(stage.call.brain().logged("silence"), 0);
    assert_eq!(stage.call.brain().logged("pardon"), 0);
    assert!(stage.hung_up.is_none());

    stage.input(Input::Held(false));
    stage.run(1_000);
    assert_eq!(stage.call.brain().logged("resumed"), 1);
    stage.run(8_000);
    assert_eq!(stage.call.brain().logged("silence 1"), 1, "now the silence counts again");
    stage.caller(0, "yes i am");
    stage.run(5_000);
    assert_eq!(stage.call.brain().logged("decide"), 1, "and the conversation goes on");
}

#[test]
fn held_in_mid_sentence_the_voice_goes_on_at_the_sample() {
    let mut stage = Stage::new(Script::default());
    stage.connect();
    stage.run(600);
    stage.input(Input::Held(true));
    stage.run(60_000);
    let held = stage.call.brain().logged("resumed");
    stage.input(Input::Held(false));
    stage.run(6_000);
    assert_eq!((held, stage.call.brain().logged("resumed")), (0, 0), "it is speaking: nothing to add");
    assert!(stage.hung_up.is_none());
    // The greeting of ten words takes 2,000 ms; a minute of hold lies within it, and nothing is said twice.
    let spoken: Vec<_> = stage.sounds.iter().map(|sound| (sound.from, sound.to)).collect();
    assert_eq!(spoken.last().map(|(_, to)| *to), Some(62_000), "{:?}", stage.sounds);
    assert!(spoken.iter().all(|(from, to)| *to <= 600 || *from >= 60_600), "{:?}", stage.sounds);
}
