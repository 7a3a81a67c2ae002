/* The scans that run over every byte: through an image, and through what stands between two. */
#ifndef HAMAPROTO_KERNEL_SCAN_H
#define HAMAPROTO_KERNEL_SCAN_H

#include <stddef.h>

/* The index in [pos, end - 1) of the first FF that is followed by other than 00, D0-D7 and
   FF, or -1.  Reads nothing outside data[pos..end). */
ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end);

/* The first index in [pos, end) that holds neither CR nor LF, or end. */
ptrdiff_t hama_skip_line_ends(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end);

/* How long the parts of a delimiter line that nobody declared may be. */
#define HAMA_MAX_NAME 200
#define HAMA_MAX_FIELD 64
#define HAMA_MAX_NAMES 12

typedef struct {
    int count;
    const unsigned char *line[HAMA_MAX_NAMES];
    ptrdiff_t size[HAMA_MAX_NAMES];
    /* A bare name counts at the start of a line only. */
    int bare[HAMA_MAX_NAMES];
} hama_names;

/* What may stand at a place between two parts. */
#define HAMA_NO 0  /* nothing, whatever follows `end` */
#define HAMA_YES 1 /* something that wants a careful look */
#define HAMA_CUT 2 /* something that `end` cuts off too early to tell */

/* Whether something begins at `at` < `end`: FFD8FF, a known name, or, at the start of a line,
   "--" with a name, a line end and a header behind it. */
int hama_may_begin(const unsigned char *data, ptrdiff_t at, ptrdiff_t end, int line_start,
                   const hama_names *names);

/* Whether a line end stands before `at`; nothing before `from` is looked at. */
int hama_starts_line(const unsigned char *data, ptrdiff_t from, ptrdiff_t at);

/* The first place in [pos, end) of which hama_may_begin does not say no, or end.  Line ends are
   looked for from `from` <= pos on. */
ptrdiff_t hama_search_junk(const unsigned char *data, ptrdiff_t from, ptrdiff_t pos, ptrdiff_t end,
                           const hama_names *names);

/* Where FFD8FF stands in data[pos..end), or -1. */
ptrdiff_t hama_find_soi(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end);

/* Ask for all lines of some bytes that are about to be read. */
static inline void hama_prefetch(const unsigned char *data, ptrdiff_t size)
{
#if defined(__GNUC__)
    ptrdiff_t at;

    for (at = 0; at < size; at += 64)
        __builtin_prefetch(data + at);
#else
    (void)data;
    (void)size;
#endif
}

#endif
