/* The banks, in the words of one instruction set: included by a source file behind the
   header that defines them.  Each such file gives one `hama_gsm_lanes`. */

#include <string.h>

/* Clauses 5.2.9.1 and 5.2.9.2: the coefficients of a frame's part `set`, from the decoded
   ratios of the frame before and of this one.  The branches are chosen by masks. */
FN V coefficient(int set, V old, V now)
{
    V old2 = right(old, 1), old4 = right(old, 2), now2 = right(now, 1), now4 = right(now, 2);
    V lar = now;
    if (set == 0)
        lar = plus(plus(old4, now4), old2);
    else if (set == 1)
        lar = plus(old2, now2);
    else if (set == 2)
        lar = plus(plus(old4, now4), now2);
    V minus_lar = minus(all(0), lar), size = larger(lar, minus_lar);
    V r = plus(right(size, 2), all(GSM_LAR_BEND));
    r = choose(above(all(GSM_HIGH_LAR), size), plus(size, all(GSM_LOW_LAR)), r);
    r = choose(above(all(GSM_LOW_LAR), size), left(size, 1), r);
    return choose(above(all(0), lar), minus(all(0), r), r);
}

#include "kernel_gsm_lanes_decode.h"
#include "kernel_gsm_lanes_encode.h"
