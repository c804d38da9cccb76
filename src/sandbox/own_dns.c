/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/own_dns.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "oci/spec.h"
#include "sandbox/paths.h"

#define ANNOTATION   "annotation io.katacontainers.sandbox_dns"
#define RESOLV_CONF  "/etc/resolv.conf"
#define DEPTH        3u
#define SERVERS_MAX  3u /* MAXNS of resolv.h: libc reads no more */
#define SEARCHES_MAX 32u
#define OPTIONS_MAX  16u
#define NAME_MAX_LEN 253u /* of a domain: RFC 1035 */
#define OPTION_MAX   64u

static const char *const members[] = { "Servers", "Domain", "Searches", "Options", NULL };

static int bad(const char *member, const char *value, const char *allowed, struct err *err)
{
	CLEANUP(free) char *shown = str_printable(xstrndup(value, 80));

	return err_set(err, EINVAL, "%s: '%s', allowed is %s", member, shown, allowed);
}

static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* What would begin another word or line is not among them. */
static bool is_word(const char *text, size_t max, const char *marks)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(marks, *c))
			return false;
	return len > 0 && len <= max;
}

static bool is_domain(const char *text)
{
	return is_word(text, NAME_MAX_LEN, "-_.");
}

static bool is_option(const char *text)
{
	return is_word(text, OPTION_MAX, "-_.:");
}

static int get_words(const struct json_at *at, const char *member, size_t max,
		     bool (*is_good)(const char *text), const char *allowed, char ***ret,
		     struct err *err)
{
	int r = json_get_strv(at, member, ret, err);

	if (r < 0)
		return r;
	if (strv_len(*ret) > max)
		return err_set(err, EINVAL, "%s: %zu of them, allowed are %zu", member,
			       strv_len(*ret), max);
	for (char **word = *ret; word && *word; word++)
		if (!is_good(*word))
			return bad(member, *word, allowed, err);
	return 0;
}

static void put_line(struct buf *out, const char *key, char *const *words)
{
	CLEANUP(free) char *line = words ? strv_join(words, " ") : NULL;

	if (!str_empty(line))
		buf_printf(out, "%s %s\n", key, line);
}

static int format(const struct json_at *at, struct buf *out, struct err *err)
{
	static const char names[] = "a domain's name of letters, digits, '-', '_' and '.'";
	CLEANUP(strv_free) char **servers = NULL;
	CLEANUP(strv_free) char **searches = NULL;
	CLEANUP(strv_free) char **options = NULL;
	CLEANUP(free) char *domain = NULL;
	int r;

	r = get_words(at, "Servers", SERVERS_MAX, is_address, "an IPv4 or IPv6 address", &servers,
		      err);
	if (r == 0)
		r = json_get_string(at, "Domain", &domain, err);
	if (r == 0 && !str_empty(domain) && !is_domain(domain))
		r = bad("Domain", domain, names, err);
	if (r == 0)
		r = get_words(at, "Searches", SEARCHES_MAX, is_domain, names, &searches, err);
	if (r == 0)
		r = get_words(at, "Options", OPTIONS_MAX, is_option,
			      "a word such as ndots:2, see resolv.conf(5)", &options, err);
	if (r < 0)
		return r;
	for (char **server = servers; server && *server; server++)
		buf_printf(out, "nameserver %s\n", *server);
	if (!str_empty(domain))
		buf_printf(out, "domain %s\n", domain);
	put_line(out, "search", searches);
	put_line(out, "options", options);
	return 0;
}

int own_dns_text(const char *json, char **ret, struct err *err)
{
	CLEANUP(json_free) struct json *doc = NULL;
	CLEANUP(buf_done) struct buf out = { 0 };
	struct json_at at;
	int r;

	r = json_parse(json, strlen(json), DEPTH, &doc, err);
	if (r < 0)
		return r;
	at = json_root(doc);
	r = json_check_object(&at, err);
	if (r == 0)
		r = json_fold_keys(&at, members, err);
	if (r == 0)
		r = format(&at, &out, err);
	if (r < 0)
		return r;
	*ret = buf_take_string(&out);
	return 0;
}

int own_dns_check(const struct config *config, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = config->sandbox.dns ? own_dns_text(config->sandbox.dns, &text, err) : 0;

	return r < 0 ? err_prefix_as(err, ERR_ANNOTATION, ANNOTATION) : 0;
}

/* The mount of it that there is, or a new one behind all others. */
static struct oci_mount *resolv_conf_of(struct oci_spec *spec)
{
	struct oci_mount *mount;

	for (size_t i = 0; i < spec->n_mounts; i++)
		if (str_eq(spec->mounts[i].destination, RESOLV_CONF))
			return &spec->mounts[i];
	spec->mounts = xrealloc(spec->mounts, (spec->n_mounts + 1) * sizeof(*mount));
	mount = &spec->mounts[spec->n_mounts++];
	*mount = (struct oci_mount){ .destination = xstrdup(RESOLV_CONF) };
	return mount;
}

/* Read only: else a container could fill the host's /run by it. */
static void mount_it(struct oci_spec *spec, const char *path)
{
	struct oci_mount *mount = resolv_conf_of(spec);

	free(mount->source);
	mount->source = xstrdup(path);
	free(mount->type);
	mount->type = xstrdup("bind");
	strv_free(mount->options);
	mount->options = strv_split("bind ro nosuid nodev noexec", " ");
}

static int write_file(const char *dir, const char *text, struct err *err)
{
	CLEANUP(close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "open %s", dir);
	return file_replace_at(fd, "resolv.conf", text, strlen(text), 0644, err);
}

int own_dns_apply(const struct config *config, const char *sid, struct oci_spec *spec,
		  struct err *err)
{
	CLEANUP(free) char *dir = paths_sandbox(sid);
	CLEANUP(free) char *path = xasprintf("%s/resolv.conf", dir);
	CLEANUP(free) char *text = NULL;
	int r;

	if (!config->sandbox.dns)
		return 0;
	r = own_dns_text(config->sandbox.dns, &text, err);
	/* The first container makes it; the others' mounts hold on to that file. */
	if (r == 0 && access(path, F_OK) < 0)
		r = write_file(dir, text, err);
	if (r < 0)
		return err_prefix_as(err, ERR_ANNOTATION, ANNOTATION);
	mount_it(spec, path);
	return 0;
}
