//! The conversation: hearing, turn, floor, decision, flows, speech shaping, ledger
