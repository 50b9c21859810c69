#include <cimtlm/tlm/transfer_extension.h>

namespace cimtlm {

tlm::tlm_extension_base* transfer_extension::clone() const { return new transfer_extension(*this); }

void transfer_extension::copy_from(const tlm::tlm_extension_base& other) {
    *this = static_cast<const transfer_extension&>(other);
}

} // namespace cimtlm
