// Several cameras side by side. Only those that are on the screen have a connection.

import { make } from "./dom.js";
import { Stage, headline } from "./stage.js";
import { say } from "./words.js";

/** Pictures a second of a tile: few cameras have more. */
const FEW = 4;
const FPS = { few: 10, many: 4 };

export class Grid {
  constructor(cameras) {
    this.stages = new Map();
    const fps = cameras.length <= FEW ? FPS.few : FPS.many;
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.show(target, fps);
        else this.hide(target);
      }
    });
    const tiles = cameras.map(({ name }) => this.tile(name));
    const empty = make("p", { class: "hint", text: say("noCameras") });
    this.element = make(
      "div",
      { class: "overview" },
      make("header", { class: "top" }, make("h1", { text: say("cameras") })),
      make("main", {}, tiles.length > 0 ? make("ul", { class: "grid" }, ...tiles) : empty),
    );
    document.title = say("cameras");
  }

  tile(name) {
    const link = make("a", {
      href: `#/${encodeURIComponent(name)}`,
      "aria-label": say("open", { name }),
      "data-name": name,
    });
    const title = make("span", { class: "tile-name", text: name });
    link.append(make("span", { class: "frame" }), make("span", { class: "tile-row" }, title));
    this.seen.observe(link);
    return make("li", {}, link);
  }

  show(link, fps) {
    if (this.stages.has(link)) return;
    const { name } = link.dataset;
    const stage = new Stage(name, {
      fps,
      onVerdict: (verdict) => {
        link.setAttribute("aria-label", `${say("open", { name })}, ${headline(verdict)}`);
      },
    });
    this.stages.set(link, stage);
    link.querySelector(".frame").replaceChildren(stage.element);
    link.querySelector(".tile-row").append(stage.badge);
  }

  hide(link) {
    const stage = this.stages.get(link);
    if (stage === undefined) return;
    stage.close();
    stage.element.remove();
    stage.badge.remove();
    this.stages.delete(link);
  }

  close() {
    this.seen.disconnect();
    for (const stage of this.stages.values()) stage.close();
  }
}
