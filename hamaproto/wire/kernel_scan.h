/* The one scan that costs: from one marker of a JPEG scan to the next. */
#ifndef HAMAPROTO_KERNEL_SCAN_H
#define HAMAPROTO_KERNEL_SCAN_H

#include <stddef.h>

/* The index in [pos, end - 1) of the first FF that is followed by other than 00, D0-D7 and
   FF, or -1.  Reads nothing outside data[pos..end). */
ptrdiff_t hama_scan_marker(const unsigned char *data, ptrdiff_t pos, ptrdiff_t end);

#endif
