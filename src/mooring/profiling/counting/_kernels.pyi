# What `kernels.c` offers; see there. Buffers are contiguous, and are checked for their length.

from typing_extensions import Buffer

# Add a chunk to the raw cells.
#
# Gives missing values, zeros, finite values, their mean less the centre and what it lacks, the
# sum of squared deviations, and the extremes.
def count_numbers(
    values: Buffer,
    kind: str,
    width: int,
    validity: Buffer | None,
    bit: int,
    factor: float,
    divisor: float,
    centre: float,
    cells: Buffer,
    held: Buffer | None,
    room: int,
    /,
) -> tuple[int, int, int, float, float, float, float, float]: ...

# Write down the cells in use, ascending, and leave the raw ones empty; how many there are.
def take_cells(
    cells: Buffer, held: Buffer | None, ids: Buffer, counts: Buffer, values: Buffer, /
) -> int: ...

# Count texts from a row on, until all are, or the table or a list is full.
#
# Gives the next row, how many rows with a new text and how many with one of over 256 bytes were
# listed, and how many rows have a text that a closed table does not have.
def count_texts(
    views: Buffer,
    validity: Buffer | None,
    bit: int,
    data: tuple[Buffer, ...],
    slots: Buffer,
    used: int,
    closed: bool,
    start: int,
    fresh: Buffer,
    long: Buffer,
    /,
) -> tuple[int, int, int, int]: ...

# Fill an empty table with the texts of a smaller one.
def move_texts(source: Buffer, slots: Buffer, /) -> None: ...

# The hashes of `mooring.reading.hashing.hash_views`; how many texts of over 256 bytes are listed
# instead.
def hash_texts(views: Buffer, data: tuple[Buffer, ...], out: Buffer, long: Buffer, /) -> int: ...
