import { useEffect, useState } from "preact/hooks";
import { api } from "../../core/api";
import { credentialsFor, firstChoice, sentence } from "../../core/door";
import { fullTime, moment } from "../../core/format";
import { enter } from "../../core/session";
import type { InvitationPreview } from "../../core/types";
import { passkeysWork } from "../../core/webauthn";
import { language, t } from "../../i18n";
import { follow, go, roomPath, takeSecret } from "../../router";
import { Avatar, Banner, Bones, Button, EmptyState, Field } from "../../ui/controls";
import { Brand, CredentialFields, Door, HandlePage, Point, Problem, Steps } from "../../ui/door";
import { Arch } from "../../ui/icon";

const secret = { value: "" };
type Step = "welcome" | "name" | "key";

/** From an invitation link to the room: welcome, name, passkey or password. */
export default function Join() {
  const [preview, setPreview] = useState<InvitationPreview | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [step, setStep] = useState<Step>("welcome");
  const [name, setName] = useState("");
  const [choice, setChoice] = useState(firstChoice);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<{ handle: string; room: string | null } | null>(null);

  const load = () => {
    setProblem(null);
    api.invitationPreview(secret.value).then(setPreview, (error: unknown) => setProblem(sentence(error)));
  };
  useEffect(() => {
    secret.value = takeSecret() || secret.value;
    load();
  }, []);

  const arrive = async (room: string | null) => {
    await enter();
    if (room) go(roomPath(room), true);
  };
  const join = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const credentials = await credentialsFor(choice, secret.value, name.trim());
      const joined = await api.join({ secret: secret.value, display_name: name.trim(), language: language.peek(), ...credentials });
      const room = joined.conversation_id ?? null;
      if (choice.way === "password" && joined.person.handle) setDone({ handle: joined.person.handle, room });
      else await arrive(room);
    } catch (error) {
      setProblem(sentence(error));
    }
    setBusy(false);
  };

  if (done) return <HandlePage handle={done.handle} onContinue={() => void arrive(done.room)} />;
  if (!preview) {
    return (
      <Door testid="join">
        <Brand />
        <div class="pad mid">
          {problem ? (
            <EmptyState glyph="broken" title={t("join-bad")} text={problem}>
              <Button onClick={load}>{t("try-again")}</Button>
            </EmptyState>
          ) : (
            <Bones />
          )}
        </div>
      </Door>
    );
  }
  if (step === "welcome") return <Welcome preview={preview} onJoin={() => setStep("name")} />;
  if (step === "name") {
    return (
      <Door onSubmit={() => setStep("key")} testid="join-name">
        <Steps step={1} of={2} back={() => setStep("welcome")} />
        <div class="pad mid high">
          <h1 class="big">{t("join-name-title")}</h1>
          <p class="muted">{t("join-name-text")}</p>
          <Avatar id={name} name={name} size="xl" />
          <Field label={t("name")} name="name" required maxLength={80} autoComplete="name" autoFocus data-testid="name" value={name} onValue={setName} />
          <Banner boxed>
            <span>{t("join-name-note")}</span>
          </Banner>
        </div>
        <div class="pad bot">
          <Button kind="primary" large type="submit" data-testid="submit" disabled={!name.trim()}>
            {t("continue")}
          </Button>
        </div>
      </Door>
    );
  }
  return (
    <Door onSubmit={() => void join()} testid="join-key">
      <Steps step={2} of={2} back={() => setStep("name")} />
      <div class="pad mid">
        <Arch inside="finger" />
        <h1 class="big">{t("join-key-title")}</h1>
        <p class="muted">{t("join-key-text")}</p>
        <CredentialFields choice={choice} onChange={setChoice} passkeys={passkeysWork()} />
        <Problem text={problem} />
      </div>
      <div class="pad bot">
        <Button kind="primary" large type="submit" busy={busy} icon={choice.way === "passkey" ? "finger" : "key"} data-testid="submit">
          {choice.way === "passkey" ? t("create-passkey") : t("join-submit")}
        </Button>
      </div>
    </Door>
  );
}

function Welcome({ preview, onJoin }: { preview: InvitationPreview; onJoin(): void }) {
  const organisation = typeof preview.organisation === "string" ? preview.organisation : preview.organisation.name;
  const inviter = typeof preview.inviter === "string" ? preview.inviter : preview.inviter?.display_name;
  return (
    <Door testid="join">
      <Brand />
      <div class="pad mid">
        <Arch inside="talk" />
        <h1 class="big">{inviter ? t("join-title", { inviter, organisation }) : t("join-title-plain", { organisation })}</h1>
        {preview.conversation_title && <p class="muted">{t("join-room", { room: preview.conversation_title })}</p>}
        <div class="stack stack-4">
          <Point icon="device" title={t("join-point-install")} text={t("join-point-install-text")} />
          <Point icon="eye" title={t("join-point-read")} text={t("join-point-read-text")} />
          <Point icon="lock" title={t("join-point-key")} text={t("join-point-key-text")} />
        </div>
      </div>
      <div class="pad bot">
        <Button kind="primary" large onClick={onJoin} data-testid="join-start">
          {t("join")}
        </Button>
        <small class="muted stack">
          {preview.expires_at && <span>{t("join-until", { time: fullTime(moment(preview.expires_at)) })}</span>}
          <a href="/sign-in" onClick={follow}>
            {t("have-account")}
          </a>
        </small>
      </div>
    </Door>
  );
}
