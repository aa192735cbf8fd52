#include "reading.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "heads.h"
#include "image.h"
#include "judge.h"
#include "letters.h"
#include "model.h"
#include "rules.h"
#include "withhold.h"

using nlohmann::json;
using Ordered = nlohmann::ordered_json;

namespace {

class Clock {
  public:
    explicit Clock(Ordered & seconds) : seconds_(seconds) {}

    template <typename Work> auto time(const char * phase, Work work) {
        const auto began = std::chrono::steady_clock::now();
        auto result = work();
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
        seconds_[phase] = std::round(spent.count() * 1000) / 1000;
        return result;
    }

  private:
    Ordered & seconds_;
};

// A loaded text model that has seen the image.
class Text {
  public:
    Text(const json & phases, const Wanted & wanted, const Gray & square, Clock & clock) : clock_(clock) {
        const int side = phases["text_side"];
        const std::string text = wanted.folder + "/text.gguf", mmproj = wanted.folder + "/mmproj.gguf";
        model_ = clock.time("load", [&] { return std::make_unique<Model>(text, mmproj, side, wanted.threads); });
        clock.time("encode", [&] {
            model_->look(resize(square, side, side), phases["before"]);
            return 0;
        });
    }

    Ordered ask(const char * phase, const json & form) {
        return clock_.time(phase, [&] { return Ordered::parse(model_->ask(form["prompt"], form["grammar"])); });
    }

  private:
    Clock & clock_;
    std::unique_ptr<Model> model_;
};

const json & form_of(const json & forms, const std::string & plane) {
    return forms[forms.contains(plane) ? plane : std::string()];
}

// Heads name the plane, and the text model is asked about that plane; nothing is asked about an image that
// is not read.
Ordered by_heads(const json & phases, const Wanted & wanted, const Gray & square, const Frame & frame, Clock & clock) {
    const json & about = phases["heads"];
    const Tensors raw = clock.time("vision", [&] { return Heads(wanted.folder, square.width, wanted.threads).run(square); });
    Ordered told = judge(about, raw, frame, nullptr);
    if (told["plane"].is_null() || phases["interpret"].empty()) return told;
    Text text(phases, wanted, square, clock);
    return judge(about, raw, frame, text.ask("interpret", form_of(phases["interpret"], likeliest(about, raw))));
}

// Without heads every phase is asked of the text model.
Ordered by_words(const json & phases, const Wanted & wanted, const Gray & square, Clock & clock) {
    Text text(phases, wanted, square, clock);
    Ordered told = Ordered::object();
    Fields fields;
    std::string label = wanted.plane;
    if (!phases["interpret"].empty()) {
        told["interpret"] = text.ask("interpret", form_of(phases["interpret"], label));
        const Ordered generated = told["interpret"];  // phase 3 sees what was said, nobody else does
        withhold(told["interpret"], phases["withhold"]);
        for (const auto & field : generated.items()) fields[field.key()] = field.value();
    }
    if (label.empty() && phases.contains("classify")) {
        told["classify"] = text.ask("classify", phases["classify"]);
        label = told["classify"]["label"];
    }
    const std::string group = group_of(phases["rules"], label, fields);
    told["map"] = group;
    const json & forms = phases["groups"][group];
    for (const char * phase : {"detect", "segment"}) {
        if (forms.contains(phase)) told[phase] = text.ask(phase, forms[phase]);
    }
    return told;
}

}  // namespace

json phases_of(const std::string & folder) {
    std::ifstream file(folder + "/phases.json");
    if (!file) throw std::runtime_error("There is no phases.json in " + folder);
    return json::parse(file);
}

Ordered read_image(const json & phases, const Wanted & wanted) {
    const bool heads = phases.contains("heads");
    if (heads && !wanted.plane.empty()) {
        throw std::runtime_error("The heads of this release name the plane; --plane is for releases without.");
    }
    if (!heads && wanted.scale) {
        throw std::runtime_error("A release without heads measures nothing; --mm-per-pixel is for those with.");
    }
    const int side = phases["side"];
    const Gray image = decode(wanted.image);
    const Gray square = resize(image, side, side);
    Ordered told, seconds = Ordered::object();
    Clock clock(seconds);
    told["label"] = phases["label"];
    told["release"] = phases["release"];
    told["width"] = image.width, told["height"] = image.height;
    if (heads) told["reading"] = by_heads(phases, wanted, square, {image.width, image.height, wanted.scale}, clock);
    else told["phases"] = by_words(phases, wanted, square, clock);
    if (heads && has_text(image)) told["reading"]["flags"].push_back("burned_in_text");
    told["seconds"] = seconds;
    return told;
}
