/* Does what its arguments say, one after the other; for tests of a transport.
 *
 *   print out|err TEXT     TEXT in the shell's code page, and a line break
 *   bytes out|err HEX      these bytes
 *   copy out|err           stdin until its end
 *   fill out|err COUNT     so many bytes
 *   sleep MS
 *   spawn MS               a child that sleeps so long, holds stdout and stderr, and is not waited for
 *   exit CODE              a 32-bit code, decimal or 0x...
 */
#include "lab.h"

static void copy(HANDLE to) {
    char buffer[16 * 1024];
    for (DWORD count; ReadFile(GetStdHandle(STD_INPUT_HANDLE), buffer, sizeof(buffer), &count, NULL) && count > 0;)
        put_bytes(to, buffer, count);
}

static void bytes(HANDLE to, const wchar_t *hex) {
    for (; hex[0] && hex[1]; hex += 2) {
        wchar_t pair[3] = {hex[0], hex[1]};
        char byte = wcstoul(pair, NULL, 16);
        put_bytes(to, &byte, 1);
    }
}

static void fill(HANDLE to, unsigned long count) {
    char block[4096];
    for (size_t i = 0; i < sizeof(block); i++) block[i] = i % 64 == 63 ? '\n' : 'x';
    for (; count > sizeof(block); count -= sizeof(block)) put_bytes(to, block, sizeof(block));
    put_bytes(to, block, count);
}

static void spawn(const wchar_t *self, const wchar_t *ms) {
    wchar_t command[DATA_CHARS];
    STARTUPINFOW info = {.cb = sizeof(info)};
    PROCESS_INFORMATION made;
    swprintf(command, COUNT(command), L"\"%ls\" sleep %ls", self, ms);
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &info, &made)) ExitProcess(1);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
}

int tool(int argc, wchar_t **argv) {
    wchar_t self[MAX_PATH];
    GetModuleFileNameW(NULL, self, COUNT(self));
    for (int i = 1; i < argc; i++) {
        const wchar_t *verb = argv[i], *first = i + 1 < argc ? argv[i + 1] : L"", *second = i + 2 < argc ? argv[i + 2] : L"";
        HANDLE to = GetStdHandle(same(first, L"err") ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
        if (same(verb, L"exit")) return wcstoul(first, NULL, 0);
        if (same(verb, L"sleep")) i++, Sleep(wcstoul(first, NULL, 10));
        else if (same(verb, L"spawn")) i++, spawn(self, first);
        else if (same(verb, L"copy")) i++, copy(to);
        else if (same(verb, L"fill")) i += 2, fill(to, wcstoul(second, NULL, 10));
        else if (same(verb, L"bytes")) i += 2, bytes(to, second);
        else if (same(verb, L"print")) i += 2, same(first, L"err") ? complain(L"%ls\n", second) : say(L"%ls\n", second);
        else return complain(L"labproc: there is no action %ls\n", verb), 87;
    }
    return 0;
}
