//! A model file is what its manifest says, or it is refused before anything parses it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::manifest::{Manifest, ModelFile, Pin};

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// Checks length and sha256 of a model file.
pub fn verify(file: &ModelFile) -> Result<(), Error> {
    copy_verified(file, &mut io::sink())
}

/// Checks all files of a model; the first that is wrong is the error.
pub fn verify_all(manifest: &Manifest) -> Result<(), Error> {
    manifest.files.iter().try_for_each(verify)
}

/// The sha256 and length of any file.
pub fn sha256_of(path: &Path) -> Result<(String, u64), Error> {
    let unreadable = |why| Error::ModelUnreadable { path: path.to_owned(), why };
    let mut from = File::open(path).map_err(unreadable)?;
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK]);
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok((hex(&hash.finalize()), bytes)),
            Ok(read) => {
                hash.update(chunk.get(..read).unwrap_or_default());
                bytes += read as u64;
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(unreadable(why)),
        }
    }
}

/// The bytes of a model file, checked. What is parsed afterwards is what was hashed.
pub fn read_verified(file: &ModelFile) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    copy_verified(file, &mut bytes)?;
    Ok(bytes)
}

/// Copies a model file to `to`, hashing the very bytes that are copied. On an error what was
/// written so far must not be used.
pub fn copy_verified(file: &ModelFile, to: &mut impl Write) -> Result<(), Error> {
    let pin = file.pin.as_ref().ok_or_else(|| Error::ModelUnpinned { path: file.path.clone() })?;
    let unreadable = |why| Error::ModelUnreadable { path: file.path.clone(), why };
    let mut from = File::open(&file.path).map_err(unreadable)?;
    let found = from.metadata().map_err(unreadable)?.len();
    refuse_length(&file.path, pin, found)?;
    let (mut hash, mut copied, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK]);
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(unreadable(why)),
        };
        let bytes = chunk.get(..read).unwrap_or_default();
        copied += read as u64;
        if copied > pin.bytes {
            break; // it grows while it is read
        }
        hash.update(bytes);
        to.write_all(bytes).map_err(unreadable)?;
    }
    refuse_length(&file.path, pin, copied)?;
    let found = hex(&hash.finalize());
    if found != pin.sha256 {
        return Err(Error::ModelHash { path: file.path.clone(), expected: pin.sha256.clone(), found });
    }
    Ok(())
}

fn refuse_length(path: &Path, pin: &Pin, found: u64) -> Result<(), Error> {
    if found == pin.bytes {
        return Ok(());
    }
    Err(Error::ModelSize { path: path.to_owned(), expected: pin.bytes, found })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
