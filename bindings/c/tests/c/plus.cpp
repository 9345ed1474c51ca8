/* A caller in C++: containers, exceptions of its own. */
#include <stdexcept>
#include <string>
#include <vector>

#include "support.h"

namespace {

class Error : public std::runtime_error {
public:
    Error() : std::runtime_error(sigdelta_error_text()) {}
};

void check(sigdelta_status status)
{
    if (status != SIGDELTA_OK)
        throw Error();
}

class Bytes {
public:
    Bytes() : bytes_() {}
    ~Bytes() { sigdelta_bytes_free(&bytes_); }
    sigdelta_bytes *fill() { return &bytes_; }
    const uint8_t *data() const { return bytes_.data; }
    size_t size() const { return bytes_.len; }

private:
    Bytes(const Bytes &);
    Bytes &operator=(const Bytes &);
    sigdelta_bytes bytes_;
};

int count(void *calls, const sigdelta_progress *)
{
    ++*static_cast<int *>(calls);
    return 0;
}

void a_round_succeeds()
{
    std::vector<char> old_file(100000), new_file;
    for (size_t i = 0; i < old_file.size(); i++)
        old_file[i] = static_cast<char>(i * i >> 7);
    new_file = old_file;
    new_file.insert(new_file.begin() + 12345, 3, 'x');

    int calls = 0;
    sigdelta_options options = SIGDELTA_OPTIONS_INIT;
    options.trailer = SIGDELTA_TRAILER_REQUIRED;
    options.progress = count;
    options.progress_opaque = &calls;
    Bytes signature, delta, result;
    check(sigdelta_signature_bytes(&old_file[0], old_file.size(), &options, signature.fill(), NULL));
    check(sigdelta_delta_bytes(signature.data(), signature.size(), &new_file[0], new_file.size(), &options,
                               delta.fill(), NULL));
    check(sigdelta_patch_bytes(&old_file[0], old_file.size(), delta.data(), delta.size(), &options,
                               result.fill(), NULL));
    CHECK_MEM(result.data(), result.size(), &new_file[0], new_file.size());
    CHECK(delta.size() < 2000);
    CHECK(calls > 0);
}

void an_error_becomes_an_exception()
{
    Bytes result;
    std::string text;

    try {
        check(sigdelta_patch_bytes("", 0, "rs\2\66\x60", 5, NULL, result.fill(), NULL));
    } catch (const Error &error) {
        text = error.what();
    }
    CHECK_STR(text.c_str(), "unknown delta command 0x60 at byte 4");
}

} // namespace

int main()
{
    RUN(a_round_succeeds);
    RUN(an_error_becomes_an_exception);
    return check_end();
}
