/** Who is signed in on this device: found at start, ended by the person or by the server. */
import { setLanguage } from "../i18n";
import { go, route } from "../router";
import { api } from "./api";
import { forgetEverything, loadDrafts, storeDraft } from "./db";
import { Refused, whenSignedOut } from "./http";
import * as store from "./store";
import { startSync, stopSync } from "./sync";
import type { Id } from "./types";

const OPEN_TO_ALL = new Set(["setup", "join", "sign-in"]);

whenSignedOut(() => {
  if (store.session.peek() === "in") void ended();
});

/** Find out who is here and load their conversations. */
export async function enter(): Promise<void> {
  store.session.value = "loading";
  try {
    const found = await api.me();
    await forgetOthers(found.person.user_id);
    store.me.value = found;
    if (found.person.language) await setLanguage(found.person.language);
    store.drafts.value = await loadDrafts().catch(() => new Map<Id, string>());
    await startSync(() => void ended());
    store.session.value = "in";
    if (OPEN_TO_ALL.has(route.peek().page)) go("/chats", true);
  } catch (error) {
    if (error instanceof Refused && error.status === 401) {
      store.session.value = "out";
      if (!OPEN_TO_ALL.has(route.peek().page)) go("/sign-in", true);
    } else store.session.value = "unreachable";
  }
}

/** What another person left unsent in this browser is neither shown to nor sent by this one. */
async function forgetOthers(person: Id): Promise<void> {
  if (localStorage.getItem("person") === person) return;
  await forgetEverything();
  localStorage.setItem("person", person);
}

/** The server ended this session, or the person did. What was stored here is forgotten. */
export async function ended(): Promise<void> {
  stopSync();
  store.resetStore();
  store.session.value = "out";
  go("/sign-in", true);
  await forgetEverything().catch(() => {});
}

export async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  await ended();
}

let draftTimer: ReturnType<typeof setTimeout> | undefined;

/** Keep what is being written, at once on screen and within half a second on the device. */
export function keepDraft(room: Id, text: string): void {
  const next = new Map(store.drafts.peek());
  if (text.trim()) next.set(room, text);
  else next.delete(room);
  store.drafts.value = next;
  clearTimeout(draftTimer);
  draftTimer = setTimeout(() => void storeDraft(room, text.trim() ? text : "").catch(() => {}), text.trim() ? 500 : 0);
}
