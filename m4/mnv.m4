dnl Checks of this project. A library that is missing stops configure with the
dnl name of the package that has it, first Debian's, since that is where a
dnl reader most often stands.

dnl MNV_NEED(VARIABLE, PKG-CONFIG MODULE, NAME, DEBIAN PACKAGE)
AC_DEFUN([MNV_NEED], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$3 ($2) was not found: install $4 (Debian, Ubuntu) or the development package of your system])])
])

dnl MNV_FIX_INCLUDES(VARIABLE): headers of others are system headers (their
dnl warnings are not ours), and -I/usr/include would upset the search order.
AC_DEFUN([MNV_FIX_INCLUDES], [
  mnv_fixed=
  for mnv_flag in $$1; do
    case $mnv_flag in
      -I. | -I/usr/include | -I/usr/include/) ;;
      -I*) mnv_fixed="$mnv_fixed -isystem ${mnv_flag#-I}" ;;
      *) mnv_fixed="$mnv_fixed $mnv_flag" ;;
    esac
  done
  $1=$mnv_fixed
])

dnl APR and APR-util, by their own scripts, else by pkg-config.
AC_DEFUN([MNV_APR], [
  AC_ARG_WITH([apr-config],
    [AS_HELP_STRING([--with-apr-config=FILE], [apr-1-config to use])],
    [APR_CONFIG=$withval])
  AC_ARG_WITH([apu-config],
    [AS_HELP_STRING([--with-apu-config=FILE], [apu-1-config to use])],
    [APU_CONFIG=$withval])
  AC_PATH_PROGS([APR_CONFIG], [apr-1-config apr-config], [no])
  AC_PATH_PROGS([APU_CONFIG], [apu-1-config apu-config], [no])
  AS_IF([test "$APR_CONFIG" != no && test "$APU_CONFIG" != no], [
    apr_version=`$APR_CONFIG --version`
    apu_version=`$APU_CONFIG --version`
    APR_CFLAGS="`$APR_CONFIG --cppflags` `$APR_CONFIG --includes` `$APU_CONFIG --includes`"
    APR_LIBS="`$APU_CONFIG --link-ld` `$APR_CONFIG --link-ld`"
  ], [
    MNV_NEED([APR1], [apr-1 >= 1.6], [APR], [libapr1-dev])
    MNV_NEED([APU1], [apr-util-1 >= 1.6], [APR-util], [libaprutil1-dev])
    apr_version=`$PKG_CONFIG --modversion apr-1`
    apu_version=`$PKG_CONFIG --modversion apr-util-1`
    APR_CFLAGS="$APR1_CFLAGS $APU1_CFLAGS"
    APR_LIBS="$APU1_LIBS $APR1_LIBS"
  ])
  MNV_FIX_INCLUDES([APR_CFLAGS])
  AC_SUBST([APR_CFLAGS])
  AC_SUBST([APR_LIBS])
  mnv_save=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $APR_CFLAGS"
  AC_CHECK_HEADER([apr_pools.h], [],
    [AC_MSG_ERROR([the headers of APR were not found: install libapr1-dev])])
  AC_CHECK_HEADER([apr_dbd.h], [],
    [AC_MSG_ERROR([the headers of APR-util were not found: install libaprutil1-dev])])
  CPPFLAGS=$mnv_save
])

dnl httpd: only the module and httpd/ get this include path.
AC_DEFUN([MNV_APXS], [
  AC_ARG_WITH([apxs],
    [AS_HELP_STRING([--with-apxs=FILE], [apxs of the httpd to build for])],
    [APXS=$withval])
  AC_ARG_WITH([module-dir],
    [AS_HELP_STRING([--with-module-dir=DIR],
      [where the module is installed (default: what apxs says)])],
    [apxs_libexecdir=$withval], [apxs_libexecdir=])
  AC_PATH_PROGS([APXS], [apxs apxs2], [no], [$PATH:/usr/sbin:/usr/local/apache2/bin])
  AS_IF([test "$APXS" = no],
    [AC_MSG_ERROR([apxs was not found: install apache2-dev (Debian, Ubuntu) or httpd-devel, or name it by --with-apxs=FILE])])
  HTTPD_CFLAGS="-I`$APXS -q INCLUDEDIR` `$APXS -q EXTRA_INCLUDES` `$APXS -q EXTRA_CPPFLAGS`"
  MNV_FIX_INCLUDES([HTTPD_CFLAGS])
  AS_IF([test -z "$apxs_libexecdir"], [apxs_libexecdir=`$APXS -q LIBEXECDIR`])
  AC_SUBST([moduledir], [$apxs_libexecdir])
  AC_SUBST([HTTPD_CFLAGS])
  mnv_save=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $HTTPD_CFLAGS $APR_CFLAGS"
  AC_CHECK_HEADER([httpd.h], [],
    [AC_MSG_ERROR([the headers of httpd were not found: install apache2-dev])])
  CPPFLAGS=$mnv_save
])

dnl SAML: libxml2, xmlsec1 and zlib. On where all three are found; asked for and
dnl missing, it stops configure. Off leaves the files of saml_sources out.
AC_DEFUN([MNV_SAML], [
  AC_ARG_WITH([saml],
    [AS_HELP_STRING([--without-saml],
      [build without SAML sign-in, which needs libxml2, xmlsec1 and zlib
       (default: with it where they are found)])],
    [], [with_saml=auto])
  mnv_saml_libs="libxml-2.0 >= 2.9.10 xmlsec1-openssl >= 1.2.31 zlib"
  AS_CASE([$with_saml],
    [no], [],
    [yes], [MNV_NEED([SAML], [$mnv_saml_libs], [libxml2, xmlsec1 or zlib], [libxml2-dev libxmlsec1-dev zlib1g-dev])],
    [PKG_CHECK_MODULES([SAML], [$mnv_saml_libs], [with_saml=yes], [with_saml=no])])
  AS_IF([test "$with_saml" = yes], [
    MNV_FIX_INCLUDES([SAML_CFLAGS])
    AC_DEFINE([MNV_HAVE_SAML], [1], [Is SAML sign-in part of this build?])
  ])
  AM_CONDITIONAL([HAVE_SAML], [test "$with_saml" = yes])
])

dnl liboauth2 2.2 gave oauth2_token_verify() one argument more, and no header
dnl has its version as a number.
AC_DEFUN([MNV_BEARER_STATUS], [
  AC_MSG_CHECKING([whether oauth2_token_verify tells a status])
  mnv_save=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $BEARER_CFLAGS"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <oauth2/oauth2.h>]],
      [[oauth2_http_status_code_t status;
        return oauth2_token_verify(0, 0, 0, "", 0, &status);]])],
    [AC_MSG_RESULT([yes])
     BEARER_CFLAGS="$BEARER_CFLAGS -DMNV_LIBOAUTH2_TELLS_STATUS"],
    [AC_MSG_RESULT([no])])
  CPPFLAGS=$mnv_save
])

dnl The second module: liboauth2 (AGPL-3+ before 2.0, Apache-2.0 since), which the
dnl first neither needs nor links. On where it is found.
AC_DEFUN([MNV_BEARER], [
  AC_ARG_WITH([bearer],
    [AS_HELP_STRING([--without-bearer],
      [build without mod_mynumber_bearer, which needs liboauth2
       (default: with it where that is found)])],
    [], [with_bearer=auto])
  AS_CASE([$with_bearer],
    [no], [],
    [yes], [MNV_NEED([BEARER], [liboauth2 >= 1.4.5 jansson], [liboauth2], [liboauth2-dev])],
    [PKG_CHECK_MODULES([BEARER], [liboauth2 >= 1.4.5 jansson], [with_bearer=yes], [with_bearer=no])])
  AS_IF([test "$with_bearer" = yes], [
    MNV_FIX_INCLUDES([BEARER_CFLAGS])
    MNV_BEARER_STATUS
  ])
  AM_CONDITIONAL([HAVE_BEARER], [test "$with_bearer" = yes])
])

dnl C11, as ISO where the compiler allows it with APR's headers.
AC_DEFUN([MNV_C11], [
  AC_CACHE_CHECK([for the flag for C11], [mnv_cv_c11], [
    mnv_cv_c11=none
    mnv_save=$CFLAGS
    for mnv_flag in -std=c11 -std=gnu11; do
      CFLAGS="$mnv_save $mnv_flag -D_GNU_SOURCE"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
off_t size; _Static_assert(sizeof(off_t) >= 4, "off_t");]], [[return 0;]])],
        [mnv_cv_c11=$mnv_flag; break])
    done
    CFLAGS=$mnv_save
  ])
  AS_IF([test "$mnv_cv_c11" = none], [AC_MSG_ERROR([a compiler for C11 is needed])])
  C11_CFLAGS=$mnv_cv_c11
])

dnl MNV_TRY_CFLAG(VARIABLE, FLAG): add FLAG where the compiler knows it.
AC_DEFUN([MNV_TRY_CFLAG], [
  AC_MSG_CHECKING([whether $CC takes $2])
  mnv_save=$CFLAGS
  CFLAGS="$CFLAGS -Werror $2"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[]], [[return 0;]])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
  CFLAGS=$mnv_save
])

dnl MNV_TRY_LDFLAG(VARIABLE, FLAG): the same for the linker.
AC_DEFUN([MNV_TRY_LDFLAG], [
  AC_MSG_CHECKING([whether the linker takes $2])
  mnv_save=$LDFLAGS
  LDFLAGS="$LDFLAGS $2"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[return 0;]])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
  LDFLAGS=$mnv_save
])

dnl Warnings, hardening, sanitizers. They are kept apart from CFLAGS, which
dnl belong to the person who runs configure and make.
AC_DEFUN([MNV_COMPILER_FLAGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
    [], [enable_werror=no])
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers],
      [build with AddressSanitizer and UndefinedBehaviorSanitizer])],
    [], [enable_sanitizers=no])
  MNV_CFLAGS=$C11_CFLAGS
  for_warn="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Werror=implicit-function-declaration"
  MNV_TRY_CFLAG([MNV_CFLAGS], [$for_warn])
  MNV_TRY_CFLAG([MNV_CFLAGS], [-fstack-protector-strong])
  MNV_VISIBILITY=
  MNV_TRY_CFLAG([MNV_VISIBILITY], [-fvisibility=hidden])
  MNV_LDFLAGS=
  AS_IF([test "$enable_sanitizers" = yes], [
    mnv_san="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
    MNV_TRY_CFLAG([MNV_CFLAGS], [$mnv_san])
    MNV_LDFLAGS="-fsanitize=address,undefined"
  ], [
    dnl not with -O0, where the headers of glibc warn, nor under a sanitizer
    AS_CASE([" $CFLAGS $CPPFLAGS "],
      [*" -O0 "* | *_FORTIFY_SOURCE*], [],
      [*" -O"*], [MNV_CFLAGS="$MNV_CFLAGS -D_FORTIFY_SOURCE=2"])
  ])
  AS_IF([test "$enable_werror" = yes], [MNV_CFLAGS="$MNV_CFLAGS -Werror"])
  dnl The end of a thread calls free_contexts() (lib/crypt.c), perhaps while exit() unloads modules: the code stays where it is.
  MNV_MODULE_LDFLAGS=
  MNV_TRY_LDFLAG([MNV_MODULE_LDFLAGS], [-Wl,-z,nodelete])
  AC_SUBST([MNV_MODULE_LDFLAGS])
  AC_SUBST([MNV_CFLAGS])
  AC_SUBST([MNV_VISIBILITY])
  AC_SUBST([MNV_LDFLAGS])
])
