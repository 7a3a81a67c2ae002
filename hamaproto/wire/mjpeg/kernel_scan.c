/* FF followed by neither 00 (stuffed), D0-D7 (restart) nor FF (fill); ITU-T T.81 B.1.1.

   0xFF stands once in some 230 bytes of entropy-coded data and 95 % of them are FF 00, so
   both bytes are compared in the vector: a search for FF alone would stop 20 times too
   often.  Two overlapping loads do that without carrying anything between blocks.

   The x86-64 baseline (SSE2) is compiled in; AVX2 is chosen at run time.  Other processors
   take memchr, which their C library has in vectors. */

#include "kernel_scan.h"

#include <string.h>

static int is_end(unsigned char code)
{
    return code != 0x00 && code != 0xFF && (code & 0xF8) != 0xD0;
}

static ptrdiff_t scan_portable(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    while (pos + 1 < end) {
        const unsigned char *found = memchr(data + pos, 0xFF, (size_t)(end - 1 - pos));
        if (found == NULL)
            return -1;
        pos = found - data;
        if (is_end(data[pos + 1]))
            return pos;
        pos++;
    }
    return -1;
}

static ptrdiff_t find_soi_portable(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    while (pos + 3 <= end) {
        const unsigned char *found = memchr(data + pos, 0xFF, (size_t)(end - 2 - pos));
        if (found == NULL)
            return -1;
        pos = found - data;
        if (data[pos + 1] == 0xD8 && data[pos + 2] == 0xFF)
            return pos;
        pos++;
    }
    return -1;
}

/* What a byte can be in the header name of a line that nobody declared. */
static int is_token(unsigned char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_' || c == '.';
}

/* Whether the line at `at`, which begins with "--", is a delimiter that nobody declared. */
static int undeclared(const unsigned char *data, ptrdiff_t at, ptrdiff_t end)
{
    ptrdiff_t stop;

    at += 2;
    if (at >= end)
        return HAMA_CUT;
    if (data[at] < 0x21 || data[at] > 0x7E)
        return HAMA_NO;
    at++;
    stop = at + HAMA_MAX_NAME;
    while (at < end && at < stop && ((data[at] >= 0x20 && data[at] <= 0x7E) || data[at] == '\t'))
        at++;
    if (at < end && data[at] == '\r')
        at++;
    if (at >= end)
        return HAMA_CUT;
    if (data[at] != '\n')
        return HAMA_NO;
    at++;
    if (at < end && data[at] == '\r')
        at++;
    if (at >= end)
        return HAMA_CUT;
    if (!((data[at] | 0x20) >= 'a' && (data[at] | 0x20) <= 'z'))
        return HAMA_NO;
    stop = at + HAMA_MAX_FIELD;
    while (at < end && at < stop && is_token(data[at]))
        at++;
    stop = at + HAMA_MAX_FIELD;
    while (at < end && at < stop && (data[at] == ' ' || data[at] == '\t'))
        at++;
    if (at >= end)
        return HAMA_CUT;
    return data[at] == ':' ? HAMA_YES : HAMA_NO;
}

int hama_starts_line(const unsigned char *data, ptrdiff_t from, ptrdiff_t at)
{
    return (at - 1 >= from && data[at - 1] == '\n')
           || (at - 2 >= from && data[at - 2] == '\n' && data[at - 1] == '\r');
}

int hama_may_begin(const unsigned char *data, ptrdiff_t at, ptrdiff_t end, int line_start,
                   const hama_names *names)
{
    const unsigned char first = data[at];
    const ptrdiff_t left = end - at;
    int verdict = HAMA_NO;
    int i;

    if (first == 0xFF) {
        if (left == 1 || (left == 2 && data[at + 1] == 0xD8))
            return HAMA_CUT;
        if (data[at + 1] == 0xD8 && data[at + 2] == 0xFF)
            return HAMA_YES;
    }
    for (i = 0; i < names->count; i++) {
        const ptrdiff_t size = names->size[i];
        if (first != names->line[i][0] || (names->bare[i] && !line_start)
            || memcmp(data + at, names->line[i], (size_t)(size < left ? size : left)) != 0)
            continue;
        if (size <= left)
            return HAMA_YES;
        verdict = HAMA_CUT;
    }
    if (first == '-' && line_start && verdict == HAMA_NO) {
        if (left == 1)
            return HAMA_CUT;
        if (data[at + 1] == '-')
            return undeclared(data, at, end);
    }
    return verdict;
}

/* Where the next colon is: none in front of `clear`, and one there if `met`. */
typedef struct {
    ptrdiff_t clear;
    int met;
} colons;

/* No line is a delimiter that nobody declared without a colon this near behind it. */
#define REACH (2 * HAMA_MAX_NAME + 2 * HAMA_MAX_FIELD)

/* Whether a colon follows `at` in reach, or may.  `at` must not decrease from call to call.
   A bounded stretch is looked at, since the caller may begin anew a few bytes further. */
static inline int has_colon(const unsigned char *data, ptrdiff_t at, ptrdiff_t end, colons *near)
{
    if (at + REACH >= end)
        return 1;
    if (near->clear < at) {
        near->clear = at;
        near->met = 0;
    }
    if (!near->met && near->clear < at + REACH) {
        ptrdiff_t stop = at + 4 * REACH < end ? at + 4 * REACH : end;
        const unsigned char *found
            = memchr(data + near->clear, ':', (size_t)(stop - near->clear));
        near->met = found != NULL;
        near->clear = found != NULL ? found - data : stop;
    }
    return near->met && near->clear < at + REACH;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>

static ptrdiff_t scan_sse2(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    const __m128i ff = _mm_set1_epi8((char)0xFF);
    const __m128i zero = _mm_setzero_si128();
    const __m128i high = _mm_set1_epi8((char)0xF8);
    const __m128i restart = _mm_set1_epi8((char)0xD0);

    while (pos + 17 <= end) {
        __m128i first = _mm_loadu_si128((const __m128i *)(data + pos));
        __m128i is_ff = _mm_cmpeq_epi8(first, ff);
        if (_mm_movemask_epi8(is_ff)) {
            __m128i second = _mm_loadu_si128((const __m128i *)(data + pos + 1));
            __m128i no = _mm_or_si128(
                _mm_or_si128(_mm_cmpeq_epi8(second, zero), _mm_cmpeq_epi8(second, ff)),
                _mm_cmpeq_epi8(_mm_and_si128(second, high), restart));
            int mask = _mm_movemask_epi8(_mm_andnot_si128(no, is_ff));
            if (mask)
                return pos + __builtin_ctz((unsigned)mask);
        }
        pos += 16;
    }
    return scan_portable(data, pos, end);
}

__attribute__((target("avx2"))) static ptrdiff_t scan_avx2(const unsigned char *data,
                                                           ptrdiff_t pos, ptrdiff_t end)
{
    const __m256i ff = _mm256_set1_epi8((char)0xFF);
    const __m256i zero = _mm256_setzero_si256();
    const __m256i high = _mm256_set1_epi8((char)0xF8);
    const __m256i restart = _mm256_set1_epi8((char)0xD0);

    while (pos + 65 <= end) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(data + pos));
        __m256i b = _mm256_loadu_si256((const __m256i *)(data + pos + 32));
        __m256i is_a = _mm256_cmpeq_epi8(a, ff);
        __m256i is_b = _mm256_cmpeq_epi8(b, ff);
        if (!_mm256_testz_si256(_mm256_or_si256(is_a, is_b), ff)) {
            __m256i next = _mm256_loadu_si256((const __m256i *)(data + pos + 1));
            __m256i no = _mm256_or_si256(
                _mm256_or_si256(_mm256_cmpeq_epi8(next, zero), _mm256_cmpeq_epi8(next, ff)),
                _mm256_cmpeq_epi8(_mm256_and_si256(next, high), restart));
            unsigned mask = (unsigned)_mm256_movemask_epi8(_mm256_andnot_si256(no, is_a));
            if (mask)
                return pos + __builtin_ctz(mask);
            next = _mm256_loadu_si256((const __m256i *)(data + pos + 33));
            no = _mm256_or_si256(
                _mm256_or_si256(_mm256_cmpeq_epi8(next, zero), _mm256_cmpeq_epi8(next, ff)),
                _mm256_cmpeq_epi8(_mm256_and_si256(next, high), restart));
            mask = (unsigned)_mm256_movemask_epi8(_mm256_andnot_si256(no, is_b));
            if (mask)
                return pos + 32 + __builtin_ctz(mask);
        }
        pos += 64;
    }
    return scan_sse2(data, pos, end);
}

ptrdiff_t hama_find_soi(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    const __m128i ff = _mm_set1_epi8((char)0xFF);
    const __m128i d8 = _mm_set1_epi8((char)0xD8);

    while (pos + 18 <= end) {
        __m128i first = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(data + pos)), ff);
        __m128i second = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(data + pos + 1)), d8);
        __m128i third = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(data + pos + 2)), ff);
        unsigned mask
            = (unsigned)_mm_movemask_epi8(_mm_and_si128(_mm_and_si128(first, second), third));
        if (mask)
            return pos + __builtin_ctz(mask);
        pos += 16;
    }
    return find_soi_portable(data, pos, end);
}

ptrdiff_t hama_skip_line_ends(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');

    while (pos + 16 <= end) {
        __m128i block = _mm_loadu_si128((const __m128i *)(data + pos));
        unsigned mask = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(block, cr), _mm_cmpeq_epi8(block, lf)));
        if (mask != 0xFFFF)
            return pos + __builtin_ctz(~mask);
        pos += 16;
    }
    while (pos < end && (data[pos] == '\r' || data[pos] == '\n'))
        pos++;
    return pos;
}

/* The first and the last byte of each name, to be compared at 16 places at a time. */
typedef struct {
    __m128i first[HAMA_MAX_NAMES], last[HAMA_MAX_NAMES];
    ptrdiff_t reach; /* how far behind a place what is looked at may stand */
} probes;

static probes probes_of(const hama_names *names)
{
    probes out;
    int i;

    out.reach = 4;
    for (i = 0; i < names->count; i++) {
        out.first[i] = _mm_set1_epi8((char)names->line[i][0]);
        out.last[i] = _mm_set1_epi8((char)names->line[i][names->size[i] - 1]);
        if (names->size[i] > out.reach)
            out.reach = names->size[i];
    }
    return out;
}

static inline __m128i probe(const unsigned char *at, __m128i block, const probes *these,
                            const hama_names *names)
{
    __m128i found = _mm_setzero_si128();
    int i;

    for (i = 0; i < names->count; i++) {
        __m128i tail = _mm_loadu_si128((const __m128i *)(at + names->size[i] - 1));
        found = _mm_or_si128(found, _mm_and_si128(_mm_cmpeq_epi8(block, these->first[i]),
                                                  _mm_cmpeq_epi8(tail, these->last[i])));
    }
    return found;
}

ptrdiff_t hama_search_junk(const unsigned char *data, ptrdiff_t from, ptrdiff_t pos, ptrdiff_t end,
                           const hama_names *names)
{
    const __m128i ff = _mm_set1_epi8((char)0xFF);
    const __m128i d8 = _mm_set1_epi8((char)0xD8);
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i dash = _mm_set1_epi8('-');
    const __m128i blank = _mm_set1_epi8(' ');
    const probes these = probes_of(names);
    colons near = {pos, 0};
    ptrdiff_t at;

    /* The line end may stand before `pos`. */
    for (at = pos; at < end && at < pos + 2; at++)
        if (hama_may_begin(data, at, end, hama_starts_line(data, from, at), names) != HAMA_NO)
            return at;
    while (pos + 16 + these.reach <= end) {
        __m128i b0 = _mm_loadu_si128((const __m128i *)(data + pos));
        __m128i b1 = _mm_loadu_si128((const __m128i *)(data + pos + 1));
        __m128i b2 = _mm_loadu_si128((const __m128i *)(data + pos + 2));
        __m128i b3 = _mm_loadu_si128((const __m128i *)(data + pos + 3));
        __m128i b4 = _mm_loadu_si128((const __m128i *)(data + pos + 4));
        __m128i dash2 = _mm_cmpeq_epi8(b2, dash);
        /* LF or LF CR, two dashes, and no blank or control (nor, being signed, a high byte). */
        __m128i lines = _mm_or_si128(
            _mm_and_si128(_mm_cmpeq_epi8(b1, dash), _mm_cmpgt_epi8(b3, blank)),
            _mm_and_si128(_mm_and_si128(_mm_cmpeq_epi8(b1, cr), _mm_cmpeq_epi8(b3, dash)),
                          _mm_cmpgt_epi8(b4, blank)));
        __m128i others = _mm_or_si128(
            probe(data + pos, b0, &these, names),
            _mm_and_si128(_mm_cmpeq_epi8(b0, ff), _mm_cmpeq_epi8(b1, d8)));
        unsigned ends, mask;
        lines = _mm_and_si128(_mm_and_si128(lines, dash2), _mm_cmpeq_epi8(b0, lf));
        ends = (unsigned)_mm_movemask_epi8(lines);
        mask = (unsigned)_mm_movemask_epi8(others) | ends;
        while (mask) {
            at = pos + __builtin_ctz(mask);
            if (ends & mask & -mask) {
                /* What may begin is one or two places behind the line end. */
                at += data[at + 1] == '\r' ? 2 : 1;
                if (has_colon(data, at, end, &near)
                    && hama_may_begin(data, at, end, 1, names) != HAMA_NO)
                    return at;
            } else if (hama_may_begin(data, at, end, hama_starts_line(data, from, at), names) != HAMA_NO)
                return at;
            mask &= mask - 1;
        }
        pos += 16;
    }
    /* A line end just before may belong to dashes from here on. */
    for (; pos < end; pos++)
        if (hama_may_begin(data, pos, end, hama_starts_line(data, from, pos), names) != HAMA_NO)
            return pos;
    return end;
}

typedef ptrdiff_t (*scan_function)(const unsigned char *, ptrdiff_t, ptrdiff_t);

ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    /* Written more than once by threads that race, always with the same value. */
    static scan_function chosen;
    if (chosen == NULL) {
        __builtin_cpu_init();
        chosen = __builtin_cpu_supports("avx2") ? scan_avx2 : scan_sse2;
    }
    return chosen(data, pos, end);
}

#else

ptrdiff_t hama_find_soi(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    return find_soi_portable(data, pos, end);
}

ptrdiff_t hama_skip_line_ends(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    while (pos < end && (data[pos] == '\r' || data[pos] == '\n'))
        pos++;
    return pos;
}

ptrdiff_t hama_search_junk(const unsigned char *data, ptrdiff_t from, ptrdiff_t pos, ptrdiff_t end,
                           const hama_names *names)
{
    for (; pos < end; pos++)
        if (hama_may_begin(data, pos, end, hama_starts_line(data, from, pos), names) != HAMA_NO)
            return pos;
    return end;
}

ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    return scan_portable(data, pos, end);
}

#endif
