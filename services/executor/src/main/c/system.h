/* The kernel's side: system calls without a libc, and the structures and constants that its public headers leave out. */
#ifndef CAISSON_SYSTEM_H
#define CAISSON_SYSTEM_H

#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/socket.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/time.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ERRNO 4095 /* include/linux/err.h: results from -4095 to -1 are errors */

/* include/linux/socket.h, which is not among the kernel's public headers. */
struct message_header {
	void *name;
	int32_t name_bytes;
	struct iovec *parts;
	uint64_t part_count;
	void *control;
	uint64_t control_bytes;
	uint32_t flags;
};

struct control_header {
	uint64_t bytes; /* with this header */
	int32_t level;
	int32_t type;
};

#define SCM_RIGHTS 1
#define MSG_CTRUNC 0x8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define MSG_NOSIGNAL 0x4000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SEEK_END 2
#define FIRST_RAISED_DESCRIPTOR 256 /* above every number that a process may be given */
#define SIGNAL_SET_BYTES 8 /* 64 signals */
#define SIGNAL_INFO_BYTES 128 /* struct signalfd_siginfo */
#define LAST_SIGNAL 64

#ifdef CAISSON_SIMULATED
/* The fuzzers answer system calls themselves. */
long system_call(long number, long a, long b, long c, long d, long e, long f);
#elif defined(__x86_64__)
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "+a"(number)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return number;
}
#elif defined(__aarch64__)
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "caisson-init is written for x86_64 and aarch64"
#endif

/* CALL(number, up to six arguments): the rest are zero. */
#define CALL(...) CALL_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define CALL_PADDED(number, a, b, c, d, e, f, ...)                                                                     \
	system_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline int is_error(long result)
{
	return result < 0 && result >= -MAX_ERRNO;
}

static inline void close_descriptor(int descriptor)
{
	if (descriptor >= 0)
		CALL(__NR_close, descriptor);
}

/*
 * To where nothing that a process is given can close what its program still needs. The new number, or a negative errno:
 * then it is where it was.
 */
static inline long raise_descriptor(int descriptor)
{
	long raised = CALL(__NR_fcntl, descriptor, F_DUPFD_CLOEXEC, FIRST_RAISED_DESCRIPTOR);
	if (!is_error(raised))
		close_descriptor(descriptor);
	return raised;
}

static inline _Noreturn void end_process(int code)
{
	for (;;)
		CALL(__NR_exit_group, code);
}

#endif
