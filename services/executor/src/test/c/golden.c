/*
 * The bytes of sample structures, one line for each: a name and hexadecimal digits. They are kept in
 * src/test/resources/golden, where the executor's tests of its encoder and decoder read them.
 */
#include "caisson_init.h"
#include <stdio.h>

static void print_bytes(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)bytes)[i]);
}

static void print(const char *name, const void *bytes, size_t size)
{
	printf("%s ", name);
	print_bytes(bytes, size);
	printf("\n");
}

#define EM_X86_64 62

static const struct program_header header = {
	.magic = PROGRAM_MAGIC,
	.version = PROGRAM_VERSION,
	.machine = EM_X86_64,
	.steps = 3,
	.relocations = 2,
	.data_bytes = 48,
	.descriptors = 1,
};

static const struct step steps[] = {
	/* slot 5 = openat(descriptor 0, "/bin/sh", O_RDONLY|O_CLOEXEC), which may fail with ENOENT or ENOTDIR */
	{
		.number = 257,
		.kind = {ARG_DESCRIPTOR, ARG_DATA, ARG_IMMEDIATE},
		.slot = 5,
		.tolerated = {2, 20},
		.argument = {0, 0, 02000000},
	},
	/* only a barrier */
	{.number = NO_SYSTEM_CALL, .slot = NO_SLOT, .flags = STEP_BARRIER},
	/* execveat(slot 5, "", argv, envp, AT_EMPTY_PATH), one of several candidates */
	{
		.number = 322,
		.kind = {ARG_SLOT, ARG_DATA, ARG_DATA, ARG_DATA, ARG_IMMEDIATE},
		.slot = NO_SLOT,
		.flags = STEP_STOP_UNLESS_ERROR,
		.tolerated = {2, 20, 13},
		.argument = {5, 8, 16, 40, 0x1000},
	},
};

/* argv[0] and argv[1] both point to "/bin/sh". */
static const struct relocation relocations[] = {{.at = 16, .target = 0}, {.at = 24, .target = 0}};

static const unsigned char data[48] = "/bin/sh";

static const struct status_page status_page = {.state = STATUS_FAILED, .step = 258, .error = 13};

static const struct message run = {
	.type = RUN,
	.flags = WITH_CGROUP | WITH_PIDNS,
	.token = 0x1122334455667788,
	.arg = {0x20020000 /* CLONE_NEWPID | CLONE_NEWNS */},
};

static const struct message exited = {
	.type = EXITED,
	.token = 0x1122334455667788,
	.arg = {137 << 8, 1234567000, 89000, 1490944, 1795459704596053871},
};

static void print_program(void)
{
	printf("program ");
	print_bytes(&header, sizeof header);
	print_bytes(steps, sizeof steps);
	print_bytes(relocations, sizeof relocations);
	print_bytes(data, sizeof data);
	printf("\n");
}

int main(void)
{
	print("header", &header, sizeof header);
	print("step-call", &steps[0], sizeof *steps);
	print("step-barrier", &steps[1], sizeof *steps);
	print("step-candidate", &steps[2], sizeof *steps);
	print("relocation", &relocations[1], sizeof *relocations);
	print("status-page", &status_page, sizeof status_page);
	print("message-run", &run, sizeof run);
	print("message-exited", &exited, sizeof exited);
	print_program();
	return 0;
}
