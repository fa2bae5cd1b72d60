use super::reader::{Reader, Section};

/// Something that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// As it is spoken, in lower case.
    pub name: String,
    /// How long it takes.
    pub minutes: u16,
    /// As it is spoken, for example "45 dollars".
    pub price: Option<String>,
    /// Other words for it.
    pub aliases: Vec<String>,
}

impl Service {
    pub(super) fn read_all(reader: &mut Reader<'_>, sections: &[Section<'_, '_>]) -> Vec<Self> {
        let mut services: Vec<Service> = Vec::new();
        for section in sections {
            reader.check_keys(*section, &["name", "minutes", "price", "aliases"]);
            let name = reader.required_text(*section, "name", "haircut").to_lowercase();
            if !section.table.contains_key("minutes") {
                let what = format!("`minutes` is missing for the service \"{name}\"");
                reader.fault(section.at, what, "Write for example `minutes = 30`.");
            }
            let minutes = reader.number(*section, "minutes", 5..1441).unwrap_or(30);
            let price = reader.text(*section, "price");
            let aliases: Vec<String> = reader
                .texts(*section, "aliases")
                .unwrap_or_default()
                .into_iter()
                .map(|(text, _)| text.to_lowercase())
                .collect();
            let taken = |word: &String| services.iter().any(|s| s.name == *word || s.aliases.contains(word));
            if let Some(twice) = std::iter::once(&name).chain(&aliases).find(|word| taken(word)) {
                let what = format!("\"{twice}\" already names another service");
                reader.fault(section.at, what, "Give each service names of its own.");
            }
            let minutes = u16::try_from(minutes).unwrap_or(30);
            services.push(Service { name, minutes, price, aliases });
        }
        services
    }
}
