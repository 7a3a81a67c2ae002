// The camera's settings: each is set, read back, and shown as the camera has it.

import { get, ofCamera, post } from "./api.js";
import { button, freshId, make, setText } from "./dom.js";
import { say, words } from "./words.js";

/** Those that come first, in this order; others follow under their own names. */
const FIRST = ["resolution", "rate", "compression", "flip", "microphone", "speaker", "sound"];
/** A list of so many numbers is a slider. */
const SLIDER = 7;

const known = (table, name) => (Object.hasOwn(table, name) ? table[name] : null);

/** How a value is written for people. */
export function written(name, value) {
  if (value === null || value === undefined) return say("unknown");
  const told = known(known(words("values"), name) ?? {}, String(value));
  return told ?? String(value).replace(/^(\d+)x(\d+)$/, "$1 × $2");
}

/** What came of setting: the sentence and whether it is as it was wished. */
export function outcome(name, { wanted, stored, confirmed }) {
  if (confirmed) return { text: say("stored"), kind: "good" };
  if (stored === null || stored === undefined) return { text: say("notTold"), kind: "open" };
  const value = written(name, stored);
  return String(stored) === String(wanted)
    ? { text: say("stored"), kind: "good" }
    : { text: say("storedInstead", { stored: value }), kind: "other" };
}

export class Settings {
  constructor(name) {
    this.path = ofCamera(name, "/settings");
    this.rows = make("div", { class: "rows" });
    this.note = make("p", { class: "status", role: "status" });
    this.again = button({ text: say("tryAgain"), on: { click: () => this.load() }, hidden: true });
    const title = freshId("title");
    this.element = make(
      "section",
      { class: "card", "aria-labelledby": title },
      make("h2", { id: title, text: say("settings") }),
      this.note,
      this.again,
      this.rows,
    );
    /** Name -> what shows a value that the camera has told. */
    this.shown = new Map();
    this.elsewhere = new Set();
    this.known = {};
    /** Whether the camera was asked and did not answer. */
    this.missing = false;
  }

  async load() {
    try {
      this.known = (await get(this.path)).settings;
    } catch (error) {
      setText(this.note, say("settingsFailed", { reason: error.message }));
      this.again.hidden = false;
      this.missing = true;
      return;
    }
    this.again.hidden = true;
    this.missing = false;
    const names = Object.keys(this.known).filter((name) => !this.elsewhere.has(name));
    const rank = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
    names.sort((one, other) => rank(one) - rank(other));
    this.rows.replaceChildren(...names.map((name) => this.row(name, this.known[name])));
    setText(this.note, names.length === 0 ? say("settingsNone") : "");
    for (const name of this.elsewhere) {
      if (Object.hasOwn(this.known, name)) this.shown.get(name)(this.known[name].value);
    }
  }

  /** Set it, say what came of it, and show what the camera has. */
  async set(name, value, status) {
    this.say(status, { text: say("sending"), kind: "open" });
    try {
      const result = (await post(this.path, { [name]: value })).settings[name];
      this.say(status, outcome(name, result));
      this.shown.get(name)(result.stored ?? value);
    } catch (error) {
      this.say(status, { text: say("notSet", { reason: error.message }), kind: "bad" });
      this.shown.get(name)(this.known[name]?.value ?? null);
      return;
    }
    if (Object.hasOwn(this.known, name)) this.known[name].value = value;
  }

  say(status, { text, kind }) {
    status.dataset.kind = kind;
    setText(status, text);
  }

  row(name, setting) {
    const id = freshId("setting");
    const status = make("span", { class: "result", role: "status" });
    const label = make("label", { for: id, text: known(words("names"), name) ?? name });
    const { choices } = setting;
    const numbers = choices?.every((choice) => typeof choice === "number");
    let control;
    if (!setting.writable) control = this.reading(name, id);
    else if (setting.range || (numbers && choices.length >= SLIDER)) {
      const [low, high] = setting.range ?? [Math.min(...choices), Math.max(...choices)];
      const step = choices ? (high - low) / (choices.length - 1) : 1;
      control = this.slider(name, id, { low, high, step }, status);
    } else if (choices) control = this.selection(name, id, choices, status);
    else control = this.field(name, id, typeof setting.value === "number", status);
    this.shown.get(name)(setting.value);
    return make("div", { class: "row", "data-setting": name }, label, control, status);
  }

  reading(name, id) {
    const output = make("output", { id });
    this.shown.set(name, (value) => setText(output, written(name, value)));
    return output;
  }

  selection(name, id, choices, status) {
    const select = make("select", { id });
    select.addEventListener("change", () => this.set(name, choices[select.selectedIndex], status));
    const options = choices.map((choice) => make("option", { text: written(name, choice) }));
    this.shown.set(name, (value) => {
      const index = choices.findIndex((choice) => String(choice) === String(value));
      // A value that is no choice is shown as well: behind them, so that places count as choices.
      const other = make("option", { text: written(name, value), disabled: true });
      select.replaceChildren(...options, ...(index < 0 ? [other] : []));
      select.selectedIndex = index < 0 ? choices.length : index;
    });
    return select;
  }

  slider(name, id, { low, high, step }, status) {
    const range = make("input", { id, type: "range", min: low, max: high, step });
    const output = make("output", { for: id });
    range.addEventListener("input", () => setText(output, range.value));
    range.addEventListener("change", () => this.set(name, Number(range.value), status));
    this.shown.set(name, (value) => {
      range.value = value ?? (low + high) / 2;
      range.classList.toggle("untold", value === null);
      setText(output, written(name, value));
    });
    return make("span", { class: "slider" }, range, output);
  }

  field(name, id, number, status) {
    const input = make("input", { id, type: number ? "number" : "text" });
    input.addEventListener("change", () =>
      this.set(name, number ? Number(input.value) : input.value, status),
    );
    this.shown.set(name, (value) => {
      input.value = value ?? "";
    });
    return input;
  }

  /** A row of choices that stands in another card, such as the speed beside the arrows. */
  choices(name, values, { title, labels, ends }) {
    this.elsewhere.add(name);
    const group = freshId("choice");
    const status = make("span", { class: "result", role: "status" });
    const inputs = values.map((value, index) => {
      const input = make("input", { type: "radio", name: group, "aria-label": labels[index] });
      input.addEventListener("change", () => this.set(name, value, status));
      return input;
    });
    this.shown.set(name, (told) => {
      inputs.forEach((input, index) => {
        input.checked = String(values[index]) === String(told);
      });
    });
    return make(
      "fieldset",
      { class: "choices" },
      make("legend", { text: title }),
      make("span", { class: "end", "aria-hidden": "true", text: ends[0] }),
      ...inputs,
      make("span", { class: "end", "aria-hidden": "true", text: ends[1] }),
      status,
    );
  }
}
