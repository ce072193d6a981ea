/** The address bar and what it means. */
import { signal } from "@preact/signals";
import type { Id } from "./core/types";

export type Page = "setup" | "join" | "sign-in" | "chats" | "people" | "me";

export interface Route {
  readonly page: Page;
  readonly room: Id | null;
}

const PAGES: ReadonlySet<string> = new Set(["setup", "join", "sign-in", "chats", "people", "me"]);

function read(): Route {
  const [page = "", room] = location.pathname.split("/").filter(Boolean);
  if (!PAGES.has(page)) return { page: "chats", room: null };
  return { page: page as Page, room: page === "chats" && room ? decodeURIComponent(room) : null };
}

export const route = signal<Route>(read());

/** The secret behind # of a set-up or invitation link; taken once and removed from the address bar and the history. */
export function takeSecret(): string {
  const secret = decodeURIComponent(location.hash.slice(1));
  if (location.hash) history.replaceState(null, "", location.pathname);
  return secret;
}

export function go(path: string, replace = false): void {
  if (location.pathname !== path) {
    if (replace) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
  }
  route.value = read();
}

export const roomPath = (id: Id): string => `/chats/${encodeURIComponent(id)}`;

/** For links: keep real addresses and open without loading the page anew. */
export function follow(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(new URL(link.href).pathname);
}

addEventListener("popstate", () => {
  route.value = read();
});
