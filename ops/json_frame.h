/* Finds the frame inside a recorded line, {"recv":..,"frame":{..}}, byte for byte. */
#ifndef CANDLED_OPS_JSON_FRAME_H
#define CANDLED_OPS_JSON_FRAME_H

#include "runtime/slice.h"

#include <stdbool.h>

/* False: the line is an object without a member "frame", or no object at all. */
bool json_frame_find(struct slice line, struct slice *out_frame);

#endif
