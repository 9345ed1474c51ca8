/* push.c: brings a file on a sigdelta server up to date without sending all of it. Needs libcurl and libcrypto.
 *
 * push FILE URL [TOKEN]     URL is the resource, such as http://127.0.0.1:8080/v1/o/backup.tar
 *
 * docs/protocol.md has the requests: the signature of what the server has, then a PATCH with the delta, which
 * says by If-Match against what it was made and by Repr-Digest what must come out. */
#include <curl/curl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <sigdelta.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static char folder[] = "/tmp/push-XXXXXX", signature_path[64], delta_path[64];

static void clean(void)
{
    unlink(signature_path);
    unlink(delta_path);
    rmdir(folder);
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "push: %s: %s\n", what, why);
    exit(1);
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (!file)
        fail(path, "cannot be opened");
    return file;
}

/* Keeps the ETag of the basis, which comes as a header of the signature. */
static size_t take_header(char *line, size_t size, size_t count, void *etag)
{
    static const char NAME[] = "delta-base:";
    size_t len = size * count, name_len = sizeof NAME - 1;
    if (len > name_len && len - name_len < 200 && strncasecmp(line, NAME, name_len) == 0) {
        char *value = line + name_len;
        value += strspn(value, " ");
        size_t value_len = strcspn(value, "\r\n");
        memcpy(etag, value, value_len);
        ((char *)etag)[value_len] = '\0';
    }
    return len;
}

/* The value of Repr-Digest (RFC 9530) for a file. */
static void digest(const char *path, char *text)
{
    unsigned char buffer[65536], sum[EVP_MAX_MD_SIZE];
    unsigned sum_len;
    size_t len;
    FILE *file = open_file(path, "rb");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    while ((len = fread(buffer, 1, sizeof buffer, file)) > 0)
        EVP_DigestUpdate(context, buffer, len);
    EVP_DigestFinal_ex(context, sum, &sum_len);
    EVP_MD_CTX_free(context);
    fclose(file);
    text += sprintf(text, "sha-256=:");
    text += EVP_EncodeBlock((unsigned char *)text, sum, (int)sum_len);
    sprintf(text, ":");
}

static struct curl_slist *add(struct curl_slist *headers, const char *name, const char *value)
{
    char line[512];
    snprintf(line, sizeof line, "%s: %s", name, value);
    return curl_slist_append(headers, line);
}

/* Sends a file and returns the status of the reply. */
static long send_file(CURL *curl, const char *method, const char *url, const char *path,
                      struct curl_slist *headers)
{
    long status = 0;
    FILE *file = open_file(path, "rb");
    fseek(file, 0, SEEK_END);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ftello(file));
    rewind(file);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_READDATA, file);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, stderr); /* what the server has to complain */
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(curl);
    fclose(file);
    if (code != CURLE_OK)
        fail(url, curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

int main(int argc, char **argv)
{
    const char *resource = argc == 3 || argc == 4 ? strstr(argv[2], "/v1/o/") : NULL;
    if (!resource) {
        fputs("usage: push FILE http://HOST/v1/o/KEY [TOKEN]\n", stderr);
        return 2;
    }
    const char *file = argv[1], *url = argv[2];
    if (!mkdtemp(folder))
        fail(folder, "cannot be made");
    atexit(clean);
    snprintf(signature_path, sizeof signature_path, "%s/signature", folder);
    snprintf(delta_path, sizeof delta_path, "%s/delta", folder);

    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    char token[600], etag[256] = "", result[128], signature_url[2048];
    if (argc == 4) {
        snprintf(token, sizeof token, "Bearer %s", argv[3]);
        headers = add(headers, "Authorization", token);
    }
    snprintf(signature_url, sizeof signature_url, "%.*s/v1/sig/%s?format=librsync", (int)(resource - url), url,
             resource + strlen("/v1/o/"));
    FILE *signature = open_file(signature_path, "wb");
    curl_easy_setopt(curl, CURLOPT_URL, signature_url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, signature);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, etag);
    CURLcode code = curl_easy_perform(curl);
    fclose(signature);
    if (code != CURLE_OK)
        fail(signature_url, curl_easy_strerror(code));
    long status = 0;
    uint64_t sent = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);

    digest(file, result);
    headers = add(headers, "Repr-Digest", result);
    headers = add(headers, "Expect", ""); /* no round for a permission to send */
    if (status == 404) {
        headers = add(headers, "If-None-Match", "*");
        headers = add(headers, "Content-Type", "application/octet-stream");
        status = send_file(curl, "PUT", url, file, headers);
    } else if (status == 200 && etag[0]) {
        sigdelta_stats stats = {.size = sizeof stats};
        if (sigdelta_delta_file(signature_path, file, delta_path, NULL, &stats) != SIGDELTA_OK)
            fail(file, sigdelta_error_text());
        headers = add(headers, "If-Match", etag);
        headers = add(headers, "Content-Type", "application/vnd.librsync.delta");
        status = send_file(curl, "PATCH", url, delta_path, headers);
        sent = stats.out_bytes;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (status != 201 && status != 204) {
        char text[32];
        snprintf(text, sizeof text, "status %ld", status);
        fail(url, text);
    }
    if (sent > 0)
        printf("sent a delta of %" PRIu64 " bytes\n", sent);
    else
        printf("sent the whole file\n");
    return 0;
}
