import { useState } from "preact/hooks";
import { api } from "../../core/api";
import { sentence } from "../../core/door";
import { people, peopleState } from "../../core/store";
import { loadPeople } from "../../core/sync";
import type { Id } from "../../core/types";
import { t } from "../../i18n";
import { Avatar, Bones, Button, EmptyState, Failed } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { toast } from "../../ui/toast";
import { openWindow } from "../chats/actions";
import { openRoomOf } from "../chats/new-chat";
import { sortedPeople } from "./picker";

/** Everybody in the organisation; one press begins a conversation. */
export function People() {
  const [words, setWords] = useState("");
  const shown = sortedPeople().filter((person) => person.display_name.toLocaleLowerCase().includes(words.toLocaleLowerCase()));
  const open = (user: Id) => {
    api.direct(user).then(openRoomOf, (error: unknown) => toast(sentence(error)));
  };
  const alone = peopleState.value === "ready" && people.value.size <= 1;
  return (
    <>
      <header class="bar bar-line">
        <h1>{t("people")}</h1>
        <span class="end" />
        <Button icon="invite" onClick={() => (openWindow.value = { what: "invite", room: null })} data-testid="people-invite">
          {t("invite")}
        </Button>
      </header>
      {peopleState.value === "failed" ? (
        <Failed retry={() => void loadPeople()} />
      ) : peopleState.value === "loading" ? (
        <Bones rows />
      ) : alone ? (
        <EmptyState glyph="chats" title={t("people-alone-title")} text={t("people-alone-text")}>
          <Button kind="primary" icon="invite" onClick={() => (openWindow.value = { what: "invite", room: null })}>
            {t("invite")}
          </Button>
        </EmptyState>
      ) : (
        <div class="scroll">
          <div class="column stack">
            <label class="input input-soft">
              <Icon name="search" size="sm" />
              <span class="visually-hidden">{t("filter-people")}</span>
              <input type="search" dir="auto" placeholder={t("filter-people")} value={words} onInput={(event) => setWords(event.currentTarget.value)} />
            </label>
            <div data-testid="people-list">
              {shown.map((person) => (
                <button key={person.user_id} type="button" class="pick pick-wide" onClick={() => open(person.user_id)} data-testid="person">
                  <Avatar id={person.user_id} name={person.display_name} />
                  <bdi class="grow">{person.display_name}</bdi>
                  <Icon name="chat" />
                </button>
              ))}
            </div>
          </div>
        </div>
      )}
    </>
  );
}
