/*
 * Donates descriptors of its own: donate SOCKET NUMBER... It prints the answer, and keeps the connection, and with it the
 * tokens, until its standard input ends. Or a console socket: donate SOCKET console. It prints the answer, and is at the
 * terminal then: its own standard streams are what is typed and shown. Or a socket that leads nowhere: donate SOCKET nowhere.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MUST(call) must(#call, (long)(call))
#define MOST 253
#ifndef MESSAGE_BYTES
#define MESSAGE_BYTES 6
#endif

static int must(const char *what, long result)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return (int)result;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	int connection = MUST(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	MUST(connect(connection, (struct sockaddr *)&address, sizeof address));
	return connection;
}

/* Who may not donate is told so at once: sending then fails, and the answer is there. */
static void donate(int connection, const int *descriptors, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MOST * sizeof *descriptors)];
	struct iovec part = {.iov_base = "donate", .iov_len = MESSAGE_BYTES};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = CMSG_SPACE(count * sizeof *descriptors)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof *descriptors);
	memcpy(CMSG_DATA(header), descriptors, count * sizeof *descriptors);
	if (sendmsg(connection, &message, MSG_NOSIGNAL) < 0)
		perror("sendmsg");
}

static int receive_master(int console)
{
	int master = -1;
	char name[64];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof master)];
	struct iovec part = {.iov_base = name, .iov_len = sizeof name};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	MUST(recvmsg(console, &message, MSG_CMSG_CLOEXEC));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header == NULL || header->cmsg_type != SCM_RIGHTS)
		exit(3);
	memcpy(&master, CMSG_DATA(header), sizeof master);
	return master;
}

/* Until either side ends: the read of a terminal that nobody is at any more fails. */
static void be_at(int master)
{
	char data[4096];
	struct pollfd ends[] = {{.fd = 0, .events = POLLIN}, {.fd = master, .events = POLLIN}};
	while (poll(ends, 2, -1) > 0) {
		int from = ends[0].revents ? 0 : master;
		long bytes = read(from, data, sizeof data);
		if (bytes <= 0 || write(from == 0 ? master : 1, data, (size_t)bytes) != bytes)
			return;
	}
}

int main(int argc, char **argv)
{
	int descriptors[MOST];
	int console[2] = {-1, -1};
	char answer[8192];
	if (argc < 3 || argc - 2 > MOST)
		return 2;
	for (int i = 2; i < argc; i++)
		descriptors[i - 2] = atoi(argv[i]);
	if (strcmp(argv[2], "nowhere") == 0)
		descriptors[0] = MUST(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	if (strcmp(argv[2], "console") == 0) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console));
		descriptors[0] = console[1];
	}
	int connection = connect_to(argv[1]);
	donate(connection, descriptors, (size_t)(argc - 2));
	long bytes = MUST(recv(connection, answer, sizeof answer - 1, 0));
	answer[bytes] = 0;
	printf("%s\n", answer);
	fflush(stdout);
	close(console[1]);
	if (console[0] >= 0) {
		be_at(receive_master(console[0]));
		return 0;
	}
	while (read(0, answer, sizeof answer) > 0)
		;
	return 0;
}
