// @ts-check
/** Used by scanner.js: a verdict that is heard and felt, for whoever looks at the guest and not at the screen. */

/** @type {Record<string, { tones: [hertz: number, seconds: number][], vibration: number[] }>} */
const SIGNALS = {
  green: { tones: [[880, 0.09], [1320, 0.14]], vibration: [80] },
  amber: { tones: [[620, 0.12], [620, 0.12]], vibration: [80, 60, 80] },
  red: { tones: [[200, 0.45]], vibration: [350] },
};

/** @type {AudioContext | undefined} */
let audio;

/** Call it in a click: browsers are silent until the reader has touched the page. */
export function prepareSignals() {
  audio ??= new AudioContext();
  void audio.resume();
}

/** @param {string} verdict green, amber or red */
export function signal(verdict) {
  const { tones, vibration } = SIGNALS[verdict] ?? SIGNALS.red;
  navigator.vibrate?.(vibration);
  if (!audio || audio.state !== "running") return;
  let at = audio.currentTime;
  for (const [hertz, seconds] of tones) {
    const tone = new OscillatorNode(audio, { frequency: hertz, type: verdict === "red" ? "square" : "sine" });
    const volume = new GainNode(audio, { gain: 0.25 });
    // Without the fade a tone ends in a click.
    volume.gain.setTargetAtTime(0, at + seconds - 0.03, 0.01);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds + 0.04;
  }
}
