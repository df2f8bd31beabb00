// Work that is done later: how far it is, what happened, how to stop it.

import { $, ask, element, send, t, trouble, when } from "./page.js";

const OPEN = ["queued", "running"];
const seen = new Map(); // job -> number of the last event shown
let jobs = [];

async function load() {
  jobs = (await ask("/jobs")).jobs;
  $("empty").hidden = jobs.length > 0;
  const waiting = jobs.filter((job) => job.state === "queued" && Date.now() / 1000 - job.created > 15);
  $("hint").hidden = !(waiting.length && !jobs.some((job) => job.state === "running"));
  const known = new Map([...$("jobs").children].map((one) => [one.dataset.id, one]));
  const cards = jobs.map((job) => fill(known.get(job.id) ?? card(job), job));
  if (cards.some((one, place) => $("jobs").children[place] !== one) || $("jobs").children.length !== cards.length) $("jobs").replaceChildren(...cards);
  await Promise.all([...document.querySelectorAll(".job .log[open]")].map((one) => events(one.closest(".job"))));
}

function card(job) {
  const made = $("job-card").content.cloneNode(true).firstElementChild;
  made.dataset.id = job.id;
  const name = `${t(`jobs.kind.${job.kind}`)} ${job.name}`;
  made.querySelector("h2").textContent = name;
  made.querySelector(".cancel").addEventListener("click", () => act(job, "cancel"));
  made.querySelector(".retry").addEventListener("click", () => act(job, "retry"));
  made.querySelector(".cancel").setAttribute("aria-label", `${t("jobs.cancel")}: ${name}`);
  made.querySelector(".retry").setAttribute("aria-label", `${t("jobs.retry")}: ${name}`);
  made.querySelector("progress").setAttribute("aria-label", name);
  made.querySelector(".log").addEventListener("toggle", () => events(made).catch(trouble));
  return made;
}

function fill(made, job) {
  const part = (selector) => made.querySelector(selector);
  const asked = job.cancel_wanted && OPEN.includes(job.state) ? ` · ${t("jobs.stopping")}` : "";
  const text = `${t(`jobs.state.${job.state}`)} · ${when(job.created)}${asked}`;
  if (part(".state").textContent !== text) part(".state").textContent = text;
  made.dataset.state = job.state;
  part("progress").hidden = job.state !== "running";
  if (job.all) [part("progress").max, part("progress").value] = [job.all, job.done];
  else part("progress").removeAttribute("value");
  part(".label").textContent = job.state === "running" ? job.label : "";
  part(".error").textContent = job.error;
  part(".error").hidden = !job.error || job.state === "done";
  part(".cancel").hidden = !OPEN.includes(job.state) || job.cancel_wanted;
  part(".retry").hidden = !["failed", "cancelled"].includes(job.state);
  part(".open").hidden = !(job.state === "done" && job.voice);
  part(".open").href = `/studio?voice=${encodeURIComponent(job.voice)}`;
  return made;
}

async function events(made) {
  if (!made.querySelector(".log").open) return;
  const id = made.dataset.id;
  const told = await ask(`/jobs/${id}?after=${seen.get(id) ?? 0}`);
  for (const event of told.events) {
    if (event.id <= (seen.get(id) ?? 0)) continue;
    seen.set(id, event.id);
    made.querySelector(".events").append(element("li", {}, element("time", {}, when(event.at)), ` ${t(`jobs.event.${event.kind}`)}${event.text ? `: ${event.text}` : ""}`));
  }
}

async function act(job, what) {
  try {
    await send(`/jobs/${job.id}/${what}`, { method: "POST" });
    await load();
  } catch (error) {
    trouble(error);
  }
}

async function follow() {
  for (;;) {
    try {
      if (!document.hidden) await load();
    } catch (error) {
      trouble(error);
    }
    document.body.dataset.ready = "true";
    await new Promise((resolve) => setTimeout(resolve, jobs.some((job) => OPEN.includes(job.state)) ? 1000 : 4000));
  }
}
follow();
