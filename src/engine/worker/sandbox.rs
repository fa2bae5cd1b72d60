//! What a worker can no longer do once [`close`] has returned: open a socket, start a program,
//! look into other processes, read or write any file but the ones named.
//!
//! Landlock holds the files, seccomp the system calls. On a kernel without landlock (before
//! 5.13, or switched off) seccomp holds alone and [`Sandbox::close_files`] forbids opening any file once
//! the model is loaded; [`Sandbox::about`] says which it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};

use crate::Error;

/// Of 19: enough to let the pacer and the calls' tasks go first on a busy machine, little enough
/// not to starve beside other programs.
const NICENESS: i32 = 5;

/// Newest landlock the worker knows how to ask for; older kernels give what they have.
const LANDLOCK: ABI = ABI::V6;

/// A closed sandbox.
#[derive(Debug)]
pub struct Sandbox {
    landlock: RulesetStatus,
    /// It reaches hardware by a driver.
    driver: bool,
}

impl Sandbox {
    /// In words, for [`crate::Up::Ready`].
    pub fn about(&self) -> &'static str {
        match self.landlock {
            RulesetStatus::FullyEnforced => "sandbox: landlock and seccomp",
            RulesetStatus::PartiallyEnforced => "sandbox: landlock (an older one) and seccomp",
            RulesetStatus::NotEnforced => "sandbox: seccomp alone, this kernel has no landlock",
        }
    }

    /// Forbids opening or changing any file from now on, in all threads. For engines that open
    /// nothing after their model is loaded. The driver of a GPU does, whenever it compiles a program
    /// or starts a thread: where landlock holds it to its own files and devices, it may.
    pub fn close_files(&self) -> Result<(), Error> {
        if self.driver && self.landlock != RulesetStatus::NotEnforced {
            return Ok(());
        }
        seccompiler::apply_filter_all_threads(&refuse(FILES, libc::EPERM)?).map_err(broken)
    }
}

/// Closes the sandbox around this process, and every descriptor but the first three. Call it before
/// any other thread exists and before a model is opened. `readable` are the files, and folders with all
/// below them, that may still be opened for reading, `nodes` those of devices that may be controlled as
/// well; one that does not exist is left out, opening it will fail later.
pub fn close(readable: &[&Path], nodes: &[PathBuf]) -> Result<Sandbox, Error> {
    no_core_dumps();
    give_way();
    drop_descriptors();
    let landlock = restrict_files(readable, nodes)?;
    install(&foreign_numbers())?;
    install(&refuse(FORBIDDEN, libc::EPERM)?)?;
    install(&refuse_new_processes()?)?;
    // Its flags lie in memory where a filter can't look; ENOSYS makes the C library use clone.
    install(&refuse(&[libc::SYS_clone3], libc::ENOSYS)?)?;
    Ok(Sandbox { landlock, driver: !nodes.is_empty() })
}

fn restrict_files(readable: &[&Path], nodes: &[PathBuf]) -> Result<RulesetStatus, Error> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create)
        .map_err(broken)?;
    let control = AccessFs::WriteFile | AccessFs::IoctlDev;
    let files = readable.iter().map(|path| (*path, BitFlags::EMPTY));
    for (path, more) in files.chain(nodes.iter().map(|path| (path.as_path(), control))) {
        let Ok(opened) = PathFd::new(path) else {
            continue;
        };
        let read = if path.is_dir() { AccessFs::ReadFile | AccessFs::ReadDir } else { AccessFs::ReadFile.into() };
        rules = rules.add_rule(PathBeneath::new(opened, read | more)).map_err(broken)?;
    }
    Ok(rules.restrict_self().map_err(broken)?.ruleset)
}

fn no_core_dumps() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `none` lives through the call. A core dump would hold what callers said; should
    // the call fail all the same, nothing else depends on it.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
}

/// Closes whatever the daemon's own parent left open: a socket to the internet among it would be a
/// way out that no filter on making sockets closes.
fn drop_descriptors() {
    // SAFETY: close_range takes integers only. Nothing beyond standard error is open yet that this
    // process opened itself. Kernels before 5.9 lack the call; they lack landlock as well.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
}

/// Lets the daemon run first: a packet that leaves late is heard, a decision 2 ms later is not.
/// Threads inherit it.
fn give_way() {
    // SAFETY: setpriority takes integers only and changes this process alone. Where it is
    // refused, inference merely competes with the daemon as an equal.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}

/// Network, other programs, other processes, the kernel's own affairs; io_uring, because it
/// would do all of that past this filter.
const FORBIDDEN: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_execve,
    libc::SYS_execveat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kill,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
];

const FILES: &[i64] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_creat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_symlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_fchmodat,
    libc::SYS_fchownat,
    libc::SYS_truncate,
];

/// Everything but a thread of this process.
fn refuse_new_processes() -> Result<BpfProgram, Error> {
    let thread = libc::CLONE_THREAD as u64;
    let no_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0);
    let rule = SeccompRule::new(vec![no_thread.map_err(broken)?]).map_err(broken)?;
    program(BTreeMap::from([(libc::SYS_clone, vec![rule])]), libc::EPERM)
}

fn refuse(calls: &[i64], errno: i32) -> Result<BpfProgram, Error> {
    program(calls.iter().map(|call| (*call, Vec::new())).collect(), errno)
}

fn program(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<BpfProgram, Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(broken)?;
    let refusal = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch).map_err(broken)?;
    filter.try_into().map_err(broken)
}

/// The x32 numbers of x86-64 (bit 30 set) name the same system calls again: a list of ordinary
/// numbers would not match them.
fn foreign_numbers() -> BpfProgram {
    const LOAD_NUMBER: sock_filter = sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 };
    const IF_X32: sock_filter = sock_filter { code: 0x35, jt: 0, jf: 1, k: 0x4000_0000 };
    const REFUSE: sock_filter = sock_filter { code: 0x06, jt: 0, jf: 0, k: 0x0005_0001 };
    const ALLOW: sock_filter = sock_filter { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 };
    vec![LOAD_NUMBER, IF_X32, REFUSE, ALLOW]
}

fn install(program: &BpfProgram) -> Result<(), Error> {
    seccompiler::apply_filter(program).map_err(broken)
}

fn broken(why: impl std::fmt::Display) -> Error {
    Error::Sandbox(why.to_string())
}
