// A player for sound that may still be arriving: plays what is there, waits for the rest, and can be sent anywhere.

export class Player extends EventTarget {
  #context = null;
  #rate = 16000;
  #parts = [];
  #length = 0;
  #whole = true;
  #sources = new Set();
  #begun = 0;
  #from = 0;
  #scheduled = 0;
  #playing = false;
  #tick = 0;

  get seconds() { return this.#length / this.#rate; }
  get playing() { return this.#playing; }
  get whole() { return this.#whole; }
  get samples() {
    if (this.#parts.length > 1) {
      const joined = new Float32Array(this.#length);
      let at = 0;
      for (const part of this.#parts) {
        joined.set(part, at);
        at += part.length;
      }
      this.#parts = [joined];
    }
    return this.#parts[0] ?? new Float32Array(0);
  }

  get position() {
    if (!this.#playing) return this.#from;
    return Math.min(this.#from + Math.max(0, this.#context.currentTime - this.#begun), this.seconds);
  }

  // A new sound that will arrive in pieces; must be called in answer to a click, or browsers stay silent.
  open(rate) {
    this.pause();
    this.#context ??= new AudioContext();
    this.#context.resume();
    [this.#rate, this.#parts, this.#length, this.#whole, this.#from] = [rate, [], 0, false, 0];
  }

  push(samples) {
    this.#parts.push(samples);
    this.#length += samples.length;
    if (this.#playing) this.#schedule();
    this.#tell();
  }

  end() {
    this.#whole = true;
    this.#tell();
  }

  // A sound that is all there, at a place.
  show(samples, rate, position = 0) {
    const going = this.#playing;
    this.pause();
    [this.#rate, this.#parts, this.#length, this.#whole] = [rate, [samples], samples.length, true];
    this.#from = Math.min(position, this.seconds);
    if (going) this.play();
    this.#tell();
  }

  play(from = null) {
    if (from !== null) this.#halt(from);
    if (this.#playing) return;
    this.#context ??= new AudioContext();
    this.#context.resume();
    if (this.#whole && this.#from >= this.seconds - 0.01) this.#from = 0;
    this.#playing = true;
    this.#begun = this.#context.currentTime + 0.05;
    this.#scheduled = Math.round(this.#from * this.#rate);
    this.#schedule();
    this.#follow();
    this.#tell();
  }

  pause() {
    if (this.#playing) this.#halt(this.position);
    this.#tell();
  }

  toggle() {
    if (this.#playing) this.pause();
    else this.play();
  }

  seek(position) {
    const going = this.#playing;
    this.#halt(Math.max(0, Math.min(position, this.seconds)));
    if (going) this.play();
    this.#tell();
  }

  #halt(at) {
    this.#playing = false;
    this.#from = at;
    for (const source of this.#sources) source.stop();
    this.#sources.clear();
    cancelAnimationFrame(this.#tick);
  }

  #schedule() {
    const samples = this.samples;
    if (this.#scheduled >= samples.length) return;
    const piece = samples.subarray(this.#scheduled);
    const buffer = this.#context.createBuffer(1, piece.length, this.#rate);
    buffer.copyToChannel(piece, 0);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    let at = this.#begun + this.#scheduled / this.#rate - this.#from;
    if (at < this.#context.currentTime) { // the sound came later than it was needed: everything moves back by as much
      this.#begun += this.#context.currentTime + 0.02 - at;
      at = this.#context.currentTime + 0.02;
    }
    source.start(at);
    this.#sources.add(source);
    source.onended = () => this.#sources.delete(source);
    this.#scheduled = samples.length;
  }

  #follow() {
    this.#tick = requestAnimationFrame(() => {
      if (!this.#playing) return;
      if (this.#whole && this.position >= this.seconds - 0.001) {
        this.#halt(this.seconds);
        this.#from = 0;
      }
      this.#tell();
      if (this.#playing) this.#follow();
    });
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}
