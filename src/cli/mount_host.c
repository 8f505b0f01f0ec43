/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount_host - tie a machine of the lab to its view, its mount and its control channel. */
#include "cli/mount_host.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "core/alloc.h"
#include "core/clock.h"
#include "lab/control.h"
#include "lab/lab_machine.h"
#include "view/mount.h"

struct tp_mount_host {
	struct tp_host host;
	struct tp_mount_wish wish;
	tp_atomic_u32 over; /* unmounted by somebody, or asked to end */
	struct tp_view *view;
	struct tp_mount *mount;
	struct tp_control *control;
	int listener; /* until it is the control's; -1: none */
	char address[TP_CONTROL_ADDRESS];
};

/* ---- what the view and the control channel call ---------------------------------------------- */

static void enter(void *arg)
{
	tp_gate_enter(arg);
}

static void leave(void *arg)
{
	tp_gate_leave(arg);
}

static void end(void *arg)
{
	struct tp_mount_host *host = arg;

	tp_atomic_store(&host->over, 1, TP_RELEASE);
}

static enum tp_online_policy default_policy(void *arg)
{
	const struct tp_mount_host *host = arg;

	return tp_view_auto_online(host->view);
}

/* ---- a machine comes and goes ---------------------------------------------------------------- */

static int begin_control(struct tp_mount_host *host, struct tp_lab_machine *lm)
{
	struct tp_control_config config = { .lm = lm,
					    .listener = host->listener,
					    .default_policy = default_policy,
					    .quit = end,
					    .arg = host };

	host->listener = -1;
	return tp_control_begin(&config, &host->control);
}

static int begin_view(struct tp_mount_host *host, struct tp_lab_machine *lm)
{
	const struct tp_view_config view = { .machine = lm->machine,
					     .control = host->address,
					     .enter = enter,
					     .leave = leave,
					     .arg = &lm->gate };

	host->listener = tp_control_listen(host->address);
	return host->listener < 0 ? host->listener : tp_view_create(&view, &host->view);
}

static int begin_mount(struct tp_mount_host *host)
{
	const struct tp_mount_config mount = { .view = host->view,
					       .dir = host->wish.dir,
					       .allow_other = host->wish.allow_other,
					       .gone = end,
					       .arg = host };

	return tp_mount_begin(&mount, &host->mount);
}

static void detach(void *arg, tp_unused struct tp_lab_machine *lm)
{
	struct tp_mount_host *host = arg;

	tp_control_end(host->control);
	if (host->mount)
		tp_mount_end(host->mount);
	tp_view_destroy(host->view);
	if (host->listener >= 0)
		close(host->listener);
	host->listener = -1;
	host->control = NULL;
	host->mount = NULL;
	host->view = NULL;
}

static int attach(void *arg, struct tp_lab_machine *lm)
{
	struct tp_mount_host *host = arg;
	int err;

	if (host->view)
		return 0; /* one is shown, the first */
	err = begin_view(host, lm);
	if (!err)
		err = begin_control(host, lm);
	if (!err)
		err = begin_mount(host);
	if (err) {
		detach(host, lm);
		return err;
	}
	lm->hosted = true;
	/* Who lingers says so when the script has made all of it. */
	if (!host->wish.linger)
		tp_message("mounted at %s", host->wish.dir);
	return 0;
}

static void linger(void *arg, struct tp_run *run)
{
	static const uint64_t look_ns = TP_MILLISECONDS(20);
	struct tp_mount_host *host = arg;

	if (!host->wish.linger || !host->view)
		return;
	tp_message("mounted at %s", host->wish.dir);
	while (!tp_atomic_load(&host->over, TP_ACQUIRE) && !tp_run_is_over(run))
		tp_sleep_ns(look_ns);
	tp_run_interrupt_forget();
}

/* ---- the host -------------------------------------------------------------------------------- */

static void explain(const char *dir, int err)
{
	const char *hint = "";

	if (err == -ENOENT)
		hint = "; make an empty directory first";
	else if (err == -ENOTCONN)
		hint = "; what was mounted there died; fusermount3 -u -z takes it away";
	else if (err == -ENOTEMPTY)
		hint = "; what is in it would be hidden";
	tp_message("nothing can be mounted at %s: %s%s", dir, strerror(-err), hint);
}

struct tp_mount_host *tp_mount_host_create(const struct tp_mount_wish *wish)
{
	struct tp_mount_host *host;
	int err = tp_mount_check(wish->dir);

	if (err) {
		explain(wish->dir, err);
		return NULL;
	}
	host = tp_zalloc(sizeof(*host));
	if (!host) {
		explain(wish->dir, -ENOMEM);
		return NULL;
	}
	host->wish = *wish;
	host->listener = -1;
	host->host = (struct tp_host){
		.attach = attach, .detach = detach, .linger = linger, .arg = host
	};
	return host;
}

void tp_mount_host_destroy(struct tp_mount_host *host)
{
	tp_free(host);
}

const struct tp_host *tp_mount_host_of(struct tp_mount_host *host)
{
	return &host->host;
}
