// Shapes: from mask logits to outlines, ellipses and areas (services/reading/images/geometry.py).
#pragma once

#include <array>
#include <optional>
#include <vector>

struct Point {
    double x = 0, y = 0;
};
using Points = std::vector<Point>;  // closed implicitly

// Centre, semi-axes a >= b and the angle of a in radians, in the unit of the points it came from.
struct Ellipse {
    double cx, cy, a, b, angle;
    double perimeter() const;
    double area() const;
    std::array<Point, 4> ends() const;  // of the long axis, then of the short one
    // The ends of the diameter that is parallel to the line from start to end, in its sense.
    std::array<Point, 2> diameter(Point start, Point end) const;
};

// The outer border of the largest region above level, in 0..1 of the square, from its highest point on.
std::optional<Points> outline(const float * logits, int width, int height, double level);

// The ellipse with a polygon's moments in its place, cut at the frame; a degenerate polygon as it is.
Points as_ellipse(const Points & points, int width, int height);

double area(const Points & points);  // signed
std::optional<Ellipse> ellipse(const Points & points);
double filling(const Points & points);  // the share that a polygon fills of the ellipse with its moments
Points resample(const Points & points);  // at most 64 points, evenly spaced
std::array<double, 4> bounds(const Points & points);
long filled(const Points & points, int width, int height);  // pixels whose centre lies inside
Points scaled(const Points & points, double x, double y);

// As Python rounds: correctly, from the number's exact value.
double rounded(double value, int digits);
