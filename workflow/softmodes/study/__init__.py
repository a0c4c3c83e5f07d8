"""What makes a study reproducible: configuration, files, provenance."""

__all__ = [
    "calibration",
    "checkpoint",
    "code_digest",
    "config",
    "costs",
    "equilibria",
    "job_log",
    "provenance",
    "records",
    "storage",
    "terminal",
]
