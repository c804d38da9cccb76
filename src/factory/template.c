/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agentc/agentc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "factory/manifest.h"

#define KEY        "[factory] template_path"
#define MIB        ((uint64_t)1 << 20)
#define EXTRA_MIB  8u /* reference 08, section 2: state, manifest, and what QEMU writes */
#define DESTROY_MS 5000u

void template_close(struct template *template)
{
	if (template->image.memory >= 0)
		close(template->image.memory);
	if (template->image.state >= 0)
		close(template->image.state);
	*template = (struct template)TEMPLATE_INIT;
}

static const char *path_of(const struct config *config)
{
	return config->factory.template_path;
}

/* Nobody else may have had a hand in what a machine is made of. */
static int check_private(int fd, const char *what, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s", what);
	if (st.st_uid != geteuid())
		return err_set(err, EPERM, "%s belongs to user %u, not to %u", what, st.st_uid,
			       geteuid());
	if (st.st_mode & 077)
		return err_set(err, EPERM, "%s has mode %03o: others than its owner may not use it",
			       what, st.st_mode & 0777);
	return 0;
}

static int open_part(int dirfd, const char *name, int flags, int *ret, struct err *err)
{
	*ret = openat(dirfd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*ret < 0)
		return err_errno(err, "%s", name);
	return check_private(*ret, name, err);
}

/* The directory, which may be no template; -ENOENT. */
static int open_dir(const struct config *config, struct err *err)
{
	int fd = open(path_of(config), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_errno(err, KEY ": %s", path_of(config)) : fd;
}

static bool is_tmpfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static bool has(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Also a spoilt one. */
static bool is_template(int dirfd)
{
	return is_tmpfs(dirfd) &&
	       (has(dirfd, MANIFEST_FILE) || has(dirfd, MEMORY_FILE) || has(dirfd, STATE_FILE));
}

static int open_parts(const struct config *config, int dirfd, bool thorough, struct template *ret,
		      struct err *err)
{
	struct manifest manifest = { 0 };
	int r;

	if (!is_template(dirfd))
		return err_set(err, ENOENT, "there is none");
	r = check_private(dirfd, "the directory", err);
	if (r == 0)
		r = open_part(dirfd, MEMORY_FILE, O_RDWR, &ret->image.memory, err);
	if (r == 0)
		r = open_part(dirfd, STATE_FILE, O_RDONLY, &ret->image.state, err);
	if (r == 0)
		r = manifest_read(dirfd, &manifest, err);
	/* One without a part of it is there all the same. */
	if (r == -ENOENT) {
		err->code = ESTALE;
		r = -ESTALE;
	}
	if (r == 0)
		r = manifest_check(&manifest, config, dirfd, thorough, err);
	ret->vcpus = manifest.vcpus;
	ret->memory_mib = manifest.memory_mib;
	return r;
}

int template_open(const struct config *config, bool thorough, struct template *ret, struct err *err)
{
	CLEANUP(close) int dirfd = open_dir(config, err);
	int r;

	if (dirfd == -ENOENT)
		return err_set_as(err, ERR_TEMPLATE, ENOENT, "VM template %s: there is none",
				  path_of(config));
	if (dirfd < 0)
		return dirfd;
	r = open_parts(config, dirfd, thorough, ret, err);
	if (r == 0)
		return 0;
	template_close(ret);
	(void)err_tag(err, ERR_TEMPLATE);
	return err_prefix(err, "VM template %s", path_of(config));
}

/* --- making ---------------------------------------------------------------------- */

struct making {
	const struct config *config;
	template_step_fn step;
	int lock;  /* the directory that it will be in */
	int mount; /* the tmpfs */
	char *dir; /* a path to that, for us and our children */
	struct manifest manifest;
};

static void making_done(struct making *making)
{
	if (making->lock >= 0)
		close(making->lock);
	if (making->mount >= 0)
		close(making->mount);
	free(making->dir);
}

static void tell(const struct making *making, const char *step)
{
	if (making->step)
		making->step(step);
}

static int lock_dir(const struct config *config, struct err *err)
{
	CLEANUP(close) int fd = open_dir(config, err);

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return take_fd(&fd);
	if (errno != EWOULDBLOCK)
		return err_errno(err, "lock %s", path_of(config));
	return err_set_as(err, ERR_TEMPLATE, EBUSY,
			  "VM template %s: another command is making it or taking it away",
			  path_of(config));
}

static bool is_empty(int dirfd)
{
	CLEANUP(close) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool empty = true;

	if (!dir)
		return false;
	(void)take_fd(&fd);
	while (empty && (entry = readdir(dir)))
		empty = str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..");
	closedir(dir);
	return empty;
}

/* Whether the place is free, or has what may be replaced. */
static int check_place(const struct making *making, struct err *err)
{
	struct template template = TEMPLATE_INIT;
	struct err why = { 0 };
	int r;

	if (is_template(making->lock)) {
		r = template_open(making->config, true, &template, &why);
		template_close(&template);
		if (r == 0)
			return err_set_as(err, ERR_TEMPLATE, EEXIST,
					  "There is already a VM template in %s",
					  path_of(making->config));
		return 0;
	}
	if (is_empty(making->lock))
		return 0;
	return err_set_as(err, ERR_TEMPLATE, ENOTEMPTY,
			  KEY
			  ": %s has files and is no template; name an empty directory, or one that "
			  "does not exist",
			  path_of(making->config));
}

static int make_file(const struct making *making, const char *name, uint64_t size, int *ret,
		     struct err *err)
{
	int fd = openat(making->mount, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_errno(err, "make %s of the template", name);
	*ret = fd;
	return 0;
}

static int save(const struct making *making, struct vm *vm, struct err *err)
{
	CLEANUP(agentc_free) struct agentc *agent = NULL;
	CLEANUP(close) int state = -1;
	int r;

	tell(making, "waiting for its agent");
	r = vm_wait_agent(vm, &agent, err);
	if (r == 0)
		r = fault_point("template answered", err);
	if (r == 0)
		r = make_file(making, STATE_FILE, 0, &state, err);
	if (r < 0)
		return r;
	agentc_free(take_ptr(agent));
	tell(making, "saving it");
	r = vm_save(vm, state, err);
	return r == 0 ? fault_point("template saved", err) : r;
}

static int boot_and_save(const struct making *making, struct err *err)
{
	const struct config *config = making->config;
	CLEANUP(free) char *dir = xasprintf("%s/vm", making->dir);
	CLEANUP(free) char *socket = xasprintf("%s/vm/proxy.sock", making->dir);
	CLEANUP(free) char *share = xasprintf("%s/share", making->dir);
	CLEANUP(close) int memory = -1;
	CLEANUP(vm_free) struct vm *vm = NULL;
	struct vm_image image = { .state = -1 };
	struct err ignored = { 0 };
	int gone;
	int r;

	r = mkdir_p(share, 0700, err);
	if (r == 0)
		r = make_file(making, MEMORY_FILE, making->manifest.memory_mib * MIB, &memory, err);
	if (r < 0)
		return r;
	image.memory = memory;
	tell(making, "booting a virtual machine");
	r = vm_boot(&(struct vm_params){ .config = config,
					 .id = "template",
					 .dir = dir,
					 .proxy_socket = socket,
					 .share = share,
					 .vcpus = making->manifest.vcpus,
					 .memory_mib = making->manifest.memory_mib,
					 .image = &image,
					 .temporary = true,
					 .netns = -1 },
		    &vm, err);
	if (r == 0)
		r = fault_point("template started", err);
	if (r == 0)
		r = save(making, vm, err);
	if (r < 0)
		interrupt_ignore();
	/* It has to be gone before its memory is measured. */
	gone = vm_destroy(dir, deadline_in(DESTROY_MS), r < 0 ? &ignored : err);
	if (r == 0 && gone == 0)
		gone = rm_tree(share, err);
	return r < 0 ? r : gone;
}

static int unmount_old(const struct config *config, struct err *err)
{
	if (umount2(path_of(config), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return err_errno(err, "unmount %s", path_of(config));
	return fault_point("template unmounted", err);
}

static bool same_dir(int a, int b)
{
	struct stat x;
	struct stat y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* To its place, under the lock of what is below all templates there. */
static int attach(struct making *making, struct err *err)
{
	CLEANUP(close) int now = -1;
	int r;

	if (is_template(making->lock)) {
		r = unmount_old(making->config, err);
		if (r < 0)
			return r;
		close(take_fd(&making->lock));
		making->lock = lock_dir(making->config, err);
		if (making->lock < 0)
			return making->lock;
	}
	now = open_dir(making->config, err);
	if (now < 0)
		return now;
	if (!same_dir(now, making->lock))
		return err_set_as(err, ERR_TEMPLATE, EBUSY,
				  "VM template %s: another command was faster",
				  path_of(making->config));
	r = fault_point("template whole", err);
	if (r < 0)
		return r;
	r = mount_attach(making->mount, making->lock, err);
	return r < 0 ? err_prefix(err, "VM template %s", path_of(making->config)) : 0;
}

static int make(struct making *making, struct err *err)
{
	struct manifest again = { 0 };
	int r;

	r = manifest_begin(making->config, &making->manifest, err);
	if (r < 0)
		return r;
	making->mount = mount_new_tmpfs((making->manifest.memory_mib + EXTRA_MIB) * MIB, err);
	if (making->mount < 0)
		return making->mount;
	/* By our descriptor: it has no name yet. */
	making->dir = xasprintf("/proc/%d/fd/%d", getpid(), making->mount);
	r = fault_point("template mounted", err);
	if (r == 0)
		r = boot_and_save(making, err);
	if (r == 0)
		r = manifest_finish(&making->manifest, making->mount, err);
	if (r == 0)
		r = fault_point("template manifest", err);
	/* What was replaced while it booted may not be what it booted. */
	if (r == 0)
		r = manifest_read(making->mount, &again, err);
	if (r == 0)
		r = manifest_check(&again, making->config, making->mount, true, err);
	return r == 0 ? attach(making, err) : r;
}

int template_make(const struct config *config, template_step_fn step, struct err *err)
{
	__attribute__((cleanup(making_done))) struct making making = {
		.config = config, .step = step, .lock = -1, .mount = -1
	};
	int r;

	if (*path_of(config) != '/')
		return err_set_as(err, ERR_TEMPLATE, EINVAL, KEY ": '%s' is not an absolute path",
				  path_of(config));
	r = mkdir_p(path_of(config), 0700, err);
	if (r < 0)
		return r;
	making.lock = lock_dir(config, err);
	if (making.lock < 0)
		return making.lock;
	r = check_place(&making, err);
	if (r == 0)
		r = make(&making, err);
	if (r < 0 && r != -EEXIST && is_empty(making.lock))
		(void)rmdir(path_of(config));
	return r;
}

int template_remove(const struct config *config, struct err *err)
{
	CLEANUP(close) int lock = lock_dir(config, err);
	int r;

	if (lock == -ENOENT)
		return 0;
	if (lock < 0)
		return lock;
	if (!is_template(lock)) {
		(void)rmdir(path_of(config)); /* if it is empty: of a command that was killed */
		return 0;
	}
	r = unmount_old(config, err);
	if (r == 0)
		(void)rmdir(path_of(config));
	return r;
}
