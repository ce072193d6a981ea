import type { ComponentChildren } from "preact";
import { LANGUAGE_NAMES, LANGUAGES, language, setLanguage, t } from "../i18n";
import { Banner, Button, Field, IconButton } from "./controls";
import { Icon, Mark } from "./icon";
import type { IconName } from "./icons";

/** The narrow page of everybody who is not in yet. */
export function Door({ children, onSubmit, testid }: { children: ComponentChildren; onSubmit?(): void; testid?: string }) {
  return (
    <main class="door-scroll">
      {onSubmit ? (
        <form
          class="door"
          data-testid={testid}
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          {children}
        </form>
      ) : (
        <div class="door" data-testid={testid}>
          {children}
        </div>
      )}
    </main>
  );
}

export function Brand() {
  return (
    <div class="pad top">
      <div class="row">
        <Mark />
        <b class="brand">Amana</b>
        <span class="end" />
        <LanguageChip />
      </div>
    </div>
  );
}

export function LanguageChip() {
  return (
    <label class="chip">
      <Icon name="globe" size="sm" />
      <span class="visually-hidden">{t("language")}</span>
      <select class="lang" value={language.value} data-testid="language" onChange={(event) => void setLanguage(event.currentTarget.value)}>
        {LANGUAGES.map((code) => (
          <option key={code} value={code} lang={code}>
            {LANGUAGE_NAMES[code]}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Steps({ step, of, back }: { step: number; of: number; back(): void }) {
  return (
    <header class="bar">
      <IconButton name="left" size="lg" flip label={t("back")} onClick={back} />
      <span class="end" />
      <span class="dots" role="img" aria-label={t("step-of", { step, of })}>
        {Array.from({ length: of }, (_, index) => (
          <i key={index} class={index < step ? "on" : ""} />
        ))}
      </span>
    </header>
  );
}

export function Point({ icon, title, text }: { icon: IconName; title: string; text: string }) {
  return (
    <div class="vis">
      <span class="vis-i">
        <Icon name={icon} />
      </span>
      <div>
        <b>{title}</b>
        <p class="muted">{text}</p>
      </div>
    </div>
  );
}

export interface Choice {
  readonly way: "passkey" | "password";
  readonly password: string;
}

/** Passkey or password; both are complete ways in, so both are visible. */
export function CredentialFields({ choice, onChange, passkeys }: { choice: Choice; onChange(choice: Choice): void; passkeys: boolean }) {
  return (
    <>
      {passkeys ? (
        <fieldset class="choice">
          <legend class="visually-hidden">{t("credential-legend")}</legend>
          <label>
            <input type="radio" name="way" value="passkey" data-testid="way-passkey" checked={choice.way === "passkey"} onChange={() => onChange({ ...choice, way: "passkey" })} />
            <span>
              <b>{t("credential-passkey")}</b>
              <small class="muted">{t("credential-passkey-text")}</small>
            </span>
          </label>
          <label>
            <input type="radio" name="way" value="password" data-testid="way-password" checked={choice.way === "password"} onChange={() => onChange({ ...choice, way: "password" })} />
            <span>
              <b>{t("credential-password")}</b>
              <small class="muted">{t("credential-password-text")}</small>
            </span>
          </label>
        </fieldset>
      ) : (
        <Banner boxed tone="off">
          <span>{t("passkeys-missing")}</span>
        </Banner>
      )}
      {choice.way === "password" && (
        <Field
          label={t("password")}
          hint={t("password-hint")}
          type="password"
          name="password"
          autoComplete="new-password"
          minLength={10}
          required
          data-testid="password"
          value={choice.password}
          onValue={(password) => onChange({ ...choice, password })}
        />
      )}
    </>
  );
}

export function Problem({ text }: { text: string | null }) {
  if (!text) return null;
  return (
    <Banner boxed tone="bad" role="alert" testid="problem">
      <span>{text}</span>
    </Banner>
  );
}

/** After choosing a password: the name to sign in with elsewhere. */
export function HandlePage({ handle, onContinue }: { handle: string; onContinue(): void }) {
  return (
    <Door testid="handle-page">
      <Brand />
      <div class="pad mid">
        <h1 class="big">{t("handle-title")}</h1>
        <p class="muted">{t("handle-text")}</p>
        <div class="card">
          <small class="muted">{t("handle")}</small>
          <div class="handle" data-testid="handle">
            {handle}
          </div>
        </div>
      </div>
      <div class="pad bot">
        <Button kind="primary" large onClick={onContinue} data-testid="handle-continue">
          {t("handle-continue")}
        </Button>
      </div>
    </Door>
  );
}
