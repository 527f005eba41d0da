/* chcp.com: shows the code page. Setting another one is not part of the lab: the shell's option does that. */
#include "lab.h"

int tool(int argc, wchar_t **argv) {
    if (argc > 1 && wcstoul(argv[1], NULL, 10) != code_page())
        return complain(L"chcp %ls: not part of the lab; ask the shell for another code page\n", argv[1]), 9009;
    say(speaks(L"de") ? L"Aktive Codepage: %u.\n" : speaks(L"da") ? L"Aktiv tegntabel: %u\n"
        : speaks(L"fr") ? L"Page de codes active\u00a0: %u\n" : L"Active code page: %u\n", code_page());
    return 0;
}
