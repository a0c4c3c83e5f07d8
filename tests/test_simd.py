"""Vectors in compiled code against numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from softmodes.kernels.compilation import kernel
from softmodes.kernels.simd import (
    VECTOR_BYTES,
    WIDTH,
    all_lanes,
    any_lane,
    lane_numbers,
    largest,
    load,
    matched,
    select,
    store,
    total,
)


@kernel()
def _arithmetic(a: np.ndarray, b: np.ndarray, at: int, out: np.ndarray) -> None:
    x, y = load(a, at), load(b, at)
    store(out, 0, (2.0 * x - y / 4.0) * (1.0 / y) + x)
    store(out, out.size // 2, select((x < y) & (y != 3.0), x, -1.0))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arithmetic_is_that_of_numpy(dtype: type) -> None:
    width = VECTOR_BYTES // np.dtype(dtype).itemsize
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, width)).astype(dtype)
    b[1, 2], out = 3.0, np.zeros((2, width), dtype)
    at = width
    _arithmetic(a, b, at, out)
    x, y = a.ravel()[at : at + width], b.ravel()[at : at + width]
    tolerance = 10 * np.finfo(dtype).eps
    np.testing.assert_allclose(out[0], (2 * x - y / 4) / y + x, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(out[1], np.where((x < y) & (y != 3), x, -1))


@kernel()
def _reduced(a: np.ndarray) -> tuple[float, float, bool, bool]:
    x = load(a, 0)
    return total(x), largest(x), any_lane(x < 0.0), all_lanes(x < 0.0)


def test_reductions() -> None:
    x = np.random.default_rng(2).normal(size=WIDTH)
    x[0] = 1.0
    assert _reduced(x)[:2] == (pytest.approx(x.sum()), x.max())
    assert _reduced(x)[2:] == (True, False)
    assert _reduced(np.abs(x))[2:] == (False, False)
    assert _reduced(-np.abs(x))[2:] == (True, True)


@kernel()
def _numbers(out: np.ndarray) -> None:
    store(out, 0, lane_numbers(out))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lanes_are_numbered_from_zero(dtype: type) -> None:
    out = np.empty(VECTOR_BYTES // np.dtype(dtype).itemsize, dtype)
    _numbers(out)
    np.testing.assert_array_equal(out, np.arange(out.size))


@kernel()
def _matched(values: np.ndarray, array: np.ndarray) -> np.ndarray:
    return matched(values, array)


@pytest.mark.parametrize("match", [matched, _matched])
def test_values_of_the_type_are_not_copied(match: Callable) -> None:
    values = np.arange(4.0)
    same, other = match(values, np.empty(1)), match(values, np.empty(1, np.float32))
    assert np.shares_memory(same, values)
    assert other.dtype == np.float32
    np.testing.assert_array_equal(other, values)
