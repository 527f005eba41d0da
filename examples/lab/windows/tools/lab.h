/* What the lab's Win32 tools share: output in the right code page, the scenario's settings, services. */
#ifndef LAB_H
#define LAB_H

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <wchar.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME_CHARS 256 /* a service name, and a key name, is no longer */
#define DATA_CHARS 1024
#define SERVICES L"SYSTEM\\CurrentControlSet\\Services"
#define LAB L"SOFTWARE\\vmfix lab"
#define EXIT_FAILED 2 /* what net and vssadmin exit with, whatever went wrong */

/* --- text.c ------------------------------------------------------------------------------------------------------ */
/* Each tool has tool(), and gets its arguments as CommandLineToArgvW parses them, whatever the C runtime would do. */
int tool(int argc, wchar_t **argv);
void say(const wchar_t *format, ...);      /* to stdout; "\n" becomes CR LF */
void complain(const wchar_t *format, ...); /* to stderr */
void put_bytes(HANDLE to, const void *bytes, size_t count);
void echo_arguments(int argc, wchar_t **argv); /* in UTF-8, each with a line feed */
UINT code_page(void); /* what the shell asked for; the machine's OEM code page where old tools ignore that */
bool same(const wchar_t *a, const wchar_t *b); /* whatever the case of the letters */
bool starts(const wchar_t *text, const wchar_t *with);
/* The system's text of a Win32 error, ending in one line break; buffer must hold DATA_CHARS. */
wchar_t *error_text(DWORD error, wchar_t *buffer);

/* --- settings.c ---------------------------------------------------------------------------------------------------- */
DWORD setting(const wchar_t *key, const wchar_t *name, DWORD otherwise); /* a REG_DWORD below HKLM */
bool setting_text(const wchar_t *key, const wchar_t *name, wchar_t *data, DWORD chars);
LSTATUS set_setting(const wchar_t *key, const wchar_t *name, DWORD value);
LSTATUS set_setting_text(const wchar_t *key, const wchar_t *name, const wchar_t *data);
bool speaks(const wchar_t *language); /* the language of the target's tools: en, de, da or fr */
bool elevated(void);
unsigned boots(int64_t *last_ms); /* how often the target was booted; when it last was, in ms since 1970 */
int64_t now_ms(void);
int run_command(wchar_t *command, bool wait); /* out of the shell's job, with no console; exit code, or -1 */

/* --- service.c ----------------------------------------------------------------------------------------------------- */
struct names {
    size_t count;
    wchar_t (*name)[NAME_CHARS];
};
SC_HANDLE open_service(const wchar_t *name, DWORD access); /* null: GetLastError */
bool service_status(const wchar_t *name, SERVICE_STATUS_PROCESS *status);
void display_name(const wchar_t *name, wchar_t *display); /* NAME_CHARS; the name itself where there is none */
bool logs_on(const wchar_t *name); /* whether its account is the only one that the scenario accepts, if it names one */
struct names all_services(void);
struct names dependents_of(const wchar_t *name, bool running_only); /* transitive, in the order to stop them */
void set_dependencies(const wchar_t *name, const wchar_t *list); /* each ended by a zero, and one more */
DWORD start_service(const wchar_t *name); /* with what it depends on; a Win32 error; does not wait for RUNNING */
DWORD stop_service(const wchar_t *name, SERVICE_STATUS *status); /* refuses while dependents run; does not wait */
DWORD wait_while(const wchar_t *name, DWORD pending); /* gives up as net does; the state at the end */

#endif
