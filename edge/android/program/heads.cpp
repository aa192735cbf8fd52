#include "heads.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml.h"
#include "nlohmann/json.hpp"

using nlohmann::json;

namespace {

constexpr size_t MOST_NODES = 4096;
using Inputs = std::vector<ggml_tensor *>;
using Make = std::function<ggml_tensor *(ggml_context *, const json &, const Inputs &)>;

// A shape of the graph, outermost first, as ggml has it: four numbers, innermost first.
struct Extent {
    int64_t n[4] = {1, 1, 1, 1};
    explicit Extent(const json & shape) {
        const size_t rank = shape.size();
        if (rank > 4) throw std::runtime_error("heads.json has a shape of more than four dimensions.");
        for (size_t i = 0; i < rank; i++) n[i] = shape[rank - 1 - i];
    }
};

ggml_tensor * shaped(ggml_context * c, ggml_tensor * a, const json & shape) {
    const Extent e(shape);
    return ggml_reshape_4d(c, a, e.n[0], e.n[1], e.n[2], e.n[3]);
}

ggml_tensor * most(ggml_context * c, ggml_tensor * rows) {
    return ggml_pool_1d(c, rows, GGML_OP_POOL_MAX, int(rows->ne[0]), int(rows->ne[0]), 0);
}

ggml_tensor * part(ggml_context * c, const json & step, const Inputs & in) {
    const Extent e(step["shape"]);
    const json & start = step["start"];
    size_t offset = 0;
    for (size_t i = 0; i < start.size(); i++) {
        offset += start[start.size() - 1 - i].get<size_t>() * in[0]->nb[i];
    }
    return ggml_cont(c, ggml_view_4d(c, in[0], e.n[0], e.n[1], e.n[2], e.n[3], in[0]->nb[1],
                                     in[0]->nb[2], in[0]->nb[3], offset));
}

ggml_tensor * turned(ggml_context * c, const json & step, const Inputs & in) {
    int to[4] = {0, 1, 2, 3};
    const int rank = int(step["axes"].size());
    for (int out = 0; out < rank; out++) {
        to[rank - 1 - step["axes"][out].get<int>()] = rank - 1 - out;
    }
    return ggml_cont(c, ggml_permute(c, in[0], to[0], to[1], to[2], to[3]));
}

ggml_tensor * joined(ggml_context * c, const json & step, const Inputs & in) {
    const int dim = int(step["shape"].size()) - 1 - step["axis"].get<int>();
    ggml_tensor * all = in[0];
    for (size_t i = 1; i < in.size(); i++) all = ggml_concat(c, all, in[i], dim);
    return all;
}

ggml_tensor * resized(ggml_context * c, const json & step, const Inputs & in) {
    const Extent e(step["shape"]);
    const auto mode = step["mode"] == "nearest" ? GGML_SCALE_MODE_NEAREST : GGML_SCALE_MODE_BILINEAR;
    return ggml_interpolate(c, in[0], e.n[0], e.n[1], e.n[2], e.n[3], mode);
}

ggml_tensor * repeated(ggml_context * c, const json & step, const Inputs & in) {
    const Extent e(step["shape"]);
    return ggml_repeat_4d(c, in[0], e.n[0], e.n[1], e.n[2], e.n[3]);
}

#define ONE(call) [](ggml_context * c, const json &, const Inputs & in) { return call; }
#define STEP(call) [](ggml_context * c, const json & s, const Inputs & in) { return call; }

const std::map<std::string, Make> & makers() {
    static const std::map<std::string, Make> all = {
        {"relu", ONE(ggml_relu(c, in[0]))},
        {"sigmoid", ONE(ggml_sigmoid(c, in[0]))},
        {"tanh", ONE(ggml_tanh(c, in[0]))},
        {"exp", ONE(ggml_exp(c, in[0]))},
        {"abs", ONE(ggml_abs(c, in[0]))},
        {"square", ONE(ggml_sqr(c, in[0]))},
        {"log_softmax", ONE(ggml_log(c, ggml_soft_max(c, in[0])))},
        {"add", ONE(ggml_add(c, in[0], in[1]))},
        {"sub", ONE(ggml_sub(c, in[0], in[1]))},
        {"mul", ONE(ggml_mul(c, in[0], in[1]))},
        {"div", ONE(ggml_div(c, in[0], in[1]))},
        {"mean", ONE(ggml_mean(c, in[0]))},
        {"sum", ONE(ggml_sum_rows(c, in[0]))},
        {"max", ONE(most(c, in[0]))},
        {"min", ONE(ggml_neg(c, most(c, ggml_neg(c, in[0]))))},
        {"matmul", ONE(ggml_mul_mat(c, in[1], in[0]))},
        {"pool", ONE(ggml_pool_2d(c, in[0], GGML_OP_POOL_MAX, 2, 2, 2, 2, 0, 0))},
        {"reshape", ONE(in[0])},
        {"scale", STEP(ggml_scale_bias(c, in[0], s["scale"], s["bias"]))},
        {"clamp", STEP(ggml_clamp(c, in[0], s["low"], s["high"]))},
        {"norm", STEP(ggml_norm(c, in[0], s["epsilon"]))},
        {"conv", STEP(ggml_conv_2d_direct(c, in[1], in[0], s["stride"], s["stride"], s["pad"],
                                          s["pad"], 1, 1))},
        {"slice", part},
        {"transpose", turned},
        {"concat", joined},
        {"resize", resized},
        {"expand", repeated},
    };
    return all;
}

#undef ONE
#undef STEP

json read_json(const std::string & path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("There is no " + path);
    return json::parse(file);
}

std::vector<char> read_bytes(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("There is no " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

struct Heads::Parts {
    ggml_backend_t backend = nullptr;
    ggml_context * constants = nullptr, * steps = nullptr;
    ggml_backend_buffer_t kept = nullptr;
    ggml_gallocr_t memory = nullptr;
    ggml_cgraph * graph = nullptr;
    ggml_tensor * image = nullptr;
    std::map<std::string, ggml_tensor *> named, outputs;

    ~Parts() {
        if (memory) ggml_gallocr_free(memory);
        if (kept) ggml_backend_buffer_free(kept);
        if (steps) ggml_free(steps);
        if (constants) ggml_free(constants);
        if (backend) ggml_backend_free(backend);
    }

    void start(int threads) {
        backend = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr);
        if (!backend) throw std::runtime_error("ggml has no backend for this processor.");
        const auto reg = ggml_backend_dev_backend_reg(ggml_backend_get_device(backend));
        using Set = void (*)(ggml_backend_t, int);
        const auto set = Set(ggml_backend_reg_get_proc_address(reg, "ggml_backend_set_n_threads"));
        if (set) set(backend, threads);
    }

    void load(const json & table, const std::vector<char> & bytes) {
        constants = ggml_init({(table.size() + 1) * ggml_tensor_overhead(), nullptr, true});
        for (const auto & [name, about] : table.items()) {
            const Extent e(about["shape"]);
            named[name] = ggml_new_tensor_4d(constants, GGML_TYPE_F32, e.n[0], e.n[1], e.n[2], e.n[3]);
        }
        kept = ggml_backend_alloc_ctx_tensors(constants, backend);
        std::vector<float> values;
        for (const auto & [name, about] : table.items()) {
            ggml_tensor * to = named[name];
            const size_t count = ggml_nelements(to), at = about["at"];
            const bool half = about["half"];
            if (at + count * (half ? 2 : 4) > bytes.size()) throw std::runtime_error("heads.bin is cut short.");
            values.resize(count);
            if (half) ggml_fp16_to_fp32_row((const ggml_fp16_t *)(bytes.data() + at), values.data(), count);
            else std::copy_n((const float *)(bytes.data() + at), count, values.begin());
            ggml_backend_tensor_set(to, values.data(), 0, count * sizeof(float));
        }
    }

    void build(const json & document, int side) {
        steps = ggml_init({MOST_NODES * ggml_tensor_overhead() + ggml_graph_overhead_custom(MOST_NODES, false),
                           nullptr, true});
        image = named["IMAGE"] = ggml_new_tensor_2d(steps, GGML_TYPE_F32, side, side);
        ggml_set_input(image);
        for (const json & step : document["steps"]) {
            Inputs in;
            for (const std::string name : step["in"]) in.push_back(named.at(name));
            named[step["out"]] = shaped(steps, makers().at(step["op"])(steps, step, in), step["shape"]);
        }
        graph = ggml_new_graph_custom(steps, MOST_NODES, false);
        for (const auto & output : document["outputs"].items()) {
            const std::string & name = output.key();
            ggml_tensor * out = outputs[name] = ggml_cont(steps, named.at(name));
            ggml_set_output(out);
            ggml_build_forward_expand(graph, out);
        }
        memory = ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend));
        if (!ggml_gallocr_alloc_graph(memory, graph)) throw std::runtime_error("There is not enough memory for the heads.");
    }
};

Heads::Heads(const std::string & folder, int side, int threads)
    : parts_(new Parts), side_(side) {
    const json document = read_json(folder + "/heads.json");
    parts_->start(threads);
    parts_->load(document["constants"], read_bytes(folder + "/heads.bin"));
    parts_->build(document, side);
}

Heads::~Heads() = default;

Tensors Heads::run(const Gray & square) {
    if (square.width != side_ || square.height != side_) {
        throw std::runtime_error("The heads take squares of " + std::to_string(side_));
    }
    const std::vector<float> pixels(square.pixels.begin(), square.pixels.end());
    ggml_backend_tensor_set(parts_->image, pixels.data(), 0, pixels.size() * sizeof(float));
    if (ggml_backend_graph_compute(parts_->backend, parts_->graph) != GGML_STATUS_SUCCESS) {
        throw std::runtime_error("The heads failed on this image.");
    }
    Tensors told;
    for (const auto & [name, tensor] : parts_->outputs) {
        std::vector<float> & values = told[name];
        values.resize(ggml_nelements(tensor));
        ggml_backend_tensor_get(tensor, values.data(), 0, values.size() * sizeof(float));
        for (const float value : values) {
            if (!std::isfinite(value)) throw std::runtime_error(name + " holds values that are not numbers.");
        }
    }
    return told;
}
