/* The two loops that a profile spends its time in, without the interpreter's lock.

   numbers.py and texts.py say what they compute, and compute it where this is not compiled: cells
   and texts are counted to the same numbers, bit for bit, and moments to rounding. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static uint64_t word_at(const void *place)
{
    uint64_t word;
    memcpy(&word, place, sizeof word);
    return word;
}

/* Up to 64 bits from any place of a bitmap on, ones beyond them. */
static uint64_t bits_at(const uint8_t *bitmap, Py_ssize_t bit, int count)
{
    uint64_t word = 0;
    const uint8_t *from = bitmap + (bit >> 3);
    int lead = (int)(bit & 7), bytes = (lead + count + 7) >> 3;
    memcpy(&word, from, bytes > 8 ? 8 : (size_t)bytes);
    word >>= lead;
    if (bytes > 8) word |= (uint64_t)from[8] << (64 - lead);
    return count < 64 ? word | UINT64_MAX << count : word;
}

/* ---- numbers ---------------------------------------------------------------------------- */

enum { BLOCK = 2048, SHIFT = 46, RAW = 1 << 18, SIGN = RAW >> 1 };

typedef double Four __attribute__((vector_size(32), aligned(8)));
typedef uint64_t Bits __attribute__((vector_size(32), aligned(8)));
typedef int64_t Mask __attribute__((vector_size(32)));
#define PICK(mask, a, b) ((Four)(((mask) & (Mask)(a)) | (~(mask) & (Mask)(b))))
#if defined(__x86_64__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("avx2", "default"))) /* chosen when it is loaded */
#else
#define WIDE
#endif

typedef struct {
    const char *values;
    int kind, width; /* 'f', 'i' or 'u', and bytes */
    const uint8_t *valid; /* a bit for each row, from the bit on; NULL when each has a value */
    Py_ssize_t bit;
    double factor, divisor, centre;
} Column;

typedef struct {
    Py_ssize_t nulls, zeros, finite;
    double fill, low, high, sum, sum_low, squares, squares_low;
} Found;

typedef struct {
    double low, high, sum, squares;
    int64_t odd, zeros;
} Block;

#define COPY(type)                                                            \
    {                                                                         \
        const type *from = (const type *)column->values + start;              \
        for (Py_ssize_t i = 0; i < rows; i++) out[i] = (double)from[i] + 0.0; \
        break;                                                                \
    }

/* As doubles, and -0.0 as 0.0. */
static void read_block(const Column *column, Py_ssize_t start, Py_ssize_t rows, double *out)
{
    switch (column->kind * 16 + column->width) {
    case 'f' * 16 + 8: COPY(double)
    case 'f' * 16 + 4: COPY(float)
    case 'i' * 16 + 8: COPY(int64_t)
    case 'i' * 16 + 4: COPY(int32_t)
    case 'i' * 16 + 2: COPY(int16_t)
    case 'i' * 16 + 1: COPY(int8_t)
    case 'u' * 16 + 8: COPY(uint64_t)
    case 'u' * 16 + 4: COPY(uint32_t)
    case 'u' * 16 + 2: COPY(uint16_t)
    case 'u' * 16 + 1: COPY(uint8_t)
    default: memset(out, 0, (size_t)rows * sizeof *out);
    }
    if (column->factor != 1.0)
        for (Py_ssize_t i = 0; i < rows; i++) out[i] *= column->factor;
    else if (column->divisor != 1.0)
        for (Py_ssize_t i = 0; i < rows; i++) out[i] /= column->divisor;
}

/* Put a number where none is; how often. */
static Py_ssize_t fill_missing(const Column *column, Py_ssize_t start, double *block,
                               Py_ssize_t rows, double fill)
{
    Py_ssize_t filled = 0;
    for (Py_ssize_t at = 0; at < rows; at += 64) {
        int count = rows - at < 64 ? (int)(rows - at) : 64;
        uint64_t missing = ~bits_at(column->valid, column->bit + start + at, count);
        for (; missing; missing &= missing - 1) {
            block[at + __builtin_ctzll(missing)] = fill;
            filled++;
        }
    }
    return filled;
}

/* Leave out what has no value or is no number; how many rows stay. */
static Py_ssize_t keep_numbers(const Column *column, Py_ssize_t start, double *block,
                               Py_ssize_t rows)
{
    Py_ssize_t kept = 0;
    for (Py_ssize_t at = 0; at < rows; at += 64) {
        int count = rows - at < 64 ? (int)(rows - at) : 64;
        uint64_t valid = column->valid ? bits_at(column->valid, column->bit + start + at, count)
                                       : UINT64_MAX;
        for (int i = 0; i < count; i++) {
            double x = block[at + i];
            block[kept] = x;
            kept += (Py_ssize_t)(valid >> i & 1) & (x == x);
        }
    }
    return kept;
}

static Py_ssize_t keep_finite(double *block, Py_ssize_t rows)
{
    Py_ssize_t kept = 0;
    for (Py_ssize_t i = 0; i < rows; i++) {
        double x = block[i];
        block[kept] = x;
        kept += isfinite(x) != 0;
    }
    return kept;
}

static uint32_t raw_cell(double offset)
{
    return (uint32_t)(word_at(&offset) >> SHIFT);
}

static void look_at(Block *seen, double x, double centre, double pivot)
{
    double apart = (x - centre) - pivot;
    seen->low = x < seen->low ? x : seen->low;
    seen->high = x > seen->high ? x : seen->high;
    seen->sum += apart;
    seen->squares += apart * apart;
    seen->odd += x != x;
    seen->zeros += x == 0;
}

/* Extremes, NaNs, zeros, sums of deviations from the pivot, and raw cells: eight rows at a time. */
WIDE static Block look(const double *block, Py_ssize_t rows, double centre, double pivot,
                       uint64_t *raw)
{
    Four none = {0}, low[2] = {none + INFINITY, none + INFINITY};
    Four high[2] = {none - INFINITY, none - INFINITY}, sum[2] = {none, none};
    Four squares[2] = {none, none};
    Mask odd = {0}, zeros = {0};
    Py_ssize_t i = 0;
    for (; i + 8 <= rows; i += 8)
        for (int j = 0; j < 2; j++) {
            Four x = *(const Four *)(block + i + 4 * j), offset = x - centre, apart = offset - pivot;
            *(Bits *)(raw + i + 4 * j) = (Bits)offset >> SHIFT;
            low[j] = PICK(x < low[j], x, low[j]);
            high[j] = PICK(x > high[j], x, high[j]);
            odd -= x != x;
            zeros -= x == none;
            sum[j] += apart;
            squares[j] += apart * apart;
        }
    Block seen = {.low = INFINITY, .high = -INFINITY};
    for (int j = 0; j < 8; j++) {
        double least = low[j >> 2][j & 3], most = high[j >> 2][j & 3];
        seen.low = least < seen.low ? least : seen.low;
        seen.high = most > seen.high ? most : seen.high;
        seen.sum += sum[j >> 2][j & 3];
        seen.squares += squares[j >> 2][j & 3];
    }
    for (int j = 0; j < 4; j++) {
        seen.odd += odd[j];
        seen.zeros += zeros[j];
    }
    for (; i < rows; i++) {
        raw[i] = raw_cell(block[i] - centre);
        look_at(&seen, block[i], centre, pivot);
    }
    return seen;
}

static void add_cells(const double *block, Py_ssize_t rows, double centre, uint32_t *cells)
{
    for (Py_ssize_t i = 0; i < rows; i++) cells[raw_cell(block[i] - centre)]++;
}

/* The same, and remember the value of each cell, NaN when there are several; new cells. */
static Py_ssize_t hold_cells(const double *block, Py_ssize_t rows, double centre, uint32_t *cells,
                             double *held)
{
    const double several = NAN;
    const uint64_t nan = word_at(&several);
    Py_ssize_t fresh = 0;
    for (Py_ssize_t i = 0; i < rows; i++) {
        uint32_t cell = raw_cell(block[i] - centre);
        cell = cell == SIGN ? 0 : cell;
        int first = !cells[cell]++;
        uint64_t same = -(uint64_t)(first | (held[cell] == block[i])); /* no branch: they alternate */
        uint64_t bits = (word_at(block + i) & same) | (nan & ~same);
        memcpy(held + cell, &bits, sizeof bits);
        fresh += first;
    }
    return fresh;
}

/* Add to a sum of two doubles (Knuth 1969, 4.2.2, theorem B). */
static void add(double *sum, double *low, double x)
{
    double total = *sum + x, part = total - *sum;
    *low += (*sum - (total - part)) + (x - part);
    *sum = total;
}

static void add_seen(Found *found, const Block *seen, Py_ssize_t finite)
{
    found->finite += finite;
    found->low = seen->low < found->low ? seen->low : found->low;
    found->high = seen->high > found->high ? seen->high : found->high;
    add(&found->sum, &found->sum_low, seen->sum);
    add(&found->squares, &found->squares_low, seen->squares);
}

/* A number among finite ones, near their mean: deviations from it do not cancel. */
static double among(const double *block, Py_ssize_t rows)
{
    uint64_t raw[BLOCK];
    Block seen = look(block, rows, 0, 0, raw);
    double mean = seen.sum / (double)rows;
    if (!isfinite(mean)) return block[0];
    return mean < seen.low ? seen.low : mean > seen.high ? seen.high : mean;
}

/* Whatever the block holds. */
static void add_carefully(const Column *column, Py_ssize_t start, double *block, Py_ssize_t rows,
                          uint32_t *cells, double *held, Py_ssize_t *room, Found *found)
{
    Py_ssize_t kept = keep_numbers(column, start, block, rows), finite;
    uint64_t raw[BLOCK];
    found->nulls += rows - kept;
    if (held && *room >= 0)
        *room -= hold_cells(block, kept, column->centre, cells, held);
    else
        add_cells(block, kept, column->centre, cells);
    finite = keep_finite(block, kept);
    if (!finite) return;
    if (!found->finite) found->fill = among(block, finite);
    Block seen = look(block, finite, column->centre, found->fill - column->centre, raw);
    found->zeros += seen.zeros;
    add_seen(found, &seen, finite);
}

/* Missing values stand where the pivot is, and so add nothing to the sums; their cell is corrected.
   Returns whether that was all: infinities and NaN are not for here. */
static int add_quickly(const Column *column, Py_ssize_t start, double *block, Py_ssize_t rows,
                       uint32_t *cells, Found *found)
{
    Py_ssize_t filled = 0;
    uint64_t raw[BLOCK];
    if (!found->finite) return 0;
    if (column->valid) filled = fill_missing(column, start, block, rows, found->fill);
    Block seen = look(block, rows, column->centre, found->fill - column->centre, raw);
    if (seen.odd || !(seen.low > -INFINITY && seen.high < INFINITY)) return 0;
    for (Py_ssize_t i = 0; i < rows; i++) cells[raw[i]]++;
    cells[raw_cell(found->fill - column->centre)] -= (uint32_t)filled;
    found->nulls += filled;
    found->zeros += seen.zeros - (found->fill == 0 ? filled : 0);
    add_seen(found, &seen, rows - filled);
    return 1;
}

static Found add_column(const Column *column, Py_ssize_t rows, uint32_t *cells, double *held,
                        Py_ssize_t room)
{
    Found found = {.low = INFINITY, .high = -INFINITY};
    double block[BLOCK];
    for (Py_ssize_t start = 0; start < rows; start += BLOCK) {
        Py_ssize_t size = rows - start < BLOCK ? rows - start : BLOCK;
        int holding = held && room >= 0;
        read_block(column, start, size, block);
        if (holding || !add_quickly(column, start, block, size, cells, &found))
            add_carefully(column, start, block, size, cells, held, &room, &found);
    }
    return found;
}

static PyObject *count_numbers(PyObject *module, PyObject *args)
{
    Py_buffer values, valid, cells, held;
    Column column = {0};
    Found found = {0};
    Py_ssize_t room, rows;
    int fits;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*Ciz*ndddw*z*n", &values, &column.kind, &column.width, &valid,
                          &column.bit, &column.factor, &column.divisor, &column.centre, &cells,
                          &held, &room))
        return NULL;
    column.values = values.buf;
    column.valid = valid.buf;
    rows = values.len / column.width;
    fits = cells.len >= (Py_ssize_t)(RAW * sizeof(uint32_t)) &&
           (!held.buf || held.len >= (Py_ssize_t)(RAW * sizeof(double))) &&
           (!valid.buf || valid.len * 8 >= column.bit + rows);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        found = add_column(&column, rows, cells.buf, held.buf, room);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&cells);
    if (valid.obj) PyBuffer_Release(&valid);
    if (held.obj) PyBuffer_Release(&held);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "a buffer is too small");
        return NULL;
    }
    double n = found.finite ? (double)found.finite : 1.0, mean = found.sum / n;
    double m2 = found.squares - found.sum * mean;
    double lost = found.sum_low / n, offset = found.finite ? found.fill - column.centre : 0.0;
    if (isfinite(found.squares)) /* else it is beyond the largest double, and so is said to be */
        m2 += found.squares_low - 2 * found.sum_low * mean;
    else
        m2 = found.squares;
    add(&offset, &lost, mean);
    return Py_BuildValue("nnnddddd", found.nulls, found.zeros, found.finite, offset, lost,
                         m2 < 0 ? 0.0 : m2, found.low, found.high);
}

typedef struct {
    int32_t *ids;
    int64_t *counts;
    double *values;
    Py_ssize_t used, room;
} Taken;

/* Eight cells at a time, in the order of what they stand for; they are left empty. */
static void take(uint32_t *cells, const double *held, Py_ssize_t at, int negative, Taken *taken)
{
    if (!(word_at(cells + at) | word_at(cells + at + 2) | word_at(cells + at + 4) |
          word_at(cells + at + 6)))
        return;
    for (int j = 0; j < 8; j++) {
        Py_ssize_t raw = at + (negative ? 7 - j : j);
        if (!cells[raw] || taken->used == taken->room) continue;
        taken->ids[taken->used] = (int32_t)(negative ? SIGN - 1 - raw : raw);
        taken->counts[taken->used] = cells[raw];
        if (held) taken->values[taken->used] = held[raw];
        taken->used++;
        cells[raw] = 0;
    }
}

static PyObject *take_cells(PyObject *module, PyObject *args)
{
    Py_buffer cells, held, ids, counts, values;
    (void)module;
    if (!PyArg_ParseTuple(args, "w*z*w*w*w*", &cells, &held, &ids, &counts, &values)) return NULL;
    Taken taken = {ids.buf, counts.buf, values.buf, 0, ids.len / (Py_ssize_t)sizeof(int32_t)};
    uint32_t *raw = cells.buf;
    Py_BEGIN_ALLOW_THREADS
    raw[0] += raw[SIGN]; /* what lies just below zero counts as zero */
    raw[SIGN] = 0;
    for (Py_ssize_t at = RAW - 8; at >= SIGN; at -= 8) take(raw, held.buf, at, 1, &taken);
    for (Py_ssize_t at = 0; at < SIGN; at += 8) take(raw, held.buf, at, 0, &taken);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&cells);
    PyBuffer_Release(&ids);
    PyBuffer_Release(&counts);
    PyBuffer_Release(&values);
    if (held.obj) PyBuffer_Release(&held);
    return PyLong_FromSsize_t(taken.used);
}

/* ---- texts ------------------------------------------------------------------------------ */

/* Nearly all slots stay free: a second look costs more than memory that is never touched. */
enum { SHORT = 12, LONG = 256, FREE = 8 };
static const uint64_t M1 = 0xBF58476D1CE4E5B9, M3 = 0xFF51AFD7ED558CCD;

/* A text is its view when it fits in there; else its length, its first four bytes and a hash. */
typedef struct {
    uint64_t head, tail, entry, rows; /* the entry's number, from 1 on; 0 where the slot is free */
} Slot;

typedef struct {
    const char *views;
    const uint8_t *valid;
    Py_ssize_t bit, rows;
    const Py_buffer *data;
    Py_ssize_t buffers;
} Texts;

typedef struct {
    Slot *slots;
    int shift; /* 64 less the logarithm of the number of slots */
    uint64_t mask;
    Py_ssize_t used, room;
} Table;

static uint64_t length_of(uint64_t head)
{
    return head & UINT32_MAX;
}

/* As hashing.py does it. Returns 0 when the view does not point into the data. */
static int hash_far(const Texts *texts, uint64_t head, uint64_t place, uint64_t *hash)
{
    uint64_t length = length_of(head), start = place >> 32, buffer = place & UINT32_MAX;
    if (buffer >= (uint64_t)texts->buffers) return 0;
    if (start + length > (uint64_t)texts->data[buffer].len) return 0;
    const char *text = (const char *)texts->data[buffer].buf + start;
    uint64_t state = head * M3;
    for (uint64_t done = 4; done < length; done += 8) {
        state ^= state >> 32;
        state ^= word_at(text + (done < length - 8 ? done : length - 8));
        state ^= state >> 32;
        state *= M1;
    }
    *hash = state;
    return 1;
}

static Slot *slot_of(Table table, uint64_t head, uint64_t tail)
{
    unsigned __int128 product = (unsigned __int128)(head ^ M1) * (tail ^ M3);
    uint64_t at = ((uint64_t)product ^ (uint64_t)(product >> 64)) >> table.shift;
    for (;; at = (at + 1) & table.mask) {
        Slot *slot = table.slots + at;
        if ((slot->head == head && slot->tail == tail) || !slot->entry) return slot;
    }
}

typedef struct {
    Py_ssize_t next, strangers, fresh, odd;
    int broken; /* a view points outside the data */
} Progress;

/* Count a row; whether there was room to. */
static int add_text(const Texts *texts, Table table, int closed, int64_t *fresh, int64_t *odd,
                    Py_ssize_t listed, Py_ssize_t row, Progress *at)
{
    uint64_t head = word_at(texts->views + 16 * row), tail = word_at(texts->views + 16 * row + 8);
    if (length_of(head) > LONG) {
        if (at->odd == listed) return 0;
        odd[at->odd++] = row;
        return 1;
    }
    if (length_of(head) > SHORT) {
        at->broken = !hash_far(texts, head, tail, &tail);
        if (at->broken) return 0;
    }
    Slot *slot = slot_of(table, head, tail);
    if (slot->entry) {
        slot->rows++;
    } else if (closed) {
        at->strangers++;
    } else {
        if (table.used + at->fresh == table.room || at->fresh == listed) return 0;
        fresh[at->fresh++] = row;
        *slot = (Slot){head, tail, (uint64_t)(table.used + at->fresh), 1};
    }
    return 1;
}

/* Count rows until the table or a list is full. */
static Progress add_texts(const Texts *texts, Table table, int closed, Py_ssize_t start,
                          int64_t *fresh, int64_t *odd, Py_ssize_t listed)
{
    Progress at = {.next = start};
    const char *const views = texts->views;
    while (at.next < texts->rows) {
        Py_ssize_t first = at.next, left = texts->rows - first;
        int count = left < 64 ? (int)left : 64;
        uint64_t valid = texts->valid ? bits_at(texts->valid, texts->bit + first, count) : UINT64_MAX;
        for (int i = 0; i < count; i++, at.next++) {
            if (!(valid >> i & 1)) continue;
            uint64_t head = word_at(views + 16 * (first + i));
            if (length_of(head) <= SHORT) { /* mostly it is short and was met before */
                Slot *slot = slot_of(table, head, word_at(views + 16 * (first + i) + 8));
                if (slot->entry) {
                    slot->rows++;
                    continue;
                }
            }
            if (!add_text(texts, table, closed, fresh, odd, listed, first + i, &at)) return at;
        }
    }
    return at;
}

static int table_of(const Py_buffer *slots, Py_ssize_t used, Table *table)
{
    Py_ssize_t size = slots->len / (Py_ssize_t)sizeof(Slot);
    *table = (Table){slots->buf, 64, (uint64_t)size - 1, used, size / FREE};
    if (size < FREE || size & (size - 1)) return 0;
    for (Py_ssize_t n = size; n > 1; n >>= 1) table->shift--;
    return used <= table->room;
}

static Py_ssize_t buffers_of(PyObject *data, Py_buffer *out)
{
    Py_ssize_t count = PyTuple_Size(data), got = 0;
    for (; got < count; got++)
        if (PyObject_GetBuffer(PyTuple_GetItem(data, got), out + got, PyBUF_SIMPLE) < 0) break;
    if (got == count) return got;
    while (got) PyBuffer_Release(out + --got);
    return -1;
}

static PyObject *count_texts(PyObject *module, PyObject *args)
{
    Py_buffer views, valid, slots, fresh, odd, *data;
    PyObject *buffers, *found = NULL;
    Py_ssize_t bit, used, start;
    Progress at = {0};
    int closed;
    Table table;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*z*nO!w*npnw*w*", &views, &valid, &bit, &PyTuple_Type, &buffers,
                          &slots, &used, &closed, &start, &fresh, &odd))
        return NULL;
    Py_ssize_t size = PyTuple_Size(buffers), rows = views.len / 16;
    Py_ssize_t listed = (fresh.len < odd.len ? fresh.len : odd.len) / (Py_ssize_t)sizeof(int64_t);
    data = PyMem_Malloc((size_t)(size + 1) * sizeof *data);
    if (!data) PyErr_NoMemory();
    if (data && buffers_of(buffers, data) >= 0) {
        Texts texts = {views.buf, valid.buf, bit, rows, data, size};
        at.broken = !table_of(&slots, used, &table) || (valid.buf && valid.len * 8 < bit + rows);
        if (!at.broken) {
            Py_BEGIN_ALLOW_THREADS
            at = add_texts(&texts, table, closed, start, fresh.buf, odd.buf, listed);
            Py_END_ALLOW_THREADS
        }
        for (Py_ssize_t i = 0; i < size; i++) PyBuffer_Release(data + i);
        if (at.broken)
            PyErr_SetString(PyExc_ValueError, "a buffer is too small");
        else
            found = Py_BuildValue("nnnn", at.next, at.fresh, at.odd, at.strangers);
    }
    PyMem_Free(data);
    PyBuffer_Release(&views);
    PyBuffer_Release(&slots);
    PyBuffer_Release(&fresh);
    PyBuffer_Release(&odd);
    if (valid.obj) PyBuffer_Release(&valid);
    return found;
}

/* Put every text of one table into a larger one, which is empty. */
static PyObject *move_texts(PyObject *module, PyObject *args)
{
    Py_buffer from, to;
    Table table;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*w*", &from, &to)) return NULL;
    int fits = table_of(&to, 0, &table) && from.len <= to.len;
    if (fits) {
        const Slot *slots = from.buf;
        for (Py_ssize_t at = 0; at < from.len / (Py_ssize_t)sizeof(Slot); at++) {
            Slot slot = slots[at];
            if (slot.entry) *slot_of(table, slot.head, slot.tail) = slot;
        }
    }
    PyBuffer_Release(&from);
    PyBuffer_Release(&to);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "a buffer is too small");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* The hash of each text, as hashing.py makes it; how many are too long for it, and listed. */
static PyObject *hash_texts(PyObject *module, PyObject *args)
{
    Py_buffer views, out, odd, *data;
    PyObject *buffers, *found = NULL;
    Py_ssize_t longer = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*O!w*w*", &views, &PyTuple_Type, &buffers, &out, &odd)) return NULL;
    Py_ssize_t size = PyTuple_Size(buffers), rows = views.len / 16;
    int broken = out.len / 8 < rows || odd.len / 8 < rows;
    data = PyMem_Malloc((size_t)(size + 1) * sizeof *data);
    if (!data) PyErr_NoMemory();
    if (data && buffers_of(buffers, data) >= 0) {
        Texts texts = {views.buf, NULL, 0, rows, data, size};
        uint64_t *hashes = out.buf;
        int64_t *listed = odd.buf;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t row = 0; row < rows && !broken; row++) {
            uint64_t head = word_at(texts.views + 16 * row), tail = word_at(texts.views + 16 * row + 8);
            if (length_of(head) <= SHORT)
                hashes[row] = ((head ^ head >> 32) * M3) ^ tail;
            else if (length_of(head) > LONG)
                listed[longer++] = row;
            else
                broken = !hash_far(&texts, head, tail, hashes + row);
        }
        Py_END_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < size; i++) PyBuffer_Release(data + i);
        if (broken)
            PyErr_SetString(PyExc_ValueError, "a buffer is too small");
        else
            found = PyLong_FromSsize_t(longer);
    }
    PyMem_Free(data);
    PyBuffer_Release(&views);
    PyBuffer_Release(&out);
    PyBuffer_Release(&odd);
    return found;
}

static PyMethodDef methods[] = {
    {"count_numbers", count_numbers, METH_VARARGS, NULL},
    {"take_cells", take_cells, METH_VARARGS, NULL},
    {"count_texts", count_texts, METH_VARARGS, NULL},
    {"move_texts", move_texts, METH_VARARGS, NULL},
    {"hash_texts", hash_texts, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_kernels", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit__kernels(void)
{
    return PyModule_Create(&definition);
}
