/** Every request this client makes, typed. */
import { call } from "./http";
import type { Entry, History, Id, Invitation, InvitationPreview, Me, Member, Person, Session, Summary } from "./types";

export interface Credentials {
  readonly password?: string;
  readonly passkey?: { readonly challenge_id: string; readonly credential: unknown };
}

interface Joined {
  readonly person: Person;
  readonly conversation_id?: Id | null;
}

export interface ListPart {
  readonly user_pos: number;
  /** What a later hello sends as `since`. */
  readonly at: number;
  readonly conversations: readonly Summary[];
  readonly next: string | null;
}

const room = (id: Id) => `/conversations/${encodeURIComponent(id)}`;

export const api = {
  me: () => call<Me>("GET", "/me", undefined, true),
  changeMe: (change: { display_name?: string; language?: string }) => call<unknown>("PATCH", "/me", change),
  people: (after?: string) =>
    call<unknown>("GET", `/people?limit=200${after ? `&after=${encodeURIComponent(after)}` : ""}`).then((answer) => rows<Person>(answer, "people")),

  setupPreview: (secret: string) => call<unknown>("POST", "/setup/preview", { secret }, true),
  setup: (body: { secret: string; organisation: string; display_name: string; language: string } & Credentials) =>
    call<Joined>("POST", "/setup", body, true),
  invitationPreview: (secret: string) => call<InvitationPreview>("POST", "/invitations/preview", { secret }, true),
  join: (body: { secret: string; display_name: string; language: string } & Credentials) =>
    call<Joined>("POST", "/join", body, true),
  passkeyOptions: (body: { secret?: string; display_name?: string }) =>
    call<Record<string, unknown>>("POST", "/passkeys/options", body, true),
  addPasskey: (passkey: Credentials["passkey"]) => call<unknown>("POST", "/passkeys", passkey),
  signInOptions: () => call<Record<string, unknown>>("POST", "/sign-in/options", {}, true),
  signInPasskey: (passkey: Credentials["passkey"]) => call<unknown>("POST", "/sign-in/passkey", passkey, true),
  signInPassword: (handle: string, password: string) =>
    call<unknown>("POST", "/sign-in/password", { handle, password }, true),

  sessions: () => call<unknown>("GET", "/sessions").then((answer) => rows<Session>(answer, "sessions")),
  endSession: (id: Id) => call<unknown>("DELETE", `/sessions/${encodeURIComponent(id)}`),
  signOut: () => call<unknown>("DELETE", "/sessions/current", undefined, true),

  invite: (body: { conversation_id?: Id; max_uses: number; expires_in_s: number }) =>
    call<Invitation>("POST", "/invitations", body),
  withdrawInvitation: (id: Id) => call<unknown>("DELETE", `/invitations/${encodeURIComponent(id)}`),

  /** A part of the list, the one that moved last first; go on with `after` = `next`. */
  sync: (limit: number, after?: string) =>
    call<ListPart>("GET", `/sync?limit=${limit}${after ? `&after=${encodeURIComponent(after)}` : ""}`),
  summary: (id: Id) => call<Summary>("GET", room(id)),
  createGroup: (body: { client_id: Id; title: string; purpose: string; member_ids: readonly Id[]; history: History }) =>
    call<Summary>("POST", "/conversations", { kind: "group", ...body }),
  direct: (user: Id) => call<Summary>("PUT", `/conversations/direct/${encodeURIComponent(user)}`, {}),
  members: (id: Id, after?: Id) =>
    call<unknown>("GET", `${room(id)}/members?limit=200${after ? `&after=${after}` : ""}`).then((answer) => rows<Member>(answer, "members")),
  addMember: (id: Id, user: Id) => call<unknown>("PUT", `${room(id)}/members/${encodeURIComponent(user)}`, {}),
  removeMember: (id: Id, user: Id) => call<unknown>("DELETE", `${room(id)}/members/${encodeURIComponent(user)}`),
  messages: (id: Id, before: number | null, limit: number) =>
    call<{ entries: Entry[]; more: boolean }>(
      "GET",
      `${room(id)}/messages?limit=${limit}${before === null ? "" : `&before=${before}`}`,
    ),
};

/** Lists come as `{name: [...]}`; a bare array is understood too. */
function rows<T>(answer: unknown, name: string): T[] {
  if (Array.isArray(answer)) return answer as T[];
  const list = (answer as Record<string, unknown> | null)?.[name];
  return Array.isArray(list) ? (list as T[]) : [];
}
