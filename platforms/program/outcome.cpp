#include "outcome.h"

#include <initializer_list>

namespace cimtlm {

namespace {
volatile std::sig_atomic_t interrupt_flag = 0;
void set_flag(int) { interrupt_flag = 1; }
} // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = set_flag; // without SA_RESTART: a blocked read returns
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaction(signal, &action, nullptr);
}

bool was_interrupted() { return interrupt_flag != 0; }

} // namespace cimtlm
