// Who is looking. On AWS an OIDC login (code + PKCE), whose token is kept in memory only; on a developer's machine a choice of
// company and scopes, sent in the headers that stand for a token's claims there (design §9).

export const SCOPES = ["billing/read", "billing/write", "billing/terms.write", "billing/invoice.write", "billing/usage.write", "billing/usage.correct"];
const PLATFORM = "billing/platform";

let config = {};
let token = null;
let claims = {};
let choice = { company: null, scopes: SCOPES };

/** Reads `config.json`, and logs in where it names an issuer. */
export async function begin() {
  config = await (await fetch("config.json", { cache: "no-store" })).json();
  if (isLocal()) {
    choice = { ...choice, ...JSON.parse(sessionStorage.getItem("choice") ?? "{}") };
  } else {
    await (new URLSearchParams(location.search).has("state") ? finishLogin() : logIn());
  }
}

export const isLocal = () => config.local === true;

/** The month that is shown first: the demo's on a developer's machine, otherwise the current one. */
export const firstMonth = () => config.month ?? new Date().toISOString().slice(0, 7);

export const headers = () =>
  isLocal()
    ? { "X-Scopes": choice.scopes.join(" "), ...(choice.company === null ? {} : { "X-Company-Id": choice.company }) }
    : { Authorization: `Bearer ${token}` };

/** The company that the caller is confined to; null for the platform. */
export const ownCompany = () => (isLocal() ? choice.company : scopes().includes(PLATFORM) ? null : claims.company_id ?? null);
export const scopes = () => (isLocal() ? choice.scopes : (claims.scope ?? "").split(" "));
export const may = scope => scopes().includes(scope);
export const who = () => claims.email ?? claims.username ?? claims.sub ?? null;

/** On a developer's machine: act as a company (null: the platform), with scopes. */
export function choose(change) {
  choice = { ...choice, ...change };
  sessionStorage.setItem("choice", JSON.stringify(choice));
}

const text = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = () => text(crypto.getRandomValues(new Uint8Array(32)));
const redirect = () => location.origin + location.pathname;

async function endpoints() {
  return (await fetch(`${config.issuer}/.well-known/openid-configuration`)).json();
}

/** Goes to the issuer's login page (RFC 7636); it comes back to the screen that is open. */
export async function logIn() {
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem("login", JSON.stringify({ verifier, state, hash: location.hash }));
  const challenge = text(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: redirect(),
    scope: (config.scopes ?? ["openid", ...SCOPES]).join(" "),
    state,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  location.assign(`${(await endpoints()).authorization_endpoint}?${query}`);
  await new Promise(() => {});
}

async function finishLogin() {
  const query = new URLSearchParams(location.search);
  const login = JSON.parse(sessionStorage.getItem("login") ?? "{}");
  sessionStorage.removeItem("login");
  history.replaceState(null, "", redirect() + (login.hash ?? ""));
  if (query.get("state") !== login.state) return logIn();
  if (query.has("error")) throw new Error(`The login failed: ${query.get("error_description") ?? query.get("error")}.`);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: config.clientId,
    code: query.get("code"),
    redirect_uri: redirect(),
    code_verifier: login.verifier,
  });
  const response = await fetch((await endpoints()).token_endpoint, { method: "POST", body });
  if (!response.ok) throw new Error("The login failed: the issuer gave no token.");
  token = (await response.json()).access_token;
  claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0))));
}
