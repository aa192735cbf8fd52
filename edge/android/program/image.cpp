#include "image.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "stb/stb_image.h"

Gray decode(const std::string & path) {
    int width = 0, height = 0, channels = 0;
    if (!stbi_info(path.c_str(), &width, &height, &channels)) {
        throw std::runtime_error("Give a PNG or JPEG image of one ultrasound frame.");
    }
    if (int64_t(width) * height > 64'000'000) {
        throw std::runtime_error("The image has more than 64 million pixels.");
    }
    uint8_t * rgb = stbi_load(path.c_str(), &width, &height, &channels, 3);
    if (!rgb) throw std::runtime_error("The image is cut short or damaged.");
    Gray image{width, height, std::vector<uint8_t>(size_t(width) * height)};
    for (size_t i = 0; i < image.pixels.size(); i++) {
        const uint8_t * p = rgb + 3 * i;
        image.pixels[i] = uint8_t((p[0] * 299 + p[1] * 587 + p[2] * 114 + 500) / 1000);
    }
    stbi_image_free(rgb);
    return image;
}

namespace {

struct Taps {
    int from;
    std::vector<double> weights;  // their sum is 1
};

std::vector<Taps> taps(int source, int target) {
    const double scale = double(source) / target, support = std::max(scale, 1.0);
    std::vector<Taps> all;
    for (int i = 0; i < target; i++) {
        const double centre = (i + 0.5) * scale;
        const int first = std::max(0, int(std::floor(centre - support - 0.5)));
        const int last = std::min(source - 1, int(std::ceil(centre + support - 0.5)));
        Taps row{first, {}};
        double sum = 0;
        for (int j = first; j <= last; j++) {
            row.weights.push_back(std::max(0.0, 1 - std::abs(j + 0.5 - centre) / support));
            sum += row.weights.back();
        }
        for (double & weight : row.weights) weight /= sum;
        all.push_back(row);
    }
    return all;
}

}  // namespace

Gray resize(const Gray & image, int height, int width) {
    const auto rows = taps(image.height, height), columns = taps(image.width, width);
    Gray out{width, height, std::vector<uint8_t>(size_t(width) * height)};
    std::vector<double> middle(image.width);
    for (int y = 0; y < height; y++) {
        std::fill(middle.begin(), middle.end(), 0.0);
        for (size_t k = 0; k < rows[y].weights.size(); k++) {
            const uint8_t * source = image.pixels.data() + (rows[y].from + k) * image.width;
            for (int x = 0; x < image.width; x++) middle[x] += rows[y].weights[k] * source[x];
        }
        for (int x = 0; x < width; x++) {
            double sum = 0;
            for (size_t k = 0; k < columns[x].weights.size(); k++) {
                sum += columns[x].weights[k] * middle[columns[x].from + k];
            }
            out.pixels[size_t(y) * width + x] = uint8_t(std::floor(sum + 0.5));
        }
    }
    return out;
}
