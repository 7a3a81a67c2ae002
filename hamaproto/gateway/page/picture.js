// A camera's pictures on a canvas: the newest only, in their order, as soon as they are there.
//
// One JPEG is decoded at a time; of those that arrive meanwhile the newest waits. So nothing can
// overtake, and a slow machine leaves pictures out instead of falling behind.

import { Line } from "./line.js";
import { Clock, Recent } from "./measures.js";
import { verdict } from "./verdict.js";

const HEADER = 16;
/** Milliseconds between looks at whether pictures still come. */
const LOOK = 500;
/** So many questions of the time at once, and then one in so many milliseconds. */
const FIRST_PINGS = 4;
const PING = 5000;
/** Pictures by which the rate is told. */
const LATELY = 30;

export class Picture {
  /**
   * `fps` asks the gateway for fewer pictures; `onVerdict` gets what `verdict` says whenever that
   * may have changed; `caption` makes a sentence of it, for films.
   */
  constructor(name, canvas, { fps = null, onVerdict, caption }) {
    this.name = name;
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.onVerdict = onVerdict;
    this.caption = caption;
    this.clock = new Clock();
    /** When the last pictures were shown, and when they had come to the gateway, by its clock. */
    this.times = new Recent();
    this.arrivals = new Recent();
    this.shown = 0;
    this.damaged = 0;
    this.skipped = 0;
    this.number = 0;
    /** The bytes of the picture that is shown, the state and the figures that the gateway told. */
    this.jpeg = null;
    this.server = null;
    this.told = {};
    /** Whether someone needs the pictures though the page is hidden. */
    this.needed = false;
    /** When the gateway tries again, by `performance.now()`; it has passed where none is told. */
    this.serverRetryAt = 0;
    this.last = null;
    this.stale = true;
    this.struck = 0;
    this.waiting = null;
    this.decoding = false;
    this.lastPing = -Infinity;
    this.line = new Line(`/c/${encodeURIComponent(name)}/frames`, {
      onText: (message) => this.hear(message),
      onBytes: (bytes) => this.take(bytes),
      onChange: () => this.changed(fps),
      needed: () => this.needed,
    });
    this.timer = setInterval(() => this.look(), LOOK);
    this.line.open();
  }

  close() {
    clearInterval(this.timer);
    this.line.close();
    this.waiting = null;
  }

  changed(fps) {
    if (this.line.state === "open") {
      this.server = null;
      if (fps !== null) this.line.send({ fps });
      this.ping();
    }
    this.judge();
  }

  ping() {
    this.lastPing = performance.now();
    this.line.send(this.clock.ask());
  }

  hear(message) {
    if ("pong" in message) this.clock.answered(message);
    if ("frames" in message || "anomalies" in message) this.told = message;
    if ("state" in message) {
      this.server = message;
      this.serverRetryAt = performance.now() + (message.retry_in ?? 0) * 1000;
      this.judge();
    }
  }

  take(bytes) {
    this.waiting = bytes;
    if (!this.decoding) this.decode();
  }

  async decode() {
    this.decoding = true;
    while (this.waiting !== null) {
      const bytes = this.waiting;
      this.waiting = null;
      const jpeg = new Blob([new Uint8Array(bytes, HEADER)], { type: "image/jpeg" });
      try {
        const bitmap = await createImageBitmap(jpeg);
        this.show(bitmap, jpeg, new DataView(bytes));
        bitmap.close();
      } catch {
        this.damaged += 1;
      }
    }
    this.decoding = false;
  }

  show(bitmap, jpeg, header) {
    const { canvas } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      // So that the style sheet can keep the whole picture on the screen.
      canvas.parentElement?.style.setProperty("--ratio", bitmap.width / bitmap.height);
    }
    this.context.drawImage(bitmap, 0, 0);
    const now = performance.now();
    const arrival = header.getFloat64(8) * 1000;
    this.number = header.getUint32(0);
    this.skipped = header.getUint32(4);
    this.times.add(now);
    this.arrivals.add(arrival);
    this.jpeg = jpeg;
    this.shown += 1;
    // A picture that was long on its way is as old as it is.
    this.last = now - Math.max(0, this.clock.at(now) - arrival);
    if (this.stale) this.judge();
  }

  /** Pictures a second, of the last ones; 0 before there are two. */
  get rate() {
    const times = this.times.numbers.slice(-LATELY);
    if (times.length < 2) return 0;
    return ((times.length - 1) * 1000) / Math.max(1, times.at(-1) - times[0]);
  }

  /** Milliseconds from the gateway to the canvas, of the last pictures. */
  get ages() {
    return this.times.numbers.map((time, at) => this.clock.at(time) - this.arrivals.numbers[at]);
  }

  look() {
    const wait = this.clock.answers.length < FIRST_PINGS ? 0 : PING;
    if (this.line.state === "open" && performance.now() - this.lastPing > wait) this.ping();
    this.judge();
  }

  judge() {
    const now = performance.now();
    const earlier = this.server?.last ?? null;
    const found = verdict({
      line: this.line.state,
      said: this.server?.state ?? null,
      last: this.last,
      earlier: earlier === null ? null : now - (this.clock.at(now) - earlier * 1000),
      rate: this.rate,
      now,
    });
    this.stale = found.kind !== "live";
    if (this.stale && this.needed) this.strikeOut(this.caption(found));
    this.onVerdict(found);
  }

  /** Paint over what was painted: a film that is made of the canvas must not show it as live. */
  strikeOut(sentence) {
    if (this.struck === this.shown) return;
    this.struck = this.shown;
    const { context } = this;
    const { width, height } = this.canvas;
    context.fillStyle = "rgb(0 0 0 / 0.65)";
    context.fillRect(0, 0, width, height);
    context.fillStyle = "white";
    context.font = `600 ${Math.round(width / 24)}px sans-serif`;
    context.textAlign = "center";
    context.fillText(sentence, width / 2, height / 2, width * 0.9);
  }
}
