/* proto/saml_response.c and proto/saml_assertion.c: each case of t/data/saml/response is a response, forged as it says and signed here.
 *
 * Members of a case, all but "expect" optional: "assertion" and "response" are lists of [from, to], replacements in the good texts below before they are signed;
 * "sign" what is signed (assertion, response, both, none), "key" by whom (idp, idp2, ec, ec384: trusted; stranger, stranger_ec: not), "method", "digest" and "c14n" the algorithms' URIs,
 * "signature" replacements in the signature before it is filled; "encrypt" the ciphers ({"to", "cipher", "wrap", "digest", "mgf1", "label", "beside", "padding"}), "encrypted"
 * replacements in what is encrypted; "encrypted_id" true: the NameID is encrypted by itself; "document" is put in the place of the finished response, with places for its parts: @RESPONSE@, @HEAD@ (start tag to status), @ASSERTION@,
 * @BARE@ (the assertion without its signature), @SIGNATURE@, @BARE_RESPONSE@, @RESPONSE_SIGNATURE@, the signatures without their end tags @SIGNATURE_OPEN@
 * and @RESPONSE_SIGNATURE_OPEN@, and @EVIL@, @EVIL_SAME_ID@, which are @BARE@ for another person; "after" is a list of
 * replacements in the finished text, "before_form" and "after_form" are put around its base64, "form" replaces that. "request_id", "issuer" (null: none), "sha1", "contexts",
 * "no_keys" and "trust" change what is expected. "gives" is what must come of it.
 *
 * "test_saml_response --forge FOLDER" forges for servers that run: it writes certificates and our keys into the folder and answers lines
 * "CASE-FILE<tab>assertion's ID<tab>request's ID<tab>IdP<tab>SP<tab>ACS" by the length of the form parameter SAMLResponse, a line break, and the parameter.
 */
#include "cases.h"

#include "proto/saml_attributes.h"
#include "proto/saml_response.h"
#include "saml_tools.h"

#define EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"

static const char good_assertion[] =
    "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_assertion1\" Version=\"2.0\" IssueInstant=\"@T@\"><saml:Issuer>@IDP@</saml:Issuer>@SIGN@"
    "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" NameQualifier=\"@IDP@\" SPNameQualifier=\"@SP@\">person-1</saml:NameID>"
    "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData NotOnOrAfter=\"@T+300@\" Recipient=\"@ACS@\" InResponseTo=\"@REQUEST@\"/>"
    "</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"@T-30@\" NotOnOrAfter=\"@T+310@\"><saml:AudienceRestriction><saml:Audience>@SP@</saml:Audience>"
    "</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"@T-5@\" SessionIndex=\"_session1\" SessionNotOnOrAfter=\"@T+28800@\"><saml:AuthnContext>"
    "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
    "<saml:AttributeStatement><saml:Attribute Name=\"urn:oid:1.3.6.1.4.1.5923.1.1.1.6\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\" FriendlyName=\"eduPersonPrincipalName\">"
    "<saml:AttributeValue>0123456789@example.ac.jp</saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"urn:oid:1.3.6.1.4.1.5923.1.1.1.9\">"
    "<saml:AttributeValue>member@example.ac.jp</saml:AttributeValue><saml:AttributeValue>student@example.ac.jp</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>";

static const char good_response[] =
    "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_response1\" Version=\"2.0\" IssueInstant=\"@T@\" Destination=\"@ACS@\" InResponseTo=\"@REQUEST@\">"
    "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">@IDP@</saml:Issuer>@SIGN@<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"
    "@BODY@</samlp:Response>";

/* Good for one acceptance, so that each forgery for a server that runs has its own. */
static const char *assertion_id = "_assertion1";

static const char *with_id(apr_pool_t *pool, const char *text)
{
    return strcmp(assertion_id, "_assertion1") && strstr(text, "_assertion1") ? saml_replace(pool, text, "_assertion1", assertion_id) : text;
}

static const char *or_else(const mnv_json_t *json, const char *name, const char *otherwise)
{
    const char *text = mnv_json_string(json, name);
    return text ? text : otherwise;
}

static const char *changed(const case_t *c, const char *list, const char *text)
{
    apr_pool_t *pool = c->unit->pool;
    const mnv_json_t *pairs = mnv_json_member(c->json, list);
    text = with_id(pool, text);
    for (apr_size_t i = 0; pairs && i < mnv_json_size(pairs); i++) {
        const mnv_json_t *pair = mnv_json_at(pairs, i);
        text = saml_replace(pool, text, with_id(pool, mnv_json_string(mnv_json_at(pair, 0), NULL)), with_id(pool, mnv_json_string(mnv_json_at(pair, 1), NULL)));
    }
    return text;
}

static const char *signature_for(const case_t *c, const char *id)
{
    apr_pool_t *pool = c->unit->pool;
    const char *text = changed(c, "signature", saml_signature(pool, id));
    text = strstr(text, "@C14N@") ? saml_replace(pool, text, "@C14N@", or_else(c->json, "c14n", EXC_C14N)) : text;
    text = saml_replace(pool, text, "@METHOD@", or_else(c->json, "method", !strncmp(or_else(c->json, "key", "idp"), "ec", 2) || strstr(or_else(c->json, "key", ""), "_ec")
                                                            ? "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" : "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"));
    return saml_replace(pool, text, "@DIGEST@", or_else(c->json, "digest", "http://www.w3.org/2001/04/xmlenc#sha256"));
}

/* What stands in the texts as ID, also where a case has changed it. */
static const char *id_of(apr_pool_t *pool, const char *text)
{
    const char *begin = strstr(text, " ID=\"");
    return begin ? apr_pstrmemdup(pool, begin + 5, strcspn(begin + 5, "\"")) : "";
}

static const char *finished(const case_t *c, const char *text, int is_signed)
{
    apr_pool_t *pool = c->unit->pool;
    if (!is_signed) {
        return strstr(text, "@SIGN@") ? saml_replace(pool, text, "@SIGN@", "") : text;
    }
    return saml_sign(pool, saml_replace(pool, text, "@SIGN@", signature_for(c, id_of(pool, text))), or_else(c->json, "key", "idp"));
}

static const char *cut(apr_pool_t *pool, const char *text, const char *begin, const char *end)
{
    const char *from = strstr(text, begin), *to = from ? strstr(from, end) : NULL;
    return to ? apr_pstrmemdup(pool, from, (apr_size_t)(to + strlen(end) - from)) : "";
}

#define ENC "http://www.w3.org/2001/04/xmlenc#"
#define ENC11 "http://www.w3.org/2009/xmlenc11#"

static const char *encrypted(const case_t *c, const char *text)
{
    static const char *const uris[][2] = {
        { "AES-128-GCM", ENC11 "aes128-gcm" }, { "AES-256-GCM", ENC11 "aes256-gcm" }, { "AES-128-CBC", ENC "aes128-cbc" }, { "AES-256-CBC", ENC "aes256-cbc" },
        { "AES-192-CBC", ENC "aes192-cbc" }, { "SHA1", MNV_XMLDSIG_NS "sha1" }, { "SHA256", ENC "sha256" }, { "SHA512", ENC "sha512" },
        { "oaep-mgf1p", ENC "rsa-oaep-mgf1p" }, { "oaep", ENC11 "rsa-oaep" }, { "rsa-1_5", ENC "rsa-1_5" },
    };
    const mnv_json_t *how = mnv_json_member(c->json, "encrypt");
    apr_pool_t *pool = c->unit->pool;
    saml_sealing_t sealing = { or_else(how, "to", "sp"), or_else(how, "cipher", "AES-256-GCM"), NULL, NULL, mnv_json_string(how, "digest"), NULL, mnv_json_string(how, "mgf1"), NULL,
                               mnv_json_string(how, "label"), mnv_json_bool(how, "beside") == 1, -1 };
    apr_int64_t padding;
    const char *wrap = or_else(how, "wrap", "oaep-mgf1p");
    sealing.padding = mnv_json_integer(how, "padding", &padding) == APR_SUCCESS ? (int)padding : -1;
    for (apr_size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        sealing.cipher_uri = !strcmp(uris[i][0], sealing.cipher) ? uris[i][1] : sealing.cipher_uri;
        sealing.wrap_uri = !strcmp(uris[i][0], wrap) ? uris[i][1] : sealing.wrap_uri;
        sealing.digest_uri = sealing.digest && !strcmp(uris[i][0], sealing.digest) ? uris[i][1] : sealing.digest_uri;
    }
    sealing.mgf1_uri = sealing.mgf1 ? apr_pstrcat(pool, ENC11 "mgf1", !strcmp(sealing.mgf1, "SHA1") ? "sha1" : "sha256", NULL) : NULL;
    return apr_pstrcat(pool, "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">", saml_seal(pool, &sealing, changed(c, "encrypted", text)),
                       "</saml:EncryptedAssertion>", NULL);
}

static const char *with_parts(const case_t *c, const char *response, const char *assertion)
{
    apr_pool_t *pool = c->unit->pool;
    const char *document = mnv_json_string(c->json, "document");
    const char *signature = cut(pool, assertion, "<ds:Signature", "</ds:Signature>"), *bare = *signature ? saml_replace(pool, assertion, signature, "") : assertion;
    const char *outer = saml_replace(pool, response, assertion, "@ASSERTION@"), *outer_signature = cut(pool, outer, "<ds:Signature", "</ds:Signature>");
    const char *outer_bare = *outer_signature ? saml_replace(pool, response, outer_signature, "") : response, *evil = strstr(bare, "person-1") ? saml_replace(pool, bare, "person-1", "evil-1") : bare;
    const struct {
        const char *name, *text;
    } parts[] = {
        { "@RESPONSE@", response }, { "@BARE_RESPONSE@", outer_bare }, { "@RESPONSE_SIGNATURE@", outer_signature },
        { "@RESPONSE_SIGNATURE_OPEN@", apr_pstrmemdup(pool, outer_signature, *outer_signature ? strlen(outer_signature) - strlen("</ds:Signature>") : 0) },
        { "@SIGNATURE_OPEN@", apr_pstrmemdup(pool, signature, *signature ? strlen(signature) - strlen("</ds:Signature>") : 0) },
        { "@HEAD@", apr_pstrmemdup(pool, outer, (apr_size_t)(strstr(outer, "@ASSERTION@") - outer)) },
        { "@ASSERTION@", assertion }, { "@BARE@", bare }, { "@SIGNATURE@", signature }, { "@EVIL_SAME_ID@", evil }, { "@EVIL@", strstr(evil, assertion_id) ? saml_replace(pool, evil, assertion_id, "_evil1") : evil },
    };
    if (!document) {
        return response;
    }
    document = with_id(pool, document);
    for (apr_size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        document = strstr(document, parts[i].name) ? saml_replace(pool, document, parts[i].name, parts[i].text) : document;
    }
    return saml_fill(pool, document);
}

static const char *text_of(const case_t *c)
{
    apr_pool_t *pool = c->unit->pool;
    const char *sign = or_else(c->json, "sign", "assertion");
    const char *assertion = saml_fill(pool, changed(c, "assertion", good_assertion)), *response = saml_fill(pool, changed(c, "response", good_response));
    if (mnv_json_bool(c->json, "encrypted_id") == 1) {
        saml_sealing_t sealing = { "sp", "AES-128-GCM", ENC11 "aes128-gcm", ENC "rsa-oaep-mgf1p", NULL, NULL, NULL, NULL, NULL, 0, -1 };
        const char *name = cut(pool, assertion, "<saml:NameID", "</saml:NameID>");
        const char *alone = saml_replace(pool, name, "<saml:NameID", "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"");
        assertion = saml_replace(pool, assertion, name, apr_pstrcat(pool, "<saml:EncryptedID>", saml_seal(pool, &sealing, changed(c, "encrypted", alone)), "</saml:EncryptedID>", NULL));
    }
    assertion = finished(c, assertion, !strcmp(sign, "assertion") || !strcmp(sign, "both"));
    if (mnv_json_member(c->json, "encrypt")) {
        assertion = encrypted(c, assertion);
    }
    response = strstr(response, "@BODY@") ? saml_replace(pool, response, "@BODY@", assertion) : response;
    response = finished(c, response, !strcmp(sign, "response") || !strcmp(sign, "both"));
    if (strstr(response, assertion)) {
        response = with_parts(c, response, assertion);
    }
    return changed(c, "after", response);
}

static const char *form_of(const case_t *c)
{
    const char *text = text_of(c), *form = mnv_base64_encode(c->unit->pool, text, strlen(text));
    form = apr_pstrcat(c->unit->pool, or_else(c->json, "before_form", ""), form, or_else(c->json, "after_form", ""), NULL);
    return or_else(c->json, "form", form);
}

static apr_array_header_t *decryption_keys(apr_pool_t *pool)
{
    apr_array_header_t *keys = apr_array_make(pool, 2, sizeof(mnv_private_key_t *));
    APR_ARRAY_PUSH(keys, mnv_private_key_t *) = saml_private_key(pool, "sp");
    APR_ARRAY_PUSH(keys, mnv_private_key_t *) = saml_private_key(pool, "sp2");
    return keys;
}

static void expect_good(apr_pool_t *pool, mnv_saml_expect_t *expect, const char *trusted)
{
    memset(expect, 0, sizeof(*expect));
    expect->issuer = SAML_IDP;
    expect->trust.certificates = saml_certificates(pool, trusted);
    expect->entity_id = SAML_SP;
    expect->acs_url = SAML_ACS;
    expect->request_id = SAML_REQUEST;
    expect->skew = apr_time_from_sec(60);
}

static void expect_of(const case_t *c, mnv_saml_expect_t *expect)
{
    expect_good(c->unit->pool, expect, or_else(c->json, "trust", "idp idp2 ec ec384"));
    expect->trust.sha1 = mnv_json_bool(c->json, "sha1") == 1;
    expect->issuer = or_else(c->json, "issuer", SAML_IDP);
    expect->request_id = or_else(c->json, "request_id", SAML_REQUEST);
    expect->keys = (mnv_json_member(c->json, "encrypt") || mnv_json_bool(c->json, "encrypted_id") == 1) && mnv_json_bool(c->json, "no_keys") != 1 ? decryption_keys(c->unit->pool) : NULL;
    expect->contexts = case_list(c, "contexts");
}

static const char *told(apr_pool_t *pool, const mnv_saml_statement_t *statement, const char *name)
{
    const apr_array_header_t *values = mnv_saml_values(statement, name);
    if (!strcmp(name, "name_id")) {
        return statement->name_id.value;
    }
    if (!strcmp(name, "format")) {
        return statement->name_id.format;
    }
    if (!strcmp(name, "session_index")) {
        return statement->session_index;
    }
    if (!strcmp(name, "context")) {
        return statement->context;
    }
    if (!strcmp(name, "session_ends") || !strcmp(name, "replay_until") || !strcmp(name, "authn_instant")) {
        apr_time_t at = *name == 's' ? statement->session_ends : *name == 'r' ? statement->replay_until : statement->authn_instant;
        return at ? apr_psprintf(pool, "%" APR_INT64_T_FMT, apr_time_sec(at - UNIT_START)) : NULL;
    }
    return values ? apr_array_pstrcat(pool, values, '|') : NULL;
}

typedef struct comparing_t {
    const case_t *c;
    const mnv_saml_statement_t *statement;
} comparing_t;

static int compare(void *baton, const char *name, const mnv_json_t *value)
{
    comparing_t *comparing = baton;
    const char *found = told(comparing->c->unit->pool, comparing->statement, name), *wanted = mnv_json_string(value, NULL);
    if ((!found != !wanted) || (found && strcmp(found, wanted))) {
        fail_msg("%s is \"%s\", \"%s\" is expected", name, found ? found : "(none)", wanted ? wanted : "(none)");
    }
    return 0;
}

/* Nothing of the other person, wherever. */
static void is_of_person_1(const mnv_saml_statement_t *statement)
{
    assert_string_equal(statement->issuer, SAML_IDP);
    assert_true(!statement->name_id.value || !strstr(statement->name_id.value, "evil"));
    for (int i = 0; i < statement->attributes->nelts; i++) {
        const mnv_saml_attribute_t *attribute = &APR_ARRAY_IDX(statement->attributes, i, mnv_saml_attribute_t);
        for (int k = 0; k < attribute->values->nelts; k++) {
            assert_null(strstr(APR_ARRAY_IDX(attribute->values, k, const char *), "evil"));
        }
    }
}

static void judges_response(void **state)
{
    case_t *c = *state;
    mnv_saml_expect_t expect;
    mnv_saml_statement_t *statement = NULL;
    apr_status_t status;

    expect_of(c, &expect);
    status = mnv_saml_response_judge(c->unit->ctx, form_of(c), &expect, &statement);
    case_judge(c, status);
    assert_false(unit_logged(c->unit, "person-1") || unit_logged(c->unit, "evil-1") || unit_logged(c->unit, "0123456789@"));
    if (status != APR_SUCCESS) {
        assert_null(statement);
        return;
    }
    comparing_t comparing = { c, statement };
    is_of_person_1(statement);
    if (mnv_json_member(c->json, "gives")) {
        mnv_json_each(mnv_json_member(c->json, "gives"), compare, &comparing);
    }
}

/* Forging for others. ------------------------------------------------------------ */

static void save(apr_pool_t *pool, const char *folder, const char *name, const char *end, const char *text)
{
    FILE *out = fopen(apr_pstrcat(pool, folder, "/", name, end, NULL), "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void save_keys(apr_pool_t *pool, const char *folder)
{
    static const char *const names[] = { "idp", "idp2", "ec", "ec384", "sp", "sp2" };
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        save(pool, folder, names[i], ".crt", saml_pem(pool, names[i]));
        if (!strncmp(names[i], "sp", 2)) {
            BIO *bio = BIO_new(BIO_s_mem());
            PEM_write_bio_PrivateKey(bio, saml_key(names[i]), NULL, NULL, 0, NULL, NULL);
            save(pool, folder, names[i], ".key", saml_drain(pool, bio));
        }
    }
}

static int forge(const char *folder)
{
    char line[4096], *state;
    apr_pool_t *pool;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    mnv_crypt_init();
    save_keys(pool, folder);
    for (puts("ready"), fflush(stdout); fgets(line, sizeof(line), stdin); fflush(stdout)) {
        void *made = apr_pstrdup(pool, apr_strtok(line, "\t", &state));
        const char *form;
        assertion_id = apr_pstrdup(pool, apr_strtok(NULL, "\t", &state));
        saml_world.request = apr_pstrdup(pool, apr_strtok(NULL, "\t", &state));
        saml_world.idp = apr_pstrdup(pool, apr_strtok(NULL, "\t", &state));
        saml_world.sp = apr_pstrdup(pool, apr_strtok(NULL, "\t", &state));
        saml_world.acs = apr_pstrdup(pool, apr_strtok(NULL, "\n", &state));
        saml_world.now = apr_time_from_sec(apr_time_sec(apr_time_now()));
        if (case_setup(&made) != 0) {
            return 1;
        }
        form = form_of(made);
        printf("%lu\n%s", (unsigned long)strlen(form), form);
        case_teardown(&made);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int failed;
    xmlKeepBlanksDefault(1);
    if (mnv_xml_init() != APR_SUCCESS) {
        return 1;
    }
    if (argc == 3 && !strcmp(argv[1], "--forge")) {
        return forge(argv[2]);
    }
    failed = CASES_RUN(judges_response, "saml/response");
    saml_end();
    return failed;
}
