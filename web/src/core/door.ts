/** What the pages before sign-in share: the way in, and sentences for what went wrong. */
import { t } from "../i18n";
import type { Choice } from "../ui/door";
import type { Credentials } from "./api";
import { Refused, Unreachable } from "./http";
import { createPasskey, passkeysWork, wasCancelled } from "./webauthn";

export const firstChoice = (): Choice => ({ way: passkeysWork() ? "passkey" : "password", password: "" });

export async function credentialsFor(choice: Choice, secret: string, displayName: string): Promise<Credentials> {
  if (choice.way === "password") return { password: choice.password };
  return { passkey: await createPasskey({ secret, display_name: displayName }) };
}

/** A sentence for whatever was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof Refused) return error.message || t("failed-code", { code: error.code });
  if (error instanceof Unreachable) return t("unreachable");
  if (wasCancelled(error)) return t("passkey-cancelled");
  return t("failed-text");
}
