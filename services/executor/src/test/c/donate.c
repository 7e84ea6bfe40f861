/*
 * Donates descriptors of its own: donate SOCKET NUMBER... It prints the answer, and keeps the connection, and with it the
 * tokens, until its standard input ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MUST(call) must(#call, (long)(call))
#define MOST 253

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
	struct iovec part = {.iov_base = "donate", .iov_len = 6};
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

int main(int argc, char **argv)
{
	int descriptors[MOST];
	char answer[8192];
	if (argc < 3 || argc - 2 > MOST)
		return 2;
	for (int i = 2; i < argc; i++)
		descriptors[i - 2] = atoi(argv[i]);
	int connection = connect_to(argv[1]);
	donate(connection, descriptors, (size_t)(argc - 2));
	long bytes = MUST(recv(connection, answer, sizeof answer - 1, 0));
	answer[bytes] = 0;
	printf("%s\n", answer);
	fflush(stdout);
	while (read(0, answer, sizeof answer) > 0)
		;
	return 0;
}
