/*
 * Throws random messages, exits and failures at caisson-init, whose system calls are simulated. At each turn it must have
 * open exactly the descriptors that it has a reason to have, and must never close one twice. Built with sanitizers.
 * message_fuzz SECONDS [SEED]
 */
#include "../../main/c/caisson_init.c"
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

long atol(const char *text);
_Noreturn void abort(void);
uint64_t random_number(void);
void seed_random(uint64_t seed);
int time_is_up(long seconds);

#define TABLE_SIZE 1280
#define TURNS_OF_A_LIFE 400
#define FIRST_PID 2

static unsigned char open_descriptors[TABLE_SIZE];
static int32_t living[MAX_PROCESSES + 8]; /* pids, orphans too */
static uint32_t living_count;
static int32_t next_pid;
static int alone;  /* in its PID namespace: PID 1 */
static int ending; /* all have been killed */
static int turns;
static jmp_buf ended;
static unsigned long messages, lives, births, becomings, exits, most_held;

static uint32_t below(uint32_t bound)
{
	return (uint32_t)(random_number() % bound);
}

static int32_t open_one(void)
{
	for (int32_t i = 0; i < TABLE_SIZE; i++)
		if (!open_descriptors[i])
			return open_descriptors[i] = 1, i;
	return -EMFILE;
}

static int32_t open_or_fail(uint32_t one_in)
{
	return below(one_in) == 0 ? -EMFILE : open_one();
}

static long simulate_close(long descriptor)
{
	if (descriptor < 3 || descriptor >= TABLE_SIZE || !open_descriptors[descriptor]) {
		printf("closes %ld, which is not open\n", descriptor);
		abort();
	}
	open_descriptors[descriptor] = 0;
	return 0;
}

static void check_descriptors(void)
{
	uint32_t expected = 3 + (listening >= 0) + (connection >= 0) + (child_signals >= 0) + (own_pidfd >= 0) + held_count;
	uint32_t count = 0;
	for (int i = 0; i < TABLE_SIZE; i++)
		count += open_descriptors[i];
	if (count != expected) {
		printf("%u descriptors are open, not %u\n", count, expected);
		abort();
	}
	for (uint32_t i = 0; i < held_count; i++)
		if (!open_descriptors[held[i].descriptor])
			abort();
	most_held = held_count > most_held ? held_count : most_held;
}

static long simulate_turn(struct pollfd *polled)
{
	check_descriptors();
	if (++turns > TURNS_OF_A_LIFE)
		longjmp(ended, 1);
	for (int i = 0; i < 3; i++)
		if (polled[i].fd >= 0)
			polled[i].revents = below(i == 2 ? 40 : 3) == 0 ? POLLIN : 0;
	return 1;
}

static const uint32_t types[] = {BECOME, RUN, RUN, RUN, ACK, ACK, LIST, HOLD, HOLD, HOLD, FETCH, DROP, END};

static long simulate_receive(struct message_header *header)
{
	struct message *message = header->parts->iov_base;
	struct control_header *control = header->control;
	uint32_t count = below(3) ? below(8) : below(MAX_RECEIVED + 1), fitting = 0;
	if (below(50) == 0)
		return below(2) ? -EAGAIN : -ECONNRESET;
	uint32_t bytes = below(20) ? sizeof *message : below(sizeof *message + 1);
	struct message random = {.type = below(20) ? types[below(13)] : (uint32_t)random_number(),
				 .flags = below(20) ? below(2) * below(8) : (uint32_t)random_number(),
				 .token = below(64),
				 .arg = {below(20) ? CLONE_NEWPID : random_number()}};
	if (random.type == END && below(20))
		random.type = HOLD;
	memcpy(message, &random, bytes);
	header->flags = below(50) ? 0 : MSG_TRUNC;
	while (fitting < count) {
		int32_t descriptor = open_or_fail(5000);
		if (descriptor < 0) {
			header->flags |= MSG_CTRUNC;
			break;
		}
		((int32_t *)(control + 1))[fitting++] = descriptor;
	}
	control->bytes = sizeof *control + fitting * sizeof(int32_t);
	control->level = SOL_SOCKET;
	control->type = SCM_RIGHTS;
	header->control_bytes = fitting ? (control->bytes + 7) & ~7ull : 0;
	messages++;
	return bytes;
}

static long simulate_send(const struct message_header *header)
{
	const struct control_header *control = header->control;
	const struct message *message = header->parts->iov_base;
	for (uint64_t i = 0; control != NULL && i < (control->bytes - sizeof *control) / sizeof(int32_t); i++)
		if (!open_descriptors[((const int32_t *)(control + 1))[i]])
			abort();
	exits += message->type == EXITED;
	return below(200) ? (long)sizeof *message : -EAGAIN;
}

static long simulate_clone(const struct clone_args *arguments)
{
	int becoming = (arguments->flags & CLONE_PARENT) != 0;
	if (below(10) == 0 || living_count == sizeof living / sizeof *living)
		return -ENOMEM;
	if (becoming) {
		becomings++;
		return 0; /* the second process's life is what is followed */
	}
	*(int32_t *)arguments->pidfd = open_one();
	births++;
	return living[living_count++] = next_pid++;
}

static long simulate_wait(int *status, struct rusage *usage)
{
	uint32_t chosen = living_count > 0 ? below(living_count) : 0;
	memset(usage, 0, sizeof *usage);
	if (living_count == 0)
		return -ECHILD;
	if (!ending && below(2))
		return 0;
	int32_t pid = living[chosen];
	*status = ending ? SIGKILL : below(4) ? 3 << 8 : SIGTRAP << 8 | 0x7f;
	if ((*status & 0xff) != 0x7f)
		living[chosen] = living[--living_count];
	return pid;
}

static long simulate_kill(long pid)
{
	if (pid == -1)
		ending = 1;
	for (uint32_t i = 0; i < living_count; i++)
		if (living[i] == pid)
			return ending = 1, 0;
	if (pid != -1) {
		printf("kills %ld, which is not its child\n", pid);
		abort();
	}
	return 0;
}

long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	(void)d, (void)e, (void)f;
	switch (number) {
	case __NR_close:
		return simulate_close(a);
	case __NR_ppoll:
		return simulate_turn((struct pollfd *)a);
	case __NR_recvmsg:
		return simulate_receive((struct message_header *)b);
	case __NR_sendmsg:
		return simulate_send((const struct message_header *)b);
	case __NR_clone3:
		return simulate_clone((const struct clone_args *)a);
	case __NR_wait4:
		return simulate_wait((int *)b, (struct rusage *)d);
	case __NR_kill:
		return simulate_kill(a);
	case __NR_getpid:
		return alone ? 1 : FIRST_PID;
	case __NR_accept4:
	case __NR_pidfd_open:
		return turns == 0 ? open_one() : open_or_fail(20);
	case __NR_signalfd4:
		return open_one();
	case __NR_pipe2: {
		int32_t *ends = (int32_t *)a;
		ends[0] = open_one();
		ends[1] = open_one();
		return 0;
	}
	case __NR_setns:
		return below(5) ? 0 : -ENOMEM;
	case __NR_lseek:
		return below(10) ? 4096 : -ESPIPE;
	case __NR_prlimit64:
		((struct rlimit *)d)->rlim_cur = 1024;
		return 0;
	case __NR_exit_group:
		longjmp(ended, 1);
	case __NR_clock_gettime:
	case __NR_fcntl:
	case __NR_keyctl:
	case __NR_prctl:
	case __NR_ptrace:
	case __NR_rt_sigaction:
	case __NR_rt_sigprocmask:
	case __NR_setsockopt:
	case __NR_umask:
		return 0;
	case __NR_read:
		return below(8) == 0 ? 0 : 1; /* a second process hears of its announcement, or not */
	}
	printf("system call %ld (%ld, %ld, %ld) is not expected\n", number, a, b, c);
	abort();
}

/* The programs themselves are the other fuzzer's. */
void program_run(const struct program_input *input)
{
	for (uint32_t i = 0; i < input->donated_count; i++)
		if (!open_descriptors[input->donated[i]])
			abort();
}

static void live_once(void)
{
	memset(open_descriptors, 0, sizeof open_descriptors);
	memset(open_descriptors, 1, 4);
	process_count = held_count = living_count = 0;
	serving = exits_with_connection = abroad = unreaped = resting = ending = turns = 0;
	next_pid = FIRST_PID + 1;
	alone = (int)below(2);
	lives++;
	if (setjmp(ended) == 0)
		caisson_init();
}

int main(int count, char **words)
{
	uint64_t seed = count > 2 ? (uint64_t)atol(words[2]) : 1;
	seed_random(seed);
	while (!time_is_up(count > 1 ? atol(words[1]) : 1))
		live_once();
	printf("%lu messages in %lu lives from seed %lu: %lu births, %lu becomings, %lu exits reported, at most %lu held\n",
	       messages, lives, seed, births, becomings, exits, most_held);
	return births > 0 && becomings > 0 && exits > 0 && most_held > 200 ? 0 : 1;
}
