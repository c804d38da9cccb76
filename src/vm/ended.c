/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/ended.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/internal.h"

#define PROXY_END_MS 1000u

/* The line of @text that holds @word, from there on; owned, or NULL. */
static char *line_with(const char *text, const char *word)
{
	const char *found = strstr(text, word);

	found = found && *found == '\n' ? found + 1 : found;
	return found ? str_printable(xstrndup(found, strcspn(found, "\r\n"))) : NULL;
}

/* The last line of a section "== title" that says anything; owned, or NULL. */
static char *last_line(const char *text, const char *title)
{
	CLEANUP(free) char *head = xasprintf("== %s\n", title);
	const char *start = strstr(text, head);
	CLEANUP(strv_free) char **lines = NULL;
	CLEANUP(free) char *section = NULL;
	const char *end;
	size_t n;

	if (!start)
		return NULL;
	start += strlen(head);
	end = strstr(start, "\n== ");
	section = end ? xstrndup(start, (size_t)(end - start)) : xstrdup(start);
	lines = strv_split(section, "\r\n");
	n = strv_len(lines);
	return n > 0 ? str_printable(xstrdup(lines[n - 1])) : NULL;
}

char *ended_words(const char *text)
{
	char *words = line_with(text, "Kernel panic");

	if (!words)
		words = line_with(text, "\nqemu-system-");
	if (!words)
		words = line_with(text, "\nqemu: ");
	if (!words)
		words = last_line(text, "console");
	return words ? words : last_line(text, "qemu");
}

enum err_id ended_by_words(const char *words)
{
	static const struct {
		const char *words;
		enum err_id id;
	} signs[] = {
		{ "deadlocked on memory", ERR_GUEST_MEMORY }, /* mm/oom_kill.c of the kernel */
		{ "Out of memory", ERR_GUEST_MEMORY },
		{ "Kernel panic", ERR_GUEST_PANIC },
		{ "machine type", ERR_MACHINE_TYPE },
		{ "Cannot allocate memory", ERR_MEMORY },
		{ "Unexpected end-of-file", ERR_VIRTIOFSD_DIED }, /* of its socket */
		{ "Failed to read msg header", ERR_VIRTIOFSD_DIED },
		{ "virtiofsd has ended", ERR_VIRTIOFSD_DIED }, /* kata-proxy's word */
		{ "qemu-system-", ERR_QEMU_DIED },
	};

	for (size_t i = 0; words && i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(words, signs[i].words))
			return signs[i].id;
	return ERR_NONE;
}

static bool is_running(int dirfd, const char *record, struct proc_id *ret)
{
	return proc_record_read(dirfd, record, ret) == 0 && proc_alive(ret);
}

enum err_id ended_by(const char *dir, char **ret_words)
{
	CLEANUP(close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(free) char *text = NULL;
	struct proc_id qemu = { 0 };
	struct proc_id proxy = { 0 };
	enum err_id id;

	*ret_words = NULL;
	if (fd < 0)
		return ERR_MACHINE_ENDED;
	if (is_running(fd, VM_QEMU_RECORD, &qemu))
		return is_running(fd, VM_PROXY_RECORD, &proxy) ? ERR_VIRTIOFSD_DIED
							       : ERR_PROXY_DIED;
	/* It writes them when QEMU ends. */
	if (is_running(fd, VM_PROXY_RECORD, &proxy))
		(void)proc_wait_gone(&proxy, deadline_in(PROXY_END_MS));
	if (file_read_at(fd, VM_LAST_WORDS, VM_LAST_WORDS_MAX, &text) < 0)
		return ERR_QEMU_DIED;
	*ret_words = ended_words(text);
	id = ended_by_words(*ret_words);
	if (id == ERR_NONE && strstr(text, "guest-shutdown")) /* the agent, with nothing to do */
		id = ERR_MACHINE_ENDED;
	return id != ERR_NONE ? id : ERR_QEMU_DIED;
}
