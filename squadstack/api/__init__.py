"""Speak to SquadStack: the requests, the answers, what to do about each, and the one open socket."""
