#define _GNU_SOURCE
#include "builder.h"
#include "harness.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE 62
#else
#define MACHINE 183
#endif

struct draft draft;

void begin_program(void)
{
	memset(&draft.header, 0, sizeof draft.header);
	draft.header.magic = PROGRAM_MAGIC;
	draft.header.version = PROGRAM_VERSION;
	draft.header.machine = MACHINE;
}

uint32_t add_buffer(uint32_t size)
{
	uint32_t offset = draft.header.data_bytes;
	uint32_t whole = (size + 7) & ~7u;
	CHECK(offset + whole <= sizeof draft.data);
	memset(draft.data + offset, 0, whole);
	draft.header.data_bytes += whole;
	return offset;
}

uint32_t add_data(const void *bytes, uint32_t size)
{
	uint32_t offset = add_buffer(size);
	memcpy(draft.data + offset, bytes, size);
	return offset;
}

uint32_t add_text(const char *text)
{
	return add_data(text, (uint32_t)strlen(text) + 1);
}

void add_relocation(uint32_t at, uint32_t target)
{
	draft.relocations[draft.header.relocations++] = (struct relocation){at, target};
}

uint32_t add_strings(const char *const *strings)
{
	uint32_t count = 0;
	while (strings[count] != NULL)
		count++;
	uint32_t array = add_buffer((count + 1) * 8);
	for (uint32_t i = 0; i < count; i++)
		add_relocation(array + 8 * i, add_text(strings[i]));
	return array;
}

uint32_t add_call(struct call call)
{
	struct step *step = &draft.steps[draft.header.steps];
	memset(step, 0, sizeof *step);
	step->number = call.number;
	step->slot = (uint8_t)(call.into == 0 ? NO_SLOT : call.into - 1u);
	step->flags = call.flags;
	step->store = call.store;
	memcpy(step->tolerated, call.tolerated, sizeof step->tolerated);
	for (int i = 0; i < 6; i++) {
		step->kind[i] = call.argument[i].kind;
		step->argument[i] = call.argument[i].value;
	}
	return draft.header.steps++;
}

void add_write(struct argument descriptor, const char *text)
{
	STEP(.number = SYS_write, .argument = {descriptor, DATA(add_text(text)), IMMEDIATE(strlen(text))});
}

void add_exec(const char *const *strings, uint8_t flags, uint16_t tolerated)
{
	const char *const none[] = {NULL};
	STEP(.number = SYS_execve,
	     .argument = {DATA(add_text(strings[0])), DATA(add_strings(strings)), DATA(add_strings(none))}, .flags = flags,
	     .tolerated = {tolerated});
}

void add_probe(int donated, const char *const *words)
{
	const char *strings[8] = {self_path(), "probe"};
	for (int i = 0; words[i] != NULL; i++)
		strings[i + 2] = words[i];
	STEP(.number = SYS_dup3, .argument = {DONATED((uint64_t)donated), IMMEDIATE(STDOUT_FILENO)});
	add_exec(strings, 0, 0);
}

static unsigned char *append(unsigned char *to, const void *from, uint64_t size)
{
	memcpy(to, from, size);
	return to + size;
}

uint64_t program_bytes(unsigned char *to)
{
	const struct program_header *header = &draft.header;
	uint64_t steps = header->steps * sizeof *draft.steps;
	uint64_t relocations = header->relocations * sizeof *draft.relocations;
	if (to != NULL) {
		to = append(to, header, sizeof *header);
		to = append(to, draft.steps, steps);
		to = append(to, draft.relocations, relocations);
		append(to, draft.data, header->data_bytes);
	}
	return sizeof *header + steps + relocations + header->data_bytes;
}

int seal_bytes(const void *bytes, uint64_t size)
{
	int descriptor = MUST(memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	CHECK_EQUAL(write(descriptor, bytes, size), size);
	MUST(fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
	return descriptor;
}

int finish_program(uint32_t donated_count)
{
	draft.header.descriptors = donated_count;
	uint64_t size = program_bytes(NULL);
	unsigned char *bytes = malloc(size);
	program_bytes(bytes);
	int descriptor = seal_bytes(bytes, size);
	free(bytes);
	return descriptor;
}

int empty_program(void)
{
	begin_program();
	STEP(.number = SYS_getpid);
	return finish_program(0);
}
