#include "httpd/server_config.h"
#include "httpd/directive_kinds.h"

#include <stddef.h>
#include <apr_strings.h>
#include <http_config.h>

#define MNV_ARGUMENTS_OF_HTTPD 64 /* AP_MAX_ARGC of server/config.c: what stands behind is dropped without a word */

/* Each context's struct of fields. */
typedef mod_mnv_server_config_t mnv_fields_SERVER;
typedef mod_mnv_dir_config_t mnv_fields_LOCATION;
typedef mod_mnv_dir_config_t mnv_fields_HTACCESS;

/* Each kind's type of field. */
#define MNV_KIND_TYPE(kind, type, fewest, most, repeats, set, print) typedef type mnv_type_##kind;
MNV_KINDS(MNV_KIND_TYPE)
#undef MNV_KIND_TYPE

/* A row whose kind does not fit its field does not compile. */
#define MNV_DIRECTIVE(id, name, kind, context, field, standard, range, syntax, help) \
    _Static_assert(_Generic(((mnv_fields_##context *)0)->field, mnv_type_##kind : 1, default : 0), name ": the kind does not fit the field");
#include "httpd/directives.def"
#undef MNV_DIRECTIVE

/* set_word() writes them as int */
_Static_assert(sizeof(mod_mnv_schema_e) == sizeof(int) && sizeof(mnv_signin_e) == sizeof(int) && sizeof(mnv_policy_e) == sizeof(int) &&
                   sizeof(mod_mnv_pass_e) == sizeof(int) && sizeof(mnv_encoding_e) == sizeof(int) && sizeof(mod_mnv_unauthenticated_e) == sizeof(int) &&
                   sizeof(mod_mnv_subject_e) == sizeof(int) && sizeof(mod_mnv_entry_e) == sizeof(int) && sizeof(mod_mnv_bearer_e) == sizeof(int),
               "enums of directives have the size of int");

static const mod_mnv_directive_t rows[] = {
#define MNV_DIRECTIVE(id, name, kind, context, field, standard, range, syntax, help)                                                                  \
    { name,   MNV_KIND_##kind, MNV_CONTEXT_##context, offsetof(mnv_fields_##context, field), sizeof(((mnv_fields_##context *)0)->field), standard, range, \
      syntax, help },
#include "httpd/directives.def"
#undef MNV_DIRECTIVE
};

const mod_mnv_directive_t *mod_mnv_directive_rows(void)
{
    return rows;
}

int mod_mnv_directive_has_absence(const mod_mnv_directive_t *row)
{
    return !strcmp(row->standard, "none") || !strcmp(row->standard, "auto") || !strcmp(row->standard, "any") || !strcmp(row->standard, "system");
}

mod_mnv_server_config_t *mod_mnv_server_config(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &mynumber_verify_module);
}

mod_mnv_dir_config_t *mod_mnv_dir_config(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &mynumber_verify_module);
}

/* Setting. ------------------------------------------------------------------------ */

/** Check the number of arguments, then let the kind judge them. */
static const char *apply(const mod_mnv_setting_t *setting, char *fields)
{
    const mod_mnv_directive_t *row = setting->row;
    const mod_mnv_kind_t *kind = mod_mnv_kind(row->kind);
    char *field = fields + row->offset;
    int i;

    for (i = 0; i < setting->argc; i++) {
        if (!*setting->argv[i]) {
            return apr_psprintf(setting->pool, "an empty value is no value: write %s %s", row->name, row->syntax);
        }
    }
    if (setting->argc == 1 && mod_mnv_directive_has_absence(row) && !strcasecmp(setting->argv[0], row->standard)) {
        memset(field, 0, row->size);
        return NULL;
    }
    if (setting->argc < kind->fewest || setting->argc > kind->most) {
        return apr_psprintf(setting->pool, "%d value%s given: write %s %s", setting->argc, setting->argc == 1 ? " is" : "s are", row->name, row->syntax);
    }
    return kind->set(setting, field);
}

/** What an application is, <If> and <Files> in it say more of a part of. @param at the section of a directive @return its name as written, NULL: the host */
static const char *sector_of(apr_pool_t *pool, const ap_directive_t *at)
{
    static const char *const sections[] = { "<Location", "<LocationMatch", "<Directory", "<DirectoryMatch", "<Proxy", "<ProxyMatch", NULL };
    const char *arguments, *end, *name;
    int i;

    for (; at; at = at->parent) {
        for (i = 0; sections[i] && ap_cstr_casecmp(sections[i], at->directive); i++) {
        }
        if (sections[i]) {
            end = strrchr(at->args, '>');
            arguments = apr_pstrmemdup(pool, at->args, end ? (apr_size_t)(end - at->args) : strlen(at->args));
            name = ap_getword_conf(pool, &arguments);
            return strcmp(name, "~") ? name : ap_getword_conf(pool, &arguments);
        }
    }
    return NULL;
}

/** Every directive's setter; its row is in cmd->info. */
static const char *set_directive(cmd_parms *cmd, void *dir_config, int argc, char *const argv[])
{
    const mod_mnv_directive_t *row = cmd->info;
    mod_mnv_server_config_t *config = row->context == MNV_CONTEXT_SERVER ? mod_mnv_server_config(cmd->server) : NULL;
    mod_mnv_dir_config_t *section = dir_config;
    mod_mnv_bits_t *set = config ? &config->set : &section->set;
    const mod_mnv_setting_t setting = { cmd->pool, row, argc, argv };
    int number = (int)(row - rows);
    const char *problem;

    if (mod_mnv_bits_have(set, number) && !mod_mnv_kind(row->kind)->repeats) {
        problem = config ? apr_psprintf(cmd->pool, "given already in line %d of %s: remove one of the two", config->given[number]->line_num, config->given[number]->filename)
                         : "given twice in the same section: remove one of the two";
    }
    else if (argc >= MNV_ARGUMENTS_OF_HTTPD) {
        problem = "too many values: write fewer";
    }
    else {
        problem = apply(&setting, config ? (char *)config : (char *)section);
    }
    if (problem) {
        return apr_pstrcat(cmd->pool, row->name, ": ", problem, NULL);
    }
    mod_mnv_bits_add(set, number);
    if (config) {
        mod_mnv_bits_add(&config->own, number);
        config->given[number] = cmd->directive;
    }
    else if (number == MNV_DIRECTIVE_SUBJECT || number == MNV_DIRECTIVE_EXPORT || (number == MNV_DIRECTIVE_ASSERTION && section->assertion.is_on)) {
        section->name = sector_of(cmd->pool, cmd->directive->parent); /* other sections start no sector: a subject must not change on the way down one application */
        section->name_print = section->name ? mod_mnv_print_of(section->name) : 0;
    }
    return NULL;
}

#define MNV_WHERE_SERVER RSRC_CONF
#define MNV_WHERE_LOCATION (RSRC_CONF | ACCESS_CONF)
#define MNV_WHERE_HTACCESS (RSRC_CONF | OR_AUTHCFG)

const command_rec mod_mnv_directives[] = {
#define MNV_DIRECTIVE(id, name, kind, context, field, standard, range, syntax, help) \
    AP_INIT_TAKE_ARGV(name, set_directive, (void *)&rows[MNV_DIRECTIVE_##id], MNV_WHERE_##context, syntax " - " help),
#include "httpd/directives.def"
#undef MNV_DIRECTIVE
    { NULL }
};

/* Making and merging. --------------------------------------------------------------- */

/** Write the defaults of one struct's rows; what means absence stays zero. */
static void write_defaults(apr_pool_t *pool, char *fields, int of_server)
{
    int number;

    for (number = 0; number < MNV_DIRECTIVE_COUNT; number++) {
        const mod_mnv_directive_t *row = &rows[number];
        mod_mnv_setting_t setting = { pool, row, 0, NULL };
        char **argv;

        if ((row->context == MNV_CONTEXT_SERVER) != of_server || mod_mnv_directive_has_absence(row)) {
            continue;
        }
        apr_tokenize_to_argv(row->standard, &argv, pool);
        while (argv[setting.argc]) {
            setting.argc++;
        }
        setting.argv = argv;
        ap_assert(!apply(&setting, fields));
    }
}

void *mod_mnv_server_config_create(apr_pool_t *pool, server_rec *server)
{
    mod_mnv_server_config_t *config = apr_pcalloc(pool, sizeof(*config));

    write_defaults(pool, (char *)config, 1);
    config->server = server;
    return config;
}

void *mod_mnv_dir_config_create(apr_pool_t *pool, char *name)
{
    mod_mnv_dir_config_t *config = apr_pcalloc(pool, sizeof(*config));

    write_defaults(pool, (char *)config, 0);
    config->section = name;
    return config;
}

/** Copy what was given in added over what merged has from its base. */
static void merge_fields(char *merged, mod_mnv_bits_t *merged_set, const char *added, const mod_mnv_bits_t *added_set)
{
    apr_uint64_t left;
    int word, number;

    for (word = 0; word < 2; word++) { /* on every request, where locations merge: only what was given */
        for (left = added_set->word[word]; left; left &= left - 1) {
            number = word * 64 + __builtin_ctzll(left);
            memcpy(merged + rows[number].offset, added + rows[number].offset, rows[number].size);
        }
        merged_set->word[word] |= added_set->word[word];
    }
}

void *mod_mnv_server_config_merge(apr_pool_t *pool, void *base, void *added)
{
    const mod_mnv_server_config_t *from = added;
    mod_mnv_server_config_t *config = apr_pmemdup(pool, base, sizeof(*config));
    int number;

    merge_fields((char *)config, &config->set, (const char *)from, &from->set);
    for (number = 0; number < MNV_DIRECTIVE_COUNT; number++) {
        if (from->given[number]) {
            config->given[number] = from->given[number];
        }
    }
    config->own = from->own;
    config->server = from->server;
    return config;
}

void *mod_mnv_dir_config_merge(apr_pool_t *pool, void *base, void *added)
{
    const mod_mnv_dir_config_t *from = added;
    mod_mnv_dir_config_t *config = apr_pmemdup(pool, base, sizeof(*config));

    merge_fields((char *)config, &config->set, (const char *)from, &from->set);
    config->section = from->section;
    if (from->name) {
        config->name = from->name;
        config->name_print = from->name_print;
    }
    return config;
}
