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
/// Likeliest tokens that are asked of the grammar before all of them are. More than one, to see
/// whether the grammar left a choice at all.
const LIKELIEST: usize = 4;

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
        let allowed = self.allowed(likeliest(logits));
        // If any of the likeliest is allowed, the first of them is the likeliest of all allowed.
        let Some((token, best)) = allowed.first().copied() else {
            return self.choose_among_all(logits);
        };
        let sum: f32 = allowed.iter().map(|(_, logit)| (logit - best).exp()).sum();
        Some(Choice { token, probability: (allowed.len() > 1).then(|| 1.0 / sum) })
    }

    fn choose_among_all(&mut self, logits: &[f32]) -> Option<Choice> {
        let all = (0..).zip(logits).map(|(id, logit)| (LlamaToken::new(id), *logit)).collect();
        let allowed = self.allowed(all);
        let (token, best) = allowed.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let sum: f32 = allowed.iter().map(|(_, logit)| (logit - best).exp()).sum();
        Some(Choice { token, probability: (allowed.len() > 1).then(|| 1.0 / sum) })
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

/// The likeliest tokens, likeliest first.
fn likeliest(logits: &[f32]) -> Vec<(LlamaToken, f32)> {
    let mut best: Vec<(LlamaToken, f32)> = Vec::with_capacity(LIKELIEST + 1);
    for (id, logit) in (0..).zip(logits) {
        let full = best.len() == LIKELIEST;
        if full && best.last().is_some_and(|(_, last)| last >= logit) {
            continue;
        }
        let place = best.partition_point(|(_, other)| other >= logit);
        best.insert(place, (LlamaToken::new(id), *logit));
        best.truncate(LIKELIEST);
    }
    best
}
