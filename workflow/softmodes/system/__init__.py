"""What is simulated: particles, their interaction, the cell."""

__all__ = [
    "cell",
    "configuration",
    "forces",
    "mixture",
    "neighbours",
    "tiles",
    "velocities",
]
