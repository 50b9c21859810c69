/* Z[M,N] = A[M,K] B[K,N] on the core, what devices are compared with: four columns at a time, sums in registers. */
#ifndef MULTIPLY_H
#define MULTIPLY_H

#include <stddef.h>
#include <stdint.h>

static inline void multiply(const int8_t* a, const int8_t* b, int32_t* z, uint32_t m, uint32_t n, uint32_t k) {
    uint32_t i, j, l;
    for (i = 0; i < m; ++i, a += k, z += n) {
        for (j = 0; j + 4 <= n; j += 4) {
            const int8_t* column = b + j;
            int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            for (l = 0; l < k; ++l, column += n) {
                const int32_t x = a[l];
                s0 += x * column[0];
                s1 += x * column[1];
                s2 += x * column[2];
                s3 += x * column[3];
            }
            z[j] = s0;
            z[j + 1] = s1;
            z[j + 2] = s2;
            z[j + 3] = s3;
        }
        for (; j < n; ++j) {
            int32_t sum = 0;
            for (l = 0; l < k; ++l) sum += a[l] * b[(size_t)l * n + j];
            z[j] = sum;
        }
    }
}

#endif
