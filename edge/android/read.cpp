// fada-read: the phases of a release in words, on one image, with no network.
//
//   fada-read FOLDER IMAGE [--plane NAME] [--threads N]
//
// FOLDER holds text.gguf, mmproj.gguf and phases.json (edge/android/phases.py). The answer is one
// JSON object on standard output; what went wrong is said on standard error, with exit code 1.

#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "image.h"
#include "model.h"
#include "nlohmann/json.hpp"
#include "rules.h"

using nlohmann::json;
using Ordered = nlohmann::ordered_json;

namespace {

struct Wanted {
    std::string folder, image, plane;
    int threads = std::max(1, int(std::thread::hardware_concurrency()) / 2);
};

Wanted parse(int count, char ** words) {
    Wanted wanted;
    std::vector<std::string> places;
    for (int i = 1; i < count; i++) {
        const std::string word = words[i];
        if (word == "--plane" && i + 1 < count) wanted.plane = words[++i];
        else if (word == "--threads" && i + 1 < count) wanted.threads = std::stoi(words[++i]);
        else places.push_back(word);
    }
    if (places.size() != 2 || wanted.threads < 1) {
        throw std::runtime_error("fada-read FOLDER IMAGE [--plane NAME] [--threads N]");
    }
    wanted.folder = places[0], wanted.image = places[1];
    return wanted;
}

json phases_of(const std::string & folder) {
    std::ifstream file(folder + "/phases.json");
    if (!file) throw std::runtime_error("There is no phases.json in " + folder);
    return json::parse(file);
}

// The phases of one image, in the hub's order (services/reading/phases.py).
class Reading {
  public:
    Reading(Model & model, const json & phases) : model_(model), phases_(phases) {}

    Ordered all(const std::string & plane) {
        if (phases_["follows_plane"]) {  // its words are about a plane that is known
            std::string label = plane;
            if (label.empty()) label = classify();
            interpret(label);
            return finish(label);
        }
        interpret(plane);
        return finish(plane.empty() ? classify() : plane);
    }

    Ordered seconds = Ordered::object();

  private:
    Ordered ask(const char * phase, const json & form) {
        const auto began = std::chrono::steady_clock::now();
        const std::string answer = model_.ask(form["prompt"], form["grammar"]);
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
        seconds[phase] = std::round(spent.count() * 1000) / 1000;
        return answers_[phase] = Ordered::parse(answer);
    }

    std::string classify() {
        if (!phases_.contains("classify")) return "";
        return ask("classify", phases_["classify"])["label"];
    }

    void interpret(const std::string & plane) {
        const json & forms = phases_["interpret"];
        if (forms.empty()) return;
        const auto form = forms.contains(plane) ? plane : std::string();
        const Ordered fields = ask("interpret", forms[form]);
        for (const auto & [name, words] : fields.items()) {
            told_[name] = words.get<std::string>();
        }
    }

    Ordered finish(const std::string & label) {
        const std::string group = group_of(phases_["rules"], label, told_);
        answers_["map"] = group;
        const json & forms = phases_["groups"][group];
        for (const char * phase : {"detect", "segment"}) {
            if (forms.contains(phase)) ask(phase, forms[phase]);
        }
        return answers_;
    }

    Model & model_;
    const json & phases_;
    Fields told_;
    Ordered answers_ = Ordered::object();
};

int run(const Wanted & wanted) {
    const json phases = phases_of(wanted.folder);
    const int side = phases["side"], text_side = phases["text_side"];
    Model model(wanted.folder + "/text.gguf", wanted.folder + "/mmproj.gguf", text_side,
                wanted.threads);
    const Gray image = decode(wanted.image);
    const auto began = std::chrono::steady_clock::now();
    model.look(resize(resize(image, side, side), text_side, text_side), phases["before"]);
    const std::chrono::duration<double> encoded = std::chrono::steady_clock::now() - began;
    Reading reading(model, phases);
    reading.seconds["encode"] = std::round(encoded.count() * 1000) / 1000;
    Ordered told;
    told["label"] = phases["label"];
    told["release"] = phases["release"];
    told["width"] = image.width, told["height"] = image.height;
    told["phases"] = reading.all(wanted.plane);
    told["seconds"] = reading.seconds;
    std::cout << told.dump() << "\n";
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
