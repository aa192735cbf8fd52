// Which of the builds of ggml's CPU backend this processor gets.
#pragma once

#include <string>

#include "ggml-backend.h"

std::string cpu_variant();   // "i8mm", "dotprod" or "plain"
std::string cpu_features();  // what Linux says of it, of what matters here
