// @ts-check
/**
 * Used by scanner.js: finds a QR code in a picture, away from the page's own thread.
 *
 * Takes first { reader, wasm } (addresses of the decoder, both from this site: it never asks another one), then
 * { bitmap } again and again; answers { ready: true } once and { text: string | null } for each picture.
 */

/** @type {any} */
const scope = self;
/** @type {OffscreenCanvasRenderingContext2D | null} */
let canvas = null;

const OPTIONS = { formats: ["QRCode"], maxNumberOfSymbols: 1, tryHarder: true, tryDownscale: true };

/** @param {{ reader: string, wasm: string }} addresses */
async function prepare({ reader, wasm }) {
  scope.importScripts(reader);
  await scope.ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  scope.postMessage({ ready: true });
}

/** @param {ImageBitmap} bitmap */
async function decode(bitmap) {
  const { width, height } = bitmap;
  if (canvas?.canvas.width !== width || canvas.canvas.height !== height) {
    canvas = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  }
  if (!canvas) throw new Error("no canvas");
  canvas.drawImage(bitmap, 0, 0);
  bitmap.close();
  const found = await scope.ZXingWASM.readBarcodes(canvas.getImageData(0, 0, width, height), OPTIONS);
  scope.postMessage({ text: found[0]?.isValid ? found[0].text : null });
}

scope.onmessage = (/** @type {MessageEvent} */ { data }) => {
  const work = "bitmap" in data ? decode(data.bitmap) : prepare(data);
  // A rejection inside a worker would otherwise be lost: the page must know that nothing will come.
  work.catch((error) => scope.postMessage({ failed: String(error) }));
};
