/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_net - what a frame costs from driver to driver, beside a bare loop of descriptors.
 */
#include <stdio.h>
#include <string.h>

#include "descriptor_loop.h"
#include "net_rig.h"
#include "report.h"

enum { BATCH = 32, FRAMES = 1 << 20 };

int main(int argc, char **argv)
{
	struct tp_bench_options options = { .reps = 7 };
	static const uint32_t sizes[] = { 64, 1500 };

	tp_bench_options(&options, argc, argv, "frames per second from driver to driver");
	tp_bench_pin(0);
	for (unsigned i = 0; i < 2; i++) {
		struct tp_bench_loop_config lc = { sizes[i], BATCH, true, false };
		struct tp_bench_net_config nc = { sizes[i], BATCH, false };
		struct tp_bench_loop *loop = tp_bench_loop_create(&lc);
		struct tp_bench_net *net = tp_bench_net_create(&nc);
		struct tp_bench_samples a = { 0 }, b = { 0 };

		for (unsigned r = 0; r < options.reps; r++) {
			double t = tp_bench_now_ns();
			uint64_t n = tp_bench_loop_run(loop, FRAMES);

			tp_bench_add(&a, (tp_bench_now_ns() - t) / (double)n);
			t = tp_bench_now_ns();
			n = tp_bench_net_run(net, FRAMES);
			tp_bench_add(&b, (tp_bench_now_ns() - t) / (double)n);
		}
		printf("%u: loop %.1f ns, net %.1f ns, ratio %.2f\n", sizes[i], tp_bench_median(&a),
		       tp_bench_median(&b), tp_bench_median(&a) / tp_bench_median(&b));
		tp_bench_loop_destroy(loop);
		tp_bench_net_destroy(net);
	}
	return 0;
}
