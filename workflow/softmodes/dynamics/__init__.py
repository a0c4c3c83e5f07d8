"""Trajectories, equilibration and isoconfigurational runs."""

__all__ = [
    "cuda",
    "cuda_kernels",
    "equilibration",
    "inherent_trajectory",
    "interruption",
    "isoconfigurational",
    "replicas",
    "trajectory",
]
