// Linked into every program of a build with sanitizers (CIMTLM_SANITIZE): what the SystemC kernel's coroutines need.
#include <cstddef>

extern "C" {

// libsystemc 2.3.4 announces its switches between coroutines to AddressSanitizer, but neither the bounds of the main
// stack nor the switch back from a coroutine that ended. After that an exception on the main stack is cleaned up in the
// wrong place, and what lies on the main stack later is reported as used after its scope. Without the announcements the
// main stack is always right, and the stacks of coroutines are memory like any other.
void __sanitizer_start_switch_fiber(void**, const void*, std::size_t) {}
void __sanitizer_finish_switch_fiber(void*, const void** bottom, std::size_t* size) {
    if (bottom) *bottom = nullptr;
    if (size) *size = 0;
}

// Threads of the model that still wait when a simulation ends are not unwound: the kernel frees their stacks, and what
// objects on those had allocated is lost with them.
const char* __lsan_default_suppressions() { return "leak:sc_core::sc_thread_cor_fn\n"; }

// The line above is not worth a report at each end.
const char* __lsan_default_options() { return "print_suppressions=0"; }
}
