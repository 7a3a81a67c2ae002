// Movements: one is on its way, and of those that wait the newest wins. What is held goes on.

/** Milliseconds from the first step to the second of what is held, and between further ones. */
const HOLD = 400;
const REPEAT = 180;

export class Steering {
  /** `send` takes a direction and returns a promise; `onFailure` gets what it rejects with. */
  constructor(send, onFailure) {
    this.send = send;
    this.onFailure = onFailure;
    this.held = null;
    this.next = null;
    this.running = false;
    this.wake = null;
  }

  /** One step. */
  step(direction) {
    this.next = direction;
    this.run();
  }

  /** Go on that way until `release`; a step at least. */
  hold(direction) {
    if (this.held === direction) return;
    this.held = direction;
    this.step(direction);
    this.wake?.();
  }

  /** Go on another way from the next step on, if it goes on at all. */
  bend(direction) {
    if (this.held !== null) this.held = direction;
  }

  release() {
    this.held = null;
    this.wake?.();
  }

  async run() {
    if (this.running) return;
    this.running = true;
    let pause = HOLD;
    while (this.next !== null || this.held !== null) {
      const direction = this.next ?? this.held;
      const fresh = this.next !== null;
      this.next = null;
      try {
        await this.send(direction);
      } catch (error) {
        this.held = null;
        this.onFailure(error);
      }
      pause = fresh ? HOLD : REPEAT;
      if (this.next === null && this.held !== null) await this.rest(pause);
    }
    this.running = false;
  }

  rest(milliseconds) {
    return new Promise((done) => {
      const timer = setTimeout(done, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    }).finally(() => {
      this.wake = null;
    });
  }
}

const KEYS = {
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};
const ACROSS = { "-1": "left", 0: "", 1: "right" };
const ALONG = { "-1": "down", 0: "", 1: "up" };

/** Turns arrow keys that are held, two at once as well, into directions. */
export class ArrowKeys {
  constructor(steering) {
    this.steering = steering;
    this.down = new Set();
  }

  /** True if the key was one of these. */
  pressed(event) {
    if (!Object.hasOwn(KEYS, event.key)) return false;
    if (!event.repeat) {
      this.down.add(event.key);
      const direction = this.direction();
      if (direction === "") this.steering.release();
      else this.steering.hold(direction);
    }
    return true;
  }

  released(event) {
    if (!this.down.delete(event.key)) return;
    const direction = this.direction();
    if (direction === "") this.steering.release();
    else this.steering.bend(direction);
  }

  /** The keys that are down are let go of elsewhere. */
  left() {
    if (this.down.size === 0) return;
    this.down.clear();
    this.steering.release();
  }

  direction() {
    let [x, y] = [0, 0];
    for (const key of this.down) {
      x += KEYS[key][0];
      y += KEYS[key][1];
    }
    return ALONG[y] + ACROSS[x];
  }
}
