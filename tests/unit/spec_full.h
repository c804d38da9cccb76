/* SPDX-License-Identifier: Apache-2.0 */
/* spec_full.h - a config.json with every member that we know, and its comparison */
#pragma once

#include "base/str.h"
#include "oci/spec.h"

static const char spec_full[] =
	"{\"ociVersion\":\"1.2.0\",\"hostname\":\"box\",\"unknown\":{\"x\":[1,2]},"
	"\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
	" \"user\":{\"uid\":1000,\"gid\":1001,\"umask\":18,\"additionalGids\":[5,4294967295]},"
	" \"args\":[\"sh\",\"-c\",\"echo \\u00e4\"],\"env\":[\"PATH=/bin\",\"E=\"],\"cwd\":\"/w\","
	" \"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"effective\":[\"CAP_KILL\"],"
	"  \"inheritable\":[],\"permitted\":[\"CAP_KILL\"],\"ambient\":[\"CAP_CHOWN\"]},"
	" \"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,\"soft\":1024},"
	"  {\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0}],"
	" \"noNewPrivileges\":true,\"oomScoreAdj\":-500},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	" {\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"/srv\","
	"  \"options\":[\"rbind\",\"ro\"]}],"
	"\"annotations\":{\"a.b/c\":\"v=1\",\"empty\":\"\"},"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},"
	"  {\"type\":\"network\",\"path\":\"/run/netns/x\"}],"
	" \"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,"
	"  \"fileMode\":384,\"uid\":1,\"gid\":2},{\"path\":\"/dev/p\",\"type\":\"p\"}],"
	" \"resources\":{\"memory\":{\"limit\":-1},\"cpu\":{\"shares\":512,\"quota\":-1,"
	"  \"period\":100000,\"cpus\":\"0-1\",\"mems\":\"0\"},\"pids\":{\"limit\":100}},"
	" \"cgroupsPath\":\"/a/b\",\"sysctl\":{\"net.core.somaxconn\":\"256\",\"k\":\"a=b\"},"
	" \"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\",\"/proc/bus\"],"
	" \"rootfsPropagation\":\"rslave\"}}";

static inline void assert_text(const char *a, const char *b)
{
	assert_string_equal(a ? a : "(unset)", b ? b : "(unset)");
}

static inline void assert_words(char *const *a, char *const *b)
{
	assert_int_equal(strv_len(a), strv_len(b));
	for (size_t i = 0; i < strv_len(a); i++)
		assert_string_equal(a[i], b[i]);
}
