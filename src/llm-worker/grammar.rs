use std::collections::HashMap;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;

/// Compiled grammars kept, oldest use dropped first. A business has a few dozen.
const KEPT: usize = 128;
/// Longest grammar taken, in bytes.
const LONGEST: usize = 64 * 1024;
/// So many of the likeliest tokens are asked of the grammar, then more, then all: asking takes
/// longer than finding them. More than one at first, to see whether the grammar left a choice.
const LIKELIEST: [usize; 3] = [4, 64, 1024];
/// Logits looked at together: whether any of them matters.
const STRIDE: usize = 64;

/// Compiled grammars by their text.
#[derive(Debug)]
pub struct Grammars {
    model: &'static LlamaModel,
    compiled: HashMap<String, (LlamaSampler, u64)>,
    uses: u64,
}

impl Grammars {
    pub fn new(model: &'static LlamaModel) -> Self {
        Grammars { model, compiled: HashMap::new(), uses: 0 }
    }

    /// A guard at the start of this grammar; the error says what is wrong with it.
    pub fn guard(&mut self, text: &str) -> Result<Guard, String> {
        self.uses += 1;
        if let Some((compiled, used)) = self.compiled.get_mut(text) {
            *used = self.uses;
            return Ok(Guard { sampler: compiled.clone() });
        }
        if text.len() > LONGEST {
            return Err(format!("the grammar has {} bytes, more than {LONGEST}", text.len()));
        }
        let compiled = LlamaSampler::grammar(self.model, text, "root")
            .map_err(|why| format!("the grammar does not compile: {why}"))?;
        self.make_room();
        let guard = Guard { sampler: compiled.clone() };
        self.compiled.insert(text.to_owned(), (compiled, self.uses));
        Ok(guard)
    }

    fn make_room(&mut self) {
        if self.compiled.len() < KEPT {
            return;
        }
        let oldest = self.compiled.iter().min_by_key(|(_, (_, used))| *used);
        if let Some(text) = oldest.map(|(text, _)| text.clone()) {
            self.compiled.remove(&text);
        }
    }
}

/// Where a text being generated stands in its grammar.
#[derive(Debug)]
pub struct Guard {
    sampler: LlamaSampler,
}

/// A token picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The likeliest the grammar allows.
    pub token: LlamaToken,
    /// Its probability among the likeliest the grammar allows; `None` when it left no choice.
    pub probability: Option<f32>,
}

impl Guard {
    /// Picks the likeliest token that goes on within the grammar; `None` when there is none.
    pub fn choose(&mut self, logits: &[f32]) -> Option<Choice> {
        for count in LIKELIEST {
            // If any of the likeliest is allowed, the first of them is the likeliest of all allowed.
            if let Some(choice) = choice(&self.allowed(likeliest(logits, count))) {
                return Some(choice);
            }
        }
        let all = (0..).zip(logits).map(|(id, logit)| (LlamaToken::new(id), *logit)).collect();
        let mut allowed = self.allowed(all);
        allowed.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        choice(&allowed)
    }

    /// Goes on by a token that [`Guard::choose`] picked; not for the end of the text.
    pub fn accept(&mut self, token: LlamaToken) {
        self.sampler.accept(token);
    }

    fn allowed(&mut self, tokens: Vec<(LlamaToken, f32)>) -> Vec<(LlamaToken, f32)> {
        let data = tokens.iter().map(|(token, logit)| LlamaTokenData::new(*token, *logit, 0.0));
        let mut asked = LlamaTokenDataArray::from_iter(data, false);
        self.sampler.apply(&mut asked);
        let kept = asked.data.iter().filter(|data| data.logit().is_finite());
        kept.map(|data| (data.id(), data.logit())).collect()
    }
}

/// The first of these tokens, likeliest first.
fn choice(allowed: &[(LlamaToken, f32)]) -> Option<Choice> {
    let (token, best) = allowed.first().copied()?;
    let sum: f32 = allowed.iter().map(|(_, logit)| (logit - best).exp()).sum();
    Some(Choice { token, probability: (allowed.len() > 1).then(|| 1.0 / sum) })
}

/// So many of the likeliest tokens, likeliest first.
fn likeliest(logits: &[f32], count: usize) -> Vec<(LlamaToken, f32)> {
    let mut best: Vec<(LlamaToken, f32)> = Vec::with_capacity(count + 1);
    let mut last = f32::NEG_INFINITY;
    for (first, stride) in (0..).step_by(STRIDE).zip(logits.chunks(STRIDE)) {
        // Nearly always true: the largest of a stride is found many at a time.
        let largest = stride.iter().fold(f32::NEG_INFINITY, |a, b| if *b > a { *b } else { a });
        if best.len() == count && largest <= last {
            continue;
        }
        for (id, logit) in (first..).zip(stride) {
            if best.len() == count && *logit <= last {
                continue;
            }
            let place = best.partition_point(|(_, other)| other >= logit);
            best.insert(place, (LlamaToken::new(id), *logit));
            best.truncate(count);
            last = best.last().map_or(last, |(_, last)| *last);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::likeliest;

    #[test]
    fn the_likeliest_are_those_a_full_sort_would_find() {
        let mut random = fastrand::Rng::with_seed(7);
        for length in [1, 3, 63, 64, 65, 5_000] {
            let logits: Vec<f32> = (0..length).map(|_| (random.f32() * 40.0).round()).collect();
            let mut sorted = logits.clone();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            for count in [1, 4, 64] {
                let found: Vec<f32> = likeliest(&logits, count).iter().map(|(_, logit)| *logit).collect();
                assert_eq!(found, sorted[..count.min(length)]);
            }
        }
        let first = likeliest(&[1.0, 5.0, 5.0, 2.0], 2);
        assert_eq!(first.iter().map(|(token, _)| token.0).collect::<Vec<_>>(), [1, 2]);
    }
}
