/* shutdown.exe: /r [/t SECONDS] [/f] [/c TEXT] [/d REASON], and /a while the time runs. */
#include "lab.h"

#include <stdio.h>

static int pull_the_plug(unsigned seconds) {
    HANDLE aborted = CreateEventW(NULL, TRUE, FALSE, L"Global\\vmfix-lab-shutdown");
    if (WaitForSingleObject(aborted, 1000 * seconds) == WAIT_OBJECT_0) return 0;
    HANDLE pipe = CreateFileW(L"C:\\lab\\power", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    put_bytes(pipe, "reboot\n", 7);
    return 0;
}

static int refuse(DWORD error) {
    wchar_t text[DATA_CHARS];
    text[wcscspn(error_text(error, text), L"\n")] = 0;
    complain(L"%ls(%lu)\n", text, error);
    return error;
}

static int abort_it(void) {
    HANDLE planned = OpenEventW(EVENT_MODIFY_STATE, FALSE, L"Global\\vmfix-lab-shutdown");
    if (!planned) return refuse(ERROR_NO_SHUTDOWN_IN_PROGRESS);
    SetEvent(planned);
    return 0;
}

int tool(int argc, wchar_t **argv) {
    bool reboot = false;
    unsigned seconds = 30;
    if (argc == 3 && same(argv[1], L"/lab-wait")) return pull_the_plug(wcstoul(argv[2], NULL, 10));
    for (int i = 1; i < argc; i++) {
        const wchar_t *option = argv[i] + (argv[i][0] == L'/' || argv[i][0] == L'-');
        bool more = i + 1 < argc;
        if (same(option, L"r")) reboot = true;
        else if (same(option, L"a")) return elevated() ? abort_it() : refuse(ERROR_ACCESS_DENIED);
        else if (same(option, L"t") && more) seconds = wcstoul(argv[++i], NULL, 10);
        else if ((same(option, L"c") || same(option, L"d")) && more) i++;
        else if (!same(option, L"f")) return complain(L"shutdown %ls: not part of the lab\n", argv[i]), 9009;
    }
    if (!reboot) return complain(L"shutdown without /r: not part of the lab\n"), 9009;
    if (!elevated()) return refuse(ERROR_ACCESS_DENIED);
    if (OpenEventW(SYNCHRONIZE, FALSE, L"Global\\vmfix-lab-shutdown"))
        return complain(L"A system shutdown has already been scheduled.(1190)\n"), 1190;
    wchar_t command[128];
    swprintf(command, COUNT(command), L"C:\\windows\\system32\\shutdown.exe /lab-wait %u", seconds);
    return run_command(command, false) < 0 ? (int)GetLastError() : 0;
}
