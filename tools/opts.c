/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "ui.h"

#define OPTS_MAX	32
#define OPT_HELP	(OPT_LONG_ONLY - 1)	/* every command has it */

/* getopt's two tables, made from the rows. */
struct getopt_tables {
	char letters[2 * OPTS_MAX + 3];
	struct option names[OPTS_MAX + 2];	/* "help", and the end */
};

static void make_tables(const struct cmd *cmd, struct getopt_tables *t)
{
	size_t letter = 0, name = 0;

	memset(t, 0, sizeof(*t));
	if (cmd->program)
		t->letters[letter++] = '+';	/* end at the first operand */
	t->letters[letter++] = ':';	/* tell a missing argument from an unknown option */
	t->names[name].name = "help";
	t->names[name++].val = OPT_HELP;
	for (size_t i = 0; i < cmd->opt_count && i < OPTS_MAX; i++) {
		const struct opt_row *row = &cmd->opts[i];

		if (row->key < OPT_LONG_ONLY) {
			t->letters[letter++] = (char)row->key;
			if (row->arg)
				t->letters[letter++] = ':';
		}
		if (row->name) {
			t->names[name].name = row->name;
			t->names[name].has_arg = row->arg ? required_argument : no_argument;
			t->names[name++].val = row->key;
		}
	}
}

/*
 * What was wrong: getopt leaves a letter or a row's key in optopt, or 0 for a
 * long name that it does not know; the word before optind is only then, and for
 * a long name with an argument too many, sure to be the one at fault.
 */
static void complain(const struct cmd *cmd, const char *what, const char *word)
{
	bool is_long = !strncmp(word, "--", 2);

	if (optopt >= OPT_LONG_ONLY || !optopt || (is_long && strchr(word, '=')))
		ui_error("%s '%.*s'; see 'weft help %s'", what, (int)strcspn(word, "="), word,
			 cmd->name);
	else
		ui_error("%s '-%c'; see 'weft help %s'", what, optopt, cmd->name);
}

static bool known_key(const struct cmd *cmd, int key)
{
	for (size_t i = 0; i < cmd->opt_count; i++) {
		if (cmd->opts[i].key == key)
			return true;
	}
	return false;
}

int opts_next(const struct cmd *cmd, int argc, char **argv)
{
	struct getopt_tables tables;
	int key;

	make_tables(cmd, &tables);
	opterr = 0;
	key = getopt_long(argc, argv, tables.letters, tables.names, NULL);
	if (key == ':') {
		complain(cmd, "no argument for option", argv[optind - 1]);
		key = '?';
	} else if (key == '?') {
		complain(cmd, known_key(cmd, optopt) ? "no argument is taken by option" :
			 "unknown option", argv[optind - 1]);
	} else if (key == OPT_HELP) {
		cmd_print_help(cmd);
		exit(ui_flush_output() ? CMD_OK : CMD_FAILED);
	}
	return key;
}

const struct opt_row opts_only_json[1] = {
	{ OPT_LONG_ONLY, "json", NULL, "as JSON" },
};

bool opts_begin_output(const struct cmd *cmd, int argc, char **argv)
{
	bool json = false;
	int key;

	while ((key = opts_next(cmd, argc, argv)) != -1) {
		if (key == '?')
			return false;
		json = true;
	}
	if (optind < argc) {
		ui_error("no argument is expected, '%s' was given", argv[optind]);
		return false;
	}
	return out_begin(json);
}

long opts_number(const struct cmd *cmd, const char *what, const char *text, long min, long max)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max) {
		ui_error("%s '%s': a number from %ld to %ld is expected; see 'weft help %s'", what,
			 text, min, max, cmd->name);
		return -1;
	}
	return v;
}
