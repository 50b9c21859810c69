#pragma once
/// Regression over published converters: energy and area of one by resolution, rate and node.
///
/// Source: the ADC plug-in of Accelergy (a fit over Murmann's survey). It bounds good designs: published CiM chips need
/// factors of 0.275 to 3.5 on it, and at 14 nm and below it lies under every surveyed fast converter. Below four bits
/// it is not monotone and refuses.
namespace cimtlm {

struct adc_survey {
    static constexpr double least_bits = 4;
    static constexpr double uncertainty = 3.5; ///< factor, either way

    /// pJ of one conversion at the node's nominal supply. node in nm, rate in samples a second of one converter. Throws
    /// input_error below 4 bits.
    static double convert_pj(double bits, double node_nm, double samples_per_s);
    /// um2 of one converter.
    static double area_um2(double bits, double node_nm, double samples_per_s);
};

} // namespace cimtlm
