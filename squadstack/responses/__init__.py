"""Read what became of leads: window by window, none lost while rows move."""
