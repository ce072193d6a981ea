import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { daysAgo, dayOf, longDay } from "../../core/format";
import { failedRooms, logOf, myId, nameOf, outbox, rooms, settling } from "../../core/store";
import { loadNewest, loadOlder, markRead } from "../../core/sync";
import { systemText } from "../../core/titles";
import type { Id } from "../../core/types";
import { t } from "../../i18n";
import { Avatar, Bones, EmptyState, Failed } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { Bubble } from "./bubble";
import { type Line, linesOf } from "./lines";
import { wanted } from "./view";

const NEAR_END_PX = 48;

/**
 * The messages, anchored at the newest. The scroller runs in reverse, so older pages change nothing that is seen.
 * While the reader is further up, newer messages wait below a button instead of moving the page.
 */
export function Timeline({ id }: { id: Id }) {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const room = rooms.value.get(id);
  const log = logOf(id).value;
  const [held, setHeld] = useState<number | null>(null);
  const [entered] = useState(() => ({
    after: room && room.msg_no > room.read_no ? room.read_seq : null,
    count: room ? Math.max(0, room.msg_no - room.read_no) : 0,
  }));
  const entries = held === null ? log.entries : log.entries.filter((entry) => entry.seq <= held);
  const items = outbox.value.filter((item) => item.c === id);
  const later = log.entries.length - entries.length;
  const lines = linesOf({ entries, items: held === null ? items : items.filter((item) => item.operation.t !== "send"), settling: settling.value.filter((waiting) => waiting.item.c === id).map((waiting) => waiting.item), me: myId.value, dividerAfter: entered.after, newCount: entered.count });

  const toEnd = () => {
    setHeld(null);
    requestAnimationFrame(() => {
      if (scroller.current) scroller.current.scrollTop = 0;
    });
  };
  const sends = items.filter((item) => item.operation.t === "send").length;
  useEffect(() => {
    if (sends) toEnd();
  }, [sends]);
  useReading(id, held === null, room?.head_seq);
  useOlderPages(id, scroller, top, log.loaded);
  useWanted(id, scroller);
  useLayoutEffect(() => {
    if (!log.loaded) return;
    const line = scroller.current?.querySelector<HTMLElement>(".new");
    if (line && scroller.current && line.getBoundingClientRect().top < scroller.current.getBoundingClientRect().top) line.scrollIntoView({ block: "center" });
  }, [log.loaded]);

  const onScroll = () => {
    const up = -(scroller.current?.scrollTop ?? 0) > NEAR_END_PX;
    if (up && held === null) setHeld(log.seq);
    else if (!up && held !== null) setHeld(null);
  };
  if (failedRooms.value.has(id) && !log.entries.length) return <Failed text={t("room-failed")} retry={() => void loadNewest(id)} />;
  return (
    <div class="stage">
      <div class="timeline" ref={scroller} onScroll={onScroll} onKeyDown={moveFocus} tabIndex={0} role="region" aria-label={t("messages")} data-testid="timeline">
        <div class="log" data-testid="message-list">
          <div ref={top} />
          {!log.loaded ? <Bones /> : log.more && <Bones />}
          {log.loaded && lines.map((line) => <LineView key={line.key} line={line} room={id} />)}
          {log.loaded && lines.every((line) => line.t !== "group") && room && (
            <EmptyState glyph="chats" title={t("room-empty-title")} text={t("room-empty-text", { count: room.members_count })} />
          )}
        </div>
      </div>
      {held !== null && (
        <button type="button" class="to-end" onClick={toEnd} aria-label={t("to-end", { count: later })} data-testid="to-end">
          <Icon name="down" />
          {later > 0 && <span>{later}</span>}
        </button>
      )}
    </div>
  );
}

function LineView({ line, room }: { line: Line; room: Id }) {
  if (line.t === "day") return <DayPill ts={line.ts} />;
  if (line.t === "new") {
    return (
      <div class="new" role="separator" data-testid="unread-divider">
        {t("new-messages", { count: line.count })}
      </div>
    );
  }
  if (line.t === "system") {
    return (
      <div class="sysline" data-testid="system-line">
        {systemText(line.entry)}
      </div>
    );
  }
  const name = nameOf(line.sender) || t("somebody");
  const last = line.messages.length - 1;
  const direct = rooms.value.get(room)?.kind === "direct";
  return (
    <div class={line.own ? "group own" : direct ? "group alone" : "group"} role="group" aria-label={line.own ? t("you") : name}>
      {!line.own && !direct && (
        <bdi class="name" data-testid="sender">
          {name}
        </bdi>
      )}
      {line.messages.map((message, index) => {
        const next = line.messages[index + 1];
        const sameMinute = next && Math.floor(next.ts / 60_000) === Math.floor(message.ts / 60_000);
        return [
          index === last && !line.own && !direct && <Avatar key={`face ${message.key}`} id={line.sender} name={name} size="sm" />,
          <Bubble key={message.key} message={message} room={room} own={line.own} showTime={!sameMinute} />,
        ];
      })}
    </div>
  );
}

function DayPill({ ts }: { ts: number }) {
  const days = daysAgo(ts);
  const date = longDay(ts);
  const text = days === 0 ? t("today", { date }) : days === 1 ? t("yesterday", { date }) : date;
  return (
    <span class="day" data-testid="day" data-day={dayOf(ts)}>
      {text}
    </span>
  );
}

/** What is at the end of an open, visible page has been read. */
function useReading(id: Id, atEnd: boolean, head: number | undefined): void {
  useEffect(() => {
    const look = () => {
      if (atEnd && document.visibilityState === "visible" && document.hasFocus()) markRead(id);
    };
    look();
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [id, atEnd, head]);
}

function useOlderPages(id: Id, scroller: { current: HTMLElement | null }, top: { current: HTMLElement | null }, loaded: boolean): void {
  useEffect(() => {
    if (!loaded || !top.current) return undefined;
    let busy = false;
    const observer = new IntersectionObserver(
      async ([seen]) => {
        if (!seen?.isIntersecting || busy) return;
        busy = true;
        await loadOlder(id).catch(() => {});
        busy = false;
        // Still in sight after a short page: ask once more.
        if (top.current && logOf(id).peek().more) {
          observer.unobserve(top.current);
          observer.observe(top.current);
        }
      },
      { root: scroller.current, rootMargin: "600px 0px" },
    );
    observer.observe(top.current);
    return () => observer.disconnect();
  }, [id, loaded]);
}

/** Brings an answered message into view, loading older pages on the way. */
function useWanted(id: Id, scroller: { current: HTMLElement | null }): void {
  const seq = wanted.value;
  useEffect(() => {
    if (seq === null) return;
    const bring = async () => {
      for (let page = 0; page < 10 && (logOf(id).peek().entries[0]?.seq ?? 0) > seq; page += 1) await loadOlder(id);
      requestAnimationFrame(() => {
        const bubble = scroller.current?.querySelector<HTMLElement>(`[data-bubble="${seq}"]`);
        bubble?.scrollIntoView({ block: "center" });
        bubble?.classList.add("flash");
        setTimeout(() => bubble?.classList.remove("flash"), 2_000);
      });
    };
    void bring().catch(() => {});
    wanted.value = null;
  }, [seq]);
}

/** Arrow keys walk through the messages. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || event.defaultPrevented) return;
  const bubbles = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".bubble")];
  const at = bubbles.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? bubbles.at(-1) : bubbles[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
