#include "soc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

/* ---- Host ----------------------------------------------------------------------------------------------------- */

#define HOST_COMMAND_LINE 0x15 /* SYS_GET_CMDLINE */
#define HOST_EXIT 0x20         /* SYS_EXIT_EXTENDED */
#define APPLICATION_EXIT 0x20026u

long soc_host(long operation, const void* arguments); /* start.S */

void soc_exit(int code) {
    const uint64_t block[2] = {APPLICATION_EXIT, (uint64_t)code};
    soc_fence();
    soc_host(HOST_EXIT, block);
    for (;;) soc_sleep(); /* no host */
}

/* ---- Console -------------------------------------------------------------------------------------------------- */

#define UART_LINE_STATUS 5
#define UART_HAS_ROOM 0x20

static int put_character(char c, FILE* file) {
    volatile uint8_t* uart = (volatile uint8_t*)(uintptr_t)SOC_UART;
    (void)file;
    while (!(uart[UART_LINE_STATUS] & UART_HAS_ROOM)) {
    }
    *uart = (uint8_t)c;
    return (unsigned char)c;
}

static FILE console = FDEV_SETUP_STREAM(put_character, NULL, NULL, _FDEV_SETUP_WRITE);
FILE* const stdin = &console;
FILE* const stdout = &console;
FILE* const stderr = &console;

void soc_result(const char* name, uint64_t value) { printf("%s = %lu\n", name, value); }

void soc_result_ratio(const char* name, uint64_t part, uint64_t whole) {
    uint64_t fraction;
    if (!whole) return;
    fraction = (part % whole * 10000 + whole / 2) / whole; /* 10000: rounded up to a whole one */
    printf("%s = %lu.%04lu\n", name, part / whole + fraction / 10000, fraction % 10000);
}

void soc_fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("error: ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    soc_exit(SOC_EXIT_SETUP);
}

/* ---- Options -------------------------------------------------------------------------------------------------- */

#define MAX_OPTIONS 24u

struct soc_platform soc_platform = {1, 1, 64};
static const struct soc_option platform_options[] = {
    {"cores", &soc_platform.cores, NULL},
    {"devices", &soc_platform.devices, NULL},
    {"memory", &soc_platform.memory_mib, NULL},
};
#define PLATFORM_OPTIONS (sizeof platform_options / sizeof platform_options[0])

static bool read_number(const char* text, uint32_t* value) {
    const unsigned base = text[0] == '0' && text[1] == 'x' ? 16 : 10;
    uint64_t number = 0;
    if (base == 16) text += 2;
    if (!*text) return false;
    for (; *text; ++text) {
        const char c = *text;
        const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                      : 16;
        if (digit >= base) return false;
        number = number * base + digit;
        if (number > UINT32_MAX) return false;
    }
    *value = (uint32_t)number;
    return true;
}

static bool read_choice(const char* text, const char* choices, uint32_t* value) {
    const size_t length = strlen(text);
    uint32_t index = 0;
    for (;; ++index) {
        const char* end = strchr(choices, '|');
        const size_t here = end ? (size_t)(end - choices) : strlen(choices);
        if (here == length && !strncmp(text, choices, length)) break;
        if (!end) return false;
        choices = end + 1;
    }
    *value = index;
    return true;
}

static void list_options(const struct soc_option* options, unsigned count) {
    unsigned i;
    for (i = 0; i < count; ++i) {
        printf("  %s=", options[i].name);
        if (options[i].choices) {
            printf("%s\n", options[i].choices);
        } else {
            printf("%u\n", (unsigned)*options[i].value); /* as it stands */
        }
    }
}

static const struct soc_option* find_option(const char* name, const struct soc_option* options, unsigned count) {
    unsigned i;
    for (i = 0; i < count; ++i)
        if (!strcmp(options[i].name, name)) return &options[i];
    return NULL;
}

static void read_option(char* word, const struct soc_option* options, unsigned count) {
    static uint32_t* given[MAX_OPTIONS];
    static unsigned given_count;
    const struct soc_option* option;
    char* value = strchr(word, '=');
    unsigned i;
    if (value) *value++ = 0;
    option = find_option(word, options, count);
    if (!option) option = find_option(word, platform_options, PLATFORM_OPTIONS);
    if (!option) {
        printf("there is no option \"%s\"; there are, with what they stand at:\n", word);
        list_options(options, count);
        list_options(platform_options, PLATFORM_OPTIONS);
        soc_fail("option \"%s\"", word);
    }
    for (i = 0; i < given_count; ++i)
        if (given[i] == option->value) return;
    if (given_count < MAX_OPTIONS) given[given_count++] = option->value;
    if (!value ||
        !(option->choices ? read_choice(value, option->choices, option->value) : read_number(value, option->value)))
        soc_fail("option %s is %s, not \"%s\"", word, option->choices ? option->choices : "a number of 32 bits",
                 value ? value : "");
}

/* Up to the next blank; null at the end. strtok would want thread-local data. */
static char* next_word(char** rest) {
    char* word = *rest + strspn(*rest, " ");
    *rest = word + strcspn(word, " ");
    if (**rest) *(*rest)++ = 0;
    return *word ? word : NULL;
}

void soc_options(const struct soc_option* options, unsigned count) {
    static char line[1024];
    uint64_t block[2] = {(uintptr_t)line, sizeof line};
    char *word, *rest;
    soc_fence();
    if (soc_host(HOST_COMMAND_LINE, block))
        soc_fail("the host gives no command line, or one of more than 1023 characters");
    soc_fence();
    rest = line;
    next_word(&rest); /* the program's name */
    while ((word = next_word(&rest))) read_option(word, options, count);
    if (!soc_platform.cores || soc_platform.cores > SOC_MAX_HARTS) soc_fail("cores is 1 to %u", SOC_MAX_HARTS);
}

/* ---- Memory --------------------------------------------------------------------------------------------------- */

void* soc_memory(size_t bytes) {
    extern char __memory_start[]; /* soc.ld */
    static size_t used;           /* from there on */
    const size_t room = (bytes + 127) & ~(size_t)127;
    const size_t image = (size_t)__memory_start - (size_t)SOC_RAM, ram = (size_t)soc_platform.memory_mib << 20;
    const size_t size = ram > image ? ram - image : 0;
    const size_t begin = __atomic_fetch_add(&used, room, __ATOMIC_RELAXED); /* several harts may ask */
    if (room < bytes || begin + room > size)
        soc_fail("%lu bytes more than the %u MiB of RAM are needed; memory=MiB tells of more", begin + room - size,
                 (unsigned)soc_platform.memory_mib);
    return __memory_start + begin;
}

void soc_random(void* bytes, size_t count, uint64_t seed) {
    uint8_t* out = bytes;
    while (count) { /* splitmix64 (Steele, Lea and Flood, OOPSLA 2014) */
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        size_t i, here = count < 8 ? count : 8;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        for (i = 0; i < here; ++i) *out++ = (uint8_t)(z >> (8 * i));
        count -= here;
    }
}

/* ---- Interrupts and traps ------------------------------------------------------------------------------------- */

#define SOURCES 128u

static struct {
    void (*function)(void*);
    void* argument;
} handlers[SOURCES];

/* Supervisor context of a hart. The machine one is unused: not all platforms can raise its interrupt. */
static unsigned plic_context(void) { return 2 * soc_hart() + 1; }

void soc_connect(unsigned source, void (*function)(void*), void* argument) {
    volatile uint32_t* enable = soc_register(SOC_PLIC + SOC_PLIC_ENABLE + 0x80 * plic_context() + 4 * (source / 32));
    if (source >= SOURCES) soc_fail("interrupt source %u is above %u", source, SOURCES - 1);
    handlers[source].function = function;
    handlers[source].argument = argument;
    soc_fence();
    *soc_register(SOC_PLIC + SOC_PLIC_PRIORITY + 4 * source) = 1;
    *soc_register(SOC_PLIC + SOC_PLIC_THRESHOLD + 0x1000 * plic_context()) = 0;
    *enable |= 1u << source % 32;
}

static void external_interrupt(void) {
    volatile uint32_t* claim = soc_register(SOC_PLIC + SOC_PLIC_CLAIM + 0x1000 * plic_context());
    uint32_t source;
    while ((source = *claim)) {
        if (source < SOURCES && handlers[source].function) handlers[source].function(handlers[source].argument);
        soc_fence(); /* what the handler cleared is seen before the gateway opens again */
        *claim = source;
    }
}

void soc_trap(uint64_t cause, uint64_t pc, uint64_t value);

void soc_trap(uint64_t cause, uint64_t pc, uint64_t value) {
    static volatile bool reports;
    const unsigned hart = soc_hart();
    if (cause >> 63) {
        switch (cause & 0xff) { /* supervisor or machine: what the platform can raise */
        case 1:
        case 3:
            *soc_register(SOC_CLINT + SOC_CLINT_MSIP + 4 * hart) = 0;
            return;
        case 5:
        case 7:
            *(volatile uint64_t*)(uintptr_t)(SOC_CLINT + SOC_CLINT_MTIMECMP + 8 * hart) = UINT64_MAX;
            return;
        case 9:
        case 11:
            external_interrupt();
            return;
        default:
            break;
        }
    }
    if (reports) /* a trap in here, of a hart beside, or without a host: enough is said */
        for (;;) soc_sleep();
    reports = true;
    printf("trap: cause 0x%lx, mepc 0x%lx, mtval 0x%lx, hart %u\n", cause, pc, value, hart);
    soc_exit(SOC_EXIT_TRAP + (int)(hart % 8));
}

/* ---- Harts ---------------------------------------------------------------------------------------------------- */

static struct {
    void (*volatile function)(void*);
    void* volatile argument;
} work[SOC_MAX_HARTS];

int main(void);
void soc_start(unsigned hart);

/* Software, timer and external interrupts, supervisor and machine ones. */
static void allow_interrupts(void) { __asm__ volatile("csrw mie, %0" ::"r"(0xaaaUL)); }

/* The first C function of each hart. */
void soc_start(unsigned hart) {
    volatile uint32_t* software = soc_register(SOC_CLINT + SOC_CLINT_MSIP + 4 * hart);
    allow_interrupts();
    if (hart == 0) {
        soc_unmask();
        soc_exit(main());
    }
    for (;;) { /* masked: wfi wakes up, no trap is taken */
        while (!*software) soc_sleep();
        *software = 0;
        soc_fence();
        if (!work[hart].function) continue; /* a wake-up of the barrier, too late */
        soc_unmask();
        work[hart].function(work[hart].argument);
        soc_mask();
        work[hart].function = NULL;
    }
}

static void wake(unsigned hart) { *soc_register(SOC_CLINT + SOC_CLINT_MSIP + 4 * hart) = 1; }

void soc_start_hart(unsigned hart, void (*function)(void*), void* argument) {
    if (hart == 0 || hart >= SOC_MAX_HARTS) soc_fail("hart %u cannot be started", hart);
    while (work[hart].function) {
    } /* on its way back from the last one */
    work[hart].argument = argument;
    soc_fence();
    work[hart].function = function;
    soc_fence();
    wake(hart);
}

void soc_barrier(unsigned harts) {
    static unsigned arrived;
    static volatile unsigned passed; /* barriers */
    const unsigned mine = passed;
    unsigned hart;
    soc_fence();
    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == harts) {
        arrived = 0;
        soc_fence();
        passed = mine + 1;
        soc_fence();
        for (hart = 0; hart < harts; ++hart)
            if (hart != soc_hart()) wake(hart);
        return;
    }
    soc_mask();
    while (passed == mine) {
        soc_sleep();
        soc_unmask(); /* handlers run */
        soc_mask();
    }
    soc_unmask();
    soc_fence();
}
