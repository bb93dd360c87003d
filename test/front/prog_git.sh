#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# git: objects, packs, clones and binary patches.
. "$(dirname "${BASH_SOURCE[0]}")/prog.sh"
need git

export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global protocol.file.allow always
git config --global init.defaultBranch main

make_tree files

# history FOLDER PREFIX...: two commits of the files, git run by PREFIX
history() {
	local to=$1
	shift
	mkdir "$to"
	(
		cd "$to" || exit 1
		"$@" git init -q . && cp -r ../files/. . && "$@" git add -A &&
			"$@" git commit -q -m one && cat text >>deep/er/like && printf zz >>one &&
			printf 'y' >>noise && "$@" git commit -qam two
	)
}

objects() { git -C "$1" cat-file --batch-all-objects --batch --buffer | cksum; }

plainly history plain env
for min in $ways; do
	plainly history "made$min" under
	served git
	check "another history" test "$(git -C "made$min" rev-parse HEAD)" = \
		"$(git -C plain rev-parse HEAD)"
	check "other objects" test "$(objects "made$min")" = "$(objects plain)"
	plainly git -C "made$min" fsck --full --strict
	plainly under git -C plain fsck --full --strict
	served git
	plainly under git -C "made$min" gc -q --prune=now
	plainly git -C "made$min" fsck --full --strict
	check "other objects after gc" test "$(objects "made$min")" = "$(objects plain)"
	plainly under git clone -q --no-local "file://$work/plain" "clone$min"
	plainly git -C "clone$min" fsck --full --strict
	check "another clone" diff -r -x .git plain "clone$min"
	under git -C plain format-patch -q --binary --root --stdout >"patch$min"
	mkdir "applied$min"
	plainly git -C "applied$min" init -q
	plainly under git -C "applied$min" am -q "../patch$min"
	check "another tree after am" diff -r -x .git plain "applied$min"
	under git -C plain archive --format=tar.gz -6 HEAD >"archive$min.tgz"
	check "archive" gzip -t "archive$min.tgz"
done
finish
