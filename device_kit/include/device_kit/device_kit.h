/* SPDX-License-Identifier: Apache-2.0 */
/* All of device_kit's interface. */
#ifndef DEVICE_KIT_H_
#define DEVICE_KIT_H_

#include "device_kit/error.h"
#include "device_kit/executor.h"
#include "device_kit/framing.h"
#include "device_kit/model.h"
#include "device_kit/platform.h"
#include "device_kit/pool.h"
#include "device_kit/server.h"
#include "device_kit/session.h"

#endif
