// The arrows: pressed by pointer, finger or key, held to go on, and the speed of it.

import { ofCamera, post } from "./api.js";
import { button, freshId, make, setText } from "./dom.js";
import { ArrowKeys, Steering } from "./steering.js";
import { say, words } from "./words.js";

const ORDER = ["upleft", "up", "upright", "left", "center", "right", "downleft", "down", "downright"];
/** What the camera calls its speeds: 1 is the fastest (clause 4.6). */
const SPEEDS = [9, 7, 5, 3, 1];

export class Pad {
  constructor(name, settings) {
    this.status = make("p", { class: "status", role: "status" });
    this.steering = new Steering(
      async (direction) => {
        await post(ofCamera(name, "/move"), { direction });
        setText(this.status, "");
      },
      (error) => setText(this.status, say("moveFailed", { reason: error.message })),
    );
    this.keys = new ArrowKeys(this.steering);
    const title = freshId("title");
    this.element = make(
      "section",
      { class: "card", "aria-labelledby": title },
      make("h2", { id: title, text: say("move") }),
      make(
        "div",
        { class: "pad", role: "group", "aria-labelledby": title },
        ...ORDER.map((direction) => this.arrow(direction)),
      ),
      make("p", { class: "hint", text: say("moveHint") }),
      this.status,
      settings.choices("speed", SPEEDS, {
        title: say("speed"),
        labels: words("speeds"),
        ends: words("speedEnds"),
      }),
    );
  }

  arrow(direction) {
    const key = button({ symbol: direction, label: words("directions")[direction], class: "arrow" });
    const { steering } = this;
    let pressed = false;
    const begin = () => {
      pressed = true;
      if (direction === "center") steering.step(direction);
      else steering.hold(direction);
    };
    // The focus leaves another arrow when this one is pressed: only what is pressed ends.
    const end = () => {
      if (pressed) steering.release();
      pressed = false;
    };
    key.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      // The release counts wherever the finger is by then.
      key.setPointerCapture(event.pointerId);
      begin();
    });
    for (const event of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
      key.addEventListener(event, end);
    }
    key.addEventListener("keydown", (event) => {
      if (![" ", "Enter"].includes(event.key)) return;
      event.preventDefault();
      if (!event.repeat) begin();
    });
    key.addEventListener("keyup", (event) => {
      if (![" ", "Enter"].includes(event.key)) return;
      event.preventDefault();
      end();
    });
    key.addEventListener("contextmenu", (event) => event.preventDefault());
    key.addEventListener("click", (event) => {
      // A screen reader clicks without pressing; what was pressed has been taken already.
      if (event.detail === 0) steering.step(direction);
    });
    return key;
  }

  close() {
    this.steering.release();
  }
}
