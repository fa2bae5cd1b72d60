//! The language model: llama.cpp behind the worker protocol
fn main() {}
