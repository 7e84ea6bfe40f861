/*
 * What the tests of caisson-init share: cases, a running instance, messages to and from it.
 *
 * Each case runs as PID 1 of a PID namespace of its own: whatever it leaves behind dies with it.
 */
#ifndef CAISSON_HARNESS_H
#define CAISSON_HARNESS_H

#include "caisson_init.h"
#include <stdint.h>
#include <sys/types.h>

#define PATIENCE_MILLISECONDS 20000
#define MAX_PASSED 253
#define SKIPPED 77 /* exit status */

void register_case(const char *name, void (*body)(void));

#define CASE(name)                                                                                                     \
	static void name(void);                                                                                        \
	__attribute__((constructor)) static void register_##name(void)                                                 \
	{                                                                                                              \
		register_case(#name, name);                                                                            \
	}                                                                                                              \
	static void name(void)

/* Ends the case. */
_Noreturn void fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Ends the case, which could not be tried here. */
_Noreturn void skip(const char *reason);

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			fail(__FILE__, __LINE__, "%s", #condition);                                                    \
	} while (0)

#define CHECK_EQUAL(actual, expected)                                                                                  \
	do {                                                                                                           \
		long long actual_ = (long long)(actual), expected_ = (long long)(expected);                            \
		if (actual_ != expected_)                                                                              \
			fail(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, actual_, expected_);                 \
	} while (0)

/* For system calls that are not what is tested. */
#define MUST(call)                                                                                                     \
	({                                                                                                             \
		__typeof__(call) result_ = (call);                                                                     \
		if (result_ == (__typeof__(call))-1)                                                                   \
			fail(__FILE__, __LINE__, "%s: %m", #call);                                                     \
		result_;                                                                                               \
	})

struct init {
	pid_t first; /* child of ours, until BECOME */
	pid_t second;
	int pidfd; /* of the second */
	int connection;
};

struct reply {
	struct message message;
	int descriptors[MAX_PASSED];
	int count;
};

/* A program that was asked for, and how it can be watched. */
struct launch {
	struct status_page *page;
	int gate;
	int pidfd;
	pid_t pid; /* as init sees it */
};

struct options {
	uint32_t flags;       /* of the message */
	uint64_t clone_flags;
	int cgroup, namespace; /* looked at where the flags say so */
	const int *donated;
	int donated_count;
};

const char *make_cgroup(void); /* one of the case's own, in the v2 tree; removed after the case */
const char *self_path(void); /* this very program, to be executed inside */

struct init spawn_init(void); /* not connected */
struct init start_init(void);
struct reply connect_to(struct init *init); /* the HELLO */
struct init start_sandbox(uint64_t clone_flags);
struct init start_helper(void); /* without namespaces, ends with its connection */

void send_message(int connection, uint32_t type, uint64_t token, uint32_t flags, uint64_t argument, const int *descriptors,
		  int count);
void send_simple(const struct init *init, uint32_t type, uint64_t token);
struct reply receive_reply(int connection);
struct reply expect(const struct init *init, uint32_t type, uint64_t token);
void expect_failure(const struct init *init, uint32_t request, uint64_t token, int error);
void expect_silence(const struct init *init);
void expect_hang_up(int connection);

/* Takes over the program's descriptor. */
struct launch ask(const struct init *init, uint32_t type, uint64_t token, int program, const struct options *options);
struct launch run(const struct init *init, uint64_t token, int program, const struct options *options); /* STARTED */
uint64_t expect_exit(const struct init *init, uint64_t token); /* the wait status */
uint64_t run_to_end(const struct init *init, int program, const struct options *options, struct launch *launch); /* and ACK */
void open_gate(const struct launch *launch);
uint32_t expect_barrier(const struct launch *launch);

int is_ended(int pidfd); /* within our patience */
int is_readable(int descriptor, int milliseconds);
int count_descriptors(pid_t pid);
int same_file(int one, int other);
void read_text(int descriptor, char *text, int size); /* until end of file */

#endif
