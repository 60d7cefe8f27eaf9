#include "httpd/expr.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <httpd.h>
#include <string.h>
#include "httpd/handoff.h"
#include "httpd/sector.h"

/* "verified-at" asks for what goes out as "MYNUMBER_VERIFIED_AT": names that applications see, so that attributes are found too. */
static int is_named(const char *variable, const char *name)
{
    static const char prefix[] = "MYNUMBER_";

    if (strncmp(variable, prefix, sizeof(prefix) - 1)) {
        return 0;
    }
    for (variable += sizeof(prefix) - 1; *variable && *name; variable++, name++) {
        if (*variable != (*name == '-' ? '_' : (char)apr_toupper(*name))) {
            return 0;
        }
    }
    return !*variable && !*name;
}

/* A location that may not export a fact may not ask for it either: an expression can put it into a header. */
static const char *value_of(ap_expr_eval_ctx_t *eval, const void *data, const char *name)
{
    request_rec *r = eval->r;
    const apr_array_header_t *exports;
    const mod_mnv_visit_t *visit;
    const char *value = NULL;
    int i;

    (void)data;
    if (!r || !mod_mnv_server_config(r->server)->enabled) {
        return "";
    }
    visit = mod_mnv_session(r);
    mod_mnv_mark_private(r);
    if (visit->record && !strcmp(name, "assertion")) {
        value = mod_mnv_assertion(r);
        return value ? value : "";
    }
    exports = mod_mnv_exports(r);
    for (i = 0; visit->state != MOD_MNV_SESSION_FAILED && i < exports->nelts; i++) {
        const mod_mnv_export_t *one = &APR_ARRAY_IDX(exports, i, mod_mnv_export_t);

        if (is_named(one->variable, name)) {
            value = mod_mnv_value(r, visit->record, one);
            break;
        }
    }
    return value ? value : "";
}

int mod_mnv_expr_lookup(ap_expr_lookup_parms *parms)
{
    if (parms->type != AP_EXPR_FUNC_STRING || ap_cstr_casecmp(parms->name, "MYNUMBER")) {
        return DECLINED;
    }
    /* A slip of the pen would be empty for everybody: with "!=" that lets everybody in. (No arg: it is made of other values, and known only then.) */
    if (parms->arg && strcmp(parms->arg, "assertion") && !mod_mnv_is_export_name(parms->arg)) {
        *parms->err = apr_psprintf(parms->pool, "%%{MYNUMBER:%s}: there is no such fact: write a name of MyNumberExport, in lower case", parms->arg);
        return !OK;
    }
    *parms->func = (void *)value_of;
    *parms->data = NULL;
    return OK;
}
