/* reg.exe: query, add, delete. Exit code 0 or 1; errors on stderr. Wine's own writes other texts, prompts otherwise and
 * knows no /reg:32. */
#include "lab.h"

#include <io.h>
#include <stdio.h>
#include <string.h>

#define LONGEST (64 * 1024) /* of a value's data, in bytes */

struct order {
    HKEY root;
    const wchar_t *root_name, *path; /* below the root */
    const wchar_t *value, *type, *data, *separator; /* value: null for none, "" for the default value */
    bool force, recurse, all_values;
    REGSAM view;
};

static const struct {
    const wchar_t *brief, *name;
    HKEY key;
} roots[] = {
    {L"HKLM", L"HKEY_LOCAL_MACHINE", HKEY_LOCAL_MACHINE}, {L"HKCU", L"HKEY_CURRENT_USER", HKEY_CURRENT_USER},
    {L"HKCR", L"HKEY_CLASSES_ROOT", HKEY_CLASSES_ROOT},   {L"HKU", L"HKEY_USERS", HKEY_USERS},
    {L"HKCC", L"HKEY_CURRENT_CONFIG", HKEY_CURRENT_CONFIG},
};

static const wchar_t *types[] = {L"REG_NONE",      L"REG_SZ",       L"REG_EXPAND_SZ", L"REG_BINARY",
                                 L"REG_DWORD",     L"REG_DWORD_BIG_ENDIAN", L"REG_LINK", L"REG_MULTI_SZ",
                                 L"",              L"",             L"",              L"REG_QWORD"};

static int fail(const wchar_t *english, const wchar_t *german) {
    complain(L"%ls\n", speaks(L"de") ? german : english);
    return 1;
}

static int syntax(const wchar_t *verb) {
    complain(L"ERROR: Invalid syntax.\nType \"REG %ls /?\" for usage.\n", verb);
    return 1;
}

static int refused(LSTATUS status) {
    if (status == ERROR_ACCESS_DENIED) return fail(L"ERROR: Access is denied.", L"FEHLER: Zugriff verweigert");
    return fail(L"ERROR: The system was unable to find the specified registry key or value.",
                L"FEHLER: Der angegebene Registrierungsschl\u00fcssel bzw. Wert wurde nicht gefunden.");
}

static bool parse_key(const wchar_t *text, struct order *order) {
    const wchar_t *backslash = wcschr(text, L'\\');
    size_t length = backslash ? (size_t)(backslash - text) : wcslen(text);
    for (size_t i = 0; i < COUNT(roots); i++)
        for (int long_name = 0; long_name < 2; long_name++) {
            const wchar_t *name = long_name ? roots[i].name : roots[i].brief;
            if (wcslen(name) != length || CompareStringOrdinal(text, length, name, length, TRUE) != CSTR_EQUAL) continue;
            order->root = roots[i].key;
            order->root_name = roots[i].name;
            order->path = backslash ? backslash + 1 : L"";
            return true;
        }
    return false;
}

static bool parse(int argc, wchar_t **argv, struct order *order) {
    *order = (struct order){.type = L"REG_SZ", .data = L"", .separator = L"\\0", .view = KEY_WOW64_64KEY};
    if (argc < 3 || !parse_key(argv[2], order)) return false;
    for (int i = 3; i < argc; i++) {
        bool more = i + 1 < argc;
        if (same(argv[i], L"/f") && !same(argv[1], L"query")) order->force = true;
        else if (same(argv[i], L"/va") && same(argv[1], L"delete")) order->all_values = true;
        else if (same(argv[i], L"/ve")) order->value = L"";
        else if (same(argv[i], L"/s") && same(argv[1], L"query")) order->recurse = true;
        else if (same(argv[i], L"/reg:64")) order->view = KEY_WOW64_64KEY;
        else if (same(argv[i], L"/reg:32")) order->view = KEY_WOW64_32KEY;
        else if (same(argv[i], L"/v") && more) order->value = argv[++i];
        else if (same(argv[i], L"/t") && more && same(argv[1], L"add")) order->type = argv[++i];
        else if (same(argv[i], L"/d") && more && same(argv[1], L"add")) order->data = argv[++i];
        else if (same(argv[i], L"/s") && more && same(argv[1], L"add")) order->separator = argv[++i];
        else return false;
    }
    return true;
}

/* --- query --------------------------------------------------------------------------------------------------------- */
static void print_value(const wchar_t *name, DWORD type, const BYTE *data, DWORD size) {
    say(L"    %ls    %ls    ", *name ? name : speaks(L"de") ? L"(Standard)" : L"(Default)",
        type < COUNT(types) ? types[type] : L"REG_NONE");
    if (type == REG_DWORD && size == 4) say(L"0x%lx", *(const DWORD *)data);
    else if (type == REG_QWORD && size == 8) say(L"0x%I64x", *(const uint64_t *)data);
    else if (type == REG_SZ || type == REG_EXPAND_SZ) say(L"%ls", (const wchar_t *)data);
    else if (type == REG_MULTI_SZ) {
        for (const wchar_t *at = (const wchar_t *)data; *at; at += wcslen(at) + 1)
            say(at == (const wchar_t *)data ? L"%ls" : L"\\0%ls", at);
    } else {
        for (DWORD i = 0; i < size; i++) say(L"%02X", data[i]);
    }
    say(L"\n");
}

/* The number of values shown: all, or the one of that name. */
static unsigned print_values(HKEY key, const wchar_t *path, const wchar_t *wanted) {
    static wchar_t name[16384];
    static BYTE data[LONGEST + 4];
    unsigned shown = 0;
    for (DWORD i = 0, type;; i++) {
        DWORD chars = COUNT(name), size = LONGEST;
        memset(data, 0, sizeof(data)); /* a string without its zero gets one */
        if (RegEnumValueW(key, i, name, &chars, NULL, &type, data, &size)) break;
        if (wanted && !same(name, wanted)) continue;
        if (shown++ == 0) say(L"\n%ls\n", path);
        print_value(name, type, data, size);
    }
    if (shown > 0) say(L"\n");
    return shown;
}

static unsigned print_key(HKEY root, REGSAM view, const wchar_t *path, const wchar_t *shown, const wchar_t *value, bool recurse) {
    HKEY key;
    wchar_t name[NAME_CHARS], below[4 * NAME_CHARS], below_shown[4 * NAME_CHARS];
    if (RegOpenKeyExW(root, path, 0, KEY_READ | view, &key)) return 0;
    unsigned found = print_values(key, shown, value);
    for (DWORD i = 0, chars = COUNT(name); !RegEnumKeyExW(key, i, name, &chars, NULL, NULL, NULL, NULL); i++) {
        swprintf(below, COUNT(below), *path ? L"%ls\\%ls" : L"%ls%ls", path, name);
        swprintf(below_shown, COUNT(below_shown), L"%ls\\%ls", shown, name);
        if (!value && !recurse) say(L"%ls\n", below_shown);
        if (recurse) found += print_key(root, view, below, below_shown, value, true);
        chars = COUNT(name);
    }
    RegCloseKey(key);
    return found;
}

static int query(const struct order *order) {
    HKEY key;
    wchar_t shown[4 * NAME_CHARS];
    LSTATUS status = RegOpenKeyExW(order->root, order->path, 0, KEY_READ | order->view, &key);
    if (status) return refused(status);
    if (order->value && !order->recurse && RegQueryValueExW(key, order->value, NULL, NULL, NULL, NULL))
        return refused(ERROR_FILE_NOT_FOUND);
    swprintf(shown, COUNT(shown), *order->path ? L"%ls\\%ls" : L"%ls", order->root_name, order->path);
    unsigned found = print_key(order->root, order->view, order->path, shown, order->value, order->recurse);
    if (order->value && order->recurse) say(L"End of search: %u match(es) found.\n", found);
    return order->value && found == 0;
}

/* --- add and delete ------------------------------------------------------------------------------------------------- */
static bool confirmed(const wchar_t *english, const wchar_t *about) {
    char answer = 0;
    say(english, about);
    if (_read(0, &answer, 1) == 1 && (answer == 'y' || answer == 'Y')) return true;
    say(L"\n");
    complain(L"ERROR: The operation was cancelled.\n");
    return false;
}

static DWORD type_number(const wchar_t *name) {
    for (DWORD i = 0; i < COUNT(types); i++)
        if (*types[i] && same(types[i], name)) return i;
    return ~0u;
}

static DWORD convert(const struct order *order, DWORD type, BYTE *data) {
    wchar_t *text = (wchar_t *)data, *end;
    size_t length = wcslen(order->data), width = wcslen(order->separator);
    if (2 * (length + 2) > LONGEST) return ~0u;
    if (type == REG_DWORD || type == REG_QWORD) {
        uint64_t number = _wcstoui64(order->data, &end, 0);
        if (*end || !*order->data || (type == REG_DWORD && number > 0xffffffff)) return ~0u;
        memcpy(data, &number, type == REG_DWORD ? 4 : 8);
        return type == REG_DWORD ? 4 : 8;
    }
    if (type == REG_BINARY) {
        for (size_t i = 0; i + 1 < length; i += 2) {
            wchar_t pair[3] = {order->data[i], order->data[i + 1]};
            data[i / 2] = wcstoul(pair, &end, 16);
            if (*end) return ~0u;
        }
        return length % 2 ? ~0u : length / 2;
    }
    if (type != REG_MULTI_SZ) return 2 * (wcslen(wcscpy(text, order->data)) + 1);
    wchar_t *to = text;
    for (const wchar_t *at = order->data; *at;) {
        bool cut = width && !wcsncmp(at, order->separator, width);
        *to++ = cut ? 0 : *at;
        at += cut ? width : 1;
    }
    if (to > text && to[-1]) *to++ = 0;
    *to++ = 0;
    return 2 * (to - text);
}

static int add(const struct order *order) {
    static BYTE data[LONGEST];
    HKEY key;
    DWORD type = type_number(order->type), size = type == ~0u ? ~0u : convert(order, type, data);
    if (size == ~0u) return syntax(L"ADD");
    if (!elevated() && order->root == HKEY_LOCAL_MACHINE) return refused(ERROR_ACCESS_DENIED);
    LSTATUS status = RegCreateKeyExW(order->root, order->path, 0, NULL, 0, KEY_ALL_ACCESS | order->view, NULL, &key, NULL);
    if (status) return refused(status);
    if (order->value) {
        bool exists = !RegQueryValueExW(key, order->value, NULL, NULL, NULL, NULL);
        if (exists && !order->force && !confirmed(L"Value %ls exists, overwrite(Yes/No)? ", order->value)) return 1;
        status = RegSetValueExW(key, order->value, 0, type, data, size);
        if (status) return refused(status);
    }
    say(speaks(L"de") ? L"Der Vorgang wurde erfolgreich beendet.\n" : L"The operation completed successfully.\n");
    return 0;
}

static LSTATUS delete_values(HKEY key) {
    wchar_t name[16384];
    for (DWORD chars = COUNT(name); !RegEnumValueW(key, 0, name, &chars, NULL, NULL, NULL, NULL); chars = COUNT(name)) {
        LSTATUS status = RegDeleteValueW(key, name);
        if (status) return status;
    }
    return ERROR_SUCCESS;
}

static int delete(const struct order *order) {
    HKEY key;
    if (!elevated() && order->root == HKEY_LOCAL_MACHINE) return refused(ERROR_ACCESS_DENIED);
    LSTATUS status = RegOpenKeyExW(order->root, order->path, 0, KEY_ALL_ACCESS | order->view, &key);
    if (status) return refused(status);
    if (order->value && RegQueryValueExW(key, order->value, NULL, NULL, NULL, NULL)) return refused(ERROR_FILE_NOT_FOUND);
    const wchar_t *question = order->value ? L"Delete the registry value %ls (Yes/No)? "
                                           : L"Permanently delete the registry key %ls (Yes/No)? ";
    if (!order->force && !confirmed(question, order->value ? order->value : order->path)) return 1;
    if (order->value) status = RegDeleteValueW(key, order->value);
    else if (order->all_values) status = delete_values(key);
    else if (!(status = RegDeleteTreeW(key, NULL))) status = RegDeleteKeyExW(order->root, order->path, order->view, 0);
    if (status) return refused(status);
    say(speaks(L"de") ? L"Der Vorgang wurde erfolgreich beendet.\n" : L"The operation completed successfully.\n");
    return 0;
}

int tool(int argc, wchar_t **argv) {
    struct order order;
    const wchar_t *verb = argc > 1 ? argv[1] : L"";
    bool queries = same(verb, L"query"), adds = same(verb, L"add"), deletes = same(verb, L"delete");
    if (!queries && !adds && !deletes) return complain(L"reg %ls: not part of the lab\n", verb), 9009;
    if (!parse(argc, argv, &order)) return syntax(queries ? L"QUERY" : adds ? L"ADD" : L"DELETE");
    return queries ? query(&order) : adds ? add(&order) : delete(&order);
}
