/* wevtutil.exe: qe LOG [/rd:true] [/c:N] [/f:xml] ["/q:XPATH"]. Events are lines of C:\lab\events.tsv, oldest first:
 *
 *     log TAB provider TAB event id TAB level TAB ms since 1970 (negative: before the first boot) TAB data
 *
 * and each boot of the target is Kernel-General 12 in System. Of XPath there is what remedies need: one
 * *[System[...]] with and, or, brackets, EventID, Level, Provider[@Name='x'], TimeCreated[timediff(@SystemTime) <= ms].
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#define INVALID_QUERY 15001
#define CHANNEL_NOT_FOUND 15007
#define MOST_EVENTS 512

struct event {
    char log[64], provider[128], data[1024];
    int id, level;
    int64_t at_ms;
};

static struct event events[MOST_EVENTS];
static size_t event_count;

/* --- the query ------------------------------------------------------------------------------------------------------ */
static const wchar_t *at; /* what is left of the query */
static bool wrong;

static void skip_blanks(void) {
    while (*at == L' ') at++;
}

static bool take(const wchar_t *token) {
    skip_blanks();
    if (wcsncmp(at, token, wcslen(token))) return false;
    at += wcslen(token);
    return true;
}

static void need(const wchar_t *token) {
    if (!take(token)) wrong = true;
}

static bool compare(int64_t value) {
    static const wchar_t *signs[] = {L"<=", L">=", L"!=", L"=", L"<", L">"};
    for (size_t i = 0; i < COUNT(signs); i++) {
        if (!take(signs[i])) continue;
        skip_blanks();
        wchar_t *end;
        int64_t with = _wcstoi64(at, &end, 10);
        if (end == at) break;
        at = end;
        const bool results[] = {value <= with, value >= with, value != with, value == with, value < with, value > with};
        return results[i];
    }
    wrong = true;
    return false;
}

static bool any(const struct event *event, bool (*term)(const struct event *));

static bool provider_name(const struct event *event) {
    if (take(L"(")) {
        bool holds = any(event, provider_name);
        need(L")");
        return holds;
    }
    need(L"@Name");
    need(L"=");
    skip_blanks();
    wchar_t quote = *at, name[128] = L"";
    if (quote != L'\'' && quote != L'"') return wrong = true, false;
    for (size_t i = 0; *++at && *at != quote; i++)
        if (i < COUNT(name) - 1) name[i] = *at;
    if (*at) at++;
    wchar_t wide[128];
    MultiByteToWideChar(CP_UTF8, 0, event->provider, -1, wide, COUNT(wide));
    return !wcscmp(name, wide); /* case-sensitive, as on Windows */
}

static bool time_created(const struct event *event) {
    need(L"timediff(@SystemTime)");
    return compare(now_ms() - event->at_ms);
}

static bool system_term(const struct event *event) {
    bool holds = false;
    if (take(L"(")) {
        holds = any(event, system_term);
        need(L")");
    } else if (take(L"EventID")) holds = compare(event->id);
    else if (take(L"Level")) holds = compare(event->level);
    else if (take(L"Provider[")) holds = any(event, provider_name), need(L"]");
    else if (take(L"TimeCreated[")) holds = any(event, time_created), need(L"]");
    else wrong = true;
    return holds;
}

static bool all(const struct event *event, bool (*term)(const struct event *)) {
    bool holds = term(event);
    while (!wrong && take(L"and ")) holds = term(event) && holds; /* both are read, whatever the first says */
    return holds;
}

static bool any(const struct event *event, bool (*term)(const struct event *)) {
    bool holds = all(event, term);
    while (!wrong && take(L"or ")) holds = all(event, term) || holds;
    return holds;
}

static bool matches(const struct event *event, const wchar_t *query) {
    at = query;
    if (!*query || !wcscmp(query, L"*")) return true;
    need(L"*[System[");
    bool holds = any(event, system_term);
    need(L"]");
    need(L"]");
    skip_blanks();
    if (*at) wrong = true;
    return holds;
}

/* --- the events ----------------------------------------------------------------------------------------------------- */
static void add_event(const char *log, const char *provider, int id, int level, int64_t at_ms, const char *data) {
    if (event_count == MOST_EVENTS) return;
    struct event *event = &events[event_count++];
    snprintf(event->log, sizeof(event->log), "%s", log);
    snprintf(event->provider, sizeof(event->provider), "%s", provider);
    snprintf(event->data, sizeof(event->data), "%s", data);
    event->id = id, event->level = level, event->at_ms = at_ms;
}

static int by_time(const void *a, const void *b) {
    int64_t x = ((const struct event *)a)->at_ms, y = ((const struct event *)b)->at_ms;
    return (x > y) - (x < y);
}

static void read_events(void) {
    static char line[4096];
    long long booted, first = 0;
    FILE *file = _wfopen(L"C:\\lab\\boots", L"rb");
    while (file && fscanf(file, "%lld", &booted) == 1) {
        if (!first) first = booted;
        add_event("System", "Microsoft-Windows-Kernel-General", 12, 4, booted, "");
    }
    if (file) fclose(file);
    file = _wfopen(L"C:\\lab\\events.tsv", L"rb");
    while (file && fgets(line, sizeof(line), file)) {
        char *field[6];
        size_t count = 0;
        for (char *next = strtok(line, "\t\r\n"); next && count < 6; next = strtok(NULL, "\t\r\n")) field[count++] = next;
        if (count < 5) continue;
        int64_t when = atoll(field[4]);
        add_event(field[0], field[1], atoi(field[2]), atoi(field[3]), when < 0 ? first + when : when, count > 5 ? field[5] : "");
    }
    if (file) fclose(file);
    qsort(events, event_count, sizeof(*events), by_time);
}

static void print_event(const struct event *event, size_t record) {
    wchar_t data[1024], log[64], provider[128], host[NAME_CHARS] = L"";
    MultiByteToWideChar(CP_UTF8, 0, event->data, -1, data, COUNT(data));
    MultiByteToWideChar(CP_UTF8, 0, event->log, -1, log, COUNT(log));
    MultiByteToWideChar(CP_UTF8, 0, event->provider, -1, provider, COUNT(provider));
    setting_text(LAB, L"HostName", host, COUNT(host));
    ULARGE_INTEGER ticks = {.QuadPart = (uint64_t)(event->at_ms + 11644473600000) * 10000};
    FILETIME file_time = {ticks.LowPart, ticks.HighPart};
    SYSTEMTIME time;
    FileTimeToSystemTime(&file_time, &time);
    say(L"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='%ls'/>"
        L"<EventID Qualifiers='0'>%d</EventID><Version>0</Version><Level>%d</Level><Task>0</Task><Opcode>0</Opcode>"
        L"<Keywords>0x80000000000000</Keywords>"
        L"<TimeCreated SystemTime='%04u-%02u-%02uT%02u:%02u:%02u.%03u0000Z'/><EventRecordID>%u</EventRecordID>"
        L"<Correlation/><Execution ProcessID='0' ThreadID='0'/><Channel>%ls</Channel><Computer>%ls</Computer><Security/>"
        L"</System><EventData>%ls%ls%ls</EventData></Event>\n",
        provider, event->id, event->level, time.wYear, time.wMonth, time.wDay, time.wHour, time.wMinute, time.wSecond,
        time.wMilliseconds, (unsigned)record + 1, log, host, *data ? L"<Data>" : L"", data, *data ? L"</Data>" : L"");
}

static int query_events(const char *log, const wchar_t *query, size_t most, bool newest_first) {
    for (size_t i = 0, shown = 0; i < event_count && shown < most; i++) {
        size_t which = newest_first ? event_count - 1 - i : i;
        if (_stricmp(events[which].log, log) || !matches(&events[which], query)) continue;
        if (wrong) break;
        print_event(&events[which], which);
        shown++;
    }
    return 0;
}

static int fail(const wchar_t *text, int code) {
    complain(L"%ls\n", text);
    return code;
}

int tool(int argc, wchar_t **argv) {
    static const wchar_t *channels[] = {L"Application", L"System", L"Security", L"Setup"};
    const wchar_t *query = L"*";
    size_t most = SIZE_MAX;
    bool newest_first = false, xml = true, known = false;
    if (argc < 3 || !(same(argv[1], L"qe") || same(argv[1], L"query-events")))
        return complain(L"wevtutil %ls: not part of the lab\n", argc > 1 ? argv[1] : L""), 9009;
    for (int i = 3; i < argc; i++) {
        const wchar_t *value = wcschr(argv[i], L':') ? wcschr(argv[i], L':') + 1 : L"";
        if (starts(argv[i], L"/rd:")) newest_first = same(value, L"true");
        else if (starts(argv[i], L"/c:")) most = wcstoul(value, NULL, 10);
        else if (starts(argv[i], L"/f:")) xml = same(value, L"xml");
        else if (starts(argv[i], L"/q:")) query = value;
        else return complain(L"wevtutil %ls: not part of the lab\n", argv[i]), 9009;
    }
    if (!xml) return complain(L"wevtutil without /f:xml: not part of the lab\n"), 9009;
    for (size_t i = 0; i < COUNT(channels); i++) known = known || same(argv[2], channels[i]);
    if (!known) return fail(L"Failed to read events. The specified channel could not be found.", CHANNEL_NOT_FOUND);
    struct event probe = {0};
    matches(&probe, query);
    if (wrong) return fail(L"Failed to read events. The specified query is invalid.", INVALID_QUERY);
    read_events();
    char log[64];
    WideCharToMultiByte(CP_UTF8, 0, argv[2], -1, log, sizeof(log), NULL, NULL);
    return query_events(log, query, most, newest_first);
}
