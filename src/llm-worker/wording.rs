use engine::Prompt;
use engine::manifest::LlmModel;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;

/// Turns prompts into tokens: plain text for both parts, the model's special tokens around them.
#[derive(Debug)]
pub struct Wording {
    model: &'static LlamaModel,
    before: Vec<LlamaToken>,
    between: Vec<LlamaToken>,
    after: Vec<LlamaToken>,
    /// The text of `after`, which a prompt may end with already.
    after_text: String,
}

/// Bytes of text a token stands for at most, on average: more of a text is not even looked at.
const BYTES_PER_TOKEN: usize = 16;
/// Tokens that stay at the beginning of a turn's own part, and at least at its end.
const OWN_HEAD: usize = 24;

/// A prompt as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// All of it.
    pub all: Vec<LlamaToken>,
    /// So many at its head are the same for all calls of a business.
    pub shared: usize,
}

impl Wording {
    pub fn new(model: &'static LlamaModel, manifest: &LlmModel) -> Self {
        let vocab = model.vocab();
        let special = |text: &str| vocab.tokenize(text.as_bytes(), false, true);
        let mut before = special(&manifest.before);
        if vocab.should_add_bos() {
            before.insert(0, vocab.bos());
        }
        Wording {
            model,
            before,
            between: special(&manifest.between),
            after: special(&manifest.after),
            after_text: manifest.after.clone(),
        }
    }

    /// A whole prompt of at most so many tokens, after which the model answers. What does not fit
    /// is taken from the middle of the turn's own part: that begins with what is known and was
    /// asked, and ends with what was said last. `None` when not even that fits.
    pub fn whole(&self, prompt: &Prompt, most: usize) -> Option<Tokens> {
        let own = ends(&prompt.own, most.saturating_mul(BYTES_PER_TOKEN));
        let mut tokens = self.begun(&Prompt { shared: prompt.shared.clone(), own });
        let most = most.checked_sub(self.after.len())?;
        let over = tokens.all.len().saturating_sub(most);
        if over > 0 {
            let from = tokens.shared.max(self.before.len()) + self.between.len() + OWN_HEAD;
            if from + over + OWN_HEAD > tokens.all.len() {
                return None;
            }
            tokens.all.drain(from..from + over);
        }
        tokens.all.extend(&self.after);
        Some(tokens)
    }

    /// A prompt that may go on.
    pub fn begun(&self, prompt: &Prompt) -> Tokens {
        let own = prompt.own.strip_suffix(&self.after_text).unwrap_or(&prompt.own);
        let mut all = self.before.clone();
        all.extend(self.plain(&prompt.shared));
        let shared = if prompt.shared.is_empty() { 0 } else { all.len() };
        all.extend(&self.between);
        all.extend(self.plain(own));
        Tokens { all, shared }
    }

    /// Text in which nothing is a special token: they are not parsed, and what could open one
    /// is taken out for vocabularies that know some of them as ordinary tokens.
    fn plain(&self, text: &str) -> Vec<LlamaToken> {
        if text.is_empty() {
            return Vec::new(); // some vocabularies put a space before nothing
        }
        self.model.vocab().tokenize(text.replace("<|", " ").as_bytes(), false, false)
    }
}

/// A text without its middle, where it is longer than so many bytes.
fn ends(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(most / 4);
    let tail = text.ceil_char_boundary(text.len() - most + head);
    let (head, tail) = (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default());
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn a_text_loses_its_middle_at_whole_characters() {
        assert_eq!(ends("short", 5), "short");
        assert_eq!(ends("abcdefghij", 8), "abefghij");
        let cut = ends(&"\u{e9}".repeat(100), 41);
        assert!(cut.len() <= 41 && cut.chars().all(|c| c == '\u{e9}'), "{cut}");
    }
}
