/// Of a step's prompt tokens the longest prompt gets so many, however many shorter ones there are.
const LONGEST_SHARE: usize = 32;
/// A decision's prompt of which no more than this is to be read is read in one step, whatever the budget: its caller
/// waits longer for many steps than all others for one. In one step no more than this of all.
const SHORT: usize = 48;

/// A prompt not yet read to its end. Ordered as they are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// Nobody on the line waits for it.
    pub later: bool,
    /// Nobody waits for an answer yet.
    pub ahead: bool,
    /// Tokens still to be read.
    pub left: usize,
    /// Whose.
    pub slot: usize,
    /// Tokens of it that had to be read before.
    pub read: usize,
}

impl Reading {
    fn is_short(&self) -> bool {
        !self.later && !self.ahead && self.read + self.left <= SHORT
    }
}

/// Divides the prompt tokens of one step: decisions before what is read ahead, the shortest
/// rest first, so that most answers begin soonest; but the longest always gets its share, and
/// so comes to its end however many short ones arrive. Answers slots with their tokens.
pub fn chunks(mut reading: Vec<Reading>, budget: usize) -> Vec<(usize, usize)> {
    reading.sort_unstable();
    let short: usize = reading.iter().filter(|reading| reading.is_short()).map(|reading| reading.left).sum();
    let longest = reading.iter().filter(|reading| !reading.is_short()).max_by_key(|reading| reading.left).copied();
    let share = if reading.len() > 1 { LONGEST_SHARE.min(budget.div_ceil(2)) } else { budget };
    let reserved = longest.map_or(0, |longest| longest.left.min(share));
    let mut free = budget.saturating_sub(reserved).max(short.min(SHORT));
    let mut taken = reserved;
    let mut chunks = Vec::with_capacity(reading.len());
    for reading in reading {
        let own = if longest.is_some_and(|longest| longest.slot == reading.slot) { reserved } else { 0 };
        let most = if reading.is_short() { free } else { free.min(budget.saturating_sub(taken)) };
        let more = (reading.left - own).min(most);
        free -= more;
        taken += more;
        if own + more > 0 {
            chunks.push((reading.slot, own + more));
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::{Reading, chunks};

    fn reading(slot: usize, left: usize, ahead: bool) -> Reading {
        Reading { later: false, ahead, left, slot, read: 0 }
    }

    #[test]
    fn short_prompts_overtake_a_long_one_which_still_goes_on() {
        let all = vec![reading(0, 5_000, false), reading(1, 60, false), reading(2, 20, false)];
        assert_eq!(chunks(all, 128), [(2, 20), (1, 60), (0, 48)]);
    }

    #[test]
    fn decisions_go_before_what_is_read_ahead_and_both_before_what_nobody_waits_for() {
        let mut all = vec![reading(0, 10, true), reading(1, 200, false), reading(2, 8, false)];
        all[2].later = true;
        assert_eq!(chunks(all.clone(), 128), [(1, 128)]);
        assert_eq!(chunks(all, 216), [(1, 200), (0, 10), (2, 6)]);
    }

    #[test]
    fn a_step_is_never_longer_than_its_budget() {
        let all: Vec<_> = (0..50).map(|slot| reading(slot, 7 * slot + 1, slot % 3 == 0)).collect();
        let chunks = chunks(all.clone(), 128);
        assert_eq!(chunks.iter().map(|(_, tokens)| tokens).sum::<usize>(), 128);
        assert!(chunks.iter().all(|(slot, tokens)| *tokens <= all[*slot].left));
    }

    #[test]
    fn a_small_budget_holds_a_long_prompt_back_but_not_a_short_one() {
        let all = vec![reading(0, 5_000, false), reading(1, 30, false)];
        assert_eq!(chunks(all.clone(), 6), [(1, 30), (0, 3)]);
        assert_eq!(chunks(vec![all[0]], 6), [(0, 6)]);
        assert_eq!(chunks(all, 0), [(1, 30)]);
    }

    #[test]
    fn the_end_of_a_long_prompt_is_no_short_one() {
        let end = Reading { read: 4_960, ..reading(0, 40, false) };
        assert_eq!(chunks(vec![end], 6), [(0, 6)]);
    }

    #[test]
    fn a_crowd_of_short_ones_is_held_back_too() {
        let all: Vec<_> = (0..20).map(|slot| reading(slot, 30, false)).collect();
        assert!(chunks(all, 6).iter().map(|(_, tokens)| tokens).sum::<usize>() <= 48);
    }
}
