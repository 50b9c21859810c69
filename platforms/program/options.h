#pragma once
/// What a run is asked for on the command line.
#include <platforms/builder/plan.h>
#include <platforms/builder/results.h>
#include <platforms/config/config.h>
#include <workloads/trace.h>

#include <boost/program_options.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// The work and how it is to be evaluated: shared by run and compare.
struct work_options {
    std::string trace;             ///< file or name; "" with gemm
    std::string gemm;              ///< "M,N,K"; "" with trace
    std::vector<std::string> sets; ///< key=value
    fidelity level = fidelity::tile;
    convention counting = convention::like_for_like;
    std::string mapper;    ///< "": the machine's
    std::string objective; ///< likewise
    std::string mapping_file;
    std::string padding = "none"; ///< of SCALE-Sim topologies
    std::int64_t batch = 1;       ///< inputs at once
    std::int64_t bits = 0;        ///< of the operands; 0: as the trace says
    std::string column_sparsity;  ///< of weights of which the trace says nothing; "": unknown
    bool steady = false;
};

/// Adds the options of work_options to a description.
void describe_work(boost::program_options::options_description& all);
/// Reads them back; throws input_error for values that are not allowed or exclude each other.
work_options read_work(const boost::program_options::variables_map& values);
/// The same options as arguments for a child.
std::vector<std::string> arguments_of(const work_options& w);

/// Parses `arguments` with one or more positional arguments; throws input_error with the nearest option's name.
boost::program_options::variables_map parse_arguments(const std::vector<std::string>& arguments,
                                                      const boost::program_options::options_description& all,
                                                      const std::string& positional, int most);

/// The work itself, and what it is called.
struct named_work {
    std::string name;
    work_list work;
};
named_work load_work(const work_options& w);
/// The machine with the options applied.
loaded_machine load_machine(const std::string& name_or_file, const work_options& w);

/// "a100/cim_rf,cim.macro=analog_6t": a machine with `--set` options of its own.
struct machine_variant {
    std::string machine;
    std::vector<std::string> sets;
};
machine_variant read_variant(const std::string& text);

const char* to_string(fidelity f);
const char* to_string(convention c);

} // namespace cimtlm
