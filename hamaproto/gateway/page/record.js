// Files that the browser makes: the picture that is shown, and a film of the canvas with its sound.

const PIECE = 1000;
/** A film of more bytes is saved, and goes on in another file: it is held in memory until then. */
const MOST_BYTES = 400e6;
const KINDS = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

/** `camera 2026-11-27 13.40.05.jpg`, in local time and without what a file's name can't hold. */
export function fileName(name, ending, when = new Date()) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [when.getFullYear(), two(when.getMonth() + 1), two(when.getDate())].join("-");
  const time = [when.getHours(), when.getMinutes(), when.getSeconds()].map(two).join(".");
  return `${name.replace(/[^\p{L}\p{N}._-]+/gu, "_")} ${day} ${time}.${ending}`;
}

/** Have the browser save it; the address of the bytes is given back afterwards. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function mayRecord() {
  return typeof MediaRecorder !== "undefined" && "captureStream" in HTMLCanvasElement.prototype;
}

export class Recording {
  /**
   * `sound` is an AudioNode to be heard in the film, or null. `onSaved` gets the name of each file
   * (null if nothing came), `onFailure` the reason of an end that nobody asked for.
   */
  constructor(name, canvas, sound, { onSaved, onFailure }) {
    this.name = name;
    this.onSaved = onSaved;
    this.onFailure = onFailure;
    this.began = performance.now();
    this.stream = canvas.captureStream();
    this.tap = null;
    if (sound !== null) {
      this.tap = sound.context.createMediaStreamDestination();
      sound.connect(this.tap);
      this.sound = sound;
      this.stream.addTrack(this.tap.stream.getAudioTracks()[0]);
    }
    this.kind = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    this.recorder = null;
    this.begin();
  }

  begin() {
    const recorder = new MediaRecorder(this.stream, this.kind ? { mimeType: this.kind } : {});
    const pieces = [];
    const when = new Date();
    let bytes = 0;
    recorder.ondataavailable = (event) => {
      if (event.data.size === 0) return;
      pieces.push(event.data);
      bytes += event.data.size;
      if (bytes > MOST_BYTES && recorder === this.recorder) {
        recorder.stop();
        this.begin();
      }
    };
    recorder.onerror = (event) => {
      this.onFailure(event.error?.message ?? event.type);
      this.stop();
    };
    recorder.onstop = () => {
      const type = recorder.mimeType.split(";")[0];
      const file = fileName(this.name, type.endsWith("mp4") ? "mp4" : "webm", when);
      if (pieces.length > 0) save(new Blob(pieces, { type }), file);
      this.onSaved(pieces.length > 0 ? file : null);
    };
    recorder.start(PIECE);
    this.recorder = recorder;
  }

  get seconds() {
    return (performance.now() - this.began) / 1000;
  }

  stop() {
    const { recorder } = this;
    this.recorder = null;
    if (recorder === null) return;
    recorder.stop();
    for (const track of this.stream.getVideoTracks()) track.stop();
    if (this.tap !== null) this.sound.disconnect(this.tap);
  }
}
