/* where.exe /r FOLDER NAME: every file of that name below a folder. Exit 1 where there is none. */
#include "lab.h"

static unsigned find(const wchar_t *folder, const wchar_t *name) {
    wchar_t path[MAX_PATH];
    WIN32_FIND_DATAW found;
    unsigned count = 0;
    size_t length = wcslen(folder);
    bool ends = length > 0 && folder[length - 1] == L'\\';
    if (length + 1 + wcslen(name) >= COUNT(path)) return 0;
    wcscat(wcscat(wcscpy(path, folder), ends ? L"" : L"\\"), name);
    DWORD kind = GetFileAttributesW(path);
    if (kind != INVALID_FILE_ATTRIBUTES && !(kind & FILE_ATTRIBUTE_DIRECTORY)) {
        say(L"%ls\n", path);
        count++;
    }
    wcscat(wcscat(wcscpy(path, folder), ends ? L"" : L"\\"), L"*");
    HANDLE search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE) return count;
    do {
        bool below = found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
        if (!below || same(found.cFileName, L".") || same(found.cFileName, L"..")) continue;
        if (length + 1 + wcslen(found.cFileName) >= COUNT(path)) continue;
        wcscat(wcscat(wcscpy(path, folder), ends ? L"" : L"\\"), found.cFileName);
        count += find(path, name);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    return count;
}

int tool(int argc, wchar_t **argv) {
    if (argc != 4 || !same(argv[1], L"/r") || wcspbrk(argv[3], L"*?$:")) return complain(L"where: not part of the lab\n"), 9009;
    if (find(argv[2], argv[3])) return 0;
    complain(L"INFO: Could not find files for the given pattern(s).\n");
    return 1;
}
