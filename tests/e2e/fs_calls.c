/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_calls - file-system calls, one line each: its name, and "ok" or an errno
 *
 *   fs_calls DIRECTORY
 *
 * The same program runs on the host and in a guest; the lines are compared with
 * fs_calls.expected. "wrong" means that the call succeeded but did not do what
 * it says.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define WRONG     (-1)
#define MANY      500
#define NAME_LONG 255
#define TEST_SIZE 65536

/* 0, or the errno of the call before. */
#define RESULT(condition) ((condition) ? 0 : errno)

static int make_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "0123456789", 10) != 10) {
		perror(name);
		exit(2);
	}
	return fd;
}

static void make_and_close(const char *name)
{
	close(make_file(name));
}

/* Ends with @fd closed. */
static int done(int fd, int result)
{
	close(fd);
	return result;
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_size : -1;
}

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", name);
	return to;
}

static int socket_bind(void)
{
	struct sockaddr_un to = address("socket");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return done(fd, RESULT(bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0));
}

static int socket_connect(void)
{
	struct sockaddr_un to = address("listening");
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	r = RESULT(bind(server, (struct sockaddr *)&to, sizeof(to)) == 0 &&
		   listen(server, 1) == 0 &&
		   connect(client, (struct sockaddr *)&to, sizeof(to)) == 0);
	close(client);
	return done(server, r);
}

static int fifo_make(void)
{
	return RESULT(mkfifo("fifo", 0600) == 0);
}

static int fifo_use(void)
{
	char byte = 0;
	int fd;

	if (mkfifo("fifo2", 0600) < 0)
		return errno;
	fd = open("fifo2", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, "x", 1) != 1 || read(fd, &byte, 1) != 1)
		return done(fd, errno);
	return done(fd, byte == 'x' ? 0 : WRONG);
}

static int mknod_char(void)
{
	return RESULT(mknod("char", S_IFCHR | 0600, makedev(1, 3)) == 0);
}

static int mknod_block(void)
{
	return RESULT(mknod("block", S_IFBLK | 0600, makedev(7, 0)) == 0);
}

static int chown_file(void)
{
	struct stat st;

	make_and_close("owned");
	if (chown("owned", 1234, 5678) < 0 || stat("owned", &st) < 0)
		return errno;
	return st.st_uid == 1234 && st.st_gid == 5678 ? 0 : WRONG;
}

static int chmod_setuid(void)
{
	struct stat st;

	make_and_close("setuid");
	if (chmod("setuid", 06755) < 0 || stat("setuid", &st) < 0)
		return errno;
	return (st.st_mode & 07777) == 06755 ? 0 : WRONG;
}

static int xattr(const char *file, const char *name)
{
	char value[16];
	ssize_t n;

	make_and_close(file);
	if (setxattr(file, name, "value", 5, 0) < 0)
		return errno;
	n = getxattr(file, name, value, sizeof(value));
	if (n < 0)
		return errno;
	return n == 5 && memcmp(value, "value", 5) == 0 ? 0 : WRONG;
}

static int xattr_user(void)
{
	return xattr("xattr1", "user.test");
}

static int xattr_trusted(void)
{
	return xattr("xattr2", "trusted.test");
}

static int file_capability(void)
{
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };
	struct vfs_cap_data got;

	data.data[0].permitted = 1u << CAP_NET_RAW;
	make_and_close("capable");
	if (setxattr("capable", "security.capability", &data, sizeof(data), 0) < 0 ||
	    getxattr("capable", "security.capability", &got, sizeof(got)) < 0)
		return errno;
	return memcmp(&data, &got, sizeof(data)) == 0 ? 0 : WRONG;
}

static int rename_over(void)
{
	make_and_close("from1");
	close(open("to1", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (rename("from1", "to1") < 0)
		return errno;
	return size_of("to1") == 10 && access("from1", F_OK) < 0 ? 0 : WRONG;
}

static int rename_noreplace(void)
{
	make_and_close("from2");
	make_and_close("to2");
	if (renameat2(AT_FDCWD, "from2", AT_FDCWD, "to2", RENAME_NOREPLACE) == 0)
		return WRONG;
	if (errno != EEXIST)
		return errno;
	return RESULT(renameat2(AT_FDCWD, "from2", AT_FDCWD, "new2", RENAME_NOREPLACE) == 0);
}

static int rename_exchange(void)
{
	make_and_close("from3");
	close(open("to3", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (renameat2(AT_FDCWD, "from3", AT_FDCWD, "to3", RENAME_EXCHANGE) < 0)
		return errno;
	return size_of("to3") == 10 && size_of("from3") == 0 ? 0 : WRONG;
}

static int rename_directory(void)
{
	mkdir("dir1", 0700);
	make_and_close("dir1/file");
	if (rename("dir1", "dir2") < 0)
		return errno;
	return size_of("dir2/file") == 10 ? 0 : WRONG;
}

static int map_shared(void)
{
	int fd = make_file("mapped");
	char *map = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char data[10];

	if (map == MAP_FAILED)
		return done(fd, errno);
	memcpy(map, "ABCDE", 5);
	if (msync(map, 10, MS_SYNC) < 0)
		return done(fd, errno);
	munmap(map, 10);
	if (pread(fd, data, 10, 0) != 10)
		return done(fd, errno);
	return done(fd, memcmp(data, "ABCDE56789", 10) == 0 ? 0 : WRONG);
}

static int map_private(void)
{
	int fd = make_file("mapped2");
	char *map = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	int r;

	if (map == MAP_FAILED)
		return done(fd, errno);
	r = memcmp(map, "0123456789", 10) == 0 ? 0 : WRONG;
	munmap(map, 10);
	return done(fd, r);
}

static int unlinked(const char *name)
{
	int fd = make_file(name);

	unlink(name);
	return fd;
}

static int unlinked_ftruncate(void)
{
	int fd = unlinked("unlinked1");

	return done(fd, RESULT(ftruncate(fd, 5) == 0));
}

static int unlinked_fchmod(void)
{
	int fd = unlinked("unlinked2");

	return done(fd, RESULT(fchmod(fd, 0600) == 0));
}

static int unlinked_fchown(void)
{
	int fd = unlinked("unlinked3");

	return done(fd, RESULT(fchown(fd, 1, 1) == 0));
}

static int unlinked_fstat(void)
{
	int fd = unlinked("unlinked4");
	struct stat st;

	if (fstat(fd, &st) < 0)
		return done(fd, errno);
	return done(fd, st.st_size == 10 ? 0 : WRONG);
}

static int unlinked_read_write(void)
{
	int fd = unlinked("unlinked5");
	char data[4];

	if (pwrite(fd, "more", 4, 10) != 4 || pread(fd, data, 4, 10) != 4)
		return done(fd, errno);
	return done(fd, memcmp(data, "more", 4) == 0 ? 0 : WRONG);
}

static int allocate(void)
{
	int fd = make_file("allocated");

	if (fallocate(fd, 0, 0, TEST_SIZE) < 0)
		return done(fd, errno);
	return done(fd, size_of("allocated") == TEST_SIZE ? 0 : WRONG);
}

static int punch_hole(void)
{
	static const char wanted[10] = { 0, 0, 0, 0, 0, '5', '6', '7', '8', '9' };
	int fd = make_file("hole");
	char data[10] = "";

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 5) < 0 ||
	    pread(fd, data, 10, 0) != 10)
		return done(fd, errno);
	return done(fd, memcmp(data, wanted, 10) == 0 ? 0 : WRONG);
}

static int sparse(void)
{
	int fd = make_file("sparse");
	char byte = 'x';
	struct stat st;

	if (ftruncate(fd, 1 << 30) < 0 || pread(fd, &byte, 1, 1 << 29) != 1 || fstat(fd, &st) < 0)
		return done(fd, errno);
	return done(fd, byte == 0 && st.st_size == 1 << 30 && st.st_blocks < 2048 ? 0 : WRONG);
}

static int seek_data(void)
{
	int fd = open("sparse2", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	off_t at;

	if (ftruncate(fd, 1 << 20) < 0 || pwrite(fd, "x", 1, 1 << 19) != 1 || fsync(fd) < 0)
		return done(fd, errno);
	at = lseek(fd, 0, SEEK_DATA);
	if (at < 0)
		return done(fd, errno);
	return done(fd, at == 1 << 19 ? 0 : WRONG);
}

/* Whether another process is kept out by what this one holds. */
static int contended(int (*take)(int fd), const char *name)
{
	int fd = make_file(name);
	int status = 0;
	pid_t pid;

	if (take(fd) < 0)
		return done(fd, errno);
	pid = fork();
	if (pid == 0) {
		int other = open(name, O_RDWR | O_CLOEXEC);

		_exit(take(other) < 0 && (errno == EWOULDBLOCK || errno == EACCES) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return done(fd, status == 0 ? 0 : WRONG);
}

static int take_flock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB);
}

static int take_posix(int fd)
{
	struct flock lock = { .l_type = F_WRLCK };

	return fcntl(fd, F_SETLK, &lock);
}

static int take_ofd(int fd)
{
	struct flock lock = { .l_type = F_WRLCK };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

static int lock_flock(void)
{
	return contended(take_flock, "lock1");
}

static int lock_posix(void)
{
	return contended(take_posix, "lock2");
}

static int lock_ofd(void)
{
	return contended(take_ofd, "lock3");
}

static int hard_link(void)
{
	struct stat st;

	make_and_close("linked");
	if (link("linked", "linked2") < 0 || stat("linked", &st) < 0)
		return errno;
	return st.st_nlink == 2 ? 0 : WRONG;
}

static int symbolic_link(void)
{
	char target[32] = "";

	if (symlink("no/such/target", "symlink") < 0 ||
	    readlink("symlink", target, sizeof(target) - 1) < 0)
		return errno;
	return strcmp(target, "no/such/target") == 0 ? 0 : WRONG;
}

static int long_name(void)
{
	char name[NAME_LONG + 2];

	memset(name, 'n', sizeof(name));
	name[NAME_LONG] = '\0';
	close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (access(name, F_OK) < 0)
		return errno;
	name[NAME_LONG] = 'n';
	name[NAME_LONG + 1] = '\0';
	if (open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0)
		return WRONG;
	return errno == ENAMETOOLONG ? 0 : errno;
}

static int watch_events(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	if (inotify_add_watch(fd, ".", IN_CREATE) < 0)
		return done(fd, errno);
	make_and_close("watched");
	return done(fd, poll(&poll_fd, 1, 2000) == 1 ? 0 : WRONG);
}

static int tmpfile_open(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? errno : done(fd, RESULT(write(fd, "x", 1) == 1));
}

static int append(void)
{
	int one = make_file("appended");
	int two = open("appended", O_WRONLY | O_APPEND | O_CLOEXEC);
	int three = open("appended", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (write(two, "22", 2) != 2 || write(three, "333", 3) != 3)
		return errno;
	close(two);
	close(three);
	return done(one, size_of("appended") == 15 ? 0 : WRONG);
}

static int exclusive(void)
{
	make_and_close("exclusive");
	if (open("exclusive", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0)
		return WRONG;
	return errno == EEXIST ? 0 : errno;
}

static int direct_io(void)
{
	int fd = open("direct", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	void *block = aligned_alloc(4096, 4096);

	if (fd < 0)
		return errno;
	memset(block, 'd', 4096);
	return done(fd, RESULT(write(fd, block, 4096) == 4096));
}

static int set_times(void)
{
	const struct timespec times[2] = { { 1000000000, 123456789 }, { 1000000001, 987654321 } };
	struct stat st;

	make_and_close("times");
	if (utimensat(AT_FDCWD, "times", times, 0) < 0 || stat("times", &st) < 0)
		return errno;
	return st.st_mtim.tv_sec == 1000000001 && st.st_mtim.tv_nsec == 987654321 ? 0 : WRONG;
}

static int file_system_size(void)
{
	struct statfs fs;

	if (statfs(".", &fs) < 0)
		return errno;
	return fs.f_blocks > 0 && fs.f_bsize > 0 ? 0 : WRONG;
}

static int read_many(void)
{
	struct dirent *entry;
	char name[32];
	int n = 0;
	DIR *dir;

	mkdir("many", 0700);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	dir = opendir("many");
	if (!dir)
		return errno;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n == MANY ? 0 : WRONG;
}

static int remove_while_reading(void)
{
	struct dirent *entry;
	DIR *dir = opendir("many");

	if (!dir)
		return errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return RESULT(rmdir("many") == 0);
}

static int send_file(void)
{
	int from = make_file("sent");
	int to = open("received", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	off_t at = 0;
	int r = RESULT(sendfile(to, from, &at, 10) == 10);

	close(from);
	close(to);
	return r != 0 || size_of("received") == 10 ? r : WRONG;
}

static int copy_range(void)
{
	int from = make_file("copied");
	int to = open("copy", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	loff_t at = 0;
	int r = RESULT(copy_file_range(from, &at, to, NULL, 10, 0) == 10);

	close(from);
	close(to);
	return r != 0 || size_of("copy") == 10 ? r : WRONG;
}

static int sync_directory(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? errno : done(fd, RESULT(fsync(fd) == 0));
}

static int same_inode(void)
{
	struct stat before;
	struct stat after;
	int fd = make_file("inode");

	if (fstat(fd, &before) < 0 || stat("inode", &after) < 0)
		return done(fd, errno);
	return done(fd, before.st_ino == after.st_ino && before.st_dev == after.st_dev ? 0 : WRONG);
}

static const struct {
	const char *name;
	int (*run)(void);
} calls[] = {
	{ "socket-bind", socket_bind },
	{ "socket-connect", socket_connect },
	{ "fifo-make", fifo_make },
	{ "fifo-read-write", fifo_use },
	{ "mknod-char", mknod_char },
	{ "mknod-block", mknod_block },
	{ "chown", chown_file },
	{ "chmod-setuid", chmod_setuid },
	{ "xattr-user", xattr_user },
	{ "xattr-trusted", xattr_trusted },
	{ "file-capability", file_capability },
	{ "rename-over", rename_over },
	{ "rename-noreplace", rename_noreplace },
	{ "rename-exchange", rename_exchange },
	{ "rename-directory", rename_directory },
	{ "mmap-shared", map_shared },
	{ "mmap-private", map_private },
	{ "unlinked-ftruncate", unlinked_ftruncate },
	{ "unlinked-fchmod", unlinked_fchmod },
	{ "unlinked-fchown", unlinked_fchown },
	{ "unlinked-fstat", unlinked_fstat },
	{ "unlinked-read-write", unlinked_read_write },
	{ "fallocate", allocate },
	{ "punch-hole", punch_hole },
	{ "sparse", sparse },
	{ "seek-data", seek_data },
	{ "flock", lock_flock },
	{ "fcntl-lock", lock_posix },
	{ "ofd-lock", lock_ofd },
	{ "hard-link", hard_link },
	{ "symlink", symbolic_link },
	{ "name-255", long_name },
	{ "inotify", watch_events },
	{ "o-tmpfile", tmpfile_open },
	{ "o-append", append },
	{ "o-excl", exclusive },
	{ "o-direct", direct_io },
	{ "utimensat", set_times },
	{ "statfs", file_system_size },
	{ "readdir-many", read_many },
	{ "readdir-and-unlink", remove_while_reading },
	{ "sendfile", send_file },
	{ "copy-file-range", copy_range },
	{ "fsync-directory", sync_directory },
	{ "same-inode", same_inode },
};

static const char *describe(int result)
{
	if (result == 0)
		return "ok";
	return result == WRONG ? "wrong" : strerrorname_np(result);
}

int main(int argc, char **argv)
{
	if (argc != 2 || (mkdir(argv[1], 0700) < 0 && errno != EEXIST) || chdir(argv[1]) < 0) {
		(void)fprintf(stderr, "usage: fs_calls DIRECTORY\n");
		return 2;
	}
	umask(0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		printf("%s %s\n", calls[i].name, describe(calls[i].run()));
	return 0;
}
