// The HTTP API (design §8). Every failure is a Problem, with words for a person and the fields that it is about.

import { headers, isLocal, logIn } from "./session.js";

export class Problem extends Error {
  /** `fields` maps a JSON pointer, such as "/terms/seatPricePerMonth", to what is wrong there. */
  constructor(status, detail, errors = []) {
    super(detail);
    this.status = status;
    this.fields = new Map(errors.map(error => [error.pointer, error.detail]));
  }
}

const IN_WORDS = {
  0: "The connection was lost. Nothing is known of what was sent; sending it again records nothing twice.",
  401: "You are no longer logged in.",
  403: "You are not allowed to do this.",
  429: "The service has too many requests at once. Try again in a moment.",
  500: "The service failed. The failure has been logged, and trying again does no harm.",
  502: "The service does not respond. Try again in a moment.",
  503: "The service is not available at the moment. Try again in a moment.",
  504: "The service took too long to respond. Try again; nothing is recorded twice.",
};

/** The response of a route. `query` leaves out what is null; `body` is sent as JSON. Throws `Problem`. */
export async function call(method, path, { query = {}, body, accept = "application/json" } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const url = path + (given.length ? `?${new URLSearchParams(given)}` : "");
  const sent = { method, headers: { Accept: accept, ...headers() }, cache: "no-store", credentials: "omit" };
  if (body !== undefined) {
    sent.headers["Content-Type"] = "application/json";
    sent.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(url, sent);
  } catch {
    throw new Problem(0, IN_WORDS[0]);
  }
  if (response.ok) return response;
  if (response.status === 401 && !isLocal()) await logIn();
  throw await problem(response);
}

async function problem(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    // API Gateway and proxies respond in other forms; the status says enough then.
  }
  return new Problem(response.status, body?.detail ?? IN_WORDS[response.status] ?? `The service responded with status ${response.status}.`, body?.errors);
}

export const get = async (path, query) => (await call("GET", path, { query })).json();
export const send = async (method, path, body, query) => {
  const response = await call(method, path, { body, query });
  return response.status === 204 ? null : response.json();
};

/** Saves what a route responds with as a file. */
export async function download(path, accept, name) {
  const url = URL.createObjectURL(await (await call("GET", path, { accept })).blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const of = (...parts) => `/v1/${parts.map(encodeURIComponent).join("/")}`;

/** The pages of a list that is paged by a cursor, one after another. */
export async function* pages(path, query) {
  let cursor = null;
  do {
    const page = await get(path, { ...query, cursor });
    yield page;
    cursor = page.nextCursor;
  } while (cursor);
}

/** The id of an action: the same one for the same content until it is known to have succeeded, so that a double click, a
 *  reload and a second try are one action. */
export function actionId(content) {
  const key = `action ${content}`;
  const id = sessionStorage.getItem(key) ?? `console-${crypto.randomUUID()}`;
  sessionStorage.setItem(key, id);
  return { id, succeeded: () => sessionStorage.removeItem(key) };
}
