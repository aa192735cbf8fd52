// Is there text burned into a frame? Nothing reads it (services/reading/images/picture.py).
#pragma once

#include "image.h"

// Whether the frame holds at least five letters in a row at one of three brightness levels.
bool has_text(const Gray & frame);
