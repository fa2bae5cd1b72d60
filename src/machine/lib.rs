//! What every sans-IO machine shares: the instant, the contract, the drive loop
