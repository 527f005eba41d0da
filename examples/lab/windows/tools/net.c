/* net.exe: start, stop and helpmsg. Exit code 2 for every failure; failures are on stderr, with the number of NET
 * HELPMSG, which is the same in every language. German is from memory. */
#include "lab.h"

#include <io.h>
#include <stdio.h>

struct message {
    DWORD number;
    const wchar_t *english, *german;
};

static const struct message messages[] = {
    {2182, L"The requested service has already been started.", L"Der angeforderte Dienst wurde bereits gestartet."},
    {2184, L"The service has not been started.", L"Der Dienst wurde nicht gestartet."},
    {2185, L"The service name is invalid.", L"Der Dienstname ist ung\u00fcltig."},
    {2186, L"The service is not responding to the control function.", L"Der Dienst antwortet nicht auf die Steuerungsfunktion."},
    {2189, L"The service could not be controlled in its present state.", L"Der Dienst konnte in seinem aktuellen Zustand nicht gesteuert werden."},
    {2191, L"The requested pause, continue, or stop is not valid for this service.", L"Die angeforderte Pause, Fortsetzung oder Beendigung ist f\u00fcr diesen Dienst ung\u00fcltig."},
    {3521, L"The %ls service is not started.", L"%ls wurde nicht gestartet."},
    {3534, L"The service did not report an error.", L"Der Dienst hat keinen Fehler gemeldet."},
};

static int fail(DWORD number, const wchar_t *service) {
    for (size_t i = 0; i < COUNT(messages); i++)
        if (messages[i].number == number) complain(speaks(L"de") ? messages[i].german : messages[i].english, service);
    complain(speaks(L"de") ? L"\n\nSie erhalten weitere Hilfe, wenn Sie NET HELPMSG %lu eingeben.\n\n"
                           : L"\n\nMore help is available by typing NET HELPMSG %lu.\n\n", number);
    return EXIT_FAILED;
}

static int system_error(DWORD error) {
    wchar_t text[DATA_CHARS];
    complain(speaks(L"de") ? L"Systemfehler %lu aufgetreten.\n\n%ls\n" : L"System error %lu has occurred.\n\n%ls\n", error,
             error_text(error, text));
    return EXIT_FAILED;
}

/* A service may be named by its display name too. */
static bool find(const wchar_t *given, wchar_t *name, wchar_t *display) {
    SERVICE_STATUS_PROCESS status;
    struct names all = all_services();
    wcsncpy(name, given, NAME_CHARS - 1);
    for (size_t i = 0; i < all.count && !service_status(name, &status); i++) {
        display_name(all.name[i], display);
        if (same(display, given)) wcscpy(name, all.name[i]);
    }
    free(all.name);
    display_name(name, display);
    return service_status(name, &status);
}

static int list_started(void) {
    say(speaks(L"de") ? L"Folgende Windows-Dienste sind gestartet:\n\n" : L"These Windows services are started:\n\n");
    struct names all = all_services();
    for (size_t i = 0; i < all.count; i++) {
        SERVICE_STATUS_PROCESS status;
        wchar_t display[NAME_CHARS];
        display_name(all.name[i], display);
        if (service_status(all.name[i], &status) && status.dwCurrentState != SERVICE_STOPPED) say(L"   %ls\n", display);
    }
    say(speaks(L"de") ? L"\nDer Befehl wurde erfolgreich ausgef\u00fchrt.\n\n" : L"\nThe command completed successfully.\n\n");
    return 0;
}

static int not_started(const wchar_t *name, const wchar_t *display) {
    SERVICE_STATUS_PROCESS status = {0};
    service_status(name, &status);
    complain(speaks(L"de") ? L"%ls konnte nicht gestartet werden.\n\n" : L"The %ls service could not be started.\n\n", display);
    return status.dwWin32ExitCode ? system_error(status.dwWin32ExitCode) : fail(3534, display);
}

static int start(const wchar_t *given) {
    wchar_t name[NAME_CHARS] = L"", display[NAME_CHARS];
    SERVICE_STATUS_PROCESS status;
    if (!elevated()) return system_error(ERROR_ACCESS_DENIED);
    if (!find(given, name, display)) return fail(2185, given);
    service_status(name, &status);
    if (status.dwCurrentState == SERVICE_START_PENDING || status.dwCurrentState == SERVICE_STOP_PENDING) {
        complain(L"The service is starting or stopping.  Please try again later.\n\n");
        return EXIT_FAILED;
    }
    if (status.dwCurrentState != SERVICE_STOPPED) return fail(2182, display);
    DWORD error = start_service(name);
    if (error) return system_error(error);
    say(speaks(L"de") ? L"%ls wird gestartet." : L"The %ls service is starting.", display);
    DWORD state = wait_while(name, SERVICE_START_PENDING);
    say(L"\n");
    if (state != SERVICE_RUNNING) return not_started(name, display);
    say(speaks(L"de") ? L"%ls wurde erfolgreich gestartet.\n\n" : L"The %ls service was started successfully.\n\n", display);
    return 0;
}

static int stop_one(const wchar_t *name) {
    SERVICE_STATUS before, *status = &before;
    wchar_t display[NAME_CHARS];
    display_name(name, display);
    DWORD error = stop_service(name, status);
    if (error == ERROR_SERVICE_NOT_ACTIVE) return fail(3521, display);
    if (error == ERROR_INVALID_SERVICE_CONTROL) return fail(2191, display);
    if (error == ERROR_SERVICE_CANNOT_ACCEPT_CTRL) {
        complain(L"The service is starting or stopping.  Please try again later.\n\n");
        return EXIT_FAILED;
    }
    if (error) return system_error(error);
    say(speaks(L"de") ? L"%ls wird beendet." : L"The %ls service is stopping.", display);
    DWORD state = wait_while(name, SERVICE_STOP_PENDING);
    say(L"\n");
    if (state == SERVICE_STOP_PENDING || state == SERVICE_RUNNING) {
        complain(speaks(L"de") ? L"%ls konnte nicht beendet werden.\n\n" : L"The %ls service could not be stopped.\n\n", display);
        return EXIT_FAILED;
    }
    say(speaks(L"de") ? L"%ls wurde erfolgreich beendet.\n\n" : L"The %ls service was stopped successfully.\n\n", display);
    return 0;
}

static bool consents(const struct names *dependents, const wchar_t *display, bool yes) {
    say(speaks(L"de") ? L"Folgende Dienste h\u00e4ngen vom Dienst %ls ab.\nDas Beenden des Dienstes %ls beendet auch diese Dienste.\n\n"
                      : L"The following services are dependent on the %ls service.\nStopping the %ls service will also stop these services.\n\n",
        display, display);
    for (size_t i = 0; i < dependents->count; i++) {
        wchar_t shown[NAME_CHARS];
        display_name(dependents->name[i], shown);
        say(L"   %ls\n", shown);
    }
    say(L"\n");
    if (yes) return true;
    char answer = 0;
    say(speaks(L"de") ? L"M\u00f6chten Sie diesen Vorgang fortsetzen? (J/N) [N]: " : L"Do you want to continue this operation? (Y/N) [N]: ");
    if (_read(0, &answer, 1) == 1 && (answer == 'y' || answer == 'Y' || answer == 'j' || answer == 'J')) return true;
    complain(speaks(L"de") ? L"\nEs wurde keine g\u00fcltige Antwort angegeben.\n" : L"\nNo valid response was provided.\n");
    return false;
}

static int stop(const wchar_t *given, bool yes) {
    wchar_t name[NAME_CHARS] = L"", display[NAME_CHARS];
    if (!elevated()) return system_error(ERROR_ACCESS_DENIED);
    if (!find(given, name, display)) return fail(2185, given);
    struct names dependents = dependents_of(name, true);
    if (dependents.count > 0 && !consents(&dependents, display, yes)) return EXIT_FAILED;
    for (size_t i = 0; i < dependents.count; i++)
        if (stop_one(dependents.name[i])) return EXIT_FAILED;
    return stop_one(name);
}

static int help_message(const wchar_t *number) {
    wchar_t text[DATA_CHARS];
    DWORD wanted = wcstoul(number, NULL, 10);
    for (size_t i = 0; i < COUNT(messages); i++)
        if (messages[i].number == wanted) {
            say(L"\n");
            say(speaks(L"de") ? messages[i].german : messages[i].english, L"***");
            say(L"\n\n");
            return 0;
        }
    say(L"\n%ls\n", error_text(wanted, text));
    return 0;
}

int tool(int argc, wchar_t **argv) {
    const wchar_t *verb = argc > 1 ? argv[1] : L"", *name = NULL;
    bool yes = false;
    for (int i = 2; i < argc; i++) {
        if (same(argv[i], L"/y") || same(argv[i], L"/yes")) yes = true;
        else if (!name) name = argv[i];
        else return complain(L"net %ls ... %ls: not part of the lab\n", verb, argv[i]), 9009;
    }
    if (same(verb, L"start")) return name ? start(name) : list_started();
    if (same(verb, L"stop") && name) return stop(name, yes);
    if (same(verb, L"helpmsg") && name) return help_message(name);
    complain(L"net %ls: not part of the lab\n", verb);
    return 9009;
}
