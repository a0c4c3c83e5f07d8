"""Inherent structures and their modes."""

__all__ = [
    "modes",
    "quench",
    "shear",
]
