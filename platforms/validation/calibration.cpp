#include <platforms/validation/calibration.h>
#include <platforms/validation/chip_model.h>

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <map>

namespace cimtlm {

namespace {

constexpr double noise = 0.6;  ///< of a chip's logarithm around the model: about what stays after the fit
constexpr double linear = 1.5; ///< standard deviations from which on errors count linearly
constexpr int most_rounds = 60;
constexpr double finished = 1e-9; ///< relative gain below which a fit ends

/// Huber: the square of what is returned grows linearly with a large error.
double robust(double error) {
    const double size = std::fabs(error);
    return size <= linear ? error : std::copysign(std::sqrt(2 * linear * size - linear * linear), error);
}

/// Residuals as a function of the logarithms of the constants.
class problem {
public:
    problem(const std::vector<chip_row>& chips, const circuit_constants& start)
        : start_(start) {
        std::map<std::string, double> rows;
        for (const auto& c : chips)
            if (c.cycle_ns || c.tops_per_w_1b) ++rows[c.chip], chips_.push_back(c);
        for (const auto& c : chips_) weights_.push_back(1 / std::sqrt(rows[c.chip]));
        const auto& fitted = fitted_constants();
        prior_.resize(static_cast<Eigen::Index>(fitted.size()));
        for (std::size_t i = 0; i < fitted.size(); ++i)
            prior_[static_cast<Eigen::Index>(i)] = std::log(start.*fitted[i].value);
    }

    const Eigen::VectorXd& prior() const { return prior_; }

    circuit_constants constants(const Eigen::VectorXd& x) const {
        auto k = start_;
        const auto& fitted = fitted_constants();
        for (std::size_t i = 0; i < fitted.size(); ++i) k.*fitted[i].value = std::exp(x[static_cast<Eigen::Index>(i)]);
        return k;
    }

    Eigen::VectorXd residuals(const Eigen::VectorXd& x) const {
        const auto k = constants(x);
        std::vector<double> r;
        for (std::size_t i = 0; i < chips_.size(); ++i) {
            const auto p = predict_chip(chips_[i], k);
            const auto add = [&](double predicted, const std::optional<double>& measured) {
                r.push_back(measured ? weights_[i] * robust(std::log(predicted / *measured) / noise) : 0);
            };
            add(p.cycle_ns.value, chips_[i].cycle_ns);
            add(p.tops_per_w_1b.value, chips_[i].tops_per_w_1b);
        }
        const auto& fitted = fitted_constants();
        for (std::size_t i = 0; i < fitted.size(); ++i) {
            const auto at = static_cast<Eigen::Index>(i);
            r.push_back((x[at] - prior_[at]) / fitted[i].sigma);
        }
        return Eigen::Map<Eigen::VectorXd>(r.data(), static_cast<Eigen::Index>(r.size()));
    }

    Eigen::MatrixXd slopes(const Eigen::VectorXd& x, const Eigen::VectorXd& r) const {
        constexpr double step = 1e-4;
        Eigen::MatrixXd j(r.size(), x.size());
        for (Eigen::Index i = 0; i < x.size(); ++i) {
            auto moved = x;
            moved[i] += step;
            j.col(i) = (residuals(moved) - r) / step;
        }
        return j;
    }

private:
    circuit_constants start_;
    std::vector<chip_row> chips_;
    std::vector<double> weights_;
    Eigen::VectorXd prior_;
};

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const double at = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const auto high = std::min(low + 1, values.size() - 1);
    return values[low] + (at - static_cast<double>(low)) * (values[high] - values[low]);
}

std::vector<std::string> names_of(const std::vector<chip_row>& chips) {
    std::vector<std::string> names;
    for (const auto& c : chips)
        if (std::find(names.begin(), names.end(), c.chip) == names.end()) names.push_back(c.chip);
    return names;
}

chip_error error_of(const std::string& chip, const std::vector<chip_row>& chips, const circuit_constants& k) {
    chip_error e{chip, {}, {}, {}};
    for (const auto& c : chips) {
        if (c.chip != chip) continue;
        const auto p = predict_chip(c, k);
        if (c.cycle_ns) e.cycle.push_back(p.cycle_ns.value / *c.cycle_ns);
        if (c.tops_per_w_1b) e.tops_per_w.push_back(p.tops_per_w_1b.value / *c.tops_per_w_1b);
        constexpr double rounded = 0.05; // below, the table is rounded by up to half
        if (c.tops_1b && c.tops_per_mm2_1b && *c.tops_1b >= rounded && *c.tops_per_mm2_1b >= rounded)
            e.area.push_back(p.tops_1b.value / p.tops_per_mm2_1b.value / (*c.tops_1b / *c.tops_per_mm2_1b));
    }
    return e;
}

} // namespace

const std::vector<fitted_constant>& fitted_constants() {
    constexpr double known = 0.25, guessed = 1; // within a quarter, within a factor of e
    using k = circuit_constants;
    static const std::vector<fitted_constant> table = {
        {"energy_exponent", &k::energy_exponent, known},
        {"delay_exponent", &k::delay_exponent, known},
        {"word_line_energy_pj", &k::word_line_energy_pj, guessed},
        {"pulse_ps", &k::pulse_ps, guessed},
        {"charge_read_energy_pj", &k::charge_read_energy_pj, guessed},
        {"current_read_energy_pj", &k::current_read_energy_pj, guessed},
        {"capacitor_read_energy_pj", &k::capacitor_read_energy_pj, guessed},
        {"resistive_read_energy_pj", &k::resistive_read_energy_pj, guessed},
        {"charge_settle_ps", &k::charge_settle_ps, guessed},
        {"current_settle_ps", &k::current_settle_ps, guessed},
        {"capacitor_settle_ps", &k::capacitor_settle_ps, guessed},
        {"resistive_settle_ps", &k::resistive_settle_ps, guessed},
        {"resistive_pulse_ps", &k::resistive_pulse_ps, guessed},
        {"resistive_row_ps", &k::resistive_row_ps, guessed},
        {"evaluation_ps", &k::evaluation_ps, guessed},
        {"comparator_energy_pj", &k::comparator_energy_pj, guessed},
        {"comparator_ps", &k::comparator_ps, guessed},
        {"converter_dac_energy_pj", &k::converter_dac_energy_pj, guessed},
        {"full_adder_energy_pj", &k::full_adder_energy_pj, guessed},
        {"adder_level_ps", &k::adder_level_ps, guessed},
        {"accumulate_energy_pj", &k::accumulate_energy_pj, guessed},
    };
    return table;
}

circuit_constants calibrate(const std::vector<chip_row>& chips, const circuit_constants& start) {
    const problem p(chips, start);
    auto x = p.prior();
    auto r = p.residuals(x);
    double cost = r.squaredNorm(), damping = 1e-2;
    for (int round = 0; round < most_rounds; ++round) {
        const auto j = p.slopes(x, r);
        const Eigen::MatrixXd a = j.transpose() * j;
        const Eigen::VectorXd g = j.transpose() * r;
        bool better = false, done = false;
        for (int attempt = 0; attempt < 10 && !better; ++attempt) {
            Eigen::MatrixXd damped = a;
            damped.diagonal() += damping * a.diagonal();
            const Eigen::VectorXd next = x - damped.ldlt().solve(g);
            const auto next_r = p.residuals(next);
            const double next_cost = next_r.squaredNorm();
            better = next_cost < cost;
            damping = better ? std::max(damping / 5, 1e-9) : damping * 5;
            if (!better) continue;
            done = cost - next_cost < finished * cost;
            x = next, r = next_r, cost = next_cost;
        }
        if (!better || done) break;
    }
    return p.constants(x);
}

std::vector<chip_error> errors_of(const std::vector<chip_row>& chips, const circuit_constants& constants) {
    std::vector<chip_error> errors;
    for (const auto& name : names_of(chips)) errors.push_back(error_of(name, chips, constants));
    return errors;
}

std::vector<chip_error> leave_one_out(const std::vector<chip_row>& chips, const circuit_constants& start,
                                      std::vector<circuit_constants>* constants) {
    std::vector<chip_error> errors;
    for (const auto& name : names_of(chips)) {
        std::vector<chip_row> others;
        std::copy_if(chips.begin(), chips.end(), std::back_inserter(others),
                     [&](const auto& c) { return c.chip != name; });
        const auto k = calibrate(others, start);
        errors.push_back(error_of(name, chips, k));
        if (constants) constants->push_back(k);
    }
    return errors;
}

error_summary summary_of(const std::vector<chip_error>& errors, std::vector<double> chip_error::*figure) {
    std::vector<double> factors, pairs;
    for (const auto& e : errors) {
        const auto& quotients = e.*figure;
        if (quotients.empty()) continue;
        double sum = 0;
        for (const double q : quotients) sum += std::fabs(std::log(q));
        factors.push_back(std::exp(sum / static_cast<double>(quotients.size())));
        for (std::size_t i = 1; i < quotients.size(); ++i)
            pairs.push_back(std::exp(std::fabs(std::log(quotients[i] / quotients[0]))));
    }
    error_summary s;
    s.median = percentile(factors, 0.5);
    s.percentile_80 = percentile(factors, 0.8);
    s.percentile_90 = percentile(factors, 0.9);
    s.worst = percentile(factors, 1);
    s.pair_median = percentile(pairs, 0.5);
    s.chips = factors.size();
    s.pairs = pairs.size();
    return s;
}

} // namespace cimtlm
