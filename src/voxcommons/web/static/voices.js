// The library: find a voice, hear it, say what is known of it, give it styles, take it with you.

import { $, ask, element, facts, save, say, send, t, trouble } from "./page.js";
import { curve } from "./curve.js";

const SAMPLE = { zh: "你好，这是我的声音。", yue: "你好，呢個係我嘅聲。", ja: "こんにちは、これが私の声です。", ko: "안녕하세요, 제 목소리입니다." };
const sound = new Audio();
let playing = null;

async function load() {
  const wanted = new URLSearchParams({ words: $("words").value, language: $("spoken").value.trim() });
  const { voices } = await ask(`/voices?${wanted}`);
  $("count").textContent = t("voices.count", { count: voices.length });
  const open = new Set([...document.querySelectorAll(".voice details[open]")].map((one) => one.closest(".voice").dataset.name));
  $("voices").replaceChildren(...voices.map((voice) => card(voice, open.has(voice.name))));
}

const path = (voice, rest = "") => `/voices/${encodeURIComponent(voice.name)}${rest}`;

function card(voice, open) {
  const made = $("voice-card").content.cloneNode(true).firstElementChild;
  const part = (selector) => made.querySelector(selector);
  made.dataset.name = voice.name;
  part("h2").textContent = voice.name;
  const about = [voice.language, voice.base, ...voice.facts.map((name) => voice.speaker[name]), voice.licence];
  if (voice.recording) about.push(t("voices.recording", { seconds: voice.recording.seconds, snr: voice.recording.snr_db }));
  if (voice.tuned) about.push(t("voices.tuned"));
  about.push(t(voice.bundled ? "voices.bundled" : "voices.yours"));
  part(".facts").textContent = about.filter(Boolean).join(" · ");
  part(".tags").append(...voice.tags.map((tag) => element("button", {
    type: "button", class: "tag", "aria-label": t("voices.tag", { tag }), onclick: () => { $("words").value = tag; load().catch(trouble); },
  }, tag)), ...voice.styles.map((style) => element("span", { class: "tag style" }, style)));
  part(".speak").href = `/studio?voice=${encodeURIComponent(voice.name)}`;
  part(".listen").setAttribute("aria-label", t("voices.listen.label", { name: voice.name }));
  part(".speak").setAttribute("aria-label", t("voices.speak.label", { name: voice.name }));
  part(".listen").addEventListener("click", (event) => listen(voice, event.currentTarget).catch(trouble));
  showGrowth(part(".growth"), voice);
  part(".export").addEventListener("click", () => take(voice).catch(trouble));
  part("summary").setAttribute("aria-label", t("voices.edit.label", { name: voice.name }));
  part("details").open = open;
  if (voice.bundled) {
    part(".about").remove();
    part("form.style").remove();
    part(".grow").remove();
    for (const title of made.querySelectorAll("details h3")) title.remove();
    part(".styles").remove();
    part(".remove").remove();
    return made;
  }
  fillAbout(part(".about"), voice);
  fillStyles(part(".styles"), part("form.style"), voice);
  letGrow(part(".grow"), voice);
  part(".remove").addEventListener("click", () => remove(voice).catch(trouble));
  return made;
}

function showGrowth(figure, voice) {
  const curves = voice.growth.map(curve).filter(Boolean);
  figure.hidden = !curves.length;
  figure.querySelector("figcaption").textContent = t("growth.title");
  figure.append(...curves);
}

let serial = 0;

// Labels are tied to their fields here, since a template is used many times and an id only once.
function tie(form) {
  for (const label of form.querySelectorAll("label")) {
    const input = label.parentElement.querySelector("input");
    input.id ||= `field-${++serial}`;
    label.htmlFor = input.id;
  }
}

function fillAbout(form, voice) {
  form.querySelector(".fields").append(...voice.facts.map((name) => element("div", {},
    element("label", {}, t(`fact.${name}`)), element("input", { name: `fact-${name}`, type: "text", autocomplete: "off", value: voice.speaker[name] ?? "" }))));
  form.elements.tags.value = voice.tags.join(", ");
  form.elements.licence.value = voice.licence;
  form.elements.consent.value = voice.consent;
  tie(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const tags = form.elements.tags.value.split(/[,，、]/).map((tag) => tag.trim()).filter(Boolean);
    const speaker = Object.fromEntries(voice.facts.map((name) => [name, form.elements[`fact-${name}`].value.trim()]));
    const json = { speaker, add_tags: tags, remove_tags: voice.tags.filter((tag) => !tags.map((one) => one.toLowerCase()).includes(tag)) };
    if (form.elements.licence.value !== voice.licence) json.licence = form.elements.licence.value.trim();
    if (form.elements.consent.value !== voice.consent) json.consent = form.elements.consent.value.trim();
    try {
      await send(path(voice), { method: "PATCH", json });
      say(t("voices.saved"));
      await load();
    } catch (error) {
      trouble(error);
    }
  });
}

function fillStyles(list, form, voice) {
  list.append(...voice.styles.map((style) => element("li", { class: "entry" }, element("span", {}, style),
    element("button", { type: "button", "aria-label": t("voices.style.remove.label", { style }), onclick: async () => {
      try {
        await send(path(voice, `/styles/${encodeURIComponent(style)}`), { method: "DELETE" });
        await load();
      } catch (error) {
        trouble(error);
      }
    } }, t("voices.style.remove")))));
  tie(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const clip = form.elements.clip.files[0];
    if (!clip) return;
    if (clip.size > facts.most_upload) {
      say(t("file.large", { most: Math.floor(facts.most_upload / 1048576) }), "bad");
      return;
    }
    const more = new URLSearchParams({ text: form.elements.text.value, file: clip.name });
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await send(`/uploads${path(voice, `/styles/${encodeURIComponent(form.elements.style.value.trim())}`)}?${more}`, { method: "POST", body: clip });
      say(t("voices.saved"));
      await load();
    } catch (error) {
      trouble(error);
    } finally {
      button.disabled = false;
    }
  });
}

function letGrow(form, voice) {
  tie(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const json = { code: form.elements.code.value.trim(), minutes: Number(form.elements.minutes.value) };
    try {
      await send(path(voice, "/tuning"), { method: "POST", json });
      location.assign("/studio/jobs");
    } catch (error) {
      trouble(error);
    }
  });
}

async function listen(voice, button) {
  const same = playing === voice.name && !sound.paused;
  sound.pause();
  for (const other of document.querySelectorAll(".listen")) other.textContent = t("voices.listen");
  if (same) return;
  button.disabled = true;
  try {
    const text = SAMPLE[voice.language.split("-")[0]] ?? "Hello, this is how I sound.";
    const answer = voice.preview ? await send(path(voice, "/preview"))
      : await send("/take", { method: "POST", json: { text, voice: voice.name, seed: 1, format: "mp3" } });
    const kind = voice.preview ? "audio/flac" : "audio/mpeg";
    URL.revokeObjectURL(sound.src);
    sound.src = URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: kind }));
    playing = voice.name;
    button.textContent = t("voices.stop");
    sound.onended = () => { button.textContent = t("voices.listen"); };
    await sound.play();
  } finally {
    button.disabled = false;
  }
}

async function take(voice) {
  const answer = await send(path(voice, "/archive"));
  save(await answer.blob(), `${voice.name}.voice`);
}

async function remove(voice) {
  if (!window.confirm(t("voices.remove.sure", { name: voice.name }))) return;
  await send(path(voice), { method: "DELETE" });
  say(t("voices.removed", { name: voice.name }));
  await load();
}

let later = 0;
for (const id of ["words", "spoken"]) {
  $(id).addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(() => load().catch(trouble), 250);
  });
}
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  load().catch(trouble);
});
$("bring").addEventListener("change", async () => {
  const file = $("bring").files[0];
  if (!file) return;
  try {
    const { voice } = await ask("/uploads/voices?file=arriving.voice", { method: "POST", body: file });
    say(t("voices.brought", { name: voice.name }));
    await load();
  } catch (error) {
    trouble(error);
  } finally {
    $("bring").value = "";
  }
});

await load().catch(trouble);
document.body.dataset.ready = "true";
