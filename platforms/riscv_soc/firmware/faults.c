/* Makes the mistake what=... on purpose, for tests of platforms. Getting past it is exit code 1. */
#include "soc.h"

#define NOWHERE 0x08000000u /* between CLINT and PLIC */

enum mistake { LOAD, STORE, JUMP_DEVICE, JUMP_NOWHERE, LOOP, ILLEGAL };

static void jump(uint64_t address) { ((void (*)(void))(uintptr_t)address)(); }

int main(void) {
    static uint32_t what = LOAD;
    static const struct soc_option options[] = {{"what", &what, "load|store|jump_device|jump_nowhere|loop|illegal"}};
    soc_options(options, 1);
    switch ((enum mistake)what) {
    case LOAD:
        (void)*soc_register(NOWHERE);
        break;
    case STORE:
        *soc_register(NOWHERE) = 1;
        break;
    case JUMP_DEVICE:
        jump(SOC_CLINT);
        break;
    case JUMP_NOWHERE:
        jump(NOWHERE);
        break;
    case LOOP:
        for (;;) __asm__ volatile("");
    case ILLEGAL:
        __asm__ volatile(".word 0");
        break;
    }
    printf("nothing happened\n");
    return SOC_EXIT_WRONG;
}
