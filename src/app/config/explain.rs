use std::fmt::Write;

use super::layers::{Loaded, Origin};
use super::lines::shown;

impl Loaded {
    /// Every key with its value, where that came from, its default and its meaning; the text is
    /// itself a valid file.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        match &self.file {
            Some(file) => text.push_str(&format!("# {}\n", file.display())),
            None => text.push_str("# no file: defaults, environment and --set\n"),
        }
        let mut section = "";
        for setting in &self.settings {
            let (table, name) = setting.key.name.rsplit_once('.').unwrap_or(("", setting.key.name));
            if table != section {
                section = table;
                text.push_str(&format!("\n[{table}]\n"));
            }
            let from = match &setting.origin {
                Origin::Default => "default".to_owned(),
                origin => format!("{origin}; default {}", setting.key.default),
            };
            // Writing to a String can't fail.
            let _ = writeln!(text, "# {}\n{name} = {}  # {from}", setting.key.meaning, setting.value);
        }
        for (list, tables) in &self.lists {
            text.push_str(&shown(list, tables));
        }
        text
    }
}
