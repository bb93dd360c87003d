/* SPDX-License-Identifier: MIT */
#include "drivers.h"

#include "core/driver.h"

const struct wdi_driver *const wdi_drivers[] = {
	&wdi_sdev_driver,
	NULL,
};
