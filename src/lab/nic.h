/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nic - a network device of a lab machine: a simulated function, the driver on it, what it is
 * plugged into and what its frames are for.
 *
 * Invariants
 *  N1  At rest every frame is accounted for: what the wire brought, what the device wrote, what the
 *      driver delivered or dropped by name, and what it sent, agree queue by queue; and so do the
 *      devices with the wire between them.
 *
 *  N2  What a device is used for changes under traffic: who was told of a frame before
 *      tp_nic_use() returned is told no more after it.
 *
 * Locking: the machine's lock for the lists, which only the script's thread changes; whoever holds
 * it may look at the devices and cables in them, for they are listed whole and taken out before
 * they go.  What a device is plugged into is the script's.  Roles are taken and left without a
 * lock: some who leave them hold the machine's.
 */
#ifndef TP_LAB_NIC_H
#define TP_LAB_NIC_H

#include <tidepool/net.h>

#include "core/list.h"
#include "lab/findings.h"
#include "model/avf/avf_model.h"
#include "net/avf/avf.h"

struct tp_lab_machine;
struct tp_cable;

/* What somebody can use a device for. */
enum tp_nic_role { TP_NIC_RECEIVES, TP_NIC_SENDS, TP_NR_NIC_ROLES };

struct tp_nic_use {
	tp_atomic_ptr user;   /* const struct tp_netdev_user *; NULL: nobody */
	tp_atomic_u32 inside; /* up-calls that may be at it */
	tp_atomic_ptr name;   /* const char * of the load or server; NULL: free */
};

struct tp_nic {
	struct tp_list link; /* the machine's */
	struct tp_lab_machine *lm;
	char name[TP_NET_NAME];
	struct tp_avf_model *model;
	struct tp_avf *avf;
	struct tp_netdev *netdev;
	struct tp_cable *cable; /* NULL: plugged into nothing */
	struct tp_nic_use uses[TP_NR_NIC_ROLES];
	tp_atomic_u64 received; /* frames that the driver handed up */
};

struct tp_nic_config {
	const char *name;
	int node;
	unsigned queues, rx_ring, tx_ring, mtu;
	enum tp_avf_run run;
	enum tp_avf_model_mode device;
};

/*
 * Make it, closed, with room for all queues there can be.  -EEXIST, -ENOMEM, and what the driver
 * says.
 */
int tp_nic_create(struct tp_lab_machine *lm, const struct tp_nic_config *config,
		  struct tp_nic **nic);
/* Unplugged and unused; -EBUSY: somebody holds frames of it. */
int tp_nic_destroy(struct tp_nic *nic);
/* NULL: there is none. */
struct tp_nic *tp_nic_find(struct tp_lab_machine *lm, const char *name);

/*
 * From now on the frames it receives are @user's, or the wakes of its send queues, in the name of
 * @name.  -EBUSY: somebody else has them.
 */
int tp_nic_use(struct tp_nic *nic, enum tp_nic_role role, const struct tp_netdev_user *user,
	       const char *name);
void tp_nic_unuse(struct tp_nic *nic, enum tp_nic_role role);
/* Who uses it, or NULL. */
const char *tp_nic_used_by(const struct tp_nic *nic);

/* ---- what devices are plugged into ----------------------------------------------------------- */

/* What a device sent and what came to it, ever. */
struct tp_nic_traffic {
	uint64_t sent, arrived;
};

struct tp_cable {
	struct tp_list link; /* the machine's */
	struct tp_lab_machine *lm;
	struct tp_wire *wire;
	struct tp_nic *nics[2];		 /* NULL: a TAP device, or nothing */
	struct tp_nic_traffic before[2]; /* of each when it was plugged in */
	struct tp_tap *tap;
	struct tp_thread carrier; /* lets frames go that the wire held back */
	bool carries;
	tp_atomic_u32 stopping;
};

void tp_nic_traffic(struct tp_nic *nic, struct tp_nic_traffic *traffic);

/* From @nic to @other.  -EBUSY: one has a cable, -ENOMEM. */
int tp_cable_create(struct tp_nic *nic, struct tp_nic *other, struct tp_cable **cable);
/* From @nic to a TAP device of the host.  -EPERM, -ENODEV. */
int tp_cable_tap(struct tp_nic *nic, const char *tap, bool offload, struct tp_cable **cable);
void tp_cable_destroy(struct tp_cable *cable);
/* What happens on the way from each end.  -EAGAIN: no thread for what would have to wait. */
int tp_cable_set_mishap(struct tp_cable *cable, const struct tp_wire_mishap mishap[2]);

/* ---- all of a machine's ---------------------------------------------------------------------- */

/*
 * N1 for every device and cable; traffic is halted.  What lies in rings has a while to get out;
 * where a host's TAP device does not let it come to rest, it is left out.
 */
void tp_nics_verify(struct tp_lab_machine *lm, struct tp_findings *findings);
/* N1 holds this very moment for what @from sends to @to: nothing is known to be under way. */
bool tp_nics_balance(struct tp_nic *from, struct tp_nic *to);
/* Pull all cables, destroy all devices; what holds frames is a finding. */
void tp_nics_close(struct tp_lab_machine *lm, struct tp_findings *findings);

#endif
