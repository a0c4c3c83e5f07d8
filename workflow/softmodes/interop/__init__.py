"""Other programs' files."""

__all__ = [
    "exchange",
    "extended_xyz",
    "foreign",
]
