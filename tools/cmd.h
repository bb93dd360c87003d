/* SPDX-License-Identifier: MIT */
/* Sub-commands as rows, and their options as rows. */
#ifndef WEFT_TOOLS_CMD_H
#define WEFT_TOOLS_CMD_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses. gzip's own use of 2, for a warning, happens to be the same number as usage. */
enum {
	CMD_OK,
	CMD_FAILED,
	CMD_USAGE,
	CMD_WARNING = 2,
};

/* No short letter: keys of options that have a long name only start here. */
#define OPT_LONG_ONLY	256

/*
 * @key:  the letter, or OPT_LONG_ONLY and up
 * @name: the long name, or NULL
 * @arg:  what its argument is called, or NULL when it takes none
 * @help: one line; NULL keeps the option out of the help
 */
struct opt_row {
	int key;
	const char *name;
	const char *arg;
	const char *help;
};

/*
 * @args: what follows the name, for the usage line
 * @help: one line
 * @more: further lines for "weft help NAME", or NULL
 * @program: what follows the first operand is not for us, options and all
 * @run:  argv[0] is the name of the sub-command; returns an exit status
 */
struct cmd {
	const char *name;
	const char *args;
	const char *help;
	const char *more;
	const struct opt_row *opts;
	size_t opt_count;
	bool program;
	int (*run)(const struct cmd *cmd, int argc, char **argv);
};

extern const struct cmd cmd_devices;
extern const struct cmd cmd_gzip;
extern const struct cmd cmd_bench;
extern const struct cmd cmd_run;
extern const struct cmd cmd_selftest;
extern const struct cmd cmd_sum;

/* cmd_print_help() - usage, options and the rest of the help, on stdout. */
void cmd_print_help(const struct cmd *cmd);

/*
 * opts_next() - the key of the next option, its argument in optarg; -1 at the
 * end, with optind at the first operand; '?' after it has told the user what is
 * wrong. Operands and options may be mixed. Does not return from "--help".
 */
int opts_next(const struct cmd *cmd, int argc, char **argv);

/* The one row of commands that know --json and no more. */
extern const struct opt_row opts_only_json[1];

/*
 * opts_begin_output() - all that such a command has to parse, and out_begin().
 * False after a message.
 */
bool opts_begin_output(const struct cmd *cmd, int argc, char **argv);

/* opts_number() - a whole number within limits from optarg; -1 after a message. */
long opts_number(const struct cmd *cmd, const char *what, const char *text, long min, long max);

#endif
