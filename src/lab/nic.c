/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nic - make, use and take away network devices of a lab machine. */
#include "lab/nic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "lab/lab_machine.h"

/* ---- devices --------------------------------------------------------------------------------- */

static void put_user(struct tp_nic_use *use)
{
	tp_atomic_sub(&use->inside, 1, TP_RELEASE);
}

/*
 * The user of that role, who stays until put_user(); NULL: nobody.  Looked at once before, so that
 * up-calls without end do not keep @inside up while somebody leaves.
 */
static const struct tp_netdev_user *get_user(struct tp_nic_use *use)
{
	const struct tp_netdev_user *user;

	if (!tp_atomic_load(&use->user, TP_SEQ_CST))
		return NULL;
	tp_atomic_add(&use->inside, 1, TP_SEQ_CST);
	user = tp_atomic_load(&use->user, TP_SEQ_CST);
	if (!user)
		put_user(use);
	return user;
}

static void receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct tp_nic *nic = arg;
	struct tp_nic_use *use = &nic->uses[TP_NIC_RECEIVES];
	const struct tp_netdev_user *user = get_user(use);

	tp_atomic_add(&nic->received, n, TP_RELAXED);
	if (!user) {
		tp_netbuf_free_bulk(frames, n);
		return;
	}
	user->receive(user->arg, queue, frames, n);
	put_user(use);
}

static void wake(void *arg, unsigned queue)
{
	struct tp_nic_use *use = &((struct tp_nic *)arg)->uses[TP_NIC_SENDS];
	const struct tp_netdev_user *user = get_user(use);

	if (!user)
		return;
	if (user->wake)
		user->wake(user->arg, queue);
	put_user(use);
}

int tp_nic_use(struct tp_nic *nic, enum tp_nic_role role, const struct tp_netdev_user *user,
	       const char *name)
{
	struct tp_nic_use *use = &nic->uses[role];
	void *nobody = NULL;

	if (!tp_atomic_cas(&use->name, &nobody, (void *)name, TP_ACQUIRE))
		return TP_ERR_TEXT(-EBUSY, nic->name, "\"%s\" is used already");
	tp_atomic_store(&use->user, (void *)user, TP_SEQ_CST);
	return 0;
}

void tp_nic_unuse(struct tp_nic *nic, enum tp_nic_role role)
{
	struct tp_nic_use *use = &nic->uses[role];

	tp_atomic_store(&use->user, NULL, TP_SEQ_CST);
	while (tp_atomic_load(&use->inside, TP_SEQ_CST))
		tp_yield();
	tp_atomic_store(&use->name, NULL, TP_RELEASE);
}

const char *tp_nic_used_by(const struct tp_nic *nic)
{
	const char *name = NULL;

	for (unsigned role = 0; role < TP_NR_NIC_ROLES && !name; role++)
		name = tp_atomic_load(&nic->uses[role].name, TP_ACQUIRE);
	return name;
}

struct tp_nic *tp_nic_find(struct tp_lab_machine *lm, const char *name)
{
	struct tp_nic *found = NULL;

	tp_mutex_lock(&lm->lock);
	tp_list_for_each(nic, &lm->nics, struct tp_nic, link)
		if (!strcmp(nic->name, name))
			found = nic;
	tp_mutex_unlock(&lm->lock);
	return found;
}

static int create_driver(struct tp_nic *nic, const struct tp_nic_config *config)
{
	const struct tp_avf_config avf = {
		.name = config->name,
		.machine = nic->lm->machine,
		.bus = tp_avf_model_bus(nic->model),
		.node = config->node,
		.run = config->run,
		.service = true,
		.queues = config->queues,
		.rx_ring = config->rx_ring,
		.tx_ring = config->tx_ring,
		.mtu = config->mtu,
		.user = { .name = nic->name, .receive = receive, .wake = wake, .arg = nic },
	};
	int err = tp_avf_create(&avf, &nic->avf);

	if (!err)
		nic->netdev = tp_avf_netdev(nic->avf);
	return err;
}

/* The locally administered address that its number in the machine gives. */
static void make_mac(struct tp_lab_machine *lm, uint8_t mac[6])
{
	const unsigned n = ++lm->nr_nics;

	memcpy(mac,
	       (uint8_t[]){ 0x02, 0xaf, 0, (uint8_t)lm->number, (uint8_t)(n >> 8), (uint8_t)n }, 6);
}

/* Whole, for those who check it under the lock.  @at: read by this thread, the only writer. */
static void list_before(struct tp_list *at, struct tp_nic *nic)
{
	tp_mutex_lock(&nic->lm->lock);
	tp_list_add_before(at, &nic->link);
	tp_mutex_unlock(&nic->lm->lock);
}

int tp_nic_create(struct tp_lab_machine *lm, const struct tp_nic_config *config,
		  struct tp_nic **nic)
{
	struct tp_avf_model_config model = { .name = config->name,
					     .mode = config->device,
					     .queues = TP_NET_MAX_QUEUES };
	struct tp_nic *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	new->lm = lm;
	snprintf(new->name, sizeof(new->name), "%s", config->name);
	make_mac(lm, model.mac);
	err = tp_avf_model_create(&model, &new->model);
	if (err)
		goto free_new;
	err = create_driver(new, config);
	if (err)
		goto destroy_model;
	list_before(&lm->nics, new);
	*nic = new;
	return 0;
destroy_model:
	tp_avf_model_destroy(new->model);
free_new:
	tp_free(new);
	return err;
}

int tp_nic_destroy(struct tp_nic *nic)
{
	struct tp_lab_machine *lm = nic->lm;
	int err;

	TP_INVARIANT(!nic->cable && !tp_nic_used_by(nic));
	tp_mutex_lock(&lm->lock);
	tp_list_remove(&nic->link);
	tp_mutex_unlock(&lm->lock);
	err = tp_avf_destroy(nic->avf);
	if (err) {
		/* In front: who goes through the list destroying does not meet it again. */
		list_before(lm->nics.next, nic);
		return err;
	}
	tp_avf_model_destroy(nic->model);
	tp_free(nic);
	return 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

void tp_nics_close(struct tp_lab_machine *lm, struct tp_findings *findings)
{
	tp_list_for_each_safe(cable, &lm->cables, struct tp_cable, link)
		tp_cable_destroy(cable);
	tp_list_for_each_safe(nic, &lm->nics, struct tp_nic, link) {
		char name[TP_NET_NAME], why[TP_ERROR_TEXT * 2];

		snprintf(name, sizeof(name), "%s", nic->name);
		if (!tp_nic_destroy(nic))
			continue;
		tp_error_format(tp_last_error(), why, sizeof(why));
		tp_findings_add(findings, "%s cannot be taken away: %s", name, why);
	}
}
