"""Numerics without physics."""

__all__ = [
    "compilation",
    "machine",
    "multifrontal",
    "simd",
]
