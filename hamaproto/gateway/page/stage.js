// A picture with what is to be said of it: whether it is live, and the veil over a stall.

import { make, setText } from "./dom.js";
import { Picture } from "./picture.js";
import { say } from "./words.js";

const seconds = (age) => Math.max(0, Math.floor(age ?? 0));

/** The headline of a verdict. */
export function headline({ kind, age }) {
  if (kind !== "stalled") return say(kind);
  return age === null ? say("idle") : say("stalled", { seconds: seconds(age) });
}

function detail({ kind, age }, picture) {
  if (kind === "signIn") return say("signInDetail");
  const parts = [];
  const { server, line } = picture;
  if (["failed", "refused"].includes(kind) && server?.message) parts.push(server.message);
  const wait =
    kind === "away"
      ? (line.retryAt - performance.now()) / 1000
      : (picture.serverRetryAt - performance.now()) / 1000;
  if (["away", "failed"].includes(kind) && wait > 0) {
    parts.push(say("again", { seconds: Math.ceil(wait) }));
  }
  if (age !== null && kind !== "stalled" && picture.shown > 0) {
    parts.push(say("lastPicture", { seconds: seconds(age) }));
  }
  return parts.join(" · ");
}

/** A canvas in its frame. `onVerdict` gets what changes, `options` are those of `Picture`. */
export class Stage {
  constructor(name, { onVerdict = () => {}, ...options } = {}) {
    this.canvas = make("canvas", {
      width: 640,
      height: 480,
      role: "img",
      "aria-label": say("pictureOf", { name }),
    });
    /** "Live", to be put beside the name: over the picture it would hide what the camera writes. */
    this.badge = make("span", { class: "badge", "aria-hidden": "true" });
    this.title = make("p", { class: "veil-title" });
    this.detail = make("p", { class: "veil-detail" });
    // The text counts seconds: a reader is told of changes, by whoever holds the stage.
    this.veil = make("div", { class: "veil", "aria-hidden": "true" }, this.title, this.detail);
    this.element = make("div", { class: "stage" }, this.canvas, this.veil);
    this.kind = null;
    this.onVerdict = onVerdict;
    this.picture = new Picture(name, this.canvas, {
      ...options,
      onVerdict: (verdict) => this.judge(verdict),
      caption: headline,
    });
  }

  judge(verdict) {
    const { kind } = verdict;
    if (this.kind !== kind) {
      this.element.dataset.state = kind;
      setText(this.badge, kind === "live" ? say("live") : "");
    }
    if (kind !== "live") {
      setText(this.title, headline(verdict));
      // Before the constructor's end there is no picture to ask.
      if (this.picture) setText(this.detail, detail(verdict, this.picture));
    }
    if (this.kind !== kind) {
      const before = this.kind;
      this.kind = kind;
      this.onVerdict(verdict, before);
    }
  }

  close() {
    this.picture.close();
  }
}
