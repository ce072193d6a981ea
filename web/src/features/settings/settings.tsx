import { useEffect, useState } from "preact/hooks";
import { api } from "../../core/api";
import { sentence } from "../../core/door";
import { fullTime, moment } from "../../core/format";
import { signOut } from "../../core/session";
import { me, outbox } from "../../core/store";
import { applyTheme, THEMES, theme } from "../../core/theme";
import type { Session } from "../../core/types";
import { createPasskey, passkeysWork } from "../../core/webauthn";
import { LANGUAGE_NAMES, LANGUAGES, type Language, language, setLanguage, t } from "../../i18n";
import { Avatar, Bones, Button, Failed } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { toast } from "../../ui/toast";

/** The person's own page: language, look, devices, the way out. */
export function Settings() {
  const person = me.value?.person;
  const [leaving, setLeaving] = useState(false);
  const speak = (code: Language) => {
    void setLanguage(code);
    api.changeMe({ language: code }).catch((error: unknown) => toast(sentence(error)));
  };
  return (
    <>
      <header class="bar bar-line">
        <h1>{t("me")}</h1>
      </header>
      <div class="scroll">
        <div class="page-body" data-testid="settings">
          <div class="row me-card">
            <Avatar id={person?.user_id ?? ""} name={person?.display_name ?? ""} size="lg" />
            <span class="who">
              <b dir="auto">{person?.display_name}</b>
              <small>
                <bdi>{person?.handle}</bdi> · <bdi>{me.value?.organisation.name}</bdi>
              </small>
            </span>
          </div>
          <section class="card">
            <h2>{t("language")}</h2>
            <fieldset class="seg">
              <legend class="visually-hidden">{t("language")}</legend>
              {LANGUAGES.map((code) => (
                <label key={code} class="chip" lang={code}>
                  <input type="radio" name="language" checked={language.value === code} onChange={() => speak(code)} data-testid={`language-${code}`} />
                  {LANGUAGE_NAMES[code]}
                </label>
              ))}
            </fieldset>
          </section>
          <section class="card">
            <h2>{t("appearance")}</h2>
            <fieldset class="seg">
              <legend class="visually-hidden">{t("appearance")}</legend>
              {THEMES.map((kind) => (
                <label key={kind} class="chip">
                  <input type="radio" name="theme" checked={theme.value === kind} onChange={() => applyTheme(kind)} data-testid={`theme-${kind}`} />
                  {t(`theme-${kind}`)}
                </label>
              ))}
            </fieldset>
          </section>
          <Devices />
          <div class="row wrap">
            {passkeysWork() && (
              <Button icon="finger" onClick={() => void addPasskey()} data-testid="add-passkey">
                {t("add-passkey")}
              </Button>
            )}
            <Button icon="out" onClick={() => setLeaving(true)} data-testid="sign-out">
              {t("sign-out")}
            </Button>
          </div>
        </div>
      </div>
      {leaving && <SignOutDialog onClose={() => setLeaving(false)} />}
    </>
  );
}

async function addPasskey(): Promise<void> {
  try {
    await api.addPasskey(await createPasskey({}));
    toast(t("passkey-added"));
  } catch (error) {
    toast(sentence(error));
  }
}

function Devices() {
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const [failed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    api.sessions().then(setSessions, () => setFailed(true));
  };
  useEffect(load, []);
  const end = (session: Session) => {
    api.endSession(session.session_id).then(load, (error: unknown) => toast(sentence(error)));
  };
  const own = me.value?.session_id;
  return (
    <section class="card">
      <h2>{t("devices")}</h2>
      {failed ? (
        <Failed retry={load} />
      ) : sessions === null ? (
        <Bones rows />
      ) : (
        <ul class="devices" data-testid="devices">
          {sessions.map((session) => (
            <li key={session.session_id} class="device" data-testid="device">
              <Icon name="device" />
              <span>
                <bdi>{session.label || t("device")}</bdi>
                <small>{session.session_id === own ? t("this-device") : lastSeen(session)}</small>
              </span>
              {session.session_id !== own && (
                <Button kind="quiet" onClick={() => end(session)} data-testid="device-end">
                  {t("sign-out")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function lastSeen(session: Session): string {
  const at = moment(session.last_seen_at ?? session.created_at);
  return at ? t("last-used", { time: fullTime(at) }) : "";
}

function SignOutDialog({ onClose }: { onClose(): void }) {
  const [busy, setBusy] = useState(false);
  const waiting = outbox.value.length;
  const leave = async () => {
    setBusy(true);
    try {
      await signOut();
    } catch (error) {
      toast(sentence(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("sign-out-title")}
      onClose={onClose}
      testid="sign-out-dialog"
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind={waiting ? "danger" : "primary"} busy={busy} onClick={() => void leave()} data-testid="sign-out-confirm">
            {t("sign-out")}
          </Button>
        </>
      }
    >
      <p>{waiting ? t("sign-out-waiting", { count: waiting }) : t("sign-out-text")}</p>
    </Dialog>
  );
}
