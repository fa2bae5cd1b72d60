use std::io;
use std::path::PathBuf;

/// Why a model could not be brought. Addresses are told without their query, which may be signed.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The address of the hub is none.
    #[error(
        "{given:?} is no address of a hub ({why}): write it like https://huggingface.co or http://mirror.local:8080"
    )]
    Endpoint {
        /// As given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
    /// The model is not on a hub.
    #[error("{name} can't be pulled, its manifest names no url: {origin}")]
    NoSource {
        /// The model.
        name: String,
        /// Where its manifest says it comes from.
        origin: String,
    },
    /// The hub wants to know who asks.
    #[error(
        "{url}: the hub refuses ({status}): if the repository asks for consent, give it on its page, then set HF_TOKEN to a read token; a mirror may want its own"
    )]
    Refused {
        /// What was asked for.
        url: String,
        /// The answer.
        status: u16,
    },
    /// There is no such file.
    #[error(
        "{url}: the hub has no such file ({status}): a mirror may not carry it, try --endpoint https://huggingface.co; or the repository has changed since this release"
    )]
    NotFound {
        /// What was asked for.
        url: String,
        /// The answer.
        status: u16,
    },
    /// The server is not who it says, or nobody here knows who vouches for it.
    #[error(
        "{url}: the server's certificate is not trusted ({why}): install ca-certificates, or name the mirror's own authority in SSL_CERT_FILE"
    )]
    Certificate {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// An answer nobody can work with.
    #[error("{url}: the server answers {status}: check --endpoint and try again later")]
    Status {
        /// What was asked for.
        url: String,
        /// The answer.
        status: u16,
    },
    /// A page came instead of a file.
    #[error(
        "{url}: a web page came instead of the file: a proxy's login or block page, perhaps; open the address in a browser"
    )]
    WebPage {
        /// What was asked for.
        url: String,
    },
    /// The server sends elsewhere, wrongly.
    #[error("{url}: the server sends on to another place and it was not followed ({why}): try another --endpoint")]
    Redirect {
        /// What was asked for.
        url: String,
        /// Why not.
        why: String,
    },
    /// The file there is another one.
    #[error(
        "{url}: the server's file has {found} bytes, it must have {expected}: it is not the file this release was made for; try another --endpoint"
    )]
    SizeDiffers {
        /// What was asked for.
        url: String,
        /// Bytes there must be.
        expected: u64,
        /// Bytes the server announces.
        found: u64,
    },
    /// More came or was announced than allowed.
    #[error(
        "{url}: the server sends more than the {most} bytes that the manifest allows: nothing was kept; try another --endpoint"
    )]
    TooLarge {
        /// What was asked for.
        url: String,
        /// Bytes allowed.
        most: u64,
    },
    /// What came is not what it must be.
    #[error(
        "{url}: what came has sha256 {found}, {by} says {expected}: it was altered on the way or replaced there, and was thrown away; try another --endpoint"
    )]
    Altered {
        /// Where it came from.
        url: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
        /// Who says so.
        by: &'static str,
    },
    /// The disk is too small.
    #[error("{}: {need_mb} MB are needed and {free_mb} MB are free: make room, or point engines.models at a larger disk", folder.display())]
    NoSpace {
        /// Where.
        folder: PathBuf,
        /// Megabytes still to come, with a reserve.
        need_mb: u64,
        /// Megabytes there are.
        free_mb: u64,
    },
    /// The models folder can't be written.
    #[error("{}: {why}: pull as a user who may write there, or point engines.models at a folder of your own", path.display())]
    Folder {
        /// What was to be written.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// Somebody else is at it.
    #[error("{}: another pull is bringing this file: wait for it", path.display())]
    Busy {
        /// The part.
        path: PathBuf,
    },
    /// Tried and tried.
    #[error(
        "{url}: gave up after {tries} tries without progress ({why}); {have_mb} MB are kept: run the same command again to go on, or try another --endpoint"
    )]
    GaveUp {
        /// What was asked for.
        url: String,
        /// Tries in a row.
        tries: u32,
        /// What went wrong last.
        why: String,
        /// Megabytes that are here.
        have_mb: u64,
    },
    /// There is no TLS.
    #[error("no connection can be made from here: {0}")]
    Client(String),
    /// A lock or a file of a model.
    #[error(transparent)]
    Model(#[from] engine::Error),
}
