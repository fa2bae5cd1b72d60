//! Calls, turns, bookings, messages and knowledge in SQLite
