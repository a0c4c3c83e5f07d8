"""Streams depend on every part of their key and on nothing else."""

from __future__ import annotations

from softmodes.random_streams import stream

KEY = {
    "seed": 1,
    "stage": "quench",
    "n_particles": 1000,
    "temperature": 0.46,
    "sample": 2,
    "replica": 5,
}


def test_the_same_key_gives_the_same_numbers() -> None:
    assert (stream(**KEY).normal(size=5) == stream(**KEY).normal(size=5)).all()


def test_every_part_of_the_key_counts() -> None:
    changes = dict(zip(KEY, (2, "modes", 2000, 0.461, 3, 6), strict=True))
    others = [KEY | {name: value} for name, value in changes.items()]
    first = {stream(**key).integers(2**62) for key in [KEY, *others]}
    assert len(first) == 7


def test_temperatures_count_in_thousandths() -> None:
    shifted = KEY | {"temperature": 0.46 + 1e-12}
    assert stream(**shifted).integers(2**62) == stream(**KEY).integers(2**62)
