// From one rate of samples to another, in pieces of any size and without a seam between them.

const TAPS = 16;
const PHASES = 64;

/** A windowed sinc for each of the phases, and one more to look between two of them. */
function table(cutoff) {
  const rows = [];
  for (let phase = 0; phase <= PHASES; phase += 1) {
    const row = new Float32Array(TAPS);
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap += 1) {
      const x = tap - (TAPS / 2 - 1) - phase / PHASES;
      const angle = Math.PI * cutoff * x;
      const sinc = x === 0 ? 1 : Math.sin(angle) / angle;
      row[tap] = sinc * (0.5 + 0.5 * Math.cos((2 * Math.PI * x) / TAPS));
      sum += row[tap];
    }
    rows.push(row.map((weight) => weight / sum));
  }
  return rows;
}

/** `from` and `to` are samples a second.  Delays by half of `TAPS` samples of the input. */
export class Resampler {
  constructor(from, to) {
    this.step = from / to;
    this.rows = table(Math.min(1, 0.95 * (to / from)));
    this.rest = new Float32Array(TAPS - 1);
    this.at = 0;
  }

  /**
   * The samples that have become due; `faster` is by how much the sound is to be hurried, as a
   * share: 0.01 makes it a hundredth shorter.
   */
  push(samples, faster = 0) {
    const input = new Float32Array(this.rest.length + samples.length);
    input.set(this.rest);
    input.set(samples, this.rest.length);
    const step = this.step * (1 + faster);
    const places = input.length - TAPS + 1;
    const output = new Float32Array(Math.max(0, Math.ceil((places - this.at) / step)) + 1);
    let { at } = this;
    let made = 0;
    for (; at < places; at += step) {
      const first = Math.floor(at);
      const phase = (at - first) * PHASES;
      const below = Math.floor(phase);
      const share = phase - below;
      const low = this.rows[below];
      const high = this.rows[Math.min(below + 1, PHASES)];
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap += 1) {
        sum += input[first + tap] * (low[tap] + share * (high[tap] - low[tap]));
      }
      output[made] = sum;
      made += 1;
    }
    // What is in front of the next place is done with.
    const done = Math.min(Math.floor(at), places);
    this.rest = input.slice(done);
    this.at = at - done;
    return output.subarray(0, made);
  }
}
