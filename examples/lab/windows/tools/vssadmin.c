/* vssadmin.exe: list writers, as domain.md (b) has it. Other languages have the words that are known; English ones else.
 * The writers are below HKLM\SOFTWARE\vmfix lab\Writers; labsvc.c says how they change. */
#include "lab.h"

#include <stdio.h>

struct language {
    const wchar_t *code, *name, *id, *instance, *state, *error; /* the lines of a writer */
    const wchar_t *states[16], *errors[7];
};

#define FAILED_10(word) word, word, word, word, word, word, word, word, word, word

static const struct language languages[] = {
    {L"en", L"Writer name: '%ls'", L"Writer Id: ", L"Writer Instance Id: ", L"State: ", L"Last error: ",
     {L"Unknown", L"Stable", L"Waiting for freeze", L"Frozen", L"Waiting for post-snapshot", L"Waiting for completion",
      FAILED_10(L"Failed")},
     {L"No error", L"Timed out", L"Retryable error", L"Non-retryable error", L"Inconsistent shadow copy",
      L"Out of resources", L"Unexpected error"}},
    {L"de", L"Verfassername: \"%ls\"", L"Verfasserkennung: ", L"Verfasserinstanzkennung: ", L"Status: ",
     L"Letzter Fehler: ",
     {L"Unbekannt", L"Stabil", L"Warten auf Fixierung", L"Fixiert", L"Warten auf Postsnapshot", L"Warten auf Abschluss",
      FAILED_10(L"Fehlgeschlagen")},
     {L"Kein Fehler", L"Zeit\u00fcberschreitung", L"Wiederholbarer Fehler", L"Nicht wiederholbarer Fehler",
      L"Inkonsistente Schattenkopie", L"Nicht gen\u00fcgend Ressourcen", L"Unerwarteter Fehler"}},
    {L"da", L"Skrivernavn: '%ls'", L"Skriver-id: ", L"Skriverforekomst-id: ", L"Tilstand: ", L"Seneste fejl: ",
     {L"Ukendt", L"Stabil", L"Venter p\u00e5 frysning", L"Frosset", L"Venter p\u00e5 efter-snapshot",
      L"Venter p\u00e5 fuldf\u00f8relse", FAILED_10(L"Mislykket")},
     {L"Ingen fejl", L"Timeout", L"Fejl, der kan fors\u00f8ges igen", L"Fejl, der ikke kan fors\u00f8ges igen",
      L"Inkonsistent \u00f8jebliksbillede", L"Ikke flere ressourcer", L"Uventet fejl"}},
    {L"fr", L"Nom du r\u00e9dacteur\u00a0: '%ls'", L"ID du r\u00e9dacteur\u00a0: ",
     L"ID d\u2019instance du r\u00e9dacteur\u00a0: ", L"\u00c9tat\u00a0: ", L"Derni\u00e8re erreur\u00a0: ",
     {L"Inconnu", L"Stable", L"En attente pour figer", L"Gel\u00e9", L"En attente du post-instantan\u00e9",
      L"En attente de la conclusion", FAILED_10(L"\u00c9chec")},
     {L"Aucune erreur", L"D\u00e9lai d\u00e9pass\u00e9", L"Erreur r\u00e9cup\u00e9rable",
      L"Erreur non r\u00e9cup\u00e9rable", L"Clich\u00e9 instantan\u00e9 incoh\u00e9rent", L"Ressources insuffisantes",
      L"Erreur inattendue"}},
};

static const struct language *spoken(void) {
    for (size_t i = 0; i < COUNT(languages); i++)
        if (speaks(languages[i].code)) return &languages[i];
    return &languages[0];
}

static void banner(void) {
    say(L"vssadmin 1.1 - %ls\n(C) Copyright 2001-2013 Microsoft Corp.\n\n",
        speaks(L"de") ? L"Verwaltungsbefehlszeilenprogramm des Volumeschattenkopie-Dienstes"
                      : L"Volume Shadow Copy Service administrative command-line tool");
}

static int broken(void) {
    say(L"Error: A Volume Shadow Copy Service component encountered an unexpected error.\n"
        L"Check the Application event log for more information.\n");
    return EXIT_FAILED;
}

static bool vss_runs(void) {
    SERVICE_STATUS_PROCESS status = {0};
    if (!service_status(L"VSS", &status)) return false;
    if (status.dwCurrentState == SERVICE_STOPPED && start_service(L"VSS")) return false;
    return wait_while(L"VSS", SERVICE_START_PENDING) == SERVICE_RUNNING;
}

/* What is only there while its service runs, and for some writers only some time after its start. */
static bool is_listed(const wchar_t *key) {
    SERVICE_STATUS_PROCESS status = {0};
    wchar_t service[NAME_CHARS], from[32] = L"0";
    setting_text(key, L"Service", service, COUNT(service));
    setting_text(key, L"ListedFrom", from, COUNT(from));
    if (setting(key, L"Gone", 0) || now_ms() < _wcstoi64(from, NULL, 10)) return false;
    return service_status(service, &status) && status.dwCurrentState == SERVICE_RUNNING;
}

/* StableFromMs: gets well by itself so long after the boot, as a writer does when its backup has ended. */
static void heal_with_time(const wchar_t *key) {
    DWORD after = setting(key, L"StableFromMs", 0);
    int64_t booted;
    boots(&booted);
    if (!after || now_ms() < booted + after) return;
    set_setting(key, L"State", 1);
    set_setting(key, L"Error", 0);
}

static void print_writer(const struct language *words, const wchar_t *key) {
    wchar_t text[NAME_CHARS] = L"";
    heal_with_time(key);
    DWORD state = setting(key, L"State", 0), error = setting(key, L"Error", 0);
    setting_text(key, L"Name", text, COUNT(text));
    say(words->name, text);
    setting_text(key, L"Id", text, COUNT(text));
    say(L"\n   %ls%ls\n", words->id, text);
    setting_text(key, L"Instance", text, COUNT(text));
    say(L"   %ls%ls\n", words->instance, text);
    say(L"   %ls[%lu] %ls\n", words->state, state, state < 16 ? words->states[state] : L"?");
    say(L"   %ls%ls\n\n", words->error, error < 7 ? words->errors[error] : L"?");
}

static int list_writers(void) {
    wchar_t key[2 * NAME_CHARS], service[NAME_CHARS];
    banner();
    if (!elevated()) {
        say(L"Error: You don't have the correct permissions to run this command.  Please run this utility from a command \n"
            L"window that has elevated administrator privileges.\n");
        return EXIT_FAILED;
    }
    if (!vss_runs() || setting(SERVICES L"\\VSS\\Lab", L"BreaksWriters", 0)) return broken();
    if (setting(LAB, L"NoWriters", 0)) {
        say(L"Waiting for responses.\nThese may be delayed if a shadow copy is being prepared.\n\n");
        return 0;
    }
    for (unsigned i = 0;; i++) {
        swprintf(key, COUNT(key), LAB L"\\Writers\\%02u", i);
        if (!setting_text(key, L"Service", service, COUNT(service))) return 0;
        if (is_listed(key)) print_writer(spoken(), key);
    }
}

int tool(int argc, wchar_t **argv) {
    if (argc == 3 && same(argv[1], L"list") && same(argv[2], L"writers")) return list_writers();
    complain(L"vssadmin %ls: not part of the lab\n", argc > 1 ? argv[1] : L"");
    return 9009;
}
