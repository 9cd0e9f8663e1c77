"""Records → lead actions, by the user's rules. Pure."""
