#include "reading.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "findings.h"
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

// A loaded text model, and what it is asked about: an image, or what the heads found in it.
class Text {
  public:
    Text(const json & phases, const Wanted & wanted, const Gray & square, Clock & clock)
        : Text(phases, wanted, clock, "/mmproj.gguf") {
        const int side = phases["text_side"];
        clock.time("encode", [&] {
            model_->look(resize(square, side, side), phases["before"]);
            return 0;
        });
    }

    Text(const json & phases, const Wanted & wanted, const std::string & findings, Clock & clock)
        : Text(phases, wanted, clock, "") {
        model_->read(findings, phases["before"]);
    }

    Ordered ask(const char * phase, const json & form) {
        return clock_.time(phase, [&] { return Ordered::parse(model_->ask(form["prompt"], form["grammar"])); });
    }

  private:
    Text(const json & phases, const Wanted & wanted, Clock & clock, const std::string & tower) : clock_(clock) {
        const std::string text = wanted.folder + "/text.gguf", mmproj = tower.empty() ? "" : wanted.folder + tower;
        const int side = phases["text_side"];  // of images: 0 where none are read
        model_ = clock.time("load", [&] { return std::make_unique<Model>(text, mmproj, side, wanted.threads); });
    }

    Clock & clock_;
    std::unique_ptr<Model> model_;
};

const json & form_of(const json & forms, const std::string & plane) {
    return forms[forms.contains(plane) ? plane : std::string()];
}

// Heads name the plane, and the text model is asked about that plane, or about their findings; nothing is asked
// about an image that is not read.
void by_heads(const json & phases, const Wanted & wanted, const Gray & square, const Frame & frame, Clock & clock,
              Ordered & told) {
    const json & about = phases["heads"];
    const Tensors raw = clock.time("vision", [&] { return Heads(wanted.folder, square.width, wanted.threads).run(square); });
    told["reading"] = judge(about, raw, frame, nullptr);
    if (told["reading"]["plane"].is_null() || phases["interpret"].empty()) return;
    const json & form = form_of(phases["interpret"], likeliest(about, raw));
    if (!about.contains("words")) {
        told["reading"] = judge(about, raw, frame, Text(phases, wanted, square, clock).ask("interpret", form));
        return;
    }
    const Findings findings = findings_of(about, raw);
    told["findings"] = line_of(findings);
    const Ordered said = Text(phases, wanted, line_of(findings), clock).ask("interpret", form);
    told["reading"] = judge(about, raw, frame, borne_out(said, findings, about["words"]));
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
    if (heads) by_heads(phases, wanted, square, {image.width, image.height, wanted.scale}, clock, told);
    else told["phases"] = by_words(phases, wanted, square, clock);
    if (heads && has_text(image)) told["reading"]["flags"].push_back("burned_in_text");
    told["seconds"] = seconds;
    return told;
}
