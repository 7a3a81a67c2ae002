// Below the picture: listen, talk, take a picture, record, full screen.

import { button, freshId, icon, make, setText } from "./dom.js";
import { Recording, fileName, mayRecord, save } from "./record.js";
import { Sound } from "./sound.js";
import { Talk, mayTalk } from "./talk.js";
import { say } from "./words.js";

const time = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A button with two faces. */
class Switch {
  constructor(off, on, act) {
    this.faces = [off, on];
    this.on = false;
    this.symbol = icon(off.symbol);
    this.words = make("span", { text: off.text });
    this.element = make(
      "button",
      { type: "button", class: "tool", on: { click: act } },
      this.symbol,
      this.words,
    );
  }

  show(on, text = null) {
    const face = this.faces[Number(on)];
    if (this.on !== on) {
      const symbol = icon(face.symbol);
      this.symbol.replaceWith(symbol);
      this.symbol = symbol;
      this.on = on;
      this.element.classList.toggle("on", on);
    }
    setText(this.words, text ?? face.text);
  }
}

export class Toolbar {
  /** `about` is what the gateway tells of the camera: whether it has sound and can be talked to. */
  constructor(name, stage, about) {
    this.name = name;
    this.stage = stage;
    this.status = make("p", { class: "status", role: "status" });
    this.element = make("div", { class: "tools" });
    this.tools = make("div", { class: "tool-row", role: "group", "aria-label": say("soundAndPictures") });
    this.sound = null;
    this.recording = null;
    this.timer = null;
    // What is not known yet may be there.
    if (about.sound !== false) this.addSound();
    if (about.talk !== false) this.addTalk();
    this.tools.append(
      button({ symbol: "snapshot", text: say("snapshot"), class: "tool", on: { click: () => this.snapshot() } }),
    );
    this.recorder = new Switch(
      { symbol: "record", text: say("record") },
      { symbol: "stop", text: say("recordStop") },
      () => this.record(),
    );
    this.tools.append(this.recorder.element);
    if (document.fullscreenEnabled) {
      const full = { symbol: "full", label: say("fullScreen"), class: "tool" };
      this.tools.append(button({ ...full, on: { click: () => this.fullScreen() } }));
    }
    // Behind all else, so that nothing moves when it comes.
    if (this.sound !== null) this.tools.append(this.volume);
    this.element.append(this.tools, this.status);
    if (about.talk !== false && !mayTalk()) {
      this.element.append(make("p", { class: "hint", text: say("talkInsecure") }));
    }
  }

  tell(text) {
    setText(this.status, text);
  }

  addSound() {
    this.sound = new Sound(this.name, () => this.soundChanged());
    this.listen = new Switch(
      { symbol: "silent", text: say("soundOn") },
      { symbol: "sound", text: say("soundOff") },
      () => this.toggleSound(),
    );
    this.level = make("span", { class: "level", "aria-hidden": "true" });
    this.listen.element.append(this.level);
    const id = freshId("volume");
    const range = make("input", { id, type: "range", min: 0, max: 1, step: 0.05, value: 1 });
    range.addEventListener("input", () => this.sound.setVolume(Number(range.value)));
    this.volume = make(
      "span",
      { class: "volume", hidden: true },
      make("label", { for: id, text: say("volume") }),
      range,
    );
    this.tools.append(this.listen.element);
  }

  toggleSound() {
    if (this.sound === null) return;
    if (["off", "blocked"].includes(this.sound.state)) this.sound.start();
    else this.sound.stop();
  }

  soundChanged() {
    const { state, level } = this.sound;
    const text = state === "starting" ? say("soundStarting") : null;
    const on = !["off", "blocked"].includes(state);
    this.listen.show(on, text);
    // Ten steps, since a style that is set by a script must come from the style sheet.
    const decibels = 20 * Math.log10(Math.max(level, 1e-4));
    this.level.dataset.level = Math.max(0, Math.min(10, Math.round((decibels + 50) / 4)));
    this.volume.hidden = state === "off";
    if (this.soundState !== state) {
      if (state === "lost") this.tell(say("soundLost"));
      else if (state === "blocked") this.tell(say("soundBlocked"));
      else if (this.soundState === "lost") this.tell("");
      this.soundState = state;
    }
  }

  addTalk() {
    if (!mayTalk()) return;
    this.talk = new Talk(this.name, (sentence) => {
      this.talker.show(this.talk.active);
      this.tell(sentence);
      // The camera's own sound would go round in a circle.
      this.sound?.setVolume(this.talk.active ? 0.3 : Number(this.volume.lastElementChild.value));
    });
    this.talker = new Switch(
      { symbol: "talk", text: say("talk") },
      { symbol: "talk", text: say("talkEnd") },
      () => (this.talk.active ? this.talk.stop() : this.talk.start()),
    );
    this.tools.append(this.talker.element);
  }

  /** The very bytes that the camera has sent, of the picture that is seen. */
  snapshot() {
    const { jpeg } = this.stage.picture;
    if (jpeg === null) {
      this.tell(say("snapshotNone"));
      return;
    }
    const file = fileName(this.name, "jpg");
    save(jpeg, file);
    this.tell(say("snapshotSaved", { file }));
  }

  record() {
    if (this.recording !== null) {
      this.recording.stop();
      this.recordingEnded();
      return;
    }
    if (!mayRecord()) {
      this.tell(say("recordCannot"));
      return;
    }
    const node = this.sound?.context ? this.sound.gain : null;
    try {
      this.recording = new Recording(this.name, this.stage.canvas, node, {
        onSaved: (file) => this.tell(file === null ? say("recordNone") : say("recordSaved", { file })),
        onFailure: (reason) => {
          this.recordingEnded();
          this.tell(say("recordFailed", { reason }));
        },
      });
    } catch (error) {
      this.tell(say("recordFailed", { reason: error.message }));
      return;
    }
    this.stage.picture.needed = true;
    this.stage.element.classList.add("recording");
    this.recorder.show(true);
    this.tell("");
    this.timer = setInterval(() => {
      this.recorder.show(true, `${say("recordStop")} ${time(this.recording.seconds)}`);
    }, 1000);
  }

  recordingEnded() {
    clearInterval(this.timer);
    this.recording = null;
    this.stage.picture.needed = false;
    this.stage.element.classList.remove("recording");
    this.recorder.show(false);
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.stage.element.requestFullscreen().catch((error) => this.tell(error.message));
  }

  close() {
    if (this.recording !== null) this.record();
    this.sound?.stop();
    this.talk?.end("");
  }
}
