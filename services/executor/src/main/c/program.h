/* Programs: a table of system calls, checked whole and then made one after the other. */
#ifndef CAISSON_PROGRAM_H
#define CAISSON_PROGRAM_H

#include "caisson_init.h"

struct program_input {
	int program; /* sealed memfd */
	int page;    /* memfd of a struct status_page */
	int gate;    /* connected socket: barriers */
	const int32_t *donated;
	uint32_t donated_count;
};

/* Whether all that a program refers to is inside of it, so that running it reads and writes nothing else of ours. */
int program_is_valid(const void *bytes, uint64_t size, uint32_t donated_count);

/* Returns after the last step, or after one that stops the program; a failure ends the process with 127. */
void program_run(const struct program_input *input);

#endif
