/** What must survive a reload: unsent messages and drafts. Emptied on sign-out. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { OutItem, OutboxStore } from "./outbox";
import type { Id } from "./types";

interface Schema extends DBSchema {
  outbox: { key: Id; value: OutItem };
  drafts: { key: Id; value: string };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("amana", 1, {
    upgrade(db) {
      db.createObjectStore("outbox", { keyPath: "client_id" });
      db.createObjectStore("drafts");
    },
  });
  return opened;
}

export const outboxStore: OutboxStore = {
  all: async () => (await database()).getAll("outbox"),
  put: async (item) => {
    await (await database()).put("outbox", item);
  },
  remove: async (clientId) => (await database()).delete("outbox", clientId),
};

export async function loadDrafts(): Promise<Map<Id, string>> {
  const db = await database();
  const [keys, values] = await Promise.all([db.getAllKeys("drafts"), db.getAll("drafts")]);
  return new Map(keys.map((key, index) => [key, values[index] ?? ""]));
}

export async function storeDraft(room: Id, text: string): Promise<void> {
  const db = await database();
  if (text) await db.put("drafts", text, room);
  else await db.delete("drafts", room);
}

export async function forgetEverything(): Promise<void> {
  const db = await database();
  await Promise.all([db.clear("outbox"), db.clear("drafts")]);
}
