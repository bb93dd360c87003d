/* SPDX-License-Identifier: MIT */
#ifndef WEFT_DRV_DRIVERS_H
#define WEFT_DRV_DRIVERS_H

struct wdi_driver;

extern const struct wdi_driver wdi_sdev_driver;

#endif
