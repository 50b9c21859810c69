/* CiM devices of the platform: driver/cim_driver.h with interrupts, sleep and an account of waiting. */
#ifndef SOC_CIM_H
#define SOC_CIM_H

#include "soc.h"

#include <cim_driver.h>

enum soc_wait { SOC_POLL, SOC_INTERRUPT };
enum soc_submit { SOC_RING, SOC_REGISTERS };
#define SOC_WAIT_CHOICES "poll|interrupt"
#define SOC_SUBMIT_CHOICES "ring|registers"

/* One device, used by the hart that opened it. */
struct soc_cim {
    struct cim cim;
    unsigned number;
    volatile uint8_t* window; /* data window; null without one */

    volatile uint32_t causes; /* CIM_IRQ_* that interrupts have told of */
    uint64_t waited;          /* ticks that the driver waited, asleep or looking, up to the last soc_cim_waited */
    uint64_t looks;           /* looks at the device that found nothing */

    enum soc_wait wait; /* the rest is its own */
    uint32_t interrupts_seen;
    uint64_t wait_begin, wait_end; /* of the present wait; 0: none */
};

/* Finds the device and lets its arrays compute. `ring_entries` at most; 0 without a ring. Ends with a message where the
 * platform has no such device. */
void soc_cim_open(struct soc_cim* device, unsigned number, enum soc_wait wait, uint32_t ring_entries);
#define SOC_CIM_RING 16u

/* Ends with a message when the result is not CIM_OK. */
void soc_cim_demand(struct soc_cim* device, int result, const char* what);

/* A product, or what a ticket stands for, to its end: all of the time from the first look on is waiting. */
void soc_cim_gemm(struct soc_cim* device, const struct cim_gemm* product);
void soc_cim_wait(struct soc_cim* device, uint32_t ticket, const char* what);

/* Ends the account of the present wait; returns `waited`. Call it before other work between two waits. */
uint64_t soc_cim_waited(struct soc_cim* device);

/* Whether results are those of integer arithmetic; otherwise differences are no mistakes. */
static inline int soc_cim_exact(const struct soc_cim* device) {
    const uint32_t both = CIM_CAPABILITY_EXACT | CIM_CAPABILITY_DATA;
    return (device->cim.capabilities & both) == both;
}

#endif
