// What all pages share: words in the visitor's language, questions to the server with the visitor's token, messages that are also read aloud.

const data = JSON.parse(document.getElementById("page-data").textContent);
export const facts = data.facts;
const TOKEN = "vox-token";

export function t(name, fields = {}) {
  return (data.words[name] ?? name).replace(/\{(\w+)\}/g, (_, field) => String(fields[field] ?? ""));
}

export const $ = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function say(text, kind = "") {
  const line = element("p", { class: `message ${kind}` }, text);
  $("messages").append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 12000 : 5000);
}

export class Refused extends Error {
  constructor(message, status, key) {
    super(message);
    this.status = status;
    this.key = key;
  }
}

function kept() {
  try {
    return localStorage.getItem(TOKEN) ?? "";
  } catch {
    return "";
  }
}

// A link for a phone carries the token behind the #, which no server sees; it is taken in and wiped from the address.
const carried = new URLSearchParams(location.hash.slice(1)).get("token");
if (carried) {
  localStorage.setItem(TOKEN, carried);
  history.replaceState(null, "", location.pathname + location.search);
}

let asking = null;

function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = $("sign-in");
    dialog.addEventListener("close", () => {
      localStorage.setItem(TOKEN, $("token").value.trim());
      $("token").value = "";
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

async function problem(answer) {
  let line = `${answer.status}`, key = null;
  try {
    const told = await answer.json();
    line = told.error?.message ?? told.error ?? told.Exception ?? told.detail ?? told.message ?? line;
    key = told.key ?? null;
  } catch { /* no JSON: the status has to do */ }
  return new Refused(typeof line === "string" ? line : JSON.stringify(line), answer.status, key);
}

export async function send(path, { method = "GET", json, body, headers = {}, signal } = {}) {
  for (;;) {
    const all = { "X-Vox-Studio": "1", "Accept-Language": facts.language, ...headers };
    if (kept()) all.Authorization = `Bearer ${kept()}`;
    if (json !== undefined) {
      all["Content-Type"] = "application/json";
      body = JSON.stringify(json);
    }
    const answer = await fetch(`/studio/api${path}`, { method, headers: all, body, signal, cache: "no-store" });
    if (answer.status === 401) {
      await askForToken();
      continue;
    }
    if (!answer.ok) throw await problem(answer);
    return answer;
  }
}

export const ask = async (path, options) => (await send(path, options)).json();

export function trouble(error) {
  if (error.name === "AbortError") return;
  say(error instanceof Refused ? error.message : error instanceof TypeError ? t("offline") : String(error), "bad");
}

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export const when = (seconds) =>
  new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(seconds * 1000));

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
