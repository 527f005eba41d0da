/* vcredist2013_x64.exe: a program without a console that "installs" the runtime, which is one value of the registry.
 * What it does stands in the values of HKLM\SOFTWARE\vmfix lab\VcRedist:
 *
 *   Busy      runs that find another installation at work (1618), counted down
 *   Fails     the exit code of every other run, which then installs nothing
 *   ExitCode  that of a run that installs
 *   WorkMs    how long it installs
 *   Returns   it returns at once, and installs behind that
 *
 * Without /quiet it would open a window; here it waits for ever, as that would.
 */
#include "lab.h"

#include <stdio.h>

#define KEY LAB L"\\VcRedist"
#define RUNTIME L"SOFTWARE\\Microsoft\\VisualStudio\\12.0\\VC\\Runtimes\\x64"
#define BUSY 1618

static const wchar_t *value_of(int argc, wchar_t **argv, const wchar_t *name) {
    for (int i = 1; i + 1 < argc; i++)
        if (same(argv[i], name)) return argv[i + 1];
    return NULL;
}

static bool has(int argc, wchar_t **argv, const wchar_t *name) {
    for (int i = 1; i < argc; i++)
        if (same(argv[i], name)) return true;
    return false;
}

static int ends(const wchar_t *log, int code) {
    FILE *file = log ? _wfopen(log, L"ab") : NULL;
    if (file) {
        fprintf(file, "Exit code: 0x%x\r\n", code);
        fclose(file);
    }
    return code;
}

static int work(void) {
    Sleep(setting(KEY, L"WorkMs", 0));
    set_setting_text(RUNTIME, L"Version", L"v12.0.21005.01");
    return set_setting(RUNTIME, L"Installed", 1);
}

int tool(int argc, wchar_t **argv) {
    wchar_t self[MAX_PATH], command[MAX_PATH + 16];
    const wchar_t *log = value_of(argc, argv, L"/log");
    if (argc == 2 && same(argv[1], L"/lab-work")) return work();
    if (!has(argc, argv, L"/install") || !has(argc, argv, L"/quiet")) Sleep(INFINITE);
    DWORD busy = setting(KEY, L"Busy", 0), fails = setting(KEY, L"Fails", 0);
    if (busy > 0) {
        set_setting(KEY, L"Busy", busy - 1);
        return ends(log, BUSY);
    }
    if (fails) return ends(log, fails);
    if (setting(KEY, L"Returns", 0)) {
        GetModuleFileNameW(NULL, self, COUNT(self));
        wcscat(wcscpy(command, self), L" /lab-work");
        run_command(command, false);
    } else if (work())
        return ends(log, ERROR_ACCESS_DENIED);
    return ends(log, setting(KEY, L"ExitCode", 0));
}
