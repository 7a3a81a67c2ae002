// The other way: the microphone of this machine to the camera's loudspeaker.
//
// Browsers give a microphone to a page from https or from localhost and to no other.

import { Line } from "./line.js";
import { Resampler } from "./resample.js";
import { say } from "./words.js";

const RATE = 8000;
/** Samples of a message, 20 ms, and the bytes that may wait for a slow network, half a second. */
const PIECE = 160;
const MOST_WAITING = RATE;

/** Whether this page may ask for a microphone at all. */
export function mayTalk() {
  return isSecureContext && navigator.mediaDevices !== undefined;
}

export class Talk {
  /** `onChange` gets a sentence whenever `active` or what there is to say has changed. */
  constructor(name, onChange) {
    this.onChange = onChange;
    this.active = false;
    /** Samples that went out, and that were dropped since they would have come too late. */
    this.sent = 0;
    this.dropped = 0;
    this.name = name;
    this.line = null;
    this.microphone = null;
    this.context = null;
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
  }

  async start() {
    if (this.active) return;
    this.active = true;
    this.onChange("");
    try {
      this.microphone = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, channelCount: 1 },
      });
    } catch (error) {
      this.end(say("talkNoMicrophone", { reason: error.message || error.name }));
      return;
    }
    this.context = new AudioContext({ latencyHint: "interactive" });
    await this.context.audioWorklet.addModule("/static/talk-worklet.js");
    if (!this.active) return;
    this.line = new Line(`/c/${encodeURIComponent(this.name)}/talk`, {
      onText: (message) => this.hear(message),
      onBytes: () => {},
      onChange: () => {
        if (this.line?.state === "waiting") this.end(say("talkEnded"));
      },
      needed: () => true,
    });
    this.line.open();
    const resampler = new Resampler(this.context.sampleRate, RATE);
    const pickup = new AudioWorkletNode(this.context, "pickup", { numberOfOutputs: 0 });
    pickup.port.onmessage = (event) => this.send(resampler.push(event.data));
    this.context.createMediaStreamSource(this.microphone).connect(pickup);
  }

  stop() {
    this.end(say("talkEnded"));
  }

  end(sentence) {
    if (!this.active) return;
    this.active = false;
    const { line, context, microphone } = this;
    this.line = this.context = this.microphone = null;
    line?.close();
    context?.close();
    for (const track of microphone?.getTracks() ?? []) track.stop();
    this.onChange(sentence);
  }

  hear(message) {
    if (message.state === "talking") this.onChange(say("talking"));
    else if (["refused", "failed"].includes(message.state)) {
      this.end(say("talkRefused", { reason: message.message }));
    }
  }

  send(samples) {
    for (const sample of samples) {
      this.piece[this.filled] = Math.max(-1, Math.min(1, sample)) * 32767;
      this.filled += 1;
      if (this.filled < PIECE) continue;
      this.filled = 0;
      if (this.line === null) return;
      const late = this.line.waiting > MOST_WAITING;
      // Little-endian on the wire, and on every machine that has a browser.
      if (!late && this.line.send(this.piece.slice().buffer)) this.sent += PIECE;
      else this.dropped += PIECE;
    }
  }
}
