/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/trace.h"
#include "config/config.h"
#include "runtime/command.h"
#include "sandbox/paths.h"
#include "sandbox/persist.h"
#include "sandbox/sandbox.h"

/* A mark below the run directory, which a reboot clears or the boot id outdates. */
static bool first_time(const char *name)
{
	char boot_id[BOOT_ID_LEN];
	struct err ignored = { 0 };
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *dir = NULL;
	CLEANUP(close) int fd = -1;

	if (boot_id_read(boot_id, &ignored) < 0)
		return false;
	dir = xasprintf("%s/kata-containers", paths_run_dir());
	(void)mkdir(dir, 0755); /* usually there; without it the warning does not come */
	path = xasprintf("%s/%s-%s", dir, name, boot_id);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd >= 0;
}

static void warn_about_kvm(const struct config *config)
{
	const char *reason = sandbox_emulation_reason(config);

	if (reason && first_time("kvm-warned"))
		log_tell("KVM cannot be used (%s): virtual machines are emulated, which is slow; "
			 "machine_accelerators = \"accel=tcg\" says that this is wanted [%s]",
			 reason, err_name(ERR_KVM));
}

static void warn_about_vsock(const struct config *config)
{
	const char *reason = sandbox_vsock_reason(config);

	if (reason && first_time("vsock-warned"))
		log_tell("[hypervisor.qemu] use_vsock: %s: kata-proxy is used; "
			 "load the kernel module vhost_vsock, or set it to false [%s]",
			 reason, err_name(ERR_VSOCK));
}

int load_config(const struct globals *globals, bool warn_user, struct config **ret, struct err *err)
{
	int r = config_load(globals->config_path, ret, err);

	if (r < 0)
		return r;
	if ((*ret)->runtime.enable_debug)
		log_set_level(LOG_LEVEL_DEBUG);
	if ((*ret)->runtime.enable_tracing)
		trace_start();
	if (!warn_user)
		return 0;
	for (char **text = (*ret)->warnings; text && *text; text++)
		log_tell("%s", *text);
	warn_about_kvm(*ret);
	warn_about_vsock(*ret);
	return 0;
}

int check_preserved_fds(const char *text, struct err *err)
{
	uint64_t n = 0;

	if (!text)
		return 0;
	if (str_to_u64(text, 0, INT32_MAX, &n) < 0)
		return err_set(err, EINVAL, "--preserve-fds: '%s' is not a number of descriptors",
			       text);
	if (n == 0)
		return 0;
	return err_set(err, ENOTSUP,
		       "--preserve-fds: %s: a virtual machine cannot have descriptors of the host; "
		       "use 0, and give files as volumes",
		       text);
}

/* With "auto": when the root that we are is not the host's. */
bool cgroups_optional(const struct globals *globals)
{
	static const char hosts[] = "0 0 4294967295";
	CLEANUP(strv_free) char **words = NULL;
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *map = NULL;

	if (!str_eq(globals->rootless, "auto"))
		return str_eq(globals->rootless, "true");
	if (file_read_at(AT_FDCWD, "/proc/self/uid_map", 4096, &text) < 0)
		return false; /* a kernel without user namespaces */
	words = strv_split(text, " \n");
	map = strv_join(words, " ");
	return !str_eq(map, hosts);
}

int read_stdin(size_t max, char **ret, size_t *ret_len, struct err *err)
{
	__attribute__((cleanup(buf_donep))) struct buf text = { 0 };
	ssize_t n;

	do {
		n = read(STDIN_FILENO, buf_reserve(&text, 65536), 65536);
		if (n > 0)
			buf_commit(&text, (size_t)n);
		if (buf_len(&text) > max)
			return err_set(
				err, EFBIG,
				"standard input has more than the %zu bytes that are allowed", max);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return err_errno(err, "read standard input");
	*ret_len = buf_len(&text);
	*ret = buf_take_string(&text);
	return 0;
}

int resolve_bundle(const char *bundle, char **ret, struct err *err)
{
	CLEANUP(free) char *real = NULL;
	struct stat st;

	if (str_empty(bundle))
		return err_set_as(err, ERR_BUNDLE, EINVAL,
				  "--bundle: empty, a directory with config.json is needed");
	real = realpath(bundle, NULL);
	if (!real)
		return err_errno_as(err, ERR_BUNDLE, "invalid bundle path '%s'", bundle);
	if (stat(real, &st) < 0)
		return err_errno_as(err, ERR_BUNDLE, "invalid bundle path '%s'", bundle);
	if (!S_ISDIR(st.st_mode))
		return err_set_as(err, ERR_BUNDLE, ENOTDIR,
				  "invalid bundle path '%s': it should be a directory", bundle);
	*ret = take_ptr(real);
	return 0;
}

/*
 * What the terminal sends (^C, ^\) reaches the shim too, which is in the same
 * process group; what was sent to us alone is passed on.
 */
static void pass_on(const struct proc_id *shim, const struct signalfd_siginfo *info)
{
	if (info->ssi_code != SI_KERNEL)
		(void)proc_signal(shim, (int)info->ssi_signo);
}

int wait_shim(const struct proc_id *shim, struct err *err)
{
	static const int passed[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	CLEANUP(close) int fd = -1;
	sigset_t mask;
	int status = 0;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&mask, passed[i]);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fd = signalfd(-1, &mask, SFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "signalfd");
	for (;;) {
		struct signalfd_siginfo info;
		pid_t pid = waitpid(shim->pid, &status, WNOHANG);

		if (pid == shim->pid)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (pid < 0)
			return err_errno(err, "wait for kata-shim, pid %d", shim->pid);
		if (read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo != SIGCHLD)
			pass_on(shim, &info);
	}
}

int parse_container_id(int argc, char **argv, char **ret_id, struct err *err)
{
	const char *name = NULL;
	int r;

	const struct opt opts[] = {
		OPT_ARG("container-id", &name, "the container"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	return r != 0 ? r : id_resolve(name, ret_id, err);
}
