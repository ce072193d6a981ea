import { useRef } from "preact/hooks";
import { clockTime, fullTime } from "../../core/format";
import { logOf, myId, nameOf, receiptsOf, rooms } from "../../core/store";
import { outbox } from "../../core/sync";
import { previewText } from "../../core/titles";
import type { Entry, Id } from "../../core/types";
import { t } from "../../i18n";
import { Button, IconButton } from "../../ui/controls";
import { Icon, Tick } from "../../ui/icon";
import type { Message } from "./lines";
import { Spans } from "./spans";
import { menuFor, wanted } from "./view";

const LONG_PRESS_MS = 450;

/** One message with its time in the margin. */
export function Bubble({ message, room, own, showTime }: { message: Message; room: Id; own: boolean; showTime: boolean }) {
  const { entry, item } = message;
  const press = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const open = (from: HTMLElement, x: number, y: number) => {
    if (entry && !entry.removed) menuFor.value = { entry, from, x, y };
  };
  const menuOpen = entry !== null && menuFor.value?.entry.seq === entry.seq;
  const stop = () => clearTimeout(press.current);
  const state = stateOf(message, room);
  return (
    <>
      <div class="line" data-testid="message" data-seq={entry?.seq} data-client-id={message.key} data-own={own} data-state={own ? state.name : undefined}>
        <div
          class={entry?.removed || entry?.unreadable ? "bubble gone" : "bubble"}
          tabIndex={-1}
          aria-expanded={menuOpen || undefined}
          data-bubble={entry?.seq ?? ""}
          onContextMenu={(event) => {
            if (!entry || entry.removed || getSelection()?.toString()) return;
            event.preventDefault();
            const box = event.currentTarget.getBoundingClientRect();
            // From the keyboard the event carries the corner of the page, not of the message.
            const pointed = event.clientX > 0 && event.clientX >= box.left && event.clientX <= box.right;
            open(event.currentTarget, pointed ? event.clientX : box.left + 16, pointed ? event.clientY : box.bottom - 8);
          }}
          onPointerDown={(event) => {
            if (event.pointerType !== "touch") return;
            const { clientX, clientY, currentTarget } = event;
            press.current = setTimeout(() => open(currentTarget, clientX, clientY), LONG_PRESS_MS);
          }}
          onPointerUp={stop}
          onPointerMove={stop}
          onPointerCancel={stop}
        >
          <Inside message={message} room={room} />
        </div>
        <span class="meta" hidden={!showTime && !own && !entry?.edited_at}>
          {entry?.edited_at && !entry.removed ? <span class="edited" title={fullTime(entry.edited_at)}>{t("edited")}</span> : null}
          <time dateTime={new Date(message.ts).toISOString()} title={fullTime(message.ts)}>
            {clockTime(message.ts)}
          </time>
          {own && !entry?.removed && <Tick state={state.name} label={state.label} />}
        </span>
        {entry && !entry.removed && (
          <IconButton
            class="more"
            name="more"
            size="sm"
            label={t("message-menu")}
            data-testid="message-more"
            aria-haspopup="menu"
            aria-expanded={menuOpen}
            onClick={(event) => {
              const box = event.currentTarget.getBoundingClientRect();
              open(event.currentTarget, box.left, box.bottom + 2);
            }}
          />
        )}
      </div>
      {item?.refused && item.operation.t === "send" && (
        <div class="failrow" role="alert" data-testid="not-sent">
          <span>
            {t("not-sent")} <bdi>{item.refused.message || t("failed-code", { code: item.refused.code })}</bdi>
          </span>
          <Button kind="quiet" onClick={() => outbox.retry(item.client_id)} data-testid="retry">
            {t("retry")}
          </Button>
          <Button kind="quiet" onClick={() => outbox.drop(item.client_id)} data-testid="delete">
            {t("delete")}
          </Button>
        </div>
      )}
    </>
  );
}

function Inside({ message, room }: { message: Message; room: Id }) {
  const { entry, item } = message;
  if (!entry) {
    if (item?.operation.t !== "send") return null;
    return (
      <>
        {item.operation.reply_to !== undefined && <Quote room={room} seq={item.operation.reply_to} />}
        <Spans content={{ text: item.operation.text }} />
      </>
    );
  }
  if (entry.removed) {
    const mine = entry.removed.by === myId.value;
    return (
      <>
        <Icon name="trash" size="sm" />
        <span>{mine ? t("removed-by-you") : t("removed-by", { person: nameOf(entry.removed.by) || t("somebody") })}</span>
      </>
    );
  }
  if (entry.unreadable || !entry.content) {
    return (
      <>
        <Icon name="lock" size="sm" />
        <span>{t(`unreadable-${entry.unreadable ?? "erased"}`)}</span>
      </>
    );
  }
  return (
    <>
      {entry.content.reply_to && <Quote room={room} seq={entry.content.reply_to.seq} />}
      <Spans content={entry.content} />
    </>
  );
}

/** The answered message; one press brings it into view. */
export function Quote({ room, seq }: { room: Id; seq: number }) {
  const target = logOf(room).value.entries.find((entry) => entry.seq === seq);
  return (
    <button type="button" class="quote" onClick={() => (wanted.value = seq)} data-testid="quote">
      <QuoteText entry={target} />
    </button>
  );
}

export function QuoteText({ entry }: { entry: Entry | undefined }) {
  if (!entry) return <span class="cut">{t("quote-earlier")}</span>;
  return (
    <>
      <b class="cut">
        <bdi>{nameOf(entry.sender_id) || t("somebody")}</bdi>
      </b>
      <span class="cut" dir="auto">
        {previewText(entry)}
      </span>
    </>
  );
}

function stateOf(message: Message, room: Id): { name: "queued" | "failed" | "sent" | "seen" | "read"; label: string } {
  const { entry, item } = message;
  if (item?.refused) return { name: "failed", label: t("tick-failed") };
  if ((item && !message.settled) || (!entry && !message.settled)) return { name: "queued", label: t("tick-queued") };
  if (!entry) return { name: "sent", label: t("tick-sent") };
  const readers = [...receiptsOf(room).value].filter(([user, seq]) => user !== myId.value && seq >= entry.seq).length;
  const others = Math.max(1, (rooms.value.get(room)?.members_count ?? 2) - 1);
  if (readers === 0) return { name: "sent", label: t("tick-sent") };
  if (readers < others) return { name: "seen", label: t("tick-seen", { count: readers, of: others }) };
  return { name: "read", label: t("tick-read") };
}
