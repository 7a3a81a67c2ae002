// The page of one camera: its picture, and all that can be done to it.

import { get, ofCamera } from "./api.js";
import { icon, make, setText } from "./dom.js";
import { Numbers } from "./numbers.js";
import { Pad } from "./pad.js";
import { Places } from "./places.js";
import { Settings } from "./settings.js";
import { Stage, headline } from "./stage.js";
import { Toolbar } from "./toolbar.js";
import { say, words } from "./words.js";

export class CameraView {
  /** `about` is the camera's row of `/api/cameras`; `alone` tells that there is no other. */
  constructor(about, alone) {
    const { name } = about;
    this.name = name;
    this.about = about;
    this.heard = make("p", { class: "unseen", role: "status" });
    this.settings = new Settings(name);
    this.stage = new Stage(name, {
      onVerdict: (verdict, before) => this.announce(verdict, before),
    });
    this.toolbar = new Toolbar(name, this.stage, about);
    this.numbers = new Numbers(name, this.stage.picture, this.toolbar.sound);
    this.pad = about.can.move !== false ? new Pad(name, this.settings) : null;
    this.places = about.can.presets !== false ? new Places(name) : null;
    this.model = make("p", { class: "model" });
    const side = [this.pad, this.places, this.settings, this.numbers].filter((part) => part !== null);
    this.element = make(
      "div",
      { class: "camera" },
      make(
        "header",
        { class: "top" },
        alone ? null : make("a", { href: "#/", class: "back" }, icon("back"), make("span", { text: say("allCameras") })),
        make("h1", { text: name }),
        this.model,
        this.stage.badge,
      ),
      make(
        "main",
        {},
        make("div", { class: "view" }, this.stage.element, this.heard, this.toolbar.element),
        make("div", { class: "side" }, ...side.map((part) => part.element), this.help()),
      ),
    );
    document.title = name;
    if (this.pad !== null) this.takeKeys();
    this.ask();
  }

  /** What the camera tells of itself, as soon as it answers. */
  async ask() {
    this.settings.load();
    this.places?.load();
    try {
      const { model, firmware } = await get(ofCamera(this.name));
      setText(this.model, [model, firmware].filter(Boolean).join(" · "));
    } catch {
      // It is not there: the picture says so.
    }
  }

  announce(verdict, before) {
    if (verdict.kind === "live") {
      setText(this.heard, before === null ? "" : say("heardLive"));
      if (this.settings.missing) this.ask();
    } else if (verdict.kind === "stalled") setText(this.heard, say("heardStalled"));
    else if (before !== null) setText(this.heard, headline(verdict));
  }

  takeKeys() {
    const { element } = this.stage;
    element.tabIndex = 0;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", say("pictureKeys", { name: this.name }));
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.pad.keys.pressed(event) || this.act(event)) event.preventDefault();
    });
    element.addEventListener("keyup", (event) => this.pad.keys.released(event));
    element.addEventListener("blur", () => this.pad.keys.left());
    element.addEventListener("pointerdown", () => element.focus());
  }

  /** What the other keys do; true if the key was one of them. */
  act({ key, repeat }) {
    const deeds = {
      home: () => this.pad.steering.step("center"),
      m: () => this.toolbar.toggleSound(),
      s: () => this.toolbar.snapshot(),
      r: () => this.toolbar.record(),
      f: () => this.toolbar.fullScreen(),
    };
    if (/^[1-9]$/.test(key) && this.places !== null) {
      if (!repeat) this.places.go(Number(key) - 1);
      return true;
    }
    const deed = deeds[key.toLowerCase()];
    if (deed === undefined) return false;
    if (!repeat) deed();
    return true;
  }

  help() {
    if (this.pad === null) return null;
    const rows = words("keyRows").map(([key, what]) =>
      make("div", {}, make("dt", {}, make("kbd", { text: key })), make("dd", { text: what })),
    );
    return make(
      "details",
      { class: "card keys" },
      make("summary", {}, make("h2", { text: say("keys") })),
      make("p", { class: "hint", text: say("keysAbout") }),
      make("dl", {}, ...rows),
    );
  }

  close() {
    this.toolbar.close();
    this.stage.close();
    this.numbers.close();
    this.pad?.close();
    this.places?.close();
  }
}
