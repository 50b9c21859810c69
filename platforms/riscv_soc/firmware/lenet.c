/*
 * LeNet-5 in integers recognises digits: products on a CiM device, patches and pooling on the core. With core=1 the
 * core computes all of it as well, and all outputs of all layers are compared. Network and images: ../digits.
 */
#include "multiply.h"
#include "soc_cim.h"

#include <lenet5.h>
#include <string.h>

static const uint8_t digits[] = {
#include <digits.csv>
};
#define DIGIT_BYTES 65u /* 8 x 8 pixels, label */
#define TEST_IMAGES ((uint32_t)(sizeof digits / DIGIT_BYTES) - LENET5_TRAINING_IMAGES)

#define SIDE 32u  /* of an image */
#define KERNEL 5u /* side of a patch */
#define WORKSPACE_BYTES 65536u

static uint32_t images = 16, first = 0, batch = 8, wait = SOC_INTERRUPT, submit = SOC_RING, core = 1;
static const struct soc_option options[] = {
    {"images", &images, NULL},
    {"first", &first, NULL},
    {"batch", &batch, NULL},
    {"wait", &wait, SOC_WAIT_CHOICES},
    {"submit", &submit, SOC_SUBMIT_CHOICES},
    {"core", &core, "0|1"},
};

struct layer {
    const int8_t* weights;
    const int32_t* bias;
    uint32_t k, n;
    int32_t scale; /* 0: outputs are sums */
    uint32_t shift;
};
enum { CONV1, CONV2, FC1, FC2, FC3, LAYERS };
static const struct layer layers[LAYERS] = {
    {lenet5_conv1_weights, lenet5_conv1_bias, LENET5_CONV1_K, LENET5_CONV1_N, LENET5_CONV1_SCALE, LENET5_CONV1_SHIFT},
    {lenet5_conv2_weights, lenet5_conv2_bias, LENET5_CONV2_K, LENET5_CONV2_N, LENET5_CONV2_SCALE, LENET5_CONV2_SHIFT},
    {lenet5_fc1_weights, lenet5_fc1_bias, LENET5_FC1_K, LENET5_FC1_N, LENET5_FC1_SCALE, LENET5_FC1_SHIFT},
    {lenet5_fc2_weights, lenet5_fc2_bias, LENET5_FC2_K, LENET5_FC2_N, LENET5_FC2_SCALE, LENET5_FC2_SHIFT},
    {lenet5_fc3_weights, lenet5_fc3_bias, LENET5_FC3_K, LENET5_FC3_N, 0, 0},
};

/* Values of a batch; rows of the layers' products an image. */
static const uint32_t layer_rows[LAYERS] = {28 * 28, 10 * 10, 1, 1, 1};
struct values {
    int8_t *image, *patches;
    int8_t* out[LAYERS - 1];
    int8_t *pooled1, *pooled2;
    int32_t *logits, *sums; /* sums: of the core's products */
};

static struct soc_cim device;
static uint64_t workspace;

/* ---- Products -------------------------------------------------------------------------------------------------- */

typedef void product(const struct layer* layer, uint32_t rows, const int8_t* in, void* out,
                     const struct values* values);

static void product_on_device(const struct layer* layer, uint32_t rows, const int8_t* in, void* out,
                              const struct values* values) {
    struct cim_gemm p;
    (void)values;
    memset(&p, 0, sizeof p);
    p.flags = CIM_FLAG_ACCUMULATE;
    p.m = rows;
    p.n = layer->n;
    p.k = layer->k;
    p.a_bits = p.b_bits = 8;
    p.z_bits = 32;
    p.a = (uintptr_t)in;
    p.b = (uintptr_t)layer->weights;
    p.z = (uintptr_t)out;
    p.c = (uintptr_t)layer->bias; /* c_stride 0: for all rows */
    if (layer->scale) {
        p.flags |= CIM_FLAG_REQUANTISE;
        p.z_bits = 8;
        p.scale = layer->scale;
        p.shift = layer->shift;
        p.clamp_max = 127; /* clamp_min 0: ReLU */
        p.workspace = workspace;
        p.workspace_bytes = WORKSPACE_BYTES;
    }
    soc_cim_gemm(&device, &p);
}

static void product_on_core(const struct layer* layer, uint32_t rows, const int8_t* in, void* out,
                            const struct values* values) {
    int32_t* sums = layer->scale ? values->sums : out;
    int8_t* bytes = out;
    uint32_t i, j;
    multiply(in, layer->weights, sums, rows, layer->n, layer->k);
    for (i = 0; i < rows; ++i, sums += layer->n) {
        for (j = 0; j < layer->n; ++j) {
            const int32_t sum = sums[j] + layer->bias[j];
            int64_t value;
            if (!layer->scale) {
                sums[j] = sum;
                continue;
            }
            value = ((int64_t)sum * layer->scale + ((int64_t)1 << (layer->shift - 1))) >> layer->shift;
            *bytes++ = (int8_t)(value < 0 ? 0 : value > 127 ? 127 : value);
        }
    }
}

/* ---- The core's part ------------------------------------------------------------------------------------------- */

/* Each of the 8 x 8 pixels four times in both directions. */
static void make_image(const uint8_t* pixels, int8_t* image) {
    uint32_t row, column;
    for (row = 0; row < SIDE; ++row)
        for (column = 0; column < SIDE; ++column) *image++ = (int8_t)(pixels[row / 4 * 8 + column / 4] * LENET5_PIXEL);
}

/* Called with constants, so that the loops over channels come out straight. */
#define INLINE static inline __attribute__((always_inline))

/* All patches of an image of side x side places with so many channels; returns where the next one's begin. */
INLINE int8_t* make_patches(const int8_t* image, uint32_t side, uint32_t channels, int8_t* out) {
    const uint32_t length = KERNEL * channels;
    uint32_t row, column, i, j;
    for (row = 0; row + KERNEL <= side; ++row) {
        for (column = 0; column + KERNEL <= side; ++column) {
            const int8_t* in = image + (row * side + column) * channels;
            for (i = 0; i < KERNEL; ++i, in += side * channels, out += length)
                for (j = 0; j < length; j += KERNEL) memcpy(out + j, in + j, KERNEL); /* no call: five bytes */
        }
    }
    return out;
}

INLINE int8_t larger(int8_t a, int8_t b) { return a > b ? a : b; }

/* The largest of each 2 x 2; returns where the next image's begin. */
INLINE int8_t* pool(const int8_t* image, uint32_t side, uint32_t channels, int8_t* out) {
    const uint32_t line = side * channels;
    uint32_t row, column, channel;
    for (row = 0; row < side; row += 2) {
        for (column = 0; column < side; column += 2) {
            const int8_t* in = image + row * line + column * channels;
            for (channel = 0; channel < channels; ++channel, ++in)
                *out++ = larger(larger(in[0], in[channels]), larger(in[line], in[line + channels]));
        }
    }
    return out;
}

static void infer(const uint8_t* pixels, uint32_t count, product* multiply_layer, const struct values* v) {
    enum { channels1 = LENET5_CONV1_N, channels2 = LENET5_CONV2_N };
    int8_t* to;
    uint32_t i;
    to = v->patches;
    for (i = 0; i < count; ++i) {
        make_image(pixels + i * DIGIT_BYTES, v->image);
        to = make_patches(v->image, SIDE, 1, to);
    }
    multiply_layer(&layers[CONV1], count * layer_rows[CONV1], v->patches, v->out[CONV1], v);
    to = v->pooled1;
    for (i = 0; i < count; ++i) to = pool(v->out[CONV1] + i * 28 * 28 * channels1, 28, channels1, to);
    to = v->patches;
    for (i = 0; i < count; ++i) to = make_patches(v->pooled1 + i * 14 * 14 * channels1, 14, channels1, to);
    multiply_layer(&layers[CONV2], count * layer_rows[CONV2], v->patches, v->out[CONV2], v);
    to = v->pooled2;
    for (i = 0; i < count; ++i) to = pool(v->out[CONV2] + i * 10 * 10 * channels2, 10, channels2, to);
    multiply_layer(&layers[FC1], count, v->pooled2, v->out[FC1], v);
    multiply_layer(&layers[FC2], count, v->out[FC1], v->out[FC2], v);
    multiply_layer(&layers[FC3], count, v->out[FC2], v->logits, v);
}

static uint32_t label_of(const int32_t* logits) {
    uint32_t i, best = 0;
    for (i = 1; i < LENET5_FC3_N; ++i)
        if (logits[i] > logits[best]) best = i;
    return best;
}

/* --------------------------------------------------------------------------------------------------------------- */

static void make_values(struct values* v) {
    uint32_t i;
    v->image = soc_memory(SIDE * SIDE);
    v->patches = soc_memory((size_t)batch * layer_rows[CONV1] * LENET5_CONV1_K); /* more than of CONV2 */
    for (i = 0; i < FC3; ++i) v->out[i] = soc_memory((size_t)batch * layer_rows[i] * layers[i].n);
    v->pooled1 = soc_memory((size_t)batch * 14 * 14 * LENET5_CONV1_N);
    v->pooled2 = soc_memory((size_t)batch * LENET5_FC1_K);
    v->logits = soc_memory((size_t)batch * LENET5_FC3_N * 4);
    v->sums = soc_memory((size_t)batch * layer_rows[CONV1] * LENET5_CONV1_N * 4); /* of the largest layer */
}

static uint64_t differences(const struct values* x, const struct values* y, uint32_t count, uint64_t* compared) {
    uint64_t i, wrong = 0, elements;
    uint32_t layer;
    for (layer = 0; layer < FC3; ++layer) {
        elements = (uint64_t)count * layer_rows[layer] * layers[layer].n;
        for (i = 0; i < elements; ++i) wrong += x->out[layer][i] != y->out[layer][i];
        *compared += elements;
    }
    elements = (uint64_t)count * LENET5_FC3_N;
    for (i = 0; i < elements; ++i) wrong += x->logits[i] != y->logits[i];
    *compared += elements;
    return wrong;
}

int main(void) {
    struct values on_device, on_core;
    uint64_t ticks_device = 0, ticks_core = 0, compared = 0, wrong = 0, start;
    uint32_t right = 0, right_core = 0, checksum = 0, done, here, i;
    soc_options(options, sizeof options / sizeof options[0]);
    if (!images || !batch || first >= TEST_IMAGES || images > TEST_IMAGES - first)
        soc_fail("there are %u test images: first=0..%u, images=1..%u, batch=1 or more", (unsigned)TEST_IMAGES,
                 (unsigned)TEST_IMAGES - 1, (unsigned)TEST_IMAGES);
    if (batch > images) batch = images;
    make_values(&on_device);
    if (core) make_values(&on_core);
    workspace = (uintptr_t)soc_memory(WORKSPACE_BYTES);
    soc_cim_open(&device, 0, wait, submit == SOC_RING ? SOC_CIM_RING : 0);

    for (done = 0; done < images; done += here) {
        const uint8_t* pixels = digits + (size_t)(LENET5_TRAINING_IMAGES + first + done) * DIGIT_BYTES;
        here = images - done < batch ? images - done : batch;
        start = soc_ticks();
        infer(pixels, here, product_on_device, &on_device);
        ticks_device += soc_ticks() - start;
        if (core) {
            start = soc_ticks();
            infer(pixels, here, product_on_core, &on_core);
            ticks_core += soc_ticks() - start;
            wrong += differences(&on_device, &on_core, here, &compared);
        }
        for (i = 0; i < here * LENET5_FC3_N; ++i) checksum = checksum * 31 + (uint32_t)on_device.logits[i];
        for (i = 0; i < here; ++i) {
            const uint8_t label = pixels[i * DIGIT_BYTES + 64];
            right += label_of(on_device.logits + i * LENET5_FC3_N) == label;
            if (core) right_core += label_of(on_core.logits + i * LENET5_FC3_N) == label;
        }
    }

    soc_result("images", images);
    soc_result("right", right);
    soc_result_ratio("accuracy", right, images);
    soc_result("checksum", checksum);
    soc_result("checked", compared);
    soc_result("mismatches", wrong);
    soc_result("ticks_device", ticks_device);
    soc_result("ticks_wait", device.waited);
    soc_result("host_ticks", ticks_device - device.waited);
    soc_result_ratio("host_share", ticks_device - device.waited, ticks_device);
    if (core) {
        soc_result("right_core", right_core);
        soc_result("ticks_core", ticks_core);
        soc_result_ratio("speedup", ticks_core, ticks_device);
    }
    if (wrong && !soc_cim_exact(&device)) {
        printf("the device does not compute exactly\n");
        wrong = 0;
    }
    return wrong ? SOC_EXIT_WRONG : SOC_EXIT_RIGHT;
}
