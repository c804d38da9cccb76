/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/own_storage.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agentc/agentc.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/mount_options.h"
#include "oci/spec.h"

#define ANNOTATION  "io.katacontainers.storage_spec"
#define GUEST_MADE  "/run/kata-containers/storage/containers" /* reference 00, section 3 */
#define DEPTH       5u
#define PATH_LEN    1000u /* of an export: patch 0041 */
#define SERVER_LEN  253u  /* RFC 1035 */
#define OPTIONS_MAX 32u
#define OPTION_LEN  256u

static void storage_done(struct own_storage *storage)
{
	free(storage->driver);
	free(storage->source);
	free(storage->mount_point);
	free(storage->destination);
	strv_free(storage->options);
	strv_free(storage->mount_options);
}

void own_storages_done(struct own_storages *storages)
{
	for (size_t i = 0; i < storages->n; i++)
		storage_done(&storages->items[i]);
	free(storages->items);
	*storages = (struct own_storages){ 0 };
}

static int bad(const struct json_at *at, const char *member, const char *value, const char *allowed,
	       struct err *err)
{
	CLEANUP(free) char *shown = str_printable(xstrndup(value ? value : "", 80));

	return err_set(err, EINVAL, "%s.%s: '%s', allowed is %s", at->path, member, shown, allowed);
}

/* Absolute, of letters, digits and @marks, without parts "." and "..". */
static bool is_path(const char *text, const char *marks)
{
	CLEANUP(strv_free) char **parts = strv_split(text, "/");

	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(marks, *c))
			return false;
	return *text == '/' && strlen(text) <= PATH_LEN && !strv_contains(parts, ".") &&
	       !strv_contains(parts, "..");
}

static bool is_server(const char *text)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			return false;
	return len > 0 && len <= SERVER_LEN && isalnum((unsigned char)*text);
}

/* The address of an NFS server as the option "addr". */
static int look_up(const struct json_at *at, const char *server, char ***options, struct err *err)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char text[INET_ADDRSTRLEN];
	struct sockaddr_in address;
	int r = getaddrinfo(server, NULL, &hints, &found);

	if (r != 0)
		return err_set(err, EHOSTUNREACH, "%s.source: %s: %s", at->path, server,
			       gai_strerror(r));
	memcpy(&address, found->ai_addr, sizeof(address));
	freeaddrinfo(found);
	strv_addf(options, "addr=%s", inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text)));
	return 0;
}

static int check_nfs(const struct json_at *at, struct own_storage *storage, struct err *err)
{
	size_t len = strcspn(storage->source, ":");
	CLEANUP(free) char *server = xstrndup(storage->source, len);
	const char *path = storage->source + len + (storage->source[len] == ':');

	if (!is_server(server) || !is_path(path, "_-./"))
		return bad(at, "source", storage->source,
			   "SERVER:/PATH, of letters, digits, '_', '-', '.' and '/', without '..'",
			   err);
	strv_add(&storage->options, "nodev");
	strv_add(&storage->options, "nolock"); /* there is no lockd in the guest */
	return look_up(at, server, &storage->options, err);
}

static int check_source(const struct json_at *at, struct own_storage *storage, struct err *err)
{
	bool nfs = storage->driver && str_eq(storage->driver, "nfs");

	if (!nfs && (!storage->driver || !str_eq(storage->driver, "gpath")))
		return bad(at, "storage_type", storage->driver, "nfs or gpath", err);
	if (str_empty(storage->source))
		return bad(at, "source", "", "what is to be mounted", err);
	if (nfs)
		return check_nfs(at, storage, err);
	return is_path(storage->source, "_-./ ~+@:=,%")
		       ? 0
		       : bad(at, "source", storage->source,
			     "an absolute path of the guest without '.' and '..'", err);
}

static int check_words(const struct json_at *at, const char *member, char *const *words,
		       struct err *err)
{
	if (strv_len(words) > OPTIONS_MAX)
		return err_set(err, EINVAL, "%s.%s: %zu options, allowed are %u", at->path, member,
			       strv_len(words), OPTIONS_MAX);
	for (; words && *words; words++)
		if (!**words || strlen(*words) > OPTION_LEN || strchr(*words, ','))
			return bad(at, member, *words, "one option of at most 256 bytes", err);
	return 0;
}

/* The server's address is what was looked up. */
static int take_custom(const struct json_at *at, char **custom, struct own_storage *storage,
		       struct err *err)
{
	for (char **word = custom; word && *word; word++) {
		if (str_starts(*word, "addr="))
			return bad(at, "custom_op", *word, "no address but that of source", err);
		strv_add(&storage->options, *word);
	}
	return 0;
}

static int take_options(const struct json_at *at, struct own_storage *storage, struct err *err)
{
	__attribute__((cleanup(mount_options_done))) struct mount_options parsed = { 0 };
	CLEANUP(strv_free) char **custom = NULL;
	CLEANUP(strv_free) char **mount = NULL;
	struct json_at options;
	int r;

	r = json_get_object(at, "options", &options, err);
	if (r <= 0)
		return r;
	r = json_get_strv(&options, "mount_op", &mount, err);
	if (r == 0)
		r = json_get_strv(&options, "custom_op", &custom, err);
	if (r == 0)
		r = check_words(&options, "mount_op", mount, err);
	if (r == 0)
		r = check_words(&options, "custom_op", custom, err);
	if (r == 0)
		r = mount_options_parse(mount, &parsed, err);
	if (r < 0)
		return r;
	for (char **word = mount; word && *word; word++)
		strv_add(&storage->mount_options, *word);
	return take_custom(&options, custom, storage, err);
}

static int parse_one(const struct json_at *at, const char *cid, size_t i, struct own_storage *ret,
		     struct err *err)
{
	int r;

	r = json_get_string(at, "storage_type", &ret->driver, err);
	if (r == 0)
		r = json_get_string(at, "source", &ret->source, err);
	if (r == 0)
		r = json_get_string(at, "dest", &ret->destination, err);
	if (r == 0)
		r = check_source(at, ret, err);
	if (r == 0 && (str_empty(ret->destination) || *ret->destination != '/'))
		r = bad(at, "dest", ret->destination, "an absolute path of the container", err);
	if (r < 0)
		return r;
	ret->mount_point = xasprintf(GUEST_MADE "/%s-%zu", cid, i);
	strv_add(&ret->mount_options, "rbind");
	return take_options(at, ret, err);
}

static int parse(const char *json, const char *cid, struct own_storages *ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	struct json_at at;
	size_t n = 0;
	int r;

	r = json_parse(json, strlen(json), DEPTH, &doc, err);
	if (r < 0)
		return r;
	at = json_root(doc);
	r = json_check_array(&at, &n, err);
	if (r < 0)
		return r;
	if (n > OWN_STORAGE_MAX)
		return err_set(err, EINVAL, "%zu storages, allowed are %u", n, OWN_STORAGE_MAX);
	ret->items = xcalloc(n + 1, sizeof(*ret->items));
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct json_at item;

		r = json_item_object(&at, i, &item, err);
		if (r == 0)
			r = parse_one(&item, cid, i, &ret->items[ret->n++], err);
	}
	return r;
}

int own_storages_take(const struct config *config, const struct oci_spec *spec, const char *cid,
		      struct own_storages *ret, struct err *err)
{
	const char *json = oci_spec_annotation(spec, ANNOTATION);
	int r;

	if (!json)
		return 0;
	r = config_allows(config, ANNOTATION, err);
	if (r < 0)
		return r;
	r = parse(json, cid, ret, err);
	return r < 0 ? err_prefix_as(err, ERR_ANNOTATION, "annotation " ANNOTATION) : 0;
}

void own_storages_mount(const struct own_storages *storages, struct oci_spec *spec)
{
	if (storages->n == 0)
		return;
	spec->mounts =
		xrealloc(spec->mounts, (spec->n_mounts + storages->n) * sizeof(*spec->mounts));
	for (size_t i = 0; i < storages->n; i++) {
		const struct own_storage *storage = &storages->items[i];

		spec->mounts[spec->n_mounts++] =
			(struct oci_mount){ .destination = xstrdup(storage->destination),
					    .source = xstrdup(storage->mount_point),
					    .type = xstrdup("bind"),
					    .options = strv_copy(storage->mount_options) };
		if (!strv_contains(storage->mount_options, "shared"))
			continue;
		free(spec->rootfs_propagation);
		spec->rootfs_propagation = xstrdup("shared");
	}
}

void own_storages_for_agent(const struct own_storages *storages, struct agentc_disk *ret)
{
	for (size_t i = 0; i < storages->n; i++) {
		const struct own_storage *storage = &storages->items[i];

		ret[i] = (struct agentc_disk){ .driver = storage->driver,
					       .address = storage->source,
					       .mount_point = storage->mount_point,
					       .fstype = "",
					       .options = storage->options };
	}
}
