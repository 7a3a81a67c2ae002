// Figures of the last pictures, and the gateway's clock beside this machine's.

const KEPT = 300;
const PINGS = 8;

/** The value that this share of the sorted numbers does not exceed; null of none. */
export function quantile(numbers, share) {
  if (numbers.length === 0) return null;
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The last numbers of a series. */
export class Recent {
  constructor(kept = KEPT) {
    this.kept = kept;
    this.numbers = [];
  }

  add(number) {
    this.numbers.push(number);
    if (this.numbers.length > this.kept) this.numbers.shift();
  }
}

/** The gateway's clock beside this page's own, by the quickest of the last questions. */
export class Clock {
  constructor() {
    this.answers = [];
  }

  /** The message that asks; `answered` takes what comes back. */
  ask() {
    return { ping: performance.now() };
  }

  answered({ pong, time }) {
    const now = performance.now();
    const took = now - pong;
    this.answers.push({ took, ahead: time * 1000 - (now - took / 2) });
    if (this.answers.length > PINGS) this.answers.shift();
  }

  /** The gateway's time, in milliseconds since 1970, at a moment of `performance.now()`. */
  at(moment) {
    if (this.answers.length === 0) return performance.timeOrigin + moment;
    const best = this.answers.reduce((one, other) => (other.took < one.took ? other : one));
    return moment + best.ahead;
  }
}
