#pragma once
/// Results as JSON, gem5-like text, CSV and for people.
#include <platforms/builder/results.h>
#include <platforms/config/config.h>

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace cimtlm {

/// What a report says beside the figures.
struct report_context {
    const loaded_machine& target;
    std::string work;   ///< name of the trace or GEMM
    std::string mapper; ///< "rules", "search" or the file of nests
    bool steady = false;
    std::int64_t missing_arrays = 0;
    std::int64_t skipped_vector_work = 0;
};

/// The object that --json prints and stats.json holds.
boost::json::object to_json(const run_results& r, const report_context& c);
/// Indented text of a JSON value.
std::string pretty(const boost::json::value& v);
/// stats.txt in gem5's form: name, value, # description (unit).
std::string stats_text(const run_results& r, const report_context& c);
/// layers.csv: a row a layer.
std::string layers_csv(const run_results& r);
/// The nests in the form that --mapping reads.
std::string mappings_text(const run_results& r, const std::string& machine_name);
/// A page for people.
std::string summary(const run_results& r, const report_context& c);

/// 1234567 ps as "1.235 us"; four significant digits.
std::string time_text(double ps);
/// pJ as "1.235 uJ".
std::string energy_text(double pj);
/// "1.100 uJ to 1.300 uJ", "-" where nothing is known of the figures.
std::string band_text(double low_pj, double high_pj);
/// Bytes as "256 KiB", whole units only.
std::string bytes_text(std::int64_t bytes);
/// Four significant digits.
std::string number_text(double value);

/// The shortest text that reads back as the same number; whole numbers without an exponent.
std::string exact_text(double value);
/// A line of stats.txt: name, value, # description (unit).
std::string statistics_line(const std::string& name, const std::string& value, const std::string& description,
                            const std::string& unit);

/// Rows of cells as aligned columns; the first row is the header. The first column is left-aligned.
std::string table_text(const std::vector<std::vector<std::string>>& rows);
std::string table_markdown(const std::vector<std::vector<std::string>>& rows);
std::string table_csv(const std::vector<std::vector<std::string>>& rows);

} // namespace cimtlm
