/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* skip - leave a test out and say why: the last line it prints is the reason.  After <cmocka.h>. */
#ifndef TESTS_SKIP_H
#define TESTS_SKIP_H

#define SKIP(reason)                           \
	do {                                   \
		print_message("%s\n", reason); \
		skip();                        \
	} while (0)

#endif
