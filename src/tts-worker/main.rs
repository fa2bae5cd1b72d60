//! The voice: Piper on ONNX Runtime and espeak-ng behind the worker protocol
fn main() {}
