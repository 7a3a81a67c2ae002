// A camera's pictures on a canvas: the newest only, in their order, as soon as they are there.
//
// One JPEG is decoded at a time; of those that arrive meanwhile the newest waits. So nothing can
// overtake, and a slow machine leaves pictures out instead of falling behind.

import { Line } from "./line.js";
import { Clock, Recent } from "./measures.js";
import { verdict } from "./verdict.js";

const HEADER = 16;
/** Milliseconds between looks at whether pictures still come, and between questions of the time. */
const LOOK = 500;
const PING = 5000;

export class Picture {
  /**
   * `fps` asks the gateway for fewer pictures; `onVerdict` gets what `verdict` says whenever that
   * may have changed.
   */
  constructor(name, canvas, { fps = null, onVerdict }) {
    this.name = name;
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.onVerdict = onVerdict;
    this.clock = new Clock();
    /** Milliseconds from the gateway's arrival to the canvas, and when pictures were shown. */
    this.ages = new Recent();
    this.times = new Recent(60);
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
    const age = this.clock.now() - header.getFloat64(8) * 1000;
    this.number = header.getUint32(0);
    this.skipped = header.getUint32(4);
    this.ages.add(age);
    this.times.add(performance.now());
    this.jpeg = jpeg;
    this.shown += 1;
    // A picture that was long on its way is as old as it is.
    this.last = performance.now() - Math.max(0, age);
    if (this.stale) this.judge();
  }

  /** Pictures a second, of the last ones; 0 before there are two. */
  get rate() {
    const { numbers } = this.times;
    if (numbers.length < 2) return 0;
    return ((numbers.length - 1) * 1000) / Math.max(1, numbers.at(-1) - numbers[0]);
  }

  look() {
    if (this.line.state === "open" && performance.now() - this.lastPing > PING) this.ping();
    this.judge();
  }

  judge() {
    const now = performance.now();
    const earlier = this.server?.last ?? null;
    const found = verdict({
      line: this.line.state,
      said: this.server?.state ?? null,
      last: this.last,
      earlier: earlier === null ? null : now - (this.clock.now() - earlier * 1000),
      rate: this.rate,
      now,
    });
    this.stale = found.kind !== "live";
    if (this.stale && this.needed) this.strikeOut();
    this.onVerdict(found);
  }

  /** Darken what was painted: a film that is made of the canvas must not show it as live. */
  strikeOut() {
    if (this.struck === this.shown) return;
    this.struck = this.shown;
    const { width, height } = this.canvas;
    this.context.fillStyle = "rgb(0 0 0 / 0.65)";
    this.context.fillRect(0, 0, width, height);
  }
}
