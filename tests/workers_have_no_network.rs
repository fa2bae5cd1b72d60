//! No audio leaves the premises, for what hears and speaks cannot: a worker has its end of one
//! Unix socket and no other, can make none, and tells so when it is asked to try.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use appliance::{Site, process};

const WORKERS: [(&str, &str); 3] =
    [("callbox-stt", "starter-stt.toml"), ("callbox-llm", "starter-llm.toml"), ("callbox-tts", "espeak-en-us.toml")];
/// The tables of sockets that reach beyond this machine, and their column of inodes.
const INTERNET: [&str; 6] = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"];

#[test]
fn a_running_worker_has_one_unix_socket() {
    let Some(site) = Site::new("no-network") else { return };
    // A supervisor may leave a socket open for the box; it must not come down to the workers.
    let inherited = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).unwrap();
    let leak = std::fs::read_link(format!("/proc/self/fd/{}", inherited.as_raw_fd())).unwrap();
    let leak = leak.to_string_lossy().into_owned();
    let appliance = site.start(&[]);
    let internet =
        |pid| INTERNET.into_iter().flat_map(|table| process::table(pid, table, "inode")).collect::<Vec<u64>>();
    // What is looked for is to be found where it should be: in the daemon.
    let daemon = process::sockets(appliance.pid());
    assert!(internet(appliance.pid()).iter().any(|inode| daemon.contains(inode)), "the daemon listens for SIP");

    for (program, _) in WORKERS {
        let pid = appliance.worker(program);
        // Copies of a descriptor are the same socket: same inode.
        let inodes = process::sockets(pid);
        let descriptors = process::descriptors(pid);
        assert_eq!(inodes.len(), 1, "{program} has one socket: {descriptors:?}");
        let input = descriptors.iter().find(|(number, _)| *number == 0).map(|(_, target)| target.as_str());
        assert!(input.is_some_and(|target| target.starts_with("socket:")), "{program}: {descriptors:?}");
        assert!(!descriptors.iter().any(|(_, target)| *target == leak), "{program} inherits nothing: {descriptors:?}");
        // The one file that outlasts a worker: what the language model's prompts begin with.
        let keeps =
            descriptors.iter().any(|(number, target)| *number == 1 && target.ends_with("/callbox-prompts.kept"));
        assert_eq!(keeps, program == "callbox-llm", "{program}: {descriptors:?}");
        let outside: Vec<u64> = internet(pid).into_iter().filter(|inode| inodes.contains(inode)).collect();
        assert!(outside.is_empty(), "{program}: {outside:?}");
        assert!(inodes.is_subset(&process::table(pid, "unix", "Inode")), "{program}'s socket is a Unix socket");
        assert_eq!(process::status(pid, "Seccomp").as_deref(), Some("2"), "{program} is under a seccomp filter");
        assert_eq!(process::status(pid, "NoNewPrivs").as_deref(), Some("1"), "{program} can gain no rights");
    }
}

#[test]
fn a_worker_that_tries_is_refused() {
    let Some(site) = Site::new("no-egress") else { return };
    for (program, manifest) in WORKERS {
        let manifest = format!("{}/models/starter/{manifest}", env!("CARGO_MANIFEST_DIR"));
        let tried = Command::new(site.programs.join(program))
            .args(["--manifest", &manifest, "--try-egress"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(tried.stdout).unwrap();
        assert!(tried.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&tried.stderr));
        for way in ["socket(AF_INET)", "socket(AF_INET6)", "socket(AF_UNIX)", "open(", "execve("] {
            let outcome = said.lines().find(|line| line.contains(way)).and_then(|line| line.rsplit(": ").next());
            assert!(matches!(outcome, Some("EPERM" | "EACCES")), "{program}, {way}: {said}");
        }
    }
}
