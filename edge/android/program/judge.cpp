#include "judge.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "confidence.h"
#include "withhold.h"

using nlohmann::json;
using Ordered = nlohmann::ordered_json;

namespace {

Ordered scored(const std::string & label, double confidence) {
    return {{"label", label}, {"confidence", rounded(confidence, 4)}};
}

Ordered pairs(const Points & points) {
    Ordered all = Ordered::array();
    for (const Point & p : points) all.push_back({rounded(p.x, 2), rounded(p.y, 2)});
    return all;
}

Ordered maybe(const std::optional<double> & value) { return value ? Ordered(*value) : Ordered(nullptr); }

Rules rules_of(const json & about) {
    Rules rules;
    for (const auto & item : about["intervals"].items()) rules.intervals[item.key()] = item.value();
    if (!about["hc_interval"].is_null()) rules.intervals.emplace("HC", about["hc_interval"]);
    for (const auto & item : about["elongation"].items()) rules.elongation[item.key()] = item.value();
    return rules;
}

// One frame that is judged: what is found goes into its reading step by step.
class Judgement {
  public:
    Judgement(const json & heads, const Tensors & raw, const Frame & frame)
        : labels_(heads["labels"]), rules_(heads["calibration"]), mapping_(heads["mapping"]),
          withheld_(heads["withhold"]),
          cells_(heads["side"].get<int>() / 2), raw_(raw), frame_(frame), measured_(rules_of(rules_)) {}

    Ordered all(const Ordered & words) {
        Ordered told = first();
        if (!abstentions_.empty()) return finish(told);
        const std::string plane = told["planes"][0]["label"];
        told["plane"] = told["planes"][0];
        if (!words.is_null()) told["interpretation"] = words;
        if (withhold(told["interpretation"], withheld_)) told["flags"].push_back("text_withheld");
        told["classification"] = plane;
        told["mapping"] = mapping_[plane];
        told["structures"] = structures(plane);
        told["subplane"] = subplane(plane);
        told["keypoints"] = keypoints(plane);
        measure_and_date(plane, told);
        return finish(told);
    }

  private:
    Ordered first() {
        const double scope = sigmoid(rules_["scope_platt"], raw_.at("SCOPE")[0]);
        const double quality = sigmoid(rules_["quality_platt"], raw_.at("QUALITY")[0]);
        const std::vector<double> chances = softmax(raw_.at("PLANE"), rules_["plane_temperature"]);
        std::vector<std::pair<std::string, double>> ranked;
        for (size_t i = 0; i < chances.size(); i++) ranked.emplace_back(labels_["planes"][i], chances[i]);
        std::stable_sort(ranked.begin(), ranked.end(), [](const auto & a, const auto & b) { return a.second > b.second; });
        Ordered planes = Ordered::array();
        for (const auto & [label, chance] : ranked) planes.push_back(scored(label, chance));
        if (scope < rules_["scope"].get<double>()) abstain("out_of_scope", "image");
        else if (quality < rules_["quality"].get<double>()) abstain("too_poor", "image");
        else if (planes[0]["confidence"].get<double>() < rules_["plane"].get<double>()) abstain("unknown_plane", "plane");
        const Ordered none = Ordered::array();
        return {{"width", frame_.width}, {"height", frame_.height},
                {"in_scope", scope >= rules_["scope"].get<double>()}, {"scope_confidence", rounded(scope, 4)},
                {"quality", rounded(quality, 4)}, {"plane", nullptr}, {"planes", planes},
                {"interpretation", Ordered::object()}, {"classification", nullptr}, {"mapping", nullptr},
                {"structures", none}, {"keypoints", none}, {"measurements", none}, {"datings", none},
                {"centiles", none}, {"abstentions", none}, {"flags", none}, {"subplane", nullptr}, {"angles", none}};
    }

    Ordered structures(const std::string & plane) {
        std::set<std::string> wanted;
        for (const json & names : {labels_["structures_by_plane"].value(plane, json::array()), mapping_[plane]["structures"]}) {
            for (const std::string name : names) wanted.insert(name);
        }
        Ordered all = Ordered::array();
        for (size_t i = 0; i < labels_["boxes"].size(); i++) {
            const std::string label = labels_["boxes"][i];
            if (wanted.count(label)) structure(plane, label, raw_.at("BOXES").data() + 5 * i, all);
        }
        return all;
    }

    void structure(const std::string & plane, const std::string & label, const float * box, Ordered & all) {
        const double confidence = probability(rules_, label, box[4]);
        if (confidence < of(rules_["structure"], label, 0.5)) return abstain("low_confidence", label);
        const double cx = box[0], cy = box[1], w = box[2], h = box[3];
        const auto edge = [](double at, int size) { return rounded(std::clamp(at, 0.0, 1.0) * size, 2); };
        Ordered told = {{"label", label}, {"confidence", rounded(confidence, 4)},
                        {"box", {edge(cx - w / 2, frame_.width), edge(cy - h / 2, frame_.height),
                                 edge(cx + w / 2, frame_.width), edge(cy + h / 2, frame_.height)}},
                        {"polygon", Ordered::array()}, {"mask", nullptr}, {"area_px", nullptr}};
        if (auto border = border_of(label)) {
            if (filling(*border) < of(rules_["filling"], label, 0)) return abstain("low_confidence", label);
            outlines_[label] = *border;
            const json shown = rules_["ellipses"].value(plane, json::array());
            const bool round = std::find(shown.begin(), shown.end(), label) != shown.end();
            if (round) border = as_ellipse(*border, frame_.width, frame_.height);
            told["area_px"] = filled(*border, frame_.width, frame_.height);
            const auto box4 = bounds(*border);
            told["box"] = {rounded(box4[0], 2), rounded(box4[1], 2), rounded(box4[2], 2), rounded(box4[3], 2)};
            told["polygon"] = pairs(resample(*border));
        }
        all.push_back(told);
    }

    std::optional<Points> border_of(const std::string & label) const {
        const auto & masks = labels_["masks"];
        const auto found = std::find(masks.begin(), masks.end(), label);
        if (found == masks.end()) return std::nullopt;
        const float * logits = raw_.at("MASKS").data() + size_t(found - masks.begin()) * cells_ * cells_;
        const auto traced = outline(logits, cells_, cells_, of(rules_["mask_level"], label, 0));
        if (!traced) return std::nullopt;
        return scaled(*traced, frame_.width, frame_.height);
    }

    Ordered subplane(const std::string & plane) {
        if (plane != "head" || labels_["subplanes"].empty() || !raw_.count("SUBPLANE")) return nullptr;
        const std::vector<double> chances = softmax(raw_.at("SUBPLANE"), rules_["subplane_temperature"]);
        const size_t best = std::max_element(chances.begin(), chances.end()) - chances.begin();
        if (chances[best] < rules_["subplane"].get<double>()) {
            abstain("unknown_subplane", "subplane");
            return nullptr;
        }
        return scored(labels_["subplanes"][best], chances[best]);
    }

    Ordered keypoints(const std::string & plane) {
        Ordered all = Ordered::array();
        const json own = labels_["keypoints_by_plane"].value(plane, json::array());
        for (size_t i = 0; i < labels_["keypoints"].size(); i++) {
            const std::string label = labels_["keypoints"][i];
            if (std::find(own.begin(), own.end(), label) == own.end()) continue;
            const float * at = raw_.at("KEYPOINTS").data() + 3 * i;
            const double x = rounded(double(at[0]) * frame_.width, 2), y = rounded(double(at[1]) * frame_.height, 2);
            const double confidence = rounded(probability(rules_, label, at[2]), 4);
            all.push_back({{"label", label}, {"x", x}, {"y", y}, {"confidence", confidence}});
            if (confidence >= of(rules_["structure"], label, 0.5)) sure_[label] = {x, y};
        }
        return all;
    }

    void measure_and_date(const std::string & plane, Ordered & told) {
        const auto found = measure(plane, outlines_, frame_.scale, measured_, sure_);
        for (const Measurement & m : found) {
            told["measurements"].push_back(
                {{"name", m.name}, {"px", m.px}, {"mm", maybe(m.mm)}, {"mm_low", maybe(m.low)},
                 {"mm_high", maybe(m.high)}, {"calibration", m.mm ? "scale_bar" : "not_calibrated"},
                 {"method", m.method}, {"points", pairs(m.points)}});
        }
        if (!found.empty() && !found[0].mm) abstain("not_calibrated", found[0].name);
        if (!found.empty() && found[0].name == "HC" && found[0].mm) {
            const auto dated = date_by_head(*found[0].mm);
            if (dated.empty()) abstain("out_of_range", "gestational_age");
            for (const Dating & d : dated) {
                told["datings"].push_back({{"equation", d.equation}, {"measurement", d.measurement}, {"days", d.days},
                                           {"low_days", maybe(d.low)}, {"high_days", maybe(d.high)}, {"text", d.text}});
            }
        }
        with_measured(told["interpretation"], found, told["datings"]);
        for (const Angle & a : angles(plane, outlines_, frame_.scale, measured_)) {
            told["angles"].push_back({{"name", a.name}, {"degrees", a.degrees}, {"low", a.low}, {"high", a.high},
                                      {"method", a.method}, {"points", pairs(a.points)}});
        }
    }

    // What was measured outranks what the text model, which sees no scale, could say of it: an image with
    // millimetres needs no calibration, and its age is what they date, or is not stated.
    static void with_measured(Ordered & words, const std::vector<Measurement> & found, const Ordered & datings) {
        const auto known = [](const Measurement & m) { return m.mm.has_value(); };
        if (words.empty() || std::none_of(found.begin(), found.end(), known)) return;
        std::string ages, kept;
        for (const auto & d : datings) {
            ages += (ages.empty() ? "" : ". ") + d["text"].get<std::string>() + " by " + d["equation"].get<std::string>();
        }
        words["gestational_age"] = ages.empty() ? "Not stated." : ages + ".";
        const std::string advice = words.value("clinical_recommendations", "");
        bool any = false;
        for (size_t from = 0; from <= advice.size();) {
            const size_t to = std::min(advice.find(". ", from), advice.size());
            const std::string sentence = advice.substr(from, to - from);
            if (sentence.find("calibrated image") == std::string::npos) kept += (any ? ". " : "") + sentence, any = true;
            from = to + 2;
        }
        words["clinical_recommendations"] = kept;
    }

    void abstain(const std::string & why, const std::string & about) { abstentions_.push_back({why, about}); }

    Ordered finish(Ordered & told) const {
        told["abstentions"] = abstentions_;
        return told;
    }

    const json & labels_, & rules_, & mapping_, & withheld_;
    int cells_;
    const Tensors & raw_;
    Frame frame_;
    Rules measured_;
    Ordered abstentions_ = Ordered::array();
    Outlines outlines_;
    Sure sure_;
};

}  // namespace

std::string likeliest(const json & heads, const Tensors & raw) {
    const auto & logits = raw.at("PLANE");
    return heads["labels"]["planes"][std::max_element(logits.begin(), logits.end()) - logits.begin()];
}

Ordered judge(const json & heads, const Tensors & raw, const Frame & frame, const Ordered & words) {
    return Judgement(heads, raw, frame).all(words);
}
