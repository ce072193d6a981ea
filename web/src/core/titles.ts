/** Names of conversations and one-line words about what happened in them. */
import { t } from "../i18n";
import { myId, nameOf } from "./store";
import type { Content, Entry, Id, Inline, Summary } from "./types";

export function roomTitle(room: Summary): string {
  if (room.kind !== "direct") return room.title ?? t("untitled");
  return nameOf(room.peer_id) || room.title || t("somebody");
}

/** The other person of a direct conversation gives it its colour. */
export function roomFace(room: Summary): { id: Id; name: string; shape: "person" | "room" } {
  const shape = room.kind === "direct" ? "person" : "room";
  return { id: (room.kind === "direct" && room.peer_id) || room.conversation_id, name: roomTitle(room), shape };
}

export function shortName(user: Id): string {
  return nameOf(user).split(" ")[0] || t("somebody");
}

export function isMessage(entry: Entry): boolean {
  return entry.kind === "message.created";
}

/** What a membership or settings event says, as a sentence. */
export function systemText(entry: Entry): string {
  const content = entry.content ?? {};
  const mine = entry.sender_id === myId.value ? "yes" : "no";
  const args = { actor: nameOf(entry.sender_id) || t("somebody"), person: nameOf(content.user_id as Id) || t("somebody"), mine };
  switch (entry.kind) {
    case "conversation.created":
      return t("event-created", args);
    case "conversation.changed":
      if (Array.isArray(content.changed) && content.changed.includes("retention_days")) return retentionText(content.retention_days, args);
      return typeof content.title === "string" ? t("event-renamed", { ...args, title: content.title }) : t("event-changed", args);
    case "member.added":
      if (content.user_id === entry.sender_id || content.by === content.user_id) return t("event-joined", { ...args, mine: isMe(content.user_id) });
      return content.user_id === myId.value ? t("event-added-you", args) : t("event-added", args);
    case "member.removed":
      if (content.user_id === content.by) return t("event-left", { ...args, mine: isMe(content.user_id) });
      return t("event-removed", args);
    case "owner.changed":
      return t("event-owner", { ...args, person: nameOf((content.owner_id ?? content.user_id) as Id) || t("somebody") });
    default:
      return t("event-changed", args);
  }
}

function retentionText(days: unknown, args: { actor: string; mine: string }): string {
  return typeof days === "number" ? t("event-retention", { ...args, days }) : t("event-retention-off", args);
}

/** One line of text for lists, quotations and announcements. */
export function previewText(entry: Entry): string {
  if (entry.removed) return t("removed");
  if (entry.unreadable) return t(`unreadable-${entry.unreadable}`);
  if (!isMessage(entry)) return systemText(entry);
  return plainText(entry.content).replace(/\s+/gu, " ").trim();
}

/** The words without their marks. */
export function plainText(content: Content | null): string {
  if (!content?.spans?.length) return content?.text ?? "";
  return content.spans.map((block) => block.text ?? (block.items ? block.items.map(words).join(" ") : words(block.spans))).join(" ");
}

function words(nodes: readonly Inline[] | undefined): string {
  return (nodes ?? []).map((node) => (node.spans ? words(node.spans) : (node.text ?? ""))).join("");
}

function isMe(user: unknown): "yes" | "no" {
  return user === myId.value ? "yes" : "no";
}
