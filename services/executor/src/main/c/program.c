#include "program.h"
#include "system.h"

#define PROGRAM_FAILED 127 /* the exit status; why is in the status page */
#define REQUIRED_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MAX_ATTEMPTS 4096  /* as LinuxFiles has it */
#define CALLLESS_FLAGS (STEP_NEXT | STEP_REPORT | STEP_AWAIT) /* with a barrier those of a step without a call: one of them */
#define ALL_STEP_FLAGS (STEP_BARRIER | STEP_STOP_UNLESS_ERROR | STEP_ROOTED | STEP_STORE | CALLLESS_FLAGS)

#if defined(__x86_64__)
#define MACHINE 62 /* EM_X86_64 */
#elif defined(__aarch64__)
#define MACHINE 183 /* EM_AARCH64 */
#endif

union next_control {
	struct control_header header;
	unsigned char bytes[sizeof(struct control_header) + (MAX_DESCRIPTORS + 1) * sizeof(int32_t)];
};

struct parts {
	const struct program_header *header;
	const struct step *steps;
	const struct relocation *relocations;
	unsigned char *data;
};

static struct parts divide(const void *bytes)
{
	struct parts parts = {.header = bytes};
	parts.steps = (const struct step *)(parts.header + 1);
	parts.relocations = (const struct relocation *)(parts.steps + parts.header->steps);
	parts.data = (unsigned char *)(parts.relocations + parts.header->relocations);
	return parts;
}

/* ---- Validation ---- */

static int header_is_valid(const struct program_header *header, uint64_t size, uint32_t donated_count)
{
	if (size < sizeof *header || size > MAX_PROGRAM_BYTES)
		return 0;
	if (header->magic != PROGRAM_MAGIC || header->version != PROGRAM_VERSION || header->machine != MACHINE)
		return 0;
	if (header->steps == 0 || header->steps > MAX_STEPS || header->reserved != 0)
		return 0;
	if (header->descriptors != donated_count || donated_count > MAX_DESCRIPTORS)
		return 0;
	return size == sizeof *header + header->steps * (uint64_t)sizeof(struct step) +
			       header->relocations * (uint64_t)sizeof(struct relocation) + header->data_bytes;
}

static int argument_is_valid(const struct program_header *header, uint8_t kind, uint64_t argument, uint64_t defined)
{
	switch (kind) {
	case ARG_IMMEDIATE:
		return 1;
	case ARG_DATA:
		return argument < header->data_bytes;
	case ARG_DESCRIPTOR:
		return argument < header->descriptors;
	case ARG_SLOT:
	case ARG_ONLY_IF:
	case ARG_ONLY_UNLESS:
		return argument < MAX_SLOTS && (defined >> argument & 1);
	}
	return 0;
}

static int store_is_valid(const struct program_header *header, const struct step *step)
{
	if (!(step->flags & STEP_STORE))
		return step->store == 0;
	return step->store % 4 == 0 && step->store + 4ull <= header->data_bytes;
}

static int is_callless(uint8_t flags)
{
	return flags != 0 && (flags & ~(STEP_BARRIER | CALLLESS_FLAGS)) == 0 && (flags & (flags - 1)) == 0;
}

static int is_conditional(const struct step *step)
{
	for (int i = 0; i < 6; i++)
		if (step->kind[i] == ARG_ONLY_IF || step->kind[i] == ARG_ONLY_UNLESS)
			return 1;
	return 0;
}

/* A bit of *defined for each slot that an earlier step has filled. */
static int step_is_valid(const struct program_header *header, const struct step *step, uint64_t *defined)
{
	if (step->number < NO_SYSTEM_CALL || step->flags & ~ALL_STEP_FLAGS || !store_is_valid(header, step))
		return 0;
	if (step->number == NO_SYSTEM_CALL ? step->slot != NO_SLOT || !is_callless(step->flags) : step->flags & CALLLESS_FLAGS)
		return 0;
	if (step->flags & STEP_ROOTED && step->kind[0] != ARG_DATA)
		return 0;
	if (is_conditional(step) && (step->number == NO_SYSTEM_CALL || step->flags != 0))
		return 0;
	for (int i = 0; i < 6; i++)
		if (!argument_is_valid(header, step->kind[i], step->argument[i], *defined))
			return 0;
	for (int i = 0; i < 4; i++)
		if (step->tolerated[i] > MAX_ERRNO)
			return 0;
	if (step->slot == NO_SLOT)
		return 1;
	if (step->slot >= MAX_SLOTS)
		return 0;
	*defined |= 1ull << step->slot;
	return 1;
}

static int relocation_is_valid(const struct program_header *header, const struct relocation *relocation)
{
	return relocation->at % 8 == 0 && relocation->at + 8ull <= header->data_bytes &&
	       relocation->target < header->data_bytes;
}

int program_is_valid(const void *bytes, uint64_t size, uint32_t donated_count)
{
	if (!header_is_valid(bytes, size, donated_count))
		return 0;
	struct parts parts = divide(bytes);
	uint64_t defined = 0;
	for (uint32_t i = 0; i < parts.header->steps; i++)
		if (!step_is_valid(parts.header, &parts.steps[i], &defined))
			return 0;
	for (uint32_t i = 0; i < parts.header->relocations; i++)
		if (!relocation_is_valid(parts.header, &parts.relocations[i]))
			return 0;
	return 1;
}

/* ---- Interpretation ---- */

/* The state is written last: who sees it sees the rest. Memory, since a filter may already forbid every write(2). */
static _Noreturn void give_up(struct status_page *page, uint32_t state, uint32_t step, int error)
{
	page->step = step;
	page->error = error;
	__atomic_store_n(&page->state, state, __ATOMIC_RELEASE);
	end_process(PROGRAM_FAILED);
}

static int reports(int gate, uint32_t step)
{
	return CALL(__NR_sendto, gate, &step, sizeof step, MSG_NOSIGNAL) == sizeof step;
}

static int opens(int gate)
{
	uint8_t answer;
	long result;
	do
		result = CALL(__NR_read, gate, &answer, sizeof answer);
	while (result == -EINTR);
	return result == sizeof answer;
}

static int passes_gate(int gate, uint8_t flags, uint32_t step, struct status_page *page)
{
	if (flags & (STEP_BARRIER | STEP_REPORT) && !reports(gate, step))
		return 0;
	if (flags & STEP_AWAIT)
		__atomic_store_n(&page->step, step, __ATOMIC_RELEASE);
	return !(flags & (STEP_BARRIER | STEP_AWAIT)) || opens(gate);
}

/* An errno, or 0: the program is then the one that was received, and what is donated is more. */
static int take_next(struct program_input *input, int32_t *donated, uint32_t step)
{
	union next_control control;
	uint8_t answer;
	struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
	struct message_header header = {
		.parts = &part, .part_count = 1, .control = &control, .control_bytes = sizeof control};
	long result = -EPIPE;
	if (reports(input->gate, step)) {
		do
			result = CALL(__NR_recvmsg, input->gate, &header, MSG_CMSG_CLOEXEC);
		while (result == -EINTR);
	}
	if (result <= 0)
		return EPIPE;
	if (header.flags & (MSG_CTRUNC | MSG_TRUNC) || header.control_bytes < sizeof control.header ||
	    control.header.level != SOL_SOCKET || control.header.type != SCM_RIGHTS)
		return EINVAL;
	uint32_t count = (uint32_t)((control.header.bytes - sizeof control.header) / sizeof(int32_t)) - 1;
	if (count > MAX_DESCRIPTORS - input->donated_count)
		return EINVAL;
	const int32_t *received = (const int32_t *)(&control.header + 1);
	for (uint32_t i = 0; i < count; i++) {
		result = raise_descriptor(received[i + 1]);
		if (is_error(result))
			return (int)-result;
		donated[input->donated_count++] = (int32_t)result;
	}
	input->program = received[0]; /* that of the last one belongs to whoever called */
	return 0;
}

static long resolve(const struct parts *parts, const int32_t *donated, const long *slots, uint8_t kind, uint64_t argument)
{
	switch (kind) {
	case ARG_DATA:
		return (long)(parts->data + argument);
	case ARG_DESCRIPTOR:
		return donated[argument];
	case ARG_SLOT:
		return slots[argument];
	case ARG_ONLY_IF:
	case ARG_ONLY_UNLESS:
		return 0;
	}
	return (long)argument;
}

static int conditions_hold(const struct step *step, const long *slots)
{
	for (int i = 0; i < 6; i++) {
		if (step->kind[i] == ARG_ONLY_IF && is_error(slots[step->argument[i]]))
			return 0;
		if (step->kind[i] == ARG_ONLY_UNLESS && !is_error(slots[step->argument[i]]))
			return 0;
	}
	return 1;
}

/* openat2(2) cannot tell whether ".." stays inside while anybody on the host renames: another container, on purpose. */
static int is_unsure(const struct step *step, long result)
{
	return result == -EAGAIN && step->number == __NR_openat2;
}

static long make_call(const struct parts *parts, const struct step *step, const int32_t *donated, const long *slots)
{
	long argument[6], result;
	int attempts = MAX_ATTEMPTS;
	for (int i = 0; i < 6; i++)
		argument[i] = resolve(parts, donated, slots, step->kind[i], step->argument[i]);
	do
		result = CALL(step->number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
	while (--attempts > 0 && is_unsure(step, result));
	if (!is_error(result) && step->flags & STEP_ROOTED && *(const char *)argument[0] != '/')
		return -ENOENT;
	return result;
}

static int tolerates(const struct step *step, long error)
{
	return error == step->tolerated[0] || error == step->tolerated[1] || error == step->tolerated[2] ||
	       error == step->tolerated[3];
}

/* Returns the index of the step that asks for another program, or how many there are: it has come to its end. */
static uint32_t run_steps(const struct parts *parts, const struct program_input *input, struct status_page *page)
{
	long slots[MAX_SLOTS];
	for (uint32_t i = 0; i < parts->header->steps; i++) {
		const struct step *step = &parts->steps[i];
		if (step->flags & STEP_NEXT)
			return i;
		if (!passes_gate(input->gate, step->flags, i, page))
			give_up(page, STATUS_FAILED, i, EPIPE);
		if (step->number == NO_SYSTEM_CALL)
			continue;
		if (!conditions_hold(step, slots)) {
			if (step->slot != NO_SLOT)
				slots[step->slot] = -EBADF;
			continue;
		}
		long result = make_call(parts, step, input->donated, slots);
		if (is_error(result) && !tolerates(step, -result))
			give_up(page, STATUS_FAILED, i, (int)-result);
		if (step->slot != NO_SLOT)
			slots[step->slot] = result;
		if (step->flags & STEP_STORE && !is_error(result))
			*(int32_t *)(parts->data + step->store) = (int32_t)result;
		if (step->flags & STEP_STOP_UNLESS_ERROR && !is_error(result))
			break;
	}
	return parts->header->steps;
}

static void relocate(const struct parts *parts)
{
	for (uint32_t i = 0; i < parts->header->relocations; i++) {
		const struct relocation *relocation = &parts->relocations[i];
		*(uint64_t *)(parts->data + relocation->at) = (uint64_t)(parts->data + relocation->target);
	}
}

static void *map(int descriptor, uint64_t size, int flags)
{
	long address = CALL(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, flags, descriptor, 0);
	return is_error(address) ? NULL : (void *)address;
}

static void *map_program(const struct program_input *input, uint64_t size)
{
	long seals = CALL(__NR_fcntl, input->program, F_GET_SEALS);
	if (is_error(seals) || (seals & REQUIRED_SEALS) != REQUIRED_SEALS || size > MAX_PROGRAM_BYTES)
		return NULL;
	return map(input->program, size, MAP_PRIVATE);
}

/* Says whether another one follows, which is in the input then. */
static int run_one(struct program_input *input, int32_t *donated, struct status_page *page)
{
	uint64_t size = (uint64_t)CALL(__NR_lseek, input->program, 0, SEEK_END);
	void *bytes = map_program(input, size);
	if (bytes == NULL || !program_is_valid(bytes, size, input->donated_count))
		give_up(page, STATUS_MALFORMED, 0, 0);
	struct parts parts = divide(bytes);
	relocate(&parts);
	uint32_t last = run_steps(&parts, input, page);
	int follows = last < parts.header->steps;
	int error = follows ? take_next(input, donated, last) : 0;
	if (error != 0)
		give_up(page, STATUS_FAILED, last, error);
	CALL(__NR_munmap, bytes, size);
	return follows;
}

void program_run(const struct program_input *first)
{
	int32_t donated[MAX_DESCRIPTORS];
	struct program_input input = *first;
	struct status_page *page = map(input.page, sizeof *page, MAP_SHARED);
	if (page == NULL)
		end_process(PROGRAM_FAILED);
	for (uint32_t i = 0; i < input.donated_count; i++)
		donated[i] = first->donated[i];
	input.donated = donated;
	while (run_one(&input, donated, page))
		;
	CALL(__NR_munmap, page, sizeof *page);
}
