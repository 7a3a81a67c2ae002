// A camera's sound, by scheduled buffers: they work on plain http, where there is no AudioWorklet.
//
// Samples are brought to the context's rate here, so that pieces follow each other to the sample.
// The margin, which is the time from the arrival of samples to their turn, is what keeps gaps away
// and what the listener waits for: it is held by playing up to a hundredth faster or slower, so
// that the two clocks may differ. A gap raises it, quiet time lowers it again.

import { Line } from "./line.js";
import { Recent, quantile } from "./measures.js";
import { Resampler } from "./resample.js";

const HEADER = 8;
/** Seconds: the margin aimed at, its lowest and highest, what a gap adds, what a second takes. */
const MARGIN = 0.035;
const LEAST_MARGIN = 0.03;
const MOST_MARGIN = 0.2;
const GAP_ADDS = 0.02;
const SECOND_TAKES = 0.0002;
/** Seconds above the margin at which the sound jumps instead of hurrying, if it was so for so long. */
const JUMP = 0.04;
const JUMP_AFTER = 0.4;
/** Seconds before its turn at which a piece is still in time. */
const LATEST = 0.003;
/** How much it hurries for each second of difference, and at most. */
const HURRY = 0.2;
const MOST_HURRY = 0.01;

/** Plays pieces one after the other on an AudioContext, into `output`. */
export class Player {
  constructor(context, output) {
    this.context = context;
    this.output = output;
    this.target = MARGIN;
    this.gaps = 0;
    /** Seconds from the arrival of a piece to its turn, of the last ones. */
    this.margins = new Recent(50);
    this.resampler = null;
    this.rate = 0;
    /** The number of the context's sample at which the next piece begins; null before the first. */
    this.next = null;
    /** The margin of the last second, and for how many seconds it has been far too large. */
    this.average = MARGIN;
    this.excess = 0;
    this.sources = new Set();
  }

  play(samples, rate) {
    const { context } = this;
    const per = context.sampleRate;
    if (this.rate !== rate) {
      this.rate = rate;
      this.resampler = new Resampler(rate, per);
    }
    const seconds = samples.length / rate;
    let margin = this.next === null ? -1 : this.next / per - context.currentTime;
    this.excess = margin > this.target + JUMP ? this.excess + seconds : 0;
    if (margin < LATEST || this.excess > JUMP_AFTER) {
      // Too late: there was a gap.  Too early for long: what came at once in the beginning.
      if (this.excess > 0) this.silence();
      else if (this.next !== null) this.gap();
      margin = this.target;
      this.average = margin;
      this.excess = 0;
      this.next = Math.ceil((context.currentTime + margin) * per);
    } else {
      this.target = Math.max(LEAST_MARGIN, this.target - SECOND_TAKES * seconds);
    }
    this.margins.add(margin);
    this.average += (margin - this.average) * Math.min(1, seconds);
    const hurry = Math.max(-1, Math.min(1, ((this.average - this.target) * HURRY) / MOST_HURRY));
    const ready = this.resampler.push(samples, hurry * MOST_HURRY);
    if (ready.length === 0) return;
    const buffer = context.createBuffer(1, ready.length, per);
    buffer.copyToChannel(ready, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.output);
    source.onended = () => {
      source.disconnect();
      this.sources.delete(source);
    };
    source.start(this.next / per);
    this.sources.add(source);
    this.next += ready.length;
  }

  gap() {
    this.gaps += 1;
    this.target = Math.min(MOST_MARGIN, this.target + GAP_ADDS);
  }

  /** Take back what is scheduled. */
  silence() {
    for (const source of this.sources) source.stop();
  }

  /** Milliseconds from arrival to the ear: the margin and what the system takes. */
  get delay() {
    const middle = quantile(this.margins.numbers, 0.5);
    if (middle === null) return null;
    return (middle + (this.context.outputLatency || this.context.baseLatency || 0)) * 1000;
  }
}

/** Milliseconds after which a context that does not run is held back by the browser. */
const HELD_BACK = 3000;

/** One camera's sound: `start` it in a click, which browsers insist on. */
export class Sound {
  /** `onChange` is called when `state` or `level` changes. */
  constructor(name, onChange) {
    this.onChange = onChange;
    /** "off", "starting", "on", "lost" or "blocked". */
    this.state = "off";
    /** How loud the last piece was, 0 to 1. */
    this.level = 0;
    this.volume = 1;
    this.context = null;
    this.player = null;
    this.gain = null;
    this.began = 0;
    this.format = { rate: 8000 };
    this.line = new Line(`/c/${encodeURIComponent(name)}/sound`, {
      onText: (message) => this.hear(message),
      onBytes: (bytes) => this.take(bytes),
      onChange: () => this.lineChanged(),
      // Who listens goes on listening while another page is in front.
      needed: () => true,
    });
  }

  start() {
    if (this.context === null) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.context.onstatechange = () => this.contextChanged();
      this.gain = this.context.createGain();
      this.gain.gain.value = this.volume;
      this.gain.connect(this.context.destination);
      this.player = new Player(this.context, this.gain);
    }
    this.context.resume().catch(() => {});
    this.began = performance.now();
    this.become("starting");
    this.line.open();
  }

  stop() {
    this.line.close();
    this.level = 0;
    this.context?.close();
    this.context = null;
    this.player = null;
    this.become("off");
  }

  setVolume(volume) {
    this.volume = volume;
    if (this.context !== null) {
      // Hearing is not linear: the square makes the middle of the slider sound like the middle.
      this.gain.gain.setTargetAtTime(volume * volume, this.context.currentTime, 0.02);
    }
  }

  hear(message) {
    if ("rate" in message && "format" in message) this.format = message;
  }

  take(bytes) {
    if (this.player === null) return;
    const view = new DataView(bytes);
    const samples = new Float32Array((bytes.byteLength - HEADER) >> 1);
    let sum = 0;
    for (let index = 0; index < samples.length; index += 1) {
      samples[index] = view.getInt16(HEADER + 2 * index, true) / 32768;
      sum += samples[index] ** 2;
    }
    this.level = Math.sqrt(sum / Math.max(1, samples.length));
    if (this.context.state === "running") {
      this.player.play(samples, this.format.rate);
      this.become("on");
    } else if (this.state === "starting" && performance.now() - this.began > HELD_BACK) {
      this.become("blocked");
    }
    this.onChange();
  }

  lineChanged() {
    if (this.state !== "off" && ["waiting", "refused"].includes(this.line.state)) {
      this.level = 0;
      this.become("lost");
    }
  }

  contextChanged() {
    // A telephone call, or a rule of the browser.
    if (this.state === "on" && this.context.state !== "running") this.become("blocked");
  }

  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.onChange();
  }
}
