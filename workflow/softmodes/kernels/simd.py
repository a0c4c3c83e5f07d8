"""Vectors of a few numbers in compiled code, which one machine instruction handles.

A vector is as wide as the machine has them: eight numbers in double precision with AVX-512, else
four, and twice as many in single precision. It is loaded from consecutive entries of a C-contiguous
array and stored back there; `+`, `-`, `*`, `/` and `<` act on all its numbers at once and take a
scalar on either side. Compilers leave many loops scalar that could run on vectors, mostly since
arrays may overlap; a kernel written with these is certain to run on them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

from softmodes.kernels.compilation import FASTMATH, kernel
from softmodes.kernels.machine import vector_bytes

VECTOR_BYTES = vector_bytes()
"""Of one vector. With twice the width of the machine's an operation takes two instructions and
more registers than there are."""

WIDTH = VECTOR_BYTES // 8
"""Numbers in a vector of float64."""

_FLAGS = tuple(sorted(FASTMATH))


class VectorType(types.Type):
    """numba's type of a vector; of `types.boolean`, the result of a comparison."""

    def __init__(self, element: types.Type, width: int) -> None:
        self.element, self.width = element, width
        super().__init__(name=f"Vector({element}, {width})")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: VectorType) -> None:
        boolean = vector.element == types.boolean
        element = ir.IntType(1) if boolean else manager.lookup(vector.element).get_value_type()
        super().__init__(manager, vector, ir.VectorType(element, vector.width))


def _of(element: types.Type) -> VectorType:
    return VectorType(element, 8 * VECTOR_BYTES // element.bitwidth)


def _pointer(context: Any, builder: Any, array: types.Array, value: Any, index: Any) -> Any:
    """Pointer to the vector that begins at an entry of the flattened array."""
    data = context.make_array(array)(context, builder, value).data
    vector = context.get_value_type(_of(array.dtype))
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


@intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """The vector that begins at `index` of the flattened array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, array, *arguments)
        return builder.load(pointer, align=array.dtype.bitwidth // 8)

    return _of(array.dtype)(array, types.intp), generate


@intrinsic
def width_of(typing_context: Any, array: Any) -> Any:
    """Numbers in a vector of the array's type: a constant."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.intp, _of(array.dtype).width)

    return types.intp(array), generate


@intrinsic
def repeat(typing_context: Any, array: Any, index: Any) -> Any:
    """The vector of nothing but the number at `index` of the flattened array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        number = builder.load(builder.gep(data, [arguments[1]]))
        return _repeated(builder, number, context.get_value_type(signature.return_type))

    return _of(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing_context: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write the vector to where it would be loaded from."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, array, *arguments[:2])
        builder.store(arguments[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(array, types.intp, _of(array.dtype)), generate


@intrinsic
def lane_numbers(typing_context: Any, array: Any) -> Any:
    """The vector 0, 1, 2, ... of the array's type."""
    vector = _of(array.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(context.get_value_type(vector), list(range(vector.width)))

    return vector(array), generate


@intrinsic
def select(typing_context: Any, chosen: Any, then: Any, otherwise: Any) -> Any:
    """The numbers of `then` where `chosen`, of `otherwise` elsewhere."""
    vector = _vector_of(then, otherwise)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = _as_vectors(context, builder, signature.args[1:], arguments[1:], vector)
        return builder.select(arguments[0], *values)

    return vector(chosen, then, otherwise), generate


@intrinsic
def total(typing_context: Any, vector: Any) -> Any:
    """The sum of the numbers, in an order that depends on the width only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (values,) = arguments
        element = values.type.element
        zero = ir.Constant(element, 0.0)
        function = _reduction(builder, "fadd", element, [element, values.type])
        return builder.call(function, [zero, values], fastmath=_FLAGS)

    return vector.element(vector), generate


@intrinsic
def largest(typing_context: Any, vector: Any) -> Any:
    """The largest of the numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (values,) = arguments
        element = values.type.element
        return builder.call(_reduction(builder, "fmax", element, [values.type]), [values])

    return vector.element(vector), generate


@intrinsic
def any_lane(typing_context: Any, vector: Any) -> Any:
    """Whether a comparison holds anywhere."""
    return types.boolean(vector), _logical("or")


@intrinsic
def all_lanes(typing_context: Any, vector: Any) -> Any:
    """Whether a comparison holds everywhere."""
    return types.boolean(vector), _logical("and")


def _logical(name: str) -> Callable:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (values,) = arguments
        return builder.call(_reduction(builder, name, values.type.element, [values.type]), [values])

    return generate


def _reduction(builder: Any, name: str, result: ir.Type, operands: list[ir.Type]) -> Any:
    vector = operands[-1]
    letter = "i1" if isinstance(vector.element, ir.IntType) else vector.element.intrinsic_name
    return cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(result, operands),
        f"llvm.vector.reduce.{name}.v{vector.count}{letter}",
    )


def _vector_of(first: types.Type, second: types.Type) -> VectorType:
    return first if isinstance(first, VectorType) else second


def _as_vectors(
    context: Any, builder: Any, operands: Any, values: Any, vector: VectorType
) -> list[Any]:
    """LLVM values of both operands as vectors, a scalar repeated."""
    shape = context.get_value_type(vector)
    result = []
    for operand, value in zip(operands, values, strict=True):
        if not isinstance(operand, VectorType):
            value = _repeated(builder, context.cast(builder, value, operand, vector.element), shape)
        result.append(value)
    return result


def _repeated(builder: Any, number: Any, shape: ir.VectorType) -> Any:
    undefined = ir.Constant(shape, ir.Undefined)
    one = builder.insert_element(undefined, number, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), shape.count), [0] * shape.count)
    return builder.shuffle_vector(one, undefined, zeros)


def _overload(python_operator: Callable, generate_operation: Callable, compares: bool) -> None:
    """Let an operator of two operands, at least one of them a vector, compile to LLVM's."""

    @intrinsic
    def operation(typing_context: Any, first: Any, second: Any) -> Any:
        vector = _vector_of(first, second)
        result = VectorType(types.boolean, vector.width) if compares else vector

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            operands = _as_vectors(context, builder, signature.args, arguments, vector)
            return generate_operation(builder, *operands)

        return result(first, second), generate

    @overload(python_operator)
    def typed(first, second):  # no annotations: numba wants the signatures equal
        if isinstance(first, VectorType) or isinstance(second, VectorType):
            return lambda first, second: operation(first, second)
        return None


def _arithmetic(name: str) -> Callable:
    return lambda builder, first, second: getattr(builder, name)(first, second, flags=_FLAGS)


def _comparison(sign: str) -> Callable:
    return lambda builder, first, second: builder.fcmp_ordered(sign, first, second)


for _operators, _name in (
    ((operator.add, operator.iadd), "fadd"),
    ((operator.sub, operator.isub), "fsub"),
    ((operator.mul, operator.imul), "fmul"),
    ((operator.truediv, operator.itruediv), "fdiv"),
):
    for _operator in _operators:
        _overload(_operator, _arithmetic(_name), compares=False)
_overload(operator.and_, lambda builder, first, second: builder.and_(first, second), compares=False)
_overload(operator.lt, _comparison("<"), compares=True)
_overload(operator.ne, _comparison("!="), compares=True)


def matched(values: NDArray[np.floating], array: NDArray[np.floating]) -> NDArray[np.floating]:
    """The values themselves if they have the array's type, else a copy of that type."""
    return values.astype(array.dtype, copy=False)


@overload(matched)
def _matched(values, array):  # no annotations: numba wants the signatures equal
    if values.dtype == array.dtype:
        return lambda values, array: values
    return lambda values, array: values.astype(array.dtype)


@kernel()
def add_scaled(
    first: NDArray[np.floating],
    factor: float,
    second: NDArray[np.floating],
    result: NDArray[np.floating],
) -> None:
    """Write first + factor second; arrays of one shape and a whole number of vectors."""
    for at in range(0, result.size, width_of(result)):
        store(result, at, load(first, at) + factor * load(second, at))
