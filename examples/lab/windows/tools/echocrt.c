/* As echoargs, but as the Microsoft C runtime (msvcrt) parses the line; the two differ in odd quotes. */
#include "lab.h"

int __wgetmainargs(int *argc, wchar_t ***argv, wchar_t ***environment, int wildcards, int *new_mode);

int tool(int argc, wchar_t **argv) {
    int new_mode = 0;
    wchar_t **environment;
    __wgetmainargs(&argc, &argv, &environment, 0, &new_mode);
    echo_arguments(argc, argv);
    return 0;
}
