/* SPDX-License-Identifier: MIT */
#include "bus/bus.h"

#include "bus/embedded.h"
#include "bus/inherit.h"
#include "util/bits.h"

/* In order of preference: hardware comes before the software device. */
static const struct wdi_bus *const buses[] = {
	&wdi_bus_embedded,
};

int wdi_bus_scan(struct wdi_bus_info *list, unsigned int max)
{
	unsigned int found = 0;

	for (size_t i = 0; i < wdi_array_size(buses); i++) {
		unsigned int room = found < max ? max - found : 0;
		int n = buses[i]->scan(list + (room ? found : 0), room);

		if (n > 0)
			found += (unsigned int)n;
	}
	return (int)found;
}

void wdi_bus_fork_hold(void)
{
	wdi_heir_fork_hold();
	for (size_t i = 0; i < wdi_array_size(buses); i++) {
		if (buses[i]->fork_hold)
			buses[i]->fork_hold();
	}
}

void wdi_bus_fork_go_on(void)
{
	for (size_t i = 0; i < wdi_array_size(buses); i++) {
		if (buses[i]->fork_go_on)
			buses[i]->fork_go_on();
	}
	wdi_heir_fork_go_on();
}

void wdi_bus_forked(void)
{
	wdi_heir_forget();
	for (size_t i = 0; i < wdi_array_size(buses); i++) {
		if (buses[i]->forked)
			buses[i]->forked();
	}
}
