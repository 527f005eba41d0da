/* sc.exe: query, queryex, qc, config, enumdepend, start, stop. The exit code is the Win32 error; all text is on stdout,
 * as sc itself does it. */
#include "lab.h"

#include <stdio.h>

static DWORD failed(const wchar_t *what, DWORD error) {
    wchar_t text[DATA_CHARS];
    say(L"[SC] %ls FAILED %lu:\n\n%ls\n", what, error, error_text(error, text));
    return error;
}

static const wchar_t *state_name(DWORD state) {
    static const wchar_t *names[] = {L"",         L"STOPPED",          L"START_PENDING", L"STOP_PENDING",
                                     L"RUNNING",  L"CONTINUE_PENDING", L"PAUSE_PENDING", L"PAUSED"};
    return state < COUNT(names) ? names[state] : L"";
}

/* Some languages translate the labels; French does so from memory. The numbers behind the colons stay. */
static const wchar_t *label(const wchar_t *english, const wchar_t *french) { return speaks(L"fr") ? french : english; }

static void print_status(const wchar_t *name, const SERVICE_STATUS_PROCESS *status, bool display, bool extended) {
    wchar_t shown[NAME_CHARS];
    display_name(name, shown);
    say(L"\n%ls: %ls\n", label(L"SERVICE_NAME", L"NOM_SERVICE"), name);
    if (display) say(L"%ls: %ls\n", label(L"DISPLAY_NAME", L"NOM_COMPLET"), shown);
    say(L"        TYPE               : %lx  %ls\n", status->dwServiceType,
        status->dwServiceType == SERVICE_WIN32_OWN_PROCESS ? L"WIN32_OWN_PROCESS  " : L"WIN32_SHARE_PROCESS  ");
    say(L"        %ls              : %lu  %ls ", label(L"STATE", L"\u00c9TAT "), status->dwCurrentState, state_name(status->dwCurrentState));
    if (status->dwCurrentState != SERVICE_STOPPED)
        say(L"\n                                (%ls, NOT_PAUSABLE, %ls)",
            status->dwControlsAccepted & SERVICE_ACCEPT_STOP ? L"STOPPABLE" : L"NOT_STOPPABLE",
            status->dwControlsAccepted & SERVICE_ACCEPT_SHUTDOWN ? L"ACCEPTS_SHUTDOWN" : L"IGNORES_SHUTDOWN");
    say(L"\n        WIN32_EXIT_CODE    : %lu  (0x%lx)\n", status->dwWin32ExitCode, status->dwWin32ExitCode);
    say(L"        SERVICE_EXIT_CODE  : %lu  (0x%lx)\n", status->dwServiceSpecificExitCode, status->dwServiceSpecificExitCode);
    say(L"        CHECKPOINT         : 0x%lx\n        WAIT_HINT          : 0x%lx\n", status->dwCheckPoint, status->dwWaitHint);
    if (extended) say(L"        PID                : %lu\n        FLAGS              : \n", status->dwProcessId);
}

static DWORD query_all(int argc, wchar_t **argv, bool extended) {
    bool active = true, inactive = false;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!same(argv[i], L"state=")) continue; /* type= service is what is shown anyway */
        inactive = same(argv[i + 1], L"all") || same(argv[i + 1], L"inactive");
        active = !same(argv[i + 1], L"inactive");
    }
    struct names all = all_services();
    for (size_t i = 0; i < all.count; i++) {
        SERVICE_STATUS_PROCESS status;
        if (!service_status(all.name[i], &status)) continue;
        if (status.dwCurrentState == SERVICE_STOPPED ? inactive : active)
            print_status(all.name[i], &status, true, extended);
    }
    return ERROR_SUCCESS;
}

static DWORD query(int argc, wchar_t **argv, bool extended) {
    SERVICE_STATUS_PROCESS status;
    if (argc < 3 || argv[2][wcslen(argv[2]) - 1] == L'=') return query_all(argc, argv, extended);
    if (!service_status(argv[2], &status)) return failed(L"EnumQueryServicesStatus:OpenService", GetLastError());
    print_status(argv[2], &status, false, extended);
    return ERROR_SUCCESS;
}

static DWORD query_config(const wchar_t *name) {
    static const wchar_t *starts_at[] = {L"BOOT_START", L"SYSTEM_START", L"AUTO_START", L"DEMAND_START", L"DISABLED"};
    static uint64_t space[1024]; /* aligned, and as large as the structure may be: 8 KiB */
    QUERY_SERVICE_CONFIGW *config = (QUERY_SERVICE_CONFIGW *)space;
    SC_HANDLE service = open_service(name, SERVICE_QUERY_CONFIG);
    DWORD needed;
    if (!service) return failed(L"OpenService", GetLastError());
    if (!QueryServiceConfigW(service, config, sizeof(space), &needed)) return failed(L"QueryServiceConfig", GetLastError());
    wchar_t key[2 * NAME_CHARS];
    swprintf(key, COUNT(key), SERVICES L"\\%ls", name);
    bool delayed = config->dwStartType == SERVICE_AUTO_START && setting(key, L"DelayedAutostart", 0);
    say(L"[SC] QueryServiceConfig SUCCESS\n\nSERVICE_NAME: %ls\n", name);
    say(L"        TYPE               : %lx  WIN32_OWN_PROCESS \n", config->dwServiceType);
    say(L"        START_TYPE         : %lu   %ls%ls\n", config->dwStartType, starts_at[config->dwStartType],
        delayed ? L"  (DELAYED)" : L"");
    say(L"        ERROR_CONTROL      : %lu   NORMAL\n", config->dwErrorControl);
    say(L"        BINARY_PATH_NAME   : %ls\n", config->lpBinaryPathName);
    say(L"        LOAD_ORDER_GROUP   : %ls\n        TAG                : 0\n", config->lpLoadOrderGroup);
    say(L"        DISPLAY_NAME       : %ls\n        DEPENDENCIES       : ", config->lpDisplayName);
    wchar_t list[DATA_CHARS] = L"";
    setting_text(key, L"DependOnService", list, COUNT(list)); /* Wine's manager leaves lpDependencies empty */
    const wchar_t *at = list;
    for (bool first = true; *at; at += wcslen(at) + 1, first = false)
        say(first ? L"%ls" : L"\n                           : %ls", at);
    say(L"\n        SERVICE_START_NAME : %ls\n", config->lpServiceStartName);
    return ERROR_SUCCESS;
}

static DWORD enumerate_dependents(const wchar_t *name) {
    SC_HANDLE service = open_service(name, SERVICE_ENUMERATE_DEPENDENTS);
    if (!service) return failed(L"OpenService", GetLastError());
    CloseServiceHandle(service);
    struct names found = dependents_of(name, false);
    say(L"[SC] EnumDependentServices: entriesread = %u\n", (unsigned)found.count);
    for (size_t i = 0; i < found.count; i++) {
        SERVICE_STATUS_PROCESS status;
        if (service_status(found.name[i], &status)) print_status(found.name[i], &status, true, false);
    }
    return ERROR_SUCCESS;
}

static DWORD start(const wchar_t *name) {
    SERVICE_STATUS_PROCESS status;
    if (!elevated()) return failed(L"StartService: OpenService", ERROR_ACCESS_DENIED);
    if (!service_status(name, &status)) return failed(L"StartService: OpenService", GetLastError());
    DWORD error = start_service(name);
    if (error) return failed(L"StartService", error);
    service_status(name, &status);
    print_status(name, &status, false, true);
    return ERROR_SUCCESS;
}

static DWORD stop(const wchar_t *name) {
    SERVICE_STATUS_PROCESS status = {0};
    if (!elevated()) return failed(L"OpenService", ERROR_ACCESS_DENIED);
    if (!service_status(name, &status)) return failed(L"OpenService", GetLastError());
    DWORD error = stop_service(name, (SERVICE_STATUS *)&status); /* the one structure begins with the other */
    if (error) return failed(L"ControlService", error);
    print_status(name, &status, false, false);
    return ERROR_SUCCESS;
}

static bool known_account(const wchar_t *account) {
    static const wchar_t *known[] = {L"LocalSystem", L"NT AUTHORITY\\LocalService", L"NT AUTHORITY\\NetworkService",
                                     L"NT AUTHORITY\\SYSTEM", L"NT AUTHORITY\\Local Service",
                                     L"NT AUTHORITY\\Network Service"};
    for (size_t i = 0; i < COUNT(known); i++)
        if (same(account, known[i])) return true;
    return false;
}

static DWORD start_type(const wchar_t *word) {
    static const wchar_t *words[] = {L"boot", L"system", L"auto", L"demand", L"disabled", L"delayed-auto"};
    for (DWORD i = 0; i < COUNT(words); i++)
        if (same(word, words[i])) return i;
    return SERVICE_NO_CHANGE;
}

static DWORD change(const wchar_t *name, DWORD start, const wchar_t *account, const wchar_t *password) {
    wchar_t key[2 * NAME_CHARS];
    SC_HANDLE service = open_service(name, SERVICE_CHANGE_CONFIG);
    if (!service) return failed(L"OpenService", GetLastError());
    if (account && !known_account(account)) return failed(L"ChangeServiceConfig", ERROR_INVALID_SERVICE_ACCOUNT);
    bool delayed = start == 5;
    wchar_t list[DATA_CHARS] = L"";
    swprintf(key, COUNT(key), SERVICES L"\\%ls", name);
    bool depends = setting_text(key, L"DependOnService", list, COUNT(list));
    if (!ChangeServiceConfigW(service, SERVICE_NO_CHANGE, delayed ? SERVICE_AUTO_START : start, SERVICE_NO_CHANGE, NULL,
                              NULL, NULL, NULL, account, password, NULL))
        return failed(L"ChangeServiceConfig", GetLastError());
    CloseServiceHandle(service);
    if (depends) set_dependencies(name, list);
    if (start != SERVICE_NO_CHANGE) set_setting(key, L"DelayedAutostart", delayed); /* unknown to Wine's manager */
    say(L"[SC] ChangeServiceConfig SUCCESS\n");
    return ERROR_SUCCESS;
}

static DWORD usage(void) {
    say(L"DESCRIPTION:\n        SC is a command line program used for communicating with the\n"
        L"        Service Control Manager and services.\nUSAGE:\n"
        L"        sc <server> [command] [service name] <option1> <option2>...\n");
    return ERROR_INVALID_COMMAND_LINE;
}

static DWORD config(int argc, wchar_t **argv) {
    DWORD start = SERVICE_NO_CHANGE;
    const wchar_t *account = NULL, *password = NULL;
    if (argc < 5 || argc % 2 == 0) return usage();
    for (int i = 3; i < argc; i += 2) {
        if (same(argv[i], L"start=")) {
            if ((start = start_type(argv[i + 1])) == SERVICE_NO_CHANGE) return usage();
        } else if (same(argv[i], L"obj=")) account = argv[i + 1];
        else if (same(argv[i], L"password=")) password = argv[i + 1];
        else return usage(); /* also `start=auto`: the blank behind "=" is a must */
    }
    if (!elevated()) return failed(L"OpenService", ERROR_ACCESS_DENIED);
    return change(argv[2], start, account, password);
}

int tool(int argc, wchar_t **argv) {
    const wchar_t *verb = argc > 1 ? argv[1] : L"";
    if (same(verb, L"query")) return query(argc, argv, false);
    if (same(verb, L"queryex")) return query(argc, argv, true);
    if (argc < 3) return usage();
    if (same(verb, L"qc")) return query_config(argv[2]);
    if (same(verb, L"enumdepend")) return enumerate_dependents(argv[2]);
    if (same(verb, L"config")) return config(argc, argv);
    if (same(verb, L"start")) return start(argv[2]);
    if (same(verb, L"stop")) return stop(argv[2]);
    complain(L"sc %ls: not part of the lab\n", verb);
    return 9009;
}
