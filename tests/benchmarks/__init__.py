"""This code against what one would use instead: LAMMPS and SciPy, on one core, in one run."""
