/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mutant - bugs on purpose, to see whether the explorer convicts them.
 *
 * Where one of them would be made, the code asks for it by name.  Without TP_MUTANTS, which only
 * tests define, the answer is the constant false; with it, tp_mutant says which one is switched on.
 */
#ifndef TP_CORE_MUTANT_H
#define TP_CORE_MUTANT_H

#include <stdbool.h>

/* name, what is done wrong */
#define TP_MUTANT_TABLE(X)                                                                        \
	/* lists and isolation: a page of an isolated block gets out (P1, S1) */                  \
	X(push_stale_flag, "a page enters a per-CPU list by a flag read before the list's lock")  \
	X(isolate_undrained, "isolation leaves what lies in per-CPU lists there")                 \
	X(drain_own, "a drain looks into the lists of the calling CPU only")                      \
	/* flag, count and lists of a pageblock change together (Z1, Z2) */                       \
	X(isolate_two_holds, "isolation gives the zone lock up between lists and flag")           \
	X(undo_two_holds,                                                                         \
	  "the undo of an isolation gives the zone lock up between flag and lists")               \
	/* two isolations of one pageblock (S2) */                                                \
	X(isolate_twice, "isolation does not look whether another has the pageblock")             \
	X(undo_foreign, "an isolation that failed also undoes the range it failed at")            \
	/* one operation at a time; who waits is woken */                                         \
	X(hotplug_torn, "the hotplug lock is taken by a look and a store")                        \
	X(hotplug_late_ticket, "a waiter for the hotplug lock takes its ticket after the look")   \
	/* all or nothing (H1, H3, H4) */                                                         \
	X(cancel_committed, "a cancel that comes after the commit still makes the offline fail")  \
	X(rollback_skips_node, "a failed offline does not take its node event back")              \
	X(rollback_skips_range, "a failed offline leaves its last range isolated")                \
	X(open_keeps_runs, "if a run of memory cannot be opened those before it stay open")       \
	/* no write is lost (W1, V1) */                                                           \
	X(move_unheld, "a page of a mapping moves without holding writers off")                   \
	X(let_go_early, "writers are let go before the new page is shown")                        \
	X(show_failure_kept, "a page that could not be shown is in the table all the same")       \
	X(half_chunk_whole, "a chunk that ran out of pages is freed as one (two faults)")         \
	X(mirrors_unasked, "pages of a mapping move without asking who mirrors them")             \
	/* owners and pins (O3, O4, G2) */                                                        \
	X(freeze_unchecked, "a freeze that failed is taken for one that worked")                  \
	X(thaw_blind, "a thaw does not look whether the owner freed the page meanwhile")          \
	X(unregister_early, "an owner may go while a callback of its runs")                       \
	X(put_unwoken, "the end of an owner's last callback wakes nobody")                        \
	X(put_relaxed, "the end of a callback is counted by a relaxed operation (weak memory)")   \
	X(get_relaxed, "so is its beginning, and hides what the one before did (weak memory)")    \
	/* readers */                                                                             \
	X(zone_stat_torn, "zone statistics give the lock up between counts and lists")            \
	X(cpuset_joins_late, "a cpuset joins the list after the lock was given up once")          \
	/* counters that belong together (C1, Q1), and reports (N4, N5) */                        \
	X(rq_unannounced, "a poll counts without saying so to readers")                           \
	X(sq_one_group, "the poll counts in the group of the senders")                            \
	X(sq_read_late, "of a send queue the senders' counters are read before the poll's")       \
	X(stat_read_once, "a reader of counters does not look whether it was disturbed")          \
	X(seq_read_unfenced, "it looks, perhaps before it has read (weak memory)")                \
	X(seq_write_unfenced, "counters may change before it is said so (weak memory)")           \
	X(seq_end_relaxed, "or after it was said that they are done (weak memory)")               \
	X(report_two_holds, "a report is sized under one hold of a lock, filled under another")   \
	X(registry_goes_early, "a device may go while calls on it run")                           \
	X(registry_put_unwoken, "the end of the last call on a device wakes nobody")              \
	/* wires (W3) */                                                                          \
	X(wire_unwaited, "an end of a wire goes without waiting for who calls it")                \
	X(wire_enter_once, "who calls it does not look again whether it is there")                \
	X(wire_leave_unwoken, "the end of the last call wakes nobody")                            \
	X(wire_leave_relaxed, "it is counted by a relaxed operation (weak memory)")               \
	/* devices and pages (D2, P3, P4) */                                                      \
	X(iommu_unsynced, "memory that a device could reach goes without waiting for its burst")  \
	X(sync_unfenced, "who waits for bursts looks for them without a barrier (weak memory)")   \
	X(pool_reuses_leaving, "a buffer of a leaving page goes back to the pool")                \
	/* a send queue that stopped goes on (T12) */                                             \
	X(tx_stop_unfenced, "a sender stops and looks for room without a barrier (weak memory)")  \
	X(tx_wake_unfenced, "a poll makes room and looks for a sender without one (weak memory)") \
	/* posted buffers are exchanged (T27) */                                                  \
	X(refresh_unparked, "polls fill a receive ring while its queue is disabled for exchange") \
	X(refresh_taken_late, "what is wanted back during an exchange is forgotten after it")     \
	/* rings are emptied by one thread, alone, out of the device's reach (A2, A3, RS1) */     \
	X(quiesce_unwaited, "a ring is emptied while a poll or a sender is in it")                \
	X(quiesce_late, "polls are let in until those inside have been waited for")               \
	X(down_cleans_early, "a closing device writes to buffers that were taken back")           \
	X(reset_cleans_early, "so does one that is about to be reset")                            \
	/* a poll that is asked for takes place (A6, L2, T6) */                                   \
	X(rearm_unlooked, "a thread that lets interrupts in does not look once more")             \
	X(schedule_taken_late, "a poll that was asked for during another is forgotten")           \
	X(unquiesce_silent, "a queue that goes on is not polled once")                            \
	X(ask_stored, "who asks for a round hides what others did who asked (weak memory)")       \
	/* buffer objects (R1, R4 of resv; B1, B2) */                                             \
	X(resv_holds_used, "an object is held although somebody uses it")                         \
	X(resv_unuse_silent, "the end of the last use wakes no holder")                           \
	X(resv_unhold_silent, "the end of a hold wakes nobody")                                   \
	X(vram_unsynced, "video memory goes without waiting for the device's burst")              \
	X(bo_unforgotten, "memory of an object goes without the device having forgotten it")      \
	X(bo_unquarantined, "so does memory that the device said it has not forgotten")           \
	X(quarantine_unmarked, "a reset lets go what came into quarantine after it")              \
	X(bo_moves_busy, "a page moves although work on its object has not ended")                \
	/* what translates is said under the lock of the address space (K4) */                    \
	X(bind_looked_early, "a binding is bound that was looked at before its lock was taken")   \
	/* translation caches forget before memory goes (L1 to L5 of gpu/intel/tlb.h, C1, U1) */  \
	X(tlb_note_early, "a note is taken before the tables are written (T1)")                   \
	X(tlb_note_unfenced, "a note misses a barrier after the tables (weak memory)")            \
	X(tlb_begin_unfenced, "a request misses one after its number (weak memory)")              \
	X(tlb_one_completion, "one completion after the note is enough (T2)")                     \
	X(tlb_compared_whole, "numbers are compared as such, and wrap (T3)")                      \
	X(tlb_timeout_counts, "an invalidation that was not done in time counts (T7)")            \
	X(tlb_reset_counts, "so does one that meets a reset which has not ended (T9)")            \
	X(tlb_reset_unseen, "so does one that a reset made read as done, too early (T9)")         \
	X(tlb_skip_unsaid, "an engine that sleeps is passed by and does not learn of it (T6)")    \
	X(tlb_skip_unfenced, "it is said after it was seen asleep (weak memory)")                 \
	X(tlb_unpark_unfenced, "an engine that wakes looks before it is seen so (weak memory)")   \
	X(guc_slot_is_number, "requests of one slot have one number, and their answers (C1)")     \
	X(park_unasked, "an engine is parked although somebody is about to queue work (K1)")      \
	X(queue_in_reset, "work is queued although the GT is being reset (K2)")                   \
	X(room_unwoken, "the end of a request does not wake who waits for room in its ring")      \
	X(wedge_unstopped, "a GPU is said to be wedged although its engines run (T8)")            \
	/* video memory is lost (LO2 of gpu/amd/lost.c, CP2 of copy.c) */                         \
	X(amd_settles_twice, "lost content is zeroed again for each of its users")                \
	X(amd_wedge_unstopped, "jobs end although the engines of a wedged GPU run (T8)")          \
	X(amd_copies_unlooked, "a copy does not look whether memory was lost meanwhile")          \
	/* work of AMD's graphics (H1, J2 of gpu/amd/internal.h) */                               \
	X(amd_root_unflushed, "a VMID leads to another root, and nothing is forgotten")           \
	X(amd_runs_old, "a job of before a loss is executed after it (T27)")                      \
	/* address spaces of AMD's graphics (gpu/amd/vm.h) */                                     \
	X(amd_leaves_unforgotten, "an object leaves a VM whose caches may remember it (B1)")      \
	X(amd_forgets_unwritten, "caches forget before tables say what they should (T2)")         \
	X(amd_update_counts_once,                                                                 \
	  "caches that forget before an update has ended need not again (V6)")                    \
	X(amd_writes_unused, "mappings are written without using their object (V1)")              \
	X(amd_replaces_cleared, "what is replaced is cleared before")                             \
	X(amd_late_generation, "tables count as of the generation in which they were done (T20)") \
	X(wake_uncounted, "a domain falls asleep while somebody counts on it (T10)")

enum tp_mutant {
	TP_MUTANT_none,
#define TP_MUTANT_ENUM(name, what) TP_MUTANT_##name,
	TP_MUTANT_TABLE(TP_MUTANT_ENUM)
#undef TP_MUTANT_ENUM
		TP_NR_MUTANTS,
};

#ifdef TP_MUTANTS

struct tp_mutant_info {
	const char *name, *what;
};

extern enum tp_mutant tp_mutant;
extern const struct tp_mutant_info tp_mutant_infos[TP_NR_MUTANTS];

#define TP_MUTANT(name) (tp_mutant == TP_MUTANT_##name)

#else

#define TP_MUTANT(name) ((void)TP_MUTANT_##name, false)

#endif

/* Here the mutant gives up a lock ("spin" or "mutex") that it should keep. */
#define TP_MUTANT_GAP(name, kind, lock)           \
	do {                                      \
		if (TP_MUTANT(name)) {            \
			tp_##kind##_unlock(lock); \
			tp_##kind##_lock(lock);   \
		}                                 \
	} while (0)

#endif
