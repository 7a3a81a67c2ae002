// A WebSocket that comes back: after an error, after silence, and when a hidden page is seen again.

import { ApiError, get } from "./api.js";

/** Seconds until the next try: doubled each time, up to the second number. */
const FIRST_PAUSE = 0.5;
const LONGEST_PAUSE = 8;
/** The gateway says something each second: after so many of nothing the connection is dead. */
const SILENCE = 8;
/** Seconds that a page may be hidden before its lines are closed. */
export const HIDDEN_SECONDS = 30;

const all = new Set();
let hidden = null;

function pageHidden() {
  clearTimeout(hidden);
  if (!document.hidden) {
    for (const line of all) line.wake();
    return;
  }
  hidden = setTimeout(() => {
    for (const line of all) line.sleep();
  }, HIDDEN_SECONDS * 1000);
}

document.addEventListener("visibilitychange", pageHidden);
// A page that the browser keeps for "back" must hold no connection.
addEventListener("pagehide", () => {
  for (const line of all) line.sleep(true);
});
addEventListener("pageshow", pageHidden);
addEventListener("online", () => {
  for (const line of all) line.wake();
});

/**
 * `onText` gets parsed JSON, `onBytes` an ArrayBuffer, `onChange` is called when `state` changes:
 * "opening", "open", "waiting" (until `retryAt`), "refused" (a sign-in is needed), "asleep" or
 * "closed". `needed` tells whether a hidden page needs the line all the same.
 */
export class Line {
  constructor(path, { onText, onBytes, onChange = () => {}, needed = () => false }) {
    this.path = path;
    this.state = "closed";
    this.retryAt = 0;
    this.onText = onText;
    this.onBytes = onBytes;
    this.onChange = onChange;
    this.needed = needed;
    this.socket = null;
    this.pause = FIRST_PAUSE;
    this.timer = null;
    this.heard = 0;
  }

  open() {
    all.add(this);
    if (this.socket === null) this.connect();
  }

  close() {
    all.delete(this);
    this.drop("closed");
  }

  /** Send JSON or bytes; false if there is nobody to take them. */
  send(message) {
    if (this.socket === null || this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(message instanceof ArrayBuffer ? message : JSON.stringify(message));
    return true;
  }

  /** Bytes that were sent and have not left yet. */
  get waiting() {
    return this.socket === null ? 0 : this.socket.bufferedAmount;
  }

  sleep(always = false) {
    if (always || !this.needed()) this.drop("asleep");
  }

  wake() {
    if (this.socket === null) {
      this.pause = FIRST_PAUSE;
      this.connect();
    }
  }

  connect() {
    clearTimeout(this.timer);
    // Older browsers want the whole address.
    const socket = new WebSocket(new URL(this.path, location.href.replace(/^http/, "ws")));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heard = performance.now();
    this.become("opening");
    socket.onopen = () => this.become("open");
    socket.onmessage = (event) => {
      this.heard = performance.now();
      this.pause = FIRST_PAUSE;
      if (typeof event.data !== "string") this.onBytes(event.data);
      else this.onText(JSON.parse(event.data));
    };
    socket.onclose = () => this.failed();
    this.listen();
  }

  listen() {
    this.timer = setTimeout(() => {
      if (performance.now() - this.heard > SILENCE * 1000) this.failed();
      else this.listen();
    }, 1000);
  }

  failed() {
    this.drop("waiting");
    const pause = this.pause * (0.75 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    this.retryAt = performance.now() + pause * 1000;
    this.timer = setTimeout(() => this.connect(), pause * 1000);
    this.askWhy();
  }

  /** A script is not told why a WebSocket was refused; a plain request is. */
  async askWhy() {
    try {
      await get("/api/cameras");
    } catch (error) {
      const refused = error instanceof ApiError && [401, 403].includes(error.status);
      if (refused && this.state === "waiting") this.become("refused");
    }
  }

  drop(state) {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.become(state);
  }

  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.onChange();
  }
}
