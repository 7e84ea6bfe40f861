/*
 * A filesystem with one file, ptmx, that answers every question as a terminal would, and is none. Whoever asks for the
 * other side is told a number, from 256 upward: one of his own descriptors, see raise_descriptor. Prints a line when it is mounted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM (1 << 17)
#define DIRECTORY FUSE_ROOT_ID
#define FILE_ID 2
#define NAME "ptmx"
#define OTHER_SIDE 0x5441 /* TIOCGPTPEER of asm-generic/ioctls.h */

static int device;

static void reply(uint64_t unique, int error, const void *body, size_t length)
{
	struct fuse_out_header header = {.len = (uint32_t)(sizeof header + length), .error = -error, .unique = unique};
	struct iovec parts[2] = {{&header, sizeof header}, {(void *)body, length}};
	if (writev(device, parts, 2) < 0 && errno != ENOENT) /* whoever asked may have been killed */
		perror("reply");
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node, .mode = node == DIRECTORY ? S_IFDIR | 0777 : S_IFREG | 0666, .nlink = 1, .blksize = 4096};
}

static void look_up(uint64_t unique, const char *name)
{
	struct fuse_entry_out entry = {.nodeid = FILE_ID, .attr = attributes(FILE_ID)};
	if (strcmp(name, NAME) == 0)
		reply(unique, 0, &entry, sizeof entry);
	else
		reply(unique, ENOENT, NULL, 0);
}

static void start(uint64_t unique, const struct fuse_init_in *asked)
{
	struct fuse_init_out said = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_readahead = asked->max_readahead,
		.max_write = 4096, .time_gran = 1};
	reply(unique, 0, &said, sizeof said);
}

static void answer_ioctl(uint64_t unique, const struct fuse_ioctl_in *asked)
{
	static int descriptor = 256;
	struct fuse_ioctl_out said = {.result = asked->cmd == OTHER_SIDE ? descriptor++ : 0};
	reply(unique, 0, &said, sizeof said);
}

static void answer(const struct fuse_in_header *request)
{
	const void *body = request + 1;
	struct fuse_attr_out attr = {.attr = attributes(request->nodeid)};
	struct fuse_open_out opened = {.open_flags = FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE};
	struct fuse_statfs_out space = {0};
	switch (request->opcode) {
	case FUSE_INIT: return start(request->unique, body);
	case FUSE_LOOKUP: return look_up(request->unique, body);
	case FUSE_GETATTR:
	case FUSE_SETATTR: return reply(request->unique, 0, &attr, sizeof attr);
	case FUSE_OPEN:
	case FUSE_OPENDIR: return reply(request->unique, 0, &opened, sizeof opened);
	case FUSE_STATFS: return reply(request->unique, 0, &space, sizeof space);
	case FUSE_IOCTL: return answer_ioctl(request->unique, body);
	case FUSE_READ: /* nothing: the end */
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH: return reply(request->unique, 0, NULL, 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: return;
	default: return reply(request->unique, ENOSYS, NULL, 0);
	}
}

int main(int count, char **words)
{
	static _Alignas(8) char room[ROOM];
	char options[128];
	if (count != 2)
		return 2;
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
	if (device < 0 || mount("false", words[1], "fuse", 0, options) < 0) {
		perror("mount");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	while (read(device, room, sizeof room) > 0) /* until it is unmounted */
		answer((const struct fuse_in_header *)room);
	return 0;
}
