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

/* Whether a line at `at`, which begins with "--", may still be a delimiter. */
static int may_delimit(const unsigned char *data, ptrdiff_t at, ptrdiff_t end)
{
    ptrdiff_t stop;

    at += 2;
    if (at >= end)
        return 1;
    if (data[at] < 0x21 || data[at] > 0x7E)
        return 0;
    at++;
    stop = at + HAMA_MAX_NAME;
    while (at < end && at < stop && ((data[at] >= 0x20 && data[at] <= 0x7E) || data[at] == '\t'))
        at++;
    if (at >= end)
        return 1;
    if (data[at] == '\r')
        at++;
    if (at >= end)
        return 1;
    if (data[at] != '\n')
        return 0;
    at++;
    if (at < end && data[at] == '\r')
        at++;
    if (at >= end)
        return 1;
    if (!((data[at] | 0x20) >= 'a' && (data[at] | 0x20) <= 'z'))
        return 0;
    stop = at + HAMA_MAX_FIELD;
    while (at < end && at < stop
           && (((data[at] | 0x20) >= 'a' && (data[at] | 0x20) <= 'z')
               || (data[at] >= '0' && data[at] <= '9') || data[at] == '-' || data[at] == '_'
               || data[at] == '.'))
        at++;
    stop = at + HAMA_MAX_FIELD;
    while (at < end && at < stop && (data[at] == ' ' || data[at] == '\t'))
        at++;
    return at >= end || data[at] == ':';
}

static int starts_line(const unsigned char *data, ptrdiff_t from, ptrdiff_t at)
{
    return (at - 1 >= from && data[at - 1] == '\n')
           || (at - 2 >= from && data[at - 2] == '\n' && data[at - 1] == '\r');
}

/* Whether something may begin at `at`; line ends before `from` do not count. */
static int may_begin(const unsigned char *data, ptrdiff_t from, ptrdiff_t at, ptrdiff_t end,
                     const hama_names *names)
{
    int i;

    if (data[at] == 0xFF)
        return at + 2 < end && data[at + 1] == 0xD8 && data[at + 2] == 0xFF;
    for (i = 0; i < names->count; i++)
        if (at + names->size[i] <= end && data[at] == names->line[i][0]
            && memcmp(data + at, names->line[i], (size_t)names->size[i]) == 0
            && (!names->bare[i] || starts_line(data, from, at)))
            return 1;
    return data[at] == '-' && at + 1 < end && data[at + 1] == '-' && starts_line(data, from, at)
           && may_delimit(data, at, end);
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

ptrdiff_t hama_search_junk(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end,
                           const hama_names *names)
{
    const __m128i ff = _mm_set1_epi8((char)0xFF);
    const __m128i d8 = _mm_set1_epi8((char)0xD8);
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i dash = _mm_set1_epi8('-');
    __m128i first[HAMA_MAX_NAMES], last[HAMA_MAX_NAMES];
    const ptrdiff_t from = pos;
    ptrdiff_t reach = 4;
    int i;

    for (i = 0; i < names->count; i++) {
        first[i] = _mm_set1_epi8((char)names->line[i][0]);
        last[i] = _mm_set1_epi8((char)names->line[i][names->size[i] - 1]);
        if (names->size[i] > reach)
            reach = names->size[i];
    }
    /* The first and the last byte of each pattern, 16 places at a time. */
    while (pos + 16 + reach <= end) {
        __m128i b0 = _mm_loadu_si128((const __m128i *)(data + pos));
        __m128i b1 = _mm_loadu_si128((const __m128i *)(data + pos + 1));
        __m128i b2 = _mm_loadu_si128((const __m128i *)(data + pos + 2));
        __m128i b3 = _mm_loadu_si128((const __m128i *)(data + pos + 3));
        __m128i dashes = _mm_and_si128(_mm_cmpeq_epi8(b2, dash),
                                       _mm_or_si128(_mm_cmpeq_epi8(b1, dash),
                                                    _mm_and_si128(_mm_cmpeq_epi8(b1, cr),
                                                                  _mm_cmpeq_epi8(b3, dash))));
        /* A line end in front of the dashes: what may begin is one or two places further. */
        __m128i found = _mm_and_si128(_mm_cmpeq_epi8(b0, lf), dashes);
        unsigned mask;
        found = _mm_or_si128(found, _mm_and_si128(_mm_cmpeq_epi8(b0, ff), _mm_cmpeq_epi8(b1, d8)));
        for (i = 0; i < names->count; i++) {
            __m128i tail
                = _mm_loadu_si128((const __m128i *)(data + pos + names->size[i] - 1));
            found = _mm_or_si128(found, _mm_and_si128(_mm_cmpeq_epi8(b0, first[i]),
                                                      _mm_cmpeq_epi8(tail, last[i])));
        }
        mask = (unsigned)_mm_movemask_epi8(found);
        while (mask) {
            ptrdiff_t at = pos + __builtin_ctz(mask);
            if (data[at] == '\n')
                at += data[at + 1] == '\r' ? 2 : 1;
            if (may_begin(data, from, at, end, names))
                return at;
            mask &= mask - 1;
        }
        pos += 16;
    }
    /* A line end just before may belong to dashes from here on. */
    for (; pos < end; pos++)
        if (may_begin(data, from, pos, end, names))
            return pos;
    return -1;
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

ptrdiff_t hama_skip_line_ends(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    while (pos < end && (data[pos] == '\r' || data[pos] == '\n'))
        pos++;
    return pos;
}

ptrdiff_t hama_search_junk(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end,
                           const hama_names *names)
{
    const ptrdiff_t from = pos;

    for (; pos < end; pos++)
        if (may_begin(data, from, pos, end, names))
            return pos;
    return -1;
}

ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    return scan_portable(data, pos, end);
}

#endif
