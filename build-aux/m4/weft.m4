dnl SPDX-License-Identifier: MIT

dnl WEFT_TRY_CFLAGS(FLAG...): append each flag that the compiler takes.
AC_DEFUN([WEFT_TRY_CFLAGS], [
	for flag in $1; do
		weft_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $flag"
		AC_MSG_CHECKING([whether $CC accepts $flag])
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes])
			 WEFT_CFLAGS="$WEFT_CFLAGS $flag"],
			[AC_MSG_RESULT([no])])
		CFLAGS=$weft_saved_CFLAGS
	done
])

dnl WEFT_TRY_LDFLAGS(FLAG, IF-YES, IF-NO)
AC_DEFUN([WEFT_TRY_LDFLAGS], [
	weft_saved_LDFLAGS=$LDFLAGS
	LDFLAGS="$LDFLAGS $1"
	AC_MSG_CHECKING([whether the linker accepts $1])
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		[AC_MSG_RESULT([yes])
		 $2],
		[AC_MSG_RESULT([no])
		 $3])
	LDFLAGS=$weft_saved_LDFLAGS
])

dnl WEFT_LIBRARY(NAME, VAR, HEADER, FUNCTION, LIBRARY, PKGCONFIG, WHAT-FOR)
dnl --with-NAME: "check" by default; asked for and missing is an error. The
dnl header and the function decide; pkg-config only helps to find them and
dnl knows the version. Sets weft_has_VAR, VAR_CFLAGS, VAR_LIBS, weft_info_VAR.
AC_DEFUN([WEFT_LIBRARY], [
	AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [$7])], [],
		[m4_translit([with_$1], [-], [_])=check])
	WEFT_FIND([$1], [$2], [$3], [$4], [$5], [$6], [$m4_translit([with_$1], [-], [_])])
])

dnl WEFT_FIND(NAME, VAR, HEADER, FUNCTION, LIBRARY, PKGCONFIG, WANT)
AC_DEFUN([WEFT_FIND], [
	weft_has_$2=no
	weft_info_$2="not used"
	AS_IF([test "x$7" != xno], [
		weft_found=no
		weft_known=
		AS_IF([test -n "$PKG_CONFIG" && $PKG_CONFIG --exists $6], [
			$2_CFLAGS=`$PKG_CONFIG --cflags $6`
			$2_LIBS=`$PKG_CONFIG --libs $6`
			weft_known=`$PKG_CONFIG --modversion $6`
		], [
			$2_CFLAGS=
			$2_LIBS=-l$5
		])
		weft_saved_CPPFLAGS=$CPPFLAGS
		weft_saved_LIBS=$LIBS
		CPPFLAGS="$CPPFLAGS $$2_CFLAGS"
		LIBS="$$2_LIBS $LIBS"
		AC_MSG_CHECKING([for $4 in $1])
		AC_LINK_IFELSE([AC_LANG_PROGRAM([#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <$3>], [void *volatile found = (void *)&$4; return !found;])], [weft_found=yes])
		AC_MSG_RESULT([$weft_found])
		CPPFLAGS=$weft_saved_CPPFLAGS
		LIBS=$weft_saved_LIBS
		AS_IF([test $weft_found = yes], [
			weft_has_$2=yes
			weft_info_$2="yes${weft_known:+, $weft_known}"
			WEFT_BUILD_WITH="$WEFT_BUILD_WITH $1${weft_known:+ $weft_known},"
		], [
			$2_CFLAGS=
			$2_LIBS=
			AS_IF([test "x$7" = xcheck],
				[weft_info_$2="no (not found)"],
				[AC_MSG_ERROR([$1${weft_known:+ $weft_known} was asked for, but <$3> or its library is missing or has no $4])])
		])
	])
	AC_SUBST([$2_CFLAGS])
	AC_SUBST([$2_LIBS])
])
