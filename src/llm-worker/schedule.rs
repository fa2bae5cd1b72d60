/// Of a step's prompt tokens the longest prompt gets so many, however many shorter ones there are.
const LONGEST_SHARE: usize = 32;

/// A prompt not yet read to its end. Ordered as they are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// Nobody waits for an answer yet.
    pub ahead: bool,
    /// Tokens still to be read.
    pub left: usize,
    /// Whose.
    pub slot: usize,
}

/// Divides the prompt tokens of one step: decisions before what is read ahead, the shortest
/// rest first, so that most answers begin soonest; but the longest always gets its share, and
/// so comes to its end however many short ones arrive. Answers slots with their tokens.
pub fn chunks(mut reading: Vec<Reading>, budget: usize) -> Vec<(usize, usize)> {
    reading.sort_unstable();
    let longest = reading.iter().max_by_key(|reading| reading.left).copied();
    let reserved = longest.map_or(0, |longest| longest.left.min(LONGEST_SHARE).min(budget));
    let mut free = budget - reserved;
    let mut chunks = Vec::with_capacity(reading.len());
    for Reading { left, slot, .. } in reading {
        let own = if longest.is_some_and(|longest| longest.slot == slot) { reserved } else { 0 };
        let more = (left - own).min(free);
        free -= more;
        if own + more > 0 {
            chunks.push((slot, own + more));
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::{Reading, chunks};

    fn reading(slot: usize, left: usize, ahead: bool) -> Reading {
        Reading { ahead, left, slot }
    }

    #[test]
    fn short_prompts_overtake_a_long_one_which_still_goes_on() {
        let all = vec![reading(0, 5_000, false), reading(1, 60, false), reading(2, 20, false)];
        assert_eq!(chunks(all, 128), [(2, 20), (1, 60), (0, 48)]);
    }

    #[test]
    fn decisions_go_before_what_is_read_ahead() {
        let all = vec![reading(0, 10, true), reading(1, 200, false)];
        assert_eq!(chunks(all, 128), [(1, 128)]);
    }

    #[test]
    fn a_step_is_never_longer_than_its_budget() {
        let all: Vec<_> = (0..50).map(|slot| reading(slot, 7 * slot + 1, slot % 3 == 0)).collect();
        let chunks = chunks(all.clone(), 128);
        assert_eq!(chunks.iter().map(|(_, tokens)| tokens).sum::<usize>(), 128);
        assert!(chunks.iter().all(|(slot, tokens)| *tokens <= all[*slot].left));
    }
}
