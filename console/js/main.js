// The shell: which screen is open, and what is around it. Each screen has a hash, so that it can be linked to.

import { html, nothing, render } from "../vendor/lit-html.js";
import { failure, link, working } from "./parts.js";
import { SCOPES, begin, choose, isLocal, ownCompany, scopes, who } from "./session.js";
import { get } from "./api.js";
import * as campaign from "./screens/campaign.js";
import * as companies from "./screens/companies.js";
import * as company from "./screens/company.js";
import * as invoice from "./screens/invoice.js";
import * as invoices from "./screens/invoices.js";
import * as operations from "./screens/operations.js";
import * as records from "./screens/records.js";

const SCREENS = [
  [/^companies$/, companies],
  [/^companies\/[^/]+$/, company],
  [/^companies\/[^/]+\/campaigns\/[^/]+$/, campaign],
  [/^companies\/[^/]+\/invoices$/, invoices],
  [/^companies\/[^/]+\/invoices\/[^/]+$/, invoice],
  [/^companies\/[^/]+\/records$/, records],
  [/^companies\/[^/]+\/operations$/, operations],
];

const app = document.getElementById("app");
const known = [];
let view = () => working("Loading …");
let turn = 0;

/** The path and the query of the screen; a path that cannot be decoded is none. */
function address() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  try {
    decodeURIComponent(path);
    return [path, search];
  } catch {
    return ["", ""];
  }
}

const home = () => (ownCompany() === null ? link(["companies"]) : link(["companies", ownCompany()]));

async function navigate() {
  const mine = ++turn;
  const [path, search] = address();
  const screen = SCREENS.find(([pattern]) => pattern.test(path))?.[1];
  if (!screen) return location.replace(home());
  const route = { parts: path.split("/").map(decodeURIComponent), query: Object.fromEntries(new URLSearchParams(search)) };
  const slow = setTimeout(() => show(() => working("Loading …")), 150);
  const draws = () => mine === turn && draw();
  try {
    const opened = await screen.open(route, draws, navigate);
    if (mine === turn) show(opened);
  } catch (error) {
    if (mine === turn) show(() => failure(error, navigate));
  } finally {
    clearTimeout(slow);
  }
  const title = app.querySelector("h1");
  document.title = title ? `${title.textContent.trim()} · Campaign billing` : "Campaign billing";
  if (mine === turn && turn > 1) title?.focus({ preventScroll: false });
}

function show(next) {
  view = next;
  draw();
}

function draw() {
  render(shell(), app);
}

const shell = () => html`
  <header class="top no-print">
    <a class="brand" href=${home()}><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M7 23V16M13 23V11M19 23v-9M25 23V8"></path></svg>Campaign billing</a>
    ${crumbs()}
    <span class="session">${isLocal() ? picker() : html`<span class="faint">${who()}</span>`}</span>
  </header>
  <main id="content">${view()}</main>
  <p id="note" class="note no-print" role="status" aria-live="polite"></p>`;

function crumbs() {
  const [path] = address();
  const [, id, part, inner] = path.split("/").map(decodeURIComponent);
  return html`<nav class="crumbs" aria-label="Where you are">
    ${ownCompany() === null ? html`<a href=${link(["companies"])}>Companies</a>` : nothing}
    ${id ? html`<a href=${link(["companies", id])}>${known.find(each => each.companyId === id)?.name ?? id}</a>` : nothing}
    ${inner && part === "invoices" ? html`<a href=${link(["companies", id, "invoices"])}>Invoices</a>` : nothing}
  </nav>`;
}

/** On a developer's machine: whom to act as. */
function picker() {
  const level = scopes().length === SCOPES.length ? "all" : "read";
  return html`
    <label><span class="hidden">Act as</span>
      <select aria-label="Act as" @change=${event => { choose({ company: event.target.value || null }); location.assign(home()); navigate(); }}>
        <option value="" ?selected=${ownCompany() === null}>the platform</option>
        ${known.map(each => html`<option value=${each.companyId} ?selected=${each.companyId === ownCompany()}>${each.name}</option>`)}
      </select></label>
    <label><span class="hidden">Scopes</span>
      <select aria-label="Scopes" @change=${event => { choose({ scopes: event.target.value === "all" ? SCOPES : ["billing/read"] }); navigate(); }}>
        <option value="all" ?selected=${level === "all"}>may do everything</option>
        <option value="read" ?selected=${level === "read"}>may only read</option>
      </select></label>`;
}

/** The companies to choose from, whoever is chosen now. */
async function list() {
  const chosen = ownCompany();
  choose({ company: null });
  try {
    known.push(...(await get("/v1/companies", { limit: 100 })).companies);
  } catch {
    // The screen says what is wrong.
  }
  choose({ company: chosen });
  draw();
}

window.addEventListener("hashchange", navigate);
window.addEventListener("resize", draw);
try {
  draw();
  await begin();
  if (isLocal()) await list();
  await navigate();
} catch (error) {
  show(() => failure(error, () => location.reload()));
}
