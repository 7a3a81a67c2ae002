// The gateway's JSON: what can be asked, and what went wrong as a sentence.

import { words } from "./words.js";

/** Seconds that an answer may take. */
const PATIENCE = 20;

/** `status` is 0 where no answer came; the message is a sentence for people. */
export class ApiError extends Error {
  constructor(status, detail) {
    const known = words("reasons")[status || "network"];
    super([known, detail].filter(Boolean).join(": ") || `HTTP ${status}`);
    this.status = status;
  }
}

async function ask(path, { headers = {}, ...options } = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      // So that a refusal comes here, and not as the browser's own question for a password.
      headers: { "X-Requested-With": "hamaproto", ...headers },
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE * 1000),
    });
  } catch (error) {
    throw new ApiError(error.name === "TimeoutError" ? 504 : 0, "");
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // No JSON: the status says it.
  }
  if (!response.ok) {
    throw new ApiError(response.status, answer === null ? "" : String(answer.error ?? ""));
  }
  return answer;
}

/** The answer of a GET. */
export function get(path) {
  return ask(path);
}

/** The answer of a POST; the type is what the gateway asks for of everything that changes. */
export function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The path of a camera below the API. */
export function ofCamera(name, rest = "") {
  return `/api/c/${encodeURIComponent(name)}${rest}`;
}
