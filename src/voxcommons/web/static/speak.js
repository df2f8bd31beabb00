// Speaking: a take is text, voice, manner and seeds. Another take has another seed; a retake changes the seed of a sentence or a word.

import { $, ask, clock, element, facts, save, say, send, t, trouble, when } from "./page.js";
import { Player } from "./player.js";
import { draw } from "./waveform.js";

const player = new Player();
const takes = [];
let current = null; // the take that is shown
let voices = [];
let chosen = null; // [sentence, word] or [sentence, null]
let leaving = null;

const seed = () => crypto.getRandomValues(new Uint32Array(1))[0];
const copy = (value) => JSON.parse(JSON.stringify(value));

// --- the form ------------------------------------------------------------------------------------------------------------

for (const name of ["speed", "pause", "pitch", "pitch-range", "noise"]) {
  $(name).addEventListener("input", () => { $(`${name}-shown`).value = $(name).value; });
}
$("text").maxLength = facts.most_text;
$("text").value = sessionStorage.getItem("vox-text") ?? "";
$("text").addEventListener("input", () => sessionStorage.setItem("vox-text", $("text").value));

function asked() {
  const style = $("style").value;
  const wanted = {
    text: $("text").value, voice: $("voice").value + (style ? `/${style}` : ""), language: $("language").value,
    speed: Number($("speed").value), pause: Number($("pause").value), ssml: $("ssml").checked, seed: seed(), sentences: {}, words: [],
  };
  if (Number($("pitch").value)) wanted.pitch = Number($("pitch").value);
  if (Number($("pitch-range").value) !== 1) wanted.pitch_range = Number($("pitch-range").value);
  if (Number($("noise").value) !== 0.5) wanted.noise_scale = Number($("noise").value);
  return wanted;
}

function showStyles() {
  const voice = voices.find((one) => one.name === $("voice").value);
  const plain = $("style").options[0];
  $("style").replaceChildren(plain, ...(voice?.styles ?? []).map((name) => element("option", { value: name }, name)));
}

async function loadVoices() {
  voices = (await ask("/voices")).voices;
  $("voice").replaceChildren(...voices.map((one) => element("option", { value: one.name }, `${one.name} (${one.language})`)));
  const wanted = new URLSearchParams(location.search).get("voice");
  if (voices.some((one) => one.name === wanted)) $("voice").value = wanted;
  showStyles();
}
$("voice").addEventListener("change", showStyles);

// --- takes ---------------------------------------------------------------------------------------------------------------

const pcm = (text) => {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const whole = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
  return Float32Array.from(whole, (value) => value / 32768);
};

async function* lines(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
  }
}

// Fetches a take and plays it while it comes; the take is filled as it does. With `from` it begins to play there, once that is there.
async function fetchTake(wanted, from = 0) {
  leaving?.abort();
  const mine = (leaving = new AbortController());
  player.open(16000);
  busy(true);
  try {
    const answer = await send("/take", { method: "POST", json: wanted, signal: mine.signal });
    const take = { wanted: { ...wanted }, rate: 16000, samples: null, sentences: [], warnings: [], seconds: 0, release: "" };
    let whole = false;
    for await (const line of lines(answer)) {
      if (line.kind === "head") {
        Object.assign(take, { rate: line.rate, release: line.release_id });
        take.wanted.seed = line.seed;
        player.open(line.rate);
        $("result").hidden = false;
      } else if (line.kind === "sound") {
        player.push(pcm(line.pcm));
        if (!player.playing && player.seconds > from) player.play(from);
      } else if (line.kind === "tail") {
        Object.assign(take, { seconds: line.seconds, sentences: line.sentences, warnings: line.warnings });
        whole = true;
      } else if (line.kind === "error") throw new Error(line.error);
    }
    if (!whole) throw new TypeError("the connection broke off");
    player.end();
    take.samples = player.samples;
    return take;
  } finally {
    if (leaving === mine) {
      leaving = null;
      busy(false);
    }
  }
}

function busy(on) {
  $("stop").hidden = !on;
  for (const id of ["speak", "another", "retake-word", "retake-sentence", "undo", "download"]) $(id).disabled = on;
  $("state").textContent = on ? t("speak.working") : "";
  if (!on) choose(chosen);
}

async function newTake(wanted) {
  try {
    const take = await fetchTake(wanted);
    takes.push(take);
    show(take, { keepPlaying: true });
    $("state").textContent = t("speak.done", { seconds: take.seconds.toFixed(1) });
    loadHistory();
  } catch (error) {
    trouble(error);
  }
}

$("speak-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!$("text").value.trim()) {
    $("text").focus();
    say(t("speak.no_text"), "bad");
    return;
  }
  const wanted = asked();
  if (takes.length && takes[0].wanted.text !== wanted.text) takes.length = 0; // takes of one text are compared, not of two
  newTake(wanted);
});
$("stop").addEventListener("click", () => {
  leaving?.abort();
  player.pause();
});
$("another").addEventListener("click", () => newTake({ ...copy(current.wanted), seed: seed(), sentences: {}, words: [] }));

function show(take, { position = 0, keepPlaying = false } = {}) {
  current = take;
  chosen = null;
  if (!keepPlaying) player.show(take.samples, take.rate, position);
  $("result").hidden = false;
  $("release").textContent = take.release;
  $("takes").replaceChildren(...takes.map((one, number) => {
    const id = `take-${number}`;
    const radio = element("input", { type: "radio", name: "take", id, onchange: () => compare(one) });
    radio.checked = one === take;
    return element("span", { class: "chip" }, radio, element("label", { for: id }, t("take.name", { letter: letter(number) })));
  }));
  $("warnings").hidden = !take.warnings.length;
  $("warnings").replaceChildren(...take.warnings.map((one) => element("li", {}, one.message)));
  showWords();
  choose(null);
  paint();
}

const letter = (number) => String.fromCharCode(65 + (number % 26)) + (number >= 26 ? Math.floor(number / 26) : "");

// Comparing goes on at the same place of the text, so that ears need not remember.
function compare(take) {
  const share = player.seconds ? player.position / player.seconds : 0;
  show(take, { position: share * take.seconds });
}

// --- words ---------------------------------------------------------------------------------------------------------------

function showWords() {
  const parts = [];
  for (const sentence of current.sentences) {
    if (!sentence.text) continue;
    const line = element("p", { class: "sentence" });
    let at = 0;
    sentence.words.forEach((word, number) => {
      line.append(sentence.text.slice(at, word.start));
      line.append(wordButton(sentence, number, sentence.text.slice(word.start, word.end)));
      at = word.end;
    });
    const rest = sentence.text.slice(at);
    if (sentence.words.length) line.append(rest);
    else line.append(wordButton(sentence, null, rest));
    parts.push(line);
  }
  $("words").replaceChildren(...parts);
  const first = $("words").querySelector("button");
  if (first) first.tabIndex = 0;
}

function wordButton(sentence, number, text) {
  return element("button", {
    type: "button", class: "word", tabindex: "-1", "aria-pressed": "false", "data-sentence": sentence.number, "data-word": number ?? "",
    "data-start": number === null ? sentence.start_s : sentence.words[number].start_s,
    "data-end": number === null ? "" : sentence.words[number].end_s,
  }, text);
}

$("words").addEventListener("click", (event) => {
  const word = event.target.closest(".word");
  if (!word) return;
  choose([Number(word.dataset.sentence), word.dataset.word === "" ? null : Number(word.dataset.word)]);
  player.seek(Number(word.dataset.start));
});

// One stop of the tab key for all words; arrows go from word to word.
$("words").addEventListener("keydown", (event) => {
  const all = [...$("words").querySelectorAll(".word")];
  const here = all.indexOf(document.activeElement);
  const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (here < 0 || to === undefined || !all[to]) return;
  event.preventDefault();
  all[here].tabIndex = -1;
  all[to].tabIndex = 0;
  all[to].focus();
});

function choose(what) {
  chosen = what;
  for (const word of $("words").querySelectorAll(".word")) {
    const same = what !== null && Number(word.dataset.sentence) === what[0] && word.dataset.word === String(what[1] ?? "");
    word.setAttribute("aria-pressed", String(same));
    if (same) {
      for (const other of $("words").querySelectorAll(".word")) other.tabIndex = -1;
      word.tabIndex = 0;
    }
  }
  $("retake-word").disabled = what === null || what[1] === null;
  $("retake-sentence").disabled = what === null;
  $("undo").disabled = !current?.before;
  paint();
}

async function retake(change) {
  const before = current, where = chosen;
  const wanted = copy(before.wanted);
  change(wanted);
  const sentence = before.sentences.find((one) => one.number === where[0]);
  try {
    const take = await fetchTake(wanted, sentence.start_s);
    take.before = before;
    takes[takes.indexOf(before)] = take;
    show(take, { keepPlaying: true });
    choose(where);
    focusChosen();
    say(t("retake.done"));
  } catch (error) {
    trouble(error);
    show(before);
  }
}

function focusChosen() {
  $("words").querySelector('.word[aria-pressed="true"]')?.focus();
}

$("retake-word").addEventListener("click", () => retake((wanted) => {
  wanted.words = wanted.words.filter((one) => one.sentence !== chosen[0] || one.word !== chosen[1]);
  wanted.words.push({ sentence: chosen[0], word: chosen[1], seed: seed() });
}));
$("retake-sentence").addEventListener("click", () => retake((wanted) => {
  wanted.words = wanted.words.filter((one) => one.sentence !== chosen[0]);
  wanted.sentences[chosen[0]] = seed();
}));
$("undo").addEventListener("click", () => {
  const before = current.before;
  takes[takes.indexOf(current)] = before;
  show(before);
  say(t("retake.undone"));
});

// --- player --------------------------------------------------------------------------------------------------------------

$("play").addEventListener("click", () => player.toggle());
$("seek").addEventListener("input", () => player.seek(Number($("seek").value)));
player.addEventListener("change", paint);
window.addEventListener("resize", paint);

function paint() {
  const whole = Math.max(player.seconds, 0.001), at = player.position;
  const marks = [];
  const word = chosen && current?.sentences.find((one) => one.number === chosen[0])?.words[chosen[1]];
  if (word) marks.push([word.start_s / whole, word.end_s / whole]);
  draw($("wave"), player.samples, at / whole, marks);
  $("seek").max = String(whole);
  $("seek").value = String(at);
  $("seek").setAttribute("aria-valuetext", `${clock(at)} / ${clock(whole)}`);
  $("time").textContent = `${clock(at)} / ${clock(player.seconds)}`;
  $("play").dataset.playing = String(player.playing);
  $("play").setAttribute("aria-label", t(player.playing ? "player.pause" : "player.play"));
  for (const button of $("words").querySelectorAll(".word")) {
    const now = player.playing && button.dataset.end !== "" && at >= Number(button.dataset.start) && at < Number(button.dataset.end);
    button.classList.toggle("now", now);
  }
}

$("download").addEventListener("click", async () => {
  const format = $("format").value;
  $("download").disabled = true;
  try {
    const answer = await send("/take", { method: "POST", json: { ...current.wanted, format } });
    const name = `${current.wanted.voice.replace("/", "-")}-${current.wanted.text.trim().slice(0, 24).replace(/[^\p{L}\p{N}]+/gu, "-")}.${format}`;
    save(await answer.blob(), name);
    say(t("download.done", { name }));
  } catch (error) {
    trouble(error);
  } finally {
    $("download").disabled = false;
  }
});

// --- history -------------------------------------------------------------------------------------------------------------

async function loadHistory() {
  try {
    const { history } = await ask("/history");
    $("history-empty").hidden = history.length > 0;
    $("forget").hidden = history.length === 0;
    $("history").replaceChildren(...history.slice(0, 20).map((one) => element("li", { class: "entry" },
      element("div", {}, element("span", { class: "what" }, one.text), element("span", { class: "hint" },
        `${one.voice}${one.style ? `/${one.style}` : ""} · ${clock(one.seconds)} · ${when(one.at)}`)),
      element("button", { type: "button", "aria-label": t("history.use.label", { text: one.text.slice(0, 40) }), onclick: () => reuse(one) }, t("history.use")))));
  } catch (error) {
    trouble(error);
  }
}

function reuse(one) {
  $("text").value = one.text;
  $("text").dispatchEvent(new Event("input"));
  if (voices.some((voice) => voice.name === one.voice)) {
    $("voice").value = one.voice;
    showStyles();
    $("style").value = one.style;
  }
  $("text").focus();
  $("text").scrollIntoView({ block: "center" });
}

$("forget").addEventListener("click", async () => {
  if (!window.confirm(t("history.forget.sure"))) return;
  try {
    await send("/history", { method: "DELETE" });
    loadHistory();
  } catch (error) {
    trouble(error);
  }
});

await loadVoices().catch(trouble);
document.body.dataset.ready = "true";
loadHistory();
