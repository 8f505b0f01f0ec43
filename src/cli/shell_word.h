/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shell_word - words of a command that a person may paste into a shell. */
#ifndef TP_CLI_SHELL_WORD_H
#define TP_CLI_SHELL_WORD_H

#include <stdio.h>

/* A space and @word, quoted if the shell would take it for something else. */
void tp_shell_word_print(FILE *out, const char *word);

#endif
