#include "outcome.h"

namespace cimtlm {

namespace {
volatile std::sig_atomic_t interrupt_flag = 0;
void set_flag(int) { interrupt_flag = 1; }
} // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = set_flag; // without SA_RESTART: a blocked read returns
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool was_interrupted() { return interrupt_flag != 0; }

} // namespace cimtlm
