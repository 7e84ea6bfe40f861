/*
 * Makes sockets in every way that this machine knows, and says what each came to: 0, or the errno. Of keys:
 * `add NAME` makes one in the session keyring and stays, `find NAME` looks for one there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *way, int family, long result)
{
	printf("%s %d: %ld\n", way, family, result < 0 ? -result : 0);
	if (result >= 0)
		close((int)result);
}

static long native(uint64_t family)
{
	long result = syscall(SYS_socket, family, 1 /* SOCK_STREAM */, 0);
	return result < 0 ? -errno : result;
}

#ifdef __x86_64__
enum { I386_SOCKETCALL = 102, I386_SOCKET = 359, SYS_SOCKET_OF_IT = 1 };

/* As a 32-bit program calls: the kernel takes it for one, whatever the program's mode is. */
static long i386(long number, uint32_t first, uint32_t second, uint32_t third)
{
	long result;
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

/* Not every machine does: with some hypervisors such a call is a fault. */
static int runs_i386(void)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		i386(20 /* getpid */, 0, 0, 0);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
}

static long socketcall(uint32_t family)
{
	/* Where a register of 32 bits can point. */
	uint32_t *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (arguments == MAP_FAILED)
		return -errno;
	arguments[0] = family;
	arguments[1] = 1;
	arguments[2] = 0;
	return i386(I386_SOCKETCALL, SYS_SOCKET_OF_IT, (uint32_t)(uintptr_t)arguments, 0);
}
#endif

static void make_sockets(int family)
{
	say("socket", family, native((uint64_t)family));
	say("socket + 2^32", family, native((uint64_t)family | 1ull << 32));
#ifdef __x86_64__
	if (!runs_i386())
		return;
	say("i386 socket", family, i386(I386_SOCKET, (uint32_t)family, 1, 0));
	say("i386 socketcall", family, socketcall((uint32_t)family));
#endif
}

static int add(const char *name)
{
	if (syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_SESSION_KEYRING) < 0) {
		printf("%d\n", errno);
		return 1;
	}
	puts("added");
	fflush(stdout);
	pause();
	return 0;
}

static int find(const char *name)
{
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0);
	printf("%d\n", key < 0 ? errno : 0);
	return 0;
}

int main(int count, char **arguments)
{
	if (count == 3)
		return strcmp(arguments[1], "add") == 0 ? add(arguments[2]) : find(arguments[2]);
	make_sockets(2 /* AF_INET */);
	make_sockets(38 /* AF_ALG */);
	make_sockets(40 /* AF_VSOCK */);
	return 0;
}
