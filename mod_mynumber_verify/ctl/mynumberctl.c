#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "ctl/ctl.h"

#include <apr_errno.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/crypt.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

#define LOG_NOTHING (-1)

static int version(ctl_t *ctl)
{
    mnv_json_t *object = mnv_json_object(ctl->pool);

    if (ctl_operands(ctl, 0, 0) != CTL_DONE) {
        return CTL_USAGE;
    }
    mnv_json_set_string(object, "version", PACKAGE_VERSION);
    ctl_say(ctl, object, "mynumberctl " PACKAGE_VERSION);
    return CTL_DONE;
}

static const struct command_t {
    const char *name;
    int (*run)(ctl_t *ctl);
    const char *usage;
    const char *help; /* indented lines */
} commands[] = {
    {"keygen", ctl_keygen, "keygen secret FILE | keygen client --alg RS256|ES256 FILE | keygen assertion FILE",
     "secret: makes the secret file of MyNumberSecretFile, or puts a new sealing key in front of an existing one;\n"
     "client, assertion: makes a private key for MyNumberClientKey, MyNumberAssertionKey; never replaces a file"},
    {"jwks", ctl_jwks, "jwks FILE...",
     "prints the public keys of private keys, public keys or certificates (PEM) as the JWKS to paste into the\n"
     "application form; the key identifier is the thumbprint of RFC 7638"},
    {"check", ctl_check, "check [--config FILE] [--httpd PROGRAM]",
     "reads the configuration from httpd and tries what it names: keys, clocks, providers, database, permissions;\n"
     "run it as the user who starts httpd"},
    {"version", version, "version", "prints the version"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command_t *find(const char *name)
{
    apr_size_t i;

    for (i = 0; i < COMMANDS; i++) {
        if (!strcmp(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

static void help_one(FILE *out, const struct command_t *command)
{
    const char *line = command->help, *end;

    fprintf(out, "  mynumberctl %s\n", command->usage);
    for (; *line; line = *end ? end + 1 : end) {
        end = strchr(line, '\n');
        end = end ? end : line + strlen(line);
        fprintf(out, "      %.*s\n", (int)(end - line), line);
    }
}

static void help(FILE *out)
{
    apr_size_t i;

    fputs("usage: mynumberctl [--json] COMMAND ...\n\n", out);
    for (i = 0; i < COMMANDS; i++) {
        help_one(out, &commands[i]);
    }
    fputs("\n  --json   the result as JSON on standard output\n  --help   this text, or that of a command\n"
          "\nexit status: 0 done, 1 failed, 2 wrong usage\n", out);
}

/* Words. --------------------------------------------------------------------- */

static void take_out(ctl_t *ctl, int at, int count)
{
    ctl->words -= count;
    memmove(ctl->word + at, ctl->word + at + count, (apr_size_t)(ctl->words - at) * sizeof(*ctl->word));
}

/* Take a flag out wherever it stands before "--". @return was it there? */
static int flag(ctl_t *ctl, const char *name)
{
    int i, there = 0;

    for (i = 0; i < ctl->words && strcmp(ctl->word[i], "--");) {
        if (!strcmp(ctl->word[i], name)) {
            take_out(ctl, i, 1);
            there = 1;
        }
        else {
            i++;
        }
    }
    return there;
}

int ctl_option(ctl_t *ctl, const char *name, const char **value)
{
    apr_size_t length = strlen(name);
    int i, times = 0;

    for (i = 0; i < ctl->words && strcmp(ctl->word[i], "--");) {
        const char *word = ctl->word[i];

        if (!strcmp(word, name)) {
            if (i + 1 == ctl->words || !*ctl->word[i + 1]) {
                return ctl_misuse(ctl, "%s needs a value", name);
            }
            *value = ctl->word[i + 1];
            take_out(ctl, i, 2);
            times++;
        }
        else if (!strncmp(word, name, length) && word[length] == '=') {
            *value = word + length + 1;
            take_out(ctl, i, 1);
            times++;
        }
        else {
            i++;
        }
    }
    return times > 1 ? ctl_misuse(ctl, "%s occurs twice", name) : CTL_DONE;
}

int ctl_operands(ctl_t *ctl, int fewest, int most)
{
    int i;

    for (i = 0; i < ctl->words; i++) {
        if (!strcmp(ctl->word[i], "--")) {
            take_out(ctl, i, 1);
            break;
        }
        if (*ctl->word[i] == '-') {
            return ctl_misuse(ctl, "unknown option \"%s\"", ctl->word[i]);
        }
    }
    for (i = 0; i < ctl->words; i++) {
        if (!*ctl->word[i]) {
            return ctl_misuse(ctl, "a file name is empty");
        }
    }
    if (ctl->words < fewest) {
        return ctl_misuse(ctl, "something is missing");
    }
    return ctl->words > most ? ctl_misuse(ctl, "\"%s\" is too much", ctl->word[most]) : CTL_DONE;
}

/* Results. --------------------------------------------------------------------- */

void ctl_say(const ctl_t *ctl, const mnv_json_t *object, const char *text)
{
    puts(ctl->json ? mnv_json_print(ctl->pool, object) : text);
}

int ctl_fail(const ctl_t *ctl, const char *fmt, ...)
{
    va_list arguments;
    const char *text;

    va_start(arguments, fmt);
    text = apr_pvsprintf(ctl->pool, fmt, arguments);
    va_end(arguments);
    fprintf(stderr, "mynumberctl: %s\n", text);
    if (ctl->json) {
        mnv_json_t *object = mnv_json_object(ctl->pool);

        mnv_json_set_string(object, "error", text);
        puts(mnv_json_print(ctl->pool, object));
    }
    return CTL_FAILED;
}

int ctl_misuse(const ctl_t *ctl, const char *fmt, ...)
{
    va_list arguments;

    va_start(arguments, fmt);
    fprintf(stderr, "mynumberctl: %s\n", apr_pvsprintf(ctl->pool, fmt, arguments));
    va_end(arguments);
    fprintf(stderr, "usage: mynumberctl %s\n", ctl->usage);
    return CTL_USAGE;
}

const char *ctl_failure(const ctl_t *ctl)
{
    const mnv_failure_t *failure = &ctl->ctx->failure;
    const char *phrase = mnv_failure_row(failure->what)->log;

    return failure->detail ? apr_pstrcat(ctl->pool, phrase, ": ", failure->detail, NULL) : phrase;
}

const char *ctl_status(const ctl_t *ctl, apr_status_t status)
{
    char text[200];

    if (status == APR_ENOSPC) {
        return "it is too large for what it should be";
    }
    if (status == APR_EINVAL) {
        return "it is no regular file";
    }
    return apr_pstrdup(ctl->pool, apr_strerror(status, text, sizeof(text)));
}

static int run(ctl_t *ctl)
{
    const struct command_t *command;
    int wants_help;

    ctl->usage = "[--json] keygen|jwks|check|version ...";
    ctl->json = flag(ctl, "--json");
    wants_help = flag(ctl, "--help") | flag(ctl, "-h");
    if (!ctl->words) {
        help(wants_help ? stdout : stderr);
        return wants_help ? CTL_DONE : CTL_USAGE;
    }
    command = find(!strcmp(ctl->word[0], "--version") ? "version" : ctl->word[0]);
    if (!command) {
        return ctl_misuse(ctl, "there is no command \"%s\"", ctl->word[0]);
    }
    if (wants_help) {
        help_one(stdout, command);
        return CTL_DONE;
    }
    take_out(ctl, 0, 1);
    ctl->usage = command->usage;
    return command->run(ctl);
}

int main(int argc, const char *const *argv)
{
    ctl_t ctl = {0};
    int i, result;

    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS) {
        return CTL_FAILED;
    }
    if (apr_pool_create(&ctl.pool, NULL) != APR_SUCCESS || mnv_crypt_init() != APR_SUCCESS) {
        fputs("mynumberctl: APR or OpenSSL could not be started\n", stderr);
        return CTL_FAILED;
    }
    ctl.ctx = mnv_ctx_make(ctl.pool, LOG_NOTHING);
    ctl.words = argc > 0 ? argc - 1 : 0;
    ctl.word = apr_pcalloc(ctl.pool, (apr_size_t)(ctl.words + 1) * sizeof(*ctl.word));
    for (i = 0; i < ctl.words; i++) {
        ctl.word[i] = argv[i + 1];
    }
    result = run(&ctl);
    if (fflush(stdout) || ferror(stdout)) {
        fputs("mynumberctl: could not write to standard output\n", stderr);
        result = CTL_FAILED;
    }
    apr_pool_destroy(ctl.pool);
    apr_terminate();
    return result;
}
