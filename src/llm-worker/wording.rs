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

    /// A whole prompt, after which the model answers.
    pub fn whole(&self, prompt: &Prompt) -> Tokens {
        let mut tokens = self.begun(prompt);
        tokens.all.extend(&self.after);
        tokens
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
