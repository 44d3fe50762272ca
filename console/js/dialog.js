// A form in two steps: what is to be done, then what that will do, to be confirmed.

import { html, nothing, render } from "../vendor/lit-html.js";
import { actionId } from "./api.js";

const place = document.getElementById("dialogs");

/**
 * Opens a form.
 *
 * `target` is the id of what it is done to. `fields`: `{name, label, type, help, required, options, value, pointer, ...}`; `pointer` is the place in the request that the
 * field fills, so that a problem's detail appears beside it. `review(values)` resolves to what the action will do, in words and
 * money. `submit(values, id)` does it with the values that were reviewed; the id is the same for the same values until it has
 * succeeded. `done(result)` follows.
 */
export function openForm({ title, target, intro = nothing, fields = [], review, confirm, submit, done }) {
  const opener = document.activeElement;
  const values = Object.fromEntries(fields.map(field => [field.name, field.value ?? ""]));
  let step = { name: "fill" };
  let isOpen = true;

  const draw = () => {
    const opened = place.querySelector("dialog");
    render(view(), place);
    const dialog = place.querySelector("dialog");
    if (!opened) dialog.showModal();
  };
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    place.querySelector("dialog")?.close();
    render(nothing, place);
    opener?.focus?.();
  };
  const failed = error => {
    if (!isOpen) return say(error.message);
    const known = new Map(fields.map(field => [field.pointer ?? `/${field.name}`, field.name]));
    const entries = [...(error.fields ?? [])];
    const errors = Object.fromEntries(entries.filter(([pointer]) => known.has(pointer)).map(([pointer, detail]) => [known.get(pointer), detail]));
    const others = entries.filter(([pointer]) => !known.has(pointer)).map(([pointer, detail]) => `${pointer} ${detail}`);
    step = { name: "fill", errors, failure: [error.message, ...others].join(" ") };
    draw();
    (place.querySelector("[aria-invalid=true]") ?? place.querySelector("[role=alert]"))?.focus();
  };
  const check = async event => {
    event.preventDefault();
    if (step.name !== "fill" || step.busy) return;
    step = { ...step, busy: true };
    draw();
    try {
      const reviewed = { ...values };
      const shown = await review(reviewed);
      if (!isOpen) return;
      step = { name: "confirm", reviewed, review: shown };
      draw();
      place.querySelector("[data-confirm]").focus();
    } catch (error) {
      if (isOpen) failed(error);
    }
  };
  const go = async () => {
    if (step.name !== "confirm") return;
    step = { ...step, name: "busy" };
    draw();
    const { reviewed } = step;
    const action = actionId(JSON.stringify([title, target, reviewed]));
    try {
      const result = await submit(reviewed, action.id);
      action.succeeded();
      close();
      done(result);
    } catch (error) {
      failed(error);
    }
  };
  const view = () => html`
    <dialog aria-labelledby="dialog-title" @cancel=${event => { event.preventDefault(); close(); }}>
      <form @submit=${check} novalidate>
        <h2 id="dialog-title">${title}</h2>
        ${step.failure ? html`<p class="problem" role="alert" tabindex="-1">${step.failure}</p>` : nothing}
        ${step.name === "fill"
          ? html`<div class="intro">${intro}</div>${fields.map(field => input(field, values, step.errors?.[field.name]))}`
          : html`<div class="review">${step.review}</div>`}
        <footer>
          <button type="button" class="quiet" @click=${close}>Cancel</button>
          ${step.name === "fill"
            ? html`<button type="submit" ?disabled=${step.busy}>${step.busy ? "Working it out …" : "Continue"}</button>`
            : html`
                <button type="button" class="quiet" ?disabled=${step.name === "busy"} @click=${() => { step = { name: "fill" }; draw(); }}>Back</button>
                <button type="button" class="strong" data-confirm ?disabled=${step.name === "busy"} @click=${go}>${step.name === "busy" ? "Sending …" : confirm}</button>`}
        </footer>
      </form>
    </dialog>`;

  window.addEventListener("hashchange", close, { once: true });
  draw();
}

function input(field, values, error) {
  const id = `field-${field.name}`;
  const described = [error ? `${id}-error` : "", field.help ? `${id}-help` : ""].filter(Boolean).join(" ") || nothing;
  const change = event => { values[field.name] = event.target.value; };
  const control = field.options
    ? html`<select id=${id} aria-describedby=${described} aria-invalid=${error ? "true" : nothing} @change=${change}>
        ${field.options.map(([value, label]) => html`<option value=${value} ?selected=${value === values[field.name]}>${label}</option>`)}
      </select>`
    : html`<input id=${id} type=${field.type ?? "text"} inputmode=${field.inputmode ?? nothing} .value=${values[field.name]} autocomplete="off"
        aria-required=${field.required ? "true" : nothing} aria-describedby=${described} aria-invalid=${error ? "true" : nothing} @input=${change}>`;
  return html`
    <div class="field ${error ? "wrong" : ""}">
      <label for=${id}>${field.label}${field.required || field.value ? nothing : html` <span class="faint">optional</span>`}</label>
      ${control}
      ${error ? html`<p class="error" id="${id}-error">${error}</p>` : nothing}
      ${field.help ? html`<p class="help" id="${id}-help">${field.help}</p>` : nothing}
    </div>`;
}

/** Does what a button asks for; a failure is said. */
export const attempt = action => action().catch(error => say(error.message));

/** Says what was done, for a moment, also to a screen reader. */
export function say(words) {
  const note = document.getElementById("note");
  note.textContent = words;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { note.textContent = ""; }, 8000);
}
