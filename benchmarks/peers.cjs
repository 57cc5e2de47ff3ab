// JavaScript libraries under TensorFlow.js with WebAssembly, as programs that benchmarks/peers.py compares:
//
//     node benchmarks/peers.cjs NODE_MODULES human|face-api video|photographs < FRAMES
//
// NODE_MODULES is the folder that npm installed them in; FRAMES and what is printed are as in peers_protocol.py.
'use strict';
const fs = require('node:fs/promises');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const [modules, library, kind] = process.argv.slice(2);
const load = (file) => require(path.join(path.resolve(modules), file));
const WARM_UP_FRAMES = 10;

async function human(wasmFolder) {
  const { Human } = load('@vladmandic/human/dist/human.node-wasm.js');
  // Node's own fetch reads no files.
  globalThis.fetch = async (url) => new Response(await fs.readFile(fileURLToPath(url)));
  const off = { enabled: false };
  const one = new Human({
    backend: 'wasm',
    wasmPath: wasmFolder,
    modelBasePath: `file://${path.resolve(modules, '@vladmandic/human/models')}/`,
    // Only what age and gender need, as in the library's own node-age-gender.js; its default is one face.
    face: { detector: { maxDetected: 50 }, mesh: off, iris: off, emotion: off },
    body: off, hand: off, object: off, gesture: off, segmentation: off,
    // Results of the frame before are kept where the image has not changed much: the default, off for photographs.
    ...(kind === 'photographs' ? { cacheSensitivity: 0 } : {}),
  });
  await one.load();
  await one.warmup();
  // A score is twice the distance of the probability from a half, and of no gender in particular below 0.1.
  const sign = { female: 0.5, male: -0.5 };
  const detect = async (tensor) => (await one.detect(tensor)).face
    .filter((face) => face.age !== undefined)
    .map((face) => [...face.box, face.age, 0.5 + (sign[face.gender] ?? 0) * (face.genderScore ?? 0)]);
  return [`human ${one.version}`, detect];
}

async function faceApi() {
  const api = load('@vladmandic/face-api/dist/face-api.node-wasm.js');
  const folder = path.resolve(modules, '@vladmandic/face-api/model');
  for (const net of ['ssdMobilenetv1', 'faceLandmark68Net', 'ageGenderNet']) await api.nets[net].loadFromDisk(folder);
  const options = new api.SsdMobilenetv1Options();
  const detect = async (tensor) => (await api.detectAllFaces(tensor, options).withFaceLandmarks().withAgeAndGender())
    .map(({ detection: { box }, age, gender, genderProbability }) => [box.x, box.y, box.width, box.height, age,
      gender === 'female' ? genderProbability : 1 - genderProbability]);
  return [`face-api ${api.version.faceapi ?? api.version}`, detect];
}

async function* frames() {
  let chunks = [], held = 0;
  let wanted = 8, size = null;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= wanted) {
      const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      const part = all.subarray(0, wanted);
      chunks = [all.subarray(wanted)];
      held -= wanted;
      if (size === null) {
        size = [part.readUInt32LE(0), part.readUInt32LE(4)];
        wanted = 3 * size[0] * size[1];
      } else {
        yield [new Uint8Array(part), ...size];
        size = null;
        wanted = 8;
      }
    }
  }
}

async function main() {
  const tf = load('@tensorflow/tfjs');
  const wasm = load('@tensorflow/tfjs-backend-wasm');
  const wasmFolder = `${path.resolve(modules, '@tensorflow/tfjs-backend-wasm/dist')}/`;
  wasm.setWasmPaths(wasmFolder);
  await tf.setBackend('wasm');
  await tf.ready();
  const [version, detect] = await (library === 'human' ? human(wasmFolder) : faceApi());
  const faces = [];
  let wall = 0, cpu = process.cpuUsage();
  for await (const [pixels, width, height] of frames()) {
    const tensor = tf.tensor3d(pixels, [height, width, 3], 'int32');
    faces.push(await detect(tensor));
    tf.dispose(tensor);
    if (faces.length === WARM_UP_FRAMES) {
      cpu = process.cpuUsage();
      wall = performance.now();
    }
  }
  const spent = process.cpuUsage(cpu), measured = faces.length - WARM_UP_FRAMES;
  const each = (ms) => (measured > 0 ? ms / measured : null);
  console.log(JSON.stringify({
    version: `${version}, TensorFlow.js ${tf.version.tfjs} ${tf.getBackend()}, node ${process.versions.node}`,
    start_cpu_s: (cpu.user + cpu.system) / 1e6,
    wall_ms: each(performance.now() - wall),
    cpu_ms: each((spent.user + spent.system) / 1000),
    faces,
  }));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
