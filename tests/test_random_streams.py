"""Streams depend on every part of their key and on nothing else."""

from __future__ import annotations

from softmodes.random_streams import stream

KEY = (1, "quench", 1000, 0.46, 2, 5)


def test_the_same_key_gives_the_same_numbers() -> None:
    assert (stream(*KEY).normal(size=5) == stream(*KEY).normal(size=5)).all()


def test_every_part_of_the_key_counts() -> None:
    others = [(2, *KEY[1:]), (1, "modes", *KEY[2:]), (1, "quench", 2000, *KEY[3:])]
    others += [(*KEY[:3], 0.461, 2, 5), (*KEY[:4], 3, 5), (*KEY[:5], 6)]
    first = {stream(*key).integers(2**62) for key in [KEY, *others]}
    assert len(first) == 7


def test_temperatures_count_in_thousandths() -> None:
    shifted = (*KEY[:3], 0.46 + 1e-12, *KEY[4:])
    assert stream(*shifted).integers(2**62) == stream(*KEY).integers(2**62)
