"""Windows: what is cut loses nothing."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from squadstack.responses.windows import Window, parts_for


@given(st.integers(0, 2**40), st.integers(1, 2**40), st.integers(1, 500))
def test_parts_cover_a_window_exactly(begin: int, seconds: int, parts: int) -> None:
    """Red if they leave a gap, overlap, or hold no second."""
    window = Window(begin, begin + seconds)
    cut = window.split(parts)
    assert (cut[0].begin, cut[-1].end, len(cut)) == (window.begin, window.end, min(parts, seconds))
    assert all(one.end == other.begin for one, other in itertools.pairwise(cut))
    assert min(part.seconds for part in cut) >= 1
    assert max(part.seconds for part in cut) - min(part.seconds for part in cut) <= 1


@given(st.integers(0, 10**9), st.integers(0, 1000))
def test_what_overflows_is_cut(rows: int, page: int) -> None:
    """Into two at least, else it would be asked for again and again; into a few dozen at most."""
    assert 2 <= parts_for(rows, page) <= 32


@given(st.integers(101, 2700))
def test_parts_hold_a_page_each(rows: int) -> None:
    """When rows come evenly, a single cut is enough, and no part is half empty."""
    assert 50 < rows / parts_for(rows, 100) <= 85 or rows <= 170
