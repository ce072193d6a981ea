import { useState } from "preact/hooks";
import { api } from "../../core/api";
import { sentence } from "../../core/door";
import { fullTime, moment } from "../../core/format";
import { rooms } from "../../core/store";
import { roomTitle } from "../../core/titles";
import type { Id, Invitation } from "../../core/types";
import { t } from "../../i18n";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Problem } from "../../ui/door";
import { QrCode } from "../../ui/qr";
import { toast } from "../../ui/toast";

const HOUR = 3_600;
const LIFETIMES = [
  { seconds: HOUR, key: "invite-hour" },
  { seconds: 24 * HOUR, key: "invite-day" },
  { seconds: 168 * HOUR, key: "invite-week" },
] as const;

/** A link for people without an account, as text to copy and as a code to scan. */
export function InviteDialog({ room, onClose }: { room: Id | null; onClose(): void }) {
  const [made, setMade] = useState<Invitation | null>(null);
  const [uses, setUses] = useState(1);
  const [seconds, setSeconds] = useState<number>(168 * HOUR);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const place = room ? rooms.value.get(room) : undefined;

  const make = async () => {
    setBusy(true);
    setProblem(null);
    try {
      setMade(await api.invite({ ...(room ? { conversation_id: room } : {}), max_uses: uses, expires_in_s: seconds }));
    } catch (error) {
      setProblem(sentence(error));
    }
    setBusy(false);
  };
  if (made) return <Ready made={made} onClose={onClose} />;
  return (
    <Dialog
      title={t("invite")}
      onClose={onClose}
      onSubmit={() => void make()}
      testid="invite-dialog"
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} data-testid="invite-create">
            {t("invite-create")}
          </Button>
        </>
      }
    >
      <p class="muted">{place ? t("invite-room", { room: roomTitle(place) }) : t("invite-text")}</p>
      <Problem text={problem} />
      <label class="field">
        <span>{t("invite-uses")}</span>
        <span class="input">
          <select value={uses} onChange={(event) => setUses(Number(event.currentTarget.value))} data-testid="invite-uses">
            {[1, 5, 20, 100].map((count) => (
              <option key={count} value={count}>
                {t("invite-people", { count })}
              </option>
            ))}
          </select>
        </span>
      </label>
      <label class="field">
        <span>{t("invite-lifetime")}</span>
        <span class="input">
          <select value={seconds} onChange={(event) => setSeconds(Number(event.currentTarget.value))} data-testid="invite-lifetime">
            {LIFETIMES.map((lifetime) => (
              <option key={lifetime.key} value={lifetime.seconds}>
                {t(lifetime.key)}
              </option>
            ))}
          </select>
        </span>
      </label>
    </Dialog>
  );
}

function Ready({ made, onClose }: { made: Invitation; onClose(): void }) {
  const copy = () => {
    navigator.clipboard.writeText(made.url).then(
      () => toast(t("copied")),
      () => toast(t("copy-failed")),
    );
  };
  return (
    <Dialog
      title={t("invite-ready")}
      onClose={onClose}
      testid="invite-dialog"
      actions={
        <Button kind="primary" onClick={onClose}>
          {t("done")}
        </Button>
      }
    >
      <QrCode text={made.url} label={t("invite-qr")} />
      <div class="linkbox">
        <span class="input">
          <input dir="ltr" readOnly value={made.url} aria-label={t("invite-link")} data-testid="invite-url" onFocus={(event) => event.currentTarget.select()} />
        </span>
        <Button icon="copy" onClick={copy} data-testid="invite-copy">
          {t("copy")}
        </Button>
      </div>
      <small class="muted">
        {t("invite-people", { count: made.max_uses })} · {t("join-until", { time: fullTime(moment(made.expires_at)) })}
      </small>
    </Dialog>
  );
}
