"""What makes a study reproducible: configuration, files, provenance."""

__all__ = [
    "atomic",
    "checkpoint",
    "code_digest",
    "config",
    "contract",
    "costs",
    "equilibria",
    "job_log",
    "provenance",
    "records",
    "storage",
    "terminal",
]
