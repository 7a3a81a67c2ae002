// Elements without markup: whatever a camera says becomes text, and nothing else.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `options` are its attributes; `class`, `text`, and `on` (a listener for each name)
 * are special. An attribute that is null, undefined or false is left out.
 */
export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "text") element.textContent = value;
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The text of an element, touched only where it changes: a live region speaks of changes. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let lastId = 0;

/** An id that no other element has. */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

// Each icon is one or more paths in a square of 24, drawn with a stroke.
const PATHS = {
  up: ["M12 19V5", "M6 11l6-6 6 6"],
  down: ["M12 5v14", "M6 13l6 6 6-6"],
  left: ["M19 12H5", "M11 6l-6 6 6 6"],
  right: ["M5 12h14", "M13 6l6 6-6 6"],
  upleft: ["M17 17L7 7", "M7 15V7h8"],
  upright: ["M7 17L17 7", "M9 7h8v8"],
  downleft: ["M17 7L7 17", "M7 9v8h8"],
  downright: ["M7 7l10 10", "M17 9v8H9"],
  center: ["M4 12l8-7 8 7", "M6.5 10.5V19h11v-8.5"],
  sound: ["M4 9.500v5h3.500L12 18.500v-13L7.5 9.500z", "M15.5 9a4 4 0 0 1 0 6", "M18 6.500a8 8 0 0 1 0 11"],
  silent: ["M4 9.500v5h3.500L12 18.500v-13L7.5 9.500z", "M16 9.500l5 5", "M21 9.500l-5 5"],
  talk: ["M12 3.500a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3z", "M5.5 11a6.5 6.5 0 0 0 13 0", "M12 17.500V21"],
  snapshot: ["M4 8h3.500L9 5.500h6L16.5 8H20v11H4z", "M12 16.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z"],
  record: ["M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14z"],
  stop: ["M6 6h12v12H6z"],
  full: ["M4 9V4h5", "M15 4h5v5", "M20 15v5h-5", "M9 20H4v-5"],
  back: ["M15 5l-7 7 7 7"],
  trash: ["M5 7h14", "M9 7V4.500h6V7", "M7 7l1 12.500h8L17 7"],
};

/** A picture beside or instead of words; no reader speaks of it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** A button with an icon and words; `label` replaces the words where there is no room for them. */
export function button({ symbol, text = null, label = null, ...options }) {
  return make(
    "button",
    { type: "button", "aria-label": label, title: label, ...options },
    symbol ? icon(symbol) : null,
    text === null ? null : make("span", { text }),
  );
}
