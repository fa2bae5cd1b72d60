use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Most graphics processors that one engine is spread over.
const MOST: usize = 8;

/// Which graphics processors (GPUs) an engine may compute on: a setting, and a worker's `--gpu`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Gpus {
    /// Those that are there and have room, else the processor.
    #[default]
    Auto,
    /// None: the processor.
    Off,
    /// These, by number, or the engine does not start.
    These(Vec<u8>),
}

impl FromStr for Gpus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "auto" => Ok(Gpus::Auto),
            "off" => Ok(Gpus::Off),
            numbers => {
                let numbers: Option<Vec<u8>> = numbers.split(',').map(|number| number.trim().parse().ok()).collect();
                let few = numbers.filter(|numbers| numbers.len() <= MOST);
                few.map(Gpus::These).ok_or("write \"auto\", \"off\", or the numbers of GPUs, like \"0\" or \"0,1\"")
            }
        }
    }
}

impl TryFrom<String> for Gpus {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Gpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gpus::Auto => f.write_str("auto"),
            Gpus::Off => f.write_str("off"),
            Gpus::These(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u8::to_string).collect();
                f.write_str(&numbers.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gpus;

    #[test]
    fn what_is_written_is_what_is_meant() {
        for (text, meant) in
            [("auto", Gpus::Auto), ("off", Gpus::Off), ("1", Gpus::These(vec![1])), ("0,1", Gpus::These(vec![0, 1]))]
        {
            assert_eq!(text.parse(), Ok(meant.clone()));
            assert_eq!(meant.to_string(), text);
        }
        assert_eq!(" 0, 2 ".parse(), Ok(Gpus::These(vec![0, 2])));
        for wrong in ["", "on", "-1", "0,", "256", "0,1,2,3,4,5,6,7,8"] {
            assert!(wrong.parse::<Gpus>().is_err(), "{wrong}");
        }
    }
}
