/* SPDX-License-Identifier: Apache-2.0 */
/* spec_full.h - a config.json with every member that we know, and its comparison */
#pragma once

#include "base/str.h"
#include "oci/spec.h"

#define FULL_HOOK(name)                                                                \
	"\"" name "\":[{\"path\":\"/h/" name "\",\"args\":[\"-x\"],\"env\":[\"K=" name \
	"\"],\"timeout\":7},{\"path\":\"/h/2\"}]"

// clang-format off
#define FULL_HOOKS                                                       \
	"\"hooks\":{" FULL_HOOK("prestart") "," FULL_HOOK("createRuntime") \
	"," FULL_HOOK("createContainer") "," FULL_HOOK("startContainer")   \
	"," FULL_HOOK("poststart") "," FULL_HOOK("poststop") "}"
// clang-format on

#define FULL_PROCESS                                                                              \
	"\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"            \
	" \"user\":{\"uid\":1000,\"gid\":1001,\"umask\":18,\"additionalGids\":[5,4294967295]},"   \
	" \"args\":[\"sh\",\"-c\",\"echo \\u00e4\"],\"env\":[\"PATH=/bin\",\"E=\"],"              \
	" \"cwd\":\"/w\","                                                                        \
	" \"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],"                           \
	"  \"effective\":[\"CAP_KILL\"],\"inheritable\":[],\"permitted\":[\"CAP_KILL\"],"         \
	"  \"ambient\":[\"CAP_CHOWN\"]},"                                                         \
	" \"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,\"soft\":1024}," \
	"  {\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0}],"                                    \
	" \"noNewPrivileges\":true,\"oomScoreAdj\":-500,"                                         \
	" \"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-3,"                              \
	"  \"flags\":[\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_RECLAIM\"],"                      \
	"  \"runtime\":1000000,\"deadline\":2000000,\"period\":18446744073709551615},"            \
	" \"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":6},"                         \
	" \"apparmorProfile\":\"docker-default\",\"selinuxLabel\":\"a:b:c\"}"

#define FULL_RESOURCES                                                                            \
	"{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"                                     \
	"  {\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"mr\"},"            \
	"  {\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"w\"}],"                        \
	" \"memory\":{\"limit\":1073741824,\"swap\":-1,\"reservation\":4096,\"kernel\":-1,"       \
	"  \"kernelTCP\":8192,\"swappiness\":0,\"disableOOMKiller\":true,"                        \
	"  \"checkBeforeUpdate\":true},"                                                          \
	" \"cpu\":{\"shares\":512,\"quota\":-1,\"period\":100000,\"burst\":0,"                    \
	"  \"realtimeRuntime\":950000,\"realtimePeriod\":1000000,\"idle\":0,"                     \
	"  \"cpus\":\"0-1\",\"mems\":\"0\"},"                                                     \
	" \"pids\":{\"limit\":100},"                                                              \
	" \"blockIO\":{\"weight\":10,\"leafWeight\":1000,"                                        \
	"  \"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500,\"leafWeight\":300}],"       \
	"  \"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":600}],"                   \
	"  \"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":2,\"rate\":18446744073709551615}]," \
	"  \"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":3,\"rate\":700},"                   \
	"   {\"major\":9,\"minor\":3,\"rate\":0}],"                                               \
	"  \"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":800}]},"                \
	" \"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":209715200},"                        \
	"  {\"pageSize\":\"1GB\",\"limit\":0}],"                                                  \
	" \"unified\":{\"memory.high\":\"1073741824\",\"io.max\":\"8:0 rbps=1\"},"                \
	" \"network\":{\"classID\":0,\"priorities\":[]},\"rdma\":{}}"

#define FULL_SECCOMP                                                                     \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":0,"                   \
	" \"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],"                   \
	" \"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],"                                      \
	" \"syscalls\":[{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}," \
	"  {\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38,"        \
	"   \"args\":[{\"index\":5,\"value\":18446744073709551615,\"valueTwo\":2,"       \
	"    \"op\":\"SCMP_CMP_MASKED_EQ\"},{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}"

#define FULL_LINUX                                                                             \
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"user\"},"                   \
	"  {\"type\":\"network\",\"path\":\"/run/netns/x\"}],"                                 \
	" \"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"             \
	" \"gidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":1},"                  \
	"  {\"containerID\":1,\"hostID\":300000,\"size\":4294967295}],"                        \
	" \"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,"     \
	"  \"fileMode\":384,\"uid\":1,\"gid\":2},{\"path\":\"/dev/p\",\"type\":\"p\"},"        \
	"  {\"path\":\"/dev/none\",\"type\":\"b\",\"major\":7,\"minor\":1,\"fileMode\":0}],"   \
	" \"resources\":" FULL_RESOURCES ","                                                   \
	" \"cgroupsPath\":\"/a/b\",\"sysctl\":{\"net.core.somaxconn\":\"256\",\"k\":\"a=b\"}," \
	" \"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\",\"/proc/bus\"],"  \
	" \"rootfsPropagation\":\"rslave\",\"seccomp\":" FULL_SECCOMP ","                      \
	" \"personality\":{\"domain\":\"LINUX32\",\"flags\":[]},"                              \
	" \"mountLabel\":\"a:b:c\",\"intelRdt\":{\"closID\":\"x\"},\"timeOffsets\":{}}"

static const char spec_full[] =
	"{\"ociVersion\":\"1.2.0\",\"hostname\":\"box\",\"domainname\":\"example.org\","
	"\"unknown\":{\"x\":[1,2]}," FULL_PROCESS ","
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	" {\"destination\":\"data\",\"type\":\"bind\",\"source\":\"/srv\","
	"  \"options\":[\"rbind\",\"ro\"]}]," FULL_HOOKS
	",\"annotations\":{\"a.b/c\":\"v=1\",\"empty\":\"\"}," FULL_LINUX "}";

static inline void assert_text(const char *a, const char *b)
{
	assert_string_equal(a ? a : "(unset)", b ? b : "(unset)");
}

static inline void assert_words(char *const *a, char *const *b)
{
	assert_int_equal(strv_len(a), strv_len(b));
	for (size_t i = 0; a && b && i < strv_len(a); i++)
		assert_string_equal(a[i], b[i]);
}

/*
 * An assertion ends the test. The tools that read the code do not know that:
 * so the loops stop at the shorter list, too.
 */
static inline void assert_process(const struct oci_process *a, const struct oci_process *b)
{
	assert_int_equal(a->terminal, b->terminal);
	assert_int_equal(a->console_height, b->console_height);
	assert_int_equal(a->console_width, b->console_width);
	assert_int_equal(a->user.uid, b->user.uid);
	assert_int_equal(a->user.gid, b->user.gid);
	assert_int_equal(a->user.umask, b->user.umask);
	assert_int_equal(a->user.n_additional_gids, b->user.n_additional_gids);
	for (size_t i = 0; i < a->user.n_additional_gids && b->user.additional_gids; i++)
		assert_int_equal(a->user.additional_gids[i], b->user.additional_gids[i]);
	assert_words(a->args, b->args);
	assert_words(a->env, b->env);
	assert_text(a->cwd, b->cwd);
	assert_int_equal(a->capabilities.present, b->capabilities.present);
	assert_words(a->capabilities.bounding, b->capabilities.bounding);
	assert_words(a->capabilities.effective, b->capabilities.effective);
	assert_words(a->capabilities.inheritable, b->capabilities.inheritable);
	assert_words(a->capabilities.permitted, b->capabilities.permitted);
	assert_words(a->capabilities.ambient, b->capabilities.ambient);
	assert_int_equal(a->n_rlimits, b->n_rlimits);
	for (size_t i = 0; i < a->n_rlimits && i < b->n_rlimits; i++) {
		assert_text(a->rlimits[i].type, b->rlimits[i].type);
		assert_true(a->rlimits[i].hard == b->rlimits[i].hard);
		assert_true(a->rlimits[i].soft == b->rlimits[i].soft);
	}
	assert_int_equal(a->no_new_privileges, b->no_new_privileges);
	assert_int_equal(a->has_oom_score_adj, b->has_oom_score_adj);
	assert_int_equal(a->oom_score_adj, b->oom_score_adj);
	assert_text(a->scheduler.policy, b->scheduler.policy);
	assert_int_equal(a->scheduler.nice, b->scheduler.nice);
	assert_int_equal(a->scheduler.priority, b->scheduler.priority);
	assert_words(a->scheduler.flags, b->scheduler.flags);
	assert_true(a->scheduler.runtime_ns == b->scheduler.runtime_ns);
	assert_true(a->scheduler.deadline_ns == b->scheduler.deadline_ns);
	assert_true(a->scheduler.period_ns == b->scheduler.period_ns);
	assert_text(a->io_priority.class, b->io_priority.class);
	assert_int_equal(a->io_priority.priority, b->io_priority.priority);
}

static inline void assert_throttles(const struct oci_throttles *a, const struct oci_throttles *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		assert_int_equal(a->devices[i].major, b->devices[i].major);
		assert_int_equal(a->devices[i].minor, b->devices[i].minor);
		assert_true(a->devices[i].rate == b->devices[i].rate);
	}
}

static inline void assert_resources(const struct oci_resources *a, const struct oci_resources *b)
{
	assert_int_equal(a->n_device_rules, b->n_device_rules);
	for (size_t i = 0; i < a->n_device_rules && i < b->n_device_rules; i++) {
		assert_int_equal(a->device_rules[i].allow, b->device_rules[i].allow);
		assert_int_equal(a->device_rules[i].type, b->device_rules[i].type);
		assert_int_equal(a->device_rules[i].major, b->device_rules[i].major);
		assert_int_equal(a->device_rules[i].minor, b->device_rules[i].minor);
		assert_string_equal(a->device_rules[i].access, b->device_rules[i].access);
	}
	assert_int_equal(a->memory_limit, b->memory_limit);
	assert_int_equal(a->memory_swap, b->memory_swap);
	assert_int_equal(a->memory_reservation, b->memory_reservation);
	assert_int_equal(a->memory_kernel_tcp, b->memory_kernel_tcp);
	assert_int_equal(a->has_memory_swappiness, b->has_memory_swappiness);
	assert_int_equal(a->memory_swappiness, b->memory_swappiness);
	assert_int_equal(a->memory_no_oom_killer, b->memory_no_oom_killer);
	assert_int_equal(a->memory_check_update, b->memory_check_update);
	assert_int_equal(a->cpu_shares, b->cpu_shares);
	assert_int_equal(a->cpu_quota, b->cpu_quota);
	assert_int_equal(a->cpu_period, b->cpu_period);
	assert_int_equal(a->has_cpu_burst, b->has_cpu_burst);
	assert_int_equal(a->cpu_burst, b->cpu_burst);
	assert_int_equal(a->cpu_rt_runtime, b->cpu_rt_runtime);
	assert_int_equal(a->cpu_rt_period, b->cpu_rt_period);
	assert_int_equal(a->has_cpu_idle, b->has_cpu_idle);
	assert_int_equal(a->cpu_idle, b->cpu_idle);
	assert_text(a->cpuset_cpus, b->cpuset_cpus);
	assert_text(a->cpuset_mems, b->cpuset_mems);
	assert_int_equal(a->pids_limit, b->pids_limit);
	assert_int_equal(a->io_weight, b->io_weight);
	assert_int_equal(a->io_leaf_weight, b->io_leaf_weight);
	assert_int_equal(a->n_io_device_weights, b->n_io_device_weights);
	for (size_t i = 0; i < a->n_io_device_weights && i < b->n_io_device_weights; i++) {
		assert_int_equal(a->io_device_weights[i].major, b->io_device_weights[i].major);
		assert_int_equal(a->io_device_weights[i].minor, b->io_device_weights[i].minor);
		assert_int_equal(a->io_device_weights[i].weight, b->io_device_weights[i].weight);
		assert_int_equal(a->io_device_weights[i].leaf_weight,
				 b->io_device_weights[i].leaf_weight);
	}
	assert_throttles(&a->io_read_bps, &b->io_read_bps);
	assert_throttles(&a->io_write_bps, &b->io_write_bps);
	assert_throttles(&a->io_read_iops, &b->io_read_iops);
	assert_throttles(&a->io_write_iops, &b->io_write_iops);
	assert_int_equal(a->n_hugepage_limits, b->n_hugepage_limits);
	for (size_t i = 0; i < a->n_hugepage_limits && i < b->n_hugepage_limits; i++) {
		assert_text(a->hugepage_limits[i].page_size, b->hugepage_limits[i].page_size);
		assert_true(a->hugepage_limits[i].limit == b->hugepage_limits[i].limit);
	}
	assert_words(a->unified, b->unified);
}

static inline void assert_seccomp(const struct oci_seccomp *a, const struct oci_seccomp *b)
{
	assert_int_equal(!a, !b);
	if (!a || !b)
		return;
	assert_text(a->default_action, b->default_action);
	assert_int_equal(a->has_default_errno_ret, b->has_default_errno_ret);
	assert_int_equal(a->default_errno_ret, b->default_errno_ret);
	assert_words(a->architectures, b->architectures);
	assert_words(a->flags, b->flags);
	assert_int_equal(a->n_syscalls, b->n_syscalls);
	for (size_t i = 0; i < a->n_syscalls && i < b->n_syscalls; i++) {
		const struct oci_syscall *x = &a->syscalls[i];
		const struct oci_syscall *y = &b->syscalls[i];

		assert_words(x->names, y->names);
		assert_text(x->action, y->action);
		assert_int_equal(x->has_errno_ret, y->has_errno_ret);
		assert_int_equal(x->errno_ret, y->errno_ret);
		assert_int_equal(x->n_args, y->n_args);
		for (size_t k = 0; k < x->n_args && k < y->n_args; k++) {
			assert_int_equal(x->args[k].index, y->args[k].index);
			assert_true(x->args[k].value == y->args[k].value);
			assert_true(x->args[k].value_two == y->args[k].value_two);
			assert_text(x->args[k].op, y->args[k].op);
		}
	}
}

static inline void assert_hooks(const struct oci_hooks *a, const struct oci_hooks *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		assert_text(a->hooks[i].path, b->hooks[i].path);
		assert_words(a->hooks[i].args, b->hooks[i].args);
		assert_words(a->hooks[i].env, b->hooks[i].env);
		assert_int_equal(a->hooks[i].timeout_s, b->hooks[i].timeout_s);
	}
}

static inline void assert_mappings(const struct oci_id_mapping *a, size_t n_a,
				   const struct oci_id_mapping *b, size_t n_b)
{
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a && i < n_b; i++) {
		assert_int_equal(a[i].container_id, b[i].container_id);
		assert_int_equal(a[i].host_id, b[i].host_id);
		assert_int_equal(a[i].size, b[i].size);
	}
}

static inline void assert_lists(const struct oci_spec *a, const struct oci_spec *b)
{
	assert_int_equal(a->n_mounts, b->n_mounts);
	for (size_t i = 0; i < a->n_mounts && i < b->n_mounts; i++) {
		assert_text(a->mounts[i].destination, b->mounts[i].destination);
		assert_text(a->mounts[i].source, b->mounts[i].source);
		assert_text(a->mounts[i].type, b->mounts[i].type);
		assert_words(a->mounts[i].options, b->mounts[i].options);
	}
	assert_int_equal(a->n_namespaces, b->n_namespaces);
	for (size_t i = 0; i < a->n_namespaces && i < b->n_namespaces; i++) {
		assert_text(a->namespaces[i].type, b->namespaces[i].type);
		assert_text(a->namespaces[i].path, b->namespaces[i].path);
	}
	assert_int_equal(a->n_devices, b->n_devices);
	for (size_t i = 0; i < a->n_devices && i < b->n_devices; i++) {
		assert_text(a->devices[i].path, b->devices[i].path);
		assert_text(a->devices[i].type, b->devices[i].type);
		assert_int_equal(a->devices[i].major, b->devices[i].major);
		assert_int_equal(a->devices[i].minor, b->devices[i].minor);
		assert_int_equal(a->devices[i].file_mode, b->devices[i].file_mode);
		assert_int_equal(a->devices[i].uid, b->devices[i].uid);
		assert_int_equal(a->devices[i].gid, b->devices[i].gid);
	}
}

/* All but the hooks, of which only some leave the host. */
static inline void assert_spec(const struct oci_spec *a, const struct oci_spec *b)
{
	assert_text(a->version, b->version);
	assert_process(&a->process, &b->process);
	assert_text(a->root_path, b->root_path);
	assert_int_equal(a->root_readonly, b->root_readonly);
	assert_text(a->hostname, b->hostname);
	assert_text(a->domainname, b->domainname);
	assert_lists(a, b);
	assert_words(a->annotations, b->annotations);
	assert_resources(&a->resources, &b->resources);
	assert_text(a->cgroups_path, b->cgroups_path);
	assert_words(a->sysctl, b->sysctl);
	assert_words(a->masked_paths, b->masked_paths);
	assert_words(a->readonly_paths, b->readonly_paths);
	assert_text(a->rootfs_propagation, b->rootfs_propagation);
	assert_mappings(a->uid_mappings, a->n_uid_mappings, b->uid_mappings, b->n_uid_mappings);
	assert_mappings(a->gid_mappings, a->n_gid_mappings, b->gid_mappings, b->n_gid_mappings);
	assert_seccomp(a->seccomp, b->seccomp);
	assert_text(a->personality, b->personality);
}
