// From a file to the square that every release sees: the hub's own resize (services/reading/images/picture.py).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Gray {
    int width = 0, height = 0;
    std::vector<uint8_t> pixels;  // rows from the top
};

// Decode a PNG or JPEG as grey; throws std::runtime_error where it is none.
Gray decode(const std::string & path);

// A separable triangle filter in doubles, widened when reducing, rounded half up once.
Gray resize(const Gray & image, int height, int width);
