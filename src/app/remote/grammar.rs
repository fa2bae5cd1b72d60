//! The turn's grammar, once more: a server may ignore it, so what comes is held to it here.

use std::collections::{BTreeSet, HashMap};

/// Rules within rules; ours have three.
const DEEPEST: usize = 24;

/// A grammar in GBNF, as far as our own use it: literals, classes, groups, alternatives and
/// repetitions; no recursion.
#[derive(Debug, Clone)]
pub(super) struct Grammar {
    rules: HashMap<String, Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Text(String),
    Class { not: bool, ranges: Vec<(char, char)> },
    Rule(String),
    All(Vec<Node>),
    Any(Vec<Node>),
    Times(Box<Node>, u32, u32),
}

impl Grammar {
    /// `None` when it is beyond what is known here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rules = HashMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, body) = line.split_once("::=")?;
            let mut reader = Reader { rest: body.trim() };
            let node = reader.any()?;
            if !reader.rest.is_empty() {
                return None;
            }
            rules.insert(name.trim().to_owned(), node);
        }
        rules.contains_key("root").then_some(Grammar { rules })
    }

    /// True when the text is a sentence of it.
    pub(super) fn holds(&self, text: &str) -> bool {
        let root = Node::Rule("root".to_owned());
        self.ends(&root, text, &BTreeSet::from([0]), DEEPEST).is_some_and(|ends| ends.contains(&text.len()))
    }

    /// The texts a rule chooses from, for servers that are told no grammar.
    pub(super) fn choices(&self, rule: &str) -> Vec<&str> {
        let text = |node: &'_ Node| matches!(node, Node::Text(_));
        let nodes: &[Node] = match self.rules.get(rule) {
            Some(Node::Any(nodes)) if nodes.iter().all(text) => nodes,
            Some(node @ Node::Text(_)) => std::slice::from_ref(node),
            _ => &[],
        };
        nodes.iter().filter_map(|node| if let Node::Text(text) = node { Some(text.as_str()) } else { None }).collect()
    }

    /// Where a node can end that begins at one of these places; `None` when it is nested too deep.
    fn ends(&self, node: &Node, text: &str, from: &BTreeSet<usize>, deep: usize) -> Option<BTreeSet<usize>> {
        let deep = deep.checked_sub(1)?;
        let rest = |at: usize| text.get(at..).unwrap_or_default();
        Some(match node {
            Node::Text(wanted) => {
                from.iter().filter(|at| rest(**at).starts_with(wanted.as_str())).map(|at| at + wanted.len()).collect()
            }
            Node::Class { not, ranges } => {
                let next = |at: &usize| {
                    let c = rest(*at).chars().next()?;
                    let inside = ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
                    (inside != *not).then_some(at + c.len_utf8())
                };
                from.iter().filter_map(next).collect()
            }
            Node::Rule(name) => self.ends(self.rules.get(name)?, text, from, deep)?,
            Node::All(nodes) => {
                let mut at = from.clone();
                for node in nodes {
                    at = self.ends(node, text, &at, deep)?;
                }
                at
            }
            Node::Any(nodes) => {
                let mut at = BTreeSet::new();
                for node in nodes {
                    at.extend(self.ends(node, text, from, deep)?);
                }
                at
            }
            Node::Times(node, least, most) => self.repeated(node, text, from, (*least, *most), deep)?,
        })
    }

    fn repeated(
        &self,
        node: &Node,
        text: &str,
        from: &BTreeSet<usize>,
        (least, most): (u32, u32),
        deep: usize,
    ) -> Option<BTreeSet<usize>> {
        let mut all = if least == 0 { from.clone() } else { BTreeSet::new() };
        let mut at = from.clone();
        for nth in 1..=most {
            let next = self.ends(node, text, &at, deep)?;
            if next.is_empty() || (nth > least && next.is_subset(&all)) {
                break;
            }
            if nth >= least {
                all.extend(&next);
            }
            at = next;
        }
        Some(all)
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..)?;
        Some(c)
    }

    fn any(&mut self) -> Option<Node> {
        let mut nodes = vec![self.all()?];
        while self.take('|') {
            nodes.push(self.all()?);
        }
        Some(if nodes.len() == 1 { nodes.remove(0) } else { Node::Any(nodes) })
    }

    fn all(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip();
            if self.rest.is_empty() || self.rest.starts_with(['|', ')']) {
                break;
            }
            let node = self.one()?;
            nodes.push(self.times(node)?);
        }
        Some(if nodes.len() == 1 { nodes.remove(0) } else { Node::All(nodes) })
    }

    fn one(&mut self) -> Option<Node> {
        if self.take('"') {
            let mut text = String::new();
            while !self.take('"') {
                text.push(self.character()?);
            }
            return Some(Node::Text(text));
        }
        if self.take('(') {
            let node = self.any()?;
            return self.take(')').then_some(node);
        }
        if self.take('[') {
            return self.class();
        }
        let name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let length = self.rest.find(|c| !name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(length).filter(|(name, _)| !name.is_empty())?;
        self.rest = rest;
        Some(Node::Rule(name.to_owned()))
    }

    fn class(&mut self) -> Option<Node> {
        let not = self.take('^');
        let mut ranges = Vec::new();
        while !self.take(']') {
            let first = self.character()?;
            let is_range = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            let last = if is_range && self.take('-') { self.character()? } else { first };
            ranges.push((first, last));
        }
        Some(Node::Class { not, ranges })
    }

    fn character(&mut self) -> Option<char> {
        match self.next()? {
            '\\' => match self.next()? {
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                c @ ('"' | '\\' | '[' | ']') => Some(c),
                _ => None,
            },
            c => Some(c),
        }
    }

    fn times(&mut self, node: Node) -> Option<Node> {
        let many = |node, least, most| Some(Node::Times(Box::new(node), least, most));
        if self.take('?') {
            return many(node, 0, 1);
        }
        if self.take('*') {
            return many(node, 0, u32::MAX);
        }
        if self.take('+') {
            return many(node, 1, u32::MAX);
        }
        if !self.take('{') {
            return Some(node);
        }
        let (bounds, rest) = self.rest.split_once('}')?;
        self.rest = rest;
        let (least, most) = bounds.split_once(',').unwrap_or((bounds, bounds));
        let most = if most.trim().is_empty() { u32::MAX } else { most.trim().parse().ok()? };
        many(node, least.trim().parse().ok()?, most)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::Grammar;

    const TURN: &str = "root ::= \"{\\\"do\\\":\\\"\" action \"\\\",\\\"args\\\":{\" (arg (\",\" arg){0,4})? \"}}\"\n\
                        action ::= \"book\" | \"human\"\n\
                        arg ::= \"\\\"\" (\"day\" | \"time\") \"\\\":\\\"\" (\" \" word){1,3} \"\\\"\"\n\
                        word ::= \"friday\" | \"at\" | \"three\"\n";

    #[test]
    fn sentences_are_told_from_others() {
        let grammar = Grammar::parse(TURN).unwrap();
        for good in
            ["{\"do\":\"book\",\"args\":{}}", "{\"do\":\"book\",\"args\":{\"day\":\" friday\",\"time\":\" at three\"}}"]
        {
            assert!(grammar.holds(good), "{good}");
        }
        for bad in [
            "",
            "{\"do\":\"cancel\",\"args\":{}}",
            "{\"do\":\"book\",\"args\":{\"day\":\" monday\"}}",
            "{\"do\":\"book\",\"args\":{\"day\":\" at at at at\"}}",
            "{\"do\":\"book\",\"args\":{}} and more",
            "{\"do\":\"book\",\"args\":{\"day\":\" friday\"}",
        ] {
            assert!(!grammar.holds(bad), "{bad}");
        }
        assert_eq!(grammar.choices("action"), ["book", "human"]);
        assert!(grammar.choices("arg").is_empty());
    }

    #[test]
    fn classes_and_repetitions_are_understood() {
        let grammar = Grammar::parse("root ::= [a-z .!-]{2,4} [^0-9]? \"x\"*").unwrap();
        for (text, good) in [("ab", true), ("a-.!Zxx", true), ("a", false), ("ab1", false), ("abcdéx", true)] {
            assert_eq!(grammar.holds(text), good, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_holds_nothing() {
        for text in ["", "root ::= (\"a\"", "root ::= \"a\" }", "other ::= \"a\"", "root ::= [a", "root ::= \"a\"{x}"] {
            assert!(Grammar::parse(text).is_none(), "{text}");
        }
        assert!(!Grammar::parse("root ::= root \"a\"").unwrap().holds("a"));
        assert!(!Grammar::parse("root ::= nobody").unwrap().holds("a"));
    }
}
