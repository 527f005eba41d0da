/* Runs one command line for the endpoint, which talks to it in frames over stdin and stdout.
 *
 * A frame is a letter, a length (32 bits, little endian) and that many bytes.
 *   in:  S start: code page, skip cmd.exe (0 or 1), folder, line, then NAME=VALUE...; UTF-16, each ended by a zero
 *        D data for the command's stdin    C close its stdin    K end the command    T end it and all that it started
 *   out: R it runs, or F it cannot be started: the Win32 error (4 bytes), and that was all
 *        O stdout   E stderr, each with an empty frame at its end   X exit code (4 bytes), as soon as it is known
 * stdin's own end counts as T: nobody is left to care.
 *
 * The command gets pipes of its own rather than our handles, for below Wine every descendant inherits the Unix
 * descriptor of stderr, whatever its parent says, and stderr would never end.
 */
#include "lab.h"

#include <string.h>

static CRITICAL_SECTION out_lock;
static HANDLE job, input;
static PROCESS_INFORMATION child;

static void send_frame(char kind, const void *bytes, uint32_t count) {
    char head[5] = {kind};
    memcpy(head + 1, &count, sizeof(count));
    EnterCriticalSection(&out_lock);
    put_bytes(GetStdHandle(STD_OUTPUT_HANDLE), head, sizeof(head));
    put_bytes(GetStdHandle(STD_OUTPUT_HANDLE), bytes, count);
    LeaveCriticalSection(&out_lock);
}

static bool receive(void *buffer, DWORD count) {
    for (DWORD done; count > 0; buffer = (char *)buffer + done, count -= done)
        if (!ReadFile(GetStdHandle(STD_INPUT_HANDLE), buffer, count, &done, NULL) || done == 0) return false;
    return true;
}

struct relay {
    HANDLE from;
    char kind;
};

static DWORD WINAPI relay(void *argument) {
    struct relay *relay = argument;
    char buffer[32 * 1024];
    for (DWORD count; ReadFile(relay->from, buffer, sizeof(buffer), &count, NULL);)
        if (count > 0) send_frame(relay->kind, buffer, count);
    send_frame(relay->kind, NULL, 0);
    return 0;
}

static void close_input(void) {
    if (input) CloseHandle(input);
    input = NULL;
}

static DWORD WINAPI obey(void *unused) {
    (void)unused;
    char head[5];
    while (receive(head, sizeof(head))) {
        uint32_t count;
        memcpy(&count, head + 1, sizeof(count));
        char *bytes = malloc(count + 1);
        if (!bytes || !receive(bytes, count)) break;
        if (head[0] == 'D' && input) put_bytes(input, bytes, count); /* a command that does not read any more is no error */
        if (head[0] == 'C') close_input();
        if (head[0] == 'K') TerminateProcess(child.hProcess, 1);
        if (head[0] == 'T') TerminateJobObject(job, 1);
        free(bytes);
    }
    TerminateJobObject(job, 1);
    return 0;
}

static HANDLE pipe_for(HANDLE *mine, bool reads) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    HANDLE from, to;
    CreatePipe(&from, &to, &inherited, 0);
    *mine = reads ? to : from;
    SetHandleInformation(*mine, HANDLE_FLAG_INHERIT, 0);
    return reads ? from : to;
}

static wchar_t *next(wchar_t **at) {
    wchar_t *text = *at;
    *at += wcslen(text) + 1;
    return text;
}

/* Job control lets a tool leave on purpose (msdtc goes on by itself), and nothing else. */
static void make_job(void) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    job = CreateJobObjectW(NULL, NULL);
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
}

static DWORD start(wchar_t *at, HANDLE *outputs) {
    wchar_t *page = next(&at), *skip = next(&at), *folder = next(&at), *line = next(&at);
    static wchar_t command[40000];
    if (wcslen(line) > 32000) return ERROR_FILENAME_EXCED_RANGE;
    wcscpy(command, same(skip, L"1") ? L"" : L"C:\\windows\\system32\\cmd.exe /c ");
    wcscat(command, line);
    while (*at) {
        wchar_t *name = next(&at), *value = wcschr(name + 1, L'=');
        if (!value) continue;
        *value = 0;
        SetEnvironmentVariableW(name, value + 1);
    }
    SetEnvironmentVariableW(L"VMFIX_LAB_CODEPAGE", page);
    STARTUPINFOW info = {.cb = sizeof(info), .dwFlags = STARTF_USESTDHANDLES};
    info.hStdInput = pipe_for(&input, true);
    info.hStdOutput = pipe_for(&outputs[0], false);
    info.hStdError = pipe_for(&outputs[1], false);
    make_job();
    DWORD flags = CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP;
    DWORD error = CreateProcessW(NULL, command, NULL, NULL, TRUE, flags, NULL, *folder ? folder : NULL, &info, &child)
                      ? ERROR_SUCCESS
                      : GetLastError();
    CloseHandle(info.hStdInput);
    CloseHandle(info.hStdOutput);
    CloseHandle(info.hStdError);
    if (error) return error;
    AssignProcessToJobObject(job, child.hProcess);
    ResumeThread(child.hThread);
    return ERROR_SUCCESS;
}

/* What the command started may go on after it, as on Windows; we stay as long, to be able to end it. */
static void outlive_all(void) {
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION about;
    while (QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &about, sizeof(about), NULL) &&
           about.ActiveProcesses > 0)
        Sleep(100);
}

int tool(int argc, wchar_t **argv) {
    (void)argc, (void)argv;
    InitializeCriticalSection(&out_lock);
    char head[5];
    uint32_t count;
    if (!receive(head, sizeof(head)) || head[0] != 'S') return 1;
    memcpy(&count, head + 1, sizeof(count));
    wchar_t *order = calloc(1, count + 2 * sizeof(*order));
    if (!order || !receive(order, count)) return 1;
    HANDLE outputs[2];
    DWORD code = start(order, outputs);
    send_frame(code ? 'F' : 'R', &code, sizeof(code));
    if (code) return 0;
    struct relay relays[2] = {{outputs[0], 'O'}, {outputs[1], 'E'}};
    HANDLE threads[2];
    for (int i = 0; i < 2; i++) threads[i] = CreateThread(NULL, 0, relay, &relays[i], 0, NULL);
    CreateThread(NULL, 0, obey, NULL, 0, NULL);
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    send_frame('X', &code, sizeof(code));
    WaitForMultipleObjects(2, threads, TRUE, INFINITE);
    outlive_all();
    return 0;
}
