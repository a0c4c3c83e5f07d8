"""Arrays in, arrays out: what configurations and runs tell."""

__all__ = [
    "cages",
    "comparison",
    "critical_strain",
    "gamma_c",
    "local_strain",
    "metabasins",
    "overlap",
    "persistence",
    "relaxation",
    "slowing_down",
    "stationarity",
    "statistics",
    "structure",
]
