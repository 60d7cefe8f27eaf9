/* A small HTTP server in threads of the test program, once plain and once with TLS on loopback. The path tells it what to do. */
#ifndef T_UNIT_HTTP_SERVER_H
#define T_UNIT_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "unit.h"

#define MOST_CONNECTIONS 64

/* --- the server ---------------------------------------------------------------- */

typedef struct {
    int listener, port;
    SSL_CTX *tls;                 /* NULL: plain */
    pthread_t acceptor, workers[MOST_CONNECTIONS];
    int workers_count;
    atomic_int connections, requests;
    sem_t held, released;         /* /hold: tells that it is there, waits to be let go */
    char last[8192];              /* the last request */
} server_t;

typedef struct {
    server_t *server;
    int fd;
    SSL *ssl;
} peer_t;

static server_t plain_server, tls_server;
static char ca_file[] = "/tmp/mnv-unit-ca-XXXXXX", other_ca_file[] = "/tmp/mnv-unit-ca-XXXXXX", home[] = "/tmp/mnv-unit-home-XXXXXX";

UNIT_MAYBE_UNUSED ssize_t get(peer_t *peer, char *buffer, size_t size)
{
    return peer->ssl != NULL ? SSL_read(peer->ssl, buffer, (int)size) : read(peer->fd, buffer, size);
}

UNIT_MAYBE_UNUSED int put(peer_t *peer, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t count = peer->ssl != NULL ? SSL_write(peer->ssl, data, (int)length) : send(peer->fd, data, length, MSG_NOSIGNAL);
        if (count <= 0) {
            return 0;
        }
        data += count;
        length -= (size_t)count;
    }
    return 1;
}

UNIT_MAYBE_UNUSED int puts_to(peer_t *peer, const char *text)
{
    return put(peer, text, strlen(text));
}

/* @return 0 when the client went away */
UNIT_MAYBE_UNUSED int read_request(peer_t *peer, char *request, size_t size)
{
    size_t length = 0;
    for (;;) {
        ssize_t count = get(peer, request + length, size - 1 - length);
        if (count <= 0) {
            return 0;
        }
        length += (size_t)count;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n"), *announced = strstr(request, "Content-Length: ");
        if (end != NULL && (announced == NULL || length >= (size_t)(end + 4 - request) + strtoul(announced + 16, NULL, 10))) {
            return 1;
        }
    }
}

UNIT_MAYBE_UNUSED int answer_with(peer_t *peer, const char *headers, const char *body)
{
    char head[1000];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", headers, strlen(body));
    return puts_to(peer, head) && puts_to(peer, body);
}

UNIT_MAYBE_UNUSED int answer(peer_t *peer, const char *request)
{
    static char filler[100001];
    memset(filler, 'x', 100000);
#define IS(path) (strncmp(request + 4, path " ", sizeof(path)) == 0 || strncmp(request + 5, path " ", sizeof(path)) == 0)
    if (IS("/redirect")) {
        return puts_to(peer, "HTTP/1.1 307 Temporary Redirect\r\nLocation: /json\r\nContent-Length: 0\r\n\r\n");
    }
    if (IS("/silent")) {
        char nothing[10];
        (void)get(peer, nothing, sizeof(nothing)); /* until the client gives up */
        return 0;
    }
    if (IS("/drip")) {
        char nothing[10];
        (void)puts_to(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
        (void)get(peer, nothing, sizeof(nothing));
        return 0;
    }
    if (IS("/hold")) {
        sem_post(&peer->server->held);
        sem_wait(&peer->server->released);
    }
    if (IS("/large")) {
        return answer_with(peer, "", filler);
    }
    if (IS("/endless")) {
        if (!puts_to(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")) {
            return 0;
        }
        while (puts_to(peer, "186a0\r\n") && put(peer, filler, 100000) && puts_to(peer, "\r\n")) {
        }
        return 0;
    }
    if (IS("/headers")) {
        if (!puts_to(peer, "HTTP/1.1 200 OK\r\n")) {
            return 0;
        }
        while (puts_to(peer, "X-Filler: ") && put(peer, filler, 1000) && puts_to(peer, "\r\n")) {
        }
        return 0;
    }
    if (IS("/cut")) {
        (void)puts_to(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}");
        return 0;
    }
    if (IS("/gzip")) {
        return answer_with(peer, "Content-Encoding: gzip\r\n", "\x1f\x8b\x08not really");
    }
    if (IS("/404")) {
        return puts_to(peer, "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    }
    if (IS("/html")) {
        return answer_with(peer, "Content-Type: text/html\r\n", "{}");
    }
    if (IS("/untyped")) {
        return answer_with(peer, "", "{}");
    }
    if (IS("/broken")) {
        return answer_with(peer, "Content-Type: application/json\r\n", "{\"a\":1,\"a\":2}");
    }
    if (IS("/jwk")) {
        return answer_with(peer, "Content-Type: application/jwk-set+json\r\n", "{\"keys\":[]}");
    }
    if (IS("/cookie")) {
        return answer_with(peer, "Set-Cookie: a=b; Path=/\r\n", "");
    }
    if (IS("/09")) {
        (void)puts_to(peer, "hello without headers\n");
        return 0;
    }
    return answer_with(peer, "Date:  Tue, 24 Nov 2026 08:00:00 GMT \r\nContent-Type: Application/JSON; charset=utf-8\r\n", "{\"a\":1}");
}

UNIT_MAYBE_UNUSED void *serve(void *baton)
{
    peer_t *peer = baton;
    char request[8192];
    if (peer->server->tls != NULL) {
        peer->ssl = SSL_new(peer->server->tls);
        SSL_set_fd(peer->ssl, peer->fd);
    }
    if (peer->ssl == NULL || SSL_accept(peer->ssl) == 1) {
        while (read_request(peer, request, sizeof(request))) {
            memcpy(peer->server->last, request, sizeof(request));
            atomic_fetch_add(&peer->server->requests, 1);
            if (!answer(peer, request)) {
                break;
            }
        }
    }
    SSL_free(peer->ssl);
    close(peer->fd);
    free(peer);
    return NULL;
}

UNIT_MAYBE_UNUSED void *accept_all(void *baton)
{
    server_t *server = baton;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0 || server->workers_count == MOST_CONNECTIONS) {
            return NULL;
        }
        peer_t *peer = calloc(1, sizeof(*peer));
        peer->server = server;
        peer->fd = fd;
        atomic_fetch_add(&server->connections, 1);
        pthread_create(&server->workers[server->workers_count++], NULL, serve, peer);
    }
}

UNIT_MAYBE_UNUSED void start(server_t *server, SSL_CTX *tls)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    server->tls = tls;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    sem_init(&server->held, 0, 0);
    sem_init(&server->released, 0, 0);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(server->listener, 64) != 0
        || getsockname(server->listener, (struct sockaddr *)&address, &size) != 0) {
        abort();
    }
    server->port = ntohs(address.sin_port);
    pthread_create(&server->acceptor, NULL, accept_all, server);
}

UNIT_MAYBE_UNUSED void stop(server_t *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->acceptor, NULL);
    close(server->listener);
    for (int i = 0; i < server->workers_count; i++) {
        pthread_join(server->workers[i], NULL);
    }
    SSL_CTX_free(server->tls);
}

/* A certificate for "localhost" that is its own CA; its PEM text goes to the file. */
UNIT_MAYBE_UNUSED SSL_CTX *make_tls(char *file)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *certificate = X509_new();
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)"unit", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_add_ext(certificate, names, -1);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    FILE *out = fdopen(mkstemp(file), "w");
    PEM_write_X509(out, certificate);
    fclose(out);
    SSL_CTX_use_certificate(tls, certificate);
    SSL_CTX_use_PrivateKey(tls, key);
    X509_EXTENSION_free(names);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

UNIT_MAYBE_UNUSED int start_servers(void **state)
{
    signal(SIGPIPE, SIG_IGN); /* as httpd does */
    SSL_CTX_free(make_tls(other_ca_file));
    start(&tls_server, make_tls(ca_file));
    start(&plain_server, NULL);
    return unit_begin(state);
}

UNIT_MAYBE_UNUSED int stop_servers(void **state)
{
    stop(&plain_server);
    stop(&tls_server);
    unlink(ca_file);
    unlink(other_ca_file);
    return unit_end(state);
}

#endif
