/* certutil.exe -hashfile FILE SHA256: the digest of a file, as Windows 10 prints it. */
#include "lab.h"

#include <bcrypt.h>

#define DIGEST_BYTES 32

static bool digest_of(HANDLE file, UCHAR *digest) {
    static UCHAR part[64 * 1024];
    BCRYPT_ALG_HANDLE sha256 = NULL;
    BCRYPT_HASH_HANDLE hash = NULL;
    DWORD count = 0;
    bool good = !BCryptOpenAlgorithmProvider(&sha256, BCRYPT_SHA256_ALGORITHM, NULL, 0) &&
                !BCryptCreateHash(sha256, &hash, NULL, 0, NULL, 0, 0);
    while (good && (good = ReadFile(file, part, sizeof(part), &count, NULL)) && count > 0)
        good = !BCryptHashData(hash, part, count, 0);
    good = good && !BCryptFinishHash(hash, digest, DIGEST_BYTES, 0);
    if (hash) BCryptDestroyHash(hash);
    if (sha256) BCryptCloseAlgorithmProvider(sha256, 0);
    return good;
}

static int failed(DWORD error) {
    wchar_t text[DATA_CHARS];
    say(L"CertUtil: -hashfile command FAILED: 0x%08lx (WIN32: %lu)\n", HRESULT_FROM_WIN32(error), error);
    say(L"CertUtil: %ls", error_text(error, text));
    return HRESULT_FROM_WIN32(error);
}

int tool(int argc, wchar_t **argv) {
    UCHAR digest[DIGEST_BYTES];
    if (argc != 4 || !same(argv[1], L"-hashfile") || !same(argv[3], L"SHA256"))
        return complain(L"certutil: not part of the lab\n"), 9009;
    HANDLE file = CreateFileW(argv[2], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return failed(GetLastError());
    if (!digest_of(file, digest)) return failed(ERROR_READ_FAULT);
    say(L"SHA256 hash of %ls:\n", argv[2]);
    for (int i = 0; i < DIGEST_BYTES; i++) say(L"%02x", digest[i]);
    say(L"\nCertUtil: -hashfile command completed successfully.\n");
    return 0;
}
