/* SPDX-License-Identifier: MIT */
#include "util/step.h"

__thread unsigned int wdi_step_depth __attribute__((tls_model("initial-exec")));
