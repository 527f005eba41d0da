/* Services, over the real service manager of Wine.
 *
 * Some things Wine's manager does not do, so they are done here, from the keys under Services: it does not list
 * dependents (EnumDependentServices is a stub), does not start what a service depends on, and does not refuse to stop a
 * service that others need. An account that cannot log on is refused here too (1069), for Wine runs all as one user.
 * And it forgets the dependencies of a service whose settings it changes: set_dependencies.
 */
#include "lab.h"

#include <stdio.h>

#define STOP_SECONDS 6  /* net waits longer than that on Windows; here nobody should have to */
#define START_SECONDS 10

static SC_HANDLE manager(void) {
    static SC_HANDLE opened;
    if (!opened) opened = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE);
    return opened;
}

SC_HANDLE open_service(const wchar_t *name, DWORD access) { return OpenServiceW(manager(), name, access); }

bool service_status(const wchar_t *name, SERVICE_STATUS_PROCESS *status) {
    SC_HANDLE service = open_service(name, SERVICE_QUERY_STATUS);
    DWORD needed;
    if (!service) return false;
    bool seen = QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)status, sizeof(*status), &needed);
    CloseServiceHandle(service);
    return seen;
}

void display_name(const wchar_t *name, wchar_t *display) {
    DWORD size = NAME_CHARS;
    if (!GetServiceDisplayNameW(manager(), name, display, &size) || !*display) wcscpy(display, name);
}

static void add(struct names *names, const wchar_t *name) {
    for (size_t i = 0; i < names->count; i++)
        if (same(names->name[i], name)) return;
    names->name = realloc(names->name, (names->count + 1) * sizeof(*names->name));
    if (!names->name) ExitProcess(ERROR_OUTOFMEMORY);
    wcsncpy(names->name[names->count], name, NAME_CHARS - 1);
    names->name[names->count++][NAME_CHARS - 1] = 0;
}

static bool is_service(const wchar_t *name) {
    wchar_t key[2 * NAME_CHARS];
    swprintf(key, COUNT(key), SERVICES L"\\%ls", name);
    return setting(key, L"Type", 0) & SERVICE_WIN32;
}

struct names all_services(void) {
    struct names found = {0};
    HKEY key;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, SERVICES, 0, KEY_READ, &key)) return found;
    wchar_t name[NAME_CHARS];
    for (DWORD i = 0, chars = COUNT(name); !RegEnumKeyExW(key, i, name, &chars, NULL, NULL, NULL, NULL); i++) {
        if (is_service(name)) add(&found, name);
        chars = COUNT(name);
    }
    RegCloseKey(key);
    return found;
}

static bool depends_on(const wchar_t *service, const wchar_t *name) {
    wchar_t key[2 * NAME_CHARS], list[DATA_CHARS];
    swprintf(key, COUNT(key), SERVICES L"\\%ls", service);
    if (!setting_text(key, L"DependOnService", list, COUNT(list))) return false;
    for (const wchar_t *at = list; *at; at += wcslen(at) + 1)
        if (same(at, name)) return true;
    return false;
}

static void collect(struct names *found, const struct names *all, const wchar_t *name, bool running_only, int depth) {
    for (size_t i = 0; i < all->count && depth < 16; i++) {
        SERVICE_STATUS_PROCESS status;
        if (!depends_on(all->name[i], name)) continue;
        if (running_only && (!service_status(all->name[i], &status) || status.dwCurrentState == SERVICE_STOPPED))
            continue;
        collect(found, all, all->name[i], running_only, depth + 1); /* who needs the dependent goes first */
        add(found, all->name[i]);
    }
}

struct names dependents_of(const wchar_t *name, bool running_only) {
    struct names found = {0}, all = all_services();
    collect(&found, &all, name, running_only, 0);
    free(all.name);
    return found;
}

bool logs_on(const wchar_t *name) {
    wchar_t key[2 * NAME_CHARS], account[NAME_CHARS], wanted[NAME_CHARS];
    swprintf(key, COUNT(key), SERVICES L"\\%ls\\Lab", name);
    if (!setting_text(key, L"LogonFailsUnless", wanted, COUNT(wanted))) return true;
    swprintf(key, COUNT(key), SERVICES L"\\%ls", name);
    return setting_text(key, L"ObjectName", account, COUNT(account)) && same(account, wanted);
}

void set_dependencies(const wchar_t *name, const wchar_t *list) {
    wchar_t key[2 * NAME_CHARS];
    size_t chars = 1;
    for (const wchar_t *at = list; *at; at += wcslen(at) + 1) chars += wcslen(at) + 1;
    swprintf(key, COUNT(key), SERVICES L"\\%ls", name);
    RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, L"DependOnService", REG_MULTI_SZ, list, chars * sizeof(*list));
}

/* Wine calls it a time-out if a service stops again instead of running. For Windows it was started; the reason is in its
 * status. 1053 is left for services whose scenario says so. */
static DWORD what_became(const wchar_t *name, DWORD error) {
    wchar_t key[2 * NAME_CHARS];
    if (error != ERROR_SERVICE_REQUEST_TIMEOUT) return error;
    swprintf(key, COUNT(key), SERVICES L"\\%ls\\Lab", name);
    return setting(key, L"StartError", 0) == ERROR_SERVICE_REQUEST_TIMEOUT ? error : ERROR_SUCCESS;
}

static DWORD start_dependencies(const wchar_t *name, int depth);

static DWORD start_after_dependencies(const wchar_t *name, int depth) {
    SC_HANDLE service = open_service(name, SERVICE_START);
    if (!service) return GetLastError();
    DWORD error = start_dependencies(name, depth);
    if (!error && !logs_on(name)) error = ERROR_SERVICE_LOGON_FAILED;
    if (!error && !StartServiceW(service, 0, NULL)) error = what_became(name, GetLastError());
    CloseServiceHandle(service);
    return error;
}

static DWORD start_dependencies(const wchar_t *name, int depth) {
    wchar_t key[2 * NAME_CHARS], list[DATA_CHARS];
    swprintf(key, COUNT(key), SERVICES L"\\%ls", name);
    if (depth > 16 || !setting_text(key, L"DependOnService", list, COUNT(list))) return ERROR_SUCCESS;
    for (const wchar_t *at = list; *at; at += wcslen(at) + 1) {
        SERVICE_STATUS_PROCESS status;
        if (!service_status(at, &status)) return ERROR_SERVICE_DEPENDENCY_DELETED;
        if (status.dwCurrentState == SERVICE_RUNNING) continue;
        start_after_dependencies(at, depth + 1);
        if (wait_while(at, SERVICE_START_PENDING) != SERVICE_RUNNING) return ERROR_SERVICE_DEPENDENCY_FAIL;
    }
    return ERROR_SUCCESS;
}

DWORD start_service(const wchar_t *name) {
    SERVICE_STATUS_PROCESS status;
    if (service_status(name, &status) && status.dwCurrentState != SERVICE_STOPPED) return ERROR_SERVICE_ALREADY_RUNNING;
    wchar_t key[2 * NAME_CHARS];
    swprintf(key, COUNT(key), SERVICES L"\\%ls", name);
    if (setting(key, L"Start", SERVICE_DEMAND_START) == SERVICE_DISABLED) return ERROR_SERVICE_DISABLED;
    return start_after_dependencies(name, 0);
}

DWORD stop_service(const wchar_t *name, SERVICE_STATUS *status) {
    SC_HANDLE service = open_service(name, SERVICE_STOP);
    if (!service) return GetLastError();
    struct names needed_by = dependents_of(name, true);
    SERVICE_STATUS_PROCESS now = {0};
    DWORD error = ERROR_SUCCESS;
    service_status(name, &now);
    if (now.dwCurrentState == SERVICE_START_PENDING || now.dwCurrentState == SERVICE_STOP_PENDING)
        error = ERROR_SERVICE_CANNOT_ACCEPT_CTRL; /* for Wine, that is a control that is not valid */
    else if (needed_by.count > 0) error = ERROR_DEPENDENT_SERVICES_RUNNING;
    else if (!ControlService(service, SERVICE_CONTROL_STOP, status)) error = GetLastError();
    free(needed_by.name);
    CloseServiceHandle(service);
    return error;
}

DWORD wait_while(const wchar_t *name, DWORD pending) {
    SERVICE_STATUS_PROCESS status = {.dwCurrentState = SERVICE_STOPPED};
    DWORD seconds = pending == SERVICE_STOP_PENDING ? STOP_SECONDS : START_SECONDS;
    for (DWORD waited = 0; service_status(name, &status) && status.dwCurrentState == pending; waited += 50) {
        if (waited >= 1000 * seconds) break;
        Sleep(50);
    }
    return status.dwCurrentState;
}
