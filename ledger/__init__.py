"""Double-entry ledger: accounts, transfers, holds, lots. Knows opaque owners, no rewards and no vouchers."""
