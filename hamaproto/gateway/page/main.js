// Which view is shown: the grid, or the camera that stands behind the `#/`.

import { get } from "./api.js";
import { CameraView } from "./camera.js";
import { button, make } from "./dom.js";
import { Grid } from "./grid.js";
import { LANGUAGES, choose, language, say } from "./words.js";

const AGAIN = 5000;

const app = document.getElementById("app");
let cameras = null;
let view = null;
let timer = null;

/** The view that is shown, or null. */
export function current() {
  return view;
}

function languages() {
  const select = make("select", { id: "language" });
  for (const [code, { name }] of Object.entries(LANGUAGES)) {
    select.append(make("option", { value: code, text: name, lang: code }));
  }
  select.value = language();
  select.addEventListener("change", () => {
    choose(select.value);
    show();
    document.getElementById("language")?.focus();
  });
  return make("footer", {}, make("label", { for: "language", text: say("language") }), select);
}

function show() {
  view?.close();
  document.documentElement.lang = language();
  const wanted = decodeURIComponent(location.hash.replace(/^#\/?/, ""));
  const alone = cameras.length === 1;
  const about = cameras.find((one) => one.name === wanted) ?? (alone ? cameras[0] : null);
  view = about === null ? new Grid(cameras) : new CameraView(about, alone);
  app.replaceChildren(view.element, languages());
}

/** There is nothing to show: why, and another try. */
function apologize(error) {
  document.documentElement.lang = language();
  const signIn = [401, 403].includes(error.status);
  app.replaceChildren(
    make(
      "main",
      { class: "plain" },
      make("h1", { text: say(signIn ? "signIn" : "away") }),
      make("p", { role: "alert", text: signIn ? say("signInDetail") : error.message }),
      button({ text: say("tryAgain"), on: { click: begin } }),
    ),
    languages(),
  );
}

async function begin() {
  clearTimeout(timer);
  try {
    ({ cameras } = await get("/api/cameras"));
  } catch (error) {
    cameras = [];
    apologize(error);
    timer = setTimeout(begin, AGAIN);
    return;
  }
  show();
}

addEventListener("hashchange", () => {
  if (cameras === null) return;
  show();
  // A reader begins with what is new.
  const title = app.querySelector("h1");
  title.tabIndex = -1;
  title.focus();
});
begin();
