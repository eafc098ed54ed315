"""Who somebody is: accounts, roles, sessions, devices' tokens. Knows opaque owner ids and no points."""
