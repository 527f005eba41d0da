/* msdtc.exe -install, -uninstall: a program without a console that says nothing and returns before it is done. What
 * became of it stands in the service database and in C:\Windows\DtcInstall.log (domain.md (c), msdtc). */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#define WORK_MS 1000
#define CID L"SOFTWARE\\Classes\\CID"

static void note(const char *text) {
    FILE *log = _wfopen(L"C:\\windows\\DtcInstall.log", L"ab");
    SYSTEMTIME now;
    if (!log) return;
    GetLocalTime(&now);
    fprintf(log, "%02u-%02u-%04u %02u:%02u:%02u : %s\r\n", now.wMonth, now.wDay, now.wYear, now.wHour, now.wMinute,
            now.wSecond, text);
    fclose(log);
}

static DWORD uninstall(void) {
    SERVICE_STATUS status;
    stop_service(L"MSDTC", &status);
    wait_while(L"MSDTC", SERVICE_STOP_PENDING);
    SC_HANDLE service = open_service(L"MSDTC", DELETE);
    if (!service) return GetLastError();
    DWORD error = DeleteService(service) ? ERROR_SUCCESS : GetLastError();
    CloseServiceHandle(service);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, SERVICES L"\\MSDTC");
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, CID); /* HKLM\SOFTWARE\Microsoft\MSDTC stays, with its security settings */
    return error;
}

static DWORD install(void) {
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
    SC_HANDLE made = CreateServiceW(manager, L"MSDTC", L"Distributed Transaction Coordinator", SERVICE_ALL_ACCESS,
                                    SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                                    L"C:\\windows\\system32\\labsvc.exe MSDTC", NULL, NULL, NULL,
                                    L"NT AUTHORITY\\NetworkService", NULL);
    if (!made) return GetLastError();
    CloseServiceHandle(made);
    set_dependencies(L"MSDTC", L"RpcSs\0SamSs\0");
    set_setting(SERVICES L"\\MSDTC", L"DelayedAutostart", 1);
    return set_setting_text(CID, L"", L"Distributed Transaction Coordinator");
}

static int work(bool installs) {
    char text[128];
    Sleep(WORK_MS);
    note(installs ? "DTC Install started" : "DTC Uninstall started");
    DWORD error = installs ? install() : uninstall();
    snprintf(text, sizeof(text), "DTC %s error = %lu", installs ? "Install" : "Uninstall", error);
    note(text);
    return error;
}

int tool(int argc, wchar_t **argv) {
    wchar_t command[] = L"C:\\windows\\system32\\msdtc.exe /lab-install";
    if (argc == 2 && same(argv[1], L"/lab-install")) return work(true);
    if (argc == 2 && same(argv[1], L"/lab-uninst0")) return work(false);
    bool installs = argc > 1 && same(argv[1], L"-install");
    if (!installs && !(argc > 1 && same(argv[1], L"-uninstall"))) return 0;
    if (!elevated()) return note("Access is denied"), 0;
    if (!installs) wcscpy(wcsstr(command, L"/lab-"), L"/lab-uninst0");
    run_command(command, false);
    return 0;
}
