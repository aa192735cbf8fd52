// fada-read: one release on one image, with no network.
//
//   fada-read FOLDER IMAGE [--plane NAME] [--mm-per-pixel X[,Y]] [--threads N]
//   fada-read --self-test FOLDER [--threads N] [--repeats N]
//   fada-read --cpu
//   fada-read --judge CASES
//
// FOLDER holds what edge/android/phases.py wrote. The answer is one JSON object on standard output; what went
// wrong is said on standard error, with exit code 1. --judge reads tensors in place of an image: for tests.

#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "cpu.h"
#include "findings.h"
#include "image.h"
#include "judge.h"
#include "letters.h"
#include "reading.h"
#include "selftest.h"

using nlohmann::json;
using Ordered = nlohmann::ordered_json;

namespace {

const char * const USE =
    "fada-read FOLDER IMAGE [--plane NAME] [--mm-per-pixel X[,Y]] [--threads N]\n"
    "fada-read --self-test FOLDER [--threads N] [--repeats N]\n"
    "fada-read --cpu";

struct Words {
    std::vector<std::string> places;
    std::string mode, plane, scale;
    int threads = std::max(1, int(std::thread::hardware_concurrency()) / 2), repeats = 3;
};

Words parse(int count, char ** given) {
    Words words;
    for (int i = 1; i < count; i++) {
        const std::string word = given[i];
        const bool more = i + 1 < count;
        if (word == "--self-test" || word == "--judge" || word == "--cpu") words.mode = word;
        else if (word == "--plane" && more) words.plane = given[++i];
        else if (word == "--mm-per-pixel" && more) words.scale = given[++i];
        else if (word == "--threads" && more) words.threads = std::atoi(given[++i]);
        else if (word == "--repeats" && more) words.repeats = std::atoi(given[++i]);
        else if (word.rfind("--", 0) == 0) throw std::runtime_error(USE);
        else words.places.push_back(word);
    }
    const size_t places = words.mode == "--cpu" ? 0 : words.mode.empty() ? 2 : 1;
    if (words.places.size() != places || words.threads < 1 || words.repeats < 1) throw std::runtime_error(USE);
    return words;
}

std::optional<Scale> scale_of(const std::string & text) {
    if (text.empty()) return std::nullopt;
    char * end = nullptr;
    Scale scale{std::strtod(text.c_str(), &end), 0};
    scale.y = *end == ',' ? std::strtod(end + 1, &end) : scale.x;
    const bool sound = scale.x > 0 && scale.y > 0 && scale.x < 10 && scale.y < 10;
    if (*end != '\0' || !sound) throw std::runtime_error("Give millimetres a pixel: 0.21, or 0.21,0.19 for x and y.");
    return scale;
}

// One judged frame a case: {"heads", "width", "height", "scale", "tensors": {NAME: [...]}, "words"}; the findings
// of one and which of its words they bear out, where there is no "scale"; or whether there is text in an {"image"}.
void judge_cases(const std::string & path) {
    std::ifstream file(path);
    Ordered all = Ordered::array();
    for (const json & one : json::parse(file)) {
        if (one.contains("image")) {
            all.push_back(has_text(decode(one["image"])));
            continue;
        }
        const auto tensors = one["tensors"].get<Tensors>();
        const Ordered words = Ordered::parse(one["words"].dump());
        if (!one.contains("scale")) {
            const Findings findings = findings_of(one["heads"], tensors);
            all.push_back({{"line", line_of(findings)}, {"words", borne_out(words, findings, one["heads"]["words"])}});
            continue;
        }
        Frame frame{one["width"], one["height"], std::nullopt};
        if (!one["scale"].is_null()) frame.scale = Scale{one["scale"][0], one["scale"][1]};
        all.push_back(judge(one["heads"], tensors, frame, words));
    }
    std::cout << all.dump() << "\n";
}

int run(const Words & words) {
    if (words.mode == "--cpu") {
        std::cout << cpu_variant() << " " << cpu_features() << "\n";
        return 0;
    }
    if (words.mode == "--self-test") return self_test(words.places[0], words.threads, words.repeats);
    if (words.mode == "--judge") {
        judge_cases(words.places[0]);
        return 0;
    }
    Wanted wanted;
    wanted.folder = words.places[0], wanted.image = words.places[1], wanted.plane = words.plane;
    wanted.scale = scale_of(words.scale), wanted.threads = words.threads;
    std::cout << read_image(phases_of(wanted.folder), wanted).dump() << "\n";
    return 0;
}

}  // namespace

int main(int count, char ** words) {
    try {
        return run(parse(count, words));
    } catch (const std::exception & problem) {
        std::cerr << problem.what() << "\n";
        return 1;
    }
}
