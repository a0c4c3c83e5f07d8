"""Factors of a sparse symmetric matrix of particles, A = L S Lᵀ with S = ±1, and its inertia.

A matrix has two rows per particle, x0, y0, x1, y1, ...; particles that share an entry other than
zero are neighbours. `dissect` orders them by nested dissection of that graph (George, SIAM J.
Numer. Anal. 10, 345, 1973): neither positions nor the cell are needed. Elimination is multifrontal
(Duff & Reid, ACM Trans. Math. Softw. 9, 302, 1983): every separator is one dense front, to which
LAPACK applies. Rows are not interchanged beyond the dissection; a pivot too small is refused. The
diagonal of the inverse comes from selected inversion, back down the tree of fronts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm, dsyrk, dtrmm, dtrsm
from scipy.linalg.lapack import dpotrf, dtrtri
from scipy.sparse import csc_array, csc_matrix
from threadpoolctl import threadpool_limits

from softmodes.kernels.compilation import kernel

LARGEST_LEAF = 30
"""Particles that are not dissected further."""

LEFT, RIGHT, SEPARATOR = 0, 1, 2
"""Where a cut puts a particle."""

SMOOTHINGS = 2
"""Averages over the neighbours that turn distances in whole steps into smooth ones: at N = 8000
they spare a tenth of the operations."""

SMALLEST_PIVOT = 1e-10
"""Below this fraction of the largest entry a pivot counts as zero."""

SMALLEST_BLOCK = 32
"""Rows of an indefinite block that are eliminated one by one."""


@dataclass(frozen=True)
class Dissection:
    """An order of elimination, and the tree of fronts that goes with it.

    Particles are known by their indices in the order. A front eliminates those from `first[k]` to
    `first[k + 1]` - 1 and updates its boundary, the later ones that are then coupled to them; it
    passes the update on to its parent, the front that eliminates the first particle of the
    boundary.

    Attributes:
        order: (N,), the particle at each index.
        index_of: (N,), the inverse of it.
        first: (F + 1,).
        boundary_start: (F + 1,), of each front's part of `boundary`.
        boundary: indices, ascending within a front.
        parent: (F,), -1 without one; parents come after their children.
    """

    order: NDArray[np.int64]
    index_of: NDArray[np.int64]
    first: NDArray[np.int64]
    boundary_start: NDArray[np.int64]
    boundary: NDArray[np.int64]
    parent: NDArray[np.int64]

    def boundary_of(self, front: int) -> NDArray[np.int64]:
        """Indices of one front's boundary."""
        return self.boundary[self.boundary_start[front] : self.boundary_start[front + 1]]


def dissect(matrix: csc_matrix | csc_array, similar: Dissection | None = None) -> Dissection:
    """Order the particles of a matrix (2N, 2N) with a symmetric pattern.

    The order of a `similar` matrix, whose pattern differs by few entries, spares the search for
    another.
    """
    start, neighbour = _graph(matrix.indptr, matrix.indices)
    if similar is None:
        order, first = _nested_dissection(start, neighbour)
    else:
        order, first = similar.order, similar.first
    index_of = np.empty_like(order)
    index_of[order] = np.arange(len(order))
    return Dissection(
        order, index_of, first, *_assembly_tree(start, neighbour, order, index_of, first)
    )


@kernel()
def _graph(
    column_start: NDArray[np.int32], row: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Neighbours of each particle, from the rows of both its columns."""
    n = column_start.size // 2
    start = np.zeros(n + 1, np.int64)
    neighbour = np.empty(row.size, np.int32)
    seen = np.full(n, -1, np.int64)
    count = 0
    for i in range(n):
        seen[i] = i
        for k in range(column_start[2 * i], column_start[2 * i + 2]):
            j = row[k] // 2
            if seen[j] != i:
                seen[j] = i
                neighbour[count] = j
                count += 1
        start[i + 1] = count
    return start, neighbour[:count]


@kernel()
def _nested_dissection(
    start: NDArray[np.int64], neighbour: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of the particles and where each front begins in it, with N at the end.

    A piece is cut in two halves, the halves are parted by a smallest separator, and this is put
    after what is left of them.
    """
    n = start.size - 1
    order = np.arange(n)
    begins = np.zeros(n + 1, np.bool_)
    begins[n] = True
    local = np.full(n, -1, np.int32)
    stack = [(0, n)]
    while len(stack) > 0:
        low, high = stack.pop()
        if high - low <= LARGEST_LEAF:
            begins[low] = True
            continue
        members = order[low:high].copy()
        side = _cut(*_subgraph(members, start, neighbour, local))
        end = low
        for wanted in (LEFT, RIGHT, SEPARATOR):
            begin = end
            for i in range(members.size):
                if side[i] == wanted:
                    order[end] = members[i]
                    end += 1
            if wanted == SEPARATOR:
                begins[begin] = True
            elif end > begin:
                stack.append((begin, end))
    return order, np.flatnonzero(begins)


@kernel()
def _subgraph(
    members: NDArray[np.int64],
    start: NDArray[np.int64],
    neighbour: NDArray[np.int32],
    local: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The graph of some particles alone, numbered as in `members`; `local` is -1 throughout."""
    capacity = 0
    for i in range(members.size):
        local[members[i]] = i
        capacity += start[members[i] + 1] - start[members[i]]
    inner_start = np.zeros(members.size + 1, np.int64)
    inner = np.empty(capacity, np.int32)
    count = 0
    for i in range(members.size):
        for k in range(start[members[i]], start[members[i] + 1]):
            inner[count] = local[neighbour[k]]
            count += inner[count] >= 0
        inner_start[i + 1] = count
    for i in members:
        local[i] = -1
    return inner_start, inner[:count]


@kernel()
def _cut(start: NDArray[np.int64], neighbour: NDArray[np.int32]) -> NDArray[np.int8]:
    """Which of a graph's particles are LEFT, RIGHT and in the SEPARATOR between them.

    Of three cuts the one with the smallest separator is taken. With four landmarks a, b, c, d, each
    as far as can be from those before it, they have on the left the half that is nearer to a than
    to b; to a or d than to b or c; to a or c than to b or d. On a periodic square the last two run
    along its sides, on a long piece the first runs across.
    """
    n = start.size - 1
    distance = np.empty((4, n))
    queue = np.empty(n, np.int64)
    landmark = _walk(0, start, neighbour, queue, distance[0])
    nearest = np.full(n, np.inf)
    for k in range(4):
        _walk(landmark, start, neighbour, queue, distance[k])
        nearest = np.minimum(nearest, distance[k])
        landmark = np.argmax(nearest)
    a, b, c, d = distance
    field = np.stack(
        (a - b, np.minimum(a, d) - np.minimum(b, c), np.minimum(a, c) - np.minimum(b, d)), axis=1
    )
    for _ in range(SMOOTHINGS):
        field = _smooth(start, neighbour, field)

    best = np.empty(n, np.int8)
    smallest = n + 1
    for m in range(3):
        side = np.empty(n, np.int8)
        ascending = np.argsort(field[:, m], kind="mergesort")
        side[ascending[: n // 2]] = LEFT
        side[ascending[n // 2 :]] = RIGHT
        size = _separate(start, neighbour, side)
        if size < smallest:
            smallest, best = size, side
    return best


@kernel()
def _walk(
    source: int,
    start: NDArray[np.int64],
    neighbour: NDArray[np.int32],
    queue: NDArray[np.int64],
    distance: NDArray[np.float64],
) -> int:
    """Fill in the steps from the source, by breadth; the particle reached last.

    What cannot be reached counts as N steps away.
    """
    n = distance.size
    distance[:] = n
    distance[source] = 0.0
    queue[0] = source
    taken, queued = 0, 1
    while taken < queued:
        i = queue[taken]
        taken += 1
        for k in range(start[i], start[i + 1]):
            j = neighbour[k]
            if distance[j] == n:
                distance[j] = distance[i] + 1.0
                queue[queued] = j
                queued += 1
    return queue[queued - 1]


@kernel()
def _smooth(
    start: NDArray[np.int64], neighbour: NDArray[np.int32], field: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Three fields (N, 3), averaged over each particle and its neighbours."""
    smooth = np.empty_like(field)
    for i in range(field.shape[0]):
        first, second, third = field[i]
        for k in range(start[i], start[i + 1]):
            j = neighbour[k]
            first += field[j, 0]
            second += field[j, 1]
            third += field[j, 2]
        count = 1 + start[i + 1] - start[i]
        smooth[i, 0], smooth[i, 1], smooth[i, 2] = first / count, second / count, third / count
    return smooth


@kernel()
def _separate(
    start: NDArray[np.int64], neighbour: NDArray[np.int32], side: NDArray[np.int8]
) -> int:
    """Move as few particles as can be to the separator so that no pair joins left and right.

    They cover all the pairs across the cut: by Kőnig's theorem as many as a largest matching of
    these pairs has, which is found along augmenting paths (Kuhn's algorithm).

    Returns:
        The size of the separator.
    """
    n = side.size
    partner = np.full(n, -1, np.int64)
    seen = np.full(n, -1, np.int64)  # right: the root of the last search that came there
    path, step = np.empty(n + 1, np.int64), np.empty(n + 1, np.int64)
    for i in range(n):
        if side[i] == LEFT:
            _augment(i, start, neighbour, side, partner, seen, path, step)
    # what alternating paths from the unmatched reach shows the cover
    reached = np.zeros(n, np.bool_)
    for root in range(n):
        if side[root] != LEFT or partner[root] >= 0:
            continue
        path[0] = root
        depth = 1
        while depth > 0:
            depth -= 1
            i = path[depth]
            for k in range(start[i], start[i + 1]):
                j = neighbour[k]
                if side[j] == RIGHT and not reached[j]:
                    reached[j] = reached[partner[j]] = True
                    path[depth] = partner[j]
                    depth += 1
    size = 0
    for i in range(n):
        if partner[i] >= 0 and reached[i] == (side[i] == RIGHT):
            partner[i] = n
            size += 1
    side[partner == n] = SEPARATOR
    return size


@kernel()
def _augment(
    root: int,
    start: NDArray[np.int64],
    neighbour: NDArray[np.int32],
    side: NDArray[np.int8],
    partner: NDArray[np.int64],
    seen: NDArray[np.int64],
    path: NDArray[np.int64],
    step: NDArray[np.int64],
) -> None:
    """Match a particle on the left if an augmenting path begins there."""
    path[0], step[0] = root, start[root]
    depth = 0
    while depth >= 0:
        i = path[depth]
        if step[depth] == start[i + 1]:
            depth -= 1
            continue
        j = neighbour[step[depth]]
        step[depth] += 1
        if side[j] != RIGHT or seen[j] == root:
            continue
        seen[j] = root
        if partner[j] >= 0:
            depth += 1
            path[depth], step[depth] = partner[j], start[partner[j]]
            continue
        for level in range(depth, -1, -1):  # every pair along the path changes
            left = path[level]
            partner[j], partner[left], j = left, j, partner[left]
        return


@kernel()
def _assembly_tree(
    start: NDArray[np.int64],
    neighbour: NDArray[np.int32],
    order: NDArray[np.int64],
    index_of: NDArray[np.int64],
    first: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Starts of the boundaries, boundaries and parents of a `Dissection`."""
    n_fronts = first.size - 1
    front = np.empty(order.size, np.int64)
    boundary_start = np.zeros(n_fronts + 1, np.int64)
    parent = np.full(n_fronts, -1, np.int64)
    boundary = np.empty(16 * order.size, np.int64)
    seen = np.full(order.size, -1, np.int64)
    eldest = np.full(n_fronts, -1, np.int64)  # child
    sibling = np.full(n_fronts, -1, np.int64)
    for k in range(n_fronts):
        front[first[k] : first[k + 1]] = k
    for k in range(n_fronts):
        last = first[k + 1]
        begin = end = boundary_start[k]
        if end + order.size > boundary.size:
            boundary = np.concatenate((boundary, np.empty_like(boundary)))
        for pivot in range(first[k], last):
            for m in range(start[order[pivot]], start[order[pivot] + 1]):
                later = index_of[neighbour[m]]
                if later >= last and seen[later] != k:
                    seen[later] = k
                    boundary[end] = later
                    end += 1
        child = eldest[k]
        while child >= 0:
            for m in range(boundary_start[child], boundary_start[child + 1]):
                later = boundary[m]
                if later >= last and seen[later] != k:
                    seen[later] = k
                    boundary[end] = later
                    end += 1
            child = sibling[child]
        boundary[begin:end].sort()
        boundary_start[k + 1] = end
        if end > begin:
            parent[k] = front[boundary[begin]]
            sibling[k] = eldest[parent[k]]
            eldest[parent[k]] = k
    return boundary_start, boundary[: boundary_start[-1]].copy(), parent


@dataclass(frozen=True)
class Factorisation:
    """A = L S Lᵀ in the order of a dissection, ready to solve.

    Attributes:
        dissection: of the matrix.
        sign: (2N,), the diagonal of S, in the order of elimination.
        inverse_start: (F + 1,), of each front's part of `inverse`.
        inverse: of the fronts, with the columns L₁ of their pivots and L₂ of their boundary,
            (L₁⁻¹, -L₂ L₁⁻¹) column by column: what elimination does to a vector.
    """

    dissection: Dissection
    sign: NDArray[np.float64]
    inverse_start: NDArray[np.int64]
    inverse: NDArray[np.float64]

    @property
    def n_negative(self) -> int:
        """Number of negative eigenvalues (Sylvester's law of inertia)."""
        return int(np.count_nonzero(self.sign < 0.0))

    def solve(self, right_side: NDArray[np.float64]) -> NDArray[np.float64]:
        """X (2N, B) with A X = right_side (2N, B)."""
        return _solve(
            self.dissection.order,
            self.dissection.first,
            self.dissection.boundary_start,
            self.dissection.boundary,
            self.sign,
            self.inverse_start,
            self.inverse,
            np.ascontiguousarray(right_side),
        )

    @threadpool_limits.wrap(limits=1, user_api="blas")
    def inverse_diagonal(self) -> NDArray[np.float64]:
        """The diagonal (2N,) of A⁻¹, by selected inversion: in about the time of the factorisation.

        Of the inverse Z only what lies within a front is ever computed. With W₁ = L₁⁻¹ and
        W₂ = -L₂ L₁⁻¹ of a front with pivots p and boundary b (Takahashi, Fagan & Chin, Proc. 8th
        PICA Conf., 63, 1973; Lin et al., ACM Trans. Math. Softw. 37, 40, 2011):

            Z_bp = Z_bb W₂,    Z_pp = W₁ᵀ S W₁ + W₂ᵀ Z_bp,

        and as the boundary lies within the parent, Z_bb is known once the parent is done.
        """
        tree = self.dissection
        children: list[list[int]] = [[] for _ in tree.parent]
        for k, parent in enumerate(tree.parent):
            if parent >= 0:
                children[parent].append(k)
        diagonal = np.empty(len(self.sign))
        corners: dict[int, NDArray[np.float64]] = {}  # Z_bb of fronts whose parent is done
        for k in reversed(range(len(children))):
            begin, end = 2 * tree.first[k], 2 * tree.first[k + 1]
            boundary = tree.boundary_of(k)
            width, height = end - begin, end - begin + 2 * len(boundary)
            columns = self.inverse[self.inverse_start[k] : self.inverse_start[k + 1]]
            upper, lower = np.split(columns.reshape(width, height).T, [width])

            corner = corners.pop(k, np.empty((0, 0)))
            below = corner @ lower
            pivots = upper.T @ (self.sign[begin:end, None] * upper) + lower.T @ below
            diagonal[begin:end] = pivots.diagonal()
            front = np.block([[pivots, below.T], [below, corner]])
            indices = np.concatenate([np.arange(tree.first[k], tree.first[k + 1]), boundary])
            for child in children[k]:
                shared = np.searchsorted(indices, tree.boundary_of(child))
                rows = (2 * shared[:, None] + [0, 1]).ravel()
                corners[child] = front[np.ix_(rows, rows)]
        return diagonal.reshape(-1, 2)[tree.index_of].ravel()


@threadpool_limits.wrap(limits=1, user_api="blas")
def factorise(
    matrix: csc_matrix | csc_array, dissection: Dissection, shift: float = 0.0
) -> Factorisation:
    """Factors of a symmetric matrix (2N, 2N) less a shift times the identity.

    Raises:
        LinAlgError: if a pivot is too small.
    """
    width = 2 * np.diff(dissection.first)
    height = width + 2 * np.diff(dissection.boundary_start)
    inverse_start = np.concatenate([[0], np.cumsum(width * height)])
    inverse = np.empty(inverse_start[-1])
    signs = []
    for k, (pivots, below, sign) in enumerate(_eliminate(matrix, dissection, shift)):
        front = inverse[inverse_start[k] : inverse_start[k + 1]].reshape(width[k], height[k]).T
        inverted, _ = dtrtri(pivots, lower=1, overwrite_c=1)
        front[: width[k]] = inverted
        front[width[k] :] = dtrmm(-1.0, inverted, below, side=1, lower=1, overwrite_b=1)
        signs.append(sign)
    return Factorisation(dissection, np.concatenate(signs), inverse_start, inverse)


@threadpool_limits.wrap(limits=1, user_api="blas")
def count_below(matrix: csc_matrix | csc_array, dissection: Dissection, shift: float) -> int:
    """Number of eigenvalues of a symmetric matrix (2N, 2N) below the shift.

    Raises:
        LinAlgError: if a pivot is too small.
    """
    return sum(
        int(np.count_nonzero(sign < 0.0)) for *_, sign in _eliminate(matrix, dissection, shift)
    )


def _eliminate(
    matrix: csc_matrix | csc_array, dissection: Dissection, shift: float
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """L₁ (lower triangle), L₂ and the signs of one front after the other.

    Raises:
        LinAlgError: if a pivot is too small.
    """
    smallest = SMALLEST_PIVOT * np.abs(matrix.data).max()
    tree = dissection
    children: list[list[tuple[int, NDArray[np.float64]]]] = [[] for _ in tree.parent]
    row = np.empty(2 * len(tree.order), np.int64)  # of the front, of everything in it
    for k, parent in enumerate(tree.parent):
        first, last = tree.first[k], tree.first[k + 1]
        boundary = tree.boundary_of(k)
        width, height = 2 * (last - first), 2 * len(boundary)
        pivots = np.zeros((width, width), order="F")
        below = np.zeros((height, width), order="F")
        corner = np.zeros((height, height), order="F")
        _assemble(
            matrix.data,
            matrix.indices,
            matrix.indptr,
            shift,
            tree.order,
            tree.index_of,
            first,
            last,
            boundary,
            row,
            pivots,
            below,
        )
        for child, update in children[k]:
            _extend_add(update, tree.boundary_of(child), row, pivots, below, corner)
        children[k] = []
        pivots, sign = _signed_cholesky(pivots, smallest)
        if height:
            below = dtrsm(1.0, pivots, below, side=1, lower=1, trans_a=1, overwrite_b=1)
            if (sign > 0.0).all():
                corner = dsyrk(-1.0, below, 1.0, corner, lower=1, overwrite_c=1)
            else:
                corner = dgemm(-1.0, below, below * sign, 1.0, corner, trans_b=1, overwrite_c=1)
                below *= sign
            children[parent].append((k, corner))
        yield pivots, below, sign


def _signed_cholesky(
    block: NDArray[np.float64], smallest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """L, lower triangular, and the diagonal of S, ±1, with L S Lᵀ = block.

    Only the block's lower triangle is looked at.

    Raises:
        LinAlgError: if a pivot is smaller in magnitude than `smallest`.
    """
    size = len(block)
    factor, failed_at = dpotrf(block, lower=1, clean=1)
    if failed_at == 0:
        if factor.diagonal().min(initial=np.inf) ** 2 < smallest:
            raise np.linalg.LinAlgError("symmetric factorisation: a pivot is zero to rounding")
        return factor, np.ones(size)
    if size <= SMALLEST_BLOCK:
        sign = np.empty(size)
        if not _eliminate_rows(block, smallest, sign):
            raise np.linalg.LinAlgError("symmetric factorisation: a pivot is zero to rounding")
        return block, sign
    half = size // 2
    upper, upper_sign = _signed_cholesky(np.asfortranarray(block[:half, :half]), smallest)
    below = dtrsm(1.0, upper, block[half:, :half], side=1, lower=1, trans_a=1)
    rest = dgemm(-1.0, below, below * upper_sign, 1.0, block[half:, half:], trans_b=1)
    lower, lower_sign = _signed_cholesky(rest, smallest)
    factor = np.zeros((size, size), order="F")
    factor[:half, :half], factor[half:, :half] = upper, below * upper_sign
    factor[half:, half:] = lower
    return factor, np.concatenate([upper_sign, lower_sign])


@kernel()
def _eliminate_rows(block: NDArray[np.float64], smallest: float, sign: NDArray[np.float64]) -> bool:
    """Put L into the block and the diagonal of S into `sign`; false at a pivot too small."""
    size = sign.size
    for j in range(size):
        pivot = block[j, j]
        if not abs(pivot) >= smallest:
            return False
        sign[j] = 1.0 if pivot > 0.0 else -1.0
        root = np.sqrt(abs(pivot))
        block[j, j] = root
        block[:j, j] = 0.0
        for i in range(j + 1, size):
            block[i, j] *= sign[j] / root
        for k in range(j + 1, size):
            for i in range(k, size):
                block[i, k] -= block[i, j] * sign[j] * block[k, j]
    return True


@kernel()
def _assemble(
    data: NDArray[np.float64],
    index: NDArray[np.int32],
    column_start: NDArray[np.int32],
    shift: float,
    order: NDArray[np.int64],
    index_of: NDArray[np.int64],
    first: int,
    last: int,
    boundary: NDArray[np.int64],
    row: NDArray[np.int64],
    pivots: NDArray[np.float64],
    below: NDArray[np.float64],
) -> None:
    """Add the matrix's columns of the pivots, from the diagonal down, and number the rows."""
    width = 2 * (last - first)
    for i in range(width):
        row[2 * first + i] = i
    for m in range(boundary.size):
        row[2 * boundary[m]] = width + 2 * m
        row[2 * boundary[m] + 1] = width + 2 * m + 1
    for column in range(width):
        original = 2 * order[first + column // 2] + column % 2
        for k in range(column_start[original], column_start[original + 1]):
            there = 2 * index_of[index[k] // 2] + index[k] % 2
            if there < 2 * first + column:
                continue
            at = row[there]
            if at < width:
                pivots[at, column] += data[k]
            else:
                below[at - width, column] += data[k]
        pivots[column, column] -= shift


@kernel()
def _extend_add(
    update: NDArray[np.float64],
    members: NDArray[np.int64],
    row: NDArray[np.int64],
    pivots: NDArray[np.float64],
    below: NDArray[np.float64],
    corner: NDArray[np.float64],
) -> None:
    """Add the lower triangle of a child's update, whose boundary is `members`, to a front."""
    width = pivots.shape[0]
    for m in range(update.shape[0]):
        column = row[2 * members[m // 2] + m % 2]
        for i in range(m, update.shape[0]):
            at = row[2 * members[i // 2] + i % 2]
            if column >= width:
                corner[at - width, column - width] += update[i, m]
            elif at >= width:
                below[at - width, column] += update[i, m]
            else:
                pivots[at, column] += update[i, m]


@kernel()
def _solve(
    order: NDArray[np.int64],
    first: NDArray[np.int64],
    boundary_start: NDArray[np.int64],
    boundary: NDArray[np.int64],
    sign: NDArray[np.float64],
    inverse_start: NDArray[np.int64],
    inverse: NDArray[np.float64],
    right_side: NDArray[np.float64],
) -> NDArray[np.float64]:
    """`Factorisation.solve`: through the fronts, and back."""
    size, n_columns = right_side.shape
    work = np.empty((size, n_columns))
    for i in range(size):
        _copy_row(right_side, 2 * order[i // 2] + i % 2, work, i)
    for k in range(first.size - 1):
        begin, end = 2 * first[k], 2 * first[k + 1]
        width = end - begin
        members = boundary[boundary_start[k] : boundary_start[k + 1]]
        shape = (width, width + 2 * members.size)
        columns = inverse[inverse_start[k] : inverse_start[k + 1]].reshape(shape)
        change = np.dot(columns.T, work[begin:end])
        work[begin:end] = change[:width]
        for m in range(2 * members.size):
            row = 2 * members[m // 2] + m % 2
            for c in range(n_columns):
                work[row, c] += change[width + m, c]
    for i in range(size):
        for c in range(n_columns):
            work[i, c] *= sign[i]
    for k in range(first.size - 2, -1, -1):
        begin, end = 2 * first[k], 2 * first[k + 1]
        width = end - begin
        members = boundary[boundary_start[k] : boundary_start[k + 1]]
        shape = (width, width + 2 * members.size)
        columns = inverse[inverse_start[k] : inverse_start[k + 1]].reshape(shape)
        known = np.empty((shape[1], n_columns))
        known[:width] = work[begin:end]
        for m in range(2 * members.size):
            _copy_row(work, 2 * members[m // 2] + m % 2, known, width + m)
        np.dot(columns, known, work[begin:end])
    solution = np.empty((size, n_columns))
    for i in range(size):
        _copy_row(work, i, solution, 2 * order[i // 2] + i % 2)
    return solution


@kernel(inline="always")
def _copy_row(
    source: NDArray[np.float64], from_row: int, target: NDArray[np.float64], to_row: int
) -> None:
    for c in range(source.shape[1]):
        target[to_row, c] = source[from_row, c]
