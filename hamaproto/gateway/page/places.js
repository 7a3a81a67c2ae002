// Presets: places that the camera finds again, each with its name and a picture of it.
//
// No camera of the family lists them. The gateway knows those that were kept or visited through it;
// of the others there are numbers to be tried.

import { get, ofCamera, post } from "./api.js";
import { button, freshId, make, setText } from "./dom.js";
import { say } from "./words.js";

/** Milliseconds in which a second press forgets a place, and from going there to a picture. */
const ASK = 4000;
const ARRIVE = 2500;
/** What a camera keeps of a name, in bytes. */
const MOST_NAME = 63;

const SPELLED = { ä: "ae", ö: "oe", ü: "ue", Ä: "Ae", Ö: "Oe", Ü: "Ue", ß: "ss" };

/** A name as these cameras can take it: without accents, and with `_` for a blank. */
export function carried(name) {
  return name
    .replace(/[äöüÄÖÜß]/g, (letter) => SPELLED[letter])
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .trim()
    .replace(/\s+/g, "_");
}

/** The same for people. */
function readable(name) {
  return name.replaceAll("_", " ");
}

/** Its name, or its number. */
function titled({ number, name }) {
  return name || say("placeUnnamed", { number: number + 1 });
}

export class Places {
  constructor(name) {
    this.path = (rest = "") => ofCamera(name, `/presets${rest}`);
    this.list = make("ul", { class: "places" });
    this.status = make("p", { class: "status", role: "status" });
    this.untold = make("div", { class: "untold-places", role: "group", "aria-label": say("placesUntold") });
    const field = freshId("place");
    const number = freshId("number");
    this.number = make("select", { id: number });
    this.input = make("input", { id: field, type: "text", maxlength: MOST_NAME, autocomplete: "off" });
    this.form = make(
      "form",
      { class: "keep" },
      make("label", { for: field, text: say("placeName") }),
      make("label", { for: number, text: say("placeNumber") }),
      this.input,
      this.number,
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
      this.untold,
    );
    this.presets = [];
    // Thumbnails are asked for anew when they may have changed.
    this.version = 0;
    this.timer = null;
  }

  /** Those that the gateway knows. */
  get stored() {
    return this.presets.filter((preset) => preset.name !== "" || preset.thumbnail);
  }

  async load() {
    try {
      const { presets } = await get(this.path());
      this.presets = presets.map((preset) => ({ ...preset, name: readable(preset.name ?? "") }));
    } catch (error) {
      setText(this.status, say("placeFailed", { reason: error.message }));
      return;
    }
    this.draw();
  }

  draw() {
    this.version += 1;
    const { stored } = this;
    const cards = stored.map((preset) => this.card(preset));
    if (cards.length === 0) cards.push(make("li", { class: "hint", text: say("placesNone") }));
    this.list.replaceChildren(...cards);
    const others = this.presets.filter((preset) => !stored.includes(preset));
    this.untold.replaceChildren(
      make("p", { class: "hint", text: say("placesUntold") }),
      ...others.map((preset) => this.numbered(preset)),
    );
    this.untold.hidden = others.length === 0;
    const chosen = this.number.value;
    this.number.replaceChildren(
      ...this.presets.map(({ number }) => make("option", { value: number, text: number + 1 })),
    );
    const free = others.find(({ number }) => String(number) === chosen) ?? others[0];
    this.number.value = free?.number ?? 0;
  }

  numbered(preset) {
    const { number } = preset;
    const label = say("placeGo", { name: titled(preset) });
    return make("button", {
      type: "button",
      text: number + 1,
      "aria-label": label,
      on: { click: () => this.go(preset) },
    });
  }

  card(preset) {
    const { number } = preset;
    const name = titled(preset);
    const frame = make("span", { class: "thumb", "data-number": number + 1 });
    if (preset.thumbnail) this.showThumbnail(frame);
    const go = make(
      "button",
      { type: "button", class: "place", "aria-label": say("placeGo", { name }) },
      frame,
      make("span", { class: "place-name", text: name }),
    );
    go.addEventListener("click", () => this.go(preset));
    return make("li", {}, go, this.forgetter(preset));
  }

  forgetter(preset) {
    const { number } = preset;
    const name = titled(preset);
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

  /** Turn to one; `preset` may be its number. */
  async go(preset) {
    const chosen =
      typeof preset === "number" ? this.presets.find(({ number }) => number === preset) : preset;
    if (chosen === undefined) return;
    try {
      await post(this.path(`/${chosen.number}/go`), {});
      setText(this.status, say("placeGone", { name: titled(chosen) }));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.arrived(), ARRIVE);
    } catch (error) {
      setText(this.status, say("placeFailed", { reason: error.message }));
    }
  }

  /** There may be pictures of places now that had none. */
  async arrived() {
    const focus = document.activeElement?.getAttribute("aria-label");
    await this.load();
    const { element } = this;
    const same = [...element.querySelectorAll("button")].find(
      (one) => focus && one.getAttribute("aria-label") === focus,
    );
    if (document.activeElement === document.body) same?.focus();
  }

  /** The picture comes into its frame when it is there; without one the number stays. */
  showThumbnail(frame) {
    const image = make("img", { alt: "", width: 96, height: 72 });
    image.addEventListener("load", () => frame.replaceChildren(image));
    image.src = this.path(`/${frame.dataset.number - 1}/thumbnail.jpg?v=${this.version}`);
  }

  keep() {
    const number = Number(this.number.value);
    const name = carried(this.input.value || say("placeUnnamed", { number: number + 1 }));
    this.change(`/${number}`, { name }, () => {
      this.input.value = "";
      const stored = this.presets.find((preset) => preset.number === number)?.name ?? "";
      return stored === readable(name)
        ? say("placeSaved", { name: stored })
        : say("placeOther", { stored });
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
