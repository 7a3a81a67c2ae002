// What may be said of a picture: live only while pictures come.  A pure function of what is known.

/** Seconds without a picture, and usual intervals, after which it is no longer live. */
const LEAST_SECONDS = 2;
const INTERVALS = 4;
/** What the gateway says of a camera whose last picture is not live any more. */
const TROUBLES = ["refused", "failed", "stalled"];

/** The seconds after which a stream of this rate (pictures a second, or 0) has stalled. */
export function patience(rate) {
  return Math.max(LEAST_SECONDS, rate > 0 ? INTERVALS / rate : 0);
}

/**
 * `line` is the state of the connection to the gateway, `said` what the gateway says of the camera
 * (or null). `last` is when the picture that is shown came, `earlier` when the gateway had one
 * before, both in milliseconds of the clock of `now`, or null. Gives the name of a state and the
 * age of the last picture in seconds, or null.
 */
export function verdict({ line, said, last, earlier, rate, now }) {
  const came = last ?? earlier;
  const age = came === null ? null : Math.max(0, (now - came) / 1000);
  if (line === "refused") return { kind: "signIn", age };
  if (line === "waiting") return { kind: "away", age };
  if (line !== "open") return { kind: "connecting", age };
  if (TROUBLES.includes(said)) return { kind: said, age };
  if (last !== null) return { kind: age <= patience(rate) ? "live" : "stalled", age };
  return { kind: said === "idle" ? "idle" : "connecting", age };
}
