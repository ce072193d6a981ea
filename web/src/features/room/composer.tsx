import { useEffect, useRef, useState } from "preact/hooks";
import { drafts, logOf, myId } from "../../core/store";
import { keepDraft } from "../../core/session";
import { act } from "../../core/sync";
import { isMessage, previewText, roomTitle } from "../../core/titles";
import type { Summary } from "../../core/types";
import { t } from "../../i18n";
import { IconButton } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { QuoteText } from "./bubble";
import { doing } from "./view";

const LONGEST = 8_000;
const WARN_FROM = 7_500;

/** Where messages are written. Enter sends, Shift+Enter breaks the line, Esc gives up an answer or an edit. */
export function Composer({ room }: { room: Summary }) {
  const id = room.conversation_id;
  const area = useRef<HTMLTextAreaElement>(null);
  const now = doing.value;
  const [text, setText] = useState(() => drafts.peek().get(id) ?? "");
  const [draft, setDraft] = useState("");
  const length = [...text].length;
  const tooLong = length > LONGEST;
  const ready = text.trim() !== "" && !tooLong;

  const write = (value: string) => {
    setText(value);
    if (doing.peek()?.what !== "edit") keepDraft(id, value);
  };
  useEffect(() => {
    if (now?.what === "edit") {
      setDraft(text);
      setText(now.entry.content?.text ?? "");
    }
    if (now) area.current?.focus();
  }, [now]);
  useEffect(() => {
    grow(area.current);
  }, [text]);
  useEffect(() => {
    if (matchMedia("(hover: hover) and (min-width: 640px)").matches) area.current?.focus();
    return () => {
      doing.value = null;
    };
  }, [id]);

  const cancel = () => {
    if (doing.peek()?.what === "edit") setText(draft);
    doing.value = null;
  };
  const submit = () => {
    if (!ready) return;
    const task = doing.peek();
    if (task?.what === "edit") {
      if (text.trim() !== task.entry.content?.text) act(id, { t: "edit", seq: task.entry.seq, text: text.trim() });
      setText(draft);
    } else {
      act(id, task ? { t: "send", text: text.trim(), reply_to: task.entry.seq } : { t: "send", text: text.trim() });
      write("");
    }
    doing.value = null;
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && doing.peek()) {
      event.preventDefault();
      cancel();
    } else if (event.key === "ArrowUp" && text === "" && !doing.peek()) {
      const last = logOf(id).peek().entries.findLast((entry) => isMessage(entry) && entry.sender_id === myId.peek() && !entry.removed && entry.content);
      if (!last) return;
      event.preventDefault();
      doing.value = { what: "edit", entry: last };
    }
  };
  const label = t("write-to", { room: roomTitle(room) });
  return (
    <>
      {now && (
        <div class="about" data-testid={`composer-${now.what}`}>
          <Icon name={now.what === "edit" ? "pen" : "reply"} flip={now.what === "reply"} />
          <div class="quote">
            {now.what === "edit" ? (
              <>
                <b>{t("editing")}</b>
                <span class="cut" dir="auto">
                  {previewText(now.entry)}
                </span>
              </>
            ) : (
              <QuoteText entry={now.entry} />
            )}
          </div>
          <IconButton name="x" label={t("cancel")} onClick={cancel} />
        </div>
      )}
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div class="compose">
          <textarea
            ref={area}
            rows={1}
            dir={text ? "auto" : undefined}
            enterkeyhint="send"
            placeholder={label}
            aria-label={label}
            aria-invalid={tooLong || undefined}
            data-testid="composer"
            value={text}
            onInput={(event) => write(event.currentTarget.value)}
            onKeyDown={onKeyDown}
          />
          {length > WARN_FROM && (
            <small class={tooLong ? "counter bad" : "counter"} role="status">
              {t("characters-left", { count: LONGEST - length })}
            </small>
          )}
        </div>
        <IconButton primary flip type="submit" name="send" label={t("send")} disabled={!ready} data-testid="send" />
      </form>
    </>
  );
}

/** For browsers that do not size a field by its content. */
function grow(area: HTMLTextAreaElement | null): void {
  if (!area || CSS.supports("field-sizing", "content")) return;
  area.style.blockSize = "auto";
  area.style.blockSize = `${area.scrollHeight}px`;
}
