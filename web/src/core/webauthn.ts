/** Passkeys: the browser's calls with the JSON forms that the API speaks. */
import { api, type Credentials } from "./api";

type Json = Record<string, unknown>;

export function passkeysWork(): boolean {
  return isSecureContext && typeof PublicKeyCredential === "function" && "credentials" in navigator;
}

/** The person closed the browser's dialog, or it timed out. */
export function wasCancelled(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError");
}

export async function createPasskey(about: { secret?: string; display_name?: string }): Promise<NonNullable<Credentials["passkey"]>> {
  const answer = await api.passkeyOptions(about);
  const options = optionsIn(answer);
  const user = options.user as Json;
  const made = await navigator.credentials.create({
    publicKey: {
      ...(options as unknown as PublicKeyCredentialCreationOptions),
      challenge: bytes(options.challenge),
      user: { ...(user as unknown as PublicKeyCredentialUserEntity), id: bytes(user.id) },
      excludeCredentials: descriptors(options.excludeCredentials),
    },
  });
  return { challenge_id: String(answer.challenge_id), credential: credentialJson(made as PublicKeyCredential) };
}

export async function usePasskey(): Promise<NonNullable<Credentials["passkey"]>> {
  const answer = await api.signInOptions();
  const options = optionsIn(answer);
  const found = await navigator.credentials.get({
    publicKey: {
      ...(options as unknown as PublicKeyCredentialRequestOptions),
      challenge: bytes(options.challenge),
      allowCredentials: descriptors(options.allowCredentials),
    },
  });
  return { challenge_id: String(answer.challenge_id), credential: credentialJson(found as PublicKeyCredential) };
}

function optionsIn(answer: Json): Json {
  return ((answer.options ?? answer.public_key ?? answer.publicKey ?? answer) as Json) ?? {};
}

function descriptors(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list as Json[] | undefined) ?? []).map((item) => ({
    ...(item as unknown as PublicKeyCredentialDescriptor),
    id: bytes(item.id),
  }));
}

function credentialJson(credential: PublicKeyCredential): Json {
  const response = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const parts: Json = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    parts.attestationObject = text(response.attestationObject);
    parts.transports = response.getTransports?.() ?? [];
  } else {
    parts.authenticatorData = text(response.authenticatorData);
    parts.signature = text(response.signature);
    if (response.userHandle) parts.userHandle = text(response.userHandle);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: parts,
  };
}

function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  const plain = String(value ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
