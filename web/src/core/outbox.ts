/**
 * What the person did and the server has not confirmed. Every item is stored before it is sent and
 * keeps the id made for it, so that a repetition after a lost answer, a crash or a reload is recognised.
 * Items of one conversation go out one after the other, in the order they were made.
 */
import { newClientId } from "./ids";
import type { Id, RefusalBody } from "./types";

export type Operation =
  | { readonly t: "send"; readonly text: string; readonly reply_to?: number }
  | { readonly t: "edit"; readonly seq: number; readonly text: string }
  | { readonly t: "remove"; readonly seq: number };

export interface OutItem {
  readonly client_id: Id;
  readonly c: Id;
  readonly by: Id;
  readonly n: number;
  readonly at: number;
  readonly operation: Operation;
  readonly refused?: { readonly code: string; readonly message: string };
}

export interface OutboxStore {
  all(): Promise<OutItem[]>;
  put(item: OutItem): Promise<void>;
  remove(clientId: Id): Promise<void>;
}

export interface OutboxHooks {
  /** The list as it is now, in order. */
  changed(items: readonly OutItem[]): void;
  /** Give a frame to the socket; false when there is none. */
  send(frame: object): boolean;
  later(ms: number, callback: () => void): void;
}

/** Refusals about the id itself: only a new one can help. */
const SPENT_ID_CODES = new Set(["client_id_too_old", "client_id_from_future", "client_id_reused", "client_id_invalid"]);

export class Outbox {
  #store: OutboxStore;
  #hooks: OutboxHooks;
  #items: readonly OutItem[] = [];
  #stored = new Set<Id>();
  #underway = new Set<Id>();
  #resting = new Set<Id>();

  constructor(store: OutboxStore, hooks: OutboxHooks) {
    this.#store = store;
    this.#hooks = hooks;
  }

  get items(): readonly OutItem[] {
    return this.#items;
  }

  /** Take up what an earlier page of the same person left behind. */
  async load(by: Id): Promise<void> {
    const kept = (await this.#store.all()).filter((item) => item.by === by);
    for (const item of kept) this.#stored.add(item.client_id);
    const known = new Set(this.#items.map((item) => item.client_id));
    this.#set([...kept.filter((item) => !known.has(item.client_id)), ...this.#items].sort((a, b) => a.n - b.n));
    this.pump();
  }

  /** Show at once, store, then send. */
  add(c: Id, by: Id, operation: Operation, now: number = Date.now()): OutItem {
    const n = (this.#items.at(-1)?.n ?? 0) + 1;
    const item: OutItem = { client_id: newClientId(now), c, by, n: Math.max(n, now), at: now, operation };
    this.#set([...this.#items, item]);
    void this.#keep(item);
    return item;
  }

  /** Send whatever may go now. Called on every welcome, answer and new item. */
  pump(): void {
    const blocked = new Set(this.#items.filter((item) => this.#isHolding(item)).map((item) => item.c));
    for (const item of this.#items) {
      if (item.refused || blocked.has(item.c)) continue;
      blocked.add(item.c);
      if (!this.#stored.has(item.client_id)) continue;
      if (this.#hooks.send({ ...item.operation, c: item.c, client_id: item.client_id })) this.#underway.add(item.client_id);
    }
  }

  /** The connection is gone: everything unanswered will be asked again with the same ids. */
  disconnected(): void {
    this.#underway.clear();
  }

  /** Whether an answer is awaited; the caller restarts a connection that stays silent. */
  get waiting(): boolean {
    return this.#underway.size > 0;
  }

  acknowledged(clientId: Id): OutItem | undefined {
    const item = this.#find(clientId);
    if (item) this.drop(clientId);
    return item;
  }

  refused(clientId: Id, error: RefusalBody): OutItem | undefined {
    const item = this.#find(clientId);
    if (!item) return undefined;
    this.#underway.delete(clientId);
    // "Not now": nothing was done, the same frame goes out again after the time the server names.
    if (error.fields?.retry_after_s !== undefined) this.#rest(clientId, error);
    else {
      const marked = { ...item, refused: { code: error.code, message: error.message } };
      this.#replace(item, marked);
      void this.#store.put(marked);
      this.pump();
    }
    return item;
  }

  /** Try a refused item again; with a new id only when the refusal was about the id itself. */
  retry(clientId: Id, now: number = Date.now()): void {
    const item = this.#find(clientId);
    if (!item?.refused) return;
    const { refused, ...plain } = item;
    const fresh = SPENT_ID_CODES.has(refused.code) ? { ...plain, client_id: newClientId(now) } : plain;
    this.#replace(item, fresh);
    if (fresh.client_id !== clientId) void this.#store.remove(clientId);
    void this.#keep(fresh);
  }

  drop(clientId: Id): void {
    this.#underway.delete(clientId);
    this.#stored.delete(clientId);
    this.#set(this.#items.filter((item) => item.client_id !== clientId));
    void this.#store.remove(clientId);
    this.pump();
  }

  forget(): void {
    this.#underway.clear();
    this.#set([]);
  }

  async #keep(item: OutItem): Promise<void> {
    // A browser that cannot store (private window, full disk) still sends; only a reload would lose it.
    await this.#store.put(item).catch(() => {});
    this.#stored.add(item.client_id);
    this.pump();
  }

  #rest(clientId: Id, error: RefusalBody): void {
    const seconds = Number(error.fields?.retry_after_s ?? 1);
    this.#resting.add(clientId);
    this.#hooks.later(Math.max(0.2, Number.isFinite(seconds) ? seconds : 1) * 1000, () => {
      this.#resting.delete(clientId);
      this.pump();
    });
  }

  #isHolding(item: OutItem): boolean {
    return this.#underway.has(item.client_id) || this.#resting.has(item.client_id);
  }

  #find(clientId: Id): OutItem | undefined {
    return this.#items.find((item) => item.client_id === clientId);
  }

  #replace(old: OutItem, item: OutItem): void {
    this.#set(this.#items.map((other) => (other === old ? item : other)));
  }

  #set(items: readonly OutItem[]): void {
    this.#items = items;
    this.#hooks.changed(items);
  }
}
