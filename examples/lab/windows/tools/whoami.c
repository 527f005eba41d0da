/* whoami.exe: plain, and /groups /fo csv [/nh]. Nothing else. */
#include "lab.h"

struct group {
    const wchar_t *name, *type, *sid, *attributes;
};

#define ENABLED L"Mandatory group, Enabled by default, Enabled group"

static void line(const struct group *group) {
    say(L"\"%ls\",\"%ls\",\"%ls\",\"%ls\"\n", group->name, group->type, group->sid, group->attributes);
}

static int groups(bool header) {
    wchar_t level[16] = L"high";
    GetEnvironmentVariableW(L"VMFIX_LAB_INTEGRITY", level, COUNT(level));
    bool high = elevated();
    const struct group first[] = {
        {L"Everyone", L"Well-known group", L"S-1-1-0", ENABLED},
        {L"BUILTIN\\Administrators", L"Alias", L"S-1-5-32-544",
         high ? ENABLED L", Group owner" : L"Group used for deny only"},
        {L"BUILTIN\\Users", L"Alias", L"S-1-5-32-545", ENABLED},
        {L"NT AUTHORITY\\NETWORK", L"Well-known group", L"S-1-5-2", ENABLED},
        {L"NT AUTHORITY\\Authenticated Users", L"Well-known group", L"S-1-5-11", ENABLED},
    };
    const struct group labels[] = {
        {L"Mandatory Label\\Medium Mandatory Level", L"Label", L"S-1-16-8192", L""},
        {L"Mandatory Label\\High Mandatory Level", L"Label", L"S-1-16-12288", L""},
        {L"Mandatory Label\\System Mandatory Level", L"Label", L"S-1-16-16384", L""},
    };
    if (header) say(L"\"Group Name\",\"Type\",\"SID\",\"Attributes\"\n");
    for (size_t i = 0; i < COUNT(first); i++) line(&first[i]);
    line(&labels[same(level, L"system") ? 2 : high ? 1 : 0]);
    return 0;
}

int tool(int argc, wchar_t **argv) {
    bool want_groups = false, csv = false, header = true;
    for (int i = 1; i < argc; i++) {
        if (same(argv[i], L"/groups")) want_groups = true;
        else if (same(argv[i], L"/nh")) header = false;
        else if (same(argv[i], L"/fo") && i + 1 < argc && same(argv[i + 1], L"csv")) csv = true, i++;
        else return complain(L"whoami %ls: not part of the lab\n", argv[i]), 9009;
    }
    if (argc == 1) {
        wchar_t host[NAME_CHARS] = L"", user[NAME_CHARS] = L"";
        setting_text(LAB, L"HostName", host, COUNT(host));
        GetEnvironmentVariableW(L"USERNAME", user, COUNT(user));
        CharLowerW(host);
        say(L"%ls\\%ls\n", host, user);
        return 0;
    }
    if (!want_groups || !csv) return complain(L"whoami without /fo csv: not part of the lab\n"), 9009;
    return groups(header);
}
