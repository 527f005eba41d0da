/* Prints each argument in UTF-8 and a line feed, whatever the code page: as CommandLineToArgvW parses them. */
#include "lab.h"

int tool(int argc, wchar_t **argv) {
    echo_arguments(argc, argv);
    return 0;
}
