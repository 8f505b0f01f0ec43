/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gallery - every bug on purpose (core/mutant.h), and the scenario that convicts it.
 *
 * Models come first: each is there twice, broken and right.
 */
#ifndef TESTS_EXPLORE_GALLERY_H
#define TESTS_EXPLORE_GALLERY_H

#include <tidepool/explore.h>

#include "core/mutant.h"

/* The most runs a model may take to be convicted; the races in them are small. */
enum { GALLERY_MODEL_RUNS = 20 };

struct gallery_model {
	const char *broken, *right;
	/* What it takes to find it; with one fault less, or an orderly memory, it must not show. */
	unsigned faults;
	enum tp_memory_model memory;
};

static const struct gallery_model gallery_models[] = {
	{ .broken = "model/stale-type-broken", .right = "model/stale-type" },
	{ .broken = "model/lost-wakeup-broken", .right = "model/lost-wakeup" },
	{ .broken = "model/torn-pair-broken", .right = "model/torn-pair" },
	{ .broken = "model/torn-pair-unfenced",
	  .right = "model/torn-pair",
	  .memory = TP_MEMORY_C11 },
	{ .broken = "model/restarts-two-writers-broken", .right = "model/restarts-two-writers" },
	{ .broken = "model/message-broken", .right = "model/message", .memory = TP_MEMORY_C11 },
	{ .broken = "model/half-added-broken", .right = "model/half-added", .faults = 2 },
};

struct gallery_row {
	enum tp_mutant mutant;
	const char *subject, *scenario;
	enum tp_strategy strategy;
	enum tp_memory_model memory;
	uint64_t runs; /* 0: as many as there are; else the search is capped */
};

#define ROW_BY(how, name, what, where, ...)                                         \
	{                                                                           \
		.mutant = TP_MUTANT_##name, .subject = (what), .scenario = (where), \
		.strategy = TP_STRATEGY_##how, __VA_ARGS__                          \
	}
#define ROW(...) ROW_BY(DPOR, __VA_ARGS__)

static const struct gallery_row gallery_rows[] = {
	ROW(push_stale_flag, "free against isolation", "mm/free-vs-isolate-vs-alloc"),
	ROW(push_stale_flag, "free against isolation", "mm/free-vs-offline"),
	ROW(isolate_undrained, "free against isolation", "mm/free-vs-isolate-vs-alloc"),
	ROW(isolate_two_holds, "free against isolation", "mm/free-run-vs-isolate-vs-alloc"),
	ROW(undo_two_holds, "undo against free", "mm/undo-vs-free"),
	ROW(undo_two_holds, "undo against free", "mm/failed-offline-vs-free"),
	ROW(drain_own, "drain against push", "mm/isolate-vs-push-on-two-cpus"),
	ROW(isolate_twice, "compaction against offline", "mm/compact-vs-offline"),
	ROW(undo_foreign, "isolation against isolation", "mm/isolate-vs-isolate"),
	ROW(hotplug_torn, "offline against offline", "mm/offline-vs-offline-same"),
	ROW(hotplug_late_ticket, "offline against online", "mm/offline-vs-online"),
	ROW(cancel_committed, "cancel against completion", "mm/cancel-vs-offline"),
	ROW(rollback_skips_node, "refusal against events", "mm/veto-offline"),
	ROW(rollback_skips_range, "whole-device rollback", "mm/unplug-vs-unpin"),
	ROW(open_keeps_runs, "whole-device rollback", "mm/faults-online"),
	ROW(move_unheld, "migration against writer", "mm/write-vs-move"),
	ROW(let_go_early, "migration against writer", "mm/two-writers-vs-move"),
	ROW(show_failure_kept, "a fault in a migration", "mm/write-vs-failing-move"),
	ROW(half_chunk_whole, "double faults", "mm/mapping-create-faults"),
	ROW(mirrors_unasked, "a mirror against a move", "mm/mirror-vs-move"),
	ROW(freeze_unchecked, "pin against migration", "mm/pin-vs-move"),
	ROW(thaw_blind, "free against migration", "mm/free-vs-refused-move"),
	ROW(unregister_early, "unregister against callbacks", "mm/unregister-vs-release"),
	ROW(put_unwoken, "unregister against callbacks", "mm/unregister-vs-query"),
	ROW(put_relaxed, "the same, weak memory", "mm/unregister-vs-release",
	    .memory = TP_MEMORY_C11),
	ROW(get_relaxed, "the same, two movers", "mm/mapping-destroy-vs-two-moves",
	    .memory = TP_MEMORY_C11, .runs = 20000),
	ROW(zone_stat_torn, "statistics against writers", "mm/zone-stat-vs-isolate-vs-free"),
	ROW(cpuset_joins_late, "registration against events", "numa/cpuset-create-vs-offline"),
	ROW(rq_unannounced, "statistics pairs", "net/stats-pair"),
	ROW(sq_one_group, "two writers of statistics", "net/stats-two-writers"),
	ROW(sq_read_late, "two writers of statistics", "net/stats-restarts-read"),
	ROW(stat_read_once, "statistics pairs", "net/stats-send-pair"),
	ROW(seq_read_unfenced, "the same, weak memory", "net/stats-pair", .memory = TP_MEMORY_C11),
	ROW(seq_write_unfenced, "the same, weak memory", "net/stats-pair", .memory = TP_MEMORY_C11),
	ROW(seq_end_relaxed, "the same, weak memory", "net/stats-pair", .memory = TP_MEMORY_C11),
	ROW(report_two_holds, "reports against queue count", "net/report-vs-queues"),
	ROW(registry_goes_early, "unregister against calls", "net/unregister-vs-calls"),
	ROW(wire_unwaited, "unplug against send", "net/wire-unplug"),
	ROW(wire_enter_once, "unplug against send", "net/wire-unplug"),
	ROW(wire_leave_unwoken, "unplug against send", "net/wire-unplug"),
	ROW(wire_leave_relaxed, "the same, weak memory", "net/wire-unplug",
	    .memory = TP_MEMORY_C11),
	ROW(registry_put_unwoken, "unregister against calls", "net/unregister-vs-calls"),
	ROW(tx_stop_unfenced, "stop against wake, weak memory", "avf/stop-vs-wake",
	    .memory = TP_MEMORY_C11),
	ROW(tx_wake_unfenced, "stop against wake, weak memory", "avf/stop-vs-wake",
	    .memory = TP_MEMORY_C11),
	ROW(tx_stop_unfenced, "the same, the queue alone", "avf/stop-wake",
	    .memory = TP_MEMORY_C11),
	ROW(tx_wake_unfenced, "the same, the queue alone", "avf/stop-wake",
	    .memory = TP_MEMORY_C11),
	ROW(refresh_unparked, "exchange against refill", "avf/exchange-vs-refill"),
	ROW_BY(PCT, refresh_taken_late, "offline against refill", "avf/offline-vs-refill",
	       .runs = 1000),
	ROW(quiesce_unwaited, "reset against polls", "avf/reset-vs-poll"),
	ROW(quiesce_unwaited, "reset against senders", "avf/reset-vs-send"),
	ROW(quiesce_late, "reset against polls", "avf/reset-vs-poll"),
	ROW(quiesce_late, "reset against senders", "avf/reset-vs-send"),
	ROW(down_cleans_early, "close against frames", "avf/close-vs-frame"),
	ROW(reset_cleans_early, "reset against frames", "avf/reset-vs-frame"),
	ROW(rearm_unlooked, "interrupt against rearm", "avf/frame-vs-rearm"),
	ROW(schedule_taken_late, "interrupt against rearm", "avf/irq-vs-rearm"),
	ROW(unquiesce_silent, "interrupt against reset", "avf/irq-vs-reset", .runs = 5000),
	ROW(unquiesce_silent, "the same, the thread alone", "avf/irq-vs-unquiesce"),
	ROW(ask_stored, "the same, weak memory", "avf/irq-vs-unquiesce", .memory = TP_MEMORY_C11),
	ROW(iommu_unsynced, "unmap against a burst", "dma/unmap-vs-burst"),
	ROW(iommu_unsynced, "offline against a burst", "dma/offline-vs-burst"),
	ROW(sync_unfenced, "the same, weak memory", "dma/unmap-vs-burst", .memory = TP_MEMORY_C11),
	ROW(pool_reuses_leaving, "offline against a pool", "dma/pool-put-vs-offline"),
	ROW(iommu_unsynced, "offline against idle buffers", "dma/pool-burst-vs-offline"),
	ROW(bind_looked_early, "bind against bind", "gpu/bind-vs-bind"),
	ROW(tlb_note_early, "unbind against invalidation", "gpu/unbind-vs-engine-vs-invalidation"),
	ROW(tlb_note_unfenced, "release against invalidation", "gpu/tlb-release-vs-invalidation",
	    .memory = TP_MEMORY_C11),
	ROW(tlb_begin_unfenced, "the same, its other barrier", "gpu/tlb-release-vs-invalidation",
	    .memory = TP_MEMORY_C11),
	ROW(tlb_one_completion, "release against invalidation", "gpu/tlb-release-by-two"),
	ROW(tlb_compared_whole, "the same, numbers wrap", "gpu/tlb-release-wraps"),
	ROW(tlb_timeout_counts, "release against timeout", "gpu/tlb-timeout-vs-release"),
	ROW(tlb_reset_counts, "release against reset", "gpu/tlb-reset-vs-release"),
	ROW(tlb_reset_unseen, "release against reset", "gpu/tlb-reset-vs-release"),
	ROW(tlb_skip_unsaid, "release against sleep", "gpu/tlb-wake-vs-release"),
	ROW(tlb_skip_unfenced, "the same, weak memory", "gpu/tlb-wake-vs-release",
	    .memory = TP_MEMORY_C11),
	ROW(tlb_unpark_unfenced, "the same, weak memory", "gpu/tlb-wake-vs-release",
	    .memory = TP_MEMORY_C11),
	ROW(wake_uncounted, "release against forcewake", "gpu/tlb-forcewake-vs-release"),
	ROW(park_unasked, "work against sleep", "gpu/submit-vs-park"),
	ROW(queue_in_reset, "work against reset", "gpu/submit-vs-reset"),
	ROW(room_unwoken, "work against a full ring", "gpu/submit-vs-full-ring"),
	ROW(wedge_unstopped, "an engine against wedging", "gpu/run-vs-wedge"),
	ROW(amd_settles_twice, "users against a loss", "gpu/amd-users-vs-loss"),
	ROW(amd_wedge_unstopped, "a job against wedging", "gpu/amd-run-vs-wedge"),
	ROW(amd_copies_unlooked, "a copy against a loss", "gpu/amd-copy-out-vs-loss"),
	ROW(amd_leaves_unforgotten, "a clear against a taker", "gpu/amd-clear-vs-take"),
	ROW(amd_forgets_unwritten, "a flush against an update", "gpu/amd-clear-vs-work"),
	ROW(amd_update_counts_once, "work against an update", "gpu/amd-map-vs-work"),
	ROW(amd_writes_unused, "an update against a swap", "gpu/amd-validate-vs-swap"),
	ROW(amd_runs_old, "work against a loss", "gpu/amd-submit-vs-loss"),
	ROW(amd_root_unflushed, "work against other work", "gpu/amd-work-vs-submit"),
	ROW(amd_replaces_cleared, "a replacement against work", "gpu/amd-replace-vs-work"),
	ROW(amd_late_generation, "an update against a loss", "gpu/amd-validate-vs-loss"),
	ROW(resv_holds_used, "users against a holder", "gpu/resv-users-vs-hold"),
	ROW(resv_unuse_silent, "a user against holders", "gpu/resv-use-vs-holders"),
	ROW(resv_unhold_silent, "a user against holders", "gpu/resv-use-vs-holders"),
	ROW(vram_unsynced, "video memory against a burst", "gpu/vram-free-vs-burst"),
	ROW(iommu_unsynced, "video memory against a burst", "gpu/vram-free-vs-burst"),
	ROW(bo_unforgotten, "a cache against offline", "gpu/bo-prefetch-vs-offline"),
	ROW(bo_unforgotten, "the same of a program's memory", "gpu/bo-user-prefetch-vs-offline"),
	ROW(bo_unquarantined, "a cache against an object's end", "gpu/bo-put-vs-prefetch"),
	ROW(quarantine_unmarked, "a reset against an object's end", "gpu/bo-put-vs-reset"),
	ROW(bo_moves_busy, "offline against work", "gpu/bo-work-vs-offline"),
	ROW(bo_moves_busy, "the same of a program's memory", "gpu/bo-user-work-vs-offline"),
	ROW(guc_slot_is_number, "late answer against request", "gpu/guc-late-answer"),
};

#undef ROW
#undef ROW_BY

#endif
