"""What long computations ask of whoever runs them.

To be told how far they are, and where to keep their state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from numpy.typing import ArrayLike, NDArray

Progress = Callable[[float], None]
"""Called with the fraction done."""


class Checkpoint(Protocol):
    """Where the state of a computation is kept; `study.checkpoint.Checkpoint` is one."""

    def load(self) -> Mapping[str, NDArray[Any]] | None:
        """The state to go on from; None where there is none."""

    def due(self) -> bool:
        """Whether the state is to be kept now."""

    def save(self, **state: ArrayLike) -> None:
        """Keep the state by names; may end the program, where that was asked for."""
