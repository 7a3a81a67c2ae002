/* FF followed by neither 00 (stuffed), D0-D7 (restart) nor FF (fill); ITU-T T.81 B.1.1.

   0xFF stands once in some 230 bytes of entropy-coded data and 95 % of them are FF 00, so
   both bytes are compared in the vector: a search for FF alone would stop 20 times too
   often.  Two overlapping loads do that without carrying anything between blocks.

   Where each processor has registers of 16 bytes (SSE2 on x86-64, NEON on 64-bit ARM) they
   are compiled in; AVX2 is chosen at run time.  Other processors take memchr, which their C
   library has in vectors. */

#include "kernel_scan.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAMA_X86 1
#define HAMA_BLOCKS 1
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__GNUC__)
#define HAMA_X86 0
#define HAMA_BLOCKS 1
#else
#define HAMA_X86 0
#define HAMA_BLOCKS 0
#endif

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

#if HAMA_BLOCKS

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

#endif

/* ---- 16 bytes at a time: what is done with them, then the scans in these words ---- */

#if HAMA_X86

#include <immintrin.h>

typedef __m128i block;

static inline block load(const unsigned char *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}
static inline block all(unsigned char byte) { return _mm_set1_epi8((char)byte); }
static inline block none(void) { return _mm_setzero_si128(); }
static inline block same(block a, block b) { return _mm_cmpeq_epi8(a, b); }
/* Bytes count as signed. */
static inline block above(block a, block b) { return _mm_cmpgt_epi8(a, b); }
static inline block both(block a, block b) { return _mm_and_si128(a, b); }
static inline block either(block a, block b) { return _mm_or_si128(a, b); }
static inline block but_not(block a, block no) { return _mm_andnot_si128(no, a); }
/* A bit for each byte that a comparison found, the first byte the lowest. */
static inline unsigned bits(block found) { return (unsigned)_mm_movemask_epi8(found); }

#elif HAMA_BLOCKS

#include <arm_neon.h>

typedef uint8x16_t block;

static inline block load(const unsigned char *at) { return vld1q_u8(at); }
static inline block all(unsigned char byte) { return vdupq_n_u8(byte); }
static inline block none(void) { return vdupq_n_u8(0); }
static inline block same(block a, block b) { return vceqq_u8(a, b); }
static inline block above(block a, block b)
{
    return vcgtq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b));
}
static inline block both(block a, block b) { return vandq_u8(a, b); }
static inline block either(block a, block b) { return vorrq_u8(a, b); }
static inline block but_not(block a, block no) { return vbicq_u8(a, no); }
static inline unsigned bits(block found)
{
    static const unsigned char weights[16]
        = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    block weighted = vandq_u8(found, vld1q_u8(weights));
    return (unsigned)vaddv_u8(vget_low_u8(weighted))
           | (unsigned)vaddv_u8(vget_high_u8(weighted)) << 8;
}

#endif

#if HAMA_BLOCKS

static ptrdiff_t scan_blocks(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    const block ff = all(0xFF);

    while (pos + 17 <= end) {
        block is_ff = same(load(data + pos), ff);
        if (bits(is_ff)) {
            block second = load(data + pos + 1);
            block no = either(either(same(second, none()), same(second, ff)),
                              same(both(second, all(0xF8)), all(0xD0)));
            unsigned mask = bits(but_not(is_ff, no));
            if (mask)
                return pos + __builtin_ctz(mask);
        }
        pos += 16;
    }
    return scan_portable(data, pos, end);
}

#endif

#if HAMA_X86

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
    return scan_blocks(data, pos, end);
}

typedef ptrdiff_t (*scan_function)(const unsigned char *, ptrdiff_t, ptrdiff_t);

ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    /* Written more than once by threads that race, always with the same value. */
    static scan_function chosen;
    if (chosen == NULL) {
        __builtin_cpu_init();
        chosen = __builtin_cpu_supports("avx2") ? scan_avx2 : scan_blocks;
    }
    return chosen(data, pos, end);
}

#else

ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
#if HAMA_BLOCKS
    return scan_blocks(data, pos, end);
#else
    return scan_portable(data, pos, end);
#endif
}

#endif

#if HAMA_BLOCKS

ptrdiff_t hama_find_soi(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    const block ff = all(0xFF);
    const block d8 = all(0xD8);

    while (pos + 18 <= end) {
        block first = same(load(data + pos), ff);
        block second = same(load(data + pos + 1), d8);
        block third = same(load(data + pos + 2), ff);
        unsigned mask = bits(both(both(first, second), third));
        if (mask)
            return pos + __builtin_ctz(mask);
        pos += 16;
    }
    return find_soi_portable(data, pos, end);
}

ptrdiff_t hama_skip_line_ends(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    const block cr = all('\r');
    const block lf = all('\n');

    while (pos + 16 <= end) {
        block here = load(data + pos);
        unsigned mask = bits(either(same(here, cr), same(here, lf)));
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
    block first[HAMA_MAX_NAMES], last[HAMA_MAX_NAMES];
    ptrdiff_t reach; /* how far behind a place what is looked at may stand */
} probes;

static probes probes_of(const hama_names *names)
{
    probes out;
    int i;

    out.reach = 4;
    for (i = 0; i < names->count; i++) {
        out.first[i] = all(names->line[i][0]);
        out.last[i] = all(names->line[i][names->size[i] - 1]);
        if (names->size[i] > out.reach)
            out.reach = names->size[i];
    }
    return out;
}

static inline block probe(const unsigned char *at, block here, const probes *these,
                          const hama_names *names)
{
    block found = none();
    int i;

    for (i = 0; i < names->count; i++) {
        block tail = load(at + names->size[i] - 1);
        found = either(found, both(same(here, these->first[i]), same(tail, these->last[i])));
    }
    return found;
}

ptrdiff_t hama_search_junk(const unsigned char *data, ptrdiff_t from, ptrdiff_t pos, ptrdiff_t end,
                           const hama_names *names)
{
    const block ff = all(0xFF);
    const block d8 = all(0xD8);
    const block lf = all('\n');
    const block cr = all('\r');
    const block dash = all('-');
    const block blank = all(' ');
    const probes these = probes_of(names);
    colons near = {pos, 0};
    ptrdiff_t at;

    /* The line end may stand before `pos`. */
    for (at = pos; at < end && at < pos + 2; at++)
        if (hama_may_begin(data, at, end, hama_starts_line(data, from, at), names) != HAMA_NO)
            return at;
    while (pos + 16 + these.reach <= end) {
        block b0 = load(data + pos);
        block b1 = load(data + pos + 1);
        block b2 = load(data + pos + 2);
        block b3 = load(data + pos + 3);
        block b4 = load(data + pos + 4);
        block dash2 = same(b2, dash);
        /* LF or LF CR, two dashes, and no blank or control (nor, being signed, a high byte). */
        block lines = either(both(same(b1, dash), above(b3, blank)),
                             both(both(same(b1, cr), same(b3, dash)), above(b4, blank)));
        block others
            = either(probe(data + pos, b0, &these, names), both(same(b0, ff), same(b1, d8)));
        unsigned ends, mask;
        lines = both(both(lines, dash2), same(b0, lf));
        ends = bits(lines);
        mask = bits(others) | ends;
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

#endif
