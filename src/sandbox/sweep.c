/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nobody will ask to delete: sandboxes of another boot of the host, whose
 * engine may have forgotten them with that boot, and what a delete that was
 * killed had still to do, for engines ask once (Docker). The sandbox's directory
 * is made first and removed last: without it nothing is there but a mapping, and
 * without a record nothing but the directory. Who is at work holds the lock.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "sandbox/internal.h"
#include "sandbox/lock.h"
#include "sandbox/paths.h"

#define DELETING_FILE "deleting"
#define RECLAIM_MS    10000u

static bool is_abandoned(const char *sid)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(close) int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dirfd >= 0 && (faccessat(dirfd, DELETING_FILE, F_OK, 0) == 0 ||
			      (faccessat(dirfd, PERSIST_FILE, F_OK, 0) < 0 && errno == ENOENT));
}

void sandbox_mark_deleting(int dirfd)
{
	/* Without it, for want of room perhaps, it has to be asked for again after a kill. */
	int fd = openat(dirfd, DELETING_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

bool sandbox_is_stale(const char *sid)
{
	CLEANUP(sandbox_record_free) struct sandbox_record *record = NULL;
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(close) int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err ignored = { 0 };
	char boot_id[BOOT_ID_LEN];

	/* What we are not sure of is not to be taken away from those who use it. */
	return dirfd >= 0 && sandbox_record_read(dirfd, &record, &ignored) == 0 &&
	       boot_id_read(boot_id, &ignored) == 0 && !str_empty(record->boot_id) &&
	       !str_eq(record->boot_id, boot_id);
}

/*
 * In this order: while somebody removes it, the record goes before the second look,
 * and what has none is abandoned. The other way it would be neither for a moment.
 */
static bool is_unused(const char *sid)
{
	return sandbox_is_stale(sid) || is_abandoned(sid);
}

/* Removes it if nobody uses it, which is asked again under the lock: another may be faster. */
static int reclaim(const char *sid, bool wait, struct err *err)
{
	CLEANUP(free) char *path = paths_sandbox(sid);
	CLEANUP(close) int lock = -1;

	lock = wait ? lock_sandbox(path, false, err) : lock_sandbox_within(path, 0, err);
	if (lock == -ENOENT)
		return 0;
	if (lock < 0)
		return lock;
	return is_unused(sid) ? sandbox_remove(sid, err) : 0;
}

static bool exists(const char *sid)
{
	CLEANUP(free) char *path = paths_sandbox(sid);

	return access(path, F_OK) == 0;
}

/*
 * Without a mapping it is being made or removed by whoever holds the lock: the one is
 * over when there is a record, the other when there is nothing. Who makes it is not
 * waited for any longer.
 */
static int reclaim_unmapped(const char *sid, struct err *err)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	uint64_t deadline = deadline_in(RECLAIM_MS);

	while (is_unused(sid)) {
		int r = reclaim(sid, false, err);

		if (r != -EBUSY)
			return r;
		if (now_ms() >= deadline)
			return 0; /* create says that it is in use */
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

int sandbox_reclaim_id(const char *id, struct err *err)
{
	CLEANUP(free) char *sid = NULL;
	struct err ignored = { 0 };
	int r;

	if (mapping_find(id, &sid, &ignored) < 0)
		return reclaim_unmapped(id, err);
	r = is_unused(sid) ? reclaim(sid, true, err) : 0;
	return r == 0 && !exists(sid) ? mapping_remove(id, err) : r;
}

/* @booted: also what is of another boot. Returns whether none is left that is to go. */
static bool sweep(const char *path, bool booted)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool done = true;

	while (dir && (entry = readdir(dir))) {
		struct err err = { 0 };
		int r;

		if (entry->d_name[0] == '.' ||
		    !(booted ? is_unused(entry->d_name) : is_abandoned(entry->d_name)))
			continue;
		r = reclaim(entry->d_name, false, &err);
		if (r < 0)
			done = false;
		if (r < 0 && r != -EBUSY) /* busy: another command is at it */
			log_warn("sandbox %s, which nobody uses, stays: %s", entry->d_name,
				 err.text);
	}
	if (dir)
		closedir(dir);
	return done;
}

void sandboxes_sweep(void)
{
	CLEANUP(free) char *path = paths_sandboxes();
	CLEANUP(free) char *mark = paths_swept();
	CLEANUP(free) char *swept = NULL;
	struct err err = { 0 };
	char boot_id[BOOT_ID_LEN];
	bool booted;

	if (boot_id_read(boot_id, &err) < 0 || mkdir_p(path, 0700, &err) < 0)
		return; /* create will say so */
	booted = file_read_at(AT_FDCWD, mark, BOOT_ID_LEN, &swept) < 0 || !str_eq(swept, boot_id);
	/* Without the mark the next create looks again. */
	if (sweep(path, booted) && booted &&
	    file_replace_at(AT_FDCWD, mark, boot_id, strlen(boot_id), 0600, &err) < 0)
		log_warn("%s", err.text);
}
