/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tidepool - memory that comes and goes while it is in use.  Include this one. */
#ifndef TIDEPOOL_TIDEPOOL_H
#define TIDEPOOL_TIDEPOOL_H

#include <tidepool/error.h>
#include <tidepool/fault.h>
#include <tidepool/gpu.h>
#include <tidepool/hotplug.h>
#include <tidepool/machine.h>
#include <tidepool/mapping.h>
#include <tidepool/net.h>
#include <tidepool/notifier.h>
#include <tidepool/numa.h>
#include <tidepool/page.h>
#include <tidepool/slab.h>
#include <tidepool/types.h>
#include <tidepool/uevent.h>

#endif
