/** The one socket of this tab: connects, says hello, comes back after any loss. Knows no business. */
import { backoffMs } from "./backoff";
import type { ServerElement } from "./types";

export type Link = "offline" | "connecting" | "online";

export interface SocketHooks {
  /** The first frame of every connection. */
  hello(): object;
  receive(element: ServerElement): void;
  moved(link: Link): void;
  signedOut(): void;
}

const SIGNED_OUT = 4401;
const PING_EVERY_MS = 30_000;
const PONG_WITHIN_MS = 10_000;
const WELCOME_WITHIN_MS = 15_000;

type Timer = ReturnType<typeof setTimeout>;

export class Connection {
  #url: string;
  #hooks: SocketHooks;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retry: Timer | undefined;
  #watch: Timer | undefined;
  #wanted = false;
  #backAfterMs: number | null = null;

  constructor(url: string, hooks: SocketHooks) {
    this.#url = url;
    this.#hooks = hooks;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    addEventListener("online", this.#tryNow);
    addEventListener("offline", this.#lost);
    this.#open();
  }

  stop(): void {
    this.#wanted = false;
    removeEventListener("online", this.#tryNow);
    removeEventListener("offline", this.#lost);
    clearTimeout(this.#retry);
    this.#drop();
  }

  /** Give one frame to the network; false when there is no welcomed connection. */
  send(frame: object): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Connect without waiting for the next attempt. */
  tryNow(): void {
    this.#tryNow();
  }

  /** Give up the present connection, for instance because an answer never came. */
  restart(): void {
    this.#lost();
  }

  #tryNow = (): void => {
    if (!this.#wanted || this.#socket) return;
    clearTimeout(this.#retry);
    this.#attempt = 0;
    this.#open();
  };

  #lost = (): void => {
    if (!this.#socket) return;
    this.#drop();
    this.#again();
  };

  #open(): void {
    this.#hooks.moved("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#expect(WELCOME_WITHIN_MS);
    socket.onopen = () => socket.send(JSON.stringify(this.#hooks.hello()));
    socket.onmessage = (message) => {
      if (socket === this.#socket && typeof message.data === "string") this.#take(message.data);
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      clearTimeout(this.#watch);
      if (event.code === SIGNED_OUT) {
        this.stop();
        this.#hooks.signedOut();
      } else this.#again();
    };
  }

  #take(data: string): void {
    this.#idle();
    const parsed: unknown = JSON.parse(data);
    for (const element of (Array.isArray(parsed) ? parsed : [parsed]) as ServerElement[]) {
      if (element.t === "welcome") {
        this.#attempt = 0;
        this.#hooks.moved("online");
      } else if (element.t === "drain") this.#backAfterMs = element.reconnect_after_ms;
      else if (element.t === "resync") this.#backAfterMs = 0;
      this.#hooks.receive(element);
    }
  }

  #again(): void {
    if (!this.#wanted) return;
    this.#hooks.moved("offline");
    const wait = this.#backAfterMs ?? backoffMs(this.#attempt);
    this.#backAfterMs = null;
    this.#attempt += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  #idle(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      this.send({ t: "ping" });
      this.#expect(PONG_WITHIN_MS);
    }, PING_EVERY_MS);
  }

  #expect(withinMs: number): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(this.#lost, withinMs);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#watch);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
