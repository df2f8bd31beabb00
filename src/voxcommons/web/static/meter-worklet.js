// Runs beside the sound: hands every block of samples on, untouched, and its level. Knows nothing of pages.

class Tap extends AudioWorkletProcessor {
  #block = new Float32Array(2048);
  #filled = 0;

  process(inputs) {
    const channel = inputs[0]?.[0];
    if (!channel) return true;
    let at = 0;
    while (at < channel.length) {
      const count = Math.min(channel.length - at, this.#block.length - this.#filled);
      this.#block.set(channel.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#block.length) {
        let sum = 0, peak = 0;
        for (const value of this.#block) {
          sum += value * value;
          peak = Math.max(peak, Math.abs(value));
        }
        const samples = this.#block;
        this.#block = new Float32Array(samples.length);
        this.#filled = 0;
        this.port.postMessage({ samples, power: sum / samples.length, peak }, [samples.buffer]);
      }
    }
    return true;
  }
}

registerProcessor("tap", Tap);
