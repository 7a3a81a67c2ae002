/* The banks with sixteen streams in the lanes of a register: AVX2. */
#include "kernel_gsm_inner.h"

#if GSM_X86
#include "kernel_gsm_avx2.h"

#include "kernel_gsm_lanes.h"

const hama_gsm_lanes hama_gsm_sixteen = {LANES, decode_lanes, encode_lanes};
#endif
