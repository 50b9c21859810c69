/*
 * Registers, descriptors and error codes of the CiM device, of the bare CiM macro and of the ADC bank.
 *
 * The one source of truth: the SystemC model, the driver and docs/registers.md follow it. C99, no includes, macros
 * only, so that firmware, kernels, assemblers and tools can read it. All registers are 32 bit wide, little endian;
 * 64-bit values stand in two registers, low word first.
 */
#ifndef CIM_REGISTERS_H
#define CIM_REGISTERS_H

/* ---- CiM device: control window ------------------------------------------------------------------------------- */

#define CIM_WINDOW_BYTES 0x1000u /* of the control window */

/* Identification and capabilities, read only. */
#define CIM_ID 0x000u               /* CIM_ID_VALUE */
#define CIM_VERSION 0x004u          /* of this interface: major << 16 | minor */
#define CIM_CAPABILITIES 0x008u     /* CIM_CAPABILITY_* */
#define CIM_ARRAYS 0x00cu           /* number of CiM arrays */
#define CIM_ARRAY_ROWS 0x010u       /* weights that one array holds along K */
#define CIM_ARRAY_COLUMNS 0x014u    /* weights that one array holds along N, at the array's own precision */
#define CIM_ARRAY_BYTES 0x018u      /* bytes of weights in one array */
#define CIM_ARRAY_BITS 0x01cu       /* native precision: bits of an input | bits of a weight << 8 */
#define CIM_ACTIVATION_BYTES 0x020u /* bytes of activation memory, at offset 0 of the data window */
#define CIM_WEIGHT_OFFSET 0x024u    /* where the weight memory begins in the data window */
#define CIM_MAX_M 0x028u            /* largest extents of one GEMM command */
#define CIM_MAX_N 0x02cu
#define CIM_MAX_K 0x030u
#define CIM_MAX_RING 0x034u  /* most entries of the command ring */
#define CIM_QUEUE 0x038u     /* commands that wait inside the device at most */
#define CIM_CLOCK_KHZ 0x03cu /* of the cycles that the counters count */

#define CIM_ID_VALUE 0x314d6943u /* "CiM1" in memory */
#define CIM_VERSION_VALUE 0x00010000u

#define CIM_CAPABILITY_DMA (1u << 0)         /* system memory: ring, operands and results there */
#define CIM_CAPABILITY_DATA_WINDOW (1u << 1) /* activation and weight memory can be reached by the host */
#define CIM_CAPABILITY_EXACT (1u << 2)       /* results are exact integers (digital macro) */
#define CIM_CAPABILITY_VOLATILE (1u << 3)    /* weights are lost without power */
#define CIM_CAPABILITY_DATA (1u << 4)        /* the model carries data; without it results read as 0 */

/* Control and status. */
#define CIM_CONTROL 0x040u          /* read, write: CIM_CONTROL_* */
#define CIM_STATUS 0x044u           /* read: CIM_STATUS_* */
#define CIM_ERROR_CODE 0x048u       /* read: CIM_ERROR_* of the first error since reset */
#define CIM_ERROR_COMMAND 0x04cu    /* read: number of the command at fault, counted from 0 since reset */
#define CIM_ERROR_ADDRESS_LO 0x050u /* read: address at fault, 0 where there is none */
#define CIM_ERROR_ADDRESS_HI 0x054u /* read */
#define CIM_IRQ_STATUS 0x058u       /* read; write 1 to clear: CIM_IRQ_* */
#define CIM_IRQ_ENABLE 0x05cu       /* read, write: CIM_IRQ_* that raise the interrupt */
#define CIM_COMPLETED 0x060u        /* read: commands finished since reset, modulo 2^32 */
#define CIM_SCRATCH 0x064u          /* read, write: means nothing */

#define CIM_CONTROL_ENABLE (1u << 0) /* the ring is served; ring registers are read only then */
#define CIM_CONTROL_RESET (1u << 1)  /* aborts everything, then reads as 0; memories keep their bytes */

#define CIM_STATUS_BUSY (1u << 0)       /* commands are not finished */
#define CIM_STATUS_ERROR (1u << 1)      /* stopped by an error: nothing runs until reset */
#define CIM_STATUS_COMPUTE (1u << 2)    /* arrays compute; 0: arrays are memory */
#define CIM_STATUS_QUEUE_FULL (1u << 3) /* CIM_SUBMIT would be refused */

#define CIM_IRQ_DONE (1u << 0)  /* a command with CIM_FLAG_INTERRUPT is finished */
#define CIM_IRQ_ERROR (1u << 1) /* CIM_STATUS_ERROR was set */
#define CIM_IRQ_IDLE (1u << 2)  /* the last command is finished */
#define CIM_IRQ_ALL 0x7u

/* Command ring in system memory. Indices run on modulo 2^32; entry i lies at base + (i % entries) * 128. */
#define CIM_RING_BASE_LO 0x080u /* read, write: aligned to 128 bytes */
#define CIM_RING_BASE_HI 0x084u /* read, write */
#define CIM_RING_ENTRIES 0x088u /* read, write: a power of two, at most CIM_MAX_RING */
#define CIM_RING_TAIL 0x08cu    /* read, write: commands ever put there by the host; writing is the doorbell */
#define CIM_RING_HEAD 0x090u    /* read: commands ever fetched by the device */

/* Commands without a ring: fill CIM_DESCRIPTOR, write CIM_SUBMIT. */
#define CIM_DESCRIPTOR 0x100u /* read, write: 32 words */
#define CIM_SUBMIT 0x180u     /* write: any value hands the descriptor over */

/* Counters, 64 bit, since reset of the model (a device reset keeps them). Writing CIM_LATCH makes all of them show the
 * present values until it is written again. */
#define CIM_LATCH 0x200u         /* write: any value */
#define CIM_COUNT_CYCLES 0x208u  /* read: clock cycles */
#define CIM_COUNT_BUSY 0x210u    /* read: cycles with an unfinished command */
#define CIM_COUNT_COMPUTE 0x218u /* read: cycles in which arrays compute or are written */
#define CIM_COUNT_STALLS 0x220u  /* read: cycles in which arrays wait for operands, room or memory while busy */
#define CIM_COUNT_ENERGY 0x228u  /* read: pJ of the device, its memories included */
#define CIM_COUNT_READ 0x230u    /* read: bytes read from system memory */
#define CIM_COUNT_WRITTEN 0x238u /* read: bytes written to system memory */
#define CIM_COUNT_WEIGHTS 0x240u /* read: bytes written into arrays */
#define CIM_COUNT_MACS 0x248u    /* read: multiply-accumulates of the products */

/* ---- CiM device: descriptor ----------------------------------------------------------------------------------- */

#define CIM_DESCRIPTOR_BYTES 128u
#define CIM_DESCRIPTOR_WORDS 32u

/* Words. Those that a command does not use, and the last ones, must be 0. */
#define CIM_WORD_COMMAND 0u   /* CIM_COMMAND_* | CIM_FLAG_* */
#define CIM_WORD_PRECISION 1u /* bits of A | bits of B << 8 | bits of Z << 16 */
#define CIM_WORD_M 2u         /* Z[M,N] = A[M,K] B[K,N] */
#define CIM_WORD_N 3u
#define CIM_WORD_K 4u
#define CIM_WORD_MODE 5u /* CIM_MODE_* */
#define CIM_WORD_A_LO 6u /* byte address of A */
#define CIM_WORD_A_HI 7u
#define CIM_WORD_B_LO 8u
#define CIM_WORD_B_HI 9u
#define CIM_WORD_Z_LO 10u
#define CIM_WORD_Z_HI 11u
#define CIM_WORD_C_LO 12u /* accumulators, 32 bit */
#define CIM_WORD_C_HI 13u
#define CIM_WORD_A_STRIDE 14u /* bytes from a row to the next */
#define CIM_WORD_B_STRIDE 15u
#define CIM_WORD_Z_STRIDE 16u
#define CIM_WORD_C_STRIDE 17u    /* 0 with CIM_FLAG_ACCUMULATE alone: one row (a bias) for all rows */
#define CIM_WORD_FIRST_ARRAY 18u /* arrays that work: from here */
#define CIM_WORD_ARRAYS 19u      /* so many; 0: all from CIM_WORD_FIRST_ARRAY on */
#define CIM_WORD_SCALE 20u       /* signed; Z = clamp(((sum * scale + rounding) >> shift) + zero point) */
#define CIM_WORD_SHIFT 21u       /* 0 .. CIM_MAX_SHIFT; rounding is half of 1 << shift: ties go up */
#define CIM_WORD_ZERO_POINT 22u  /* signed */
#define CIM_WORD_CLAMP_MIN 23u   /* signed */
#define CIM_WORD_CLAMP_MAX 24u   /* signed */
#define CIM_WORD_RESERVED 25u    /* this one and all after it */

#define CIM_MAX_SHIFT 62u

#define CIM_COMMAND_MASK 0xffu
#define CIM_COMMAND_LOAD_WEIGHTS 1u /* B (K x N) into arrays */
#define CIM_COMMAND_GEMM 2u
#define CIM_COMMAND_FENCE 3u /* finished when all commands before it are; none behind it begins earlier */
#define CIM_COMMAND_MODE 4u  /* CIM_WORD_MODE, after all commands before it */

#define CIM_FLAG_INTERRUPT (1u << 8)   /* raises CIM_IRQ_DONE when finished */
#define CIM_FLAG_ACCUMULATE (1u << 9)  /* sums begin with C instead of 0 */
#define CIM_FLAG_REQUANTISE (1u << 10) /* scale, shift, zero point, clamp; without it Z has 32 bits */
#define CIM_FLAG_HELD (1u << 11)       /* B is in the arrays: row by row, packed, from the first one on */
#define CIM_FLAG_A_LOCAL (1u << 12)    /* addresses are offsets in the activation memory */
#define CIM_FLAG_Z_LOCAL (1u << 13)
#define CIM_FLAG_C_LOCAL (1u << 14)
#define CIM_FLAG_A_UNSIGNED (1u << 15)
#define CIM_FLAG_B_UNSIGNED (1u << 16)
#define CIM_FLAG_WORKSPACE (1u << 17) /* C is room for sums that do not stay in the arrays; its bytes are lost */

#define CIM_MODE_MEMORY 0u  /* the weight memory is read and written through the data window */
#define CIM_MODE_COMPUTE 1u /* the arrays compute */

/* ---- CiM device: error codes ---------------------------------------------------------------------------------- */

#define CIM_ERROR_NONE 0u
#define CIM_ERROR_COMMAND_UNKNOWN 1u   /* no such command */
#define CIM_ERROR_DESCRIPTOR 2u        /* a flag or word that this command does not have is not 0 */
#define CIM_ERROR_PRECISION 3u         /* A, B: 8 or 16 bits; Z: 32, requantised 8, 16 or 32 */
#define CIM_ERROR_EXTENT 4u            /* M, N or K is 0 or above its largest value */
#define CIM_ERROR_STRIDE 5u            /* shorter than a row, or not a multiple of the element */
#define CIM_ERROR_ADDRESS 6u           /* not aligned to the element, or an operand leaves its memory */
#define CIM_ERROR_ARRAYS 7u            /* no such arrays */
#define CIM_ERROR_WEIGHTS_TOO_LARGE 8u /* more weights than these arrays hold at once */
#define CIM_ERROR_MODE 9u              /* arrays are memory, or no such mode */
#define CIM_ERROR_WORKSPACE 10u        /* requantised, and K is longer than the arrays hold: CIM_FLAG_WORKSPACE */
#define CIM_ERROR_REQUANTISATION 11u   /* shift above CIM_MAX_SHIFT, or clamp outside Z's bits or empty */
#define CIM_ERROR_MAPPING 12u          /* no way to run this GEMM on these arrays */
#define CIM_ERROR_NO_DMA 13u           /* system memory is asked for, and the device has no DMA */
#define CIM_ERROR_FETCH 14u            /* the bus refused the read of a descriptor */
#define CIM_ERROR_READ 15u             /* the bus refused the read of an operand */
#define CIM_ERROR_WRITE 16u            /* the bus refused the write of a result */
#define CIM_ERROR_RING 17u             /* base or entries of the ring make no sense */
#define CIM_ERROR_RING_OVERRUN 18u     /* the tail is more than the ring's entries ahead of what was fetched */
#define CIM_ERROR_QUEUE_FULL 19u       /* CIM_SUBMIT with a full queue */

/* ---- Bare macro ----------------------------------------------------------------------------------------------- */

/*
 * One macro as a target of its own: registers at offset 0, then weights, inputs and outputs, each from a 4 KiB boundary
 * on. Weights are a row for each input, CIM_MACRO_WEIGHT_STRIDE bytes apart, packed within the row; inputs and outputs
 * are packed. Elements of 16 bits and more are little endian. A product adds, for each column c below
 * CIM_MACRO_COLUMNS_USED, inputs[r] x weights[r][c] over all r below CIM_MACRO_ROWS_USED, modulo 2^32.
 *
 * What registers show follows from the time of the access. A start takes inputs, weights and settings with it: they may
 * be rewritten at once (weights where CIM_MACRO_CAPABILITY_PING_PONG says so). Outputs show the former sums until the
 * product is finished.
 */

#define CIM_MACRO_WINDOW_BYTES 0x1000u /* of registers; weights, inputs and outputs come behind */

/* Identification and geometry, read only. */
#define CIM_MACRO_ID 0x000u               /* CIM_MACRO_ID_VALUE */
#define CIM_MACRO_VERSION 0x004u          /* of this interface: major << 16 | minor */
#define CIM_MACRO_CAPABILITIES 0x008u     /* CIM_MACRO_CAPABILITY_* */
#define CIM_MACRO_ROWS 0x00cu             /* largest CIM_MACRO_ROWS_USED */
#define CIM_MACRO_COLUMNS 0x010u          /* largest CIM_MACRO_COLUMNS_USED with the weights of CIM_MACRO_PRECISION */
#define CIM_MACRO_ROWS_PARALLEL 0x014u    /* rows that one step takes */
#define CIM_MACRO_COLUMNS_PARALLEL 0x018u /* columns that one step takes, with the weights of CIM_MACRO_PRECISION */
#define CIM_MACRO_BITS 0x01cu             /* native precision: bits of an input | bits of a weight << 8 */
#define CIM_MACRO_STEP_PS 0x020u          /* duration of one step, rounded up; saturates at 2^32 - 1 */
#define CIM_MACRO_WEIGHT_OFFSET 0x024u    /* where the weights begin, from the begin of the registers on */
#define CIM_MACRO_WEIGHT_BYTES 0x028u
#define CIM_MACRO_WEIGHT_STRIDE 0x02cu /* bytes from the weights of a row to those of the next */
#define CIM_MACRO_INPUT_OFFSET 0x030u
#define CIM_MACRO_INPUT_BYTES 0x034u
#define CIM_MACRO_OUTPUT_OFFSET 0x038u
#define CIM_MACRO_OUTPUT_BYTES 0x03cu

#define CIM_MACRO_ID_VALUE 0x6d4d6943u /* "CiMm" in memory */
#define CIM_MACRO_VERSION_VALUE 0x00010000u

#define CIM_MACRO_CAPABILITY_PING_PONG (1u << 0) /* weights can be written while it computes */
#define CIM_MACRO_CAPABILITY_VOLATILE (1u << 1)  /* weights are lost without power */

/* Control and status. */
#define CIM_MACRO_CONTROL 0x040u    /* write: CIM_MACRO_CONTROL_*; reads as 0 */
#define CIM_MACRO_STATUS 0x044u     /* read: CIM_MACRO_STATUS_* */
#define CIM_MACRO_ERROR_CODE 0x048u /* read; write any value to clear: CIM_MACRO_ERROR_* of the first error */
#define CIM_MACRO_IRQ_STATUS 0x04cu /* read; write 1 to clear: CIM_MACRO_IRQ_* */
#define CIM_MACRO_IRQ_ENABLE 0x050u /* read, write: CIM_MACRO_IRQ_* that raise the interrupt */
#define CIM_MACRO_PRECISION 0x054u  /* read, write: bits of an input | bits of a weight << 8 | CIM_MACRO_PRECISION_* */
#define CIM_MACRO_ROWS_USED 0x058u  /* read, write: 1 .. CIM_MACRO_ROWS; at first all */
#define CIM_MACRO_COLUMNS_USED 0x05cu /* read, write: 1 .. CIM_MACRO_COLUMNS; at first all */
#define CIM_MACRO_COMPLETED 0x060u    /* read: products finished, modulo 2^32 */
#define CIM_MACRO_SCRATCH 0x064u      /* read, write: means nothing */

#define CIM_MACRO_CONTROL_START (1u << 0)
#define CIM_MACRO_CONTROL_ACCUMULATE (1u << 1) /* with START: sums begin with the outputs instead of 0 */

#define CIM_MACRO_STATUS_BUSY (1u << 0)  /* a product is not finished */
#define CIM_MACRO_STATUS_ERROR (1u << 1) /* CIM_MACRO_ERROR_CODE is not 0; the macro works on */

#define CIM_MACRO_IRQ_DONE (1u << 0)  /* a product is finished */
#define CIM_MACRO_IRQ_ERROR (1u << 1) /* something was refused with a CIM_MACRO_ERROR_* */
#define CIM_MACRO_IRQ_ALL 0x3u

/* 8 or 16 bits each; at first CIM_MACRO_PRECISION_VALUE: signed, 8 bits. */
#define CIM_MACRO_PRECISION_VALUE 0x00000808u
#define CIM_MACRO_PRECISION_INPUT_UNSIGNED (1u << 16)
#define CIM_MACRO_PRECISION_WEIGHT_UNSIGNED (1u << 17)

/* What is refused has no effect but its code. */
#define CIM_MACRO_ERROR_NONE 0u
#define CIM_MACRO_ERROR_BUSY 1u      /* start before the last product is finished */
#define CIM_MACRO_ERROR_ROWS 2u      /* CIM_MACRO_ROWS_USED is 0 or too large */
#define CIM_MACRO_ERROR_COLUMNS 3u   /* CIM_MACRO_COLUMNS_USED is 0 or too large */
#define CIM_MACRO_ERROR_PRECISION 4u /* no such precision, or weights too wide for one step */
#define CIM_MACRO_ERROR_CONTROL 5u   /* bits of CIM_MACRO_CONTROL that do not exist */
#define CIM_MACRO_ERROR_WEIGHTS 6u   /* weights written while it computes, without CIM_MACRO_CAPABILITY_PING_PONG */
#define CIM_MACRO_ERROR_OUTPUTS 7u   /* outputs written while it computes */

/* ---- ADC bank ------------------------------------------------------------------------------------------------- */

/*
 * A bank of converters as a target of its own: registers at offset 0, then samples and codes, each from a 4 KiB
 * boundary on: 32 bits, signed, little endian, one a column. A sample is a sum of a column in units of a cell's
 * current. It becomes the code round(sample / units of an LSB), clamped to what the bits of its column tell apart.
 *
 * What registers show follows from the time of the access. A start takes samples and settings with it: they may be
 * rewritten at once. Codes show the former ones until the last conversion is finished. Others may use the converters,
 * too; a conversion waits for its own.
 */

#define CIM_ADC_WINDOW_BYTES 0x1000u /* of registers; samples and codes come behind */

/* Identification and geometry, read only. */
#define CIM_ADC_ID 0x000u            /* CIM_ADC_ID_VALUE */
#define CIM_ADC_VERSION 0x004u       /* of this interface: major << 16 | minor */
#define CIM_ADC_CAPABILITIES 0x008u  /* CIM_ADC_CAPABILITY_* */
#define CIM_ADC_CONVERTERS 0x00cu    /* converters of the bank */
#define CIM_ADC_COLUMNS 0x010u       /* columns that they serve */
#define CIM_ADC_BITS 0x014u          /* bits of a code at full resolution, rounded up */
#define CIM_ADC_CONVERSION_PS 0x018u /* duration of one conversion at full resolution, rounded up; saturates */
#define CIM_ADC_SAMPLE_OFFSET 0x01cu /* where the samples begin, from the begin of the registers on */
#define CIM_ADC_SAMPLE_BYTES 0x020u
#define CIM_ADC_CODE_OFFSET 0x024u
#define CIM_ADC_CODE_BYTES 0x028u

#define CIM_ADC_ID_VALUE 0x614d6943u /* "CiMa" in memory */
#define CIM_ADC_VERSION_VALUE 0x00010000u

#define CIM_ADC_CAPABILITY_SIGNED (1u << 0) /* codes lie on both sides of 0; otherwise they begin there */

/* Control and status. */
#define CIM_ADC_CONTROL 0x040u    /* write: CIM_ADC_CONTROL_*; reads as 0 */
#define CIM_ADC_STATUS 0x044u     /* read: CIM_ADC_STATUS_* */
#define CIM_ADC_ERROR_CODE 0x048u /* read; write any value to clear: CIM_ADC_ERROR_* of the first error */
#define CIM_ADC_IRQ_STATUS 0x04cu /* read; write 1 to clear: CIM_ADC_IRQ_* */
#define CIM_ADC_IRQ_ENABLE 0x050u /* read, write: CIM_ADC_IRQ_* that raise the interrupt */
#define CIM_ADC_FIRST 0x054u      /* read, write: first column of a start; at first 0 */
#define CIM_ADC_COUNT 0x058u      /* read, write: columns of a start; at first all */
#define CIM_ADC_COMPLETED 0x060u  /* read: starts finished, modulo 2^32 */
#define CIM_ADC_SCRATCH 0x064u    /* read, write: means nothing */

#define CIM_ADC_CONTROL_START (1u << 0)

#define CIM_ADC_STATUS_BUSY (1u << 0)  /* conversions of a start are not finished */
#define CIM_ADC_STATUS_ERROR (1u << 1) /* CIM_ADC_ERROR_CODE is not 0; the bank works on */

#define CIM_ADC_IRQ_DONE (1u << 0)  /* conversions of a start are finished */
#define CIM_ADC_IRQ_ERROR (1u << 1) /* something was refused with a CIM_ADC_ERROR_* */
#define CIM_ADC_IRQ_ALL 0x3u

/* What is refused has no effect but its code. */
#define CIM_ADC_ERROR_NONE 0u
#define CIM_ADC_ERROR_BUSY 1u    /* start before the last one is finished */
#define CIM_ADC_ERROR_COLUMNS 2u /* CIM_ADC_FIRST and CIM_ADC_COUNT name columns that do not exist, or none */
#define CIM_ADC_ERROR_CONTROL 3u /* bits of CIM_ADC_CONTROL that do not exist */
#define CIM_ADC_ERROR_CODES 4u   /* codes written before the conversions are finished */

#endif
