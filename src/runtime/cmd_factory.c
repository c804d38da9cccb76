/* SPDX-License-Identifier: Apache-2.0 */
/* Source: reference 08, section 5. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "factory/cache_client.h"
#include "factory/cache_server.h"
#include "factory/template.h"
#include "runtime/command.h"
#include "sandbox/paths.h"

/* For whoever watches. */
static void show_step(const char *step)
{
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "%s…\n", step);
}

static bool has_cache(const struct config *config)
{
	return config->factory.vm_cache_number > 0;
}

/* A template that is there is as good for the cache. */
static int init_template(const struct config *config, struct err *err)
{
	int r;

	interrupt_catch();
	r = template_make(config, show_step, err);
	if (r == -EEXIST && has_cache(config)) {
		*err = (struct err){ 0 };
		r = 0;
	}
	interrupt_release();
	return r;
}

static int init(const struct config *config, struct err *err)
{
	CLEANUP(free) char *cache = paths_cache();
	int r = 0;

	if (!config->factory.enable_template && !has_cache(config)) {
		puts("vm factory or VMCache is not enabled");
		return 0;
	}
	if (config->factory.enable_template)
		r = init_template(config, err);
	if (r == 0 && has_cache(config))
		return cache_serve(config, cache, err);
	if (r == 0)
		puts("vm factory initialized");
	return r;
}

static int destroy_cache(const struct config *config, struct err *err)
{
	CLEANUP(free) char *cache = paths_cache();
	int r = cache_quit(config, cache, err);

	/* Of servers that were killed. */
	cache_sweep(cache);
	return r;
}

/* Both, whatever becomes of one; the first error is the one to tell. */
static int destroy(const struct config *config, struct err *err)
{
	struct err second = { 0 };
	int r = has_cache(config) ? destroy_cache(config, err) : 0;
	int other = template_remove(config, r < 0 ? &second : err);

	if (r == 0 && other == 0)
		puts("vm factory destroyed");
	return r < 0 ? r : other;
}

static void show_cache(const struct config *config)
{
	struct cache_status status = { 0 };
	struct err why = { 0 };

	if (cache_ask_status(config, &status, &why) < 0) {
		puts(why.text);
		return;
	}
	printf("VM cache server pid = %d\n", status.server);
	for (size_t i = 0; i < status.n; i++)
		printf("VM pid = %d Cpu = %u Memory = %uMiB\n", status.machines[i].pid,
		       status.machines[i].vcpus, status.machines[i].memory_mib);
	cache_status_done(&status);
	if (cache_ask_config(config, &why) < 0)
		puts(why.text);
}

static void show_template(const struct config *config)
{
	struct template template = TEMPLATE_INIT;
	struct err why = { 0 };
	int r = template_open(config, true, &template, &why);

	puts(r == 0 ? "vm factory is on" : "vm factory is off");
	if (r == 0)
		printf("VM template %s: %u vCPUs, %" PRIu64 " MiB\n", config->factory.template_path,
		       template.vcpus, template.memory_mib);
	else
		puts(why.text);
	template_close(&template);
}

static int status(const struct config *config, struct err *err __attribute__((unused)))
{
	if (has_cache(config))
		show_cache(config);
	if (config->factory.enable_template)
		show_template(config);
	else if (!has_cache(config))
		puts("vm factory not enabled");
	return 0;
}

static const struct subcommand {
	const char *name;
	const char *summary;
	const char *fault; /* its name for fault points */
	int (*run)(const struct config *config, struct err *err);
} subcommands[] = {
	{ "init", "boot a virtual machine and make a template of it, or keep started ones ready",
	  "factory-init", init },
	{ "status", "show what there is, and if it cannot be used, why", "factory-status", status },
	{ "destroy", "take it away; sandboxes that came from it live on", "factory-destroy",
	  destroy },
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_help(const char *program)
{
	printf("Usage: %s SUBCOMMAND\n\n"
	       "Virtual machines that are cloned from a template, or come from a cache of started "
	       "ones:\n[factory] in the configuration. With vm_cache_number, init runs until "
	       "destroy or ^C.\n\n"
	       "Subcommands:\n",
	       program);
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		printf("  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
}

static int run_subcommand(const struct globals *globals, const char *program,
			  const struct subcommand *subcommand, int argc, char **argv,
			  struct err *err)
{
	CLEANUP(free) char *title = xasprintf("%s %s", program, subcommand->name);
	CLEANUP(config_free) struct config *config = NULL;
	int r;

	const struct opt opts[] = { OPT_END };

	argv[0] = title;
	r = opt_parse(opts, argc, argv, err);
	if (r == 0)
		r = load_config(globals, true, &config, err);
	if (r != 0)
		return r;
	fault_begin(subcommand->fault);
	return subcommand->run(config, err);
}

static int run_factory(const struct globals *globals, int argc, char **argv, struct err *err)
{
	CLEANUP(free) char *program = xstrdup(argv[0]);
	int used = 0;
	int r;

	const struct opt opts[] = { OPT_END };

	r = opt_parse_leading(opts, argc, argv, &used, err);
	if (r < 0)
		return r;
	if (r == OPT_HELPED || used == argc || str_eq(argv[used], "help")) {
		print_help(program);
		return 0;
	}
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (str_eq(subcommands[i].name, argv[used]))
			return run_subcommand(globals, program, &subcommands[i], argc - used,
					      argv + used, err);
	return err_set(err, EINVAL, "%s: there is no '%.40s'; '%s --help' lists what there is",
		       program, argv[used], program);
}

const struct command cmd_factory = { "factory", NULL, "templates and a cache of virtual machines",
				     run_factory };
