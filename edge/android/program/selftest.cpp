#include "selftest.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cpu.h"
#include "reading.h"

extern "C" {
#include "hash/sha256/sha256.h"
}

using nlohmann::json;
using Ordered = nlohmann::ordered_json;

namespace {

constexpr double PIXELS = 0.05;  // as far as a measure may be off: another order of the same sums

json read_expected(const std::string & folder) {
    std::ifstream file(folder + "/selftest.json");
    if (!file) throw std::runtime_error("There is no selftest.json in " + folder);
    return json::parse(file);
}

// The first line of a file that begins so, without that; empty where there is none.
std::string line_of(const char * path, const std::string & begin) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.rfind(begin, 0) != 0) continue;
        line.erase(0, begin.size());
        line.erase(0, line.find_first_not_of(" \t"));
        return line.substr(0, line.find('\0'));
    }
    return "";
}

std::string hash_of(const std::string & text) {
    unsigned char digest[SHA256_DIGEST_SIZE];
    sha256_hash(digest, (const unsigned char *)text.data(), text.size());
    char hex[17] = "";
    for (int i = 0; i < 8; i++) std::snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return hex;
}

// What must be the very same: all answers that are no numbers of a measurement.
std::string answers_of(const Ordered & told) {
    if (told.contains("phases")) return told["phases"].dump();
    const Ordered & reading = told["reading"];
    Ordered exact = {{"plane", reading["classification"]}, {"words", reading["interpretation"]},
                     {"abstentions", reading["abstentions"]}, {"structures", Ordered::array()}};
    for (const Ordered & structure : reading["structures"]) exact["structures"].push_back(structure["label"]);
    return exact.dump();
}

void line(const std::string & name, const std::string & value) {
    std::cout << std::left << std::setw(10) << name << value << "\n";
}

void print_machine(int threads) {
    utsname system{};
    uname(&system);
    const std::string model = line_of("/proc/device-tree/model", "");
    line("machine", std::string(system.machine) + (model.empty() ? "" : ", " + model) + ", kernel " + system.release);
    line("cpu", std::to_string(std::thread::hardware_concurrency()) + " cores, features: " + cpu_features());
    line("variant", cpu_variant() + ", " + std::to_string(threads) + " threads");
}

void print_seconds(std::map<std::string, std::vector<double>> & spent) {
    std::cout << "seconds   first, then the middle of the others\n";
    std::cout << std::fixed << std::setprecision(3);
    for (auto & [phase, all] : spent) {
        std::cout << "  " << std::left << std::setw(11) << phase << all[0];
        std::sort(all.begin() + 1, all.end());
        if (all.size() > 1) std::cout << "  " << all[1 + (all.size() - 1) / 2];
        std::cout << "\n";
    }
}

bool print_measures(const Ordered & told, const json & expected) {
    bool same = true;
    for (const json & want : expected["measurements"]) {
        double px = NAN;
        for (const Ordered & m : told["reading"]["measurements"]) {
            if (m["name"].get<std::string>() == want["name"].get<std::string>()) px = m["px"];
        }
        const bool near = std::abs(px - want["px"].get<double>()) <= PIXELS;
        same = same && near;
        std::cout << "  " << want["name"].get<std::string>() << " " << std::setprecision(2) << px << " px, expected "
                  << want["px"].get<double>() << (near ? "" : "  DIFFERS") << "\n";
    }
    return same;
}

}  // namespace

int self_test(const std::string & folder, int threads, int repeats) {
    const json phases = phases_of(folder), expected = read_expected(folder);
    Wanted wanted;
    wanted.folder = folder, wanted.threads = threads;
    wanted.image = folder + "/" + expected["image"].get<std::string>();
    std::map<std::string, std::vector<double>> spent;
    Ordered told;
    for (int i = 0; i < repeats; i++) {
        told = read_image(phases, wanted);
        double sum = 0;
        for (const auto & phase : told["seconds"].items()) {
            spent[phase.key()].push_back(phase.value());
            sum += phase.value().get<double>();
        }
        spent["sum"].push_back(sum);
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::cout << "--- fada-read self-test: send this block back ---\n";
    line("release", phases["release"]);
    print_machine(threads);
    line("memory", std::to_string(used.ru_maxrss / 1024) + " MB at most, of " + line_of("/proc/meminfo", "MemTotal:"));
    print_seconds(spent);
    const std::string hash = hash_of(answers_of(told)), want = expected["answers"];
    const bool known = !want.empty(), equal = !known || hash == want;
    line("answers", hash + (known ? ", expected " + want : ", nothing to compare with") + (equal ? "" : "  DIFFERS"));
    const bool same = print_measures(told, expected) && equal;
    line("result", same ? "as expected" : "NOT as expected");
    std::cout << "--- end ---\n";
    return same ? 0 : 1;
}
