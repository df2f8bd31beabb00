// Recording: one prompt after the other, judged at once. What was said lies in the browser's database until the server has it.

import { $, ask, element, facts, say, send, t, trouble } from "./page.js";
import { devices, Microphone } from "./microphone.js";
import { Player } from "./player.js";
import { Queue } from "./queue.js";
import { wav } from "./wav.js";

const LEAD_MS = 500; // devices need a moment, and people begin too early
const TAIL_MS = 350;
const ROOM_MS = 2000;
const CODE = "vox-sitting";

const microphone = new Microphone(), queue = new Queue(), player = new Player();
const own = new Map(); // prompt -> {samples, rate} of the last take of this visit
const verdicts = new Map(); // prompt -> last verdict
let sitting = null, at = 0, awake = null, state = "idle";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const show = (...ids) => ["step-begin", "step-sound", "step-prompts", "step-voice"].forEach((id) => { $(id).hidden = !ids.includes(id); });

if (!window.isSecureContext || !navigator.mediaDevices) $("insecure").hidden = false;

// --- begin, resume, bring a file -----------------------------------------------------------------------------------------

$("reading").addEventListener("change", () => { $("own-block").hidden = $("reading").value !== "own"; });
$("code").value = localStorage.getItem(CODE) ?? "";

function agreed() {
  if ($("consent").checked) return true;
  say(t("begin.consent.needed"), "bad");
  $("consent").focus();
  return false;
}

function asked() {
  const reading = $("reading").value;
  if (reading !== "own") return { language: reading };
  return { language: $("own-language").value.trim() || "und", prompts: $("own").value.split("\n").map((line) => line.trim()).filter(Boolean) };
}

async function begin(more) {
  return ask("/sittings", { method: "POST", json: { consent: t("begin.consent"), ...asked(), ...more } });
}

$("begin-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!agreed()) return;
  try {
    enter(await begin({}));
  } catch (error) {
    trouble(error);
  }
});

$("resume-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    enter(await ask(`/sittings/${encodeURIComponent($("code").value.trim() || "-")}`));
  } catch (error) {
    trouble(error);
  }
});

$("file-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = $("file").files[0];
  if (!file || !agreed()) {
    if (!file) say(t("file.none"), "bad");
    return;
  }
  if (file.size > facts.most_upload) {
    say(t("file.large", { most: Math.floor(facts.most_upload / 1048576) }), "bad");
    return;
  }
  try {
    const begun = await begin({ prompts: [""] });
    enter(begun, { prompts: true });
    setState(t("verdict.waiting"));
    await queue.add({ id: crypto.randomUUID(), code: begun.code, prompt: 0, sound: file, file: file.name, device: { file: true } });
  } catch (error) {
    trouble(error);
  }
});

function enter(found, { prompts = false } = {}) {
  sitting = found;
  localStorage.setItem(CODE, found.code);
  $("code-shown").textContent = found.code;
  verdicts.clear();
  for (const take of found.takes) verdicts.set(take.prompt, take);
  const open = found.prompts.findIndex((_, number) => !found.good.includes(number));
  at = open < 0 ? 0 : open;
  $("record").hidden = prompts && !found.prompts[0];
  if (prompts) show("step-prompts", "step-voice");
  else show("step-sound", ...(found.takes.length ? ["step-voice"] : []));
  if (found.room) showRoom(found.room);
  showPrompt();
  showProgress();
  queue.work();
  (prompts ? $("step-prompts") : $("step-sound")).querySelector("h2").scrollIntoView({ block: "nearest" });
  if (!prompts) $("allow").focus();
}

$("copy").addEventListener("click", async () => {
  await navigator.clipboard?.writeText(sitting.code).catch(() => {});
  say(t("sound.copied"));
});

// --- microphone and room -------------------------------------------------------------------------------------------------

async function allow() {
  try {
    await microphone.start($("microphone").value);
    const found = await devices();
    const before = $("microphone").value;
    $("microphone").replaceChildren($("microphone").options[0],
      ...found.map((one) => element("option", { value: one.deviceId }, one.label || t("sound.unnamed"))));
    $("microphone").value = before;
    showGranted();
    $("level").hidden = false;
    $("room").hidden = $("to-prompts").hidden = false;
    $("allow").hidden = true;
    awake ??= await navigator.wakeLock?.request("screen").catch(() => null);
    $("room").focus();
  } catch (error) {
    say(error.name === "NotAllowedError" ? t("sound.refused") : error.name === "NotFoundError" ? t("sound.none") : String(error), "bad");
  }
}
$("allow").addEventListener("click", allow);
$("microphone").addEventListener("change", () => { if (microphone.open) allow(); });
microphone.addEventListener("lost", () => {
  say(t("sound.lost"), "bad");
  $("allow").hidden = false;
});

function showGranted() {
  const on = ["autoGainControl", "noiseSuppression", "echoCancellation"].filter((name) => microphone.granted[name] === true);
  const names = on.map((name) => t(`granted.${name}`)).join(", ");
  $("granted").textContent = on.length ? t("granted.on", { names }) : t("granted.off", { rate: microphone.rate / 1000 });
  $("granted").classList.toggle("bad", on.length > 0);
}

let shownAt = 0, recent = -90;
microphone.addEventListener("level", ({ level, peak, clipped }) => {
  const place = (value) => `${Math.max(0, Math.min(100, ((value + 60) / 60) * 100))}%`;
  recent = Math.max(level, recent - 1.5);
  $("meter-bar").style.setProperty("--level", place(recent));
  $("meter-peak").style.setProperty("--level", place(peak));
  $("meter").classList.toggle("hot", clipped || peak > -1);
  if (performance.now() - shownAt > 500) { // slow enough to be read out
    shownAt = performance.now();
    $("meter").setAttribute("aria-valuenow", String(Math.round(Math.max(-60, recent))));
    $("meter").setAttribute("aria-valuetext", `${Math.round(recent)} dBFS`);
    const text = clipped ? "level.clipped" : recent > -12 ? "level.loud" : recent < -50 ? "level.quiet" : "level.good";
    $("level-text").textContent = t(text);
  }
});

$("room").addEventListener("click", async () => {
  $("room").disabled = true;
  $("room-state").className = "verdict";
  $("room-state").textContent = t("room.listening");
  try {
    await pause(300);
    microphone.keep();
    await pause(ROOM_MS);
    const sound = wav(microphone.take(), microphone.rate);
    const path = `/uploads/sittings/${encodeURIComponent(sitting.code)}/room`;
    showRoom((await (await send(path, { method: "PUT", body: sound, headers: { "Content-Type": sound.type } })).json()).room);
    $("to-prompts").focus();
  } catch (error) {
    $("room-state").textContent = "";
    trouble(error);
  } finally {
    $("room").disabled = false;
  }
});

function showRoom(room) {
  $("room-state").className = `verdict ${{ quiet: "good", usable: "fair", loud: "bad" }[room.verdict]}`;
  const level = room.level_dbfs === null ? "" : ` (${room.level_dbfs} dBFS)`;
  $("room-state").textContent = room.advice.length ? room.advice.join(" · ") : t(`room.${room.verdict}`) + level;
  $("room").textContent = t("room.again");
}

$("to-prompts").addEventListener("click", () => {
  show("step-prompts", "step-voice");
  $("record").focus();
});

// --- prompts -------------------------------------------------------------------------------------------------------------

function showPrompt() {
  const text = sitting.prompts[at];
  $("prompt").textContent = text || t("file.own");
  $("prompt").lang = sitting.language;
  $("prompt-count").textContent = t("prompt.count", { number: at + 1, all: sitting.prompts.length });
  $("previous").disabled = at === 0;
  $("next").disabled = at === sitting.prompts.length - 1;
  const verdict = verdicts.get(at);
  if (verdict) showVerdict(verdict);
  else {
    setState("");
    $("advice").hidden = true;
  }
  $("listen").disabled = !own.has(at);
  $("record").textContent = t(verdict ? "prompt.again" : "prompt.record");
  pointOn();
}

// The button that is wanted next stands out: on to the next sentence once this one is good.
function pointOn() {
  const good = sitting.good.includes(at) && !$("next").disabled;
  $("next").classList.toggle("primary", good);
  $("record").classList.toggle("calm", good);
}

function setState(text, kind = "") {
  $("prompt-state").textContent = text;
  $("prompt-state").className = `verdict ${kind}`;
}

function showVerdict(take) {
  const kind = { accept: "good", accept_with_fixes: "fair", reject: "bad" }[take.decision];
  const heard = take.dnsmos === null ? "" : `, DNSMOS ${take.dnsmos}`;
  setState(`${t(`verdict.${take.decision}`)} (${t("verdict.figures", { seconds: take.speech_s, snr: take.snr_db })}${heard})`, kind);
  $("advice").hidden = !take.advice.length;
  $("advice").replaceChildren(...take.advice.map((line) => element("li", {}, line)));
}

function showProgress() {
  $("done").max = sitting.enough_s;
  $("done").value = Math.min(sitting.speech_s, sitting.enough_s);
  $("done-text").textContent = t("prompt.done", { good: sitting.good.length, all: sitting.prompts.length, seconds: sitting.speech_s });
  $("make").disabled = sitting.speech_s < sitting.least_s;
  const word = sitting.speech_s < sitting.least_s ? "make.more" : sitting.speech_s < sitting.enough_s ? "make.some" : "make.enough";
  $("enough").textContent = t(word, { seconds: sitting.speech_s, least: sitting.least_s, enough: sitting.enough_s });
  $("all-prompts").replaceChildren(...sitting.prompts.map((text, number) => {
    const mark = sitting.good.includes(number) ? "good" : verdicts.has(number) ? "bad" : "";
    const label = mark ? ` (${t(`prompt.mark.${mark}`)})` : "";
    return element("li", {}, element("button", { type: "button", class: `as-link ${mark}`, onclick: () => go(number) }, (text || t("file.own")) + label));
  }));
}

function go(number) {
  if (state !== "idle" || number < 0 || number >= sitting.prompts.length) return;
  player.pause();
  at = number;
  showPrompt();
}
$("previous").addEventListener("click", () => go(at - 1));
$("next").addEventListener("click", () => go(at + 1));

async function startTake() {
  if (!microphone.open) await allow();
  if (!microphone.open) return;
  player.pause();
  state = "starting";
  $("record").classList.add("waiting");
  setState(t("prompt.wait"));
  $("advice").hidden = true;
  microphone.keep();
  await pause(LEAD_MS);
  state = "recording";
  $("record").classList.remove("waiting");
  $("record").classList.remove("calm");
  $("record").classList.add("on");
  $("record").setAttribute("aria-pressed", "true");
  $("record").textContent = t("prompt.stop");
  setState(t("prompt.speak"));
}

async function stopTake() {
  state = "stopping";
  await pause(TAIL_MS);
  const samples = microphone.take(), rate = microphone.rate;
  state = "idle";
  $("record").classList.remove("on");
  $("record").setAttribute("aria-pressed", "false");
  $("record").textContent = t("prompt.again");
  own.set(at, { samples, rate });
  $("listen").disabled = false;
  setState(t("verdict.waiting"));
  await queue.add({ id: crypto.randomUUID(), code: sitting.code, prompt: at, sound: wav(samples, rate), device: microphone.granted });
}

$("record").addEventListener("click", () => {
  if (state === "idle") startTake().catch(trouble);
  else if (state === "recording") stopTake().catch(trouble);
});
$("listen").addEventListener("click", () => {
  const take = own.get(at);
  player.open(take.rate);
  player.show(take.samples, take.rate);
  player.play();
});

document.addEventListener("keydown", (event) => {
  if ($("step-prompts").hidden || event.target.closest("input, textarea, select, summary, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const onButton = event.target.closest("button, a");
  if (event.key === " " && !onButton) {
    event.preventDefault();
    $("record").click();
  } else if (event.key === "ArrowRight") go(at + 1);
  else if (event.key === "ArrowLeft") go(at - 1);
});

// --- what the server says ------------------------------------------------------------------------------------------------

queue.addEventListener("verdict", ({ sent, verdict }) => {
  if (sitting?.code !== sent.code) return;
  const { take, ...progress } = verdict;
  verdicts.set(take.prompt, take);
  Object.assign(sitting, progress);
  showProgress();
  if (take.prompt === at && state === "idle") {
    showVerdict(take);
    pointOn();
  }
});
queue.addEventListener("refused", ({ sent, error }) => {
  say(error.message, "bad");
  if (sitting?.code === sent.code && sent.prompt === at && state === "idle") setState(t("verdict.reject"), "bad");
});
queue.addEventListener("change", () => {
  $("queue").hidden = !(queue.waiting && queue.stuck);
  $("queue").textContent = t("queue.waiting", { count: queue.waiting });
});

// --- the voice -----------------------------------------------------------------------------------------------------------

$("voice-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = $("name").value.trim();
  if (!name) {
    $("name").focus();
    say(t("make.name.needed"), "bad");
    return;
  }
  try {
    await queue.work();
    if (queue.waiting) {
      say(t("queue.waiting", { count: queue.waiting }), "bad");
      return;
    }
    const path = `/sittings/${encodeURIComponent(sitting.code)}/voice`;
    const ordered = await ask(path, { method: "POST", json: { name, keep_recording: $("keep").checked } });
    await watch(ordered.job, ordered.name);
  } catch (error) {
    trouble(error);
  }
});

async function watch(id, name) {
  $("making").hidden = false;
  $("made").hidden = true;
  $("make").disabled = true;
  const begun = Date.now();
  try {
    for (;;) {
      const { job } = await ask(`/jobs/${id}`);
      const waits = job.state === "queued" && Date.now() - begun > 15000;
      $("making-text").textContent = waits ? t("jobs.no_worker") : `${t(`jobs.state.${job.state}`)} ${job.label}`;
      if (job.all) [$("making-bar").max, $("making-bar").value] = [job.all, job.done];
      else $("making-bar").removeAttribute("value");
      if (job.state === "done") {
        $("making").hidden = true;
        $("made").hidden = false;
        $("made").replaceChildren(t("make.done", { name }), " ", element("a", { href: `/studio?voice=${encodeURIComponent(name)}` }, t("make.speak")));
        return;
      }
      if (job.state === "failed" || job.state === "cancelled") {
        $("making").hidden = true;
        say(job.error || t(`jobs.state.${job.state}`), "bad");
        return;
      }
      await pause(700);
    }
  } finally {
    showProgress();
  }
}

$("remove").addEventListener("click", async () => {
  if (!window.confirm(t("make.remove.sure"))) return;
  try {
    await send(`/sittings/${encodeURIComponent(sitting.code)}`, { method: "DELETE" });
    localStorage.removeItem(CODE);
    await microphone.stop();
    location.reload();
  } catch (error) {
    trouble(error);
  }
});

window.addEventListener("pagehide", () => microphone.stop());
queue.work();
document.body.dataset.ready = "true";
