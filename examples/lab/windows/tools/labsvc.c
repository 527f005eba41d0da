/* Every service of the target: `labsvc.exe NAME`. What it does stands in the values of the service's subkey Lab:
 *
 *   StartMs        stays in START_PENDING so long
 *   StartError     stops at once with this Win32 error; only while FailsIf or FailsUnless (below) says so, if given
 *   StopsAtOnce    the same with no error
 *   StopMs         stays in STOP_PENDING so long
 *   NoStop         does not accept stop (1052)
 *   HangsOnStop    stays in STOP_PENDING for ever
 *   Hung           starts, and goes to STOP_PENDING for ever by itself
 *   IdleMs         stops by itself after so long
 *   RevivesMs      starts by itself so long after it was stopped
 *   BreaksWriters  this process of it does so (VSS); the next one does not
 *   UntilReboot    all of this holds only before the second boot
 *   UntilStart     all of this holds only before that many starts
 *   FailsIf        KEY\NAME=DATA: a REG_DWORD below HKLM has this value
 *   FailsUnless    SERVICE=ACCOUNT: the account that another service has to have
 *   LogonFailsUnless   the account that it has to have itself, or its start ends with 1069
 *   Starts         counts
 *
 * At its start the service is also what its VSS writers get well by: see writer_starts.
 */
#include "lab.h"

#include <ntsecapi.h>
#include <stdio.h>

static wchar_t own_name[NAME_CHARS], own_key[2 * NAME_CHARS];
static SERVICE_STATUS_HANDLE handle;
static SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS};
static HANDLE stop_asked;

static void report(DWORD state, DWORD accepts, DWORD error, DWORD hint_ms) {
    status.dwCurrentState = state;
    status.dwControlsAccepted = accepts;
    status.dwWin32ExitCode = error;
    status.dwWaitHint = hint_ms;
    SetServiceStatus(handle, &status);
}

static DWORD behaviour(const wchar_t *name) {
    int64_t last;
    if (setting(own_key, L"UntilReboot", 0) && boots(&last) > 1) return 0;
    if (setting(own_key, L"Starts", 0) >= setting(own_key, L"UntilStart", ~0u)) return 0;
    return setting(own_key, name, 0);
}

/* Cuts TEXT at its last "=", and gives what stands behind. */
static wchar_t *behind_equals(wchar_t *text) {
    wchar_t *equals = wcsrchr(text, L'=');
    if (equals) *equals++ = 0;
    return equals;
}

static bool has_reason_to_fail(void) {
    wchar_t text[DATA_CHARS], key[2 * NAME_CHARS], account[NAME_CHARS] = L"", *data;
    if (setting_text(own_key, L"FailsIf", text, COUNT(text)) && (data = behind_equals(text))) {
        wchar_t *name = wcsrchr(text, L'\\');
        *name++ = 0;
        return setting(text, name, ~0u) == wcstoul(data, NULL, 10);
    }
    if (setting_text(own_key, L"FailsUnless", text, COUNT(text)) && (data = behind_equals(text))) {
        swprintf(key, COUNT(key), SERVICES L"\\%ls", text);
        setting_text(key, L"ObjectName", account, COUNT(account));
        return !same(account, data);
    }
    return true;
}

/* A writer's key: State, Error, Instance; and how it gets well when its service starts:
 *   Heals             restarts that still do not help, counted down; the next one makes it stable. Absent: none does.
 *   GoneAfterRestart  not listed any more after a restart
 *   LateMs            listed only so long after the service's start
 *   StableFromMs      gets well so long after the boot (vssadmin.c)
 */
static void writer_starts(const wchar_t *key) {
    wchar_t instance[64];
    uint16_t id[8];
    RtlGenRandom(id, sizeof(id));
    swprintf(instance, COUNT(instance), L"{%04x%04x-%04x-%04x-%04x-%04x%04x%04x}", id[0], id[1], id[2], id[3], id[4],
             id[5], id[6], id[7]);
    set_setting_text(key, L"Instance", instance);
    wchar_t listed[32];
    swprintf(listed, COUNT(listed), L"%lld", (long long)(now_ms() + setting(key, L"LateMs", 0)));
    set_setting_text(key, L"ListedFrom", listed);
    if (setting(key, L"FirstStart", 1)) {
        set_setting(key, L"FirstStart", 0); /* not a restart yet: the state is the scenario's */
        return;
    }
    if (setting(key, L"GoneAfterRestart", 0)) set_setting(key, L"Gone", 1);
    DWORD more = setting(key, L"Heals", ~0u);
    if (more == ~0u) return;
    if (more > 0) {
        set_setting(key, L"Heals", more - 1);
        return;
    }
    set_setting(key, L"State", 1);
    set_setting(key, L"Error", 0);
}

static void writers_start(void) {
    wchar_t key[2 * NAME_CHARS], service[NAME_CHARS];
    for (unsigned i = 0;; i++) {
        swprintf(key, COUNT(key), LAB L"\\Writers\\%02u", i);
        if (!setting_text(key, L"Service", service, COUNT(service))) return;
        if (same(service, own_name)) writer_starts(key);
    }
}

static void revive_later(DWORD ms) {
    wchar_t command[2 * NAME_CHARS];
    swprintf(command, COUNT(command), L"C:\\windows\\system32\\labsvc.exe /start %lu %ls", ms, own_name);
    run_command(command, false);
}

static DWORD WINAPI control(DWORD code, DWORD type, void *data, void *context) {
    (void)type, (void)data, (void)context;
    if (code == SERVICE_CONTROL_STOP || code == SERVICE_CONTROL_SHUTDOWN) {
        report(SERVICE_STOP_PENDING, 0, NO_ERROR, 3000);
        SetEvent(stop_asked);
    }
    return NO_ERROR;
}

static void WINAPI service_main(DWORD argc, wchar_t **argv) {
    (void)argc, (void)argv;
    handle = RegisterServiceCtrlHandlerExW(own_name, control, NULL);
    DWORD starts = setting(own_key, L"Starts", 0) + 1;
    set_setting(own_key, L"Starts", starts);
    DWORD error = behaviour(L"StartError");
    if (starts > 1 && setting(own_key, L"BreaksWriters", 0)) set_setting(own_key, L"BreaksWriters", 0);
    if (!logs_on(own_name)) {
        report(SERVICE_STOPPED, 0, ERROR_SERVICE_LOGON_FAILED, 0);
        return;
    }
    if (behaviour(L"StartMs")) {
        report(SERVICE_START_PENDING, 0, NO_ERROR, 3000);
        Sleep(behaviour(L"StartMs"));
    }
    if ((error || behaviour(L"StopsAtOnce")) && has_reason_to_fail()) {
        report(SERVICE_STOPPED, 0, error, 0);
        return;
    }
    writers_start();
    if (behaviour(L"Hung")) {
        report(SERVICE_RUNNING, 0, NO_ERROR, 0);
        report(SERVICE_STOP_PENDING, 0, NO_ERROR, 3000);
        Sleep(INFINITE);
    }
    report(SERVICE_RUNNING, behaviour(L"NoStop") ? 0 : SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN, NO_ERROR, 0);
    DWORD idle = behaviour(L"IdleMs");
    bool asked = WaitForSingleObject(stop_asked, idle ? idle : INFINITE) == WAIT_OBJECT_0;
    if (asked && behaviour(L"HangsOnStop")) Sleep(INFINITE);
    Sleep(behaviour(L"StopMs"));
    if (asked && behaviour(L"RevivesMs")) revive_later(behaviour(L"RevivesMs"));
    report(SERVICE_STOPPED, 0, NO_ERROR, 0);
}

int tool(int argc, wchar_t **argv) {
    if (argc == 4 && same(argv[1], L"/start")) {
        Sleep(wcstoul(argv[2], NULL, 10));
        wait_while(argv[3], SERVICE_STOP_PENDING);
        return start_service(argv[3]);
    }
    if (argc != 2) return ERROR_BAD_ARGUMENTS;
    wcsncpy(own_name, argv[1], COUNT(own_name) - 1);
    swprintf(own_key, COUNT(own_key), SERVICES L"\\%ls\\Lab", own_name);
    stop_asked = CreateEventW(NULL, TRUE, FALSE, NULL);
    SERVICE_TABLE_ENTRYW table[] = {{own_name, service_main}, {NULL, NULL}};
    return StartServiceCtrlDispatcherW(table) ? 0 : (int)GetLastError();
}
