// Hands what the microphone picks up to the page; it runs in the thread of the sound.

class Pickup extends AudioWorkletProcessor {
  process([input]) {
    if (input.length > 0) this.port.postMessage(input[0].slice());
    return true;
  }
}

registerProcessor("pickup", Pickup);
