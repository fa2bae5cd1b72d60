//! The three engines as plain data: the worker protocol, model manifests, the sandbox
