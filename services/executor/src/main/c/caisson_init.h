/*
 * caisson-init: the programs that it interprets and the protocol that it speaks.
 *
 * This header is the only declaration of both. The executor's encoder and decoder are tested against bytes that a C
 * program makes from these structures. All numbers are little-endian; every structure has no padding.
 */
#ifndef CAISSON_INIT_H
#define CAISSON_INIT_H

#include <stdint.h>

/* ---- Programs: a sealed memfd (F_SEAL_WRITE|SHRINK|GROW|SEAL), header ‖ steps ‖ relocations ‖ data, and no byte more ----
 *
 * A program refers to nothing outside of itself: offsets are below data_bytes, slots are filled by an earlier step. */

#define PROGRAM_MAGIC 0x504e5343u /* "CSNP" */
#define PROGRAM_VERSION 1u

#define MAX_PROGRAM_BYTES (1u << 20)
#define MAX_STEPS 4096u
#define MAX_SLOTS 64u
#define MAX_DESCRIPTORS 250u /* donated; SCM_MAX_FD is 253 */

struct program_header {
	uint32_t magic;
	uint16_t version;
	uint16_t machine;     /* EM_X86_64 (62) or EM_AARCH64 (183): system call numbers differ */
	uint32_t steps;       /* 1 to MAX_STEPS */
	uint32_t relocations;
	uint32_t data_bytes;
	uint32_t descriptors; /* how many are donated: a RUN with another number is refused */
	uint64_t reserved;    /* 0 */
};

enum argument_kind {
	ARG_IMMEDIATE = 0,
	ARG_DATA = 1,       /* offset in data, below data_bytes: the address of that byte */
	ARG_DESCRIPTOR = 2, /* index of a donated descriptor: its number */
	ARG_SLOT = 3,       /* result of an earlier step */
	/* In a register that the call does not read, where it is 0. The value names a slot: the call is made only if that
	 * holds no error, or only if it holds one. Otherwise the step's own slot gets -EBADF, which is no failure. Not with
	 * a flag: nothing that waits, checks or stores is left out. */
	ARG_ONLY_IF = 4,
	ARG_ONLY_UNLESS = 5,
};

enum step_flag {
	/* Write the step's index (uint32) to the gate, a connected socket, then block until one byte comes back. Before the
	 * system call. When no byte can come any more the step fails with EPIPE. */
	STEP_BARRIER = 1,
	/* End the program, successfully, unless the call fails with a tolerated error: a list of candidates for a
	 * call. The last candidate of the list has no such flag. Where execve succeeds it does not return anyway. */
	STEP_STOP_UNLESS_ERROR = 2,
	/* After success the byte at the address of argument 0 must be '/', else the step fails with ENOENT:
	 * getcwd(2) answers "(unreachable)…" for a directory outside the root. */
	STEP_ROOTED = 4,
	/* Go on with another program; only without a system call. Like a barrier, but what comes back is one message with
	 * descriptors: the next program, and what is donated to it beside all that this one was given. Nothing of this one is
	 * run any more. A message of another form ends it with EINVAL. */
	STEP_NEXT = 8,
	/* After success the result, 32 bits of it, is written into the data at `store`: so a descriptor that the call has made
	 * can be in a structure that a later one is given, a message with SCM_RIGHTS for example. */
	STEP_STORE = 16,
	/* The halves of a barrier, each only without a system call: write the index to the gate and go on; write the index into
	 * the status page, then block until one byte comes back, which may have come before. */
	STEP_REPORT = 32,
	STEP_AWAIT = 64,
};

#define NO_SYSTEM_CALL (-1) /* a step that only waits or reports: a barrier, or for the next program */
#define NO_SLOT 0xffu

struct step {
	int32_t number;          /* system call, or NO_SYSTEM_CALL */
	uint8_t kind[6];         /* enum argument_kind */
	uint8_t slot;            /* where the result goes; NO_SLOT: nowhere */
	uint8_t flags;           /* enum step_flag */
	uint16_t tolerated[4];   /* errnos that are no failure; 0: none. The slot then gets the negative errno */
	uint32_t store;          /* with STEP_STORE: offset in data, 4-aligned, four bytes below data_bytes; else 0 */
	uint64_t argument[6];
};

struct relocation {
	uint32_t at;     /* offset in data, 8-aligned: the eight bytes there become the address of … */
	uint32_t target; /* … this offset in data */
};

/* Shared with the executor, a memfd of one page: why the program ended, where that cannot be written to anything. */
struct status_page {
	uint32_t state; /* enum status_state */
	uint32_t step;  /* of a program that has not ended: the STEP_AWAIT that it has come to last */
	int32_t error;  /* errno */
	uint32_t reserved;
};

enum status_state {
	STATUS_NONE = 0,
	STATUS_FAILED = 1,    /* step and error say which; the process ends with 127 */
	STATUS_MALFORMED = 2, /* the program was refused whole, before its first step; ends with 127 */
};

/* ---- Control: one connection at a time on a SOCK_SEQPACKET socket; a new one replaces the old ---- */

#define CONTROL_VERSION 1u
#define MAX_PROCESSES 1024u
#define MAX_ENTERED 8u      /* one of each type: namespaces(7) */
#define MAX_HELD 2048u      /* descriptors, all tokens together */

/* The listening socket is descriptor 3 of the binary; 0, 1 and 2 are /dev/null. */
#define LISTEN_DESCRIPTOR 3

struct message {
	uint32_t type;
	uint32_t flags;
	uint64_t token;
	uint64_t arg[6];
};

enum message_type {
	/* Requests. Descriptors travel beside the message, in the order given. A request of a bad form (length, type, flags,
	 * number of descriptors, clone flags other than CLONE_NEW…, before or after BECOME) is FAILED with EINVAL; one whose
	 * descriptors did not fit into init's table with EMFILE. */

	/* First request of all, once. arg[0]: flags of clone3(2) for the sandbox's namespaces (CLONE_PARENT and CLONE_PIDFD
	 * are added); arg[1]: how many namespaces are to be entered before. Descriptors: program, status page, gate [, cgroup
	 * if WITH_CGROUP], namespaces to enter …, donated …. The new process is announced by BORN with its pidfd, runs the
	 * program (which must not execute anything), answers READY, serves. A failure to enter one ends the process. */
	BECOME = 1,
	/* arg[0]: flags of clone3(2). Descriptors: program, status page, gate [, cgroup if WITH_CGROUP] [, PID namespace or
	 * pidfd if WITH_PIDNS: the child is born in it], donated …. Answer: STARTED with the child's pidfd, always
	 * before its EXITED; or FAILED: EEXIST for a token that is not forgotten, EAGAIN for more than MAX_PROCESSES, an errno
	 * of clone3 or setns. */
	RUN = 2,
	/* Forget an exit. A token can be used anew after it. No answer. */
	ACK = 3,
	/* Answer: an ENTRY for each token that is not forgotten, with a pidfd where it still runs, then LISTED. */
	LIST = 4,
	/* Keep the descriptors under the token, added to those that are there. Answer: HELD, or FAILED (ENOSPC): more than
	 * MAX_DESCRIPTORS under one token (FETCH answers in one message), more than MAX_HELD in all, or the process's own
	 * limit of open descriptors is near. */
	HOLD = 5,
	/* Answer: HELD with copies of the descriptors; with none where there are none. */
	FETCH = 6,
	/* Close what is held under the token. No answer. */
	DROP = 7,
	/* Kill every child, reap, answer ENDED, exit. */
	END = 8,

	/* Answers and reports. */
	HELLO = 0x81,   /* first on each connection; arg[0]: CONTROL_VERSION, arg[1]: 1 once it serves, 0 before BECOME */
	BORN = 0x82,    /* arg[0]: pid as the first process sees it; pidfd beside it */
	READY = 0x83,
	STARTED = 0x84, /* arg[0]: pid as init sees it; pidfd beside it */
	FAILED = 0x85,  /* arg[0]: errno, arg[1]: type of the request */
	EXITED = 0x86,  /* reported when it happens, and after each HELLO, until ACK. Fields: struct exited */
	ENTRY = 0x87,   /* flags: ENTRY_RUNNING with arg[0]: pid, or ENTRY_EXITED with the fields of EXITED */
	LISTED = 0x88,  /* arg[0]: how many entries there were */
	HELD = 0x89,    /* arg[0]: how many are held under the token */
	ENDED = 0x8a,
};

enum message_flag {
	WITH_CGROUP = 1,
	WITH_PIDNS = 2,
	EXIT_WITH_CONNECTION = 4, /* of BECOME: behave as after END when the connection is closed: a helper, not a sandbox */
	ENTRY_RUNNING = 16,
	ENTRY_EXITED = 32,
};

/* arg[] of EXITED:
 *   0  status as wait(2) gives it
 *   1  user CPU time, nanoseconds (resolution: the kernel's, microseconds)
 *   2  system CPU time, nanoseconds
 *   3  largest resident set, bytes
 *   4  time, nanoseconds since 1970 (CLOCK_REALTIME)
 */

_Static_assert(sizeof(struct program_header) == 32, "header");
_Static_assert(sizeof(struct step) == 72, "step");
_Static_assert(sizeof(struct relocation) == 8, "relocation");
_Static_assert(sizeof(struct status_page) == 16, "status page");
_Static_assert(sizeof(struct message) == 64, "message");

#endif
