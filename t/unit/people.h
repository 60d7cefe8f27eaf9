/* A test person with both halves, their link, and the options of a site that has both providers: what the tests of out/ show. */
#ifndef T_UNIT_PEOPLE_H
#define T_UNIT_PEOPLE_H

#include "unit.h"
#include "model/link.h"
#include "model/options.h"
#include "model/reply.h"
#include "model/request.h"

#define PEOPLE_SUBJECT "card-subject-7f3a"
#define PEOPLE_ACCOUNT "1234567890@univ.example"

UNIT_MAYBE_UNUSED mnv_options_t *people_options(apr_pool_t *pool)
{
    mnv_options_t *options = apr_pcalloc(pool, sizeof(*options));

    options->site.path = "/mynumber";
    options->site.base_url = "https://www.univ.example";
    options->site.secure = 1;
    options->card.issuer = "https://card.example/api/realms/main";
    options->card.scope = "openid name";
    options->account.issuer = "https://login.univ.example";
    options->signin.method = MNV_SIGNIN_OIDC;
    options->link.keep = apr_array_make(pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(options->link.keep, const char *) = "name";
    options->session.inactivity = apr_time_from_sec(1800);
    options->session.lifetime = apr_time_from_sec(8 * 3600);
    options->session.recheck = apr_time_from_sec(5);
    return options;
}

UNIT_MAYBE_UNUSED mnv_request_t *people_request(apr_pool_t *pool, mnv_language_e language)
{
    mnv_request_t *request = apr_pcalloc(pool, sizeof(*request));

    request->method = "GET";
    request->path = "/";
    request->language = language;
    request->is_navigation = 1;
    return request;
}

UNIT_MAYBE_UNUSED mnv_account_t *people_account(apr_pool_t *pool)
{
    mnv_account_t *account = apr_pcalloc(pool, sizeof(*account));

    account->issuer = "https://login.univ.example";
    account->kind = "sub";
    account->value = PEOPLE_ACCOUNT;
    account->name = "山田 花子 (Hanako Yamada)";
    account->acr = "mfa";
    account->method = "oidc";
    account->at = account->proof_at = UNIT_START - apr_time_from_sec(60);
    account->attributes = apr_table_make(pool, 2);
    apr_table_setn(account->attributes, "displayName", "花子");
    return account;
}

UNIT_MAYBE_UNUSED mnv_identity_t *people_identity(apr_pool_t *pool)
{
    mnv_identity_t *identity = apr_pcalloc(pool, sizeof(*identity));

    identity->issuer = "https://card.example/api/realms/main";
    identity->subject = PEOPLE_SUBJECT;
    identity->acr = "aal3";
    identity->name = "山田 花子";
    identity->birthdate = "2000-02-29";
    identity->gender = "female";
    identity->address = "東京都文京区本郷7-3-1";
    identity->at = identity->proof_at = UNIT_START - apr_time_from_sec(120);
    return identity;
}

/* The link of these two, made ten days ago. */
UNIT_MAYBE_UNUSED mnv_link_t *people_link(apr_pool_t *pool)
{
    mnv_link_t *link = apr_pcalloc(pool, sizeof(*link));

    link->id = "AAAAAAAAAAAAAAAAAAAAAA";
    link->account = people_account(pool);
    link->identity = people_identity(pool);
    link->identity->birthdate = link->identity->gender = link->identity->address = NULL;
    link->identity->at = link->linked_at = UNIT_START - apr_time_from_sec(864000);
    return link;
}

/* @param has which halves: 1 account, 2 identity, 3 both */
UNIT_MAYBE_UNUSED mnv_session_t *people_session(apr_pool_t *pool, int has)
{
    mnv_session_t *session = apr_pcalloc(pool, sizeof(*session));

    session->key = "key";
    session->base_url = "https://www.univ.example";
    session->created = UNIT_START - apr_time_from_sec(300);
    session->seen = UNIT_START;
    session->account = has & 1 ? people_account(pool) : NULL;
    session->identity = has & 2 ? people_identity(pool) : NULL;
    return session;
}

#endif
