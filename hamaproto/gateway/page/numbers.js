// Figures on demand: how fresh, how many, how much was lost, and what is odd about the stream.

import { get, ofCamera } from "./api.js";
import { make, setText } from "./dom.js";
import { quantile } from "./measures.js";
import { say } from "./words.js";

const EVERY = 1000;

export class Numbers {
  constructor(name, picture, sound) {
    this.name = name;
    this.picture = picture;
    this.sound = sound;
    this.cells = new Map();
    this.list = make("dl", { class: "numbers" });
    this.element = make(
      "details",
      { class: "card" },
      make("summary", {}, make("h2", { text: say("numbers") })),
      this.list,
    );
    this.timer = null;
    this.element.addEventListener("toggle", () => {
      clearInterval(this.timer);
      if (!this.element.open) return;
      this.draw();
      this.timer = setInterval(() => this.draw(), EVERY);
    });
  }

  close() {
    clearInterval(this.timer);
  }

  row(label, text) {
    if (!this.cells.has(label)) {
      const cell = make("dd");
      this.cells.set(label, cell);
      this.list.append(make("dt", { text: say(label) }), cell);
    }
    setText(this.cells.get(label), text);
  }

  async draw() {
    const { picture, sound } = this;
    const { ages } = picture;
    const whole = (number) => Math.max(0, Math.round(number));
    this.row("rate", picture.stale ? "0" : picture.rate.toFixed(1));
    this.row(
      "age",
      ages.length === 0
        ? "–"
        : say("ageValue", { median: whole(quantile(ages, 0.5)), p95: whole(quantile(ages, 0.95)) }),
    );
    this.row("size", `${picture.canvas.width} × ${picture.canvas.height}`);
    this.row("seen", String(picture.shown));
    this.row("skipped", String(picture.skipped));
    this.row("damaged", String(picture.damaged));
    this.row("lost", String(picture.told.lost ?? "–"));
    const delay = sound?.player?.delay ?? null;
    if (delay !== null) {
      this.row("soundDelay", say("milliseconds", { value: Math.round(delay) }));
      this.row("soundGaps", String(sound.player.gaps));
    }
    const odd = Object.entries(picture.told.anomalies ?? {});
    const counted = odd.map(([code, count]) => `${code}: ${count}`).join("\n");
    this.row("oddities", counted || say("none"));
    try {
      this.row("viewers", String((await get(ofCamera(this.name))).viewers));
    } catch {
      this.row("viewers", "–");
    }
  }
}
