/* hostname.exe */
#include "lab.h"

int tool(int argc, wchar_t **argv) {
    wchar_t name[NAME_CHARS] = L"";
    if (argc > 1) return complain(L"sethostname: Use the Network Control Panel Applet to set hostname.\nhostname -s is not supported.\n"), 1;
    (void)argv;
    if (!setting_text(LAB, L"HostName", name, COUNT(name))) return 1;
    say(L"%ls\n", name);
    return 0;
}
