"""The command `squadstack`."""
