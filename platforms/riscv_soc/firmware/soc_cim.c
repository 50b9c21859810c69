#include "soc_cim.h"

static volatile uint32_t* control(const struct soc_cim* device, uint32_t offset) {
    return soc_register(SOC_CIM_CONTROL + (uint64_t)SOC_CIM_CONTROL_STRIDE * device->number + offset);
}

static uint32_t read_register(void* context, uint32_t offset) { return *control(context, offset); }

static void write_register(void* context, uint32_t offset, uint32_t value) { *control(context, offset) = value; }

static void barrier(void* context) {
    (void)context;
    soc_fence();
}

/* After a look that found nothing. */
static void relax(void* context) {
    struct soc_cim* device = context;
    ++device->looks;
    device->wait_end = soc_ticks();
    if (!device->wait_begin) device->wait_begin = device->wait_end;
    if (device->wait == SOC_POLL) return;
    soc_mask();
    if (device->cim.interrupts == device->interrupts_seen) soc_sleep();
    soc_unmask(); /* the handler runs */
    device->interrupts_seen = device->cim.interrupts;
    device->wait_end = soc_ticks();
}

void soc_cim_wait(struct soc_cim* device, uint32_t ticket, const char* what) {
    int result;
    if (!device->wait_begin) device->wait_begin = soc_ticks(); /* the first look is waiting, too */
    result = cim_wait(&device->cim, ticket);
    device->wait_end = soc_ticks();
    soc_cim_demand(device, result, what);
    soc_cim_waited(device);
}

void soc_cim_gemm(struct soc_cim* device, const struct cim_gemm* product) {
    uint32_t ticket = 0;
    soc_cim_demand(device, cim_gemm_submit(&device->cim, product, &ticket), "submission");
    soc_cim_waited(device);
    soc_cim_wait(device, ticket, "product");
}

uint64_t soc_cim_waited(struct soc_cim* device) {
    if (device->wait_begin) device->waited += device->wait_end - device->wait_begin;
    device->wait_begin = 0;
    return device->waited;
}

static void handle(void* context) {
    struct soc_cim* device = context;
    device->causes |= cim_interrupt_handler(&device->cim);
}

void soc_cim_demand(struct soc_cim* device, int result, const char* what) {
    const struct cim_error* error = cim_last_error(&device->cim);
    if (result == CIM_OK) return;
    if (result != CIM_STOPPED) soc_fail("device %u: %s: %s", device->number, what, cim_result_text(result));
    soc_fail("device %u: %s: %s (command %u, address 0x%lx)", device->number, what, cim_error_text(error->code),
             (unsigned)error->command, error->address);
}

void soc_cim_open(struct soc_cim* device, unsigned number, enum soc_wait wait, uint32_t ring_entries) {
    struct cim_io io = {device, read_register, write_register, relax, barrier};
    struct cim* cim = &device->cim;
    if (number >= soc_platform.devices)
        soc_fail("device %u is needed, the platform has %u", number, (unsigned)soc_platform.devices);
    device->number = number;
    device->window = NULL;
    device->wait = SOC_POLL; /* until interrupts come */
    device->waited = device->looks = device->wait_begin = device->wait_end = 0;
    device->interrupts_seen = device->causes = 0;
    soc_cim_demand(device, cim_probe(cim, &io), "probe");
    if (cim->capabilities & CIM_CAPABILITY_DATA_WINDOW)
        device->window = (volatile uint8_t*)(uintptr_t)(SOC_CIM_WINDOW + (uint64_t)SOC_CIM_WINDOW_STRIDE * number);
    if (ring_entries) {
        while (ring_entries > cim->max_ring) ring_entries /= 2;
        void* ring = soc_memory((size_t)ring_entries * CIM_DESCRIPTOR_BYTES);
        soc_cim_demand(device, cim_ring_init(cim, ring, (uintptr_t)ring, ring_entries), "ring");
    }
    if (wait == SOC_INTERRUPT) {
        soc_connect(SOC_CIM_SOURCE + number, handle, device);
        soc_cim_demand(device, cim_interrupts(cim, CIM_IRQ_DONE), "interrupts");
        device->wait = SOC_INTERRUPT;
    }
    soc_cim_demand(device, cim_mode(cim, CIM_MODE_COMPUTE), "mode");
    soc_cim_waited(device);
    device->waited = device->looks = 0;
}
