/* Stands in for every program that the lab does not have, under that program's name, so that none seems to work. */
#include "lab.h"

int tool(int argc, wchar_t **argv) {
    (void)argc, (void)argv;
    wchar_t self[MAX_PATH];
    GetModuleFileNameW(NULL, self, COUNT(self));
    complain(L"%ls: not part of the lab\n", self);
    return 9009;
}
