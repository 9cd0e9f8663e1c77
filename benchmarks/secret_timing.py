"""How long the receiver takes to judge a secret, by how much of it is right: the figures should not differ.

    python benchmarks/secret_timing.py [--rounds 20000]

The variants take turns, round by round, so that what else the machine does meets all of them alike.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from squadstack.events.receiving import Gate

TAKEN = "benchmark-secret-of-32-characters"
VARIANTS = {
    "right": TAKEN,
    "first character wrong": f"x{TAKEN[1:]}",
    "half right": f"{TAKEN[:16]}{'x' * 17}",
    "last character wrong": f"{TAKEN[:-1]}x",
    "all wrong": "x" * len(TAKEN),
    "one too short": TAKEN[:-1],
    "one too long": f"{TAKEN}x",
    "one character": "x",
}


def main() -> None:
    """Print the quartiles of each variant, in nanoseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000)
    rounds = parser.parse_args().rounds
    gate = Gate((TAKEN,))
    calls = {name: [(b"authorization", f"Bearer {given}".encode())] for name, given in VARIANTS.items()}
    samples: dict[str, list[int]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name in random.sample(list(VARIANTS), len(VARIANTS)):
            begun = time.perf_counter_ns()
            gate.is_open(calls[name], b"")
            samples[name].append(time.perf_counter_ns() - begun)
    print(f"{'variant':<24}{'25 %':>8}{'50 %':>8}{'75 %':>8}   ns, {rounds} samples each")
    for name, taken in samples.items():
        print(f"{name:<24}" + "".join(f"{quartile:>8.0f}" for quartile in statistics.quantiles(taken)))


if __name__ == "__main__":
    main()
