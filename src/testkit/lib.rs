//! For tests: virtual clock, network emulator, scripted caller
