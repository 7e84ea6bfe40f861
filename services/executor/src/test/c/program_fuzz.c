/*
 * Throws spoiled programs at the validator and at the interpreter, whose system calls are simulated: no mutation may make
 * them read or write outside of the program. Built with sanitizers. program_fuzz SECONDS [SEED]
 */
#include "program.h"
#include "system.h"
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

void *malloc(size_t size);
void free(void *memory);
long atol(const char *text);
_Noreturn void abort(void);
uint64_t random_number(void);
void seed_random(uint64_t seed);
int time_is_up(long seconds);

#ifdef __aarch64__
#define FUZZED_MACHINE 183
#else
#define FUZZED_MACHINE 62
#endif
#define MAX_TEST_STEPS 8
#define TEST_DATA_BYTES 64
#define DONATED_COUNT 3
#define STACK_BYTES (64 << 10)

static unsigned char *bytes; /* of exactly the program's size, so that the sanitizer sees what is beyond */
static uint64_t size;
static struct status_page page;
static jmp_buf ended;
static unsigned long runs, valid, malformed, failed, finished, gone_on;

static uint32_t below(uint32_t bound)
{
	return (uint32_t)(random_number() % bound);
}

/* Nothing of ours is near the program but the program: an address just behind it is a pointer that has left it. */
static void check_argument(long argument)
{
	uint64_t offset = (uint64_t)argument - (uint64_t)bytes;
	if (offset >= size && offset < size + MAX_PROGRAM_BYTES)
		abort();
}

/* What may come for the next program: it is these bytes again, with as many more donated descriptors as there are. */
static long receive_next(struct message_header *header)
{
	struct control_header *control = header->control;
	uint32_t count = below(4) ? 1 : below(MAX_DESCRIPTORS + 2);
	if (below(4) == 0)
		return below(2) ? 0 : -EINTR;
	gone_on++;
	header->flags = below(8) ? 0 : MSG_CTRUNC;
	*control = (struct control_header){sizeof *control + count * sizeof(int32_t), SOL_SOCKET, SCM_RIGHTS};
	if (below(8) == 0)
		control->type = (int32_t)below(4);
	memset(control + 1, 0, count * sizeof(int32_t));
	header->control_bytes = below(8) ? control->bytes : 0;
	return 1;
}

/* A spoiled step may have any number. The interpreter's own header lies on the stack, just above. */
static int is_of_the_interpreter(long header)
{
	uint64_t above = (uint64_t)header - (uint64_t)__builtin_frame_address(0);
	return above < STACK_BYTES;
}

long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	const long arguments[] = {a, b, c, d, e, f};
	switch (number) {
	case __NR_mmap:
		return e == 1 ? (long)&page : (long)bytes;
	case __NR_munmap:
		return 0;
	case __NR_lseek:
		return (long)size;
	case __NR_exit_group:
		longjmp(ended, 1 + (int)a);
	case __NR_sendto:
		return below(8) ? 4 : -EPIPE;
	case __NR_fcntl:
		return 15; /* all seals */
	case __NR_read:
		return below(8) ? 1 : below(2) ? 0 : -EINTR;
	case __NR_recvmsg:
		if (is_of_the_interpreter(b))
			return receive_next((struct message_header *)b);
	}
	for (int i = 0; i < 6; i++)
		check_argument(arguments[i]);
	return below(3) ? (long)random_number() : -(long)below(4096);
}

static void make_program(void)
{
	uint32_t steps = 1 + below(MAX_TEST_STEPS), relocations = below(4), data = 8 * below(TEST_DATA_BYTES / 8);
	size = sizeof(struct program_header) + steps * sizeof(struct step) + relocations * sizeof(struct relocation) + data;
	bytes = malloc(size);
	memset(bytes, 0, size);
	*(struct program_header *)bytes = (struct program_header){.magic = PROGRAM_MAGIC,
								  .version = PROGRAM_VERSION,
								  .machine = FUZZED_MACHINE,
								  .steps = steps,
								  .relocations = relocations,
								  .data_bytes = data,
								  .descriptors = DONATED_COUNT};
	struct step *step = (struct step *)(bytes + sizeof(struct program_header));
	for (uint32_t i = 0; i < steps; i++, step++) {
		step->number = 1000 + (int32_t)below(100);
		step->slot = below(2) ? (uint8_t)below(MAX_SLOTS) : NO_SLOT;
		step->flags = (uint8_t)below(4);
		step->tolerated[below(4)] = (uint16_t)below(4096);
		for (int j = 0; j < 6; j++) {
			step->kind[j] = (uint8_t)(below(6) ? 0 : below(6));
			step->argument[j] = below(TEST_DATA_BYTES);
		}
		if (data > 0 && below(4) == 0) {
			step->kind[0] = ARG_DATA;
			step->argument[0] = below(data);
			step->flags |= STEP_ROOTED;
		}
		if (data >= 4 && below(4) == 0) {
			step->flags |= STEP_STORE;
			step->store = below(data - 3) & ~3u;
		}
		if (below(8) == 0) {
			step->number = NO_SYSTEM_CALL;
			step->store = 0;
			step->slot = NO_SLOT;
			step->flags = below(2) ? STEP_NEXT : STEP_BARRIER;
		}
	}
	struct relocation *relocation = (struct relocation *)step;
	for (uint32_t i = 0; i < relocations; i++, relocation++)
		*relocation = (struct relocation){8 * below(TEST_DATA_BYTES / 8), below(TEST_DATA_BYTES)};
}

static void spoil(void)
{
	static const uint64_t interesting[] = {0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, ~0ull};
	for (uint32_t count = below(4); count > 0; count--) {
		uint64_t at = random_number() % size;
		uint64_t width = 1ull << below(4);
		uint64_t value = below(2) ? random_number() : interesting[below(10)];
		memcpy(bytes + at, &value, width < size - at ? width : size - at);
	}
	if (below(8) == 0) { /* shortened: of a new allocation, so that its end is seen */
		unsigned char *shorter = malloc((size = random_number() % (size + 1)) + 1);
		memcpy(shorter, bytes, size);
		free(bytes);
		bytes = shorter;
	}
}

static void run_once(void)
{
	static const int32_t donated[DONATED_COUNT] = {10, 11, 12};
	const struct program_input input = {
		.program = 0, .page = 1, .gate = 2, .donated = donated, .donated_count = DONATED_COUNT};
	unsigned long before = gone_on;
	page = (struct status_page){0};
	int is_valid = program_is_valid(bytes, size, DONATED_COUNT);
	if (setjmp(ended) == 0) {
		program_run(&input);
		finished++;
	}
	runs++;
	valid += (unsigned long)is_valid;
	malformed += page.state == STATUS_MALFORMED;
	failed += page.state == STATUS_FAILED;
	if (gone_on == before && is_valid == (page.state == STATUS_MALFORMED))
		abort();
}

int main(int count, char **words)
{
	uint64_t seed = count > 2 ? (uint64_t)atol(words[2]) : 1;
	seed_random(seed);
	while (!time_is_up(count > 1 ? atol(words[1]) : 1)) {
		make_program();
		spoil();
		run_once();
		free(bytes);
	}
	printf("%lu programs from seed %lu: %lu valid, %lu malformed, %lu failed, %lu finished, %lu gone on\n", runs, seed, valid,
	       malformed, failed, finished, gone_on);
	/* A fuzzer that never gets through tests nothing. */
	return valid > 0 && malformed > 0 && failed > 0 && finished > 0 && gone_on > 0 ? 0 : 1;
}
