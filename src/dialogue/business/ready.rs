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
    Ready {
        name: "clinic",
        files: &[
            ("business.toml", include_str!("ready/clinic/business.toml")),
            ("knowledge/visit.md", include_str!("ready/clinic/knowledge/visit.md")),
        ],
    },
    Ready {
        name: "law",
        files: &[
            ("business.toml", include_str!("ready/law/business.toml")),
            ("knowledge/firm.md", include_str!("ready/law/knowledge/firm.md")),
        ],
    },
    Ready {
        name: "hvac",
        files: &[
            ("business.toml", include_str!("ready/hvac/business.toml")),
            ("knowledge/service.md", include_str!("ready/hvac/knowledge/service.md")),
        ],
    },
    Ready {
        name: "towing",
        files: &[
            ("business.toml", include_str!("ready/towing/business.toml")),
            ("knowledge/roadside.md", include_str!("ready/towing/knowledge/roadside.md")),
        ],
    },
    Ready {
        name: "property",
        files: &[
            ("business.toml", include_str!("ready/property/business.toml")),
            ("knowledge/tenants.md", include_str!("ready/property/knowledge/tenants.md")),
        ],
    },
    Ready {
        name: "childcare",
        files: &[
            ("business.toml", include_str!("ready/childcare/business.toml")),
            ("knowledge/families.md", include_str!("ready/childcare/knowledge/families.md")),
        ],
    },
    Ready {
        name: "returns",
        files: &[
            ("business.toml", include_str!("ready/returns/business.toml")),
            ("knowledge/returns.md", include_str!("ready/returns/knowledge/returns.md")),
        ],
    },
];
