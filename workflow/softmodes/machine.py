"""What results depend on in the machine: its processor and the width of its vectors.

Both decide how sums are rounded, which chaos makes visible. They are recorded in the provenance,
and count for nothing in the digest of the code.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path

_SUM = """
define <8 x double> @sum(<8 x double> %a, <8 x double> %b) {
    %c = fadd <8 x double> %a, %b
    ret <8 x double> %c
}
"""


def processor() -> str:
    """The name of the processor's model."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


@functools.cache
def vector_bytes() -> int:
    """Bytes of a vector in compiled code: 64 where the compiler may use AVX-512, else 32.

    LLVM tells, by how it adds vectors of 64 bytes for the processor and the features that numba
    compiles for: those of this machine, or of NUMBA_CPU_NAME and NUMBA_CPU_FEATURES.
    """
    # imported here: slow, and of no use to those who only read files
    from llvmlite import binding
    from numba.core.registry import cpu_target

    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    target = binding.Target.from_triple(triple)
    compiler = target.create_target_machine(cpu=name, features=features)
    assembly = compiler.emit_assembly(binding.parse_assembly(_SUM))
    return 64 if "%zmm" in assembly else 32
