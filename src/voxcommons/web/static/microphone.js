// The microphone: asks for sound as it is, tells what was really granted, measures the level, and keeps what is to be kept.

const decibels = (power) => 10 * Math.log10(Math.max(power, 1e-9));

export class Microphone extends EventTarget {
  #stream = null;
  #context = null;
  #tap = null;
  #kept = null;
  granted = {};

  get rate() { return this.#context?.sampleRate ?? 0; }
  get open() { return this.#stream?.getAudioTracks()[0]?.readyState === "live"; }
  get keeping() { return this.#kept !== null; }

  async start(device = "") {
    await this.stop();
    // What devices do to a voice (turning it up, taking noise away) cannot be undone, and a clone would learn it.
    const wanted = { autoGainControl: false, noiseSuppression: false, echoCancellation: false, channelCount: 1 };
    if (device) wanted.deviceId = { exact: device };
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    const track = this.#stream.getAudioTracks()[0];
    track.addEventListener("ended", () => this.dispatchEvent(new Event("lost")));
    this.#context = new AudioContext();
    await this.#context.audioWorklet.addModule("/studio/static/meter-worklet.js");
    this.#tap = new AudioWorkletNode(this.#context, "tap", { numberOfOutputs: 0 });
    this.#tap.port.onmessage = ({ data }) => this.#heard(data);
    this.#context.createMediaStreamSource(this.#stream).connect(this.#tap);
    await this.#context.resume();
    const settings = track.getSettings();
    this.granted = { device: track.label, contextRate: this.#context.sampleRate };
    for (const name of ["autoGainControl", "noiseSuppression", "echoCancellation", "sampleRate", "channelCount", "latency"]) {
      this.granted[name] = settings[name] ?? null;
    }
  }

  async stop() {
    this.#kept = null;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    await this.#context?.close();
    this.#stream = this.#context = this.#tap = null;
  }

  keep() { this.#kept = []; }

  // What was heard since `keep`.
  take() {
    const parts = this.#kept ?? [];
    this.#kept = null;
    const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  #heard({ samples, power, peak }) {
    this.#kept?.push(samples);
    this.dispatchEvent(Object.assign(new Event("level"), { level: decibels(power), peak: decibels(peak * peak), clipped: peak > 0.985 }));
  }
}

export async function devices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((one) => one.kind === "audioinput" && one.deviceId && one.deviceId !== "default");
}
