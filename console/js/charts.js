// Charts as SVG. Numbers become coordinates here and nowhere else; each chart stands beside a table with the exact figures.

import { html, nothing, svg } from "../vendor/lit-html.js";
import { day, instant, plain } from "./format.js";

const HEIGHT = 220;
const EDGE = { top: 16, right: 12, bottom: 28, left: 48 };

const width = () => Math.max(280, Math.min(1040, (document.querySelector("main")?.clientWidth ?? 800) - 50));

/** A month's course in a row of a table. */
export function sparkline(values, label) {
  if (!values?.length) return html`<span class="spark"></span>`;
  const highest = Math.max(...values.map(Number), 1e-9);
  const step = 96 / Math.max(1, values.length - 1);
  const points = values.map((value, n) => `${2 + n * step},${(22 - (Number(value) / highest) * 20).toFixed(1)}`).join(" ");
  return html`<svg class="spark" viewBox="0 0 100 24" role="img" aria-label=${label}><polyline points=${points}></polyline></svg>`;
}

/**
 * Usage by hour or day, as steps, against what is committed.
 *
 * `points`: `[{start, end, value}]`; `limits`: `[{start, end, value}]` with values that may be null; `unit` names both.
 */
export function usageChart({ points, limits, unit, zone, title }) {
  const [w, h] = [width(), HEIGHT];
  const [from, to] = [points[0].start, points.at(-1).end].map(Date.parse);
  const highest = nice(Math.max(1, ...points.map(point => Number(point.value)), ...limits.map(limit => Number(limit.value ?? 0))));
  const x = time => EDGE.left + ((Date.parse(time) - from) / (to - from)) * (w - EDGE.left - EDGE.right);
  const y = value => h - EDGE.bottom - (Number(value) / highest) * (h - EDGE.top - EDGE.bottom);
  const outline = points.map(point => `L${x(point.start).toFixed(1)} ${y(point.value).toFixed(1)}H${x(point.end).toFixed(1)}`).join("");
  const agreed = limits.filter(limit => limit.value !== null && Number(limit.value) > 0);
  const shownDays = points.filter(point => /T(2[0-3]|0[0-9]|1[0-9]):/.test(point.start));
  const marks = [...new Set([0, 0.25, 0.5, 0.75].map(part => shownDays[Math.floor(part * (shownDays.length - 1))]?.start))].filter(Boolean);
  return html`
    <figure>
      <figcaption>${title}
        <span class="legend"><i class="used"></i>used${agreed.length ? html`<i class="agreed"></i>committed` : nothing}</span>
      </figcaption>
      <svg class="chart" viewBox="0 0 ${w} ${h}" width=${w} height=${h} role="img" aria-label="${title}. The table below has its figures.">
        ${[0, 0.5, 1].map(part => svg`
          <line class="grid" x1=${EDGE.left} x2=${w - EDGE.right} y1=${y(part * highest)} y2=${y(part * highest)}></line>
          <text class="axis" x=${EDGE.left - 8} y=${y(part * highest) + 4} text-anchor="end">${plain(String(part * highest))}</text>`)}
        ${marks.map(start => svg`<text class="axis" x=${x(start)} y=${h - 8}>${day(start, zone).replace(/ \d{4}$/, "")}</text>`)}
        <path class="used-area" d="M${x(points[0].start)} ${y(0)}${outline}V${y(0)}Z"></path>
        <path class="used-line" d="M${x(points[0].start)} ${y(points[0].value)}${outline}"></path>
        ${agreed.map(limit => svg`<line class="agreed-line" x1=${x(limit.start)} x2=${x(limit.end)} y1=${y(limit.value)} y2=${y(limit.value)}></line>`)}
      </svg>
      ${figures(["From", unit], points.filter(point => Number(point.value)).map(point => [instant(point.start, zone), plain(point.value)]), "Nothing was used in this period.")}
    </figure>`;
}

/** What is left of credits, from now to where it runs out, with the band of the forecast. */
export function burnDown(forecast, zone) {
  const [w, h] = [width(), HEIGHT];
  const ends = [forecast.runsOutAt, forecast.earliest, forecast.latest].filter(Boolean).map(Date.parse);
  const from = Date.parse(forecast.at);
  const to = Math.max(...ends) + (Math.max(...ends) - from) * 0.06;
  const highest = nice(Number(forecast.left));
  const x = time => EDGE.left + ((Math.min(time, to) - from) / (to - from)) * (w - EDGE.left - EDGE.right);
  const y = value => h - EDGE.bottom - (Number(value) / highest) * (h - EDGE.top - EDGE.bottom);
  const start = `${x(from)} ${y(forecast.left)}`;
  const band = forecast.earliest ? `M${start}L${x(Date.parse(forecast.earliest))} ${y(0)}L${x(Date.parse(forecast.latest ?? forecast.runsOutAt))} ${y(0)}Z` : "";
  return html`
    <figure>
      <figcaption>Credits left<span class="legend"><i class="used"></i>at the present pace${band ? html`<i class="band"></i>between the slowest and the fastest week` : nothing}</span></figcaption>
      <svg class="chart" viewBox="0 0 ${w} ${h}" width=${w} height=${h} role="img" aria-label="Credits left, from now until they run out. The table below has its figures.">
        ${[0, 0.5, 1].map(part => svg`
          <line class="grid" x1=${EDGE.left} x2=${w - EDGE.right} y1=${y(part * highest)} y2=${y(part * highest)}></line>
          <text class="axis" x=${EDGE.left - 8} y=${y(part * highest) + 4} text-anchor="end">${plain(String(part * highest))}</text>`)}
        <path class="band-area" d=${band}></path>
        <path class="used-line" d="M${start}L${x(Date.parse(forecast.runsOutAt))} ${y(0)}"></path>
        <text class="axis" x=${EDGE.left} y=${h - 8}>now</text>
        <text class="axis" x=${x(Date.parse(forecast.runsOutAt))} y=${h - 8} text-anchor="middle">${day(forecast.runsOutAt, zone)}</text>
      </svg>
      ${figures(["What", "Figure"], [
        ["Left now", plain(forecast.left)],
        [`Used in the last ${forecast.days} days`, plain(forecast.used)],
        ["Used a day", plain(forecast.burnPerDay)],
        ["Runs out", instant(forecast.runsOutAt, zone)],
        ["At the earliest", forecast.earliest ? instant(forecast.earliest, zone) : "–"],
        ["At the latest", forecast.latest ? instant(forecast.latest, zone) : "–"],
      ])}
    </figure>`;
}

function figures(names, rows, none = "") {
  return html`
    <details class="figures">
      <summary>The figures as a table</summary>
      ${rows.length
        ? html`<div class="scroll" tabindex="0" role="region" aria-label="Figures of the chart"><table>
            <thead><tr><th scope="col">${names[0]}</th><th scope="col" class="number">${names[1]}</th></tr></thead>
            <tbody>${rows.slice(0, 800).map(([name, value]) => html`<tr><td>${name}</td><td class="number">${value}</td></tr>`)}</tbody></table></div>`
        : html`<p>${none}</p>`}
    </details>`;
}

/** The next round number above a value, so that the axis has readable marks. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)));
  return [1, 2, 3, 4, 5, 6, 8, 10].map(step => step * power).find(step => step >= value * 1.0001);
}

