/** Shapes of the public API, as `docs/api` describes them. */

export type Id = string;

export interface Person {
  readonly user_id: Id;
  readonly display_name: string;
  readonly handle?: string | null;
  readonly role?: string;
  readonly language?: string;
  /** Only the id is left of this person. */
  readonly erased?: boolean;
}

export interface Me {
  readonly person: Person;
  readonly organisation: { readonly org_id: Id; readonly name: string };
  readonly session_id: Id;
  readonly user_pos: number;
}

/** One run of text inside a block. Unknown kinds are shown by their text. */
export interface Inline {
  readonly t: string;
  readonly text?: string;
  readonly href?: string;
  readonly user_id?: Id;
  readonly spans?: readonly Inline[];
  readonly [extra: string]: unknown;
}

/** One paragraph, quotation, code block or list. */
export interface Block {
  readonly t: string;
  readonly text?: string;
  readonly spans?: readonly Inline[];
  readonly blocks?: readonly Block[];
  readonly items?: readonly (readonly Inline[])[];
  readonly ordered?: boolean;
  readonly [extra: string]: unknown;
}

export interface Reply {
  readonly seq: number;
  readonly sender_id: Id;
  readonly text?: string;
  readonly excerpt?: unknown;
}

export interface Content {
  readonly text?: string;
  readonly spans?: readonly Block[];
  readonly reply_to?: Reply | null;
  readonly [extra: string]: unknown;
}

/** The present state of one numbered entry of a conversation. */
export interface Entry {
  readonly seq: number;
  readonly msg_no: number;
  readonly kind: string;
  readonly sender_id: Id;
  readonly ts: number;
  readonly client_id: Id;
  readonly revision: number;
  readonly edited_at: number | null;
  readonly removed: { readonly by: Id; readonly at: number } | null;
  readonly content: Content | null;
  readonly unreadable?: "erased" | "damaged";
}

export interface Summary {
  readonly conversation_id: Id;
  readonly kind: "direct" | "group" | "channel" | "announcement";
  readonly title: string | null;
  readonly purpose: string | null;
  readonly owner_id: Id | null;
  readonly members_count: number;
  readonly my_role: string;
  readonly visible_from: number;
  readonly head_seq: number;
  readonly msg_no: number;
  readonly read_seq: number;
  readonly read_no: number;
  readonly fence: number;
  readonly last: Entry | null;
  readonly peer_id?: Id | null;
  readonly history?: History;
  /** After how many days messages are erased; null: only when somebody removes them. */
  readonly retention_days?: number | null;
}

export interface History {
  readonly policy: "all" | "since_joining" | "days";
  readonly days?: number | null;
}

export interface Member {
  readonly user_id: Id;
  readonly display_name?: string;
  readonly role?: string;
  readonly read_seq?: number;
}

export interface Session {
  readonly session_id: Id;
  readonly current?: boolean;
  readonly label?: string | null;
  readonly created_at?: string | number;
  readonly last_seen_at?: string | number | null;
}

export interface Invitation {
  readonly invitation_id: Id;
  readonly url: string;
  readonly expires_at: string | number;
  readonly max_uses: number;
}

export interface InvitationPreview {
  readonly organisation: string | { readonly name: string };
  readonly inviter?: string | { readonly display_name: string };
  readonly conversation_title?: string | null;
  readonly expires_at?: string | number;
}

export interface RefusalBody {
  readonly code: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One event of a conversation as the socket carries it. */
export interface EventFrame {
  readonly t: "event";
  readonly c: Id;
  readonly seq: number;
  readonly no: number;
  readonly kind: string;
  readonly sender: Id;
  readonly ts: number;
  readonly client_id: Id;
  readonly target: number | null;
  readonly rev: number;
  readonly content: Content | null;
  readonly why?: "superseded" | "erased" | "damaged";
}

export interface Head {
  readonly c: Id;
  readonly seq: number;
  readonly msg_no: number;
  readonly fence?: number;
}

/** Every element a server frame can hold. */
export type ServerElement =
  | { readonly t: "welcome"; readonly session: Id; readonly user_pos: number; readonly at?: number; readonly heads: readonly Head[] }
  | EventFrame
  | { readonly t: "ack"; readonly c: Id; readonly client_id: Id; readonly seq: number; readonly ts: number }
  | { readonly t: "refused"; readonly c?: Id; readonly client_id?: Id; readonly error: RefusalBody }
  | ({ readonly t: "head" } & Head)
  | { readonly t: "digest"; readonly heads: readonly (readonly [Id, number])[] }
  | { readonly t: "gap"; readonly c: Id | null; readonly from: number; readonly to: number }
  | { readonly t: "reset"; readonly c: Id; readonly fence: number }
  | { readonly t: "receipt"; readonly c: Id; readonly user: Id; readonly seq: number }
  | {
      readonly t: "user";
      readonly pos: number;
      readonly kind: string;
      readonly c?: Id | null;
      readonly seq?: number | null;
      readonly detail?: Readonly<Record<string, unknown>> | null;
    }
  | { readonly t: "resync" }
  | { readonly t: "drain"; readonly reconnect_after_ms: number }
  | { readonly t: "pong" };
