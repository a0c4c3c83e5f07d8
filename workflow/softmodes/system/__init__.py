"""What is simulated: particles, their interaction, the cell."""

__all__ = [
    "cell",
    "configuration",
    "distance",
    "forces",
    "mixture",
    "neighbours",
    "tiles",
    "velocities",
]
