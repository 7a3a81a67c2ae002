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

/* The first place in [pos, end) at which something may begin, or -1: FFD8FF, a known name, or
   a line that begins with "--" and that the bytes present do not rule out as a delimiter (a name,
   a line end, the start of a header).  Line ends are looked for from pos on. */
ptrdiff_t hama_search_junk(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end,
                           const hama_names *names);

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
