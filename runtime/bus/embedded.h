/* SPDX-License-Identifier: MIT */
/* The software device in the same process. */
#ifndef WEFT_BUS_EMBEDDED_H
#define WEFT_BUS_EMBEDDED_H

#include "bus/bus.h"

extern const struct wdi_bus wdi_bus_embedded;

#endif
