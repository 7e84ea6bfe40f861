/* Builds programs for the tests, valid ones and others. One at a time: begin_program() forgets the last. */
#ifndef CAISSON_BUILDER_H
#define CAISSON_BUILDER_H

#include "caisson_init.h"
#include <stdint.h>

struct argument {
	uint8_t kind;
	uint64_t value;
};

#define IMMEDIATE(v) ((struct argument){ARG_IMMEDIATE, (uint64_t)(v)})
#define DATA(v) ((struct argument){ARG_DATA, (v)})
#define DONATED(v) ((struct argument){ARG_DESCRIPTOR, (v)})
#define SLOT(v) ((struct argument){ARG_SLOT, (v)})
#define ONLY_IF(v) ((struct argument){ARG_ONLY_IF, (v)})
#define ONLY_UNLESS(v) ((struct argument){ARG_ONLY_UNLESS, (v)})

struct call {
	int32_t number;
	struct argument argument[6];
	uint8_t into; /* slot + 1; 0: none */
	uint8_t flags;
	uint16_t tolerated[4];
	uint32_t store;
};

/* What is being built: the tests of malformed programs spoil it by hand. */
struct draft {
	struct program_header header;
	struct step steps[MAX_STEPS + 1];
	struct relocation relocations[256];
	unsigned char data[MAX_PROGRAM_BYTES];
};
extern struct draft draft;

void begin_program(void);
uint32_t add_data(const void *bytes, uint32_t size); /* 8-aligned; the offset */
uint32_t add_text(const char *text);
uint32_t add_buffer(uint32_t size);
uint32_t add_strings(const char *const *strings); /* argv: NULL-terminated, relocated */
void add_relocation(uint32_t at, uint32_t target);
uint32_t add_call(struct call call); /* its index */
#define STEP(...) add_call((struct call){__VA_ARGS__})

void add_write(struct argument descriptor, const char *text);
void add_exec(const char *const *strings, uint8_t flags, uint16_t tolerated);
/* dup3 of the donated descriptor onto standard output, and execution of this test program's probe. */
void add_probe(int donated, const char *const *words);

uint64_t program_bytes(unsigned char *to); /* to: NULL, or room for all */
int finish_program(uint32_t donated_count); /* a sealed memfd */
int seal_bytes(const void *bytes, uint64_t size);
int empty_program(void); /* which does nothing that could fail */

#endif
