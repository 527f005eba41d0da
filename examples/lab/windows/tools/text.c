/* Arguments in, text out. */
#include "lab.h"

#include <shellapi.h>
#include <stdarg.h>

static void put(DWORD which, const wchar_t *format, va_list values) {
    static wchar_t text[64 * 1024];
    static char bytes[4 * sizeof(text)];
    int length = vswprintf(text, COUNT(text) / 2, format, values);
    if (length < 0) return;
    size_t breaks = 0;
    for (int i = 0; i < length; i++) breaks += text[i] == L'\n';
    for (size_t from = length, to = length + breaks; from-- > 0;) {
        text[--to] = text[from];
        if (text[from] == L'\n') text[--to] = L'\r';
    }
    int count = WideCharToMultiByte(code_page(), 0, text, length + breaks, bytes, sizeof(bytes), NULL, NULL);
    put_bytes(GetStdHandle(which), bytes, count);
}

void put_bytes(HANDLE to, const void *bytes, size_t count) {
    for (DWORD done; count > 0; bytes = (const char *)bytes + done, count -= done)
        if (!WriteFile(to, bytes, count, &done, NULL) || done == 0) return;
}

void say(const wchar_t *format, ...) {
    va_list values;
    va_start(values, format);
    put(STD_OUTPUT_HANDLE, format, values);
    va_end(values);
}

void complain(const wchar_t *format, ...) {
    va_list values;
    va_start(values, format);
    put(STD_ERROR_HANDLE, format, values);
    va_end(values);
}

void echo_arguments(int argc, wchar_t **argv) {
    for (int i = 1; i < argc; i++) {
        int count = WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, NULL, 0, NULL, NULL);
        char *bytes = malloc(count);
        if (!bytes) ExitProcess(ERROR_OUTOFMEMORY);
        WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, bytes, count, NULL, NULL);
        bytes[count - 1] = '\n';
        put_bytes(GetStdHandle(STD_OUTPUT_HANDLE), bytes, count);
        free(bytes);
    }
}

UINT code_page(void) {
    static UINT page;
    if (page == 0) {
        /* A console has the code page that the shell asked for. Here is none, so winrshost leaves word of it. */
        wchar_t text[16] = L"";
        GetEnvironmentVariableW(L"VMFIX_LAB_CODEPAGE", text, COUNT(text));
        page = wcstoul(text, NULL, 10);
        if (page == 0 || setting(LAB, L"OemOnly", 0)) {
            wchar_t oem[16] = L"437";
            setting_text(L"SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage", L"OEMCP", oem, COUNT(oem));
            page = wcstoul(oem, NULL, 10);
        }
    }
    return page;
}

bool same(const wchar_t *a, const wchar_t *b) { return CompareStringOrdinal(a, -1, b, -1, TRUE) == CSTR_EQUAL; }

bool starts(const wchar_t *text, const wchar_t *with) {
    size_t length = wcslen(with);
    return wcslen(text) >= length && CompareStringOrdinal(text, length, with, length, TRUE) == CSTR_EQUAL;
}

/* Windows' texts, where Wine's are others. */
static const struct {
    DWORD error;
    const wchar_t *text;
} texts[] = {
    {5, L"Access is denied."},
    {1051, L"A stop control has been sent to a service that other running services are dependent on."},
    {1052, L"The requested control is not valid for this service."},
    {1053, L"The service did not respond to the start or control request in a timely fashion."},
    {1056, L"An instance of the service is already running."},
    {1057, L"The account name is invalid or does not exist, or the password is invalid for the account name specified."},
    {1058, L"The service cannot be started, either because it is disabled or because it has no enabled devices associated "
           L"with it."},
    {1060, L"The specified service does not exist as an installed service."},
    {1061, L"The service cannot accept control messages at this time."},
    {1062, L"The service has not been started."},
    {1067, L"The process terminated unexpectedly."},
    {1068, L"The dependency service or group failed to start."},
    {1069, L"The service did not start due to a logon failure."},
    {1072, L"The specified service has been marked for deletion."},
    {1116, L"Unable to abort the system shutdown because no shutdown was in progress."},
};

wchar_t *error_text(DWORD error, wchar_t *buffer) {
    for (size_t i = 0; i < COUNT(texts); i++)
        if (texts[i].error == error) return wcscat(wcscpy(buffer, texts[i].text), L"\n");
    DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    size_t length = FormatMessageW(flags, NULL, error, 0, buffer, DATA_CHARS - 2, NULL);
    while (length > 0 && (buffer[length - 1] == L'\n' || buffer[length - 1] == L'\r')) length--;
    buffer[length] = L'\n';
    buffer[length + 1] = 0;
    return buffer;
}

int wmain(void) {
    int argc;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    if (!argv) return 1;
    return tool(argc, argv);
}
