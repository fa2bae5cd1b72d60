//! A model file that is not what its manifest says is refused, naming what differs.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;
use std::path::PathBuf;

use engine::manifest::{ModelFile, Pin};
use engine::verify::{read_verified, verify};

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // sha256 of "abc"

fn file(name: &str, content: Option<&[u8]>) -> ModelFile {
    let path: PathBuf = std::env::temp_dir().join(format!("callbox-{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    if let Some(content) = content {
        fs::write(&path, content).expect("the temporary directory can be written");
    }
    ModelFile { path, pin: Some(Pin { sha256: ABC.to_owned(), bytes: 3 }), most_bytes: 3, url: None }
}

#[test]
fn the_right_file_is_taken() {
    let file = file("right", Some(b"abc"));
    assert!(verify(&file).is_ok());
    assert_eq!(read_verified(&file).expect("the right file"), b"abc");
    let _ = fs::remove_file(file.path);
}

#[test]
fn an_altered_file_is_refused_naming_both_hashes() {
    let file = file("altered", Some(b"abd"));
    let said = verify(&file).expect_err("an altered file").to_string();
    let found = "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9";
    assert!(said.contains(ABC) && said.contains(found), "{said}");
    assert!(said.contains(&file.path.display().to_string()), "{said}");
    assert!(read_verified(&file).is_err());
    let _ = fs::remove_file(file.path);
}

#[test]
fn a_file_of_another_length_is_refused_unread() {
    for content in [&b"ab"[..], b"abcd", b""] {
        let file = file("length", Some(content));
        let said = verify(&file).expect_err("another length").to_string();
        assert!(said.contains(&format!("has {} bytes", content.len())) && said.contains("says 3"), "{said}");
        let _ = fs::remove_file(file.path);
    }
}

#[test]
fn a_missing_file_is_named() {
    let file = file("missing", None);
    let said = verify(&file).expect_err("a missing file").to_string();
    assert!(said.contains(&file.path.display().to_string()) && said.contains("callbox models"), "{said}");
}
