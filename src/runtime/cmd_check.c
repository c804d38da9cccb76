/* SPDX-License-Identifier: Apache-2.0 */
/* kata-runtime kata-check: can this host do it, and what is to be done where it cannot? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/findings.h"
#include "base/json_writer.h"
#include "base/str.h"
#include "config/config.h"
#include "runtime/command.h"
#include "runtime/host_facts.h"
#include "sandbox/host_check.h"
#include "version.h"

/* Programs of other builds may speak to each other in other ways. */
static void check_version(const char *name, const char *path, struct findings *findings)
{
	static const char ours[] = KATA_VERSION ", commit " KATA_COMMIT;
	CLEANUP(free) char *version = NULL;
	struct err err = { 0 };

	if (program_version(path, &version, &err) < 0)
		return; /* that is a finding already */
	if (!str_eq(version, ours))
		findings_fail(findings, "versions", "install kata-c whole, in one version",
			      "%s is %s, kata-runtime is %s", name, version, ours);
}

static void check_versions(const struct config *config, struct findings *findings)
{
	size_t before = findings->n;

	check_version("kata-proxy", config->proxy.path, findings);
	check_version("kata-shim", config->shim.path, findings);
	check_version("kata-netmon", config->netmon.path, findings);
	if (findings->n == before)
		findings_ok(findings, "versions",
			    "Version consistency of Kata Containers is verified");
}

static void check_processor(struct findings *findings)
{
	CLEANUP(free) char *vendor = fact_of_file("/proc/cpuinfo", "vendor_id", ':');
	CLEANUP(free) char *model = fact_of_file("/proc/cpuinfo", "model name", ':');

	findings_ok(findings, "processor", "%s%s%s, %ld of them", vendor,
		    str_empty(model) ? "" : ", ", model, sysconf(_SC_NPROCESSORS_ONLN));
}

static const char *verdict(enum finding_level worst)
{
	if (worst == FINDING_FAILURE)
		return "System is not capable of running Kata Containers";
	return geteuid() == 0 ? "System can currently create Kata Containers"
			      : "System is capable of running Kata Containers";
}

static void print_json(const struct findings *findings, enum finding_level worst)
{
	struct json_writer w = { .indent = 2 };
	CLEANUP(free) char *text = NULL;

	json_open_object(&w, NULL);
	json_put_bool(&w, "capable", worst != FINDING_FAILURE);
	json_put_string(&w, "verdict", verdict(worst));
	json_open_array(&w, "findings");
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];

		json_open_object(&w, NULL);
		json_put_string(&w, "level", finding_level_name(finding->level));
		json_put_string(&w, "name", finding->name);
		json_put_string(&w, "text", finding->text);
		if (finding->remedy)
			json_put_string(&w, "remedy", finding->remedy);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
	text = json_finish(&w);
	(void)puts(text);
}

static void print_lines(const struct findings *findings, bool quiet)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];

		if (quiet && finding->level == FINDING_OK)
			continue;
		printf("%-4s  %-14s %s\n", finding_level_name(finding->level), finding->name,
		       finding->text);
		if (finding->remedy)
			printf("%22sto do: %s\n", "", finding->remedy);
	}
}

static void look(const struct globals *globals, bool strict, struct findings *findings)
{
	CLEANUP(config_free) struct config *config = NULL;
	struct err err = { 0 };

	check_processor(findings);
	if (load_config(globals, false, &config, &err) < 0) {
		findings_fail(findings, "configuration",
			      "mend that file, or name another one with "
			      "--kata-config",
			      "%s", err.text);
		return;
	}
	findings_ok(findings, "configuration", "%s", config->path);
	for (char **text = config->warnings; text && *text; text++)
		findings_warn(findings, "configuration", "remove that key", "%s", *text);
	host_check(config, findings);
	if (strict)
		check_versions(config, findings);
}

static int run_check(const struct globals *globals, int argc, char **argv, struct err *err)
{
	__attribute__((cleanup(findings_donep))) struct findings findings = { 0 };
	bool strict = false, verbose = false, quiet = false, json = false;
	enum finding_level worst;
	int r;

	const struct opt opts[] = {
		OPT_BOOL('s', "strict", &strict, "also check that all parts are of one build"),
		OPT_BOOL('v', "verbose", &verbose, "accepted: every line is shown anyway"),
		OPT_BOOL('q', "quiet", &quiet, "only what is not as it should be"),
		OPT_BOOL(0, "json", &json, "as JSON"),
		OPT_END,
	};

	r = opt_parse(opts, argc, argv, err);
	if (r != 0)
		return r;
	look(globals, strict, &findings);
	worst = findings_worst(&findings);
	if (json)
		print_json(&findings, worst);
	else
		print_lines(&findings, quiet);
	(void)fflush(stdout); /* the verdict is the last line, wherever the two go */
	if (worst == FINDING_FAILURE)
		return err_set(err, ENOTSUP, "ERROR: %s", verdict(worst));
	if (!json)
		(void)puts(verdict(worst));
	return 0;
}

const struct command cmd_check = { "kata-check", "check",
				   "whether this host can run sandboxes, and what to do if not",
				   run_check };
