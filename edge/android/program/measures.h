// What is measured in each plane (services/reading/measures.py) and dated by it (services/domain/biometry.py).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "geometry.h"

struct Scale {  // millimetres a pixel, as a person gave it
    double x, y;
};

using Interval = std::optional<std::array<double, 2>>;  // half-width: first + second * value

struct Rules {
    std::map<std::string, std::array<double, 2>> intervals;
    std::map<std::string, double> elongation;
    Interval interval(const std::string & name) const;
};

struct Measurement {
    std::string name;
    double px;
    std::optional<double> mm, low, high;
    std::string method;
    Points points;
};

struct Angle {
    std::string name;
    double degrees, low, high;
    std::string method;
    Points points;
};

struct Dating {
    std::string equation, measurement;
    double days;
    std::optional<double> low, high;
    std::string text;
};

using Outlines = std::map<std::string, Points>;  // pixels of the frame, by structure
using Sure = std::map<std::string, Point>;       // keypoints that are certain enough

std::vector<Measurement> measure(const std::string & plane, const Outlines & outlines,
                                 const std::optional<Scale> & scale, const Rules & rules,
                                 const Sure & keypoints);
std::vector<Angle> angles(const std::string & plane, const Outlines & outlines,
                          const std::optional<Scale> & scale, const Rules & rules);
std::vector<Dating> date_by_head(double hc_mm);
