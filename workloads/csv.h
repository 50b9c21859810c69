#pragma once
/// Comma-separated text as traces use it: a header, rows, comments; strict about numbers, lenient about layout.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cimtlm {

/// One line, split. Cells are trimmed; a cell in double quotes may hold commas, and quotes written twice.
struct csv_row {
    std::size_t line = 0; ///< from 1
    std::vector<std::string> cells;
};

/// A header and rows below it. Blank lines, lines of commas alone, lines that start with '#' and what follows a
/// cell that starts with '#' are skipped; a byte order mark and carriage returns before line ends too.
struct csv_table {
    std::string source;
    std::vector<std::string> comments; ///< comment lines above the header, without '#' and one blank
    csv_row header;
    std::vector<csv_row> rows;

    /// "source:line"
    std::string where(const csv_row& row) const { return source + ":" + std::to_string(row.line); }
};

/// Throws input_error for text without a header, for control characters and bytes that are not UTF-8, and for quotes
/// that do not close.
csv_table parse_csv(const std::string& text, const std::string& source);

/// Throws input_error "WHERE: not a text file: ...; allowed: ALLOWED" for control characters other than tabs and for
/// bytes that are not UTF-8.
void check_text(std::string_view line, const std::string& where, const std::string& allowed);

/// The cells of one line. Throws input_error for quotes that do not close.
std::vector<std::string> split_csv_line(std::string_view line, const std::string& where);

/// `text` as one cell: in double quotes when it would not be read back as it is.
std::string csv_cell(const std::string& text);

/// A whole number in decimal digits. Throws input_error "WHERE: '12x'; allowed: a whole number from LEAST to MOST".
std::int64_t parse_whole_number(const std::string& text, std::int64_t least, std::int64_t most,
                                const std::string& where);

/// A share in decimal digits, with or without exponent, from 0 to 1, or to below 1. Throws input_error
/// "WHERE: '1.5'; allowed: a number from 0 to 1".
double parse_share(const std::string& text, bool may_be_one, const std::string& where);

/// A name from a file, cut to a length that suits a message.
std::string quoted(const std::string& text);

/// The names of the columns that a format knows, each with the spellings in use, the first one for messages. Upper and
/// lower case do not differ. A spelling that two columns share goes to the first of them that is still free.
using csv_names = std::vector<std::vector<std::string>>;

/// How many cells of the header are among `known`.
std::size_t count_known(const csv_row& header, const csv_names& known);

/// Which cell of a row belongs to which known column.
class csv_columns {
public:
    /// Keeps references to both. Throws input_error for unknown and duplicate columns. A header cell without text names
    /// no column.
    csv_columns(const csv_table& table, const csv_names& known);

    bool has(std::size_t column) const { return position_[column] != absent; }
    /// The cell of a column, "" when the file does not have that column.
    const std::string& cell(const csv_row& row, std::size_t column) const;
    /// "source:line: column 'NAME'", for messages.
    std::string place(const csv_row& row, std::size_t column) const;
    /// Throws input_error when a row ends before the last column, or holds text where there is no column.
    void check(const csv_row& row) const;

private:
    static constexpr std::size_t absent = static_cast<std::size_t>(-1);
    const csv_table& table_;
    const csv_names& known_;
    std::vector<std::size_t> position_; ///< by known column
};

} // namespace cimtlm
