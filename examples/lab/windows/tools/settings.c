/* What the scenario says, kept in the target's registry, and the few facts about the machine. */
#include "lab.h"

#include <inttypes.h>
#include <stdio.h>

DWORD setting(const wchar_t *key, const wchar_t *name, DWORD otherwise) {
    DWORD value, size = sizeof(value);
    LSTATUS status = RegGetValueW(HKEY_LOCAL_MACHINE, key, name, RRF_RT_REG_DWORD, NULL, &value, &size);
    return status == ERROR_SUCCESS ? value : otherwise;
}

bool setting_text(const wchar_t *key, const wchar_t *name, wchar_t *data, DWORD chars) {
    DWORD size = chars * sizeof(*data);
    DWORD kinds = RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_RT_REG_MULTI_SZ | RRF_NOEXPAND;
    return RegGetValueW(HKEY_LOCAL_MACHINE, key, name, kinds, NULL, data, &size) == ERROR_SUCCESS;
}

LSTATUS set_setting(const wchar_t *key, const wchar_t *name, DWORD value) {
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, name, REG_DWORD, &value, sizeof(value));
}

LSTATUS set_setting_text(const wchar_t *key, const wchar_t *name, const wchar_t *data) {
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, name, REG_SZ, data, (wcslen(data) + 1) * sizeof(*data));
}

bool speaks(const wchar_t *language) {
    wchar_t spoken[16] = L"en";
    setting_text(LAB, L"Language", spoken, COUNT(spoken));
    return same(spoken, language);
}

bool elevated(void) {
    /* Wine gives every process an administrator's token, so winrshost says what the account is. */
    wchar_t level[16] = L"high";
    GetEnvironmentVariableW(L"VMFIX_LAB_INTEGRITY", level, COUNT(level));
    return same(level, L"high") || same(level, L"system");
}

unsigned boots(int64_t *last_ms) {
    unsigned count = 0;
    FILE *file = _wfopen(L"C:\\lab\\boots", L"rb");
    *last_ms = 0;
    for (int64_t at; file && fscanf(file, "%" SCNd64, &at) == 1; count++) *last_ms = at;
    if (file) fclose(file);
    return count;
}

int64_t now_ms(void) {
    ULARGE_INTEGER ticks;
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    ticks.LowPart = now.dwLowDateTime;
    ticks.HighPart = now.dwHighDateTime;
    return (int64_t)(ticks.QuadPart / 10000) - 11644473600000; /* from 1601 to 1970 */
}

int run_command(wchar_t *command, bool wait) {
    STARTUPINFOW start = {.cb = sizeof(start)};
    PROCESS_INFORMATION made;
    DWORD code = 0, flags = DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB;
    if (!CreateProcessW(NULL, command, NULL, NULL, FALSE, flags, NULL, L"C:\\windows", &start, &made) &&
        !CreateProcessW(NULL, command, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, L"C:\\windows", &start, &made))
        return -1;
    if (wait) WaitForSingleObject(made.hProcess, INFINITE);
    if (wait) GetExitCodeProcess(made.hProcess, &code);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return code;
}
