#pragma once
/// What the tests of processes in local time share.
#include "initiator.h"

#include <cimtlm/tlm/local_kernel.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace local_kernel_test {

using namespace cimtlm;

/// A kernel with what its processes did, and a host in SystemC.
struct bench {
    local_kernel kernel{"kernel"};
    std::vector<std::pair<std::int64_t, std::string>> log;
    std::deque<testkit::process> hosts;
    void note(const std::string& what) { log.push_back({kernel.now_ps(), what}); }
    void host(std::function<void()> body) {
        hosts.emplace_back(("host_" + std::to_string(hosts.size())).c_str(), std::move(body), true);
    }
    using lines = std::vector<std::pair<std::int64_t, std::string>>;
};

} // namespace local_kernel_test
