/// Reading traces: three layouts, and a message with place, column and what is allowed for each thing that is wrong.
#include <workloads/lowering.h>
#include <workloads/trace.h>

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace cimtlm {
namespace {

const std::string conv_header =
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n";

std::string refusal(const std::string& text) {
    try {
        parse_trace(text, "net.csv");
    } catch (const input_error& error) {
        return error.what();
    }
    return "accepted";
}

layer only(const std::string& text, const trace_options& options = {}) {
    return parse_trace(text, "net.csv", options).layers.at(0);
}

TEST(reader, native_rows_become_layers) {
    const auto t = parse_trace("# a network\n#\n# of two layers\n"
                               "name,kind,H,W,C_in,R,S,C_out,stride,padding,groups,M,N,K,batch,repeat,a_bits,b_bits,"
                               "z_bits,partial_bits\n"
                               "c,convolution,8,9,4,3,2,6,2,1:0:2:3,2,,,,5,7,1,2,3,4\n"
                               "# between\n"
                               "g,linear,,,,,,,,,,10,20,30,,,,,,\n",
                               "folder/two.layers.csv");
    EXPECT_EQ(t.name, "two.layers");
    EXPECT_EQ(t.comments, (std::vector<std::string>{"a network", "", "of two layers"}));
    layer c;
    c.name = "c";
    c.kind = layer_kind::convolution;
    c.height = 8;
    c.width = 9;
    c.c_in = 4;
    c.kernel_height = 3;
    c.kernel_width = 2;
    c.c_out = 6;
    c.stride = 2;
    c.padding = {1, 0, 2, 3};
    c.groups = 2;
    c.batch = 5;
    c.repeat = 7;
    c.bits = {1, 2, 3, 4};
    layer g;
    g.name = "g";
    g.m = 10;
    g.n = 20;
    g.k = 30;
    EXPECT_EQ(t.layers, (std::vector<layer>{c, g}));
}

TEST(reader, columns_come_in_any_order_and_case) {
    const auto l = only("k , N,M,KIND,Name\n3,2,1,linear,x\n");
    EXPECT_EQ(l.m, 1);
    EXPECT_EQ(l.n, 2);
    EXPECT_EQ(l.k, 3);
}

TEST(reader, layout_of_lines_does_not_matter) {
    const auto plain = only("name,kind,M,N,K\nx,linear,1,2,3\n");
    for (const char* text : {
             "\xef\xbb\xbfname,kind,M,N,K\nx,linear,1,2,3\n",           // byte order mark
             "name,kind,M,N,K\r\nx,linear,1,2,3\r\n",                   // line ends of another system
             "name,kind,M,N,K\nx,linear,1,2,3",                         // no last line end
             "\n,,\nname,kind,M,N,K,\n\n , ,\n x ,\tlinear, 1,2,3,,\n", // blanks, empty columns and lines
             "name,kind,M,N,K\n\"x\",\"linear\" ,1,2,3 ,# why\n",       // quotes, a remark
         })
        EXPECT_EQ(only(text), plain) << text;
}

TEST(reader, names_may_hold_what_quotes_protect) {
    const auto l = only("name,kind,M,N\n\"a, \"\"b\"\"\",relu,1,2\n");
    EXPECT_EQ(l.name, "a, \"b\"");
    EXPECT_EQ(only("name,kind,M,N\n\xe6\xbf\x80\xe6\xb4\xbb,relu,1,2\n").name, "\xe6\xbf\x80\xe6\xb4\xbb");
}

TEST(reader, padding_is_one_number_or_four) {
    const std::string header = "name,kind,H,W,C_in,R,S,padding\n";
    EXPECT_EQ(only(header + "x,max_pool,4,4,1,3,3,2\n").padding, (image_padding{2, 2, 2, 2}));
    EXPECT_EQ(only(header + "x,max_pool,4,4,1,3,3,0:1:2:3\n").padding, (image_padding{0, 1, 2, 3}));
    EXPECT_EQ(only(header + "x,max_pool,4,4,1,3,3,\n").padding, image_padding{});
}

TEST(reader, written_traces_read_back) {
    trace t;
    t.comments = {"", "why, \"so\"", "  indented"};
    for (const char* name : {"plain", "a,b", "\"", "#1", " x "}) {
        layer l;
        l.name = name;
        l.kind = static_cast<layer_kind>(t.layers.size());
        l.batch = 2;
        l.bits.a = 4;
        t.layers.push_back(l);
    }
    t.layers[0].padding = {1, 2, 3, 4};
    t.layers[0].stride = 2;
    const auto again = parse_trace(format_trace(t), "net.csv");
    EXPECT_EQ(again.comments, t.comments);
    EXPECT_EQ(again.layers, t.layers);
}

TEST(reader, scale_sim_convolutions) {
    const auto l = only(conv_header + "Conv1, 224, 220, 7, 5, 3, 64, 2,\n");
    EXPECT_EQ(l.kind, layer_kind::convolution);
    EXPECT_EQ(l.height, 224);
    EXPECT_EQ(l.width, 220);
    EXPECT_EQ(l.kernel_height, 7);
    EXPECT_EQ(l.kernel_width, 5);
    EXPECT_EQ(l.c_in, 3);
    EXPECT_EQ(l.c_out, 64);
    EXPECT_EQ(l.stride, 2);
    EXPECT_EQ(l.padding, image_padding{});
    EXPECT_EQ(l.out_height(), 109);
}

TEST(reader, scale_sim_padding_is_a_choice) {
    const auto read = [](const std::string& row, scale_sim_padding padding) {
        return only(conv_header + row, {padding});
    };
    const std::string odd = "Conv1, 224, 224, 7, 7, 3, 64, 2,\n";
    EXPECT_EQ(read(odd, scale_sim_padding::none).out_height(), 109);
    EXPECT_EQ(read(odd, scale_sim_padding::overhang).out_height(), 110); // ceil(217 / 2) + 1
    EXPECT_EQ(read(odd, scale_sim_padding::same).out_height(), 112);
    const auto even = read("x, 9, 9, 4, 4, 1, 1, 1,\n", scale_sim_padding::same);
    EXPECT_EQ(even.out_width(), 9);
    EXPECT_EQ(even.padding, (image_padding{1, 1, 2, 2}));
    const auto full = read("fc, 512, 64, 1, 64, 1, 10, 1,\n", scale_sim_padding::same);
    EXPECT_EQ(full.out_height() * full.out_width(), 512);
    EXPECT_THROW(read("x, 2, 2, 3, 3, 1, 1, 1,\n", scale_sim_padding::overhang), input_error);

    for (std::int64_t input = 1; input < 12; ++input)
        for (std::int64_t kernel = 1; kernel < input; ++kernel)
            for (std::int64_t stride = 1; stride < 6; ++stride) {
                const auto text = std::to_string(input) + "," + std::to_string(kernel) + "," + std::to_string(stride);
                const auto row = "x," + std::to_string(input) + ",1," + std::to_string(kernel) + ",1,1,1," +
                                 std::to_string(stride) + "\n";
                EXPECT_EQ(read(row, scale_sim_padding::same).out_height(), (input + stride - 1) / stride) << text;
                EXPECT_EQ(read(row, scale_sim_padding::overhang).out_height(),
                          (input - kernel + stride + stride - 1) / stride)
                    << text;
            }
}

TEST(reader, scale_sim_padding_has_names) {
    EXPECT_EQ(parse_scale_sim_padding("none", "--padding"), scale_sim_padding::none);
    EXPECT_EQ(parse_scale_sim_padding("same", "--padding"), scale_sim_padding::same);
    EXPECT_EQ(parse_scale_sim_padding("overhang", "--padding"), scale_sim_padding::overhang);
    try {
        parse_scale_sim_padding("sane", "--padding");
        FAIL();
    } catch (const input_error& error) {
        EXPECT_STREQ(error.what(),
                     "--padding: unknown padding 'sane'; did you mean 'same'? allowed: none, same, overhang");
    }
}

TEST(reader, scale_sim_gemms) {
    const auto t = parse_trace("Layer,M,N,K\nQKT,1024,1000,64,\n\nQKT,3,4,5\n", "gpt2.csv");
    ASSERT_EQ(t.layers.size(), 2u);
    EXPECT_EQ(t.layers[0].kind, layer_kind::linear);
    EXPECT_EQ(t.layers[0].m, 1024);
    EXPECT_EQ(t.layers[0].n, 1000);
    EXPECT_EQ(t.layers[0].k, 64);
    EXPECT_EQ(t.layers[1].name, "QKT#2"); // their files repeat names
}

TEST(reader, scale_sim_files_as_they_are_found) {
    EXPECT_EQ(only("Layer Name, M, N, K, Sparsity,\nGEMM_1, 3, 5, 16, 4:4,").k, 16);
    EXPECT_EQ(only(conv_header + "\n\tConv2_dw, 112, 112, 3, 3, 1, 1, 1,#dw\n").name, "Conv2_dw");
    EXPECT_EQ(only(conv_header + "Conv11,28,28,1,1,256,256,1\n").c_in, 256);
    const auto misprint = only("Layer, IFMAP Width, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
                               "Strides,\nx, 9, 8, 3, 2, 1, 1, 1,\n");
    EXPECT_EQ(misprint.height, 9);
    EXPECT_EQ(misprint.width, 8);
    EXPECT_EQ(only("Layer name,\xc2\xa0M,\xc2\xa0N,\xc2\xa0K,\nx,1,2,3\xc2\xa0,\n").k, 3); // no-break spaces
}

TEST(reader, says_what_is_wrong) {
    const std::string native = "name,kind,M,N,K\n";
    struct wrong {
        std::string text, message;
    };
    const std::string extent = "; allowed: a whole number from 1 to 2147483647";
    for (const auto& w : {
             wrong{"", "net.csv: the file is empty; expected a header and layers"},
             {"\n# only\n,,\n", "net.csv: the file is empty; expected a header and layers"},
             {native, "net.csv: a header but no layers; a trace needs at least one"},
             {std::string("\x7f"
                          "ELF\0\1",
                          6),
              "net.csv:1: not a text file: byte 0x7f; allowed: CSV in UTF-8"},
             {native + std::string("a\0b", 3), "net.csv:2: not a text file: byte 0x00; allowed: CSV in UTF-8"},
             {native + "caf\xe9,relu,1,2,", "net.csv:2: not a text file: byte 0xe9; allowed: CSV in UTF-8"},
             {native + "x,linear\r,1,2,3", "net.csv:2: not a text file: byte 0x0d; allowed: CSV in UTF-8"},
             {"x,1,2,3\n", "net.csv:1: 'x' begins no known header; allowed: 'name,kind,...', 'Layer name, IFMAP "
                           "Height, ...' or 'Layer, M, N, K'"},
             {native + "x,linear,1,2\n", "net.csv:2: the row ends before column 'K': 4 cells"},
             {native + "x,linear,1,2,3,4\n", "net.csv:2: cell 6, '4', stands in no column of the header"},
             {"name,,kind,M,N\nx,y,relu,1,2\n", "net.csv:2: cell 2, 'y', stands in no column of the header"},
             {native + "\nx,linear,0,2,3\n", "net.csv:3: column 'M': '0'" + extent},
             {native + "x,linear,1,-2,3\n", "net.csv:2: column 'N': '-2'" + extent},
             {native + "x,linear,1,2,3.0\n", "net.csv:2: column 'K': '3.0'" + extent},
             {native + "x,linear,1,+2,3\n", "net.csv:2: column 'N': '+2'" + extent},
             {native + "x,linear,1,2,1e3\n", "net.csv:2: column 'K': '1e3'" + extent},
             {native + "x,linear,1,2 2,3\n", "net.csv:2: column 'N': '2 2'" + extent},
             {native + "x,linear,1,,3\n", "net.csv:2: column 'N': no number" + extent},
             {native + "x,linear,1099511627776,2,3\n", "net.csv:2: column 'M': '1099511627776'" + extent},
             {native + "x,linear,1,1" + std::string(30, '0') + ",3\n",
              "net.csv:2: column 'N': '1" + std::string(30, '0') + "'" + extent},
             {native + "x,linear,1," + std::string(200, '9') + ",3\n",
              "net.csv:2: column 'N': '" + std::string(80, '9') + "...'" + extent},
             {"name,kind,M,N,K,a_bits\nx,linear,1,2,3,65\n",
              "net.csv:2: column 'a_bits': '65'; allowed: a whole number from 1 to 64"},
             {"name,kind,M,N,K,M\nx,linear,1,2,3,4\n", "net.csv:1: column 'M' is given twice"},
             {"name,kind,M,N,K,batsh\nx,linear,1,2,3,4\n",
              "net.csv:1: unknown column 'batsh'; did you mean 'batch'? allowed: name, kind, H, W, C_in, R, S, C_out, "
              "stride, padding, groups, M, N, K, batch, repeat, a_bits, b_bits, z_bits, partial_bits, "
              "input_density, weight_density, column_sparsity"},
             {"name,M,N,K,batch\nx,1,2,3,4\n",
              "net.csv:1: column 'kind' is missing; a trace in the format 'cimtlm' needs it"},
             {native + "x,liner,1,2,3\n",
              "net.csv:2: column 'kind': unknown kind 'liner'; did you mean 'linear'? allowed: convolution, linear, "
              "matmul, add, multiply, relu, relu6, gelu, silu, sigmoid, tanh, softmax, layer_norm, rms_norm, "
              "batch_norm, rotary_embedding, max_pool, average_pool, embedding, pairwise_dot"},
             {native + "x,relu,1,2,3\n",
              "net.csv:2: column 'K': '3', but a layer of kind 'relu' does not have it; allowed: an empty cell"},
             {native + ",linear,1,2,3\n", "net.csv:2: the layer has no name"},
             {native + "x,linear,1,2,3\ny,linear,1,2,3\nx,linear,1,2,3\n",
              "net.csv:4: column 'name': a second layer 'x'; allowed: each name once"},
             {native + "\"x,linear,1,2,3\n", "net.csv:2: a quoted cell does not end on its line"},
             {native + "\"x\"y,linear,1,2,3\n", "net.csv:2: text after the quoted cell 'x'; allowed: a comma"},
             {"name,kind,H,W,C_in,R,S,C_out\nx,convolution,4,4,1,3,5,1\n",
              "net.csv:2: column 'S': the kernel is 5, larger than the padded W of 4"},
             {"name,kind,H,W,C_in,R,S,padding\nx,max_pool,4,4,1,3,3,1:1\n",
              "net.csv:2: column 'padding': '1:1'; allowed: one number, or top:left:bottom:right"},
             {"name,kind,H,W,C_in,R,S,padding\nx,max_pool,4,4,1,3,3,1:1::1\n",
              "net.csv:2: column 'padding': no number; allowed: a whole number from 0 to 2147483647"},
             {"name,kind,H,W,C_in,R,S,C_out,groups\nx,convolution,4,4,6,3,3,6,4\n",
              "net.csv:2: column 'groups': 4 groups do not divide C_in = 6"},
             {conv_header + "x, 4, 4, 5, 3, 1, 1, 1,\n",
              "net.csv:2: column 'R': the kernel is 5, larger than the padded H of 4"},
             {conv_header + "x, 4, 4, 3, 3, 1, 0, 1,\n", "net.csv:2: column 'Num Filter': '0'" + extent},
             {"Layer, M, N, K, Sparsity,\nx, 1, 2, 3, 2:4,\n",
              "net.csv:2: column 'Sparsity': '2:4', but sparse weights are not modelled; allowed: an empty cell or "
              "equal numbers as in 1:1"},
             {"Layer, M, N,\nx, 1, 2,\n",
              "net.csv:1: column 'K' is missing; a trace in the format 'SCALE-Sim GEMMs' needs it"},
         })
        EXPECT_EQ(refusal(w.text), w.message) << w.text;

    const auto huge = refusal(native + "x,linear,2147483647,2147483647,2147483647\n");
    EXPECT_EQ(huge.rfind("net.csv:2: ", 0), 0u) << huge;
    EXPECT_NE(huge.find("2^62"), std::string::npos) << huge;
}

TEST(reader, refuses_what_is_no_file) {
    const auto message = [](const std::string& path) -> std::string {
        try {
            read_trace(path);
        } catch (const input_error& error) {
            return error.what();
        }
        return "accepted";
    };
    const auto folder =
        std::filesystem::temp_directory_path() / ("cimtlm_reader_test_" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder);
    const auto missing = (folder / "missing.csv").string();
    EXPECT_EQ(message(missing), missing + ": no such file; expected a trace");
    EXPECT_EQ(message(folder.string()), folder.string() + ": is a directory; expected a trace");
    const auto empty = (folder / "empty.csv").string();
    std::ofstream{empty};
    EXPECT_EQ(message(empty), empty + ": the file is empty; expected a header and layers");
    std::filesystem::remove_all(folder);
}

TEST(reader, gemm_of_a_command_line) {
    const auto g = parse_gemm(" 512, 1024,64");
    EXPECT_EQ(g.name, "gemm_512x1024x64");
    EXPECT_EQ(g.m, 512);
    EXPECT_EQ(g.n, 1024);
    EXPECT_EQ(g.k, 64);
    const auto message = [](const std::string& text) -> std::string {
        try {
            parse_gemm(text, "--gemm");
        } catch (const input_error& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(message(""), "--gemm: ''; allowed: M,N,K");
    EXPECT_EQ(message("1,2"), "--gemm: '1,2'; allowed: M,N,K");
    EXPECT_EQ(message("1,2,3,4"), "--gemm: '1,2,3,4'; allowed: M,N,K");
    EXPECT_EQ(message("1,,3"), "--gemm: N: no number; allowed: a whole number from 1 to 2147483647");
    EXPECT_EQ(message("1,2,-3"), "--gemm: K: '-3'; allowed: a whole number from 1 to 2147483647");
    EXPECT_NE(message("2147483647,2147483647,2147483647").find("2^62"), std::string::npos);
}

} // namespace
} // namespace cimtlm
