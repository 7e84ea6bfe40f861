/*
 * Answers system calls: listens on the socket that it is given, takes as many listeners as it is told, prints the state
 * that comes with each, and answers one call of each with success though nothing is done.
 */
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MUST(call) must(#call, (long)(call))
#define ROOM (256 << 10)

static int must(const char *what, long result)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return (int)result;
}

static int receive_listener(int connection, char *state)
{
	int listener = -1;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof listener)];
	struct iovec part = {.iov_base = state, .iov_len = ROOM - 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	long bytes = MUST(recvmsg(connection, &message, MSG_CMSG_CLOEXEC));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header == NULL || header->cmsg_type != SCM_RIGHTS)
		exit(2);
	memcpy(&listener, CMSG_DATA(header), sizeof listener);
	state[bytes] = 0;
	if (read(connection, state + bytes, 1) != 0) /* one message, and the end */
		exit(3);
	return listener;
}

static void answer_one(int listener)
{
	struct seccomp_notif call = {0};
	struct seccomp_notif_resp answer = {0};
	MUST(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call));
	answer.id = call.id;
	MUST(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

int main(int count, char **words)
{
	static char state[ROOM];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (count != 3)
		return 4;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", words[1]);
	int socket_ = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	MUST(bind(socket_, (struct sockaddr *)&address, sizeof address));
	MUST(listen(socket_, 4));
	printf("ready\n");
	fflush(stdout);
	for (int i = atoi(words[2]); i > 0; i--) {
		int connection = MUST(accept4(socket_, NULL, NULL, SOCK_CLOEXEC));
		int listener = receive_listener(connection, state);
		close(connection);
		printf("%s\n", state);
		fflush(stdout);
		answer_one(listener);
		close(listener);
	}
	return 0;
}
