"""Arrays in, arrays out: what configurations and runs tell."""

__all__ = [
    "comparison",
    "critical_strain",
    "gamma_c",
    "local_strain",
    "overlap",
    "relaxation",
    "slowing_down",
    "stationarity",
    "statistics",
    "structure",
]
