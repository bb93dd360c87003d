/* SPDX-License-Identifier: MIT */
/* The weft command: one row a sub-command. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "cmd.h"
#include "ui.h"

static int run_help(const struct cmd *cmd, int argc, char **argv);

static const struct cmd cmd_help = {
	.name = "help",
	.args = "[COMMAND | env]",
	.help = "explain a command, or the environment variables",
	.run = run_help,
};

static const struct cmd *const commands[] = {
	&cmd_devices,
	&cmd_gzip,
	&cmd_bench,
	&cmd_run,
	&cmd_selftest,
	&cmd_sum,
	&cmd_help,
};

#define COMMAND_COUNT	(sizeof(commands) / sizeof(commands[0]))

static const struct cmd *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static void print_usage(FILE *to)
{
	fputs("usage: weft COMMAND [OPTION...] [ARGUMENT...]\n\n", to);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-10s%s\n", commands[i]->name, commands[i]->help);
	fputs("\n  --version   version and build of the library\n"
	      "  --help      this text\n\n"
	      "'weft help COMMAND' explains a command, 'weft help env' the environment variables\n"
	      "that the library reads.\n", to);
}

static void print_option(const struct opt_row *row)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s%s%s%s%s", row->key < OPT_LONG_ONLY ? '-' : ' ',
		 row->key < OPT_LONG_ONLY ? row->key : ' ',
		 row->name ? (row->key < OPT_LONG_ONLY ? ", " : "  ") : "",
		 row->name ? "--" : "", row->name ? row->name : "", row->arg ? " " : "",
		 row->arg ? row->arg : "");
	printf("  %-24s%s\n", left, row->help);
}

void cmd_print_help(const struct cmd *cmd)
{
	printf("usage: weft %s %s\n\n%s\n", cmd->name, cmd->args, cmd->help);
	if (cmd->opt_count)
		putchar('\n');
	for (size_t i = 0; i < cmd->opt_count; i++) {
		if (cmd->opts[i].help)
			print_option(&cmd->opts[i]);
	}
	if (cmd->more)
		printf("\n%s", cmd->more);
}

/* Words of @text from column @indent on, lines no longer than 80. */
static void print_wrapped(const char *text, size_t indent)
{
	size_t col = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (!col || col + 1 + word > 80) {
			printf("%s%*s", col ? "\n" : "", (int)indent, "");
			col = indent;
		} else {
			putchar(' ');
			col++;
		}
		printf("%.*s", (int)word, text);
		col += word;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_environment(void)
{
	struct weft_option opt = { .size = sizeof(opt) };

	puts("Environment variables, read when a device is opened:\n");
	for (unsigned int i = 0; !weft_option_get(i, &opt); i++) {
		printf("  %s (%s; default: %s)\n", opt.name, opt.type,
		       *opt.fallback ? opt.fallback : "not set");
		print_wrapped(opt.help, 6);
	}
}

static int run_help(const struct cmd *cmd, int argc, char **argv)
{
	const struct cmd *about;

	if (opts_next(cmd, argc, argv) != -1)
		return CMD_USAGE;
	if (argc - optind > 1) {
		ui_error("one command at most; see 'weft help'");
		return CMD_USAGE;
	}
	if (optind == argc) {
		print_usage(stdout);
		return CMD_OK;
	}
	if (!strcmp(argv[optind], "env")) {
		print_environment();
		return CMD_OK;
	}
	about = find_command(argv[optind]);
	if (!about) {
		ui_error("unknown command '%s'; see 'weft help'", argv[optind]);
		return CMD_USAGE;
	}
	cmd_print_help(about);
	return CMD_OK;
}

static int run_command(const char *name, int argc, char **argv)
{
	const struct cmd *cmd = find_command(name);

	if (!cmd) {
		ui_error("unknown %s '%s'; see 'weft help'",
			 name[0] == '-' ? "option" : "command", name);
		return CMD_USAGE;
	}
	ui_set_command(cmd->name);
	return cmd->run(cmd, argc, argv);
}

int main(int argc, char **argv)
{
	int ret = CMD_OK;

	if (argc < 2) {
		print_usage(stderr);
		return CMD_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		printf("weft %s\n%s\n", weft_version(), weft_build());
	else if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		print_usage(stdout);
	else
		ret = run_command(argv[1], argc - 1, argv + 1);

	if (!ui_flush_output() && !ret)
		ret = CMD_FAILED;
	return ret;
}
