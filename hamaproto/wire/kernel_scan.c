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

ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end)
{
    return scan_portable(data, pos, end);
}

#endif
