// Presets: places that the camera finds again, each with its name and a picture of it.

import { get, ofCamera, post } from "./api.js";
import { button, freshId, make, setText } from "./dom.js";
import { say } from "./words.js";

/** Milliseconds in which a second press forgets a place, and from going there to a picture. */
const ASK = 4000;
const ARRIVE = 2500;
/** What a camera keeps of a name, in bytes. */
const MOST_NAME = 63;

export class Places {
  constructor(name) {
    this.path = (rest = "") => ofCamera(name, `/presets${rest}`);
    this.list = make("ul", { class: "places" });
    this.status = make("p", { class: "status", role: "status" });
    const field = freshId("place");
    this.input = make("input", { id: field, type: "text", maxlength: MOST_NAME, autocomplete: "off" });
    this.form = make(
      "form",
      { class: "keep" },
      make("label", { for: field, text: say("placeName") }),
      this.input,
      make("button", { type: "submit", text: say("placeSave") }),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.keep();
    });
    const title = freshId("title");
    this.element = make(
      "section",
      { class: "card", "aria-labelledby": title },
      make("h2", { id: title, text: say("places") }),
      this.list,
      this.form,
      this.status,
    );
    this.presets = [];
    // Thumbnails are asked for anew when they may have changed.
    this.version = 0;
    this.timer = null;
  }

  get stored() {
    return this.presets.filter((preset) => preset.name !== "");
  }

  async load() {
    try {
      this.presets = (await get(this.path())).presets;
    } catch (error) {
      setText(this.status, say("placeFailed", { reason: error.message }));
      return;
    }
    this.draw();
  }

  draw() {
    this.version += 1;
    const cards = this.stored.map((preset) => this.card(preset));
    if (cards.length === 0) cards.push(make("li", { class: "hint", text: say("placesNone") }));
    this.list.replaceChildren(...cards);
  }

  card(preset) {
    const { number, name } = preset;
    const image = make("img", {
      src: this.path(`/${number}/thumbnail.jpg?v=${this.version}`),
      alt: "",
      width: 96,
      height: 72,
    });
    const frame = make("span", { class: "thumb", "data-number": number + 1 }, image);
    image.addEventListener("error", () => image.remove());
    const go = make(
      "button",
      { type: "button", class: "place", "aria-label": say("placeGo", { name }) },
      frame,
      make("span", { class: "place-name", text: name }),
    );
    go.addEventListener("click", () => this.go(preset));
    return make("li", {}, go, this.forgetter(preset));
  }

  forgetter({ number, name }) {
    const label = say("placeClear", { name });
    const forget = button({ symbol: "trash", label, class: "forget" });
    let asked = null;
    forget.addEventListener("click", () => {
      if (asked === null) {
        setText(this.status, say("placeClearAsk", { name }));
        forget.classList.add("sure");
        asked = setTimeout(() => {
          asked = null;
          forget.classList.remove("sure");
          setText(this.status, "");
        }, ASK);
        return;
      }
      clearTimeout(asked);
      asked = null;
      this.change(`/${number}/clear`, {}, () => say("placeCleared", { name }));
    });
    return forget;
  }

  /** Turn to one; `preset` may be its place in the list. */
  async go(preset) {
    const chosen = typeof preset === "number" ? this.stored[preset] : preset;
    if (chosen === undefined) return;
    try {
      await post(this.path(`/${chosen.number}/go`), {});
      setText(this.status, say("placeGone", { name: chosen.name }));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.renewThumbnails(), ARRIVE);
    } catch (error) {
      setText(this.status, say("placeFailed", { reason: error.message }));
    }
  }

  renewThumbnails() {
    // The focus stays where it is.
    this.version += 1;
    this.list.querySelectorAll(".thumb").forEach((frame) => {
      const number = frame.dataset.number - 1;
      const image = make("img", { alt: "", width: 96, height: 72 });
      image.addEventListener("load", () => frame.replaceChildren(image));
      image.src = this.path(`/${number}/thumbnail.jpg?v=${this.version}`);
    });
  }

  keep() {
    const free = this.presets.find((preset) => preset.name === "");
    if (free === undefined) {
      setText(this.status, say("placeFull"));
      return;
    }
    const name = this.input.value.trim() || say("placeUnnamed", { number: free.number + 1 });
    this.change(`/${free.number}`, { name }, () => {
      this.input.value = "";
      const stored = this.presets.find((preset) => preset.number === free.number)?.name;
      const same = stored === name;
      return same ? say("placeSaved", { name }) : say("placeOther", { stored: stored ?? "" });
    });
  }

  async change(path, body, sentence) {
    try {
      await post(this.path(path), body);
      await this.load();
      setText(this.status, sentence());
    } catch (error) {
      setText(this.status, say("placeFailed", { reason: error.message }));
    }
    // What had the focus may be gone.
    if (document.activeElement === document.body) this.input.focus();
  }

  close() {
    clearTimeout(this.timer);
  }
}
