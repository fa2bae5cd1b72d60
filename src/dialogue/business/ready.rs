/// A business that runs as it is: what `callbox init --business NAME` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// What to ask for it by.
    pub name: &'static str,
    /// Paths inside the business folder, and what is in the files.
    pub files: &'static [(&'static str, &'static str)],
}

/// The ready businesses.
pub const READY: &[Ready] = &[
    Ready {
        name: "salon",
        files: &[
            ("business.toml", include_str!("ready/salon/business.toml")),
            ("knowledge/visit.md", include_str!("ready/salon/knowledge/visit.md")),
            ("knowledge/services.md", include_str!("ready/salon/knowledge/services.md")),
        ],
    },
    Ready {
        name: "dental",
        files: &[
            ("business.toml", include_str!("ready/dental/business.toml")),
            ("knowledge/visit.md", include_str!("ready/dental/knowledge/visit.md")),
            ("knowledge/treatments.md", include_str!("ready/dental/knowledge/treatments.md")),
        ],
    },
];
