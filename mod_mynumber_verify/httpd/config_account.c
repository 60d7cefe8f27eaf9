/* MyNumberAccountAttribute: what identifies an account. */
#include "base/log.h"
#include "httpd/config_judge.h"
#include "proto/op_metadata.h"

/* They change, and the one that somebody has given up may be given to the next. */
static const char *const no_identifiers[] = { "preferred_username", "email", "mail", "upn", "unique_name", "name", "nickname", "displayName", "given_name", "family_name", "phone_number" };

static void warn_of(mod_mnv_judge_t *judge, const char *attribute, const char *instead)
{
    apr_size_t i;

    for (i = 0; i < sizeof(no_identifiers) / sizeof(*no_identifiers); i++) {
        if (!strcasecmp(attribute, no_identifiers[i])) {
            mod_mnv_warn(judge, MNV_DIRECTIVE_ACCOUNT_ATTRIBUTE, MNVLOGNO(1212) "\"%s\" is no identifier: it changes, and whoever is given it next would be taken for its former owner and have their link: "
                         "write %s, and hand it on by MyNumberAccountPass where applications want it", attribute, instead);
        }
    }
}

void mod_mnv_judge_account_attributes(mod_mnv_judge_t *judge)
{
    mnv_options_t *options = &judge->config->options;
    const int is_tenant = options->account.issuer && mnv_op_tenant(judge->ptemp, options->account.issuer);
    const apr_array_header_t *given = options->signin.account_attributes;
    apr_array_header_t *made;
    int i;

    for (i = 0; given && i < given->nelts; i++) {
        warn_of(judge, APR_ARRAY_IDX(given, i, const char *), is_tenant ? "tid+oid" : "sub");
    }
    if (is_tenant && (!given || !given->nelts)) {
        made = apr_array_make(judge->pconf, 2, sizeof(const char *));
        APR_ARRAY_PUSH(made, const char *) = "tid+oid";
        APR_ARRAY_PUSH(made, const char *) = "sub";
        options->signin.account_attributes = made;
    }
}
