/** JSON over HTTPS to the own origin, and the one shape of a refusal. */
import type { RefusalBody } from "./types";

/** The server said no: a stable code, named fields and a sentence in the person's language. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(status: number, body: RefusalBody) {
    super(body.message);
    this.status = status;
    this.code = body.code;
    this.fields = body.fields;
  }
}

/** Nothing came back: no network, or the server is away. Nothing can be said about the request. */
export class Unreachable extends Error {}

let language = "en";
let onSignedOut: () => void = () => {};

export function speak(code: string): void {
  language = code;
}

/** Called whenever the server no longer knows this session. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export async function call<T>(method: Method, path: string, body?: unknown, anonymous = false): Promise<T> {
  const init: RequestInit = {
    method,
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    headers: { Accept: "application/json", "Accept-Language": language },
  };
  if (body !== undefined) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(`/v1${path}`, init);
  } catch {
    throw new Unreachable("The server cannot be reached.");
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  if (response.status === 401 && !anonymous) onSignedOut();
  throw new Refused(response.status, refusalIn(answer, response.status));
}

function refusalIn(answer: unknown, status: number): RefusalBody {
  const error = (answer as { error?: Partial<RefusalBody> } | null)?.error;
  return {
    code: error?.code ?? `http_${status}`,
    message: error?.message ?? "",
    fields: error?.fields ?? {},
  };
}
