/* Runs once after each boot, when the service manager is up: starts the services of the scenario's boot list, and says
 * which code pages the machine has, for Wine puts those of the Unix locale there. */
#include "lab.h"

#define CODE_PAGES L"SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage"

int tool(int argc, wchar_t **argv) {
    (void)argc, (void)argv;
    wchar_t oem[16];
    if (setting_text(LAB, L"Oem", oem, COUNT(oem))) set_setting_text(CODE_PAGES, L"OEMCP", oem);
    set_setting_text(CODE_PAGES, L"ACP", L"1252");
    static wchar_t list[8 * DATA_CHARS];
    setting_text(LAB, L"Boot", list, COUNT(list));
    for (const wchar_t *at = list; *at; at += wcslen(at) + 1) start_service(at);
    struct names all = all_services();
    for (size_t i = 0; i < all.count; i++) wait_while(all.name[i], SERVICE_START_PENDING);
    return 0;
}
