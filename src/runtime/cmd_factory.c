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
#include "factory/template.h"
#include "runtime/command.h"

/* For whoever watches. */
static void show_step(const char *step)
{
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "%s…\n", step);
}

static int init(const struct config *config, struct err *err)
{
	int r;

	if (!config->factory.enable_template) {
		puts("vm factory or VMCache is not enabled");
		return 0;
	}
	interrupt_catch();
	r = template_make(config, show_step, err);
	if (r == 0)
		puts("vm factory initialized");
	return r;
}

static int destroy(const struct config *config, struct err *err)
{
	int r = template_remove(config, err);

	if (r == 0)
		puts("vm factory destroyed");
	return r;
}

static int status(const struct config *config, struct err *err __attribute__((unused)))
{
	struct template template = TEMPLATE_INIT;
	struct err why = { 0 };
	int r;

	if (!config->factory.enable_template) {
		puts("vm factory not enabled");
		return 0;
	}
	r = template_open(config, true, &template, &why);
	puts(r == 0 ? "vm factory is on" : "vm factory is off");
	if (r == 0)
		printf("VM template %s: %u vCPUs, %" PRIu64 " MiB\n", config->factory.template_path,
		       template.vcpus, template.memory_mib);
	else
		puts(why.text);
	template_close(&template);
	return 0;
}

static const struct subcommand {
	const char *name;
	const char *summary;
	const char *fault; /* its name for fault points */
	int (*run)(const struct config *config, struct err *err);
} subcommands[] = {
	{ "init", "boot a virtual machine and make a template of it", "factory-init", init },
	{ "status", "show whether there is one, and if it cannot be used, why", "factory-status",
	  status },
	{ "destroy", "take it away; its clones live on", "factory-destroy", destroy },
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_help(const char *program)
{
	printf("Usage: %s SUBCOMMAND\n\n"
	       "Virtual machines that are started from a template: [factory] in the "
	       "configuration.\n\n"
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

const struct command cmd_factory = { "factory", NULL, "templates of virtual machines",
				     run_factory };
